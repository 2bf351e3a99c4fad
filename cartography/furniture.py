"""What every map has besides its contents: frame, coordinates, scale bar, north arrow."""

from math import ceil, floor

import numpy as np
import shapely
from numpy.typing import NDArray

from cartography.drawing import Areas, Drawing, Item, Layer, Lines, Text, Texts
from cartography.sheet import RING, MapFrame
from cartography.style import Catalogue, Letter
from cartography.typeface import Face, metrics

_STEPS = (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 2500, 5000, 10000)
CROSS = 4.0
"""Size of a grid cross, mm."""
_TICK = 1.5


def grid_step(scale: int) -> int:
    """Return the spacing of the coordinate grid in metre: about 50 mm on paper.

    Examples
    --------
    >>> [grid_step(s) for s in (500, 1000, 2000)]
    [25, 50, 100]
    """
    return min(_STEPS, key=lambda step: abs(step * 1000 / scale - 50))


def grid_lines(low: float, high: float, step: int) -> NDArray[np.int64]:
    """Return the multiples of ``step`` between two coordinates."""
    return np.arange(ceil(low / step), floor(high / step) + 1) * step


def grid_crosses(frame: MapFrame, style: Catalogue) -> Layer:
    """Draw a cross where two lines of the coordinate grid meet."""
    middle = grid_points(frame)[:, None, :]
    half = CROSS / 2
    across = shapely.linestrings(middle + np.array([[-half, 0], [half, 0]]))
    upward = shapely.linestrings(middle + np.array([[0, -half], [0, half]]))
    pen = style.pen["grid"]
    return Layer(
        "grid", (Lines(np.concatenate([across, upward]), pen.colour, pen.width_at(frame.scale)),)
    )


def grid_points(frame: MapFrame) -> NDArray[np.float64]:
    """Return where lines of the coordinate grid meet, (n, 2) in map mm."""
    xs, ys = _grid_positions(frame)
    return np.asarray(np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2), dtype=np.float64)


def surround(frame: MapFrame, style: Catalogue) -> Layer:
    """Draw the map frame, the ticks of the grid and their coordinates around it."""
    width, height = frame.width, frame.height
    pen, letter = style.pen["grid"], style.letter["grid"]
    em = letter.sizes(frame.scale)[0]
    xs, ys = _grid_positions(frame)
    ticks = [((x, -_TICK), (x, 0.0)) for x in xs] + [((x, height), (x, height + _TICK)) for x in xs]
    ticks += [((-_TICK, y), (0.0, y)) for y in ys] + [((width, y), (width + _TICK, y)) for y in ys]
    texts: list[Text] = []
    rise = metrics(letter.face).digit_height * em
    for easting, x in zip(_grid_metres(frame)[0].tolist(), xs, strict=True):
        words = coordinate_text(easting)
        texts.append(_centred(words, x, -_TICK - 0.5 - rise, letter, em))
        texts.append(_centred(words, x, height + _TICK + 0.5, letter, em))
    for northing, y in zip(_grid_metres(frame)[1].tolist(), ys, strict=True):
        words = coordinate_text(northing)
        texts.append(_upward(words, -_TICK - 0.5, y, letter, em))
        texts.append(_upward(words, width + _TICK + 0.5 + rise, y, letter, em))
    edge = style.pen["frame"]
    marks = np.asarray(shapely.linestrings(np.array(ticks).reshape(-1, 2, 2)), dtype=object)
    outline = np.array([shapely.box(0, 0, width, height)])
    return Layer(
        "frame",
        (
            Lines(
                marks,
                pen.colour,
                pen.width_at(frame.scale),
            ),
            Lines(outline, edge.colour, edge.width_at(frame.scale), closed=True),
            Texts(tuple(texts)),
        ),
    )


def coordinate_text(metres: int) -> str:
    r"""Write a coordinate with narrow blanks between thousands.

    Examples
    --------
    >>> coordinate_text(5689100).replace("\u202f", " ")
    '5 689 100'
    """
    return f"{metres:,}".replace(",", "\u202f")


