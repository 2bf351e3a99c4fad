"""Cells of a raster as a picture: heights by colour and light, codes by colour."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int]
Picture = NDArray[np.uint8]

# From the low ground to the high: told apart by lightness, too, not by red and green alone.
_STOPS: tuple[Colour, ...] = (
    (62, 122, 112),
    (134, 173, 128),
    (222, 214, 152),
    (198, 148, 92),
    (138, 86, 62),
)
# Codes: Okabe and Ito's colours, chosen to be told apart by everybody.
_CODES: tuple[Colour, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
)
_UNKNOWN: Colour = (150, 150, 150)
_LIGHT_FROM, _LIGHT_UP = np.radians(315.0), np.radians(45.0)
_SHADOW = 0.5  # what is left of a colour where no light falls


@dataclass(frozen=True, slots=True)
class Ramp:
    """Colours by value, from ``low`` to ``high``; what lies beyond has the colour of the end."""

    low: float
    high: float

    def steps(self) -> tuple[tuple[float, Colour], ...]:
        """Return the values at which a colour is pure, from the lowest, with their colours."""
        values = np.linspace(self.low, self.high, len(_STOPS)).tolist()
        return tuple(zip(values, _STOPS, strict=True))

    def colours(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (…, 3) colours, 0 to 255, of (…) values."""
        at = np.linspace(self.low, self.high, len(_STOPS))
        bands = [np.interp(values, at, band) for band in np.array(_STOPS, dtype=float).T]
        return np.stack(bands, axis=-1)


def relief(heights: NDArray[np.float64], dx: float, dy: float, ramp: Ramp) -> Picture:
    """Paint heights: colour by height, light from the north-west.

    Parameters
    ----------
    heights
        (rows + 2, columns + 2) in the unit of ``dx``, NaN where there is none; the outermost are
        not painted, so that pictures side by side fit together.
    dx, dy
        Width and height of a cell on the ground.

    Returns
    -------
    (rows, columns, 4) red, green, blue, opacity.

    Notes
    -----
    Slopes are drawn steeper the coarser the cells are, as large cells even them out; that depends
    on the size of the cells only, so that pictures of one size agree.
    """
    painted = heights[1:-1, 1:-1]
    filled = ~np.isnan(painted)
    light = _light(heights, dx, dy)
    colours = ramp.colours(np.where(filled, painted, ramp.low))
    return _picture(colours * (_SHADOW + (1 - _SHADOW) * light)[..., None], filled)


def code_colours(codes: Mapping[int, object]) -> dict[int, Colour]:
    """Return a colour for each code, by the order of the codes."""
    return {code: _CODES[i % len(_CODES)] for i, code in enumerate(sorted(codes))}


def classes(codes: NDArray[np.float64], colours: Mapping[int, Colour]) -> Picture:
    """Paint (rows, columns) codes by their colours, an unknown one grey; NaN is none."""
    filled = ~np.isnan(codes)
    painted = np.full((*codes.shape, 3), _UNKNOWN, dtype=float)
    for code, colour in colours.items():
        painted[codes == code] = colour
    return _picture(painted, filled)


def on_background(picture: Picture, background: Colour, *, opaque: bool) -> Picture:
    """Return a picture with a colour where nothing was painted, seen or seen through."""
    bare = picture[..., 3] == 0
    laid = picture.copy()
    laid[bare] = (*background, 255 if opaque else 0)
    return laid


def _light(heights: NDArray[np.float64], dx: float, dy: float) -> NDArray[np.float64]:
    """Return (rows, columns) how bright the ground is, 0 to 1 (Horn 1981), level ground 0.85."""
    steeper = 2.0 * np.sqrt(max(1.0, (dx + dy) / 2))
    east = np.nan_to_num(heights[1:-1, 2:] - heights[1:-1, :-2]) * steeper / (2 * dx)
    south = np.nan_to_num(heights[2:, 1:-1] - heights[:-2, 1:-1]) * steeper / (2 * dy)
    # The way to the light: east, north, up; the ground's upward normal is (-east, south, 1).
    to_east = np.sin(_LIGHT_FROM) * np.cos(_LIGHT_UP)
    to_north = np.cos(_LIGHT_FROM) * np.cos(_LIGHT_UP)
    up = np.sin(_LIGHT_UP)
    bright = (-east * to_east + south * to_north + up) / np.sqrt(1 + east**2 + south**2)
    light: NDArray[np.float64] = np.clip(bright / up * 0.85, 0.0, 1.0)
    return light


def _picture(colours: NDArray[np.float64], filled: NDArray[np.bool_]) -> Picture:
    picture = np.zeros((*filled.shape, 4), dtype=np.uint8)
    picture[..., :3] = np.clip(np.rint(colours), 0, 255)
    picture[..., 3] = 255
    picture[~filled] = 0
    return picture
