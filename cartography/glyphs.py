"""Lettering for maps on a screen: the letters of the embedded typeface as distance fields.

Source: the glyph format of MapLibre GL (protocol buffers of "fontnik"): 24 px to the em, three
pixels around each letter, a distance of 8 px over the 256 values, the outline at 191.
"""

from functools import cache, lru_cache

import numpy as np
from fontTools.pens.basePen import BasePen
from fontTools.ttLib import TTFont
from numpy.typing import NDArray

from cartography.distance import lattice, to_segments, within
from cartography.typeface import FAMILY, FONT_FOLDER, Face, metrics
from gis_core.mvt.protobuf import block, number, varint, varint_sizes, varints, zigzag

RANGE = 256
"""Code points of one answer."""

_EM_PX = 24
_AROUND_PX = 3
_REACH_PX = 8
_INSIDE = 0.25  # part of the values that is left for what is outside
_CURVE_STEPS = 4
# Clients take the base line to lie this far below the top of a line, less the letter's own top.
_BASE_LINE_PX = 17

Segments = NDArray[np.float64]


def stacks() -> dict[str, Face]:
    """Return the faces by the name under which a style asks for them."""
    return {f"{FAMILY} {face}": face for face in Face}


@lru_cache(maxsize=64)
def glyph_range(face: Face, first: int) -> bytes:
    """Return the letters from a code point on as clients read them; 0.2 s at most.

    Parameters
    ----------
    first
        A multiple of `RANGE`.
    """
    codes = [c for c in range(first, first + RANGE) if c in metrics(face).advance]
    with TTFont(FONT_FOLDER / f"FlurbuchSans-{face}.ttf", lazy=True) as font:
        glyphs = b"".join(block(3, _glyph(font, face, code)) for code in codes)
    name = block(1, f"{FAMILY} {face}".encode())
    span = block(2, f"{first}-{first + RANGE - 1}".encode())
    return block(1, name + span + glyphs)


def _glyph(font: TTFont, face: Face, code: int) -> bytes:
    advance = round(metrics(face).advance[code] * _EM_PX)
    start, end = _outline(font, code)
    if not len(start):
        return b"".join(
            (number(1, code), *(number(field, 0) for field in (3, 4, 5, 6)), number(7, advance))
        )
    low = np.floor(np.minimum(start, end).min(axis=0)).astype(int)
    high = np.ceil(np.maximum(start, end).max(axis=0)).astype(int)
    width, height = (high - low).tolist()
    field = _field(start, end, (int(low[0]), int(high[1])), width, height)
    return b"".join(
        (
            number(1, code),
            block(2, field),
            number(3, width),
            number(4, height),
            _signed(5, int(low[0])),
            _signed(6, int(high[1]) - _ascent(face)),
            number(7, advance),
        )
    )


def _field(
    start: Segments, end: Segments, corner: tuple[int, int], width: int, height: int
) -> bytes:
    """Return the distances of a letter and its surroundings, row by row from the top."""
    point = lattice(width + 2 * _AROUND_PX, height + 2 * _AROUND_PX) - _AROUND_PX
    point = np.stack([corner[0] + point[:, 0], corner[1] - point[:, 1]], axis=-1)
    distance = to_segments(point, start, end)
    distance[within(point, start, end)] *= -1
    value = 255 * (1 - _INSIDE - distance / _REACH_PX)
    return bytes(np.clip(np.round(value), 0, 255).astype(np.uint8))


@cache
def _ascent(face: Face) -> int:
    """Return the ascent with which digits stand in the middle of their line, px."""
    return round(_BASE_LINE_PX + metrics(face).digit_height * _EM_PX / 2)


def _signed(field: int, value: int) -> bytes:
    coded = zigzag(np.array([value]))
    return varint(field << 3) + varints(coded, varint_sizes(coded)).tobytes()


def _outline(font: TTFont, code: int) -> tuple[Segments, Segments]:
    """Return a letter's outline as segments, px, y upwards; closed."""
    shapes = font.getGlyphSet()
    pen = _Segments(shapes, _EM_PX / font["head"].unitsPerEm)
    shapes[font.getBestCmap()[code]].draw(pen)
    if not pen.start:
        return np.empty((0, 2)), np.empty((0, 2))
    return np.array(pen.start), np.array(pen.end)


class _Segments(BasePen):  # type: ignore[misc]  # fontTools is not typed
    """Takes down an outline as straight segments."""

    def __init__(self, shapes: object, scale: float) -> None:
        super().__init__(shapes)
        self.scale = scale
        self.start: list[tuple[float, float]] = []
        self.end: list[tuple[float, float]] = []
        self._first = self._last = (0.0, 0.0)

    def _moveTo(self, pt: tuple[float, float]) -> None:  # noqa: N802  # fontTools' own name
        self._first = self._last = self._scaled(pt)

    def _lineTo(self, pt: tuple[float, float]) -> None:  # noqa: N802  # fontTools' own name
        self._to(self._scaled(pt))

    def _qCurveToOne(  # noqa: N802  # fontTools' own name
        self, pt1: tuple[float, float], pt2: tuple[float, float]
    ) -> None:
        (x0, y0), (x1, y1), (x2, y2) = self._last, self._scaled(pt1), self._scaled(pt2)
        for i in range(1, _CURVE_STEPS + 1):
            t = i / _CURVE_STEPS
            a, b, c = (1 - t) ** 2, 2 * t * (1 - t), t**2
            self._to((a * x0 + b * x1 + c * x2, a * y0 + b * y1 + c * y2))

    def _closePath(self) -> None:  # noqa: N802  # fontTools' own name
        if self._last != self._first:
            self._to(self._first)

    def _scaled(self, pt: tuple[float, float]) -> tuple[float, float]:
        return pt[0] * self.scale, pt[1] * self.scale

    def _to(self, pt: tuple[float, float]) -> None:
        self.start.append(self._last)
        self.end.append(pt)
        self._last = pt
