"""Which cells of a raster belong to which shape: by the fraction of the cell that it covers."""

import numpy as np
from numpy.typing import NDArray

from gis_core.merge.kernels.compiled import kernel

ROOM = 1 << 16
"""Cells that one shape is drawn on at a time: 1 MiB, whatever the shape's size."""

NOTHING = 1e-12
"""Fraction below which a cell counts as not covered, and the same short of one as whole."""


@kernel
def covered_runs(
    uv: NDArray[np.float64],
    ring: NDArray[np.int64],
    sense: NDArray[np.int8],
    shape: NDArray[np.int64],
    extent: NDArray[np.int64],
    asked: NDArray[np.int64],
    window: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the runs of cells that a shape covers, with the fraction of each cell.

    Parameters
    ----------
    uv, ring, shape, extent, asked, window
        As for :func:`gis_core.merge.kernels.cells.centre_runs`.
    sense
        (r,) +1 where the ring bounds covered ground on its left in (u, v), -1 where on its
        right, 0 where it bounds none.

    Returns
    -------
    run : (m, 4) int64
        Shape, row, first column, column after the last.
    fraction : (m,) float64
        Of each cell of the run, above 0 and at most 1; all whole cells side by side are one run.

    Notes
    -----
    What font renderers do: within a row an edge adds to each cell that it passes the height of
    its piece there (*cover*, it counts for all cells further right) and the part of that cell
    right of the piece (*area*); sums along the row give the fractions, exact but for rounding.
    Source: R. Levien, font-rs (2016), after D. Turner, FreeType's smooth rasterizer.
    O(edges + cells passed + cells between the outermost of them in a row).
    """
    runs = np.empty((1024, 4), np.int64)
    fraction = np.empty(1024)
    n = 0
    cells = np.zeros((ROOM, 2))
    for i in asked:
        c0 = max(extent[i, 2], window[2])
        c1 = min(extent[i, 3], window[3])
        r0 = max(extent[i, 0], window[0])
        r1 = min(extent[i, 1], window[1])
        if c1 <= c0 or r1 <= r0:
            continue
        width = c1 - c0
        if len(cells) < width:
            cells = np.zeros((width, 2))
        rows = min(len(cells) // width, r1 - r0)
        low = np.empty(rows, np.int64)
        high = np.empty(rows, np.int64)
        for top in range(r0, r1, rows):
            end = min(top + rows, r1)
            low[:] = width
            high[:] = -1
            for k in range(shape[i], shape[i + 1]):
                if sense[k] == 0:
                    continue
                for at in range(ring[k], ring[k + 1] - 1):
                    _draw_edge(uv, at, sense[k], top, end, c0, c1, cells, low, high)
            for r in range(top, end):
                line = cells[(r - top) * width : (r - top + 1) * width]
                while n + width > len(runs):
                    runs = np.concatenate((runs, np.empty_like(runs)))
                    fraction = np.concatenate((fraction, np.empty_like(fraction)))
                n = _sweep(i, r, c0, low[r - top], high[r - top], line, runs, fraction, n)
    return runs[:n].copy(), fraction[:n].copy()


@kernel
def _draw_edge(
    uv: NDArray[np.float64],
    at: int,
    sense: int,
    top: int,
    end: int,
    c0: int,
    c1: int,
    cells: NDArray[np.float64],
    low: NDArray[np.int64],
    high: NDArray[np.int64],
) -> None:
    """Add an edge's pieces in rows ``top`` to ``end``; what is left of ``c0`` counts there."""
    u1, v1, u2, v2 = uv[at, 0], uv[at, 1], uv[at + 1, 0], uv[at + 1, 1]
    sign = -sense
    if v1 > v2:
        u1, v1, u2, v2 = u2, v2, u1, v1
        sign = sense
    first = np.int64(max(np.floor(v1), top))
    last = np.int64(min(np.ceil(v2), end))
    if v1 == v2 or last <= first or min(u1, u2) >= c1:
        return
    width = c1 - c0
    lean = (u2 - u1) / (v2 - v1)
    for r in range(first, last):
        # Both neighbouring rows compute the crossing of their common line in the same way.
        a = v1 if v1 > r else np.float64(r)
        b = v2 if v2 < r + 1 else np.float64(r + 1)
        ua = u1 if v1 > r else u1 + (a - v1) * lean
        ub = u2 if v2 < r + 1 else u1 + (b - v1) * lean
        if ua > ub:
            ua, ub = ub, ua
        line = cells[(r - top) * width : (r - top + 1) * width]
        c = np.int64(min(max(np.floor(ua), c0), c1))
        stop = np.int64(min(max(np.floor(ub), c0), c1 - 1))
        if c <= stop:
            low[r - top] = min(low[r - top], c - c0)
            high[r - top] = max(high[r - top], stop - c0)
        _draw_piece(line, c0, c, stop, ua, ub, sign * (b - a))


@kernel
def _draw_piece(
    line: NDArray[np.float64],
    c0: int,
    c: np.int64,
    stop: np.int64,
    ua: float,
    ub: float,
    height: float,
) -> None:
    """Share out one row's piece of an edge, ``ua`` to ``ub``, to columns ``c`` to ``stop``."""
    if ub - ua < 1e-300:
        if c <= stop:
            line[c - c0, 0] += height * (1.0 - max(ua - c, 0.0))
            line[c - c0, 1] += height
        return
    if ua < c0:
        # Left of the window: it counts for the first column and all after it.
        part = height * ((min(ub, np.float64(c0)) - ua) / (ub - ua))
        line[0, 0] += part
        line[0, 1] += part
        if ub <= c0:
            return
        height, ua = height - part, np.float64(c0)
    whole = ub - ua
    done = 0.0
    left = ua
    for k in range(c, stop + 1):
        right = min(ub, np.float64(k + 1))
        upto = height if right == ub else height * ((right - ua) / whole)
        part = upto - done
        line[k - c0, 0] += part * (1.0 - (0.5 * (left + right) - k))
        line[k - c0, 1] += part
        done = upto
        left = right


@kernel
def _sweep(
    shape: int,
    row: int,
    c0: int,
    low: int,
    high: int,
    line: NDArray[np.float64],
    runs: NDArray[np.int64],
    fraction: NDArray[np.float64],
    n: int,
) -> int:
    """Turn the sums of one row into runs and wipe them; return the number of runs so far."""
    cover = 0.0
    whole = False  # the last run is one of whole cells that ends at this one
    for c in range(low, len(line)):
        if c > high and cover <= NOTHING:
            break  # else an edge further right than the window closes the shape
        part = cover + line[c, 0]
        cover += line[c, 1]
        line[c, 0] = 0.0
        line[c, 1] = 0.0
        if part <= NOTHING:
            whole = False
            continue
        if part >= 1.0 - NOTHING:
            if whole:
                runs[n - 1, 3] = c0 + c + 1
                continue
            part = 1.0
            whole = True
        else:
            whole = False
        runs[n, 0], runs[n, 1], runs[n, 2], runs[n, 3] = shape, row, c0 + c, c0 + c + 1
        fraction[n] = part
        n += 1
    return n
