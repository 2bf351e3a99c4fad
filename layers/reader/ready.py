"""Features as ready bytes, for who may read all that they show."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gis_core.geojson import narrowed
from gis_core.search_area import SearchArea
from gis_core.store import ColumnType, GenerationInfo, Query, Rows
from gis_core.store.fragments import Segment
from layers.access import Actor
from layers.query import Text
from layers.reader.assembled import AssembledFeatures
from layers.reader.figures import Figures, ParcelsWithFigures
from layers.view import CollectionView

_MOST_EQUAL = 20_000
_TEXTS = {ColumnType.TEXT, ColumnType.PARCEL_KEY}
_PIECE = 1 << 18
Positions = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class ReadyFeatures:
    """The ready features of one collection of one import, as one actor may see them.

    Features are told by their position, 0 to ``count`` - 1, in the order of an unsorted query.
    """

    view: CollectionView
    segment: Segment
    rows: Rows

    @property
    def count(self) -> int:
        """How many features there are."""
        return self.segment.count

    def variant(self, crs: str) -> str | None:
        """Return where the features in a system are, None when they are not ready in it."""
        return self.segment.variant(crs)

    def one(self, feature_id: str) -> int | None:
        """Return the position of a feature, None when there is none of that id."""
        return self.segment.row_of(feature_id)

    def tag(self, position: int) -> str:
        """Return a checksum of one feature, the same as long as nobody sees a change of it."""
        return self.segment.tag(position)

    def meeting(self, area: SearchArea) -> Positions:
        """Return the features that have a point in common with an area, in order."""
        return self.segment.meeting(area)

    def indexed(self, field: str) -> bool:
        """Tell whether an index knows the features with a value in a field."""
        found = {c.name for c in self.view.table.schema.index_columns if c.type in _TEXTS}
        return field in found and field in self.view.names

    def equal(self, field: str, value: str) -> Positions | None:
        """Return the features with a value in a text field, in order.

        None where no index tells, or so many have it that the usual way is better.
        """
        if not self.indexed(field):
            return None
        query = Query(equals={field: value}, columns=(), limit=_MOST_EQUAL)
        numbers = self.rows.numbers(self.view.id, query, released=self.view.names)
        return None if len(numbers) == _MOST_EQUAL else self.segment.rows_of(numbers)

    def found(self, text: Text) -> Positions:
        """Return the features that hold words, in order."""
        return self.rows.found(self.view.id, text, released=self.view.names)

    def page(
        self, query: Query, area: SearchArea | None, first: int, limit: int
    ) -> tuple[int, Positions]:
        """Return how many features fit a query, and those of a page in the order asked for.

        Parameters
        ----------
        query
            Conditions on fields, and the sort. Its own limit, and conditions on the place that
            are no filter, are not looked at.
        area
            What the features must meet.

        Notes
        -----
        One search, whatever the page.
        """
        asked = replace(query, columns=(), bbox=None, limit=None, offset=0)
        if area is None and not asked.narrows:
            if not query.sort or not limit:
                return self.count, np.arange(first, max(first, min(first + limit, self.count)))
            asked = replace(asked, limit=limit, offset=first)
            return self.count, self._found(asked)
        near = None if area is None else self.meeting(area)
        if near is None or asked.narrows or asked.sort:
            near = self._found(asked, near)
        return len(near), near[first : first + limit]

    def _found(self, query: Query, near: Positions | None = None) -> Positions:
        """Return the features that fit a query, of all or of some, in the order asked for."""
        among = None if near is None else self.segment.fids[near]
        released = self.view.names
        numbers = self.rows.numbers(self.view.id, query, released=released, among=among)
        return self.segment.rows_of(numbers)

    def run(self, variant: str, first: int, last: int) -> Iterator[memoryview]:
        """Yield the features first to last - 1 with commas between them, in pieces."""
        yield from self.segment.pieces(variant, first, last, _PIECE)

    def some(self, variant: str, positions: Positions) -> list[memoryview]:
        """Return the features at some positions with commas between them, in runs."""
        return self.segment.gather(variant, positions)

    def texts(
        self, variant: str, positions: Positions, columns: Sequence[str] | None, *, placed: bool
    ) -> Sequence[bytes | memoryview]:
        """Return the features at some positions with commas between them.

        ``columns`` None: with all properties; ``placed`` False: without their place.
        """
        if columns is None and placed:
            return self.some(variant, positions)
        every = self.segment.each(variant, positions)
        return [b",".join([narrowed(text, columns, placed=placed) for text in every])]


class Ready(Figures):
    """Answers features as bytes that the import made ready, or that are put together from it."""

    _known: (
        tuple[
            Mapping[str, GenerationInfo],
            dict[tuple[str, bool, str], ReadyFeatures | AssembledFeatures | None],
        ]
        | None
    ) = None

    def ready(
        self, actor: Actor, collection: str, *, number: int | None = None
    ) -> ReadyFeatures | AssembledFeatures | None:
        """Return a collection's ready features.

        Returns
        -------
        None where there are none, where they do not show exactly what the actor may read, and
        where reading them would have to be logged: `frame` answers then, or says why not.

        Raises
        ------
        UnknownCollectionError, AccessError
            As in `view`.
        """
        if number is not None:
            return self._opened(actor, collection, number)
        served = self._store.served()
        if self._known is None or self._known[0] is not served:
            self._known = (served, {})
        known = self._known[1]
        key = (actor.role, bool(actor.purpose.strip()), collection)
        if key not in known:
            known[key] = self._opened(actor, collection, None)
        return known[key]

    def _opened(
        self, actor: Actor, collection: str, number: int | None
    ) -> ReadyFeatures | AssembledFeatures | None:
        view = self.view(actor, collection, number=number)
        if view.classes(view.names):
            return None
        rows = self._rows(view)
        if isinstance(rows, ParcelsWithFigures):
            parcels = self.view(actor, rows.name, number=rows.parcels.info.number)
            segment = rows.parcels.segment(rows.name, released=parcels.names)
            return None if segment is None else AssembledFeatures(view, rows, segment)
        segment = rows.segment(view.id, released=view.names)
        if segment is None or segment.columns != view.names:
            return None
        return ReadyFeatures(view, segment, rows)
