"""A checked filter as a condition in SQL: names quoted, every value bound.

Three-valued logic is SQLite's own. What it cannot say (folding, patterns, geometry) it asks of
functions that are registered for the one statement. The R-tree decides first wherever a literal
geometry must be met; the exact relation is asked of candidates only.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from gis_core.filters import ast
from gis_core.filters.ast import Filter, Type
from gis_core.filters.functions import FOLDING, literal_prefix
from gis_core.filters.times import (
    BEGINNING,
    COMPARED,
    DAY_END,
    DAY_START,
    END,
    NEGATED,
    RELATIONS,
    Terms,
    as_text,
)
from gis_core.filters.types import is_temporal, value_types, whole_days
from gis_core.store.schema import GEOMETRY, Box, ColumnType, TableSchema
from gis_core.store.sql.names import alias, quote
from gis_core.store.sql.reading import Condition, in_box

PREFIX = "fb_"  # of the functions that a filter may call
_CALLED = re.compile(rf"\b{PREFIX}\w+(?=\()")
_NATIVE = frozenset("+-*/")
_LAST_BEFORE_SURROGATES, _FIRST_AFTER = 0xD7FF, 0xE000
_LAST = 0x10FFFF


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of SQL text and the values bound to it; ``cost`` orders the parts of a condition."""

    text: str
    values: tuple[object, ...] = ()
    cost: int = 0


def conditions(
    wanted: Filter, schema: TableSchema, bounds: Box | None = None
) -> tuple[list[Condition], list[ast.Spatial]]:
    """Return a filter as conditions, and the relations that ``fb_place`` will be asked for.

    Parameters
    ----------
    wanted
        Checked against fields of this table.
    bounds
        The box around all rows: what must only meet it needs no R-tree.

    Returns
    -------
    The conditions: first, where it narrows, that of the R-tree. The relations in the order of
    the numbers by which the text calls them.
    """
    compiler = _Compiler(schema)
    box = wanted.boxes()
    driven = wanted.root.parts if isinstance(wanted.root, ast.And) else (wanted.root,)
    whole = compiler.all_of([compiler.condition(part, driven=True) for part in driven], "AND")
    names = tuple(name for name in wanted.fields() if name != GEOMETRY)
    found = [] if box is None or _holds(box, bounds) else [in_box(schema, box)]
    return [*found, Condition(whole.text, whole.values, names)], compiler.relations


