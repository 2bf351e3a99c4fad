"""Plausibility: whether positions can be true, and which usual mistake explains them if not."""

import warnings
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import pyproj
from numpy.typing import ArrayLike, NDArray
from pyproj.transformer import Transformer

from gis_core.crs_names import resolve_crs

Area = tuple[float, float, float, float]  # west, south, east, north in degrees

# What German municipalities deliver; tried in this order when positions look wrong.
_USUAL: Final = (25832, 25833, 25831, 4647, 5650, 4258, 31466, 31467, 31468, 31469, 3857)


class Verdict(StrEnum):
    """What a position looks like when held against the place where it should be."""

    INSIDE = "inside"
    SWAPPED = "swapped"
    PREFIXED = "prefixed"
    SHIFTED = "shifted"
    OUTSIDE = "outside"
    NOT_FINITE = "not_finite"


@dataclass(frozen=True, slots=True)
class Window:
    """Where positions of a municipality can plausibly be: a rectangle in metres."""

    xmin: float
    ymin: float
    xmax: float
    ymax: float

    def holds(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell which positions are in the rectangle, its edges included."""
        return (x >= self.xmin) & (x <= self.xmax) & (y >= self.ymin) & (y <= self.ymax)

    def judge(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.object_]:
        """Give each position a verdict, and each usual mistake its name.

        Parameters
        ----------
        x, y
            (n,) easting and northing in the window's CRS.

        Returns
        -------
        (n,) object, :class:`Verdict`
            ``swapped``: inside once x and y change places. ``prefixed``: inside once whole
            millions are taken off the easting (zone number as in 32325000, or a false
            easting of 2,500,000). ``shifted``: inside once a multiple of 500 km is (no
            false easting at all).

        Examples
        --------
        >>> krefeld = Window(320_000, 5_680_000, 342_000, 5_700_000)
        >>> [str(v) for v in krefeld.judge([32_325_000, 5_690_000], [5_690_000, 325_000])]
        ['prefixed', 'swapped']
        """
        x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        finite = np.isfinite(x) & np.isfinite(y)
        verdict = np.full(len(x), Verdict.OUTSIDE, dtype=object)
        millions = self._steps(x, 1e6)
        verdict[self.holds(x - self._steps(x, 5e5), y)] = Verdict.SHIFTED
        verdict[self.holds(x - millions, y) & (millions > 0)] = Verdict.PREFIXED
        verdict[self.holds(y, x)] = Verdict.SWAPPED
        verdict[self.holds(x, y)] = Verdict.INSIDE
        verdict[~finite] = Verdict.NOT_FINITE
        return verdict

    def _steps(self, x: NDArray[np.float64], step: float) -> NDArray[np.float64]:
        """Return the multiple of ``step`` that brings x nearest to the window; 60 at most."""
        middle = (self.xmin + self.xmax) / 2
        with np.errstate(invalid="ignore"):
            count = np.round((x - middle) / step)
            return np.asarray(np.where(np.abs(count) <= 60, count, 0) * step)

    def area_of_use(self, crs: str | int | pyproj.CRS) -> Area:
        """Return the window in degrees (west, south, east, north), to plan operations for."""
        system = resolve_crs(crs)
        to_degrees = Transformer.from_crs(system, system.geodetic_crs, always_xy=True)
        return to_degrees.transform_bounds(self.xmin, self.ymin, self.xmax, self.ymax)


@dataclass(frozen=True, slots=True)
class Guess:
    """A reference system under which most positions would lie in the window."""

    definition: str
    swapped: bool
    share: float


def guess_crs(
    x: ArrayLike, y: ArrayLike, window: Window, window_crs: str | int
) -> tuple[Guess, ...]:
    """Find the usual reference systems that would put positions into the window, best first.

    Meant for error messages: the operator decides, an import never does. The coarse
    operations are good enough to tell which system it is, so no grid is needed.

    Parameters
    ----------
    x, y
        (n,) coordinates as the file holds them.
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for code in _USUAL:
            carry = Transformer.from_crs(code, resolve_crs(window_crs), always_xy=True)
            for swapped, (first, second) in ((False, (x, y)), (True, (y, x))):
                inside = window.holds(*carry.transform(first, second))
                if inside.any():
                    found.append(Guess(f"EPSG:{code}", swapped, float(inside.mean())))
    return tuple(sorted(found, key=lambda guess: -guess.share))
