"""Position along a Hilbert curve: neighbours on the map become neighbours in the file."""

import numpy as np
from numpy.typing import NDArray

_ORDER = 31
_METRES = 2.0**25  # half the width of the covered square: every projected CRS in metres fits
_DEGREES = 512.0


def hilbert_position(
    x: NDArray[np.float64], y: NDArray[np.float64], *, geographic: bool = False
) -> NDArray[np.int64]:
    """Return the position of each point on one fixed Hilbert curve.

    The curve does not depend on the other points, so chunks can be numbered one by
    one and a feature keeps its place in the order from import to import.

    Parameters
    ----------
    x, y
        (n,) finite coordinates, metre (or degree when ``geographic``); cells are 3 cm
        (5e-7 degree) wide.

    Returns
    -------
    (n,) int64, 0 to 4**31 - 1.

    Notes
    -----
    O(31 n). Source: the bitwise walk of J. K. Lawder, "Calculation of mappings between
    one and n-dimensional values using the Hilbert space-filling curve" (2000), in its
    two-dimensional form: rotate or flip the quadrant, then descend.
    """
    half = _DEGREES if geographic else _METRES
    scaled = [np.floor((v + half) * (2**_ORDER / (2 * half))) for v in (x, y)]
    column, row = (np.clip(v, 0, 2**_ORDER - 1).astype(np.int64) for v in scaled)
    return _walk(column, row, order=_ORDER)


def _walk(column: NDArray[np.int64], row: NDArray[np.int64], *, order: int) -> NDArray[np.int64]:
    """Return the position of cells of a board with 2**order columns and rows."""
    position = np.zeros(len(column), dtype=np.int64)
    for level in range(order - 1, -1, -1):
        bit = np.int64(1) << level
        right = (column & bit) > 0
        upper = (row & bit) > 0
        quadrant = (3 * right.astype(np.int64)) ^ upper
        position = (position << 2) | quadrant
        # The quadrants at the lower edge are turned, so that the curve goes on without a jump.
        flip = right & ~upper
        below = bit - 1
        column, row = column & below, row & below
        column = np.where(flip, below - column, column)
        row = np.where(flip, below - row, row)
        column, row = np.where(upper, column, row), np.where(upper, row, column)
    return position
