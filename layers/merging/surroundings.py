"""The part of a city that a change can reach: features to be joined anew and their parcels."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_core.addresses import fold_street, list_addresses
from gis_core.merge.engine_name import EngineName
from gis_core.store import GenerationInfo, Query, Snapshot, Store
from gis_core.store.differences import ids_near, values_beginning
from layers.access import link_access
from layers.merging.changes import Changes
from layers.merging.collection import folded_use
from layers.merging.inputs import Features, Parcels, needed_columns, read_features, read_parcels
from layers.merging.joins import STEM
from layers.merging.tables import UNMATCHED
from layers.schema import split_keys
from layers.spec import ENDED, CollectionSpec, Join

_DIGIT = re.compile("[0-9]")
_WORDS = re.compile("(?:^|[;,])([^0-9;,]*)")  # what stands before the number of each address
FEATURE_ID, PARCEL_KEY = "feature_id", "parcel_key"
_GEOMETRIC = frozenset({Join.DISC, Join.WITHIN, Join.SHARE})
_PER_CM = 1 / (2 * np.pi * 100)  # from the circumference in cm to the radius in m
_LARGEST_STEM_M = 10.0


@dataclass(frozen=True)
class Surroundings:
    """What is read to join anew what a change reaches in one collection.

    Attributes
    ----------
    gone
        Ids of features whose links and cases are taken out.
    features
        Those that are joined anew.
    parcels
        All that these features could be linked to.
    altered
        Ids of features that are new, other than they were, or gone.
    links, unmatched
        What is stored of the features in ``gone``.
    """

    gone: tuple[str, ...]
    features: Features
    parcels: Parcels
    altered: frozenset[str]
    links: pd.DataFrame
    unmatched: pd.DataFrame


class Ground:
    """The parcels before and after a change, asked for by key or by place."""

    def __init__(
        self, store: Store, changes: Changes, now: GenerationInfo, spec: CollectionSpec
    ) -> None:
        self._now = now
        self._snapshot = store.open_generation(now)
        self.spec = spec
        self.engine = EngineName(str(changes.merged.provenance["engine"]))
        self.uses_are_stated = bool(changes.merged.provenance["uses_are_stated"])
        self._merged = store.open_generation(changes.merged)
        self._covering = str(changes.merged.provenance["covering"])
        self._use_now: dict[str, str] = {}
        old = store.open_generation(changes.before[now.layer])
        difference = changes.collections[spec.id]
        before = self._rows(old, Query(ids=difference.gone))
        after = self._rows(self._snapshot, Query(ids=difference.came))
        self.keys = frozenset(before["key"]) | frozenset(after["key"])
        self.boxes = np.vstack([self._boxes(before), self._boxes(after)])
        self.streets = _streets([*before["address"], *after["address"]])
        ended = [
            self._ended_keys(s, i)
            for s, i in ((old, changes.ended.gone), (self._snapshot, changes.ended.came))
        ]
        self.stated_anew = self.keys.union(*ended)
        self.stems = frozenset(key[:STEM] for key in self.stated_anew)

    def read(self, keys: Iterable[str]) -> Parcels:
        """Read the parcels with these keys."""
        parcels = read_parcels(self._snapshot, self.spec, self.engine, sorted(set(keys)))
        if self.uses_are_stated:
            return parcels
        uses = {**self._uses_before(parcels.fabric.key), **self._use_now}
        use = np.array([uses.get(key, "") for key in parcels.fabric.key], object)
        return replace(parcels, use=use)

    def note_uses(self, now: dict[str, str]) -> None:
        """Take the main uses of parcels as they are now; what is near a changed one may, too."""
        before = self._uses_before(now)
        changed = [key for key, use in now.items() if use != before.get(key, "")]
        self._use_now.update(now)
        query = Query(columns=(self._key,), among={self._key: tuple(changed)})
        rows = self._snapshot.frame(self.spec.id, query)
        self.boxes = np.vstack([self.boxes, self._boxes(rows)])

    def _uses_before(self, keys: Iterable[str]) -> dict[str, str]:
        if not self._covering:
            return {}
        query = Query(columns=(PARCEL_KEY, "areas"), among={PARCEL_KEY: tuple(keys)})
        stored = self._merged.frame(f"summary_{self._covering}", query)
        # The parts are stored with the largest first.
        first = (next(iter(json.loads(areas)), "") for areas in stored["areas"])
        return {k: folded_use(use) for k, use in zip(stored[PARCEL_KEY], first, strict=True)}

    def keys_near(self, boxes: NDArray[np.float64]) -> set[str]:
        """Return the keys of the parcels whose box meets one of the boxes."""
        ids = ids_near(self._now, self.spec.id, boxes)
        return set(self._rows(self._snapshot, Query(ids=ids))["key"])

    def keys_beginning(self, stems: Iterable[str]) -> set[str]:
        """Return the keys that begin so."""
        return set(values_beginning(self._now, self.spec.id, self._key, stems))

    def keys_in_streets(self, streets: frozenset[str]) -> set[str]:
        """Return the keys of the parcels that have an address in one of the streets.

        O(m): the text of every parcel's address is looked at.
        """
        if self.spec.relation.address is None or not streets:
            return set()
        columns = (self._key, self.spec.relation.address)
        frame = self._snapshot.frame(self.spec.id, Query(columns=columns, geometry=False))
        frame = frame.dropna()
        texts = frame[columns[1]].to_numpy(object)
        named = _Named(streets)
        there = np.array([named.in_text(text) for text in texts], np.bool_)
        return set(frame[columns[0]].to_numpy(object)[there])

    @property
    def _key(self) -> str:
        return str(self.spec.relation.key)

    def _rows(self, snapshot: Snapshot, query: Query) -> pd.DataFrame:
        columns = [c for c in (self._key, self.spec.relation.address) if c]
        frame = snapshot.frame(self.spec.id, replace(query, columns=tuple(columns)))
        rows = frame.rename(columns={self._key: "key"})
        rows = rows[rows["key"].notna()]
        address = self.spec.relation.address
        return rows.assign(address=rows[address] if address else None)

    @staticmethod
    def _boxes(rows: pd.DataFrame) -> NDArray[np.float64]:
        return np.asarray(rows.geometry.bounds, np.float64).reshape(-1, 4)

    def _ended_keys(self, snapshot: Snapshot, ids: tuple[str, ...]) -> set[str]:
        if not ids:
            return set()
        query = Query(columns=(self._key,), ids=ids, geometry=False)
        return set(snapshot.frame(self.spec.id + ENDED, query)[self._key].dropna())


def look_around(
    store: Store, changes: Changes, ground: Ground, now: GenerationInfo, spec: CollectionSpec
) -> Surroundings:
    """Read what a change can reach in one collection."""
    difference = changes.collections[spec.id]
    snapshot, stored = store.open_generation(now), StoredLinks(store, changes.merged, spec)
    reach = _reach(spec)
    touched = {*difference.came, *_TOUCHED[spec.relation.by](snapshot, spec, ground, stored, reach)}
    features = features_of(snapshot, spec, touched, ground)
    out = tuple(sorted(touched.union(difference.gone)))
    return Surroundings(
        gone=out,
        features=features,
        parcels=ground.read(_possible(spec, features, ground, reach)),
        altered=frozenset((*difference.came, *difference.gone)),
        links=stored.of_features(out),
        unmatched=stored.unmatched(out),
    )


class StoredLinks:
    """The links of one collection as they are served."""

    def __init__(self, store: Store, merged: GenerationInfo, spec: CollectionSpec) -> None:
        self._snapshot = store.open_generation(merged)
        self._spec = spec

    def of_features(self, ids: Iterable[str]) -> pd.DataFrame:
        """Return the links of some features."""
        return self._among(FEATURE_ID, ids)

    def on_parcels(self, keys: Iterable[str]) -> pd.DataFrame:
        """Return the links to some parcels."""
        return self._among(PARCEL_KEY, keys)

    def _among(self, column: str, values: Iterable[str]) -> pd.DataFrame:
        query = Query(among={column: tuple(values)})
        return pd.DataFrame(self._snapshot.frame(f"link_{self._spec.id}", query))

    def unmatched(self, feature_ids: Iterable[str] | None = None) -> pd.DataFrame:
        """Return the cases without a parcel, all or those of some features."""
        sealed = link_access(self._spec).sealed
        among = {} if feature_ids is None else {FEATURE_ID: tuple(feature_ids)}
        query = Query(equals={"collection": self._spec.id}, among=among)
        return pd.DataFrame(self._snapshot.frame(UNMATCHED, query, sealed=sealed))


def _touched_by_place(
    snapshot: Snapshot, spec: CollectionSpec, ground: Ground, _: StoredLinks, reach: float
) -> set[str]:
    boxes = ground.boxes + np.array([-reach, -reach, reach, reach])
    return set(ids_near(snapshot.info, spec.id, boxes)) if len(boxes) else set()


def _touched_by_key(
    _: Snapshot, __: CollectionSpec, ground: Ground, stored: StoredLinks, ___: float
) -> set[str]:
    """Return who is linked to a changed parcel or states a key that leads to none.

    A key that is new was stated in vain before; its hints may have changed as well.
    """
    if not ground.stated_anew:
        return set()
    linked = stored.on_parcels(ground.stated_anew)[FEATURE_ID]
    return {*linked, *stored.unmatched()[FEATURE_ID]}


def _touched_by_address(
    snapshot: Snapshot, spec: CollectionSpec, ground: Ground, _: StoredLinks, __: float
) -> set[str]:
    if not ground.streets:
        return set()
    column = str(spec.relation.address)
    stated = snapshot.frame(spec.id, Query(columns=(column,)))[column].dropna()
    named = _Named(ground.streets)
    return {str(name) for name, text in stated.items() if named.in_text(text)}


_TOUCHED = {
    Join.DISC: _touched_by_place,
    Join.WITHIN: _touched_by_place,
    Join.SHARE: _touched_by_place,
    Join.KEY: _touched_by_key,
    Join.ADDRESS: _touched_by_address,
}


def _possible(spec: CollectionSpec, features: Features, ground: Ground, reach: float) -> set[str]:
    """Return the keys of all parcels that these features could be linked to or that are hints."""
    if spec.relation.by is Join.KEY:
        _, stated, _ = split_keys(features.frame, spec.field(str(spec.relation.key)))
        return ground.keys_beginning({str(key)[:STEM] for key in stated})
    if spec.relation.by is Join.ADDRESS:
        return ground.keys_in_streets(_streets(features.frame[str(spec.relation.address)].dropna()))
    return ground.keys_near(_grown(features, reach))


def features_of(
    snapshot: Snapshot, spec: CollectionSpec, ids: Iterable[str], ground: Ground
) -> Features:
    """Read some features of a collection."""
    query = Query(columns=tuple(needed_columns(spec)), ids=tuple(sorted(ids)))
    return read_features(snapshot, spec.id, query, ground.engine)


def _grown(features: Features, reach: float) -> NDArray[np.float64]:
    grown = features.shapes.boxes + np.array([-reach, -reach, reach, reach])
    return np.asarray(grown)


def _reach(spec: CollectionSpec) -> float:
    """Return how far from its place a feature can be linked or made uncertain, in metres."""
    stem = 0.0
    if spec.relation.circumference_cm is not None:
        span = spec.field(spec.relation.circumference_cm).range
        stem = span[1] * _PER_CM if span else _LARGEST_STEM_M
    return max(spec.relation.nearest_m, spec.accuracy_m + stem)


def _streets(texts: Iterable[str | None]) -> frozenset[str]:
    found = (a.street for text in texts if text for a in list_addresses(str(text)))
    return frozenset(fold_street(street) for street in found)


class _Named:
    """Tells which texts have an address in one of some streets; most are told by their words."""

    def __init__(self, streets: frozenset[str]) -> None:
        self._streets = streets
        self._begin = tuple(_DIGIT.split(street, maxsplit=1)[0] for street in streets)
        self._others: set[str] = set()  # words that are known to be none of them

    def in_text(self, text: str) -> bool:
        """Read a text only where the words before a number could be one of the streets."""
        words = _WORDS.findall(text)
        if self._others.issuperset(words):
            return False
        self._others.update(w for w in words if not self._could_be(w))
        return not self._others.issuperset(words) and bool(_streets([text]) & self._streets)

    def _could_be(self, words: str) -> bool:
        begin = fold_street(words)
        return begin.startswith(self._begin) or any(s.startswith(begin) for s in self._begin)