class _Compiler:
    def __init__(self, schema: TableSchema) -> None:
        self._schema = schema
        self._types = {c.name: c.type for c in schema.columns}
        self.relations: list[ast.Spatial] = []

    # -- conditions --------------------------------------------------------------------

    def condition(self, node: ast.Condition, *, driven: bool = False) -> Piece:
        """Return a condition; ``driven``: the R-tree has already chosen candidates for it."""
        if isinstance(node, ast.And | ast.Or):
            parts = [self.condition(part) for part in node.parts]
            return self.all_of(parts, "AND" if isinstance(node, ast.And) else "OR")
        if isinstance(node, ast.Not):
            return _wrap("(NOT {})", self.condition(node.part))
        if isinstance(node, ast.IsNull):
            return self._is_null(node.value)
        if isinstance(node, ast.Truth):
            return self.value(node.value)
        if isinstance(node, ast.In):
            items = json.dumps([_bound(i.value) for i in node.items if isinstance(i, ast.Literal)])
            listed = Piece("(SELECT value FROM json_each(?))", (items,))
            return _wrap("({} IN {})", self.value(node.value), listed)
        if isinstance(node, ast.Spatial):
            return self._spatial(node, driven=driven)
        return self._relation(node)

    def _relation(self, node: ast.Condition) -> Piece:
        if isinstance(node, ast.Temporal):
            return self._ends(node.op, RELATIONS[node.op], node.left, node.right)
        if isinstance(node, ast.Compare):
            if is_temporal(node.left, node.right) and not _one_kind(node.left, node.right):
                return self._ends(node.op, COMPARED[node.op], node.left, node.right)
            return _wrap(f"({{}} {node.op} {{}})", self.value(node.left), self.value(node.right))
        if isinstance(node, ast.Like):
            return self._like(node)
        if isinstance(node, ast.ArrayTest):
            call = f"{PREFIX}set('{node.op}', {{}}, {{}})"
            return _wrap(call, self.value(node.left), self.value(node.right), cost=1)
        raise TypeError(f"{type(node).__name__} was not checked")

    def all_of(self, parts: Sequence[Piece], word: str) -> Piece:
        """Join parts, the cheap ones first, as a balanced tree: SQLite limits depth, not width."""
        ordered = sorted(parts, key=lambda piece: piece.cost)
        while len(ordered) > 1:
            pairs = [ordered[i : i + 2] for i in range(0, len(ordered), 2)]
            ordered = [_wrap(f"({{}} {word} {{}})", *p) if len(p) == 2 else p[0] for p in pairs]
        return ordered[0]

    def _is_null(self, node: ast.Value) -> Piece:
        if isinstance(node, ast.Interval):
            start, end = self._span(node, by_day=True)
            return _wrap("(({}) IS NULL OR ({}) IS NULL)", start, end)
        if isinstance(node, ast.Shape):
            return Piece("0")
        return _wrap("({} IS NULL)", self.value(node))

    def _like(self, node: ast.Like) -> Piece:
        value = self.value(node.value)
        match = _wrap(f"{PREFIX}like({{}}, {{}})", value, self.value(node.pattern), cost=1)
        if not isinstance(node.pattern, ast.Literal):
            return match
        pattern = str(node.pattern.value)
        prefix = literal_prefix(pattern)
        if prefix == pattern:
            return _wrap("({} = {})", value, Piece("?", (pattern,)))
        after = _after(prefix)
        if after is None or not isinstance(node.value, ast.Prop):
            return match
        limits = Piece("?", (prefix,)), Piece("?", (after,))
        return _wrap("({} >= {} AND {} < {} AND {})", value, limits[0], value, limits[1], match)

    def _spatial(self, node: ast.Spatial, *, driven: bool) -> Piece:
        number = len(self.relations)
        self.relations.append(node)
        shape = f"t.{quote(GEOMETRY)}"
        exact = f"{PREFIX}place({number}, {shape})"
        box = None if node.op == "s_disjoint" and driven else _literal_box(node)
        if box is None or driven:
            return Piece(exact, (), 2)
        apart = int(node.op == "s_disjoint")
        near = in_box(self._schema, box)
        text = f"(CASE WHEN {shape} IS NULL THEN NULL WHEN NOT {near.text} THEN {apart} "
        return Piece(f"{text}ELSE {exact} END)", near.values, 2)

    def _ends(self, op: str, terms: Terms, left: ast.Value, right: ast.Value) -> Piece:
        day = whole_days(left, right)
        ends = dict(zip(("a0", "a1"), self._span(left, by_day=day), strict=True))
        ends |= zip(("b0", "b1"), self._span(right, by_day=day), strict=True)
        parts = [_wrap(f"({{}} {how} {{}})", ends[a], ends[b]) for a, how, b in terms]
        holds = self.all_of(parts, "AND")
        return _wrap("(NOT {})", holds) if op in NEGATED else holds

    def _span(self, node: ast.Value, *, by_day: bool) -> tuple[Piece, Piece]:
        if isinstance(node, ast.Interval):
            start, end = Piece("?", (BEGINNING,)), Piece("?", (END,))
            if node.start is not None:
                start = self._span(node.start, by_day=by_day)[0]
            if node.end is not None:
                end = self._span(node.end, by_day=by_day)[1]
            return start, end
        text = self.value(node)
        if by_day or Type.DATETIME in value_types(node):
            return text, text
        return _wrap(f"({{}} || '{DAY_START}')", text), _wrap(f"({{}} || '{DAY_END}')", text)

    # -- values ------------------------------------------------------------------------

    def value(self, node: ast.Value) -> Piece:
        """Return a value."""
        if isinstance(node, ast.Literal):
            return Piece("?", (_bound(node.value),))
        if isinstance(node, ast.Prop):
            return self._column(node)
        if isinstance(node, ast.Arith):
            left, right = self.value(node.left), self.value(node.right)
            if node.op in _NATIVE:
                text = f"(CAST({{}} AS REAL) {node.op} CAST({{}} AS REAL))"
                return _wrap(text, left, right)
            return _wrap(f"{PREFIX}calculate('{node.op}', {{}}, {{}})", left, right, cost=1)
        if isinstance(node, ast.Array):
            return self._array(node)
        if isinstance(node, ast.Call):
            args = [self.value(arg) for arg in node.args]
            marks = ", ".join("{}" for _ in args)
            name = node.name if node.name in FOLDING else f"of_{node.name}"
            return _wrap(f"{PREFIX}{name}({marks})", *args, cost=1)
        raise TypeError(f"{type(node).__name__} was not checked")

    def _column(self, node: ast.Prop) -> Piece:
        if node.name == GEOMETRY:
            return Piece(f"t.{quote(GEOMETRY)}")
        name = alias(self._schema, node.name)
        if self._types.get(node.name) is ColumnType.WORDS:
            return Piece(f"{PREFIX}words({name})", (), 1)
        return Piece(name)

    def _array(self, node: ast.Array) -> Piece:
        if all(isinstance(item, ast.Literal) for item in node.items):
            items = [_bound(i.value) for i in node.items if isinstance(i, ast.Literal)]
            return Piece("?", (json.dumps(items, ensure_ascii=False),))
        parts = [self.value(item) for item in node.items]
        return _wrap(f"{PREFIX}list({', '.join('{}' for _ in parts)})", *parts, cost=1)


