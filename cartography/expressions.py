"""Expressions of MapLibre styles: lengths by scale, signatures by words."""

from collections.abc import Callable, Sequence
from math import cos, log2, pi, radians
from typing import Any

from cartography.style import Fill

Expression = list[Any]

PX_PER_MM = 96 / 25.4
"""Pixels of CSS in a millimetre of CSS."""

_EQUATOR_M = 2 * pi * 6_378_137
_TILE_PX = 512  # MapLibre's levels count tiles of this side


def px(mm: float) -> float:
    """Return a length in pixels."""
    return round(mm * PX_PER_MM, 2)


def zoom_at(scale: int, latitude: float) -> float:
    """Return the level of MapLibre at which a screen shows 1:``scale``.

    >>> round(zoom_at(1000, 51.33), 2)
    17.5
    """
    metres_per_pixel = scale / PX_PER_MM / 1000
    return round(log2(_EQUATOR_M * cos(radians(latitude)) / (_TILE_PX * metres_per_pixel)), 2)


def stepped(
    steps: Sequence[tuple[int, float]], latitude: float, value: Callable[[float], float]
) -> float | Expression:
    """Return a value that changes with the scale.

    Parameters
    ----------
    steps
        Smallest scale of use and millimetres, from the largest scale on; the last holds for
        every smaller one.
    value
        What becomes of the millimetres.
    """
    if len(steps) == 1:
        return value(steps[0][1])
    expression: Expression = ["step", ["zoom"], value(steps[-1][1])]
    for scale, mm in reversed(steps[:-1]):
        expression += [zoom_at(scale, latitude), value(mm)]
    return expression


def radius_on_ground(diameter: str, least: float, latitude: float) -> float | Expression:
    """Return the radius of a circle whose diameter a field tells in metres, px.

    On the screen it doubles with every level; it is ``least`` where nothing is told.
    """
    if not diameter:
        return least
    expression: Expression = ["interpolate", ["exponential", 2], ["zoom"]]
    metres: Expression = ["/", ["to-number", ["get", diameter], 0], 2]
    for level in (10, 22):
        per_metre = 2**level * _TILE_PX / (_EQUATOR_M * cos(radians(latitude)))
        expression += [level, ["max", least, ["*", metres, round(per_metre, 6)]]]
    return expression


def text_of(field: str) -> Expression:
    """Return what a field says, as text."""
    return ["to-string", ["get", field]]


def by_words(
    fields: Sequence[str], fills: Sequence[Fill], value: Callable[[Fill], str]
) -> Expression | str:
    """Return the value of the first fill whose words occur in what a feature's fields say.

    The first of the fields that says something counts; the last fill fits anything.
    """
    *known, rest = fills
    if not fields:
        return value(rest)
    said: Expression = ["coalesce", *(["get", field] for field in fields), ""]
    cases: Expression = []
    for fill in known:
        found = [["in", word.casefold(), ["var", "said"]] for word in fill.matches]
        cases += [["any", *found], value(fill)]
    return ["let", "said", ["downcase", said], ["case", *cases, value(rest)]]


def ground(field: str) -> tuple[Expression | None, Expression | None]:
    """Return what holds for things above the ground, and for those that ``field`` puts below."""
    if not field:
        return None, None
    below: Expression = ["in", "unter der", ["downcase", text_of(field)]]
    return ["!", below], below
