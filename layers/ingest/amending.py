"""Deliveries of changes on their way into a generation: rows that leave, rows that come."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
from numpy.typing import NDArray

from gis_core.errors import StoreError
from gis_core.faults import Fault, Outcome
from gis_core.store import Amendment, GenerationInfo, Query, Snapshot, TableSchema
from gis_core.store.amended_table import TableAmendment
from gis_core.store.schema import FEATURE_ID
from gis_core.store.tables import TableWriter
from layers.alkis import parcels
from layers.alkis.deliveries import (
    LEDGER,
    Delivery,
    entries_of,
    ledger_rows,
)
from layers.alkis.objects import KEPT, NEEDS, OBJECTS, Objects, edge_rows, object_rows
from layers.alkis.resolving import (
    OWNERS,
    PARCELS,
    Resolved,
    feature_tables,
    new_tables,
    resolve,
    row_of,
)
from layers.alkis.versions import Version
from layers.errors import DeliveryError
from layers.formats.nas.changes import Change, read_changes
from layers.ingest.districts import Districts
from layers.ingest.job import Job
from layers.ingest.reading import FileReading
from layers.ingest.report import Counts, FileReport
from layers.ingest.translators import find_translator
from layers.schema import table_schemas
from layers.source import SourceCRS, SourceTable
from layers.spec import ENDED, UNMAPPED

WHOLE = "Import a first delivery (Bestandsdatenauszug in NAS, or the first NBA): it begins anew."


@dataclass(slots=True)
class Amending:
    """The deliveries of one command on their way into a generation."""

    job: Job
    snapshot: Snapshot
    writer: Amendment | None
    deliveries: list[Delivery]
    ended: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    refreshed: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _gone: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _readings: dict[str, FileReading] = field(default_factory=dict)

    def resolve(self, *, tolerant: bool) -> Resolved:
        """Read the deliveries and apply them to what is stored."""
        self.job.writer = self.writer
        planned = [(d, list(self._read(d))) for d in self.deliveries]

        def aside(change: Change, error: DeliveryError) -> None:
            fault = Fault(
                change.file,
                change.row,
                f"{change.operation} {change.kind}",
                str(error.fields["found"]),
                str(error.fields["expected"]),
                str(error.fields["reason"]),
                Outcome.QUARANTINED,
            )
            self.job.keep([fault], [_lost(change)])

        resolved = resolve(Objects(self.snapshot), planned, aside if tolerant else None)
        self.job.keep(resolved.faults)
        if resolved.unbooked and not resolved.booked:
            self.job.notes.append(
                f"{resolved.unbooked:,} parcels name bookings; no bookings are delivered"
            )
        return resolved

    def _read(self, delivery: Delivery) -> Iterator[Change]:
        for part in delivery.parts:
            report = FileReport(part.name, part.sha256, part.path.stat().st_size)
            self.job.files.append(report)
            job = self.job
            self._readings[part.name] = FileReading(report, job.municipality, job.crs, _ALWAYS)
            done = 0
            for change in read_changes(part.path, part.name):
                done += 1
                if done % 1_000 == 0:
                    job.progress(f"{job.layer.id}: {part.name}", done, 0)
                if change.kind in KEPT:
                    yield change
                else:
                    report.ignored[change.kind] = report.ignored.get(change.kind, 0) + 1
            job.progress(f"{job.layer.id}: {part.name}", done, done)

    def write(self, resolved: Resolved) -> None:
        """Take out what ended or is told anew, put in what is new."""
        leaving = [*resolved.ended, *resolved.dropped, *(o.version for o in resolved.refreshed)]
        rows = self._stored(leaving)
        number = self.writer.former.number + 1 if self.writer else 0
        opened = None if self.writer is None else _opener(self.writer)
        self.job.begin(self.writer, opened, f"{number}-")
        districts = Districts.of(self.job)
        self._take_out(resolved, rows)
        self._end(resolved.ended, rows)
        self._correct_past(resolved)
        for table in self._translated(new_tables(resolved.new), resolved):
            self.job.take(table, self._readings[table.file])
        self._refresh(resolved, rows)
        if districts is not None:
            districts.renew(self.snapshot, rows)
        self._remember(resolved)

    def remaining(self, former: GenerationInfo) -> dict[str, int]:
        """Return the rows of each collection that hold now."""
        counts = self.job.report(None).by_collection()
        rows = held_rows(former, self.job)
        change = {name: counts.get(name, Counts()).stored - self._gone[name] for name in rows}
        return {name: n + change[name] for name, n in rows.items()} | self.job.made

    # -- rows that leave ---------------------------------------------------------------

    def _stored(self, versions: Iterable[Version]) -> dict[str, pd.DataFrame]:
        """Read the rows of stored versions, by collection."""
        ids: dict[str, list[str]] = defaultdict(list)
        for version in versions:
            collection, row = row_of(version)
            ids[collection].append(row)
        return {
            name: self.snapshot.frame(name, Query(ids=tuple(sorted(wanted))))
            for name, wanted in ids.items()
        }

    def _take_out(self, resolved: Resolved, rows: dict[str, pd.DataFrame]) -> None:
        again = {row_of(o.version)[1] for o in resolved.refreshed}
        for name, frame in rows.items():
            self._gone[name] += int((~frame.index.isin(list(again))).sum())
        if self.writer is None:
            return
        for name, frame in rows.items():
            self.writer.amend(name).delete(frame.index)
            if self.writer.former.table(name + UNMAPPED) is not None:
                self.writer.amend(name + UNMAPPED).delete(frame.index)
        if resolved.booked and PARCELS in rows:
            # Without bookings the owners came from elsewhere, and stay.
            self.writer.amend(OWNERS).delete(rows[PARCELS]["flstkennz"], by="flstkennz")

    def _end(self, versions: Iterable[Version], rows: dict[str, pd.DataFrame]) -> None:
        """Put the rows of versions that ended where those are kept."""
        ends: dict[str, dict[str, Version]] = defaultdict(dict)
        for version in versions:
            collection, row = row_of(version)
            ends[collection][row] = version
        for name, by_row in ends.items():
            frame = rows[name].loc[rows[name].index.isin(list(by_row))]
            self.ended[name] += len(frame)
            if self.writer is None or not len(frame):
                continue
            schema = table_schemas(self.job.layer.collection(name), self._crs)[1]
            table = _opener(self.writer)(schema)
            table.append(_ended_rows(frame, by_row, schema), _shapes(frame))

    def _correct_past(self, resolved: Resolved) -> None:
        """Take out what was told of former parcels and is told in another way now."""
        told = {v.oid for v in resolved.new}
        past = [
            ended_id(row_of(v)[1], v.begins)
            for v in resolved.ended
            if v.kind in parcels.HISTORIC and v.oid in told
        ]
        if self.writer is not None and past:
            self.writer.amend(PARCELS + ENDED).delete(past)

    # -- rows that come ----------------------------------------------------------------

    def _translated(
        self, tables: Iterable[SourceTable], resolved: Resolved
    ) -> Iterator[SourceTable]:
        job = self.job
        beside = feature_tables(resolved.beside, self.deliveries[0].parts[0].name)
        translate = find_translator(job.registry, job.layer.id)
        yield from translate(chain(beside, tables), job.municipality)

    def _refresh(self, resolved: Resolved, rows: dict[str, pd.DataFrame]) -> None:
        """Translate rows again whose addresses, names or bookings changed."""
        crs, features = SourceCRS(f"EPSG:{self._crs}"), []
        places = {name: dict(zip(f.index, _shapes(f), strict=True)) for name, f in rows.items()}
        for stored in resolved.refreshed:
            name, row = row_of(stored.version)
            if row not in places[name]:
                continue  # it had been refused, or is one of the past
            self.refreshed[name] += 1
            shape = places[name][row]
            features.append(replace(stored.feature, geometry=shape, crs=crs))
        file = self.deliveries[0].parts[0].name
        # Counted apart: these rows are not in the delivery.
        again = replace(self.job, writer=None, files=[], faults=type(self.job.faults)(), notes=[])
        report = FileReport(file, "", 0)
        reading = FileReading(report, self.job.municipality, f"EPSG:{self._crs}", _ALWAYS)
        for table in self._translated(feature_tables(features, file), resolved):
            again.take(table, reading)
        if report.counts.quarantined:
            raise DeliveryError(
                f"{file}: {report.counts.quarantined} rows that were stored cannot be told again",
                advice=WHOLE,
                reason="nba-not-told-again",
                file=file,
            )

    def _remember(self, resolved: Resolved) -> None:
        """Keep what was touched for the next delivery, and write the ledger."""
        if self.writer is None:
            return
        oids = [version.oid for version, _ in resolved.kept]
        objects, needs = self.writer.amend(OBJECTS.name), self.writer.amend(NEEDS.name)
        objects.delete(oids)
        objects.append(object_rows(resolved.kept))
        needs.delete(oids, by="oid")
        needs.append(
            edge_rows((v.oid, v.kind, values) for v, values in resolved.kept if values is not None)
        )
        ledger = self.writer.amend(LEDGER.name)
        entries = [e for d in self.deliveries for e in entries_of(d, resolved.counts)]
        ledger.append(ledger_rows(entries, ledger.totals().count, self.job.started_at))

    @property
    def _crs(self) -> int:
        return self.job.municipality.storage_crs


_ALWAYS = "9999-12-31"  # whatever has an end has ended


def _ended_rows(
    frame: pd.DataFrame, versions: dict[str, Version], schema: TableSchema
) -> pd.DataFrame:
    """Return rows of versions that ended under ids that tell the versions apart."""
    kept = [c.name for c in schema.columns]
    rows = pd.DataFrame(frame)[kept].reset_index()
    now = [versions[row] for row in rows[FEATURE_ID]]
    rows["endet"] = pd.Series([v.ends for v in now], dtype=object)
    if "anlass" in kept:
        reasons = [
            " ".join([*([b] if isinstance(b, str) else []), *v.reasons])
            for b, v in zip(rows["anlass"], now, strict=True)
        ]
        rows["anlass"] = pd.Series([r or None for r in reasons], dtype=object)
    rows[FEATURE_ID] = [
        ended_id(row, v.begins) for row, v in zip(rows[FEATURE_ID], now, strict=True)
    ]
    return rows


def ended_id(row: str, begins: str) -> str:
    """Return the id of a version that ended, as `layers.ingest.intake` makes it."""
    return f"{row}-{begins}"


def _shapes(frame: pd.DataFrame) -> NDArray[np.object_]:
    if isinstance(frame, gpd.GeoDataFrame):
        return np.asarray(frame.geometry.array, dtype=object)
    return np.full(len(frame), None, dtype=object)


def _opener(writer: Amendment) -> Callable[[TableSchema], TableWriter | TableAmendment]:
    """Return a function that opens tables of the former generation, or makes new ones."""

    def open_table(schema: TableSchema) -> TableWriter | TableAmendment:
        former = writer.former.table(schema.name, sealed=schema.sealed_rows)
        if former is None:
            return writer.table(schema)
        if former.schema.columns != schema.columns or former.schema.crs != schema.crs:
            raise StoreError(
                f"{schema.name} was stored with other fields than the layer has now",
                advice=WHOLE,
                table=schema.name,
            )
        return writer.amend(schema.name, sealed=schema.sealed_rows)

    return open_table


def held_rows(info: GenerationInfo, job: Job) -> dict[str, int]:
    """Return the rows of each collection in a generation."""
    tables = {spec.id: info.table(spec.id) for spec in job.layer.collections}
    return {name: table.count for name, table in tables.items() if table is not None}


def _lost(change: Change) -> str:
    """Return what an operation says that was left out, as JSON."""
    values = dict(change.feature.values) if change.feature else {}
    return orjson.dumps({"target": change.target, **values}).decode()
