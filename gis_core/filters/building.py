"""CQL2 JSON into nodes: every operator by its own rule, every refusal with its place."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from itertools import chain
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis_core.errors import FilterError
from gis_core.filters import ast
from gis_core.filters.limits import NO_TEXT
from gis_core.filters.locating import Path
from gis_core.filters.times import ARRAY_TESTS, RELATIONS

COMPARISONS = frozenset({"=", "<>", "<", "<=", ">", ">="})
ARITHMETIC = frozenset({"+", "-", "*", "/", "div", "%", "^"})
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", re.ASCII)
_DEPTH = {"Point": 0, "LineString": 1, "MultiPoint": 1, "Polygon": 2, "MultiLineString": 2}
_DEPTH |= {"MultiPolygon": 3}
Json = Any  # whatever a parser made of what somebody sent
_LONGEST_WHOLE = 2**63  # what a 64-bit column can hold


class Builder:
    """Builds the nodes of one filter.

    Parameters
    ----------
    at
        Where the part of the tree under a path stands.
    number, instant
        The number, the day or instant as it was written, given the parser's.
    numbers
        Where the coordinates of a geometry stand, where that is known.
    """

    def __init__(
        self,
        at: Callable[[Path], ast.At],
        number: Callable[[Path, float], int | float],
        instant: Callable[[Path, Json], Json],
        numbers: Callable[[Path], tuple[int, ...]],
    ) -> None:
        self._at = at
        self._number = number
        self._instant = instant
        self._numbers = numbers

    # -- conditions --------------------------------------------------------------------

    def condition(self, tree: Json, path: Path) -> ast.Condition:
        """Return the condition that a part of the tree is."""
        at = self._at(path)
        op = self._op(tree, path)
        if op in {"and", "or"}:
            args = self._args(tree, path, 2, None)
            kind = ast.And if op == "and" else ast.Or
            found = [self.condition(arg, p) for arg, p in args]
            parts = (part.parts if isinstance(part, kind) else (part,) for part in found)
            return kind(tuple(chain.from_iterable(parts)), at)
        if op == "not":
            [(arg, p)] = self._args(tree, path, 1)
            return ast.Not(self.condition(arg, p), at)
        if op == "isNull":
            [(arg, p)] = self._args(tree, path, 1)
            return ast.IsNull(self.value(arg, p), at)
        if op == "in":
            return self._in(tree, path)
        if op == "between":
            value, low, high = self._values(tree, path, 3)
            return ast.Between(value, low, high, at)
        return self._of_two(op, tree, path) or ast.Truth(self.value(tree, path), at)

    def _of_two(self, op: str, tree: Json, path: Path) -> ast.Condition | None:
        at = self._at(path)
        if op == "like":
            value, pattern = self._values(tree, path, 2)
            return ast.Like(value, pattern, at)
        for known, make in (
            (COMPARISONS, ast.Compare),
            (ast.SPATIAL, ast.Spatial),
            (frozenset(RELATIONS), ast.Temporal),
            (ARRAY_TESTS, ast.ArrayTest),
        ):
            if op in known:
                left, right = self._values(tree, path, 2)
                return make(op, left, right, at)
        return None

    def _in(self, tree: Json, path: Path) -> ast.In:
        (value, here), (items, there) = self._args(tree, path, 2)
        if not isinstance(items, list) or not items:
            raise self._refused(there, items, "a list of values")
        found = tuple(self.value(item, (*there, i)) for i, item in enumerate(items))
        return ast.In(self.value(value, here), found, self._at(path))

    # -- values ------------------------------------------------------------------------

    def value(self, tree: Json, path: Path) -> ast.Value:
        """Return the value that a part of the tree is."""
        at = self._at(path)
        if isinstance(tree, bool):
            return ast.Literal(tree, at)
        if isinstance(tree, int | float):
            return ast.Literal(self._finite(tree, path), at)
        if isinstance(tree, str):
            return ast.Literal(self._text(tree, path), at)
        if isinstance(tree, list):
            return ast.Array(tuple(self.value(v, (*path, i)) for i, v in enumerate(tree)), at)
        if not isinstance(tree, dict):
            raise self._refused(path, tree, "a value; what has none is found by IS NULL")
        return self._object(tree, path)

    def _object(self, tree: Mapping[str, Json], path: Path) -> ast.Value:
        at = self._at(path)
        if "op" in tree:
            return self._operation(tree, path)
        if "property" in tree:
            name = tree["property"]
            if not isinstance(name, str) or not name:
                raise self._refused(path, name, "the name of a property")
            return ast.Prop(self._text(name, path), at)
        if "date" in tree:
            return ast.Literal(self._date(tree["date"], (*path, "date")), at)
        if "timestamp" in tree:
            return ast.Literal(self._timestamp(tree["timestamp"], (*path, "timestamp")), at)
        if "interval" in tree:
            return self._interval(tree["interval"], (*path, "interval"), at)
        if "bbox" in tree:
            return self._bbox(tree["bbox"], path)
        if "type" in tree:
            geometry = self._geometry(tree, path)
            return ast.Shape(geometry, None, at, self._numbers(path))
        raise self._refused(path, f"an object with {', '.join(tree) or 'nothing'}", "CQL2 JSON")

    def _operation(self, tree: Mapping[str, Json], path: Path) -> ast.Value:
        at, op = self._at(path), self._op(tree, path)
        if op in ARITHMETIC:
            if op == "-" and isinstance(tree.get("args"), list) and len(tree["args"]) == 1:
                [only] = self._values(tree, path, 1)
                return ast.Arith("*", ast.Literal(-1, at), only, at)
            left, right = self._values(tree, path, 2)
            return ast.Arith(op, left, right, at)
        known = COMPARISONS | ast.SPATIAL | ARRAY_TESTS | frozenset(RELATIONS)
        if op in known or op in {"and", "or", "not", "like", "in", "between", "isNull"}:
            raise self._refused(path, f"the condition {op!r}", "a value")
        args = self._args(tree, path, 0, None)
        return ast.Call(op, tuple(self.value(arg, p) for arg, p in args), at)

    def _interval(self, tree: Json, path: Path, at: ast.At) -> ast.Interval:
        if not isinstance(tree, list) or len(tree) != 2:
            raise self._refused(path, tree, "an interval of a start and an end")
        start, end = (self._end(tree[i], (*path, i)) for i in (0, 1))
        return ast.Interval(start, end, at)

    def _end(self, tree: Json, path: Path) -> ast.Value | None:
        if tree == "..":
            return None
        if not isinstance(tree, str):
            return self.value(tree, path)
        read = self._timestamp if "T" in self._instant(path, tree) else self._date
        return ast.Literal(read(tree, path), self._at(path))

    # -- literals ----------------------------------------------------------------------

    def _finite(self, number: float, path: Path) -> int | float:
        exact = self._number(path, number)
        if isinstance(exact, int):
            if abs(exact) >= _LONGEST_WHOLE:
                return float(exact) if abs(exact) < 10**300 else self._no_number(path, exact)
            return exact
        return exact if math.isfinite(exact) else self._no_number(path, exact)

    def _no_number(self, path: Path, number: float) -> float:
        raise self._refused(path, number, "a number below 1e308")

    def _text(self, text: str, path: Path) -> str:
        if NO_TEXT.search(text):
            raise self._refused(path, text, "text of Unicode characters")
        return text

    def _date(self, given: Json, path: Path) -> date:
        text = self._instant(path, given)
        try:
            if isinstance(text, str) and _DATE.fullmatch(text):
                return date.fromisoformat(text)
        except ValueError:  # a day such as 2025-02-30
            pass
        raise self._refused(path, text, "a day of the calendar, YYYY-MM-DD")

    def _timestamp(self, given: Json, path: Path) -> datetime:
        text = self._instant(path, given)
        try:
            match = _TIMESTAMP.fullmatch(text) if isinstance(text, str) else None
            if match and not (match[1] or "").rstrip("0")[4:]:
                return datetime.fromisoformat(text).astimezone(UTC)
        except ValueError:  # an hour such as 25
            pass
        expected = "an instant in UTC, YYYY-MM-DDThh:mm:ss.sssZ"
        raise self._refused(path, text, expected)

    # -- geometry ----------------------------------------------------------------------

    def _bbox(self, numbers: Json, path: Path) -> ast.Shape:
        good = isinstance(numbers, list) and len(numbers) in {4, 6} and all(map(_is_real, numbers))
        if not good:
            raise self._refused((*path, "bbox"), numbers, "four or six finite numbers")
        found = tuple(float(n) for n in numbers)
        return ast.Shape(None, found, self._at(path), self._numbers(path))

    def _geometry(self, tree: Mapping[str, Json], path: Path) -> BaseGeometry:
        kind = tree["type"]
        if kind == "GeometryCollection":
            members = tree.get("geometries")
            if not isinstance(members, list) or not members:
                raise self._refused(path, kind, "a collection with geometries")
            below = [
                self._geometry(m, (*path, "geometries", i))
                if isinstance(m, dict) and "type" in m
                else self._no_geometry((*path, "geometries", i), m)
                for i, m in enumerate(members)
            ]
            return shapely.GeometryCollection(below)
        if kind not in _DEPTH:
            raise self._refused(path, kind, f"one of {', '.join(_DEPTH)}, GeometryCollection")
        coordinates = tree.get("coordinates")
        if not _is_nested(coordinates, _DEPTH[kind]):
            raise self._refused(path, kind, "finite coordinates, two or three a position")
        flat = _flat(coordinates, _DEPTH[kind])
        try:
            return _made(kind, flat)
        except (shapely.errors.GEOSException, ValueError):
            expected = "lines of two or more positions, rings that end where they begin"
            raise self._refused(path, kind, expected) from None

    def _no_geometry(self, path: Path, found: Json) -> BaseGeometry:
        raise self._refused(path, found, "a geometry")

    # -- shared ------------------------------------------------------------------------

    def _op(self, tree: Json, path: Path) -> str:
        if not isinstance(tree, dict) or "op" not in tree:
            return ""
        op = tree["op"]
        if not isinstance(op, str) or not op:
            raise self._refused(path, op, "an operator or a function")
        lower = op.lower()
        return "isNull" if lower == "isnull" else lower

    def _args(
        self, tree: Mapping[str, Json], path: Path, least: int, most: int | None = 0
    ) -> list[tuple[Json, Path]]:
        args = tree.get("args")
        most = least if most == 0 else most
        if not isinstance(args, list) or len(args) < least or len(args) > (most or len(args)):
            count = f"{least}" if most == least else f"at least {least}"
            raise self._refused(path, f"{tree['op']!r}", f"it with {count} arguments")
        return [(arg, (*path, "args", i)) for i, arg in enumerate(args)]

    def _values(self, tree: Mapping[str, Json], path: Path, count: int) -> list[ast.Value]:
        return [self.value(arg, p) for arg, p in self._args(tree, path, count)]

    def _refused(self, path: Path, found: object, expected: str) -> FilterError:
        return FilterError(self._at(path), str(found), expected)


def _is_real(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def _is_nested(coordinates: Json, depth: int) -> bool:
    if not isinstance(coordinates, list) or not coordinates:
        return False
    if depth:
        return all(_is_nested(part, depth - 1) for part in coordinates)
    return len(coordinates) in {2, 3} and all(map(_is_real, coordinates))


def _flat(coordinates: Json, depth: int) -> Json:
    """Return the same nesting with a flat array of positions where lines and rings are."""
    if depth == 0:
        return coordinates[:2]
    if depth == 1:
        return np.array([position[:2] for position in coordinates], dtype=np.float64)
    return [_flat(part, depth - 1) for part in coordinates]


def _made(kind: str, flat: Json) -> BaseGeometry:
    if kind == "Polygon":
        return _polygon(flat)
    if kind == "MultiPolygon":
        return shapely.MultiPolygon([_polygon(rings) for rings in flat])
    if kind == "MultiLineString":
        return shapely.MultiLineString([shapely.LineString(line) for line in flat])
    made: BaseGeometry = getattr(shapely, kind)(flat)
    return made


def _polygon(rings: list[Json]) -> shapely.Polygon:
    for ring in rings:
        if len(ring) < 4 or not np.array_equal(ring[0], ring[-1]):
            raise ValueError("a ring that is not closed")
    return shapely.Polygon(rings[0], rings[1:])
