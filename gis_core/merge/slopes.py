"""Slope and aspect of a height model by Horn's 3 × 3."""

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from gis_core.errors import QueryError

STEEP, MIDDLING = 2.414213562373095, 0.66
"""Rise above which an angle is taken from 90° down, and above which from 45° on."""


def slope_and_aspect(
    values: NDArray[np.floating], transform: Affine
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how steep each cell is and where it faces.

    Parameters
    ----------
    values
        (rows, columns) heights in metres, NaN where there is none.
    transform
        From (column, row) to metres eastwards and northwards; it may be turned.

    Returns
    -------
    slope : (rows, columns) float64
        Degrees from level, 0 to 90. NaN on the rim, and where the cell or one of its eight
        neighbours has no height.
    aspect : (rows, columns) float64
        Direction downhill in degrees clockwise from grid north, 0 to 360; NaN where there is no
        slope or the cell is level.

    Raises
    ------
    QueryError
        The transform has no inverse.

    Notes
    -----
    Source: B. K. P. Horn, Hill shading and the reflectance map, Proceedings of the IEEE 69(1),
    1981: central differences of three rows and columns, the middle one counted twice.

    Examples
    --------
    >>> plane = np.array([[3.0, 2.0, 1.0]] * 3)  # falls by 1 m per metre to the east
    >>> slope, aspect = slope_and_aspect(plane, Affine(1, 0, 0, 0, -1, 0))
    >>> slope[1, 1].round(9).item(), aspect[1, 1].item()
    (45.0, 90.0)
    """
    padded = np.pad(np.asarray(values, np.float64), 1, constant_values=np.nan)
    x, y = gradients(padded, cells_per_metre(transform))
    rise = np.sqrt(x * x + y * y)
    aspect = np.where(rise > 0, np.degrees(np.arctan2(-x, -y)) % 360.0, np.nan)
    return angles(rise), aspect


def angles(rise: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the angle of each rise per metre (0 or more) in degrees.

    By +, −, × and ÷ alone, which every machine and compiler rounds alike: with a library's
    arctangent, the compiled loops and numpy would differ in the last bit.

    Source: S. L. Moshier, Cephes, ``atan`` (1984); right to 2e-16.
    """
    steep, middling = rise > STEEP, rise > MIDDLING
    with np.errstate(divide="ignore", invalid="ignore"):
        x = np.where(steep, -1.0 / rise, np.where(middling, (rise - 1.0) / (rise + 1.0), rise))
    return reduced_angle(x, np.where(steep, 90.0, np.where(middling, 45.0, 0.0)))


def reduced_angle[T: (float, NDArray[np.float64])](x: T, base: T) -> T:
    """Return ``base`` degrees and the arctangent of ``x``, which lies between ±0.66."""
    z = x * x
    p = (((-0.8750608600031904 * z - 16.157537187333652) * z - 75.00855792314705) * z) - (
        122.88666844901361
    )
    p = p * z - 64.85021904942025
    q = (((z + 24.858464901423062) * z + 165.02700983169885) * z + 432.88106049129027) * z
    q = (q + 485.3903996359137) * z + 194.5506571482614
    return base + (x * (z * p / q) + x) * 57.29577951308232


def cells_per_metre(transform: Affine, metres: float = 1.0) -> NDArray[np.float64]:
    """Return (4,) du/dx, dv/dx, du/dy, dv/dy: columns and rows by metre east and north.

    Parameters
    ----------
    transform
        From (column, row) to coordinates.
    metres
        Length of one unit of the coordinates.
    """
    a, b, _, d, e, _ = transform[:6]
    size = (a * e - b * d) * metres
    if not np.isfinite(size) or size == 0:
        raise QueryError(f"the raster's transform {tuple(transform[:6])} has no inverse")
    return np.asarray(np.array([e, -d, -b, a]) / size)


def gradients(
    padded: NDArray[np.float64], inverse: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return rise by metre eastwards and northwards of all cells that have eight neighbours.

    ``padded`` is (rows + 2, columns + 2), the answers are (rows, columns).
    """
    z = padded
    along = (
        (z[:-2, 2:] + 2.0 * z[1:-1, 2:] + z[2:, 2:])
        - (z[:-2, :-2] + 2.0 * z[1:-1, :-2] + z[2:, :-2])
    ) / 8.0
    down = (
        (z[2:, :-2] + 2.0 * z[2:, 1:-1] + z[2:, 2:])
        - (z[:-2, :-2] + 2.0 * z[:-2, 1:-1] + z[:-2, 2:])
    ) / 8.0
    # The middle cell has no weight in the formula, but without it there is no slope.
    x = along * inverse[0] + down * inverse[1] + (z[1:-1, 1:-1] - z[1:-1, 1:-1])
    return x, along * inverse[2] + down * inverse[3]
