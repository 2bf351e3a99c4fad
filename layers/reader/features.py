"""The features of a collection."""

from collections.abc import Sequence

import geopandas as gpd
import pandas as pd

from gis_core.store import FEATURE_ID
from layers.access import Actor, unmapped_access
from layers.errors import AccessError
from layers.query import Query
from layers.reader.through_time import During, ThroughTime
from layers.schema import UNMAPPED_TEXT
from layers.spec import UNMAPPED
from layers.view import NO_PURPOSE, check_fields

_ALL = Query()


class Features(ThroughTime):
    """Answers features, how many there are, and where."""

    def frame(
        self,
        actor: Actor,
        collection: str,
        query: Query = _ALL,
        *,
        as_merged: bool = False,
        number: int | None = None,
        during: During | None = None,
    ) -> gpd.GeoDataFrame | pd.DataFrame:
        """Return features.

        Parameters
        ----------
        as_merged
            Read the import that the links were made from rather than the served one, so
            that every linked feature is found even after a later import.
        number
            Read the import with that number, as in `view`.
        during
            Of a period rather than of today: those of today's features that were there then, and
            what is known of those that have ended, under ids of their own; the latter come
            last. What a former version does not record is missing, and meets no condition.

        Returns
        -------
        GeoDataFrame in the storage CRS, or DataFrame for collections without geometry;
        index ``feature_id`` (text), columns: the fields asked for, by default all that the
        actor may read. Without ``sort`` in storage order.

        Raises
        ------
        UnknownCollectionError, UnknownFieldError
            Absent or hidden: alike.
        AccessError
            A purpose is missing.
        DeadlineError
            The query took too long.
        StoreError
            A file is damaged, or the read could not be logged.
        """
        view = self.view(actor, collection, as_merged=as_merged, number=number)
        check_fields(self.policy, actor, view, query)
        if query.columns is None:
            query = query.selecting(view.names)
        frame = self._rows_in(view, during).frame(view.id, query, released=view.names)
        classes = view.classes(query.fields())
        self._log(actor, "frame", view, query, frame.index, classes=classes, during=during)
        return frame

    def unmapped(
        self, actor: Actor, collection: str, feature_ids: Sequence[str] | None = None
    ) -> pd.Series:
        """Return what the source says of features beyond the layer's fields.

        Returns
        -------
        JSON text by ``feature_id``: an object of the source's own names and values. Features
        of which it says no more are left out.

        Raises
        ------
        UnknownCollectionError, AccessError
            As in `view`; AccessError also when the role may not read it: as secret as the most
            secret field, and personal in any case.
        """
        view = self.view(actor, collection)
        access = unmapped_access(view.spec)
        if not self.policy.allowed(actor, view.layer.id, access, view.id):
            raise AccessError(
                f"what no field of {collection} takes is {access}",
                advice=NO_PURPOSE,
                collection=collection,
            )
        query = Query(ids=None if feature_ids is None else tuple(feature_ids))
        table = collection + UNMAPPED
        if view.generation.table(table) is None:
            return pd.Series(dtype="str", name=UNMAPPED_TEXT, index=pd.Index([], name=FEATURE_ID))
        texts = self._rows(view).frame(table, query)[UNMAPPED_TEXT]
        self._log(actor, "unmapped", view, query, texts.index, classes=frozenset({access}))
        return texts

    def count(
        self,
        actor: Actor,
        collection: str,
        query: Query = _ALL,
        *,
        as_merged: bool = False,
        number: int | None = None,
        during: During | None = None,
    ) -> int:
        """Count the features that a query describes, exactly and without its limit."""
        view = self.view(actor, collection, as_merged=as_merged, number=number)
        check_fields(self.policy, actor, view, query)
        number = self._rows_in(view, during).count(view.id, query, released=view.names)
        classes = view.classes(query.selecting(()).fields())
        self._log(actor, "count", view, query, (), classes=classes, count=number, during=during)
        return number

    def bounds(
        self, actor: Actor, collection: str, *, number: int | None = None
    ) -> tuple[float, float, float, float] | None:
        """Return xmin, ymin, xmax, ymax in the storage CRS, None without a place."""
        view = self.view(actor, collection, number=number)
        self._log(actor, "bounds", view, _ALL, (), classes=view.classes(()), count=view.count)
        return view.table.bounds
