"""What is asked of one table: plain data, checked when it is made."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from shapely.geometry.base import BaseGeometry

from gis_core.errors import QueryError
from gis_core.filters.ast import Filter
from gis_core.store.schema import GEOMETRY, Box, Searched
from gis_core.word_index import Terms


@dataclass(frozen=True, slots=True)
class Text:
    """Words that are looked for in some columns: all of one of the terms, each in any column."""

    terms: Terms
    searched: Searched


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """Which rows and columns of a collection; every condition narrows the result.

    Attributes
    ----------
    ids
        Only features with these ids. The answer keeps the storage order.
    bbox
        xmin, ymin, xmax, ymax in the storage CRS: only features whose geometry (not
        merely its box) has a point in common with the rectangle, edges included.
    intersects
        The same for any geometry in the storage CRS.
    within
        Only features that lie in this geometry as a whole, edges included.
    equals
        Field and value; for lists and words: the value is among them; None: no value.
    among
        Field and several values, one of which it has.
    where
        A filter that was checked against the collection's fields.
    text
        Words that a row holds.
    numbers
        Only rows with these numbers; see `Rows.numbers`.
    columns
        Only these fields, in this order; None: all that may be read.
    sort
        Field and whether descending; missing values count as the lowest, text is compared by
        code point, and the storage order decides ties.
    limit, offset
        A page of the result.
    geometry
        False: leave the geometry out; the answer is then a plain table.
    """

    ids: tuple[str, ...] | None = None
    bbox: Box | None = None
    intersects: BaseGeometry | None = None
    within: BaseGeometry | None = None
    equals: Mapping[str, object] = field(default_factory=dict)
    among: Mapping[str, Sequence[object]] = field(default_factory=dict)
    where: Filter | None = None
    text: Text | None = None
    numbers: Sequence[int] | None = None
    columns: tuple[str, ...] | None = None
    sort: tuple[tuple[str, bool], ...] = ()
    limit: int | None = None
    offset: int = 0
    geometry: bool = True

    def __post_init__(self) -> None:
        """Refuse boxes that are none and pages that cannot be."""
        if self.bbox is not None:
            xmin, ymin, xmax, ymax = self.bbox
            if not all(map(math.isfinite, self.bbox)) or xmin > xmax or ymin > ymax:
                raise QueryError(
                    f"a box needs four finite numbers xmin ≤ xmax, ymin ≤ ymax, not {self.bbox}",
                    advice="Give xmin, ymin, xmax, ymax.",
                )
        if (self.limit is not None and self.limit < 0) or self.offset < 0:
            raise QueryError("limit and offset cannot be negative")

    @property
    def places(self) -> bool:
        """Whether the geometry decides which rows belong to the result."""
        return not (self.bbox is None and self.intersects is None and self.within is None)

    @property
    def narrows(self) -> bool:
        """Whether anything but the place decides which rows belong to the result."""
        stated = (self.ids, self.where, self.text, self.numbers)
        return bool(self.equals or self.among or any(s is not None for s in stated))

    def search_box(self) -> Box:
        """Return a box that meets the box of every feature in the result."""
        boxes = [self.bbox] if self.bbox is not None else []
        boxes += [g.bounds for g in (self.intersects, self.within) if g is not None]
        xmin, ymin, xmax, ymax = zip(*boxes, strict=True)
        return max(xmin), max(ymin), min(xmax), min(ymax)

    def fields(self) -> tuple[str, ...]:
        """Name every field that the query asks for, filters by or sorts by."""
        sorted_by = (name for name, _ in self.sort)
        asked = (n for n in (self.where.fields() if self.where else ()) if n != GEOMETRY)
        read = (name for name, _ in (self.text.searched if self.text else ()))
        return (*(self.columns or ()), *self.equals, *self.among, *asked, *read, *sorted_by)

    def selecting(self, columns: Sequence[str]) -> "Query":
        """Return the same query for these columns."""
        return replace(self, columns=tuple(columns))

    def unpaged(self) -> "Query":
        """Return the same conditions without order, page and columns: what a count needs."""
        return replace(self, columns=(), sort=(), limit=None, offset=0, geometry=False)
