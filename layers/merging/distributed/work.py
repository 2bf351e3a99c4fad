"""What a worker does: read a tile's rows, measure, write parts, tell counts.

Both tasks may be repeated: a part is written whole or not at all, and again with the same bytes.
Only names and numbers travel between the driver and its workers; rows go through the storage.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import batched

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gis_core.folding import fold_name
from gis_core.merge.fabric import ParcelFabric
from gis_core.merge.links import Links, Method
from gis_core.merge.tiles import (
    TileMeasures,
    links_to_arrow,
    measure_tile,
    measures_from_arrow,
    measures_to_arrow,
    resolve_tile,
    tile_fabric,
)
from gis_core.merge.unmatched import Reason
from gis_core.store.parquet import BOX, SIDES, box_array
from layers.merging.distributed.layout import TiledCollection
from layers.merging.distributed.parts import (
    Counts,
    Done,
    Parts,
    Shared,
    bucket_of,
    one_allocator,
    read_shared,
)
from layers.merging.distributed.plan import Plan, PlanKey, make_plan
from layers.uses import main_use

_AT_ONCE = 16  # row groups of which it is decided together which rows are near
_COLUMNS = ("feature_id", "geometry", "radius_m")
_ONE_SIDE = f"{BOX}.{SIDES[0]}"  # says as well as all four whether there is a box


@dataclass(frozen=True)
class MeasureTask:
    """Link what lies in one tile alone; measure what it shares with others."""

    plan: PlanKey
    run: str
    tile: int


@dataclass(frozen=True)
class ResolveTask:
    """Link the guests whose home is one tile and that meet others, too."""

    plan: PlanKey
    run: str
    tile: int
    shared: dict[str, tuple[Shared, ...]]


def warm(number: int) -> Done:
    """Compile the kernels if nobody has on this machine, so that not all workers do at once."""
    # Loading compiled code takes a second: only who needs it pays for it.
    from gis_core.merge.kernels.warm import compile_kernels, is_warm  # noqa: PLC0415

    if not is_warm():
        compile_kernels()
    return Done(number)


@one_allocator()
def measure(task: MeasureTask) -> Done:
    """Do a `MeasureTask`."""
    plan = make_plan(task.plan)
    parcels = plan.layout.parcels.read(
        plan.parcel_groups(task.tile), ("parcel_key", "geometry", "use")
    )
    fabric = tile_fabric(
        parcels["parcel_key"].combine_chunks(), parcels["geometry"].combine_chunks(), plan.engine
    )
    rows = np.flatnonzero(fabric.row >= 0)
    first = np.empty(len(fabric), np.intp)
    first[fabric.row[rows]] = rows
    named = parcels.drop_columns(["geometry"]).take(pa.array(first))
    del parcels
    done = Done(task.tile)
    key, uses = named["parcel_key"].combine_chunks().cast(pa.string()), _uses(named)
    if plan.layout.file.keyed:
        _deal_out(task, plan, key, fabric.area_m2, done)
    for collection in plan.layout.file.collections:
        _measure(task, plan, collection, (fabric, uses, key), done)
    return done


@one_allocator()
def resolve(task: ResolveTask) -> Done:
    """Do a `ResolveTask`."""
    plan = make_plan(task.plan)
    storage = plan.layout.storage
    done = Done(task.tile)
    for collection in plan.layout.file.collections:
        shared = task.shared.get(collection.id, ())
        if not shared:
            continue
        measured = measures_from_arrow([read_shared(storage, shared)])
        links = resolve_tile(collection.rule, measured)
        parts = Parts(storage, task.run, collection.id, f"tile-{task.tile:05}-shared", done)
        parts.write_links(links_to_arrow(links, measured.guests.id, measured.ground.key))
        rest = links.unlinked(len(measured.guests))
        reason = np.full(len(rest), Reason.OUTSIDE.value, object)
        parts.write_unmatched(measured.guests.id.take(pa.array(rest)), reason)
        done.counts[collection.id] = _counted(links, len(measured.guests), reason)
    return done


@dataclass(frozen=True)
class _Near:
    """The guests that meet a tile, how they stand to it, and the strays it answers for.

    ``placeless`` says which of the strays have no place at all.
    """

    guests: pa.Table
    alone: NDArray[np.bool_]
    home: NDArray[np.intp]
    stray: pa.Array
    placeless: NDArray[np.bool_]


@dataclass(frozen=True)
class _Uses:
    """The main uses of m parcels: folded words, "" for none that is known, and whose is which."""

    words: list[str]
    number: NDArray[np.integer]

    def among(self, uses: Sequence[str]) -> NDArray[np.bool_]:
        """Return (m,) which parcels have one of these uses."""
        wanted = {fold_name(use) for use in uses}
        among = np.array([word in wanted for word in self.words], np.bool_)
        return np.asarray(among[self.number], np.bool_)


def _measure(
    task: MeasureTask,
    plan: Plan,
    collection: TiledCollection,
    ground: tuple[ParcelFabric, _Uses, pa.Array],
    done: Done,
) -> None:
    near = _read_near(plan, collection, task.tile)
    if near is None:
        return
    fabric, uses, key = ground
    preferred = uses.among(collection.prefer)
    measured = measure_tile(
        collection.rule,
        fabric,
        near.guests,
        near.alone,
        engine=plan.engine,
        preferred=preferred if preferred.any() else None,
        key=key,
    )
    links = resolve_tile(collection.rule, measured.of(near.alone))
    ids, keys = measured.guests.id, measured.ground.key
    parts = Parts(plan.layout.storage, task.run, collection.id, f"tile-{task.tile:05}", done)
    parts.write_links(links_to_arrow(links, ids, keys))
    linked = np.zeros(len(ids), np.bool_)
    linked[links.feature] = True
    rest = np.flatnonzero(near.alone & ~linked)
    reason = np.full(len(rest) + len(near.stray), Reason.OUTSIDE.value, object)
    reason[len(rest) :][near.placeless] = Reason.NO_PLACE.value
    parts.write_unmatched(pa.concat_arrays([ids.take(pa.array(rest)), near.stray]), reason)
    _write_shared(parts, measured, near)
    features = int(near.alone.sum()) + len(near.stray)
    done.counts[collection.id] = _counted(links, features, reason)


def _deal_out(
    task: MeasureTask, plan: Plan, key: pa.Array, area_m2: NDArray[np.float64], done: Done
) -> None:
    """Deal a tile's parcels out to the buckets in which stated keys look for them."""
    name = plan.layout.file.parcels
    parts = Parts(plan.layout.storage, task.run, name, f"tile-{task.tile:05}", done)
    table = pa.table({"parcel_key": key, "parcel_m2": area_m2})
    parts.write_shared("by-key", table, bucket_of(key, len(plan.tiles)))


