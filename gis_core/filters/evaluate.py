"""What a filter means, feature by feature, in plain Python: slow, exact, three-valued.

The store carries filters out in its own way; this is what it must agree with.
"""

import operator
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

import shapely

from gis_core.filters import ast
from gis_core.filters.functions import FOLDING, FUNCTIONS, calculate, like
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
from gis_core.filters.types import is_temporal, whole_days

Stored = Any  # text, a number, a list, a geometry
Row = Mapping[str, Stored]
Ternary = bool | None
COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def evaluate(filter: ast.Filter, row: Row) -> Ternary:  # noqa: A002
    """Tell whether a feature fulfils a checked filter.

    Parameters
    ----------
    row
        Values by property: text, numbers, bool, days and instants as ``date`` and ``datetime`` in
        UTC, lists of text, a geometry in the storage CRS; None where there is none.

    Returns
    -------
    None where it cannot be known because a value is missing. Only True is an answer.
    """
    return _Row(row).condition(filter.root)


class _Row:
    def __init__(self, row: Row) -> None:
        self._row = row

    def condition(self, node: ast.Condition) -> Ternary:
        """Return the truth of a condition."""
        if isinstance(node, ast.And):
            return all_of(self.condition(part) for part in node.parts)
        if isinstance(node, ast.Or):
            return opposite(all_of(opposite(self.condition(part)) for part in node.parts))
        if isinstance(node, ast.Not):
            return opposite(self.condition(node.part))
        if isinstance(node, ast.IsNull):
            return self.value(node.value) is None
        if isinstance(node, ast.Truth):
            found = self.value(node.value)
            return None if found is None else bool(found)
        if isinstance(node, ast.In):
            value = self.value(node.value)
            return None if value is None else value in {self.value(item) for item in node.items}
        return self._relation(node)

    def _relation(self, node: ast.Condition) -> Ternary:
        if isinstance(node, ast.Temporal):
            return self._ends(node.op, RELATIONS[node.op], node.left, node.right)
        if isinstance(node, ast.Compare) and is_temporal(node.left, node.right):
            return self._ends(node.op, COMPARED[node.op], node.left, node.right)
        if isinstance(node, ast.Like):
            return met(like, self.value(node.value), self.value(node.pattern))
        if isinstance(node, ast.Compare):
            return met(COMPARE[node.op], self.value(node.left), self.value(node.right))
        if isinstance(node, ast.Spatial):
            left, right = self.value(node.left), self.value(node.right)
            return met(relation(node.op), left, right)
        if isinstance(node, ast.ArrayTest):
            return met(set_relation(node.op), self.value(node.left), self.value(node.right))
        raise TypeError(f"{type(node).__name__} was not checked")

    def value(self, node: ast.Value) -> Stored:
        """Return a value; None where there is none."""
        if isinstance(node, ast.Literal):
            return as_text(node.value) if isinstance(node.value, date) else node.value
        if isinstance(node, ast.Prop):
            found = self._row.get(node.name)
            return as_text(found) if isinstance(found, date) else found
        if isinstance(node, ast.Shape):
            return node.geometry
        if isinstance(node, ast.Arith):
            left, right = self.value(node.left), self.value(node.right)
            return known(lambda a, b: calculate(node.op, a, b), left, right)
        if isinstance(node, ast.Array):
            items = [self.value(item) for item in node.items]
            return None if None in items else items
        if isinstance(node, ast.Call):
            run = FOLDING.get(node.name) or FUNCTIONS[node.name].run
            return known(run, *(self.value(arg) for arg in node.args))
        return None if None in self._span(node, by_day=True) else ()

    def _ends(self, op: str, terms: Terms, left: ast.Value, right: ast.Value) -> Ternary:
        day = whole_days(left, right)
        ends = dict(zip(("a0", "a1"), self._span(left, by_day=day), strict=True))
        ends |= zip(("b0", "b1"), self._span(right, by_day=day), strict=True)
        holds = all_of(met(COMPARE[how], ends[a], ends[b]) for a, how, b in terms)
        return opposite(holds) if op in NEGATED else holds

    def _span(self, node: ast.Value, *, by_day: bool) -> tuple[str | None, str | None]:
        if isinstance(node, ast.Interval):
            start = BEGINNING if node.start is None else self._span(node.start, by_day=by_day)[0]
            end = END if node.end is None else self._span(node.end, by_day=by_day)[1]
            return start, end
        text: str | None = self.value(node)
        if text is None or by_day or "T" in text:
            return text, text
        return text + DAY_START, text + DAY_END


def all_of(parts: Iterable[Ternary]) -> Ternary:
    """Return Kleene's AND: false beats unknown, unknown beats true."""
    found = set(parts)
    if False in found:
        return False
    return None if None in found else True


def opposite(part: Ternary) -> Ternary:
    """Return Kleene's NOT."""
    return None if part is None else not part


def met(run: Callable[..., bool], *args: Stored) -> Ternary:
    """Return what a test says of its arguments, None if one of them is missing."""
    return None if any(arg is None for arg in args) else bool(run(*args))


def known(run: Callable[..., Stored], *args: Stored) -> Stored:
    """Return what a function makes of its arguments, None if one of them is missing."""
    return None if any(arg is None for arg in args) else run(*args)


def relation(op: str) -> Callable[[Any, Any], bool]:
    """Return the predicate of a spatial operator; faulty shapes are made valid first."""
    predicate = getattr(shapely, op.removeprefix("s_"))

    def holds(left: Stored, right: Stored) -> bool:
        try:
            return bool(predicate(left, right))
        except shapely.errors.GEOSException:  # a stored shape that crosses itself
            return bool(predicate(shapely.make_valid(left), shapely.make_valid(right)))

    return holds


def set_relation(op: str) -> Callable[[Any, Any], bool]:
    """Return the relation of two lists taken as sets."""
    relations: dict[str, Callable[[Any, Any], bool]] = {
        "a_containedby": lambda a, b: set(a) <= set(b),
        "a_contains": lambda a, b: set(a) >= set(b),
        "a_equals": lambda a, b: set(a) == set(b),
        "a_overlaps": lambda a, b: not set(a).isdisjoint(b),
    }
    return relations[op]