def called(found: Iterable[Condition]) -> frozenset[str]:
    """Return the names of the functions of ours that conditions call."""
    return frozenset(name for c in found for name in _CALLED.findall(c.text))


def _wrap(text: str, *pieces: Piece, cost: int = 0) -> Piece:
    """Return the text with pieces in its gaps, and all their values in that order."""
    parts = text.split("{}")
    filled = "".join(a + b.text for a, b in zip(parts, pieces, strict=False)) + parts[-1]
    values = tuple(value for piece in pieces for value in piece.values)
    return Piece(filled, values, max([cost, *(piece.cost for piece in pieces)]))


def _bound(value: ast.Plain) -> object:
    if isinstance(value, bool):
        return int(value)
    return as_text(value) if isinstance(value, date) else value


def _one_kind(left: ast.Value, right: ast.Value) -> bool:
    """Tell whether both are days or both are instants, so that their text compares as it is."""
    return value_types(left) == value_types(right)


def _literal_box(node: ast.Spatial) -> Box | None:
    if not isinstance(node.right, ast.Shape) or node.right.geometry is None:
        return None
    xmin, ymin, xmax, ymax = node.right.geometry.bounds
    return xmin, ymin, xmax, ymax


def _holds(box: Box, bounds: Box | None) -> bool:
    if bounds is None:
        return False
    low = box[0] <= bounds[0] and box[1] <= bounds[1]
    return low and box[2] >= bounds[2] and box[3] >= bounds[3]


def _after(prefix: str) -> str | None:
    """Return the first text beyond all that start so, by code point; None if there is none."""
    for cut in range(len(prefix), 0, -1):
        code = ord(prefix[cut - 1])
        if code < _LAST:
            following = _FIRST_AFTER if code == _LAST_BEFORE_SURROGATES else code + 1
            return prefix[: cut - 1] + chr(following)
    return None
