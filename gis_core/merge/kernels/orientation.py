"""On which side of a line a point lies: decided exactly, at the price of a float in most cases.

Source: Shewchuk, Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric
Predicates, Discrete & Computational Geometry 18 (1997): the static bound of section 4.3, the
expansions of section 2. Exact unless a product leaves the range of a float (coordinates of
magnitude 1e-140 to 1e140, or 0). Rests on IEEE 754 rounding of each single operation; kernels
are compiled without fused and reordered arithmetic for this reason.
"""

import numpy as np
from numpy.typing import NDArray

from gis_core.merge.kernels.compiled import kernel

_HALF_ULP = 2.0**-53
BOUND = (3.0 + 16.0 * _HALF_ULP) * _HALF_ULP
"""Of the sum of both products' sizes: a larger difference has the right sign."""

_SPLITTER = 2.0**27 + 1.0


@kernel
def orientation(ax: float, ay: float, bx: float, by: float, cx: float, cy: float) -> int:
    """Return 1 where a, b, c turn left, -1 where they turn right, 0 where they are in line."""
    left = (ax - cx) * (by - cy)
    right = (ay - cy) * (bx - cx)
    turn = left - right
    bound = BOUND * (abs(left) + abs(right))
    if turn > bound:
        return 1
    if -turn > bound:
        return -1
    return _exact(ax, ay, bx, by, cx, cy)


@kernel
def _exact(ax: float, ay: float, bx: float, by: float, cx: float, cy: float) -> int:
    """Return the sign of the determinant multiplied out: six products, each a sum of two floats.

    They are added to an expansion: floats that do not overlap, from small to large, whose sum
    is the exact value. Its sign is that of the largest one that is not 0.
    """
    expansion = np.zeros(12)
    size = 0
    size = _add_product(expansion, size, ax, by)
    size = _add_product(expansion, size, -ay, bx)
    size = _add_product(expansion, size, bx, cy)
    size = _add_product(expansion, size, -by, cx)
    size = _add_product(expansion, size, cx, ay)
    size = _add_product(expansion, size, -cy, ax)
    for k in range(size - 1, -1, -1):
        if expansion[k] != 0.0:
            return 1 if expansion[k] > 0.0 else -1
    return 0


@kernel
def _add_product(expansion: NDArray[np.float64], size: int, a: float, b: float) -> int:
    """Add a * b to the expansion; return its new size."""
    high, low = two_product(a, b)
    size = _grow(expansion, size, low)
    return _grow(expansion, size, high)


@kernel
def _grow(expansion: NDArray[np.float64], size: int, b: float) -> int:
    rest = b
    for k in range(size):
        rest, expansion[k] = two_sum(rest, expansion[k])
    expansion[size] = rest
    return size + 1


@kernel
def two_sum(a: float, b: float) -> tuple[float, float]:
    """Return the rounded sum and what the rounding lost."""
    total = a + b
    b_part = total - a
    a_part = total - b_part
    return total, (a - a_part) + (b - b_part)


@kernel
def two_product(a: float, b: float) -> tuple[float, float]:
    """Return the rounded product and what the rounding lost."""
    product = a * b
    a_high, a_low = _split(a)
    b_high, b_low = _split(b)
    lost = product - a_high * b_high
    lost -= a_low * b_high
    lost -= a_high * b_low
    return product, a_low * b_low - lost


@kernel
def _split(a: float) -> tuple[float, float]:
    """Return two halves of at most 26 bits that add up to a."""
    c = _SPLITTER * a
    high = c - (c - a)
    return high, a - high
