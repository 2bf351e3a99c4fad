"""What cells add up to by parcel, block after block, so that a raster of any size fits."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_core.errors import QueryError
from gis_core.merge.zonal_engines import CellEngine, cell_functions
from gis_core.merge.zones import STRIP, Block, Zones, blocks, meeting

type ReadCells = Callable[[Block], NDArray[np.float64]]
"""Returns the (rows, columns) values of a block that lies in the raster, NaN for none."""

MOST_CLASSES = 256
"""Different codes that a raster of classes may have; more are measurements."""

LEVEL = 1e-9
"""Length of the mean direction downhill below which there is no prevailing one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlopeStatistics:
    """How steep each of m parcels is and where it faces.

    Attributes
    ----------
    mean, max
        (m,) float64, degrees from level, over the cells that have a slope; NaN where none has.
    aspect
        (m,) float64, circular mean of the directions downhill of its cells, degrees clockwise
        from grid north, 0 to 360; NaN where no cell slopes or the directions cancel out.
    """

    mean: NDArray[np.float64]
    max: NDArray[np.float64]
    aspect: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassStatistics:
    """How many cells of each class m parcels have.

    Attributes
    ----------
    code
        (k,) int64, the classes found, ascending.
    cells
        (m, k) float64, cells of the class; with exact fractions, their covered parts added up.
    """

    code: NDArray[np.int64]
    cells: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ZonalStatistics:
    """What the cells of a raster say about each of m parcels.

    Attributes
    ----------
    cells
        (m,) int64, cells with a value whose centre lies in the parcel (by fractions: that it
        covers any part of). 0 where the parcel is too small or too narrow for one: its values
        are then that of the cell under its label point, if any.
    covered
        (m,) float64, the same, each cell counted by the fraction that lies in the parcel. Equal
        to ``cells`` without fractions.
    mean, min, max, std
        (m,) float64, in the raster's unit; NaN where the raster says nothing. ``std`` is that
        of the cells themselves (divided by n).
    slope, classes
        Where asked for.
    """

    cells: NDArray[np.int64]
    covered: NDArray[np.float64]
    mean: NDArray[np.float64]
    min: NDArray[np.float64]
    max: NDArray[np.float64]
    std: NDArray[np.float64]
    slope: SlopeStatistics | None = None
    classes: ClassStatistics | None = None


