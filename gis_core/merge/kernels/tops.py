"""Where a shape that is clipped to a box reaches through its top, the top is an edge."""

import numpy as np
from numpy.typing import NDArray

from gis_core.merge.kernels.compiled import kernel

_FEW = 32  # passages that are sorted by moving them


@kernel
def through_top(cut: NDArray[np.float64], tops: int, x: float, count: float) -> int:
    """Note where an edge passes the top, in the last rows of the table."""
    cut[tops - 1, 0], cut[tops - 1, 1] = x, count
    return tops - 1


@kernel
def _sort_tops(cut: NDArray[np.float64], tops: int) -> None:
    """Sort the last rows of the table by x; a few, as mostly, by moving them."""
    if len(cut) - tops > _FEW:
        row = cut[tops:, :2].copy()
        order = np.argsort(row[:, 0])
        for k in range(len(order)):
            cut[tops + k, 0], cut[tops + k, 1] = row[order[k], 0], row[order[k], 1]
        return
    for k in range(tops + 1, len(cut)):
        x, count, at = cut[k, 0], cut[k, 1], k
        while at > tops and cut[at - 1, 0] > x:
            cut[at, 0], cut[at, 1] = cut[at - 1, 0], cut[at - 1, 1]
            at -= 1
        cut[at, 0], cut[at, 1] = x, count


@kernel
def cover_tops(
    cut: NDArray[np.float64], m: int, tops: int, above: float, wide: float, high: float
) -> int:
    """Add an edge along the top of the box wherever the shape reaches through it.

    At a vertex above the box one edge ends and the next begins, which cancels: so what passes
    over the box changes only where edges pass through its top.
    """
    _sort_tops(cut, tops)
    left, count = 0.0, above
    for t in range(tops, len(cut)):
        x, change = cut[t, 0], cut[t, 1]
        if count != 0.0 and left < x:
            m = put(cut, m, left, x, high, 0.0, count)
        left, count = x, count + change
    if count != 0.0 and left < wide:
        m = put(cut, m, left, wide, high, 0.0, count)
    return m


@kernel
def put(
    table: NDArray[np.float64], row: int, a: float, b: float, c: float, d: float, e: float
) -> int:
    """Fill a row and return the next; faster than setting the row to a tuple."""
    table[row, 0] = a
    table[row, 1] = b
    table[row, 2] = c
    table[row, 3] = d
    table[row, 4] = e
    return row + 1
