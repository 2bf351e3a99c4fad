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
    inner = _rectangle(literal) if node.op == "s_intersects" and shape is not None else None

    def test(blob: bytes) -> bool:
        if inner is not None and shape is not None and _inside(blob, shape, inner):
            return True
        return turned(literal, decode(blob))

    return test


def _rectangle(geometry: BaseGeometry | None) -> Box | None:
    """Return the box that a geometry is, None if it is none."""
    if not isinstance(geometry, shapely.Polygon) or not geometry.equals(
        shapely.box(*geometry.bounds)
    ):
        return None
    xmin, ymin, xmax, ymax = geometry.bounds
    return xmin, ymin, xmax, ymax


def _inside(blob: bytes, shape: Shape, box: Box) -> bool:
    """Tell, by a blob's header alone, whether all of its geometry lies in a box."""
    xmin, ymin, xmax, ymax = gpkg.boxes([blob], shape)[0]
    return bool(xmin >= box[0] and ymin >= box[1] and xmax <= box[2] and ymax <= box[3])
