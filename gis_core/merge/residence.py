"""Which tiles a guest meets: the same answer whoever asks, so that each guest is counted once."""

import math
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import shapely
from numpy.typing import NDArray

NOWHERE = -1
_MOST_CELLS = 1_000_000  # of a window that is answered by a table of cells


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
        (n,) intp, the lowest tile that a guest who is here meets; ``NOWHERE`` for the others.
    stray
        (n,) bool, meets no tile at all.
    """

    here: NDArray[np.bool_]
    alone: NDArray[np.bool_]
    home: NDArray[np.intp]
    stray: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Footprints:
    """The ground of all tiles as rectangles of square cells, which may overlap.

    A tile is a run of parcels, cut into short runs; the cells that the box of a short run
    touches belong to the tile. Cells make the answer exact and independent of who reads what:
    a guest meets a tile if its box, widened by its reach, touches a cell of the tile.
    """

    cell_m: float
    cells: NDArray[np.int64]
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
        cells = _cells(boxes[there], 0.0, cell)
        rectangles = np.asarray(shapely.box(*cells.T), object)
        return cls(cell, cells, tile[there], shapely.STRtree(rectangles))

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
        O(n + c) for c cells around all of them; where these are too many, and for guests that
        meet several tiles, O((n + k) log b) for b rectangles and k hits.
        """
        there = np.flatnonzero(np.isfinite(boxes).all(axis=1))
        asked = _cells(boxes[there], reach_m, self.cell_m)
        here, others = (np.zeros(len(boxes), np.bool_) for _ in range(2))
        here[there], others[there] = self._met(asked, tile)
        home = np.where(here, tile, NOWHERE)
        both = np.flatnonzero((here & others)[there])
        guest, run = self.tree.query(shapely.box(*asked[both].T))
        np.minimum.at(home, there[both[guest]], self.tile[run])
        return Residence(here, here & ~others, home, ~(here | others))

    def readers(self, boxes: NDArray[np.float64], reach_m: float) -> list[NDArray[np.intp]]:
        """Return for each box the tiles that it meets, ascending."""
        there = np.flatnonzero(np.isfinite(boxes).all(axis=1))
        asked = _cells(boxes[there], reach_m, self.cell_m)
        group, run = self.tree.query(shapely.box(*asked.T))
        pair = np.unique(np.column_stack([there[group], self.tile[run]]), axis=0)
        cuts = np.searchsorted(pair[:, 0], np.arange(1, len(boxes)))
        return np.split(pair[:, 1], cuts) if len(boxes) else []

    def _met(
        self, asked: NDArray[np.int64], tile: int
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which rectangles of cells meet the tile, and which meet another one."""
        if not len(asked):
            return np.zeros(0, np.bool_), np.zeros(0, np.bool_)
        window = np.concatenate([asked[:, :2].min(axis=0), asked[:, 2:].max(axis=0)])
        if math.prod((window[2:] - window[:2] + 1).tolist()) > _MOST_CELLS:
            return self._met_one_by_one(asked, tile)
        near = self.tree.query(shapely.box(*window))
        mine = self.tile[near] == tile
        found = (_meets(asked, self.cells[near[chosen]], window) for chosen in (mine, ~mine))
        here, others = found
        return here, others

    def _met_one_by_one(
        self, asked: NDArray[np.int64], tile: int
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        guest, run = self.tree.query(shapely.box(*asked.T))
        here, others = (np.zeros(len(asked), np.bool_) for _ in range(2))
        mine = self.tile[run] == tile
        here[guest[mine]] = True
        others[guest[~mine]] = True
        return here, others


def _cells(boxes: NDArray[np.float64], reach_m: float, cell_m: float) -> NDArray[np.int64]:
    """Return the first and last cells (k, 4) that boxes touch when widened."""
    low = np.floor((boxes[:, :2] - reach_m) / cell_m)
    high = np.floor((boxes[:, 2:] + reach_m) / cell_m)
    return np.hstack([low, high]).astype(np.int64)


def _meets(
    asked: NDArray[np.int64], painted: NDArray[np.int64], window: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return which rectangles touch a painted one, all in the window.

    Source: summed-area table, Crow (1984): the painted cells in any rectangle by four look-ups.
    """
    origin, size = window[:2], window[2:] - window[:2] + 1
    low = np.clip(painted[:, :2] - origin, 0, size - 1)
    high = np.clip(painted[:, 2:] - origin, 0, size - 1) + 1
    # Corners of each rectangle; their running sums are how often a cell is painted.
    corners = np.zeros(size + 1, np.int64)
    for i, j, sign in ((low, low, 1), (high, high, 1), (low, high, -1), (high, low, -1)):
        np.add.at(corners, (i[:, 0], j[:, 1]), sign)
    table = np.zeros(size + 1, np.int64)
    table[1:, 1:] = (corners.cumsum(axis=0).cumsum(axis=1) > 0)[:-1, :-1]
    table = table.cumsum(axis=0).cumsum(axis=1)
    a, b = asked[:, :2] - origin, asked[:, 2:] - origin + 1
    total = table[b[:, 0], b[:, 1]] + table[a[:, 0], a[:, 1]]
    return np.asarray(total > table[a[:, 0], b[:, 1]] + table[b[:, 0], a[:, 1]])
