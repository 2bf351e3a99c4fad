"""Cells by parcel without compiled code: for small inputs, and to hold the kernels against.

The functions take and return what those of `gis_core.merge.kernels.cells`, ``cover`` and
``cell_sums`` do. Runs by centre and all sums are the same bits; covered fractions are
taken by GEOS and differ by rounding.
"""

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_core.merge.slopes import angles, gradients

NOTHING = 1e-12
"""Fraction below which a cell counts as not covered, and the same short of one as whole."""


def centre_runs(
    uv: NDArray[np.float64],
    ring: NDArray[np.int64],
    shape: NDArray[np.int64],
    _extent: NDArray[np.int64],
    asked: NDArray[np.int64],
    window: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the runs of cells whose centre lies in a shape, as the kernel does."""
    owner, upper, lower = _edges(uv, ring, shape, asked)
    first = np.clip(np.ceil(upper[:, 1] - 0.5), window[0], window[1]).astype(np.int64)
    last = np.clip(np.ceil(lower[:, 1] - 0.5), window[0], window[1]).astype(np.int64)
    edge, row = _spread(first, last)
    owner, upper, lower = owner[edge], upper[edge], lower[edge]
    lean = (lower[:, 0] - upper[:, 0]) / (lower[:, 1] - upper[:, 1])
    u = upper[:, 0] + (row + 0.5 - upper[:, 1]) * lean
    u = np.clip(u, np.minimum(upper[:, 0], lower[:, 0]), np.maximum(upper[:, 0], lower[:, 0]))
    column = np.clip(np.ceil(u - 0.5), window[2], window[3]).astype(np.int64)
    order = np.lexsort((column, row, owner))
    # Rings are closed, so each line is crossed an even number of times: in, out, in, out.
    start, stop = column[order[::2]], column[order[1::2]]
    runs = np.column_stack((owner[order[::2]], row[order[::2]], start, stop))
    return np.ascontiguousarray(runs[start < stop])


def covered_runs(
    uv: NDArray[np.float64],
    ring: NDArray[np.int64],
    sense: NDArray[np.int8],
    shape: NDArray[np.int64],
    extent: NDArray[np.int64],
    asked: NDArray[np.int64],
    window: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the cells that a shape covers, each as a run of one, with its fraction."""
    owner, _, row, column = _cells(centre_runs(uv, ring, shape, extent, asked, window))
    whole = np.column_stack((owner, row, column))
    border = _border_cells(uv, ring, shape, asked, window)
    both, position = np.unique(np.vstack((border, whole)), axis=0, return_inverse=True)
    fraction = np.ones(len(both))
    fraction[position[: len(border)]] = _fractions(uv, ring, sense, shape, border)
    fraction[fraction >= 1.0 - NOTHING] = 1.0
    runs = np.column_stack((both, both[:, 2] + 1))
    keep = fraction > NOTHING
    return runs[keep], fraction[keep]


def add_values(
    run: NDArray[np.int64],
    fraction: NDArray[np.float64],
    values: NDArray[np.float64],
    row0: int,
    column0: int,
    cells: NDArray[np.int64],
    sums: NDArray[np.float64],
) -> None:
    """Add the values of the cells of runs to the sums of their shapes, as the kernel does."""
    shape, at, row, column = _cells(run)
    value = values[row - row0, column - column0]
    there = ~np.isnan(value)
    shape, value, weight = shape[there], value[there], fraction[at[there]]
    covered, origin, total, squares, low, high = sums
    new, first = np.unique(shape, return_index=True)
    fresh = cells[new] == 0
    origin[new[fresh]] = value[first[fresh]]
    step = value - origin[shape]
    # ufunc.at adds one element after the other, as the kernel does.
    np.add.at(cells, shape, 1)
    np.add.at(covered, shape, weight)
    np.add.at(total, shape, weight * step)
    np.add.at(squares, shape, weight * (step * step))
    np.minimum.at(low, shape, value)
    np.maximum.at(high, shape, value)


def add_slopes(
    run: NDArray[np.int64],
    fraction: NDArray[np.float64],
    values: NDArray[np.float64],
    row0: int,
    column0: int,
    inverse: NDArray[np.float64],
    cells: NDArray[np.int64],
    sums: NDArray[np.float64],
) -> None:
    """Add slope and aspect of the cells of runs to the sums of their shapes."""
    shape, at, row, column = _cells(run)
    x, y = (g[row - row0, column - column0] for g in gradients(values, inverse))
    rise = np.sqrt(x * x + y * y)
    there = ~np.isnan(rise)
    shape, x, y, rise, weight = shape[there], x[there], y[there], rise[there], fraction[at[there]]
    angle = angles(rise)
    covered, slope, steepest, east, north = sums
    np.add.at(cells, shape, 1)
    np.add.at(covered, shape, weight)
    np.add.at(slope, shape, weight * angle)
    np.maximum.at(steepest, shape, angle)
    steep = rise > 0
    for sums_of, component in ((east, x), (north, y)):
        step = weight[steep] * (component[steep] / rise[steep])
        np.subtract.at(sums_of, shape[steep], step)


def add_classes(
    run: NDArray[np.int64],
    fraction: NDArray[np.float64],
    column: NDArray[np.int64],
    row0: int,
    column0: int,
    amount: NDArray[np.float64],
) -> None:
    """Add the weights of the cells of runs to the class that each cell has."""
    shape, at, row, col = _cells(run)
    which = column[row - row0, col - column0]
    there = which >= 0
    np.add.at(amount, (shape[there], which[there]), fraction[at[there]])


def _edges(
    uv: NDArray[np.float64],
    ring: NDArray[np.int64],
    shape: NDArray[np.int64],
    asked: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return owner, upper and lower end of all edges of the shapes asked for."""
    rings, position = _rings_of(shape, asked)
    owner = asked[position]
    at, vertex = _spread(ring[rings], ring[rings + 1] - 1)
    start, end = uv[vertex], uv[vertex + 1]
    upwards = (start[:, 1] > end[:, 1])[:, None]
    return owner[at], np.where(upwards, end, start), np.where(upwards, start, end)


def _rings_of(
    shape: NDArray[np.int64], asked: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rings of the shapes asked for, and the position of each one's shape there."""
    position, rings = _spread(shape[asked], shape[asked + 1])
    return rings, position


def _spread(
    first: NDArray[np.int64], stop: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for k ranges all their numbers, after the position of the range of each."""
    count = np.maximum(stop - first, 0)
    which = np.repeat(np.arange(len(first)), count)
    before = np.cumsum(count) - count
    return which, np.arange(len(which)) - before[which] + first[which]


def _cells(
    run: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return shape, run, row and column of each cell of the runs."""
    at, column = _spread(run[:, 2], run[:, 3])
    return run[at, 0], at, run[at, 1], column


def _border_cells(
    uv: NDArray[np.float64],
    ring: NDArray[np.int64],
    shape: NDArray[np.int64],
    asked: NDArray[np.int64],
    window: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return (k, 3) shape, row, column of the cells in the window that edges pass, each once."""
    owner, upper, lower = _edges(uv, ring, shape, asked)
    first = np.maximum(np.floor(upper[:, 1]), window[0]).astype(np.int64)
    stop = np.minimum(np.floor(lower[:, 1]) + 1, window[1]).astype(np.int64)
    edge, row = _spread(first, stop)
    owner, upper, lower = owner[edge], upper[edge], lower[edge]
    height = lower[:, 1] - upper[:, 1]
    lean = np.divide(lower[:, 0] - upper[:, 0], height, np.zeros_like(height), where=height > 0)
    above = np.clip(row, upper[:, 1], lower[:, 1])
    below = np.clip(row + 1, upper[:, 1], lower[:, 1])
    ends = [upper[:, 0] + (v - upper[:, 1]) * lean for v in (above, below)]
    level = height == 0
    ends[1][level] = lower[level, 0]
    left = np.maximum(np.floor(np.minimum(*ends)), window[2]).astype(np.int64)
    right = np.minimum(np.floor(np.maximum(*ends)) + 1, window[3]).astype(np.int64)
    at, column = _spread(left, right)
    return np.unique(np.column_stack((owner[at], row[at], column)), axis=0)


def _fractions(
    uv: NDArray[np.float64],
    ring: NDArray[np.int64],
    sense: NDArray[np.int8],
    shape: NDArray[np.int64],
    cell: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return the part of each (k, 3) shape, row, column that the shape covers, by GEOS."""
    if not len(cell):
        return np.zeros(0)
    rings, at = _rings_of(shape, cell[:, 0])
    used, position = np.unique(rings[sense[rings] != 0], return_inverse=True)
    at = at[sense[rings] != 0]
    which, vertex = _spread(ring[used], ring[used + 1])
    polygon = np.asarray(shapely.polygons(shapely.linearrings(uv[vertex], indices=which)))
    ccw = shapely.is_ccw(shapely.get_exterior_ring(polygon))
    role = np.where(ccw, sense[used], -sense[used])
    row, column = cell[at, 1], cell[at, 2]
    box = shapely.box(column, row, column + 1, row + 1)
    area = shapely.area(shapely.intersection(polygon[position], box)) * role[position]
    return np.bincount(at, area, len(cell))
