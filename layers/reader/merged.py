"""What was made of the imports: parcel links and figures, the history; and rasters."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from gis_core.store import FEATURE_ID, HISTORY, Rows
from layers.access import Actor, link_access
from layers.errors import AccessError, NotMergedError, UnknownCollectionError
from layers.history.reading import ParcelHistory
from layers.history.record import lineage_table
from layers.history.unmatched import with_successors
from layers.query import Query
from layers.reader.door import MERGE_ADVICE, Door
from layers.spec import LayerSpec
from layers.view import CollectionView, no_collection

PARCEL_KEY = "parcel_key"


class Merged(Door):
    """Answers what the merge and the history made."""

    def history(self, actor: Actor) -> ParcelHistory:
        """Return what became of former parcels, as far as the actor may read parcels."""
        view = self.parcels(actor)
        info = self._store.served().get(HISTORY)
        record = None
        if info is not None and info.table(lineage_table(view.id)) is not None:
            record = self._store.open_generation(info, deadline_s=self._deadline_s)
        return ParcelHistory(view, self._rows(view), record, partial(self._log, actor))

    def links(
        self,
        actor: Actor,
        collection: str,
        *,
        parcel_keys: Sequence[str] | None = None,
        feature_ids: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Return the parcel links of a collection, all or those of some parcels or features.

        Returns
        -------
        feature_id, parcel_key, method, share, distance_m, area_m2, confidence, boundary,
        sliver; read the features themselves with ``as_merged=True``.

        Raises
        ------
        NotMergedError
            The links were never made.
        UnknownCollectionError, AccessError
            As in `view`; AccessError also when the links are more secret than the rows.
        """
        view, merged = self._linked(actor, collection)
        among = {PARCEL_KEY: parcel_keys, FEATURE_ID: feature_ids}
        query = Query(among={k: tuple(v) for k, v in among.items() if v is not None})
        frame = merged.frame(f"link_{collection}", query)
        ids = frame[FEATURE_ID].unique()
        self._log(actor, "links", view, query, ids, classes=view.link_classes)
        return frame

    def summaries(
        self, actor: Actor, collection: str, parcel_keys: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Return per-parcel figures of a collection or of a raster layer, index ``parcel_key``.

        Sums and counts of fields that the actor may not read are left out.
        """
        query = Query(among={} if parcel_keys is None else {PARCEL_KEY: tuple(parcel_keys)})
        table = f"summary_{collection}"
        layer = self.registry.layers.get(collection)
        if layer is not None and layer.raster is not None:
            if not self._may_read_raster(actor, layer):
                raise no_collection(collection)
            return self._merge_rows(table).frame(table, query).set_index(PARCEL_KEY)
        view, merged = self._linked(actor, collection, table=table)
        columns = view.summary_columns(c.name for c in merged.table(table).schema.columns)
        query = query.selecting(columns)
        frame = merged.frame(table, query, released=columns)
        classes = view.link_classes | view.classes(view.summarised(columns))
        self._log(actor, "summaries", view, query, frame[PARCEL_KEY], classes=classes)
        return frame.set_index(PARCEL_KEY)

    def unmatched(self, actor: Actor, collection: str) -> pd.DataFrame:
        """Return the features of a collection that found no parcel, with what was found and why."""
        view, merged = self._linked(actor, collection, table="unmatched")
        query = Query(equals={"collection": collection})
        sealed = link_access(view.spec).sealed
        if merged.info.table("unmatched", sealed=sealed) is None:
            return merged.frame("unmatched", Query(limit=0)).drop(columns="collection")
        frame = merged.frame("unmatched", query, sealed=sealed)
        self._log(actor, "unmatched", view, query, frame[FEATURE_ID], classes=view.link_classes)
        cases = frame.drop(columns="collection")
        try:
            return with_successors(cases, self.history(actor))
        except UnknownCollectionError:  # the actor may not know of parcels
            return cases

    def raster(self, actor: Actor, layer_id: str) -> Path | None:
        """Return the raster file of a layer, None when none was imported or it may not be read."""
        layer = self.registry.layers.get(layer_id)
        info = self._store.served().get(layer_id)
        allowed = self._may_read_raster(actor, layer)
        if not allowed or info is None or not info.attachments:
            return None
        return self._store.open_generation(info).attachment(info.attachments[0])

    def _merge_rows(self, table: str) -> Rows:
        info = self.merged()
        if info is None or info.table(table) is None:
            raise NotMergedError("there are no links yet", advice=MERGE_ADVICE)
        return self._store.open_generation(info, deadline_s=self._deadline_s)

    def _linked(
        self, actor: Actor, collection: str, *, table: str = ""
    ) -> tuple[CollectionView, Rows]:
        view = self.view(actor, collection)
        if not view.linked:
            raise AccessError(
                f"the parcel links of {collection} may not be read", collection=collection
            )
        return view, self._merge_rows(table or f"link_{collection}")

    def _may_read_raster(self, actor: Actor, layer: LayerSpec | None) -> bool:
        self.policy.role(actor)  # an unknown role is an error, not a refusal
        if layer is None or layer.raster is None:
            return False
        return self.policy.allowed(actor, layer.id, layer.raster.access)
