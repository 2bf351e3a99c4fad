"""How far shapes reach across slanting lines: most shapes whose boxes meet are told apart by it.

Beside its box, which bounds x and y, a shape has bounds of x + y, x - y, 2x + y, x + 2y, 2x - y
and x - 2y. Twice a number is exact and a sum is rounded once, and rounding never puts a larger
number before a smaller one. So shapes that these bounds part are apart in truth.

Source: discrete orientation polytopes, Klosowski et al. (1998).
"""

import numpy as np
from numpy.typing import NDArray

from gis_core.merge.kernels.compiled import kernel, part_of_kernel

SLANTS = 6


@part_of_kernel
def _across(x: float, y: float) -> tuple[float, float, float, float, float, float]:
    return x + y, x - y, 2.0 * x + y, x + 2.0 * y, 2.0 * x - y, x - 2.0 * y


@kernel
def slants_of(
    xy: NDArray[np.float64], ring: NDArray[np.int64], shape: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return (n, 12) the least, then the largest value across each slant; NaN without vertices."""
    bounds = np.full((len(shape) - 1, 2 * SLANTS), np.nan)
    for i in range(len(shape) - 1):
        begin, end = ring[shape[i]], ring[shape[i + 1]]
        if begin == end:
            continue
        a0, b0, c0, d0, e0, f0 = _across(xy[begin, 0], xy[begin, 1])
        a1, b1, c1, d1, e1, f1 = a0, b0, c0, d0, e0, f0
        for v in range(begin + 1, end):
            a, b, c, d, e, f = _across(xy[v, 0], xy[v, 1])
            a0, b0, c0 = min(a0, a), min(b0, b), min(c0, c)
            d0, e0, f0 = min(d0, d), min(e0, e), min(f0, f)
            a1, b1, c1 = max(a1, a), max(b1, b), max(c1, c)
            d1, e1, f1 = max(d1, d), max(e1, e), max(f1, f)
        low, high = (a0, b0, c0, d0, e0, f0), (a1, b1, c1, d1, e1, f1)
        for k in range(SLANTS):
            bounds[i, k], bounds[i, SLANTS + k] = low[k], high[k]
    return bounds


@part_of_kernel
def apart(a: NDArray[np.float64], i: int, b: NDArray[np.float64], j: int) -> bool:
    """Return whether a slant parts two shapes, so that they have not even a point in common."""
    parted = False
    for k in range(SLANTS):
        parted |= (a[i, SLANTS + k] < b[j, k]) | (b[j, SLANTS + k] < a[i, k])
    return parted


@part_of_kernel
def out_of_reach(x: float, y: float, far: float, b: NDArray[np.float64], j: int) -> bool:
    """Return whether a slant parts a shape from all places at most ``far`` metres from one."""
    # The steepest slants grow by the root of five a metre; the rest is for what rounding takes.
    room = 2.24 * far + (abs(x) + abs(y)) * 1e-15 if far > 0.0 else 0.0
    at = _across(x, y)
    parted = False
    for k in range(SLANTS):
        parted |= (at[k] + room < b[j, k]) | (at[k] - room > b[j, SLANTS + k])
    return parted
