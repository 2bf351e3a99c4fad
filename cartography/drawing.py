"""The display list: what is drawn, in which order, in millimetres of the map frame.

Origin in the lower left corner, y upwards. Renderers (SVG today) read nothing else.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cartography.typeface import Face


@dataclass(frozen=True, slots=True)
class Areas:
    """Polygons with a fill."""

    geometry: NDArray[np.object_]
    fill: str


@dataclass(frozen=True, slots=True)
class Lines:
    """Line strings, or the rings of polygons, drawn with a pen."""

    geometry: NDArray[np.object_]
    colour: str
    width: float
    dash: tuple[float, ...] = ()
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Discs:
    """Circles: (n, 3) array of x, y, radius."""

    xyr: NDArray[np.float64]
    fill: str
    colour: str
    width: float


@dataclass(frozen=True, slots=True)
class Text:
    """One run of letters: start of the base line, angle counter-clockwise in radian."""

    text: str
    x: float
    y: float
    em: float
    angle: float = 0.0
    face: Face = Face.REGULAR
    colour: str = "#000000"


@dataclass(frozen=True, slots=True)
class Texts:
    """Letters, all drawn after one another."""

    texts: tuple[Text, ...]


Item = Areas | Lines | Discs | Texts


@dataclass(frozen=True, slots=True)
class Layer:
    """A named part of the drawing; its items are drawn in order."""

    id: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A complete drawing of ``width`` × ``height`` mm.

    ``layers`` are cut off at that rectangle; ``around`` is drawn over it and over a
    border of ``margin`` mm on every side (frame, ticks, coordinates).
    """

    width: float
    height: float
    layers: tuple[Layer, ...] = field(default=())
    around: tuple[Layer, ...] = field(default=())
    margin: float = 0.0
