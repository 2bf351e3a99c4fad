"""A filter against the fields it is asked of: every name known, every side of its type."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import shapely

from gis_core.errors import FilterError
from gis_core.filters import ast
from gis_core.filters.ast import Type
from gis_core.filters.functions import FOLDING, FUNCTIONS
from gis_core.filters.limits import check_tree
from gis_core.filters.placing import Places, placed
from gis_core.filters.times import as_text, by_day

_NUMBERS = frozenset({Type.INTEGER, Type.NUMBER})
_INSTANTS = frozenset({Type.DATE, Type.DATETIME})
_TIMES = _INSTANTS | {Type.INTERVAL}
_SCALARS = _NUMBERS | _INSTANTS | {Type.TEXT, Type.BOOLEAN}
_SPOKEN = {
    Type.TEXT: "text in single quotes",
    Type.INTEGER: "a number",
    Type.NUMBER: "a number",
    Type.BOOLEAN: "true or false",
    Type.DATE: "DATE('YYYY-MM-DD') or TIMESTAMP('…Z')",
    Type.DATETIME: "TIMESTAMP('…Z') or DATE('YYYY-MM-DD')",
    Type.ARRAY: "a list, asked by A_CONTAINS and its like",
    Type.INTERVAL: "an interval, asked by T_AFTER and its like",
    Type.GEOMETRY: "a geometry, asked by S_INTERSECTS and its like",
}
_WRITTEN = {
    Type.TEXT: "text",
    Type.INTEGER: "a whole number",
    Type.NUMBER: "a number",
    Type.BOOLEAN: "true or false",
    Type.DATE: "a day",
    Type.DATETIME: "an instant",
    Type.ARRAY: "a list",
    Type.INTERVAL: "an interval",
    Type.GEOMETRY: "a geometry",
}


@dataclass(frozen=True, slots=True)
class Schema:
    """What may be named in a filter.

    Attributes
    ----------
    fields
        Type of each property that the caller may read, the geometry included.
    aliases
        Other names of properties, to the name in ``fields``.
    """

    fields: Mapping[str, Type]
    aliases: Mapping[str, str] = field(default_factory=dict)


def checked(filter: ast.Filter, schema: Schema, places: Places | None = None) -> ast.Filter:  # noqa: A002
    """Return the filter with types and storage coordinates filled in.

    Parameters
    ----------
    places
        How the filter's coordinates are to be read; None: as the storage CRS.

    Returns
    -------
    A filter that `evaluate` and the store can carry out: properties under their own names,
    BETWEEN and mixed lists written out, literal geometries in the storage CRS and on the right.

    Raises
    ------
    FilterError
        An unknown property or function, sides whose types do not go together, a coordinate that
        no place has. What the caller may not read is unknown.
    """
    given = places or Places()
    root = _Check(schema, given).condition(filter.root)
    check_tree(root)
    return replace(filter, root=root, crs=given.crs)


class _Check:
    def __init__(self, schema: Schema, places: Places) -> None:
        self._schema = schema
        self._places = places

    # -- conditions --------------------------------------------------------------------

    def condition(self, node: ast.Condition) -> ast.Condition:
        if isinstance(node, ast.And | ast.Or):
            return replace(node, parts=tuple(self.condition(part) for part in node.parts))
        if isinstance(node, ast.Not):
            return replace(node, part=self.condition(node.part))
        if isinstance(node, ast.IsNull):
            return replace(node, value=self.value(node.value)[0])
        if isinstance(node, ast.Truth):
            value, kind = self.value(node.value)
            if kind is not Type.BOOLEAN:
                raise self._refused(node.value, kind, "a condition")
            return replace(node, value=value)
        return self._relation(node)

    def _relation(self, node: ast.Condition) -> ast.Condition:
        rules: dict[type, Callable[..., ast.Condition]] = {
            ast.Compare: self._compare,
            ast.Like: self._like,
            ast.Between: self._between,
            ast.In: self._in,
            ast.Spatial: self._spatial,
            ast.Temporal: self._temporal,
            ast.ArrayTest: self._arrays,
        }
        return rules[type(node)](node)

    def _compare(self, node: ast.Compare) -> ast.Compare:
        left, kind = self.value(node.left)
        right, other = self.value(node.right)
        if kind not in _SCALARS:
            raise self._refused(node.left, kind, _SPOKEN[kind])
        if not _alike(kind, other):
            raise self._refused(node.right, other, _SPOKEN[kind])
        if kind is Type.BOOLEAN and node.op not in {"=", "<>"}:
            raise FilterError(node.at, f"{node.op} of true and false", "= or <>")
        return replace(node, left=left, right=right)

    def _like(self, node: ast.Like) -> ast.Like:
        value = self._of(node.value, frozenset({Type.TEXT}), "text")
        pattern = self._of(node.pattern, frozenset({Type.TEXT}), _SPOKEN[Type.TEXT])
        return replace(node, value=value, pattern=pattern)

    def _between(self, node: ast.Between) -> ast.Condition:
        _, kind = self.value(node.value)
        if kind not in _NUMBERS | _INSTANTS | {Type.TEXT}:
            raise self._refused(node.value, kind, "a number, text, a day or an instant")
        low = ast.Compare(">=", node.value, node.low, node.at)
        high = ast.Compare("<=", node.value, node.high, node.at)
        return ast.And((self._compare(low), self._compare(high)), node.at)

    def _in(self, node: ast.In) -> ast.Condition:
        value, kind = self.value(node.value)
        if kind not in _SCALARS:
            raise self._refused(node.value, kind, _SPOKEN[kind])
        items = []
        simple = True
        for item in node.items:
            typed, other = self.value(item)
            if not _alike(kind, other):
                raise self._refused(item, other, _SPOKEN[kind])
            items.append(typed)
            mixed = kind is not other and kind in _INSTANTS
            simple &= isinstance(typed, ast.Literal) and not mixed
        if simple or len(items) == 1:
            plain = ast.In(value, tuple(items), node.at)
            return plain if simple else ast.Compare("=", value, items[0], node.at)
        return ast.Or(tuple(ast.Compare("=", value, i, node.at) for i in items), node.at)

    def _spatial(self, node: ast.Spatial) -> ast.Condition:
        wanted = frozenset({Type.GEOMETRY})
        left = self._of(node.left, wanted, "a geometry")
        right = self._of(node.right, wanted, "a geometry")
        if isinstance(left, ast.Shape) and isinstance(right, ast.Shape):
            relation = getattr(shapely, node.op.removeprefix("s_"))
            met = bool(relation(left.geometry, right.geometry))
            return ast.Truth(ast.Literal(met, node.at), node.at)
        if isinstance(left, ast.Shape):
            return ast.Spatial(ast.MIRRORED.get(node.op, node.op), right, left, node.at)
        return replace(node, left=left, right=right)

    def _temporal(self, node: ast.Temporal) -> ast.Temporal:
        spoken = "a day, an instant or INTERVAL(start, end)"
        left = self._of(node.left, _TIMES, spoken)
        return replace(node, left=left, right=self._of(node.right, _TIMES, spoken))

    def _arrays(self, node: ast.ArrayTest) -> ast.ArrayTest:
        wanted = frozenset({Type.ARRAY})
        spoken = "a list: a property that holds one, or values in parentheses"
        left = self._of(_listed(node.left), wanted, spoken)
        right = self._of(_listed(node.right), wanted, spoken)
        sides = (self._items(left), self._items(right))
        if None not in sides and not _alike(*sides):  # type: ignore[arg-type]
            raise FilterError(node.at, "lists of different types", "lists of one type")
        return replace(node, left=left, right=right)

    def _items(self, node: ast.Value) -> Type | None:
        """Return the type of a list's values, None for the empty list."""
        if not isinstance(node, ast.Array):
            return Type.TEXT
        return self.value(node.items[0])[1] if node.items else None

    # -- values ------------------------------------------------------------------------

    def value(self, node: ast.Value) -> tuple[ast.Value, Type]:
        """Return a value with its type."""
        if isinstance(node, ast.Literal):
            return node, literal_type(node.value)
        if isinstance(node, ast.Prop):
            return self._property(node)
        if isinstance(node, ast.Shape):
            geometry = placed(node, self._places)
            return replace(node, geometry=geometry, bbox=None), Type.GEOMETRY
        if isinstance(node, ast.Interval):
            return self._interval(node), Type.INTERVAL
        if isinstance(node, ast.Array):
            return self._array(node), Type.ARRAY
        if isinstance(node, ast.Arith):
            left = self._of(node.left, _NUMBERS, "a number")
            right = self._of(node.right, _NUMBERS, "a number")
            return replace(node, left=left, right=right), Type.NUMBER
        return self._call(node)

    def _property(self, node: ast.Prop) -> tuple[ast.Prop, Type]:
        name = self._schema.aliases.get(node.name, node.name)
        kind = self._schema.fields.get(name)
        if kind is None:
            known = ", ".join(self._schema.fields)
            raise FilterError(
                node.at,
                f"the unknown property {node.name!r}",
                "a property of the collection",
                advice=f"Its properties are: {known}.",
            )
        return replace(node, name=name, type=kind), kind

    def _interval(self, node: ast.Interval) -> ast.Interval:
        start, end = (
            None if side is None else self._of(side, _INSTANTS, "a day, an instant or '..'")
            for side in (node.start, node.end)
        )
        if isinstance(start, ast.Literal) and isinstance(end, ast.Literal):
            low, high = _day(start.value), _day(end.value)
            both = type(start.value) is type(end.value)
            first, last = (_time(start.value), _time(end.value)) if both else (low, high)
            if first > last:
                raise FilterError(node.at, f"an interval from {first} to {last}", "the start first")
        return replace(node, start=start, end=end)

    def _array(self, node: ast.Array) -> ast.Array:
        items, kind = [], None
        for item in node.items:
            typed, other = self.value(item)
            if other not in _SCALARS or (kind is not None and not _alike(kind, other)):
                spoken = _SPOKEN[kind] if kind else "text, a number, true, false, a day"
                raise self._refused(item, other, spoken)
            kind = kind or other
            items.append(typed)
        return replace(node, items=tuple(items))

    def _call(self, node: ast.Call) -> tuple[ast.Call, Type]:
        takes: tuple[frozenset[Type], ...] = (frozenset({Type.TEXT}),)
        gives = Type.TEXT
        if node.name in FUNCTIONS:
            takes, gives = FUNCTIONS[node.name].takes, FUNCTIONS[node.name].gives
        elif node.name not in FOLDING:
            offered = ", ".join([*FOLDING, *FUNCTIONS])
            raise FilterError(
                node.at,
                f"the unknown function {node.name!r}",
                "a function that is offered",
                advice=f"Functions: {offered}.",
            )
        if len(node.args) != len(takes):
            found = f"{node.name} of {len(node.args)} arguments"
            raise FilterError(node.at, found, f"{len(takes)}")
        args = tuple(
            self._of(arg, kinds, " or ".join(_WRITTEN[k] for k in sorted(kinds)))
            for arg, kinds in zip(node.args, takes, strict=True)
        )
        return replace(node, args=args), gives

    def _of(self, node: ast.Value, kinds: frozenset[Type], spoken: str) -> ast.Value:
        """Return a value that must be of one of these types."""
        typed, kind = self.value(node)
        if kind not in kinds:
            raise self._refused(node, kind, spoken)
        return typed

    def _refused(self, node: ast.Value, kind: Type, expected: str) -> FilterError:
        found = _WRITTEN[kind]
        if isinstance(node, ast.Prop):
            found = f"the property {node.name!r}, {found}"
        elif isinstance(node, ast.Literal):
            found = f"{found}: {node.value!s}"
        return FilterError(node.at, found, expected)


