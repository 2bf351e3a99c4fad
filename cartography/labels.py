"""Where a label may stand: boxes, and the map of what is already taken.

Everything is in millimetres of the map frame. A label is a rectangle around a
centre, turned by an angle; it is placed only where geometry proves that it fits.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import cos, pi, sin

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from cartography.drawing import Lines, Text, Texts
from cartography.style import Letter
from cartography.typeface import metrics

CLEARANCE = 0.25
"""White space kept around every label, mm."""
BAR = 0.15
"""Thickness of the fraction bar, mm."""
_BAR_GAP = 0.16
"""Space between the bar and the digits, em."""

_STEEPEST = pi * 105 / 180

Array = NDArray[np.float64]

_CORNERS = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)], dtype=float)


class Way(StrEnum):
    """How a reader finds the parcel that a number belongs to."""

    INSIDE = "inside"
    ARROW = "arrow"
    INDEX = "index"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Label:
    """A label that has found its place.

    Attributes
    ----------
    row
        Position of what it names in its scene table (parcel, building, street).
    lines
        One line, or numerator and denominator.
    x, y
        Centre, mm.
    angle
        Radian, counter-clockwise; see `upright`.
    em
        Size of the letters, mm.
    letter
        Its lettering.
    arrow
        Ends of the arrow, label first, or None.
    """

    row: int
    lines: tuple[str, ...]
    x: float
    y: float
    em: float
    letter: Letter
    angle: float = 0.0
    arrow: tuple[tuple[float, float], tuple[float, float]] | None = None

    @property
    def box(self) -> Polygon:
        """The rectangle that the letters and the bar stay within, without clearance."""
        half = half_size(self.lines, self.letter, self.em)
        box: Polygon = boxes(np.array([[self.x, self.y]]), half, np.array([self.angle]))[0]
        return box

    def texts(self) -> tuple[Text, ...]:
        """Return the runs of letters with the start of their base lines."""
        face = metrics(self.letter.face)
        if len(self.lines) == 1:
            rises = [-_line_height(self.lines[0], self.letter)[2] * self.em]
        else:
            gap = _BAR_GAP * self.em + BAR / 2
            rises = [gap, -gap - face.digit_height * self.em]
        return tuple(
            self._text(line, -face.width(line) * self.em / 2, rise)
            for line, rise in zip(self.lines, rises, strict=True)
        )

    def _text(self, line: str, right: float, up: float) -> Text:
        c, s = cos(self.angle), sin(self.angle)
        x, y = self.x + right * c - up * s, self.y + right * s + up * c
        return Text(line, x, y, self.em, self.angle, self.letter.face, self.letter.colour)

    def bar(self) -> tuple[tuple[float, float], tuple[float, float]] | None:
        """Return the ends of the fraction bar; None for a plain number."""
        if len(self.lines) == 1:
            return None
        half = max(metrics(self.letter.face).width(line) for line in self.lines) * self.em / 2
        dx, dy = half * cos(self.angle), half * sin(self.angle)
        return (self.x - dx, self.y - dy), (self.x + dx, self.y + dy)


def _line_height(line: str, letter: Letter) -> tuple[float, float, float]:
    """Return reach above and below the base line and the middle of both, em."""
    face = metrics(letter.face)
    if line.isdigit():
        return face.digit_height, 0.0, face.digit_height / 2
    return face.ascent, face.descent, (face.ascent - face.descent) / 2


def half_size(lines: Sequence[str], letter: Letter, em: float) -> Array:
    """Return half the width and half the height of a label in mm, as a (2,) array."""
    face = metrics(letter.face)
    width = max(face.width(line) for line in lines) * em
    if len(lines) == 1:
        up, down, _ = _line_height(lines[0], letter)
        height = (up + down) * em
    else:
        height = 2 * (face.digit_height + _BAR_GAP) * em + BAR
    # an italic's last letter leans out of its advance
    return np.array([width / 2 + 0.03 * em, height / 2])


def boxes(
    centre: Array, half: Array, angle: Array, *, clearance: float = 0.0
) -> NDArray[np.object_]:
    """Build label rectangles.

    Parameters
    ----------
    centre
        (n, 2) centres, mm.
    half
        (2,) or (n, 2) half widths and heights, mm.
    angle
        (n,) radian.
    clearance
        Added on every side, mm.

    Returns
    -------
    (n,) polygons.
    """
    half = np.broadcast_to(half, (len(centre), 2)) + clearance
    offset = _CORNERS[None, :, :] * half[:, None, :]
    c, s = np.cos(angle)[:, None], np.sin(angle)[:, None]
    corners = np.stack(
        [
            centre[:, None, 0] + offset[..., 0] * c - offset[..., 1] * s,
            centre[:, None, 1] + offset[..., 0] * s + offset[..., 1] * c,
        ],
        axis=-1,
    )
    return np.asarray(shapely.polygons(corners), dtype=object)


def upright(angle: float) -> float:
    """Turn a direction into the reading direction: from below or from the right.

    Steep lettering rises, so that a sheet is turned one way only: the result is
    more than -75° and at most 105°.

    Examples
    --------
    >>> round(upright(3.0), 4), round(upright(-1.5), 4)
    (-0.1416, 1.6416)
    """
    turned = angle % pi
    return turned - pi if turned > _STEEPEST else turned


def long_axis(geometry: BaseGeometry) -> float:
    """Return the direction of the longer side of the smallest rectangle around a shape."""
    ring = shapely.get_coordinates(shapely.oriented_envelope(geometry))
    if len(ring) < 4:
        return 0.0
    sides = np.diff(ring[:3], axis=0)
    dx, dy = sides[np.argmax(np.hypot(*sides.T))]
    return upright(float(np.arctan2(dy, dx)))


@dataclass(slots=True)
class Taken:
    """What is already on the map: a label may not meet any of it.

    The search tree is rebuilt only when something was added since the last question.
    """

    shapes: list[BaseGeometry] = field(default_factory=list)
    _tree: shapely.STRtree | None = None

    def add(self, label: Label) -> None:
        """Take the room of a label and of its arrow."""
        self.shapes.append(label.box)
        if label.arrow is not None:
            self.shapes.append(shapely.LineString(label.arrow))
        self._tree = None

    def meets(self, candidates: NDArray[np.object_]) -> NDArray[np.bool_]:
        """Return for each candidate whether it meets anything taken."""
        hit = np.zeros(len(candidates), dtype=bool)
        if self.shapes and len(candidates):
            if self._tree is None:
                self._tree = shapely.STRtree(self.shapes)
            hit[self._tree.query(candidates, predicate="intersects")[0]] = True
        return hit


def label_items(labels: Sequence[Label]) -> tuple[Lines | Texts, ...]:
    """Return the bars and letters of labels as items of a drawing, in order."""
    items: list[Lines | Texts] = []
    by_colour: dict[str, list[BaseGeometry]] = {}
    for label in labels:
        bar = label.bar()
        if bar is not None:
            by_colour.setdefault(label.letter.colour, []).append(shapely.LineString(bar))
    for colour, bars in by_colour.items():
        items.append(Lines(np.array(bars, dtype=object), colour, BAR))
    texts = tuple(text for label in labels for text in label.texts())
    if texts:
        items.append(Texts(texts))
    return tuple(items)
