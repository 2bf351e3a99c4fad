"""The driver of a merge in tiles: deals out tasks, adds up what they tell, commits at the end."""

import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

from gis_core.errors import StoreError
from gis_core.merge.engine_name import EngineName
from gis_core.store.parquet import Storage
from layers.merging.distributed.keyed import (
    JoinKeysTask,
    ReadKeysTask,
    ShareOutTask,
    join_keys,
    read_keys,
    share_out,
)
from layers.merging.distributed.layout import LINKS, Layout, read_layout
from layers.merging.distributed.parts import Counts, Done, Shared
from layers.merging.distributed.plan import TILE_PARCELS, Plan, PlanKey, make_plan
from layers.merging.distributed.runners import Runner
from layers.merging.distributed.work import MeasureTask, ResolveTask, measure, resolve, warm
from layers.progress import Progress, silent

VERSION = 1


@dataclass(frozen=True)
class TiledReport:
    """What a merge in tiles did.

    Attributes
    ----------
    run
        The folder below ``runs`` with its parts.
    collections
        What became of each collection's features.
    seconds
        Wall time.
    """

    run: str
    parcels: int
    tiles: int
    collections: dict[str, Counts]
    seconds: float

    def as_json(self) -> dict[str, object]:
        """Return the report as plain JSON values."""
        return asdict(self)


def merge_layout(
    storage: Storage,
    runner: Runner,
    *,
    tile_parcels: int = TILE_PARCELS,
    progress: Progress = silent,
) -> TiledReport:
    """Link the guests of a layout to its parcels, tile by tile.

    Parameters
    ----------
    storage
        With a layout; the links go there, too. Workers open it by its address.
    runner
        Who does the work.
    tile_parcels
        Parcels of a tile, about; whole row groups.

    Raises
    ------
    StoreError
        There is no layout, or the storage cannot be used.
    RunnerError
        The work cannot be done where it was to be done.

    Notes
    -----
    Links do not depend on runner, tile size or order. The former links stay until ``links.json``
    names the new ones, at one stroke. This process holds names and counts only.
    """
    begun = time.perf_counter()
    layout = read_layout(storage)
    key = PlanKey(storage.url, layout.file.made_from, tile_parcels)
    plan = make_plan(key)
    account = _Account(uuid.uuid4().hex[:12])
    with runner:
        _work(_Step(runner, account, progress), plan, key)
    names = [c.id for c in layout.file.collections] + [c.id for c in layout.file.keyed]
    counts = {name: account.counts[name] for name in names}
    _commit(storage, layout.file.made_from, account)
    return TiledReport(
        account.run,
        layout.parcels.rows,
        len(plan.tiles),
        counts,
        round(time.perf_counter() - begun, 3),
    )


def merge_place(
    place: str | Path,
    runner: Runner,
    *,
    tile_parcels: int = TILE_PARCELS,
    progress: Progress = silent,
) -> TiledReport:
    """Link the guests of the layout at a folder or address; see `merge_layout`."""
    storage = Storage.open(place)
    return merge_layout(storage, runner, tile_parcels=tile_parcels, progress=progress)


def _work(step: "_Step", plan: Plan, key: PlanKey) -> None:
    """Have all tasks done, step by step."""
    run, layout = step.account.run, plan.layout
    if plan.engine is EngineName.KERNELS:
        step("kernels", warm, [0])
    first = [MeasureTask(key, run, tile) for tile in range(len(plan.tiles))]
    shared = step("tiles", measure, first)
    by_key = shared.pop(layout.file.parcels, {})
    second = [ResolveTask(key, run, home, s) for home, s in _by_home(shared).items()]
    step("between tiles", resolve, second)
    if layout.file.keyed:
        _join_by_key(step, layout, key, by_key)


type _Places = dict[str, dict[int, tuple[Shared, ...]]]
"""Collection to home to what is there."""


class _Account:
    """Adds up what tasks tell, in whatever order they come."""

    def __init__(self, run: str) -> None:
        self.run = run
        self.counts: dict[str, Counts] = defaultdict(Counts)
        self.links: dict[str, list[str]] = defaultdict(list)
        self.unmatched: dict[str, list[str]] = defaultdict(list)

    def add(self, done: Done) -> None:
        for name, counts in done.counts.items():
            self.counts[name] += counts
        for mine, theirs in ((self.links, done.links), (self.unmatched, done.unmatched)):
            for name, files in theirs.items():
                mine[name] += files


@dataclass(frozen=True)
class _Step:
    """Has tasks done, and returns what they left for the next step."""

    runner: Runner
    account: _Account
    progress: Progress

    def __call__[T](self, title: str, work: Callable[[T], Done], tasks: Sequence[T]) -> _Places:
        left: dict[str, dict[int, list[Shared]]] = defaultdict(lambda: defaultdict(list))
        for n, done in enumerate(self.runner.map(work, tasks)):
            self.account.add(done)
            for name, places in done.shared.items():
                for place in places:
                    left[name][place.home].append(place)
            self.progress(title, n + 1, len(tasks))
        # In one order, whatever the order of the answers.
        return {
            name: {home: tuple(sorted(places, key=_place)) for home, places in homes.items()}
            for name, homes in left.items()
        }


def _place(shared: Shared) -> tuple[str, int]:
    return shared.file, shared.batch


def _by_home(places: _Places) -> dict[int, dict[str, tuple[Shared, ...]]]:
    """Turn collection to home into home to collection."""
    homes = sorted({home for of_name in places.values() for home in of_name})
    return {
        home: {name: of_name[home] for name, of_name in places.items() if home in of_name}
        for home in homes
    }


def _join_by_key(
    step: _Step, layout: Layout, key: PlanKey, parcels: dict[int, tuple[Shared, ...]]
) -> None:
    """Join the registers that state keys; see `layers.merging.distributed.keyed`."""
    run = step.account.run
    files = [
        (c.id, name)
        for c in layout.file.keyed
        for name in layout.storage.names(c.id)
        if name.endswith(".parquet")
    ]
    reading = [ReadKeysTask(key, run, name, file, n) for n, (name, file) in enumerate(files)]
    stated = _by_home(step("keys", read_keys, reading))
    joining = [JoinKeysTask(key, run, b, parcels.get(b, ()), s) for b, s in stated.items()]
    matched = _by_home(step("parcels of keys", join_keys, joining))
    sharing = [ShareOutTask(key, run, b, m) for b, m in matched.items()]
    step("several keys", share_out, sharing)


def _commit(storage: Storage, made_from: str, account: _Account) -> None:
    """Publish a run's parts, then throw away what no longer counts."""
    document = {
        "version": VERSION,
        "run": account.run,
        "made_from": made_from,
        "collections": {name: asdict(counts) for name, counts in sorted(account.counts.items())},
        "links": {name: sorted(files) for name, files in sorted(account.links.items())},
        "unmatched": {name: sorted(files) for name, files in sorted(account.unmatched.items())},
    }
    storage.write_json(LINKS, document)
    kept = {f for files in (*account.links.values(), *account.unmatched.values()) for f in files}
    storage.delete([name for name in storage.names("runs") if name not in kept])


def read_links(storage: Storage, collection: str, kind: str = "links") -> Iterator[pa.Table]:
    """Yield the links of a collection, part by part; ``kind="unmatched"``: what has none.

    Raises
    ------
    StoreError
        Nothing was merged here.
    """
    document = storage.read_json(LINKS)
    files = document.get(kind)
    if not isinstance(files, dict):
        raise StoreError(f"{storage.shown}/{LINKS}: names no {kind}")
    for file in files.get(collection, []):
        yield storage.read_table(file)