class ZonalSums:
    """Running sums of m parcels over the blocks of a raster.

    Blocks come in the order of :func:`gis_core.merge.zones.blocks`. A parcel's cells are added
    one by one, from left to right and from top to bottom in each panel, whichever strips they
    come in; so the height of the strips changes no bit, nor do other parcels.
    """

    def __init__(
        self,
        zones: Zones,
        engine: CellEngine,
        *,
        exact: bool = False,
        inverse: NDArray[np.float64] | None = None,
        classes: bool = False,
    ) -> None:
        """Begin with no cells.

        Parameters
        ----------
        zones
            m parcels over the raster.
        engine
            Who counts: numpy or the kernels.
        exact
            Whether cells count by the fraction that a parcel covers.
        inverse
            For slope and aspect: see :func:`gis_core.merge.slopes.cells_per_metre`.
        classes
            Whether to count cells by class.
        """
        self._zones = zones
        self._do = cell_functions(engine)
        self._exact = exact
        self._inverse = inverse
        m = len(zones)
        self._cells = np.zeros(m, np.int64)
        self._sums = np.zeros((6, m))
        self._sums[4], self._sums[5] = np.inf, -np.inf
        self._sloping = np.zeros(m, np.int64)
        self._slopes = np.zeros((5, m))
        self._codes = np.zeros(0, np.int64) if classes else None
        self._amount = np.zeros((m, 0))

    def add(self, block: Block, read: ReadCells) -> None:
        """Read a block and add its cells; one without parcels is not read."""
        zones = self._zones
        asked = meeting(zones.touched if self._exact else zones.owned, block)
        if not len(asked):
            return
        run, fraction = self._runs(asked, block)
        margin = 0 if self._inverse is None else 1
        values = _with_rim(block, margin, read, zones)
        at = (block.top - margin, block.left - margin)
        self._do.add_values(run, fraction, values, *at, self._cells, self._sums)
        if self._inverse is not None:
            at = (block.top, block.left)
            self._do.add_slopes(
                run, fraction, values, *at, self._inverse, self._sloping, self._slopes
            )
        if self._codes is not None:
            inner = values[margin : values.shape[0] - margin, margin : values.shape[1] - margin]
            column = self._class_columns(inner)
            self._do.add_classes(run, fraction, column, block.top, block.left, self._amount)

    def bare(self) -> NDArray[np.intp]:
        """Return the parcels over the raster of which no cell with a value counted."""
        return np.flatnonzero((self._cells == 0) & self._zones.on_raster())

    def result(self) -> ZonalStatistics:
        """Return the statistics of all blocks so far."""
        covered, origin, total, squares, low, high = self._sums
        some = self._cells > 0
        with np.errstate(invalid="ignore"):
            step = total / covered
            variance = np.maximum(squares / covered - step * step, 0.0)
        return ZonalStatistics(
            cells=self._cells.copy(),
            covered=covered.copy(),
            mean=np.where(some, origin + step, np.nan),
            min=np.where(some, low, np.nan),
            max=np.where(some, high, np.nan),
            std=np.where(some, np.sqrt(variance), np.nan),
            slope=None if self._inverse is None else self._slope_statistics(),
            classes=None if self._codes is None else self._class_statistics(self._codes),
        )

    def _runs(
        self, asked: NDArray[np.intp], block: Block
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        zones, flat = self._zones, self._zones.shapes
        where = (asked.astype(np.int64), block.window)
        if self._exact:
            return self._do.covered_runs(
                flat.xy, flat.ring, zones.sense, flat.shape, zones.touched, *where
            )
        run = self._do.centre_runs(flat.xy, flat.ring, flat.shape, zones.owned, *where)
        return run, np.ones(len(run))

    def _class_columns(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return for each cell the column of its class, -1 for none; new classes get one."""
        which, found = pd.factorize(np.ascontiguousarray(values).ravel())
        found = np.asarray(found)
        broken = found[found != np.rint(found)]
        if len(broken):
            raise QueryError(
                f"a raster of classes holds {broken[0]:g}",
                advice="Classes are whole numbers; ask for mean, min and max of measurements.",
                expected="whole numbers",
                found=float(broken[0]),
            )
        codes = np.zeros(0, np.int64) if self._codes is None else self._codes
        new = np.setdiff1d(found.astype(np.int64), codes)
        codes = np.concatenate((codes, new))
        if len(codes) > MOST_CLASSES:
            raise QueryError(
                f"a raster of classes holds more than {MOST_CLASSES} different values",
                advice="Ask for mean, min and max, or give each class one code.",
                expected=f"at most {MOST_CLASSES}",
                found=len(codes),
            )
        self._codes = codes
        self._amount = np.hstack((self._amount, np.zeros((len(self._amount), len(new)))))
        order = np.argsort(codes)
        column = order[np.searchsorted(codes, found.astype(np.int64), sorter=order)]
        return np.append(column, -1)[which].reshape(values.shape).astype(np.int64)

    def _slope_statistics(self) -> SlopeStatistics:
        covered, slope, steepest, east, north = self._slopes
        some = self._sloping > 0
        with np.errstate(invalid="ignore"):
            mean = slope / covered
            towards = np.sqrt(east * east + north * north) / covered > LEVEL
        return SlopeStatistics(
            mean=np.where(some, mean, np.nan),
            max=np.where(some, steepest, np.nan),
            aspect=np.where(towards, np.degrees(np.arctan2(east, north)) % 360.0, np.nan),
        )

    def _class_statistics(self, codes: NDArray[np.int64]) -> ClassStatistics:
        order = np.argsort(codes)
        return ClassStatistics(code=codes[order], cells=self._amount[:, order])


def add_up(
    sums: ZonalSums,
    zones: Zones,
    read: ReadCells,
    *,
    strip: int = STRIP,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> None:
    """Add all blocks of a raster; ``progress`` is called with blocks done and in all."""
    cut = list(blocks(zones.rows, zones.columns, strip))
    for done, block in enumerate(cut, start=1):
        sums.add(block, read)
        progress(done, len(cut))


def values_at(
    row: NDArray[np.int64], column: NDArray[np.int64], zones: Zones, read: ReadCells
) -> NDArray[np.float64]:
    """Return the values of (k,) cells, NaN beyond the raster; each block is read at most once."""
    values = np.full(len(row), np.nan)
    for block in blocks(zones.rows, zones.columns):
        here = (row >= block.top) & (row < block.bottom)
        here &= (column >= block.left) & (column < block.right)
        if here.any():
            values[here] = read(block)[row[here] - block.top, column[here] - block.left]
    return values


def as_values(cells: NDArray[np.generic]) -> NDArray[np.float64]:
    """Return cells as float64, NaN where they are masked or not finite; always a copy."""
    values = np.ma.filled(cells.astype(np.float64), np.nan)
    values[np.isinf(values)] = np.nan
    return np.asarray(values)


def _with_rim(block: Block, margin: int, read: ReadCells, zones: Zones) -> NDArray[np.float64]:
    """Return a block's values with so many more cells on every side, NaN beyond the raster."""
    wide = block.within(zones.rows, zones.columns, margin)
    missing = (
        (margin - block.top + wide.top, margin + block.bottom - wide.bottom),
        (margin - block.left + wide.left, margin + block.right - wide.right),
    )
    values = read(wide)
    if any(map(any, missing)):
        values = np.pad(values, missing, constant_values=np.nan)
    return np.ascontiguousarray(values)
