"""The tree of a filter: frozen nodes, each knowing where in the request it stands.

``at`` is a character of the text, counted from 1, or a JSON pointer; it is no part of what a
node is, so that the same filter in text and in JSON makes equal trees.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from shapely.geometry.base import BaseGeometry

At = int | str
Box = tuple[float, float, float, float]
Plain = str | int | float | bool | date | datetime


class Type(StrEnum):
    """What a value is; ``datetime`` is an instant in UTC, ``array`` holds plain values."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    ARRAY = "array"
    INTERVAL = "interval"
    GEOMETRY = "geometry"


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as it was written; datetimes are in UTC, to the millisecond."""

    value: Plain
    at: At = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Prop:
    """A property; ``type`` is filled in by the check against a schema."""

    name: str
    at: At = field(default=1, compare=False)
    type: Type | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """A geometry: as written in the filter's CRS, after the check in the storage CRS.

    ``bbox`` holds the four or six numbers of a box instead; ``numbers`` says where in the text
    each coordinate stands.
    """

    geometry: BaseGeometry | None
    bbox: tuple[float, ...] | None = None
    at: At = field(default=1, compare=False)
    numbers: tuple[int, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Interval:
    """A span of time; None is an open end."""

    start: "Value | None"
    end: "Value | None"
    at: At = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Array:
    """Several values."""

    items: "tuple[Value, ...]"
    at: At = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function of values: ``casei``, ``accenti``, or one that the server offers."""

    name: str
    args: "tuple[Value, ...]"
    at: At = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Arith:
    """``left op right`` with op one of ``+ - * / div % ^``."""

    op: str
    left: "Value"
    right: "Value"
    at: At = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class And:
    """All of them."""

    parts: "tuple[Condition, ...]"
    at: At = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Or:
    """Any of them."""

    parts: "tuple[Condition, ...]"
    at: At = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; of what is unknown: unknown."""

    part: "Condition"
    at: At = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Truth:
    """A value that is itself true or false."""

    value: "Value"
    at: At = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Compare:
    """``left op right`` with op one of ``= <> < <= > >=``."""

    op: str
    left: "Value"
    right: "Value"
    at: At = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Like:
    r"""Text against a pattern: ``%`` any text, ``_`` any character, ``\`` takes them literally."""

    value: "Value"
    pattern: "Value"
    at: At = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Between:
    """From low to high, both included."""

    value: "Value"
    low: "Value"
    high: "Value"
    at: At = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class In:
    """Equal to one of the items."""

    value: "Value"
    items: "tuple[Value, ...]"
    at: At = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class IsNull:
    """Whether there is no value; the one condition that is never unknown."""

    value: "Value"
    at: At = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Spatial:
    """A relation of two geometries, such as ``s_intersects``."""

    op: str
    left: "Value"
    right: "Value"
    at: At = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Temporal:
    """A relation of two instants or intervals, such as ``t_after``."""

    op: str
    left: "Value"
    right: "Value"
    at: At = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class ArrayTest:
    """A relation of two sets, such as ``a_contains``."""

    op: str
    left: "Value"
    right: "Value"
    at: At = field(default=1, compare=False)


Value = Literal | Prop | Shape | Interval | Array | Call | Arith
Condition = (
    And | Or | Not | Truth | Compare | Like | Between | In | IsNull | Spatial | Temporal | ArrayTest
)
Node = Value | Condition

# What each relation is when its two sides change places.
MIRRORED = {"s_contains": "s_within", "s_within": "s_contains"}
SPATIAL = frozenset(
    f"s_{word}"
    for word in (
        "contains",
        "crosses",
        "disjoint",
        "equals",
        "intersects",
        "overlaps",
        "touches",
        "within",
    )
)


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and all below it, in the order in which they were written."""
    yield node
    for part in fields(node):
        found = getattr(node, part.name)
        for below in found if isinstance(found, tuple) else (found,):
            if isinstance(below, Node):
                yield from walk(below)


def rewritten(node: Node, change: Callable[[Node], Node | None]) -> Node:
    """Return a tree in which each node that ``change`` answers for is that answer."""
    if (other := change(node)) is not None:
        return other
    parts: dict[str, Any] = {}
    for part in fields(node):
        found = getattr(node, part.name)
        if isinstance(found, tuple) and all(isinstance(below, Node) for below in found):
            parts[part.name] = tuple(rewritten(below, change) for below in found)
        elif isinstance(found, Node):
            parts[part.name] = rewritten(found, change)
    return replace(node, **parts)


@dataclass(frozen=True, slots=True, repr=False)
class Filter:
    """A condition on features, and the text that it was read from.

    Equal conditions are equal filters, however they were written.
    """

    root: Condition
    text: str = field(default="", compare=False)
    crs: str = ""

    def __repr__(self) -> str:
        """Name the filter by its text: stable, and complete together with its CRS."""
        return f"Filter({self.text!r}, crs={self.crs!r})"

    def fields(self) -> tuple[str, ...]:
        """Name every property that decides, each once, in the order of the text."""
        return tuple(dict.fromkeys(n.name for n in walk(self.root) if isinstance(n, Prop)))

    def also(self, condition: Condition, text: str) -> "Filter":
        """Return the filter that asks for a checked condition besides; ``text`` says it."""
        return Filter(And((self.root, condition)), f"{self.text} AND {text}", self.crs)

    def boxes(self) -> Box | None:
        """Return a box, in the storage CRS, that meets every feature for which this can be true.

        None when no geometry narrows the answer. Only what all features must fulfil counts.

        Raises
        ------
        Nothing; two places that are apart make a box of which xmin is above xmax.
        """
        parts = self.root.parts if isinstance(self.root, And) else (self.root,)
        found = [box for part in parts if (box := search_box(part)) is not None]
        if not found:
            return None
        xmin, ymin, xmax, ymax = zip(*found, strict=True)
        return max(xmin), max(ymin), min(xmax), min(ymax)


def search_box(node: Condition) -> Box | None:
    """Return the box of the literal that one spatial relation asks to be met, else None."""
    if not isinstance(node, Spatial) or node.op == "s_disjoint":
        return None
    if not isinstance(node.right, Shape) or node.right.geometry is None:
        return None
    xmin, ymin, xmax, ymax = node.right.geometry.bounds
    return xmin, ymin, xmax, ymax
