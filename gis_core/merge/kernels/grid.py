"""Which boxes touch which: uniform grids over boxes, one for each order of size."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gis_core.merge.flat import read_only
from gis_core.merge.kernels.compiled import kernel, part_of_kernel

_STEP = 8.0  # a level's cells are so many times as wide as those of the finer one
_SPAN = 8.0  # a box goes to the finest level of which it is at most so many cells wide
_LEVELS = 24  # of 8 times the size each: from a micrometre to more than the globe
_SAMPLE = 4096


class Grid(NamedTuple):
    """m boxes in cells, by size: plots in fine cells, forests and long streets in coarse ones.

    Level l has ``across[l]`` by ``up[l]`` cells of ``1 / per_m[l]`` metres, numbered row by row
    from ``first[l]``; cell c holds ``item[start[c]]`` to ``item[start[c + 1]]``, ascending.
    What lies beyond the outer cells is counted to them, so that one stray place far off does not
    make the cells of a city coarse.
    """

    x0: float
    y0: float
    per_m: NDArray[np.float64]
    across: NDArray[np.int64]
    up: NDArray[np.int64]
    first: NDArray[np.int64]
    start: NDArray[np.int64]
    item: NDArray[np.int32]


def build_grid(box: NDArray[np.float64]) -> Grid:
    """Put (m, 4) boxes xmin, ymin, xmax, ymax into cells; NaN boxes into none.

    O(m) time and memory, whatever the sizes and the extent: a box is in 81 cells at most, a
    parcel of a city in about six.

    Examples
    --------
    >>> grid = build_grid(np.array([[0.0, 0, 1, 1], [1, 0, 2, 1], [0, 0, 90, 1]]))
    >>> box_pairs(grid, np.array([[0.0, 0, 1, 1], [1, 0, 2, 1], [0, 0, 90, 1]]),
    ...           np.array([[1.5, 0.5, 1.5, 0.5]]))
    (array([0, 0]), array([1, 2]))
    """
    return Grid(*_build(read_only(box, "f8")))


def box_pairs(
    grid: Grid, indexed: NDArray[np.float64], asking: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return every pair of touching boxes once, as (asking, indexed), sorted in this order.

    Parameters
    ----------
    grid
        Of ``indexed``.
    indexed
        (m, 4) boxes that the grid was made of; further columns are not looked at.
    asking
        (n, 4) boxes. Boxes are closed: a common corner counts. NaN boxes touch none.

    Notes
    -----
    O(cells under the boxes + k log k) for k pairs; no pair is found twice, none removed.
    """
    return _pairs(grid, read_only(indexed, "f8"), read_only(asking, "f8"))


@kernel
def cell_of(place: float, origin: float, per_m: float, cells: int) -> int:
    """Return the column or row of a coordinate; a larger coordinate never has a lower one."""
    steps = (place - origin) * per_m
    if not steps > 0.0:
        return 0
    return cells - 1 if steps >= cells else int(steps)


@kernel
def _build(
    box: NDArray[np.float64],
) -> tuple[
    float,
    float,
    NDArray[np.float64],
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.int32],
]:
    x0, y0, width, height, size, count = _core(box)
    per_m, across, up = _levels(width, height, size, count)
    level, used = _assign(box, per_m)
    # Only levels that hold something are kept; a question then asks no empty one.
    kept = np.flatnonzero(used)
    rank = np.full(_LEVELS, -1)
    for k in range(len(kept)):
        rank[kept[k]] = k
    per_m, across, up = per_m[kept], across[kept], up[kept]
    first = np.zeros(len(kept) + 1, np.int64)
    for k in range(len(kept)):
        first[k + 1] = first[k] + across[k] * up[k]

    start = np.zeros(first[-1] + 1, np.int64)
    item = np.empty(0, np.int32)
    for filling in range(2):
        for i in range(len(box)):
            if level[i] < 0:
                continue
            k = rank[level[i]]
            left = cell_of(box[i, 0], x0, per_m[k], across[k])
            right = cell_of(box[i, 2], x0, per_m[k], across[k])
            for row in range(
                cell_of(box[i, 1], y0, per_m[k], up[k]), cell_of(box[i, 3], y0, per_m[k], up[k]) + 1
            ):
                base = first[k] + row * across[k]
                for c in range(base + left, base + right + 1):
                    if filling:
                        item[start[c]] = i
                    start[c] += 1
        if not filling:
            item = np.empty(_cumulate(start), np.int32)
    # Filling moved each start to the end of its cell, which is the start of the next one.
    start[1:] = start[:-1].copy()
    start[0] = 0
    return x0, y0, per_m, across, up, first, start, item


@kernel
def _cumulate(count: NDArray[np.int64]) -> int:
    """Turn counts into the sums before them; return the sum of all."""
    total = 0
    for c in range(len(count)):
        count[c], total = total, total + count[c]
    return total


