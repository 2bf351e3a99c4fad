"""The driver of a merge in tiles: deals out tasks, adds up what they tell, commits at the end."""

import time
import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

from gis_core.errors import StoreError
from gis_core.store.parquet import Storage
from layers.merging.distributed.layout import LINKS, read_layout
from layers.merging.distributed.plan import TILE_PARCELS, PlanKey, make_plan
from layers.merging.distributed.runners import Runner
from layers.merging.distributed.work import (
    Counts,
    Done,
    MeasureTask,
    ResolveTask,
    Shared,
    measure,
    resolve,
)
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
    tiles = len(make_plan(key).tiles)
    account = _Account(uuid.uuid4().hex[:12])
    first = [MeasureTask(key, account.run, tile) for tile in range(tiles)]
    for n, done in enumerate(runner.map(measure, first)):
        account.add(done)
        progress("tiles", n + 1, tiles)
    second = [ResolveTask(key, account.run, home, dict(s)) for home, s in account.shared.items()]
    for n, done in enumerate(runner.map(resolve, second)):
        account.add(done)
        progress("between tiles", n + 1, len(second))
    counts = {c.id: account.counts[c.id] for c in layout.file.collections}
    _commit(storage, layout.file.made_from, account)
    return TiledReport(
        account.run, layout.parcels.rows, tiles, counts, round(time.perf_counter() - begun, 3)
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


class _Account:
    """Adds up what tasks tell, in whatever order they come."""

    def __init__(self, run: str) -> None:
        self.run = run
        self.counts: dict[str, Counts] = defaultdict(Counts)
        self.links: dict[str, list[str]] = defaultdict(list)
        self.unmatched: dict[str, list[str]] = defaultdict(list)
        self.shared: dict[int, dict[str, tuple[Shared, ...]]] = {}

    def add(self, done: Done) -> None:
        for name, counts in done.counts.items():
            self.counts[name] += counts
        for mine, theirs in ((self.links, done.links), (self.unmatched, done.unmatched)):
            for name, files in theirs.items():
                mine[name] += files
        for name, places in done.shared.items():
            for place in places:
                of_home = self.shared.setdefault(place.home, {})
                of_home[name] = (*of_home.get(name, ()), place)


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