def literal_type(value: ast.Plain) -> Type:
    """Return the type of a literal."""
    if isinstance(value, bool):
        return Type.BOOLEAN
    if isinstance(value, int):
        return Type.INTEGER
    if isinstance(value, float):
        return Type.NUMBER
    if isinstance(value, datetime):
        return Type.DATETIME
    return Type.DATE if isinstance(value, date) else Type.TEXT


def value_types(node: ast.Value) -> set[Type]:
    """Return the types of the instants in a checked temporal value."""
    if isinstance(node, ast.Interval):
        sides = (node.start, node.end)
        return {kind for side in sides if side is not None for kind in value_types(side)}
    if isinstance(node, ast.Literal):
        return {literal_type(node.value)}
    if isinstance(node, ast.Prop) and node.type is not None:
        return {node.type}
    if isinstance(node, ast.Call) and node.name in FUNCTIONS:
        return {FUNCTIONS[node.name].gives}
    return set()


def is_temporal(*nodes: ast.Value) -> bool:
    """Tell whether checked values are days or instants."""
    return any(value_types(node) & _INSTANTS for node in nodes)


def whole_days(*nodes: ast.Value) -> bool:
    """Tell whether checked temporal values are compared by the day."""
    return by_day({kind for node in nodes for kind in value_types(node)})


def _listed(node: ast.Value) -> ast.Value:
    """Return a list of one for one value: text has no other way to write such a list."""
    single = isinstance(node, ast.Literal | ast.Call | ast.Arith)
    return ast.Array((node,), node.at) if single else node


def _alike(kind: Type, other: Type) -> bool:
    groups = (_NUMBERS, _INSTANTS)
    return kind is other or any(kind in group and other in group for group in groups)


def _time(value: ast.Plain) -> str:
    return as_text(value) if isinstance(value, date) else str(value)


def _day(value: ast.Plain) -> str:
    return _time(value)[:10]
