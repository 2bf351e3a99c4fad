"""The one door to stored data.

Columns and rows are decided before the query; reading a secret is logged before the answer.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import geopandas as gpd
import pandas as pd

from gis_core.errors import StoreError
from gis_core.store import FEATURE_ID, HISTORY, MERGE, GenerationInfo, Snapshot, Store
from layers.access import Actor, Policy, link_access, load_policy, unmapped_access
from layers.audit import AuditLog, Reading
from layers.errors import AccessError, NotMergedError, UnknownCollectionError
from layers.history.reading import ParcelHistory
from layers.history.record import lineage_table
from layers.history.unmatched import with_successors
from layers.municipality import Municipality, load_municipality
from layers.query import Query
from layers.registry import Registry, find_layers
from layers.schema import UNMAPPED_TEXT
from layers.spec import UNMAPPED, Access, LayerSpec
from layers.view import NO_PURPOSE, CollectionView, check_fields, no_collection, see

PARCEL_KEY = "parcel_key"
_ALL = Query()
_MERGE_ADVICE = "Run: flurbuch merge"


def open_reader(
    data_dir: Path,
    municipality: str = "krefeld",
    layer_dirs: Sequence[Path] = (),
    *,
    deadline_s: float | None = None,
) -> "Reader":
    """Open a data directory for reading.

    Parameters
    ----------
    layer_dirs
        A city's own folders: layers, municipality profiles (``*.toml`` in a folder
        ``municipalities``) and, in ``roles.toml``, roles.
    deadline_s
        Longest time that one query may take.

    Raises
    ------
    StoreError
        The directory is absent, damaged or of another version.
    LayerSpecError, MunicipalityError, AccessError
        A layer file, the profile or a file of roles is faulty.
    """
    roles = [d / "roles.toml" for d in layer_dirs]
    return Reader(
        store=Store.open(data_dir),
        registry=find_layers(layer_dirs),
        municipality=load_municipality(municipality, layer_dirs),
        policy=load_policy(p for p in roles if p.is_file()),
        audit=AuditLog(data_dir),
        deadline_s=deadline_s,
    )


class Reader:
    """Answers queries of actors. Safe to share between threads, not over a fork."""

    def __init__(
        self,
        *,
        store: Store,
        registry: Registry,
        municipality: Municipality,
        policy: Policy,
        audit: AuditLog,
        deadline_s: float | None = None,
    ) -> None:
        self.registry = registry
        self.municipality = municipality
        self.policy = policy
        self._store = store
        self._audit = audit
        self._deadline_s = deadline_s

    def close(self) -> None:
        """Close the files."""
        self._store.close()
        self._audit.close()

    # -- what there is -----------------------------------------------------------------

    def state(self) -> dict[str, GenerationInfo]:
        """Return the served import of every layer that has one: for operators, not the public."""
        served = self._store.served()
        return {layer: info for layer, info in served.items() if layer not in {MERGE, HISTORY}}

    def merged(self) -> GenerationInfo | None:
        """Return the served merge; its ``inputs`` say which imports it was made from."""
        return self._store.served().get(MERGE)

    def stale_links(self) -> tuple[str, ...]:
        """Name the layers that were imported after the links were made, or never linked."""
        merged = self.merged()
        made_from = merged.inputs if merged else {}
        return tuple(
            layer for layer, info in self.state().items() if made_from.get(layer) != info.number
        )

    def collections(self, actor: Actor) -> tuple[CollectionView, ...]:
        """Return the collections that the actor may read now, with its purpose as stated."""
        views = []
        for _, spec in self.registry.collections():
            try:
                views.append(self.view(actor, spec.id))
            except (UnknownCollectionError, AccessError):
                self.policy.role(actor)  # an unknown role is an error, not an empty list
        return tuple(views)

    def view(self, actor: Actor, collection: str, *, as_merged: bool = False) -> CollectionView:
        """Return what the actor may see of a collection.

        Raises
        ------
        UnknownCollectionError
            No such collection, nothing imported, or the actor may not know of it: alike.
        AccessError
            The role is unknown, or it may read the collection but has stated no purpose.
        NotMergedError
            ``as_merged``, and nothing was merged.
        """
        self.policy.role(actor)
        try:
            layer, spec = self.registry.collection(collection)
        except UnknownCollectionError:
            raise no_collection(collection) from None
        return see(self.policy, actor, layer, spec, self._generation(layer.id, as_merged=as_merged))

    def parcels(self, actor: Actor) -> CollectionView:
        """Return the collection of parcels that has data."""
        for _, spec in self.registry.parcels():
            try:
                return self.view(actor, spec.id)
            except UnknownCollectionError:
                continue
        raise UnknownCollectionError(
            "no parcels are imported", advice="Run: flurbuch ingest alkis FILE..."
        )

    def history(self, actor: Actor) -> ParcelHistory:
        """Return what became of former parcels, as far as the actor may read parcels."""
        view = self.parcels(actor)
        info = self._store.served().get(HISTORY)
        record = None
        if info is not None and info.table(lineage_table(view.id)) is not None:
            record = self._store.open_generation(info, deadline_s=self._deadline_s)
        return ParcelHistory(view, self._snapshot(view), record, partial(self._log, actor))

    # -- features ----------------------------------------------------------------------

    def frame(
        self, actor: Actor, collection: str, query: Query = _ALL, *, as_merged: bool = False
    ) -> gpd.GeoDataFrame | pd.DataFrame:
        """Return features.

        Parameters
        ----------
        as_merged
            Read the import that the links were made from rather than the served one, so
            that every linked feature is found even after a later import.

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
        view = self.view(actor, collection, as_merged=as_merged)
        check_fields(self.policy, actor, view, query)
        if query.columns is None:
            query = query.selecting(view.names)
        snapshot = self._snapshot(view)
        frame = snapshot.frame(view.id, query, released=view.names)
        classes = view.classes(query.fields())
        self._log(actor, "frame", view, query, frame.index, classes=classes)
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
        texts = self._snapshot(view).frame(table, query)[UNMAPPED_TEXT]
        self._log(actor, "unmapped", view, query, texts.index, classes=frozenset({access}))
        return texts

    def count(
        self, actor: Actor, collection: str, query: Query = _ALL, *, as_merged: bool = False
    ) -> int:
        """Count the features that a query describes, exactly and without its limit."""
        view = self.view(actor, collection, as_merged=as_merged)
        check_fields(self.policy, actor, view, query)
        number = self._snapshot(view).count(view.id, query, released=view.names)
        classes = view.classes(query.selecting(()).fields())
        self._log(actor, "count", view, query, (), classes=classes, count=number)
        return number

    def bounds(self, actor: Actor, collection: str) -> tuple[float, float, float, float] | None:
        """Return xmin, ymin, xmax, ymax in the storage CRS, None without a place."""
        view = self.view(actor, collection)
        self._log(actor, "bounds", view, _ALL, (), classes=view.classes(()), count=view.count)
        return view.table.bounds

    # -- what the merge made -------------------------------------------------------------

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
            return self._merge_snapshot(table).frame(table, query).set_index(PARCEL_KEY)
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
        return info.path / info.attachments[0]

    # -- inside ------------------------------------------------------------------------

    def _generation(self, layer_id: str, *, as_merged: bool = False) -> GenerationInfo | None:
        if not as_merged:
            return self._store.served().get(layer_id)
        merged = self.merged()
        number = merged.inputs.get(layer_id) if merged else None
        if number is None:
            raise NotMergedError(f"layer {layer_id} was never merged", advice=_MERGE_ADVICE)
        try:
            return self._store.snapshot(layer_id, number).info
        except StoreError as fault:
            raise NotMergedError(
                f"the import of {layer_id} that was merged is no longer kept", advice=_MERGE_ADVICE
            ) from fault

    def _snapshot(self, view: CollectionView) -> Snapshot:
        return self._store.open_generation(view.generation, deadline_s=self._deadline_s)

    def _merge_snapshot(self, table: str) -> Snapshot:
        info = self.merged()
        if info is None or info.table(table) is None:
            raise NotMergedError("there are no links yet", advice=_MERGE_ADVICE)
        return self._store.open_generation(info, deadline_s=self._deadline_s)

    def _linked(
        self, actor: Actor, collection: str, *, table: str = ""
    ) -> tuple[CollectionView, Snapshot]:
        view = self.view(actor, collection)
        if not view.linked:
            raise AccessError(
                f"the parcel links of {collection} may not be read", collection=collection
            )
        return view, self._merge_snapshot(table or f"link_{collection}")

    def _may_read_raster(self, actor: Actor, layer: LayerSpec | None) -> bool:
        self.policy.role(actor)  # an unknown role is an error, not a refusal
        if layer is None or layer.raster is None:
            return False
        return self.policy.allowed(actor, layer.id, layer.raster.access)

    def _log(
        self,
        actor: Actor,
        action: str,
        view: CollectionView,
        query: Query,
        ids: Iterable[str],
        *,
        classes: frozenset[Access],
        count: int | None = None,
    ) -> None:
        """Log a read that touches a secret; without the log there is no answer."""
        if not classes:
            return
        listed = [str(i) for i in ids]
        reading = Reading(
            action=action,
            layer=view.layer.id,
            collection=view.id,
            classes=classes,
            question=repr(query),
            ids=listed,
            count=len(listed) if count is None else count,
        )
        self._audit.record(actor, reading)
