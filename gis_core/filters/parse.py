"""CQL2 text and CQL2 JSON into one tree."""

import json
import re
from typing import Any, Literal, NoReturn

import cql2

from gis_core.errors import FilterError
from gis_core.filters.ast import Condition, Filter
from gis_core.filters.building import Builder
from gis_core.filters.lexing import Token
from gis_core.filters.limits import check_depth, check_json_text, check_text, check_tree
from gis_core.filters.locating import Path, Places, locate, whole

Language = Literal["cql2-text", "cql2-json"]
_PLACE = re.compile(r"-->\s*(\d+):(\d+)")
_EXPECTED = re.compile(r"= expected (.*)", re.DOTALL)
_OPERAND, _MORE = "a value, a property or a condition", "an operator or the end"


def parse(text: str, lang: Language = "cql2-text") -> Filter:
    """Read a filter.

    Parameters
    ----------
    text
        The condition. Names and geometries are not looked at yet: see `types.checked`.
    lang
        The encoding.

    Returns
    -------
    The same tree for the same condition, whichever the encoding.

    Raises
    ------
    FilterError
        What cannot be read, with its place: the character of the text, counted from 1, or a JSON
        pointer.

    Notes
    -----
    About 0.15 ms for three conditions. Source: OGC 21-065r2 (CQL2), annexes B and C.

    Examples
    --------
    >>> parse("flaeche > 2000 AND name LIKE 'K%'").fields()
    ('flaeche', 'name')
    >>> parse('{"op": ">", "args": [{"property": "a"}, 1]}', "cql2-json") == parse("a > 1")
    True
    """
    root = _json_root(text) if lang == "cql2-json" else _text_root(text)
    check_tree(root)
    return Filter(root, text)


def _text_root(text: str) -> Condition:
    found = check_text(text)
    if not found:
        raise FilterError(1, "nothing", "a condition")
    try:
        tree = cql2.parse_text(text).to_json()
    except Exception as fault:  # noqa: BLE001  its own errors derive from nothing narrower
        raise _unreadable(text, str(fault), found) from None
    check_depth(tree)
    places = locate(tree, found)

    def at(path: Path) -> int:
        token = places.get(path)
        return token.at - token.negative if token else _near(path, places)

    def instant(path: Path, value: str) -> str:
        token = places.get(path)
        return str(token.value) if token else value

    def number(path: Path, value: float) -> int | float:
        token = places.get(path)
        exact = whole(token, value) if token and token.kind == "number" else None
        return value if exact is None else exact

    def numbers(path: Path) -> tuple[int, ...]:
        token = places.get(path)
        return token.value if token and isinstance(token.value, tuple) else ()

    return Builder(at, number, instant, numbers).condition(tree, ())


def _near(path: Path, places: Places) -> int:
    """Return where the first value under a path stands, else the nearest above it."""
    below = [t.at for p, t in places.items() if p[: len(path)] == path]
    if below or not path:
        return min(below, default=1)
    above = path[:-1]
    return places[above].at if above in places else _near(above, places)


def _json_root(text: str) -> Condition:
    check_json_text(text)
    try:
        tree = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_once)
    except json.JSONDecodeError as fault:
        raise FilterError(
            fault.pos + 1, text[fault.pos : fault.pos + 20] or "the end", "CQL2 JSON"
        ) from None

    def number(_: Path, value: float) -> int | float:
        return value

    def instant(_: Path, value: str) -> str:
        return value

    def numbers(_: Path) -> tuple[int, ...]:
        return ()

    return Builder(_pointer, number, instant, numbers).condition(tree, ())


def _pointer(path: Path) -> str:
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in path)
    return "".join(f"/{step}" for step in steps)


def _no_constant(name: str) -> NoReturn:
    raise FilterError("", name, "a finite number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise FilterError("", "a name twice in one object", "each name once")
    return found


def _unreadable(text: str, message: str, found: list[Token]) -> FilterError:
    """Say where the parser stopped, in our words: its own name the rules of its grammar."""
    place = _PLACE.search(message)
    if place is None:
        shapes = (t.at for t in found if t.kind == "geometry")
        at = next(shapes, 1)
        return FilterError(at, repr(text[at - 1 : at + 19]), "a geometry as in WKT")
    line, column = int(place[1]), int(place[2])
    start = sum(len(part) + 1 for part in text.split("\n")[: line - 1])
    at = start + column
    expected = _EXPECTED.search(message)
    ended = expected is not None and "EOI" in expected[1]
    rest = text[at - 1 : at + 19]
    return FilterError(at, repr(rest) if rest else "the end", _MORE if ended else _OPERAND)
