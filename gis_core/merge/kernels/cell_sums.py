"""What the cells of runs add up to: values, slopes, classes; one cell after the other.

Each sum goes on where the call before it ended, cell by cell in the order of the runs. How a
raster is cut into strips of rows therefore changes no bit of a result.
"""

import numpy as np
from numpy.typing import NDArray

from gis_core.merge.kernels.compiled import kernel, part_of_kernel
from gis_core.merge.slopes import MIDDLING, STEEP, reduced_angle

_reduced_angle = part_of_kernel(reduced_angle)


@kernel
def add_values(
    run: NDArray[np.int64],
    fraction: NDArray[np.float64],
    values: NDArray[np.float64],
    row0: int,
    column0: int,
    cells: NDArray[np.int64],
    sums: NDArray[np.float64],
) -> None:
    """Add the values of the cells of runs to the sums of their shapes.

    Parameters
    ----------
    run, fraction
        (k, 4) shape, row, first column, column after the last; (k,) weight of each cell.
    values
        (rows, columns) of a block whose first cell is ``row0``, ``column0``; NaN for none.
    cells
        (n,) cells with a value, by shape; added to.
    sums
        (6, n) weight, first value, sum and sum of squares of the differences from it, each
        times the weight, lowest and highest value; added to.
    """
    covered, origin, total, squares, low, high = sums
    for k in range(len(run)):
        i, r, w = run[k, 0], run[k, 1] - row0, fraction[k]
        # In registers for the length of a run; the order of the additions is the same.
        n, first, weight = cells[i], origin[i], covered[i]
        added, squared, least, most = total[i], squares[i], low[i], high[i]
        for c in range(run[k, 2] - column0, run[k, 3] - column0):
            value = values[r, c]
            if np.isnan(value):
                continue
            if n == 0:
                first = value
            step = value - first
            n += 1
            weight += w
            added += w * step
            squared += w * (step * step)
            least = min(least, value)
            most = max(most, value)
        cells[i], origin[i], covered[i] = n, first, weight
        total[i], squares[i], low[i], high[i] = added, squared, least, most


@kernel
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
    """Add slope and aspect of the cells of runs, by Horn's 3 × 3, to the sums of their shapes.

    Parameters
    ----------
    values
        As for :func:`add_values`, but with one more cell on every side: ``values[0, 0]`` is the
        cell at ``row0 - 1``, ``column0 - 1``.
    inverse
        (4,) columns and rows per metre eastwards, then northwards: du/dx, dv/dx, du/dy, dv/dy.
    cells
        (n,) cells with a slope, by shape; added to.
    sums
        (5, n) weight, slope in degrees times weight, greatest slope, east and north component
        of the direction downhill times weight; added to.
    """
    covered, slope, steepest, east, north = sums
    for k in range(len(run)):
        i, r, w = run[k, 0], run[k, 1] - row0, fraction[k]
        for c in range(run[k, 2] - column0, run[k, 3] - column0):
            a, b, d = values[r, c], values[r, c + 1], values[r, c + 2]
            e, m, f = values[r + 1, c], values[r + 1, c + 1], values[r + 1, c + 2]
            g, h, j = values[r + 2, c], values[r + 2, c + 1], values[r + 2, c + 2]
            along = ((d + 2.0 * f + j) - (a + 2.0 * e + g)) / 8.0
            down = ((g + 2.0 * h + j) - (a + 2.0 * b + d)) / 8.0
            x = along * inverse[0] + down * inverse[1]
            y = along * inverse[2] + down * inverse[3]
            # The middle cell has no weight in the formula, but without it there is no slope.
            rise = np.sqrt(x * x + y * y) + (m - m)
            if np.isnan(rise):
                continue
            if rise > STEEP:
                angle = _reduced_angle(-1.0 / rise, 90.0)
            elif rise > MIDDLING:
                angle = _reduced_angle((rise - 1.0) / (rise + 1.0), 45.0)
            else:
                angle = _reduced_angle(rise, 0.0)
            cells[i] += 1
            covered[i] += w
            slope[i] += w * angle
            steepest[i] = max(steepest[i], angle)
            if rise > 0.0:
                east[i] -= w * (x / rise)
                north[i] -= w * (y / rise)


@kernel
def add_classes(
    run: NDArray[np.int64],
    fraction: NDArray[np.float64],
    column: NDArray[np.int64],
    row0: int,
    column0: int,
    amount: NDArray[np.float64],
) -> None:
    """Add the weights of the cells of runs to the class that each cell has.

    Parameters
    ----------
    column
        (rows, columns) of the block: column of ``amount`` that stands for the cell's class, -1
        for none.
    amount
        (n, classes) cells by shape and class; added to.
    """
    for k in range(len(run)):
        r = run[k, 1] - row0
        for c in range(run[k, 2] - column0, run[k, 3] - column0):
            which = column[r, c]
            if which >= 0:
                amount[run[k, 0], which] += fraction[k]