def _write_shared(parts: Parts, measured: TileMeasures, near: _Near) -> None:
    """Write the measures of guests that meet other tiles, too, for each home apart."""
    shared = measured.of(~near.alone)
    tables: dict[int, pa.Table] = {}
    for home in np.unique(near.home[~near.alone]).tolist():
        of_home = ~near.alone & (near.home == home)
        # Its home knows of a guest even where no tile has measures of it.
        mentioned = of_home if home == parts.done.number else np.zeros(len(of_home), np.bool_)
        tables[home] = measures_to_arrow(shared.of(of_home), mentioned)
    parts.write_homes("shared", tables)


def _read_near(plan: Plan, collection: TiledCollection, tile: int) -> _Near | None:
    """Read the guests that meet a tile, and the strays of the row groups it answers for."""
    reading = plan.readings[collection.id][tile]
    if not reading.groups:
        return None
    dataset = plan.layout.guests[collection.id]
    shared = [group for group in reading.groups if group.number not in reading.sole]
    sole = [group for group in reading.groups if group.number in reading.sole]
    found = [_sole(dataset.read(sole, (*_COLUMNS, _ONE_SIDE)), tile)] if sole else []
    for some in batched(shared, _AT_ONCE):
        table = dataset.read(some, (*_COLUMNS, BOX))
        boxes = box_array(table[BOX].combine_chunks())
        stay = plan.footprints.reside(boxes, collection.rule.reach_m, tile)
        answered = [group.number in reading.answers_for for group in some]
        stray = stay.stray & np.repeat(answered, [group.rows for group in some])
        found.append(
            _Near(
                table.drop_columns([BOX]).filter(pa.array(stay.here)),
                stay.alone[stay.here],
                stay.home[stay.here],
                table["feature_id"].combine_chunks().filter(pa.array(stray)),
                ~np.isfinite(boxes[stray]).all(axis=1),
            )
        )
    return _Near(
        pa.concat_tables([near.guests for near in found]).combine_chunks(),
        np.concatenate([near.alone for near in found]),
        np.concatenate([near.home for near in found]),
        pa.concat_arrays([near.stray for near in found]),
        np.concatenate([near.placeless for near in found]),
    )


def _sole(table: pa.Table, tile: int) -> _Near:
    """Take all rows of groups that no other tile reads: which cells they meet decides nothing."""
    ids, box = table["feature_id"].combine_chunks(), table[BOX].combine_chunks()
    guests = table.drop_columns([BOX])
    if box.null_count:
        guests = guests.filter(box.is_valid())
        ids = ids.filter(box.is_null())
    else:
        ids = ids.slice(0, 0)
    here = guests.num_rows
    home = np.full(here, tile, np.intp)
    return _Near(guests, np.ones(here, np.bool_), home, ids, np.ones(len(ids), np.bool_))


def _uses(parcels: pa.Table) -> _Uses:
    """Return the main uses of parcels."""
    if "use" not in parcels.column_names:
        return _Uses([""], np.zeros(len(parcels), np.intp))
    stated = parcels["use"].combine_chunks().dictionary_encode()
    words = [fold_name(main_use(word)) for word in stated.dictionary.to_pylist()]
    return _Uses([*words, ""], stated.indices.fill_null(len(words)).to_numpy())


def _counted(links: Links, features: int, reason: NDArray[np.object_]) -> Counts:
    """Count links, and the reasons of the features among so many that have none."""
    reasons = Counter(reason.tolist())
    return Counts(
        features=features,
        linked=features - len(reason),
        links=len(links),
        boundary=int(np.count_nonzero(np.diff(links.feature[links.boundary], prepend=-1))),
        nearest=int(links.has(Method.NEAREST).sum()),
        slivers=int(links.sliver.sum()),
        unmatched=dict(sorted(reasons.items())),
    )
