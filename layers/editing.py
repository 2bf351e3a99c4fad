"""Single features of a layer are created, replaced, changed and deleted.

Each change is a generation of its own, made from the served one under the layer's lock, so that
nothing is lost: neither to another change nor to an import. What is stored was checked as an
import checks its rows; the links to parcels follow.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gis_core.errors import StoreError
from gis_core.store import FEATURE_ID, Query, Rows, Store
from gis_core.store.amend import Amendment
from gis_core.store.quarantine import read_faults
from layers.access import Actor
from layers.audit import AuditLog, Reading
from layers.errors import (
    AccessError,
    FeatureExistsError,
    LayerBusyError,
    NotEditableError,
)
from layers.ingest.identity import identifiers
from layers.ingest.intake import stored_rows
from layers.ingest.single import check_feature, invalid
from layers.merging import refresh_directory
from layers.reader import Reader
from layers.schema import table_schemas
from layers.spec import AS_FILED, CONFIDENCE, UNMAPPED
from layers.states import Condition, expect_state, seen, state_of
from layers.view import CollectionView

_WAIT_S = 10.0  # for the layer to become free
_PAUSE_S = 0.1
Frame = pd.DataFrame


@dataclass(frozen=True, slots=True)
class Sent:
    """A feature, or a part of one, as it was sent.

    Attributes
    ----------
    fields
        By field; None: no value.
    geometry
        x east; None where there is none.
    crs
        Reference system of the geometry, as PROJ knows it.
    placed
        Whether the geometry was stated; of a part it may not be.
    """

    fields: Mapping[str, object]
    geometry: BaseGeometry | None
    crs: str
    placed: bool = True


@dataclass(frozen=True, slots=True)
class Edited:
    """What a change made: the feature, the tag of its state (empty: gone), its generation.

    ``linked`` tells whether the links to parcels could follow.
    """

    id: str
    state: str
    generation: int
    imported_at: datetime
    linked: bool


def may_edit(reader: Reader, actor: Actor, view: CollectionView) -> bool:
    """Tell whether an actor may change features of a collection."""
    return view.spec.editable and reader.policy.may_edit(actor, view.layer.id, view.id)


class Editor:
    """Changes single features of the layers in a data directory; safe to share between threads.

    Notes
    -----
    Cost: a copy of the layer for each change, so it is made for layers of some ten thousand
    features and for changes by people.
    """

    def __init__(self, data_dir: Path, reader: Reader, *, wait_s: float = _WAIT_S) -> None:
        self._data_dir = data_dir
        self._reader = reader
        self._wait_s = wait_s

    def create(self, actor: Actor, collection: str, sent: Sent) -> Edited:
        """Put in a feature; its identifier is made of the fields that the layer names.

        Raises
        ------
        UnknownCollectionError, AccessError, NotEditableError
            There is no such collection for the actor, or it may not change it.
        InvalidFeatureError
            The feature does not fit the layer.
        FeatureExistsError
            There is one of that identifier.
        LayerBusyError, StoreError
            Nothing was changed.
        """
        view = self._allowed(actor, collection)
        values = {f.name: sent.fields.get(f.name) for f in view.spec.fields}
        self._known(view, sent.fields)
        stated = {*values, "geometry"}

        def work(writer: Amendment, stored: Rows) -> str:
            rows, shape = self._checked(view, values, sent, stated)
            [key] = _identifier(view, rows)
            if key is None:
                raise invalid(view.spec.identity[0], "", "an identifier")
            if len(stored.frame(view.id, Query(ids=(key,), geometry=False))):
                raise FeatureExistsError(
                    f"{view.id} has a feature {key[:80]!r} already",
                    advice="Replace it, or give the new one another identifier.",
                    feature=key[:80],
                )
            self._put(writer, view, key, rows, shape)
            return key

        return self._carry_out(actor, view, "create", sent.fields, work)

    def replace(
        self, actor: Actor, collection: str, feature_id: str, sent: Sent, condition: Condition
    ) -> Edited:
        """Put a feature in the place of another; what the actor may not read stays as it was.

        Raises
        ------
        As `create`, but for FeatureExistsError; besides:
        NoFeatureError
            There is none to be replaced.
        PreconditionMissingError, ChangedMeanwhileError
            Nothing says which state is meant, or it is another one now.
        """
        view = self._allowed(actor, collection)
        self._known(view, sent.fields)
        values = {name: sent.fields.get(name) for name in view.names}
        whole = Sent(values, sent.geometry, sent.crs)
        return self._change(actor, view, feature_id, whole, condition, "replace")

    def update(
        self, actor: Actor, collection: str, feature_id: str, sent: Sent, condition: Condition
    ) -> Edited:
        """Change some fields, or the place, of a feature; raises as `replace`."""
        view = self._allowed(actor, collection)
        self._known(view, sent.fields)
        return self._change(actor, view, feature_id, sent, condition, "update")

    def delete(
        self, actor: Actor, collection: str, feature_id: str, condition: Condition
    ) -> Edited:
        """Take out a feature; raises as `replace`, as far as it can."""
        view = self._allowed(actor, collection)

        def expect(store: Store, stored: Rows) -> None:
            expect_state(store, stored, view, feature_id, condition)

        def work(writer: Amendment, _: Rows) -> str:
            self._take(writer, view, feature_id, unmapped=True)
            return feature_id

        return self._carry_out(actor, view, "delete", {}, work, expect)

    def _change(
        self,
        actor: Actor,
        view: CollectionView,
        feature_id: str,
        sent: Sent,
        condition: Condition,
        action: str,
    ) -> Edited:
        stated = {*sent.fields, *(["geometry"] if sent.placed else [])}

        def expect(store: Store, stored: Rows) -> None:
            expect_state(store, stored, view, feature_id, condition)

        def work(writer: Amendment, stored: Rows) -> str:
            row = stored.frame(view.id, Query(ids=(feature_id,)))
            rows, shape = self._checked(view, sent.fields, sent, stated)
            for name in row.columns:
                if name != "geometry" and _field_of(str(name)) not in sent.fields:
                    rows[str(name)] = row[name].reset_index(drop=True)
            [kept], [now] = (_identifier(view, frame) for frame in (row, rows))
            if kept != now:
                raise invalid(view.spec.identity[0], now, f"{kept}: what it is called stays")
            if not sent.placed:
                shape = np.asarray(row.geometry.array, dtype=object)
            self._take(writer, view, feature_id)
            self._put(writer, view, feature_id, rows, shape)
            return feature_id

        return self._carry_out(actor, view, action, sent.fields, work, expect)

    # -- who, and in which state -----------------------------------------------------------

    def _allowed(self, actor: Actor, collection: str) -> CollectionView:
        view = self._reader.view(actor, collection)
        if not view.spec.editable:
            raise NotEditableError(f"{collection} is filled by imports only", collection=collection)
        self.require(actor, view)
        return view

    def require(self, actor: Actor, view: CollectionView) -> None:
        """Refuse an actor who may not change features of a collection (AccessError)."""
        if not may_edit(self._reader, actor, view):
            raise AccessError(
                f"features of {view.id} may be changed by those who keep the register only",
                collection=view.id,
            )

    def _known(self, view: CollectionView, values: Collection[str]) -> None:
        for name in values:
            if name not in view.names:
                raise invalid("properties", name, f"fields of {view.id}: {', '.join(view.names)}")

    # -- the change itself -----------------------------------------------------------------

    def _checked(
        self, view: CollectionView, values: Mapping[str, object], sent: Sent, stated: set[str]
    ) -> tuple[dict[str, pd.Series], NDArray[np.object_]]:
        town = self._reader.municipality
        checked = check_feature(view.spec, town, values, sent.geometry, sent.crs, stated=stated)
        schema = table_schemas(view.spec, town.storage_crs)[0]
        shape = checked.geometry
        if shape is None:
            shape = np.full(1, None, dtype=object)
        rows = stored_rows(schema, checked, np.array([0]))
        return {str(name): rows[name] for name in rows.columns}, shape

    def _put(
        self,
        writer: Amendment,
        view: CollectionView,
        feature_id: str,
        rows: Mapping[str, pd.Series],
        shape: NDArray[np.object_],
    ) -> None:
        table = writer.amend(view.id)
        if {c.name for c in table.schema.columns} != rows.keys():
            raise StoreError(
                f"{view.id} was stored with other fields than the layer has now",
                advice=f"Import it again: flurbuch ingest {view.layer.id} FILE...",
                layer=view.layer.id,
            )
        frame = pd.DataFrame({c.name: rows[c.name] for c in table.schema.columns})
        frame[FEATURE_ID] = [feature_id]
        table.append(frame, shape)

    def _take(
        self, writer: Amendment, view: CollectionView, feature_id: str, *, unmapped: bool = False
    ) -> None:
        writer.amend(view.id).delete([feature_id])
        if unmapped and writer.former.table(view.id + UNMAPPED) is not None:
            writer.amend(view.id + UNMAPPED).delete([feature_id])

    def _carry_out(
        self,
        actor: Actor,
        view: CollectionView,
        action: str,
        fields: Collection[str],
        work: Callable[[Amendment, Rows], str],
        expect: Callable[[Store, Rows], None] = lambda _store, _stored: None,
    ) -> Edited:
        with Store.open(self._data_dir) as store:
            expect(store, store.open_generation(view.generation))  # before the layer is copied
            with self._amending(store, view) as writer:
                former = writer.former
                stored = store.open_generation(former)
                expect(store, stored)
                key = work(writer, stored)
                refused = list(read_faults(former))
                if refused:  # what imports could not use stays to be told
                    writer.quarantine([fault for fault, _ in refused], [row for _, row in refused])
                self._log(actor, view, action, fields, key)
                edits = int(str(former.provenance.get("edits", 0))) + 1
                info = writer.publish({**former.provenance, "edits": edits}, former.data_date)
            frame = seen(store.open_generation(info), view, key)
        state = state_of(frame) if len(frame) else ""
        return Edited(key, state, info.number, info.imported_at, linked=self._link())

    @contextmanager
    def _amending(self, store: Store, view: CollectionView) -> Iterator[Amendment]:
        """Take the layer's lock, waiting a while for those who hold it."""
        until = time.monotonic() + self._wait_s
        with ExitStack() as stack:
            while True:
                try:
                    writer = stack.enter_context(store.amend(view.layer.id))
                    break
                except StoreError as fault:
                    if "process" not in fault.fields:
                        raise
                    if time.monotonic() > until:
                        raise LayerBusyError(
                            f"{view.id} is being written by somebody else",
                            advice="Try again in a moment.",
                            collection=view.id,
                        ) from fault
                    time.sleep(_PAUSE_S)
            yield writer

    def _log(
        self, actor: Actor, view: CollectionView, action: str, fields: Collection[str], key: str
    ) -> None:
        reading = Reading(
            action=action,
            layer=view.layer.id,
            collection=view.id,
            classes=view.classes(fields),
            question=repr(sorted(fields)),
            ids=[key],
            count=1,
        )
        log = AuditLog(self._data_dir)
        try:
            log.record(actor, reading)
        finally:
            log.close()

    def _link(self) -> bool:
        """Let the links follow; tell whether they could.

        The feature is changed whether or not they could: who is at them, or the next change,
        takes this one along, and until then they count as out of date.
        """
        try:
            refresh_directory(self._data_dir, self._reader.registry, self._reader.municipality)
        except StoreError:
            return False
        return True


def _identifier(
    view: CollectionView, rows: Frame | Mapping[str, pd.Series]
) -> Sequence[str | None]:
    return identifiers([rows[name].tolist() for name in view.spec.identity], 1)


def _field_of(column: str) -> str:
    """Return the field that a column belongs to."""
    return column.removesuffix(AS_FILED).removesuffix(CONFIDENCE)
