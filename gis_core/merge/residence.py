"""Which tiles a guest meets: the same answer whoever asks, so that each guest is counted once."""

import math
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import shapely
from numpy.typing import NDArray

STRAY = -1
"""The home of a guest that meets no tile."""


@dataclass(frozen=True, slots=True)
class Residence:
    """How n guests stand to one tile.

    Attributes
    ----------
    here
        (n,) bool, meets this tile.
    alone
        (n,) bool, meets this tile and no other: all its parcels are here.
    home
        (n,) intp, the lowest tile it meets, or ``STRAY``.
    """

    here: NDArray[np.bool_]
    alone: NDArray[np.bool_]
    home: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Footprints:
    """The ground of all tiles as rectangles of square cells, which may overlap.

    A tile is a run of parcels, cut into short runs; the cells that the box of a short run
    touches belong to the tile. Cells make the answer exact and independent of who reads what:
    a guest meets a tile if its box, widened by its reach, touches a cell of the tile.
    """

    cell_m: float
    tile: NDArray[np.intp]
    tree: shapely.STRtree = field(repr=False)

    @classmethod
    def build(cls, boxes: NDArray[np.float64], tile: NDArray[np.intp]) -> Self:
        """Take (k, 4) boxes of short runs and the tile (k,) of each; NaN boxes cover nothing."""
        there = np.isfinite(boxes).all(axis=1)
        sides = (boxes[there, 2:] - boxes[there, :2]).max(axis=1)
        # A quarter of a typical run: fine enough, and a power of two keeps divisions exact.
        typical = float(np.median(sides)) if len(sides) else 0.0
        cell = 2.0 ** round(math.log2(max(typical / 4, 1.0)))
        tree = shapely.STRtree(_rectangles(boxes[there], 0.0, cell))
        return cls(cell, tile[there], tree)

    def reside(self, boxes: NDArray[np.float64], reach_m: float, tile: int) -> Residence:
        """Say how guests stand to a tile.

        Parameters
        ----------
        boxes
            (n, 4) float64, the guests' boxes in metres; NaN where there is no place.
        reach_m
            How far a guest looks for parcels.

        Notes
        -----
        O((n + k) log b) for b rectangles and k hits.
        """
        there = np.flatnonzero(np.isfinite(boxes).all(axis=1))
        guest, run = self.tree.query(_rectangles(boxes[there], reach_m, self.cell_m))
        guest, met = there[guest], self.tile[run]
        here = np.zeros(len(boxes), np.bool_)
        here[guest[met == tile]] = True
        alone = here.copy()
        alone[guest[met != tile]] = False
        home = np.full(len(boxes), np.iinfo(np.intp).max)
        np.minimum.at(home, guest, met)
        home[home == np.iinfo(np.intp).max] = STRAY
        return Residence(here, alone, home)

    def readers(self, boxes: NDArray[np.float64], reach_m: float) -> list[NDArray[np.intp]]:
        """Return for each box the tiles that it meets, ascending."""
        there = np.flatnonzero(np.isfinite(boxes).all(axis=1))
        group, run = self.tree.query(_rectangles(boxes[there], reach_m, self.cell_m))
        pair = np.unique(np.column_stack([there[group], self.tile[run]]), axis=0)
        cuts = np.searchsorted(pair[:, 0], np.arange(1, len(boxes)))
        return np.split(pair[:, 1], cuts) if len(boxes) else []


def _rectangles(boxes: NDArray[np.float64], reach_m: float, cell_m: float) -> NDArray[np.object_]:
    """Return boxes as rectangles of whole cells, in cells."""
    low = np.floor((boxes[:, :2] - reach_m) / cell_m)
    high = np.floor((boxes[:, 2:] + reach_m) / cell_m)
    return np.asarray(shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1]))
