"""What the reader gives out of the history: the fate of a parcel, the parcels of a former day."""

import math
from collections.abc import Collection, Iterable
from datetime import date
from typing import Protocol

import geopandas as gpd
import numpy as np
import pandas as pd

from gis_core.descent import KeyLinks
from gis_core.store import Query, Rows
from layers.errors import UnknownFieldError
from layers.history.as_of import valid_on
from layers.history.model import Event, Fate, Link, Successor
from layers.history.record import (
    STATED,
    VALID_TO,
    lineage_table,
    version_table,
)
from layers.spec import ENDED, Access
from layers.view import CollectionView


class Log(Protocol):
    """Notes a read of secrets before it is answered."""

    def __call__(
        self,
        action: str,
        view: CollectionView,
        query: Query,
        ids: Iterable[str],
        *,
        classes: frozenset[Access],
    ) -> None:
        """Note it."""


class ParcelHistory:
    """The history of the parcels, as one actor may read it; made by `layers.reader.Reader`.

    Parameters
    ----------
    view
        The parcels as the actor sees them: what it may not read of a current parcel it does not
        read of a former one either.
    current, record
        The served parcels, and the history as far as it was told; None: not at all.
    log
        Where reads of secrets are noted.
    """

    def __init__(self, view: CollectionView, current: Rows, record: Rows | None, log: Log) -> None:
        self._view = view
        self._current = current
        self._record = record
        self._log = log
        self._key = view.spec.relation.key or ""

    @property
    def since(self) -> date | None:
        """The day of the first delivery: what was there before is known only as it was then."""
        stated = self._record.info.provenance.get("since") if self._record else None
        return date.fromisoformat(str(stated)[:10]) if stated else None

    def fate(self, key: str) -> Fate | None:
        """Return how a parcel ended; None where no former parcel is known by that key.

        The key is canonical. A current parcel has a fate, too, where a former one had its key.
        """
        return self.fates([key]).get(key)

    def fates(self, keys: Collection[str]) -> dict[str, Fate]:
        """Return how parcels ended, by key; those of which no end is known are left out."""
        if self._key not in self._view.names or not keys:
            return {}
        ended = self._ended_on(keys)
        leaving = self._links({"old_key": tuple(sorted(keys))})
        events: dict[str, Event] = {}
        for event in _events(self._links({"event": tuple(leaving["event"].unique())})):
            for key in set(event.old_keys) - set(event.new_keys):
                events[key] = event  # the last one, should there be several
        links = _key_links(self._gathered(keys))
        parts = {key: links.successors(key) for key in keys if key in ended or key in events}
        there = self._there({after for part in parts.values() for after in part})
        fates = {}
        for key, part in parts.items():
            last = events.get(key)
            day = ended.get(key) if last is None else ended.get(key, last.day)
            successors = tuple(
                Successor(after, _rounded(share, 6))
                for after, share in part.items()
                if after in there and after != key
            )
            fates[key] = Fate(key, day, last, successors)
        return fates

    def keys_of(self, identifier: str) -> tuple[str, ...]:
        """Return the keys of former parcels with an identifier of the cadastre."""
        keys: set[str] = set()
        identity = [name for name in self._view.spec.identity if name in self._view.names]
        if self._record is None or self._key not in self._view.names:
            return ()
        for name in identity:
            query = Query(equals={name: identifier}, columns=(self._key,), geometry=False)
            keys |= set(self._record.frame(version_table(self._view.id), query)[self._key])
        return tuple(sorted(keys))

    def events(self, key: str) -> tuple[Event, ...]:
        """Return the events that a parcel took part in, in the order of time."""
        if self._key not in self._view.names:
            return ()
        named = [self._links({side: (key,)}) for side in ("old_key", "new_key")]
        ids = sorted({event for frame in named for event in frame["event"]})
        return _events(self._links({"event": tuple(ids)}))

    def changed_since(self, day: date, keys: Collection[str]) -> dict[str, tuple[Event, ...]]:
        """Return the events after a day in which parcels changed and kept their keys."""
        if self._key not in self._view.names or not keys:
            return {}
        later = self._links({"old_key": tuple(keys)})
        later = later[later["at"].dt.date > day] if len(later) else later
        found: dict[str, tuple[Event, ...]] = {}
        for event in _events(self._links({"event": tuple(later["event"].unique())})):
            for key in set(event.old_keys) & set(event.new_keys) & set(keys):
                found[key] = (*found.get(key, ()), event)
        return found

    def links(self) -> KeyLinks:
        """Return all links from old to new parcels."""
        return _key_links(self._links({}))

    def frame(self, query: Query, on: date) -> gpd.GeoDataFrame | pd.DataFrame:
        """Return the parcels that were valid on a day.

        Parameters
        ----------
        query
            Which of them; without columns all that the actor may read. Its order and page don't
            count: the answer is in the order of the keys.
        on
            Valid from that day or before, and ended later: on the day of a change the new
            parcels are valid. Days are those of UTC.
        """
        names = self._view.names if query.columns is None else query.columns
        if not set(query.selecting(names).fields()) <= set(self._view.names):
            raise UnknownFieldError(f"a field of {self._view.id} does not exist")
        found = valid_on(self._current, self._record, self._view.spec, on, query.selecting(names))
        self._log("as_of", self._view, query, found.index, classes=self._view.classes(names))
        return found

    # -- inside ------------------------------------------------------------------------

    def _ended_on(self, keys: Collection[str]) -> dict[str, date]:
        """Return the last day on which a version of each parcel ended."""
        days: dict[str, date] = {}
        tables = [(self._record, version_table(self._view.id), VALID_TO)]
        ends = self._view.spec.source.ends_after
        if ends in self._view.names:
            tables.append((self._current, self._view.id + ENDED, ends))
        for snapshot, table, column in tables:
            if snapshot is None or snapshot.info.table(table) is None:
                continue
            query = Query(
                among={self._key: tuple(keys)}, columns=(self._key, column), geometry=False
            )
            rows = snapshot.frame(table, query)
            classes = self._view.classes((self._key,))
            self._log("ended", self._view, query, rows.index, classes=classes)
            rows = rows.dropna(subset=[column])
            last = pd.to_datetime(rows[column]).groupby(rows[self._key]).max()
            days = {str(key): day.date() for key, day in last.items()} | days
        return days

    def _there(self, keys: Iterable[str]) -> frozenset[str]:
        """Return which of the keys current parcels have."""
        query = Query(among={self._key: tuple(keys)}, columns=(self._key,), geometry=False)
        return frozenset(self._current.frame(self._view.id, query)[self._key].dropna())

    def _gathered(self, keys: Collection[str]) -> pd.DataFrame:
        """Return all links that lead on from parcels."""
        frames, known, asked = [], set[str](), set(keys)
        while asked:
            frame = self._links({"old_key": tuple(sorted(asked))})
            frames.append(frame)
            known |= asked
            asked = set(frame["new_key"].dropna()) - known
        some = [frame for frame in frames if len(frame)] or frames[:1]
        return pd.concat(some, ignore_index=True)

    def _links(self, among: dict[str, tuple[str, ...]]) -> pd.DataFrame:
        table = lineage_table(self._view.id)
        if self._record is None:
            names = ["event", "at", "kind", "basis", "old_key", "new_key"]
            empty = {n: pd.Series(dtype=object) for n in names} | {
                n: pd.Series(dtype=float) for n in ("area_m2", "share_old", "share_new")
            }
            return pd.DataFrame(empty).astype({"at": "datetime64[ms]"})
        query = Query(among=among)
        classes = self._view.classes((self._key,))
        frame = self._record.frame(table, query)
        self._log("lineage", self._view, query, frame["event"].unique(), classes=classes)
        return pd.DataFrame(frame)


