"""Which cells of a raster belong to which shape: by their centre.

Shapes come in pixel coordinates: u grows along the columns, v along the rows, and the centre of
the cell in row r and column c is (c + ½, r + ½). Answers are runs, rows of (shape, row, first
column, column after the last), sorted in the order of the shapes asked for, then by row, then by
column. Each run is a function of its shape and the columns of the window alone.
"""

import numpy as np
from numpy.typing import NDArray

from gis_core.merge.kernels.compiled import kernel

ROOM = 1 << 18
"""Cells that one shape is marked on at a time: 256 KiB of marks, whatever the shape's size."""


@kernel
def centre_runs(
    uv: NDArray[np.float64],
    ring: NDArray[np.int64],
    shape: NDArray[np.int64],
    extent: NDArray[np.int64],
    asked: NDArray[np.int64],
    window: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the runs of cells whose centre lies in a shape.

    Parameters
    ----------
    uv
        (v, 2) vertices in pixel coordinates.
    ring, shape
        (r + 1,) and (n + 1,) offsets of rings into ``uv`` and of shapes into the rings.
    extent
        (n, 4) first row, row after the last, first column, column after the last that the
        shape's box can own.
    asked
        (k,) shapes wanted.
    window
        (4,) rows and columns looked at, in the form of ``extent``.

    Returns
    -------
    (m, 4) int64
        Shape, row, first column, column after the last.

    Notes
    -----
    Every edge marks, in each row whose centre line it crosses, the first cell whose centre is
    at or right of the crossing; walking along a row, each mark turns inside and outside. An
    edge owns the lines from its upper end to just above its lower one, and a crossing is
    computed from the upper end down, so that two shapes with a common edge mark the same cell:
    it belongs to exactly one of them. O(edges + lines crossed + cells between the outermost
    marks of a row).
    """
    runs = np.empty((1024, 4), np.int64)
    n = 0
    mark = np.zeros(ROOM, np.bool_)
    for i in asked:
        c0 = max(extent[i, 2], window[2])
        c1 = min(extent[i, 3], window[3])
        r0 = max(extent[i, 0], window[0])
        r1 = min(extent[i, 1], window[1])
        if c1 <= c0 or r1 <= r0:
            continue
        width = c1 - c0 + 1
        if len(mark) < width:
            mark = np.zeros(width, np.bool_)
        rows = min(len(mark) // width, r1 - r0)
        low = np.empty(rows, np.int64)
        high = np.empty(rows, np.int64)
        for top in range(r0, r1, rows):
            end = min(top + rows, r1)
            low[:] = width
            high[:] = -1
            for k in range(shape[i], shape[i + 1]):
                for at in range(ring[k], ring[k + 1] - 1):
                    _mark_edge(uv, at, top, end, c0, c1, mark, low, high)
            for r in range(top, end):
                if n + width > len(runs):
                    runs = _longer(runs, n + width)
                line = mark[(r - top) * width : (r - top + 1) * width]
                n = _sweep(i, r, c0, low[r - top], high[r - top], line, runs, n)
    return runs[:n].copy()


@kernel
def _mark_edge(
    uv: NDArray[np.float64],
    at: int,
    top: int,
    end: int,
    c0: int,
    c1: int,
    mark: NDArray[np.bool_],
    low: NDArray[np.int64],
    high: NDArray[np.int64],
) -> None:
    """Turn the mark of the first cell right of each crossing of rows ``top`` to ``end``."""
    u1, v1, u2, v2 = uv[at, 0], uv[at, 1], uv[at + 1, 0], uv[at + 1, 1]
    if v1 > v2:
        u1, v1, u2, v2 = u2, v2, u1, v1
    first = np.int64(max(np.ceil(v1 - 0.5), top))
    last = np.int64(min(np.ceil(v2 - 0.5), end))
    if last <= first:
        return
    width = c1 - c0 + 1
    lean = (u2 - u1) / (v2 - v1)
    left, right = min(u1, u2), max(u1, u2)
    for r in range(first, last):
        u = min(max(u1 + (r + 0.5 - v1) * lean, left), right)
        c = np.int64(min(max(np.ceil(u - 0.5), c0), c1)) - c0
        place = (r - top) * width + c
        mark[place] = not mark[place]
        low[r - top] = min(low[r - top], c)
        high[r - top] = max(high[r - top], c)


@kernel
def _sweep(
    shape: int,
    row: int,
    c0: int,
    low: int,
    high: int,
    line: NDArray[np.bool_],
    runs: NDArray[np.int64],
    n: int,
) -> int:
    """Turn the marks of one row into runs and wipe them; return the number of runs so far."""
    inside = False
    start = low
    for c in range(low, high + 1):
        if not line[c]:
            continue
        line[c] = False
        if inside:
            runs[n, 0], runs[n, 1], runs[n, 2], runs[n, 3] = shape, row, c0 + start, c0 + c
            n += 1
        inside = not inside
        start = c
    return n


@kernel
def _longer(runs: NDArray[np.int64], least: int) -> NDArray[np.int64]:
    """Return the runs in an array at least that long, and twice as long as before."""
    longer = np.empty((max(least, 2 * len(runs)), 4), np.int64)
    longer[: len(runs)] = runs
    return longer
