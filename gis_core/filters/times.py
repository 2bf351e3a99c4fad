"""Relations of instants and intervals, and of sets: one table for every way to ask them.

An instant is an interval that ends where it starts. Ends are compared as ISO 8601 text of one
length; an open start sorts before and an open end after every date.

Source: OGC 21-065r2 (CQL2), table 9, after Allen (1983). An instant may stand on either side
of every relation.
"""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType

from gis_core.filters.ast import Type

Term = tuple[str, str, str]
Terms = tuple[Term, ...]

BEGINNING, END = "", "~"  # below and above every digit
DAY_START, DAY_END = "T00:00:00.000Z", "T23:59:59.999Z"

_INTERSECTS: Terms = (("a0", "<=", "b1"), ("a1", ">=", "b0"))

# Which ends (0 start, 1 end) of a and b must stand how to each other: all terms hold.
RELATIONS: Mapping[str, Terms] = MappingProxyType(
    {
        "t_after": (("a0", ">", "b1"),),
        "t_before": (("a1", "<", "b0"),),
        "t_contains": (("a0", "<", "b0"), ("a1", ">", "b1")),
        "t_disjoint": _INTERSECTS,  # the opposite of: see NEGATED
        "t_during": (("a0", ">", "b0"), ("a1", "<", "b1")),
        "t_equals": (("a0", "=", "b0"), ("a1", "=", "b1")),
        "t_finishedby": (("a0", "<", "b0"), ("a1", "=", "b1")),
        "t_finishes": (("a0", ">", "b0"), ("a1", "=", "b1")),
        "t_intersects": _INTERSECTS,
        "t_meets": (("a1", "=", "b0"),),
        "t_metby": (("a0", "=", "b1"),),
        "t_overlappedby": (("a0", ">", "b0"), ("a0", "<", "b1"), ("a1", ">", "b1")),
        "t_overlaps": (("a0", "<", "b0"), ("a1", ">", "b0"), ("a1", "<", "b1")),
        "t_startedby": (("a0", "=", "b0"), ("a1", ">", "b1")),
        "t_starts": (("a0", "=", "b0"), ("a1", "<", "b1")),
    }
)

# A day beside an instant is all of the day: an instant of that day is equal to it.
COMPARED: Mapping[str, Terms] = MappingProxyType(
    {
        "=": _INTERSECTS,
        "<>": _INTERSECTS,
        "<": (("a1", "<", "b0"),),
        "<=": (("a0", "<=", "b1"),),
        ">": (("a0", ">", "b1"),),
        ">=": (("a1", ">=", "b0"),),
    }
)
NEGATED = frozenset({"t_disjoint", "<>"})

ARRAY_TESTS = frozenset({"a_containedby", "a_contains", "a_equals", "a_overlaps"})


def as_text(value: date | datetime) -> str:
    """Return the form in which the store holds a day or an instant.

    Examples
    --------
    >>> as_text(date(2024, 2, 29))
    '2024-02-29'
    """
    if not isinstance(value, datetime):
        return value.isoformat()
    return f"{value.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def by_day(types: set[Type]) -> bool:
    """Tell whether days are compared as days: nothing more exact stands beside them."""
    return Type.DATETIME not in types