def _grid_metres(frame: MapFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    west, south, east, north = frame.extent
    step = grid_step(frame.scale)
    # no tick so near a corner that its coordinate would leave the frame
    inset = 9.0 / frame.mm_per_metre
    return (
        grid_lines(west + inset, east - inset, step),
        grid_lines(south + inset, north - inset, step),
    )


def _grid_positions(frame: MapFrame) -> tuple[list[float], list[float]]:
    west, south, _, _ = frame.extent
    xs, ys = _grid_metres(frame)
    factor = frame.mm_per_metre
    return ((xs - west) * factor).tolist(), ((ys - south) * factor).tolist()


def _centred(words: str, x: float, y: float, letter: Letter, em: float) -> Text:
    half = metrics(letter.face).width(words) * em / 2
    return Text(words, x - half, y, em, 0.0, letter.face, letter.colour)


def _upward(words: str, x: float, y: float, letter: Letter, em: float) -> Text:
    half = metrics(letter.face).width(words) * em / 2
    return Text(words, x, y - half, em, np.pi / 2, letter.face, letter.colour)


def bar_length(scale: int, room: float) -> int:
    """Return the length of the scale bar in metre: the longest round one within ``room`` mm."""
    fitting = [
        m for m in _STEPS if m * 1000 / scale <= room and str(m).rstrip("0") in {"1", "2", "5"}
    ]
    return fitting[-1] if fitting else _STEPS[0]


def scale_bar(scale: int, room: float, *, at: tuple[float, float] = (0.0, 0.0)) -> Drawing:
    """Draw a scale bar of alternating fields, with its lengths in metre.

    Parameters
    ----------
    scale
        Denominator of the scale.
    room
        Largest length of the bar itself, mm; the drawing is wider by its numbers.
    at
        Lower left corner, mm.
    """
    metres = bar_length(scale, room)
    length, high, em = metres * 1000 / scale, 1.8, 2.4
    x, y = at[0] + 1.5, at[1] + 1.0
    parts = 4 if metres % 4 == 0 or metres % 25 == 0 else 5
    field = length / parts
    dark = [
        shapely.box(x + i * field, y, x + (i + 1) * field, y + high)
        for i in (0, 2, 4)[: (parts + 1) // 2]
    ]
    whole = np.array([shapely.box(x, y, x + length, y + high)])
    ground = np.array([shapely.box(at[0], at[1], at[0] + length + 8.5, at[1] + 6.2)])
    letter = Letter(face=Face.REGULAR, colour="#000000", em=((100_000, (em,)),))
    marks = [(0, "0"), (parts // 2, f"{metres * (parts // 2) / parts:g}"), (parts, f"{metres} m")]
    texts = tuple(_centred(words, x + i * field, y + high + 1.0, letter, em) for i, words in marks)
    items: tuple[Item, ...] = (
        Areas(np.concatenate([ground, whole]), "#ffffff"),
        Areas(np.array(dark), "#000000"),
        Lines(whole, "#000000", 0.18, closed=True),
        Texts(texts),
    )
    return Drawing(length + 8.5, 6.2, (Layer("scale-bar", items),))


def north_arrow() -> Drawing:
    """Draw an arrow to grid north, 8 × 15 mm."""
    left = np.array([shapely.Polygon([(4, 11), (1.2, 1), (4, 3)])])
    right = np.array([shapely.Polygon([(4, 11), (6.8, 1), (4, 3)])])
    letter = Letter(face=Face.BOLD, colour="#000000", em=((100_000, (3.6,)),))
    items: tuple[Item, ...] = (
        Areas(left, "#000000"),
        Lines(np.concatenate([left, right]), "#000000", 0.18, closed=True),
        Texts((_centred("N", 4.0, 11.8, letter, 3.6),)),
    )
    return Drawing(8.0, 15.0, (Layer("north", items),))


MAP_MARGIN = RING
"""Border of the map drawing in which ticks and coordinates stand, mm."""
