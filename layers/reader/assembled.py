"""Parcels with their figures, put together from the table of figures and the parcels' own bytes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gis_core.geojson import MISSING, feature_texts, place_text, property_texts
from gis_core.search_area import SearchArea
from gis_core.store import Query
from gis_core.store.fragments import Segment
from gis_core.store.schema import FID
from layers.reader.figures import ParcelsWithFigures
from layers.view import CollectionView

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class AssembledFeatures:
    """The parcels of one merge with their figures, as one actor may see them.

    Features are told by the numbers of their rows. Their place is that of ready parcels.
    """

    view: CollectionView
    rows: ParcelsWithFigures
    parcels: Segment

    def variant(self, crs: str) -> str | None:
        """Return where the places in a system are, None when they are not ready in it."""
        return self.parcels.variant(crs)

    def page(
        self, query: Query, area: SearchArea | None, first: int, limit: int
    ) -> tuple[int, Numbers]:
        """Return how many features fit a query, and those of a page; see `ReadyFeatures.page`."""
        asked = replace(query, columns=(), bbox=None, limit=None, offset=0)
        if area is not None:
            among = {**asked.among, self.rows.key: self._meeting(area)}
            asked = replace(asked, among=among)
        if asked.narrows:
            found = self._found(asked)
            return len(found), found[first : first + limit]
        paged = replace(asked, limit=limit, offset=first)
        return self.view.count, self._found(paged) if limit else np.empty(0, np.int64)

    def texts(
        self, variant: str, positions: Numbers, columns: Sequence[str] | None, *, placed: bool
    ) -> Sequence[bytes] | None:
        """Return the features with some numbers; see `ReadyFeatures.texts`.

        None where several rows make up a parcel: their places have to be united.
        """
        if not len(positions):
            return []
        names = self.view.names if columns is None else tuple(columns)
        numbers, values = self.rows.cells(
            self.view.id,
            tuple(dict.fromkeys([*names, self.rows.key])),
            FID,
            positions.tolist(),
            released=self.view.names,
        )
        keys = values[self.rows.key]
        places = self._places(variant, keys) if placed else [MISSING] * len(keys)
        if places is None:
            return None
        made = feature_texts(keys, places, property_texts({n: values[n] for n in names}, len(keys)))
        order = np.searchsorted(np.array(numbers, np.int64), positions)
        return [b",".join([made[i] for i in order.tolist()])]

    def _found(self, query: Query) -> Numbers:
        return self.rows.numbers(self.view.id, query, released=self.view.names)

    def _meeting(self, area: SearchArea) -> tuple[object, ...]:
        fids = self.parcels.fids[self.parcels.meeting(area)].tolist()
        key, parcels = self.rows.key, self.rows.parcels
        _, found = parcels.cells(self.rows.name, (key,), FID, fids, released=(key,))
        return tuple(text for text in found[key] if text is not None)

    def _places(self, variant: str, keys: Sequence[object]) -> list[bytes] | None:
        key, parcels = self.rows.key, self.rows.parcels
        fids, found = parcels.cells(self.rows.name, (key,), key, keys, released=(key,))
        rows = self.parcels.rows_of(np.array(fids, np.int64))
        texts = map(place_text, self.parcels.each(variant, rows))
        places = dict(zip(found[key], texts, strict=True))
        if len(places) < len(fids):
            return None
        return [places.get(own, MISSING) for own in keys]