@kernel
def _core(box: NDArray[np.float64]) -> tuple[float, float, float, float, float, int]:
    """Return origin, width and height of what the cells cover, the usual box, and how many.

    The extent of all boxes, but not further than the inner 98 of 100 boxes reach on either side.
    """
    n = len(box)
    low = np.array([np.inf, np.inf])
    high = -low
    count = 0
    for i in range(n):
        if box[i, 0] <= box[i, 2] and box[i, 1] <= box[i, 3]:
            count += 1
            for k in range(2):
                low[k], high[k] = min(low[k], box[i, k]), max(high[k], box[i, k + 2])
    if count == 0:
        return 0.0, 0.0, 0.0, 0.0, 1.0, 0
    step = max(1, n // _SAMPLE)
    size = np.empty(n // step + 1)
    middle = np.empty((2, n // step + 1))
    s = 0
    for i in range(0, n, step):
        if box[i, 0] <= box[i, 2] and box[i, 1] <= box[i, 3]:
            size[s] = max(box[i, 2] - box[i, 0], box[i, 3] - box[i, 1])
            middle[0, s], middle[1, s] = box[i, 0], box[i, 1]
            s += 1
    if s == 0:
        return low[0], low[1], high[0] - low[0], high[1] - low[1], 0.0, count
    usual = np.sort(size[:s])[s // 2]
    for k in range(2):
        inner = np.sort(middle[k, :s])
        left, right = inner[s // 100], inner[s - 1 - s // 100]
        room = (right - left) + 8.0 * usual
        low[k], high[k] = max(low[k], left - room), min(high[k], right + room)
    return low[0], low[1], high[0] - low[0], high[1] - low[1], usual, count


@kernel
def _levels(
    width: float, height: float, size: float, count: int
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Return cells a metre, columns and rows of all levels; never more than some cells a box."""
    most = 4.0 * count + 64.0
    cell = max(size, 1e-6)
    while (width / cell + 1.0) * (height / cell + 1.0) > most:
        cell *= 1.25
    per_m = np.empty(_LEVELS)
    across, up = np.empty(_LEVELS, np.int64), np.empty(_LEVELS, np.int64)
    for k in range(_LEVELS):
        per_m[k] = 1.0 / cell
        across[k], up[k] = np.int64(width / cell) + 1, np.int64(height / cell) + 1
        cell *= _STEP
    return per_m, across, up


@kernel
def _assign(
    box: NDArray[np.float64], per_m: NDArray[np.float64]
) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    """Return the level of each box, -1 for missing ones, and how many boxes a level has."""
    level = np.full(len(box), -1, np.int8)
    used = np.zeros(_LEVELS, np.int64)
    for i in range(len(box)):
        size = max(box[i, 2] - box[i, 0], box[i, 3] - box[i, 1])
        if not size >= 0.0:
            continue
        k = 0
        while k < _LEVELS - 1 and size * per_m[k] > _SPAN:
            k += 1
        level[i] = k
        used[k] += 1
    return level, used


@kernel
def _pairs(
    grid: Grid, indexed: NDArray[np.float64], asking: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    left, right = np.empty(1024, np.int64), np.empty(1024, np.int64)
    around = np.empty(64, np.int64)
    n = 0
    for a in range(len(asking)):
        box = (asking[a, 0], asking[a, 1], asking[a, 2], asking[a, 3])
        found, around = boxes_at(grid, indexed, box, around)
        while n + found > len(left):
            left, right = doubled(left), doubled(right)
        for k in range(found):
            left[n + k], right[n + k] = a, around[k]
        n += found
    return left[:n].copy(), right[:n].copy()


@part_of_kernel
def boxes_at(
    grid: Grid,
    indexed: NDArray[np.float64],
    box: tuple[float, float, float, float],
    into: NDArray[np.int64],
) -> tuple[int, NDArray[np.int64]]:
    """Return how many boxes touch one, and an array that begins with them, ascending.

    The array is the one given, or a larger one where they would not fit.
    """
    start, item, gx, gy = grid.start, grid.item, grid.x0, grid.y0
    x0, y0, x1, y1 = box
    n = 0
    levels = len(grid.per_m) if x0 <= x1 and y0 <= y1 else 0
    for k in range(levels):
        per_m, across, up = grid.per_m[k], grid.across[k], grid.up[k]
        column0, row0 = cell_of(x0, gx, per_m, across), cell_of(y0, gy, per_m, up)
        column1, row1 = cell_of(x1, gx, per_m, across), cell_of(y1, gy, per_m, up)
        for row in range(row0, row1 + 1):
            for column in range(column0, column1 + 1):
                c = grid.first[k] + row * across + column
                for q in range(start[c], start[c + 1]):
                    i = item[q]
                    # A pair belongs to the cell of the lower left corner of what is common.
                    if (
                        indexed[i, 0] <= x1
                        and indexed[i, 2] >= x0
                        and indexed[i, 1] <= y1
                        and indexed[i, 3] >= y0
                        and (
                            column == column0 or cell_of(indexed[i, 0], gx, per_m, across) == column
                        )
                        and (row == row0 or cell_of(indexed[i, 1], gy, per_m, up) == row)
                    ):
                        if n == len(into):
                            into = doubled(into)
                        into[n] = i
                        n += 1
    _sort(into, 0, n)
    return n, into


@kernel
def _sort(array: NDArray[np.int64], begin: int, end: int) -> None:
    """Sort a part of an array; for few members, or some already in order, by moving them."""
    if end - begin > 64:
        array[begin:end] = np.sort(array[begin:end])
        return
    for k in range(begin + 1, end):
        value, at = array[k], k
        while at > begin and array[at - 1] > value:
            array[at] = array[at - 1]
            at -= 1
        array[at] = value


@kernel
def doubled[T: np.generic](array: NDArray[T]) -> NDArray[T]:
    """Return the array with room for as much again."""
    larger = np.empty(2 * len(array), array.dtype)
    larger[: len(array)] = array
    return larger
