"""The functions that a filter's SQL calls, made for one statement.

Each takes what SQLite gives (text, numbers, blobs, None) and must never raise: an error in here
would look like a damaged file.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from gis_core.filters import ast
from gis_core.filters.ast import Type
from gis_core.filters.evaluate import known, relation, set_relation
from gis_core.filters.functions import FOLDING, FUNCTIONS, Function, calculate, like
from gis_core.store import gpkg
from gis_core.store.schema import Box, Shape
from gis_core.store.sql.filtering import PREFIX

Made = Callable[..., Any]
_MARGINS = (1e-6, 1e-3, 0.01, 0.03, 0.1, 0.2, 0.3, 0.4)  # of the box that are left on each side
_TRUE_INSIDE = frozenset({"s_intersects", "s_within"})
_FAR = 2**63  # what SQLite has no whole number for


def functions(relations: Sequence[ast.Spatial], shape: Shape | None) -> Mapping[str, Made]:
    """Return all functions that a filter may call, by the name that SQL calls them.

    Parameters
    ----------
    relations
        What ``fb_place`` is asked for, by number.
    shape
        The kind of geometry in the table.
    """
    decode = _decoder(shape)
    tests = [_place_test(node, decode, shape) for node in relations]
    found: dict[str, Made] = {name: _unless_missing(run) for name, run in FOLDING.items()}
    found |= {f"of_{name}": _offered(run, decode) for name, run in FUNCTIONS.items()}
    found["like"] = _unless_missing(like)
    found["calculate"] = _calculate
    found["set"] = _set
    found["list"] = _list
    found["words"] = _unless_missing(lambda words: json.dumps(words.split(" ")))
    found["place"] = lambda number, blob: None if blob is None else tests[number](blob)
    return {PREFIX + name: run for name, run in found.items()}


def _unless_missing(run: Made) -> Made:
    def called(*args: Any) -> Any:  # noqa: ANN401
        return None if None in args else run(*args)

    return called


def _offered(function: Function, decode: Callable[[bytes], BaseGeometry]) -> Made:
    takes_places = Type.GEOMETRY in function.takes[0]

    def called(value: Any) -> Any:  # noqa: ANN401
        if value is None:
            return None
        made = function.run(decode(value) if takes_places else value)
        return float(made) if isinstance(made, int) and abs(made) >= _FAR else made

    return called


def _calculate(op: str, left: float | None, right: float | None) -> float | None:
    found: float | None = known(lambda a, b: calculate(op, a, b), left, right)
    return found


def _set(op: str, left: str | None, right: str | None) -> bool | None:
    if left is None or right is None:
        return None
    return set_relation(op)(_items(left), _items(right))


@lru_cache(maxsize=1024)
def _items(text: str) -> frozenset[object]:
    return frozenset(json.loads(text))


def _list(*items: object) -> str | None:
    return None if None in items else json.dumps(items, ensure_ascii=False)


def _decoder(shape: Shape | None) -> Callable[[bytes], BaseGeometry]:
    skip = 0 if shape is None else gpkg.header_size(shape)

    def decode(blob: bytes) -> BaseGeometry:
        found: BaseGeometry = shapely.from_wkb(blob[skip:])
        return found

    return decode


def _place_test(
    node: ast.Spatial, decode: Callable[[bytes], BaseGeometry], shape: Shape | None
) -> Callable[[bytes], bool]:
    if not isinstance(node.right, ast.Shape):
        holds = relation(node.op)

        def beside_itself(blob: bytes) -> bool:
            here = decode(blob)
            return holds(here, here)

        return beside_itself
    literal = node.right.geometry
    shapely.prepare(literal)
    # The prepared side comes first, so the relation is asked from its point of view.
    turned = relation(ast.MIRRORED.get(node.op, node.op))
    inner = None if literal is None else _inner_box(literal, exact=node.op == "s_intersects")
    if inner is None or shape is None:
        return lambda blob: turned(literal, decode(blob))
    within, far_inside = gpkg.box_reader(shape), node.op in _TRUE_INSIDE

    def test(blob: bytes) -> bool:
        xmin, ymin, xmax, ymax = within(blob)
        if xmin >= inner[0] and ymin >= inner[1] and xmax <= inner[2] and ymax <= inner[3]:
            return far_inside
        return turned(literal, decode(blob))

    return test


def _inner_box(geometry: BaseGeometry, *, exact: bool) -> Box | None:
    """Return a box in the interior of a polygon, None where none is found at once.

    What lies in it needs no parsing: it meets the polygon, is within it, and nothing else.
    ``exact``: the box may be the polygon itself.
    """
    if shapely.get_dimensions(geometry) != 2:
        return None
    xmin, ymin, xmax, ymax = geometry.bounds
    if exact and geometry.covers(shapely.box(xmin, ymin, xmax, ymax)):
        return xmin, ymin, xmax, ymax
    for part in _MARGINS:
        dx, dy = (xmax - xmin) * part, (ymax - ymin) * part
        box = (xmin + dx, ymin + dy, xmax - dx, ymax - dy)
        if shapely.contains_properly(geometry, shapely.box(*box)):
            return box
    return None
