"""A filter over whole columns at once: what `evaluate` says of each feature, for many features.

Not all of a filter can be told so; then nobody is told anything.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis_core.filters import ast
from gis_core.filters.evaluate import evaluate

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]
_EXACT = 2**53  # beyond, not every whole number is a float
_COMPARE: Mapping[str, Callable[[Any, Any], Mask]] = {
    "=": operator.eq,
    "<>": lambda a, b: (a < b) | (a > b),  # not true of what is missing
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_OPPOSITE = {"=": "<>", "<>": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers of features.

    Attributes
    ----------
    values
        (n,) float64, NaN where there is none. Whole numbers beyond 2⁵³ do not belong here.
    """

    values: Floats

    def take(self, at: NDArray[np.intp]) -> "Numbers":
        """Return those of some features."""
        return Numbers(self.values[at])


@dataclass(frozen=True, slots=True)
class Coded:
    """Values of features of which there are few.

    Attributes
    ----------
    codes
        (n,) 0 where there is none, else the place in ``values``, counted from 1.
    values
        The different ones as they are stored, ascending.
    """

    codes: NDArray[np.unsignedinteger]
    values: tuple[Any, ...]

    def take(self, at: NDArray[np.intp]) -> "Coded":
        """Return those of some features."""
        return Coded(self.codes[at], self.values)


Column = Numbers | Coded
Find = Callable[[str], Column | None]


def true_of(condition: ast.Condition, column: Find, count: int) -> Mask | None:
    """Tell of which features a checked condition is true.

    Parameters
    ----------
    column
        Returns a property of all features, None where it is not to be had as a column.
    count
        How many features there are.

    Returns
    -------
    (n,) bool; None where only a look at each feature can tell: of places, lists, arithmetic
    and functions of numbers.

    Notes
    -----
    About 30 µs for a comparison of 80,000 numbers; of coded values each is judged once.
    """
    try:
        return _Features(column, count).are(condition, wanted=True)
    except _UnknownError:
        return None


class _UnknownError(Exception):
    """Columns do not tell."""


class _Features:
    def __init__(self, column: Find, count: int) -> None:
        self._column = column
        self._count = count

    def are(self, node: ast.Condition, *, wanted: bool) -> Mask:
        """Return of which features a condition is true, or false: what is unknown is neither."""
        if isinstance(node, ast.And | ast.Or):
            parts = [self.are(part, wanted=wanted) for part in node.parts]
            every = isinstance(node, ast.And) is wanted
            return reduce(np.logical_and if every else np.logical_or, parts)
        if isinstance(node, ast.Not):
            return self.are(node.part, wanted=not wanted)
        columns = {n.name: self._known(n.name) for n in ast.walk(node) if isinstance(n, ast.Prop)}
        if any(isinstance(column, Numbers) for column in columns.values()):
            return self._numbers(node, wanted=wanted)
        if not columns:
            return np.full(self._count, evaluate(ast.Filter(node), {}) is wanted)
        if len(columns) > 1:
            raise _UnknownError
        [(name, column)] = columns.items()
        return _judged(node, name, column, wanted=wanted)

    def _numbers(self, node: ast.Condition, *, wanted: bool) -> Mask:
        if isinstance(node, ast.IsNull):
            missing: Mask = np.isnan(self._operand(node.value))
            return missing if wanted else ~missing
        if isinstance(node, ast.Compare):
            op = node.op if wanted else _OPPOSITE[node.op]
            return _COMPARE[op](self._operand(node.left), self._operand(node.right))
        if isinstance(node, ast.In):
            value = self._operand(node.value)
            found: Mask = np.isin(value, [_number(item) for item in node.items])
            return found if wanted else ~(found | np.isnan(value))
        raise _UnknownError

    def _operand(self, node: ast.Value) -> Floats | float:
        if isinstance(node, ast.Prop):
            column = self._known(node.name)
            if isinstance(column, Numbers):
                return column.values
        return _number(node)

    def _known(self, name: str) -> Column:
        column = self._column(name)
        if column is None:
            raise _UnknownError
        return column


def _number(node: ast.Value) -> float:
    value = node.value if isinstance(node, ast.Literal) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > _EXACT:
        raise _UnknownError
    return float(value)


def _judged(node: ast.Condition, name: str, column: Column, *, wanted: bool) -> Mask:
    if isinstance(column, Numbers):
        raise _UnknownError
    asked = ast.Filter(node)
    truths = [evaluate(asked, {name: value}) is wanted for value in (None, *column.values)]
    if truths.count(True) == 1:  # most often: to be equal
        same: Mask = column.codes == truths.index(True)
        return same
    found: Mask = np.array(truths, dtype=bool)[column.codes]
    return found
