"""Parcels over a raster: in pixel coordinates, with the cells that each of them can own."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from gis_core.errors import GeometryTypeError, QueryError
from gis_core.merge.flat import FlatShapes, read_only

STRIP, PANEL = 512, 4096
"""Rows and columns of a block: 16 MiB of float64, and whole tiles of the usual GeoTIFFs."""


@dataclass(frozen=True, slots=True)
class Block:
    """A rectangle of cells: first row, row after the last, first column, column after the last."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def window(self) -> NDArray[np.int64]:
        """The four numbers as an array."""
        return np.array([self.top, self.bottom, self.left, self.right], np.int64)

    def within(self, rows: int, columns: int, margin: int = 0) -> "Block":
        """Return the block grown by a margin, as far as a raster of that size reaches."""
        return Block(
            max(self.top - margin, 0),
            min(self.bottom + margin, rows),
            max(self.left - margin, 0),
            min(self.right + margin, columns),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Zones:
    """n parcels in the pixel coordinates of one raster: column, row, (½, ½) mid the first cell.

    Attributes
    ----------
    shapes
        The parcels; ``shapes.xy`` are pixel coordinates. What is no area has no cells.
    sense
        (r,) int8, +1 where a ring has covered ground on its left in pixel coordinates, -1 on
        its right, 0 where it bounds none.
    owned, touched
        (n, 4) int64, first row, row after the last, first column, column after the last: of the
        cells whose centre a parcel can own, and of those it can touch.
    rows, columns
        Size of the raster.
    """

    shapes: FlatShapes
    sense: NDArray[np.int8]
    owned: NDArray[np.int64]
    touched: NDArray[np.int64]
    rows: int
    columns: int

    def __len__(self) -> int:
        """Return the number of parcels."""
        return len(self.shapes)

    @classmethod
    def build(cls, parcels: FlatShapes, transform: Affine, shape: tuple[int, int]) -> Self:
        """Bring parcels into the pixel coordinates of a raster; it may be turned or sheared.

        Parameters
        ----------
        parcels
            n areas in the raster's CRS; missing and empty ones have no cells.
        transform
            From (column, row) to coordinates.
        shape
            Rows and columns of the raster.

        Raises
        ------
        GeometryTypeError
            A parcel is a point or a line.
        QueryError
            The transform puts all cells on one line.
        """
        other = np.flatnonzero(np.isin(parcels.dimension, (0, 1)))
        if len(other):
            raise GeometryTypeError(
                f"row {other[0] + 1} is a point or a line, cells are counted by area",
                expected="polygon",
                row=int(other[0]) + 1,
            )
        uv = to_pixels(parcels.xy, transform)
        low, high = _bounds(uv, parcels)
        rows, columns = shape
        size = np.array([[rows], [columns]])
        box = np.stack((low[:, ::-1], high[:, ::-1]), axis=2)  # (n, row and column, from and to)
        with np.errstate(invalid="ignore"):
            owned = np.clip(np.ceil(box - 0.5), 0, size)
            touched = np.clip(np.stack((np.floor(box[..., 0]), np.ceil(box[..., 1])), 2), 0, size)
        return cls(
            replace(parcels, xy=uv, box=np.column_stack((low, high))),
            read_only(_sense(uv, parcels), "i1"),
            read_only(np.nan_to_num(owned).reshape(-1, 4), "i8"),
            read_only(np.nan_to_num(touched).reshape(-1, 4), "i8"),
            rows,
            columns,
        )

    def on_raster(self) -> NDArray[np.bool_]:
        """Return (n,) whether a parcel's box meets the raster."""
        return _has_cells(self.touched)


def to_pixels(xy: NDArray[np.float64], transform: Affine) -> NDArray[np.float64]:
    """Return (n, 2) column and row coordinates of places in the raster's CRS.

    Raises
    ------
    QueryError
        The transform puts all cells on one line.
    """
    a, b, c, d, e, f = transform[:6]
    size = a * e - b * d
    if not np.isfinite(size) or size == 0:
        raise QueryError(
            f"the raster's transform {tuple(transform[:6])} has no inverse",
            advice="Deliver the raster with its place: origin and size of a cell.",
        )
    x, y = xy[:, 0] - c, xy[:, 1] - f
    if b == 0 and d == 0:
        # One rounding less than by the general formula: cell borders stay where they are.
        return np.column_stack((x / a, y / e))
    return np.column_stack(((e * x - b * y) / size, (a * y - d * x) / size))


def blocks(rows: int, columns: int, strip: int = STRIP) -> Iterator[Block]:
    """Cut a raster into panels of columns and each panel into strips of rows, in this order.

    The panels are always the same, because sums go on from one strip to the next below it; the
    height of the strips changes no result.
    """
    for left in range(0, columns, PANEL):
        for top in range(0, rows, strip):
            yield Block(top, top + strip, left, left + PANEL).within(rows, columns)


def meeting(extent: NDArray[np.int64], block: Block) -> NDArray[np.intp]:
    """Return the positions of the (n, 4) extents that meet a block, ascending."""
    return np.flatnonzero(
        (extent[:, 0] < block.bottom)
        & (extent[:, 1] > block.top)
        & (extent[:, 2] < block.right)
        & (extent[:, 3] > block.left)
        & _has_cells(extent)
    )


def _has_cells(extent: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.asarray((extent[:, 0] < extent[:, 1]) & (extent[:, 2] < extent[:, 3]))


def _bounds(
    uv: NDArray[np.float64], parcels: FlatShapes
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (n, 2) lowest and highest pixel coordinates, NaN where there is no parcel."""
    low = np.full((len(parcels), 2), np.nan)
    high = low.copy()
    filled = np.flatnonzero(parcels.dimension >= 0)
    if len(filled):
        start = parcels.ring[parcels.shape[filled]]
        low[filled] = np.minimum.reduceat(uv, start)
        high[filled] = np.maximum.reduceat(uv, start)
    return low, high


def _sense(uv: NDArray[np.float64], parcels: FlatShapes) -> NDArray[np.int8]:
    """Return the role of each ring times the sign of its signed area in pixel coordinates."""
    if not len(parcels.role):
        return np.zeros(0, np.int8)
    start = parcels.ring[:-1]
    # Relative to the ring's first vertex: small rings far from the origin keep their sign.
    at = uv - np.repeat(uv[start], np.diff(parcels.ring), axis=0)
    cross = np.zeros(len(at))
    cross[:-1] = at[:-1, 0] * at[1:, 1] - at[1:, 0] * at[:-1, 1]
    cross[parcels.ring[1:] - 1] = 0.0
    return (np.sign(np.add.reduceat(cross, start)) * parcels.role).astype(np.int8)
