"""Telling the history: what one generation of parcels has that the one before it had not."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_core.lineage import Lineage, trace
from gis_core.store import (
    FEATURE_ID,
    HISTORY,
    Amendment,
    GenerationInfo,
    Query,
    Snapshot,
    Store,
    TableSchema,
    Writer,
)
from layers.history.comparing import (
    BEGINS,
    CAME,
    ENDS,
    FORMER,
    GONE,
    KEY,
    ROLE,
    SAID,
    SEEN,
    SHAPE,
    Comparison,
    compare,
    reused_keys,
)
from layers.history.record import (
    BASIS,
    NOTICED,
    STATED,
    VALID_FROM,
    VALID_TO,
    lineage_schema,
    looked_up,
    version_ids,
    version_schema,
    version_table,
)
from layers.history.stated import stated_links
from layers.municipality import Municipality
from layers.registry import Registry
from layers.spec import CollectionSpec, LayerSpec

KEEP = 2
_NAMED = 5  # keys that a note names


@dataclass
class HistoryReport:
    """What an update of the history found.

    Attributes
    ----------
    events
        Number of events by kind.
    versions
        Former versions that were added.
    reused
        Keys that were given to another parcel although they had been used.
    gap
        Whether the delivery before was no longer there to compare with, so that what changed
        between the two is not known.
    """

    generation: int = 0
    events: dict[str, int] = field(default_factory=dict)
    versions: int = 0
    reused: tuple[str, ...] = ()
    gap: bool = False

    def notes(self) -> tuple[str, ...]:
        """Say what was found, for the report of an import."""
        said = []
        if self.events:
            listed = ", ".join(f"{n:,} {kind}" for kind, n in sorted(self.events.items()))
            said.append(f"what happened to parcels: {listed}")
        if self.reused:
            few = ", ".join(self.reused[:_NAMED]) + (" …" if len(self.reused) > _NAMED else "")
            said.append(
                f"{len(self.reused):,} parcel keys were another parcel's before, and a number "
                f"once used is not used again: {few}"
            )
        if self.gap:
            said.append(
                "the import before is no longer kept: what happened to parcels since is not known"
            )
        return tuple(said)


def update_history(
    store: Store, registry: Registry, municipality: Municipality
) -> HistoryReport | None:
    """Bring the history up to the served parcels.

    Returns
    -------
    What was found; None where it is up to date, or there are no parcels.

    Raises
    ------
    StoreError
        A generation cannot be read or written; the former history stays served.

    Notes
    -----
    Every kept generation since the last update is gone through, so one that was missed (a killed
    import) is made up for by the next. The generation that the history was last told of is kept
    until then. Cost: two generations compared by SQLite, then linear in what changed.
    """
    found = current_parcels(store, registry)
    if found is None:
        return None
    layer, spec, served = found
    former = store.served().get(HISTORY)
    told = former.inputs.get(layer.id) if former else None
    steps = [
        g
        for g in store.generations(layer.id)
        if g.number <= served.number and (told is None or g.number > told)
    ]
    if not steps or steps[-1].table(spec.id) is None:
        return None
    before = next((g for g in store.generations(layer.id) if g.number == told), None)
    report = HistoryReport()
    for step in steps:
        if step.table(spec.id) is not None:
            _Step(store, layer, spec, municipality.storage_crs, before, step, report).publish()
            before = step
    return report


def current_parcels(
    store: Store, registry: Registry
) -> tuple[LayerSpec, CollectionSpec, GenerationInfo] | None:
    """Return the collection whose features are the served parcels; None where there are none."""
    served = store.served()
    for layer, spec in registry.parcels():
        info = served.get(layer.id)
        if info is not None and info.table(spec.id) is not None and spec.relation.key:
            return layer, spec, info
    return None


@dataclass
class _Step:
    """From one generation of parcels to the next."""

    store: Store
    layer: LayerSpec
    spec: CollectionSpec
    crs: int
    before: GenerationInfo | None
    after: GenerationInfo
    report: HistoryReport

    def publish(self) -> None:
        """Write and publish a generation of the history."""
        former = self.store.served().get(HISTORY)
        if former is not None and former.table(version_table(self.spec.id)) is None:
            former = None  # of another collection of parcels
        record = None if former is None else self.store.open_generation(former)
        since = None if former is None else np.datetime64(str(former.provenance["moment"]), "s")
        compared = compare(self.store, self.spec, self.before, self.after, record, since)
        told = trace(compared.versions, accuracy_m=self.spec.accuracy_m, since=compared.since)
        links = _link_rows(compared, told, self.spec)
        versions = _version_rows(compared, told)
        if record is not None:
            versions = versions[~_held(versions, record, self.spec)]
        gap = former is not None and self.before is None
        self.report.gap |= gap
        again = reused_keys(compared, record, self.spec)
        self._count(links, len(versions), (*compared.versions.key[told.reused], *again))
        tables = (
            (version_schema(self.spec, self.crs), versions),
            (lineage_schema(self.spec), links),
        )
        begin = self.store.stage if former is None else self.store.amend
        with begin(HISTORY, keep=KEEP) as writer:
            for schema, rows in tables:
                _append(writer, schema, rows)
            provenance = self._provenance(former, compared, gap=gap)
            info = writer.publish(provenance, self.after.data_date)
        self.report.generation = info.number

    def _provenance(
        self, former: GenerationInfo | None, compared: Comparison, *, gap: bool
    ) -> dict[str, object]:
        """Return what the next step needs, and the findings so far."""
        first = str(compared.now)
        known = former.provenance if former else {}
        listed, gaps = _listed(known, "reused"), _listed(known, "gaps")
        return {
            "inputs": {self.layer.id: self.after.number},
            "moment": str(compared.now),
            "since": known.get("since", first),
            "reused": [*listed, *(key for key in self.report.reused if key not in listed)],
            "gaps": [*gaps, first] if gap else gaps,
        }

    def _count(self, links: pd.DataFrame, versions: int, reused: tuple[str, ...]) -> None:
        for kind in links.drop_duplicates("event")["kind"]:
            self.report.events[kind] = self.report.events.get(kind, 0) + 1
        self.report.versions += versions
        self.report.reused = tuple(dict.fromkeys((*self.report.reused, *reused)))


def _listed(known: Mapping[str, object], name: str) -> list[object]:
    found = known.get(name)
    return list(found) if isinstance(found, list) else []


def _append(writer: Writer, schema: TableSchema, rows: pd.DataFrame) -> None:
    """Write rows to a new table, or behind those of the former generation."""
    table = writer.amend(schema.name) if isinstance(writer, Amendment) else writer.table(schema)
    if rows.empty:
        return
    names = [c.name for c in table.schema.columns if c.name in rows]
    names += [FEATURE_ID] if table.schema.keyed else []
    shapes = rows[SHAPE].to_numpy(object) if table.schema.geometry else None
    table.append(rows[names].reset_index(drop=True), shapes)


def _held(versions: pd.DataFrame, record: Snapshot, spec: CollectionSpec) -> NDArray[np.bool_]:
    """Return which versions are in the record already."""
    query = Query(ids=tuple(versions[FEATURE_ID]), columns=(), geometry=False)
    held = record.frame(version_table(spec.id), query).index
    return versions[FEATURE_ID].isin(held).to_numpy()


def _version_rows(compared: Comparison, told: Lineage) -> pd.DataFrame:
    """Return the versions that ended and are to be kept.

    One that was only delivered anew, with the same begin, the same shape and under another
    identifier, has not ended.
    """
    rows = compared.rows
    came = rows[rows[ROLE] == CAME].set_index(KEY)[SAID]
    linked, times = told.old >= 0, told.at
    change = pd.Series(times[told.event][linked], told.old[linked])
    happened = looked_up(rows.index.to_series(), change[~change.index.duplicated()])
    followed = looked_up(rows[KEY], came).where(lambda begin: begin != rows[SAID])
    noticed = rows[SEEN].notna()
    ends = rows[ENDS].where(~noticed, happened.fillna(followed))
    kept = (rows[ROLE] == FORMER) | ((rows[ROLE] == GONE) & ends.notna())
    found = rows[kept].copy()
    begins = rows[SAID].fillna(rows[BEGINS])
    found[VALID_FROM], found[VALID_TO] = begins[kept], ends[kept]
    found[BASIS] = np.where(noticed, NOTICED, STATED)[kept.to_numpy()]
    found[FEATURE_ID] = version_ids(found[FEATURE_ID], found[VALID_FROM], found[VALID_TO])
    return found.drop_duplicates(FEATURE_ID)


def _link_rows(compared: Comparison, told: Lineage, spec: CollectionSpec) -> pd.DataFrame:
    """Return one row per link, each event under an id that depends on nothing but itself."""
    key = np.array([*compared.versions.key, None], object)  # position -1: no parcel
    noticed = np.append(compared.rows[SEEN].notna().to_numpy(bool), [False])
    old, new, event, times = key[told.old], key[told.new], told.event, told.at
    links = pd.DataFrame(
        {
            "event": event,
            "at": times[event],
            "kind": told.kind[event].astype(str),
            "old_key": old,
            "new_key": new,
            "area_m2": told.area_m2,
            "share_old": told.share_old,
            "share_new": told.share_new,
        }
    )
    doubtful = pd.Series(noticed[told.old]).groupby(event).transform("any")
    alone = (told.old < 0) & (compared.since is not None)
    links["basis"] = np.where(doubtful.to_numpy(bool) | alone, NOTICED, STATED)
    passed_on = told.old[(told.old >= 0) & (told.new >= 0)]
    named = stated_links(compared, spec, frozenset(passed_on.tolist()))
    if named is not None:
        # What has a successor has not left the municipality, though its ground is not known.
        gone = links["new_key"].isna() & links["old_key"].isin(named["old_key"])
        links = pd.concat([part for part in (links[~gone], named) if len(part)])
    names = {number: _event_id(rows) for number, rows in links.groupby("event")}
    links["event"] = links["event"].map(names).astype(object)
    return links


def _event_id(rows: pd.DataFrame) -> str:
    parts = [str(rows["at"].iloc[0]), rows["kind"].iloc[0]]
    parts += [",".join(sorted(set(rows[side].dropna()))) for side in ("old_key", "new_key")]
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:12]