def _key_links(frame: pd.DataFrame) -> KeyLinks:
    def keys(name: str) -> np.ndarray:
        return frame[name].astype(object).where(frame[name].notna(), None).to_numpy(object)

    return KeyLinks(
        at=frame["at"].to_numpy("datetime64[s]"),
        old=keys("old_key"),
        new=keys("new_key"),
        share_old=frame["share_old"].to_numpy(float),
        share_new=frame["share_new"].to_numpy(float),
    )


def _events(frame: pd.DataFrame) -> tuple[Event, ...]:
    events = []
    for name, rows in frame.groupby("event", sort=True):
        links = tuple(
            Link(
                str(row["old_key"]) if pd.notna(row["old_key"]) else "",
                str(row["new_key"]) if pd.notna(row["new_key"]) else "",
                _rounded(row["area_m2"], 3),
                _rounded(row["share_old"], 6),
                _rounded(row["share_new"], 6),
            )
            for row in rows.sort_values(["old_key", "new_key"]).to_dict("records")
        )
        first = rows.iloc[0]
        day = pd.Timestamp(first["at"]).date()
        events.append(Event(str(name), str(first["kind"]), day, first["basis"] == STATED, links))
    return tuple(sorted(events, key=lambda e: (e.day, e.id)))


def _rounded(value: object, digits: int) -> float | None:
    number = float(str(value))
    return None if math.isnan(number) else round(number, digits)
