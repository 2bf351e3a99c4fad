"""Which tile reads which rows: the same plan in every process, from the layout alone."""

from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gis_core.errors import StoreError
from gis_core.merge.engine_name import EngineName
from gis_core.merge.engines import choose_engine
from gis_core.merge.residence import Footprints
from gis_core.store.parquet import RowGroup, Storage
from layers.merging.distributed.layout import Layout, read_layout

TILE_PARCELS = 57_344
"""Parcels of a tile: some hundred megabytes with all that lies on them."""


@dataclass(frozen=True)
class PlanKey:
    """What a plan follows from; small enough to travel with every task.

    Attributes
    ----------
    storage
        Address of the layout.
    made_from
        As in the layout: a process that has read a former one reads again.
    tile_parcels
        Parcels of a tile, about.
    """

    storage: str
    made_from: str
    tile_parcels: int = TILE_PARCELS


@dataclass(frozen=True)
class Reading:
    """The row groups of one collection that a tile reads, and those it answers for.

    Every row group has one tile that answers for its strays: rows that meet no tile at all.
    Those that no other tile reads are ``sole``: what has a parcel there has it in this tile.
    """

    groups: tuple[RowGroup, ...]
    answers_for: frozenset[int]
    sole: frozenset[int]


@dataclass(frozen=True)
class Plan:
    """Tiles as slices of the parcels' row groups, and what each reads of each collection."""

    layout: Layout
    engine: EngineName
    tiles: tuple[slice, ...]
    footprints: Footprints = field(repr=False)
    readings: dict[str, tuple[Reading, ...]] = field(repr=False)

    def parcel_groups(self, tile: int) -> tuple[RowGroup, ...]:
        """Return the row groups of a tile's parcels."""
        return self.layout.parcels.groups[self.tiles[tile]]


@lru_cache(maxsize=4)
def make_plan(key: PlanKey) -> Plan:
    """Read a layout and deal its rows out to tiles.

    Raises
    ------
    StoreError
        The layout is absent, out of reach, or another one than asked for.

    Notes
    -----
    Reads descriptions and the parcels' covering only: 32 bytes for some dozen parcels.
    """
    layout = read_layout(Storage.open(key.storage))
    if layout.file.made_from != key.made_from:
        raise StoreError(
            f"{layout.storage.shown}: laid out anew while a merge was running",
            advice="Run the merge again.",
        )
    parcels = layout.parcels
    tiles = _cut([g.rows for g in parcels.groups], key.tile_parcels)
    boxes = parcels.covering()
    tile = np.empty(len(boxes), np.intp)
    for number, groups in enumerate(tiles):
        tile[parcels.runs(groups)] = number
    footprints = Footprints.build(boxes, tile)
    readings = {
        c.id: _deal(layout, c.id, c.rule.reach_m, footprints, len(tiles))
        for c in layout.file.collections
    }
    engine = choose_engine(layout.file.engine, parcels.rows)
    return Plan(layout, engine, tiles, footprints, readings)


def _cut(rows: list[int], tile_parcels: int) -> tuple[slice, ...]:
    """Cut row groups into runs of about equal count."""
    end: NDArray[np.intp] = np.cumsum(rows)
    count = max(round(sum(rows) / tile_parcels), 1)
    cuts = np.searchsorted(end, sum(rows) * np.arange(1, count) / count) + 1
    edges = np.unique([0, *np.minimum(cuts, len(rows)).tolist(), len(rows)]).tolist()
    return tuple(slice(a, b) for a, b in pairwise(edges))


def _deal(
    layout: Layout, name: str, reach_m: float, footprints: Footprints, tiles: int
) -> tuple[Reading, ...]:
    """Say which row groups of a collection each tile reads."""
    guests = layout.guests[name]
    groups: list[list[RowGroup]] = [[] for _ in range(tiles)]
    answers: list[set[int]] = [set() for _ in range(tiles)]
    sole: list[set[int]] = [set() for _ in range(tiles)]
    readers = footprints.readers(guests.boxes, reach_m)
    for group, met in zip(guests.groups, readers, strict=True):
        # What no tile meets is dealt out evenly.
        some = met.tolist() or [group.number * tiles // len(guests.groups)]
        answers[some[0]].add(group.number)
        if len(some) == 1:
            sole[some[0]].add(group.number)
        for tile in some:
            groups[tile].append(group)
    return tuple(
        Reading(tuple(mine), frozenset(own), frozenset(only))
        for mine, own, only in zip(groups, answers, sole, strict=True)
    )
