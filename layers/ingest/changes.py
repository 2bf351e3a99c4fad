"""Deliveries of changes (NBA): the served cadastre with what they end, begin and alter."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from typing import Literal

from gis_core.errors import StoreError
from gis_core.store import GenerationInfo, Snapshot, Store
from layers.alkis.deliveries import (
    CHANGE,
    COUNTED,
    LEDGER,
    Delivery,
    Ledger,
    Part,
    count_objects,
    entries_of,
    group,
)
from layers.alkis.objects import KEPT, OBJECTS, Objects
from layers.errors import DeliveryError
from layers.ingest.amending import WHOLE, Amending, held_rows
from layers.ingest.job import Job
from layers.ingest.report import ChangeReport, DeliveryReport, IngestReport

OnMissing = Literal["refuse", "quarantine"]
_NO_LEDGER = "a cadastre without a ledger (it did not come as NAS)"


def apply_changes(
    store: Store,
    job: Job,
    parts: Sequence[Part],
    *,
    on_missing: OnMissing = "refuse",
    data_date: date | None = None,
    dry_run: bool = False,
) -> IngestReport:
    """Import deliveries of changes as a new generation of the cadastre.

    Parameters
    ----------
    job
        The import, not begun yet.
    parts
        The files of one or several deliveries; those applied before change nothing.
    on_missing
        What becomes of an operation whose predecessor is not there: it stops the import, or
        it goes to the quarantine and the others are applied.

    Raises
    ------
    DeliveryError
        Nothing was changed: there is no first delivery, the deliveries are out of order, or an
        operation does not fit.
    StoreError, SourceFileError, UnknownCRSError, DatumGridMissingError
        Nothing was changed.

    Notes
    -----
    All or nothing over all deliveries. Cost: a copy of the served generation, and work that grows
    with the changes.
    """
    info, snapshot, ledger = _served(store, job.layer.id, parts[0].name)
    known, waiting = [], []
    for delivery in group(parts):
        if ledger.has(delivery):
            known.append(delivery)
        else:
            waiting.append(delivery)
            ledger = ledger.with_entries(entries_of(delivery, {}))
    told = [_told(d, applied=False) for d in known]
    if not waiting:
        return job.report(None, ChangeReport(tuple(told), rows=held_rows(info, job)))
    with ExitStack() as stack:
        writer = None if dry_run else stack.enter_context(store.amend(job.layer.id))
        if writer is not None and writer.former.number != info.number:
            raise StoreError(
                "another import was published a moment ago",
                advice="Run the command again.",
                layer=job.layer.id,
            )
        run = Amending(job, snapshot, writer, waiting)
        resolved = run.resolve(tolerant=on_missing == "quarantine")
        run.write(resolved)
        told += [_told(d, applied=True, counts=resolved.counts) for d in waiting]
        changes = ChangeReport(tuple(told), dict(run.ended), dict(run.refreshed))
        changes = replace(changes, rows=run.remaining(info))
        report = job.report(None, changes)
        if writer is not None:
            newest = [date.fromisoformat(d.time[:10]) for d in waiting if d.time]
            newest += [info.data_date] if info.data_date else []
            published = writer.publish(report.provenance(), data_date or max(newest, default=None))
            report = job.report(published.number, changes)
    return report


def _served(store: Store, layer: str, file: str) -> tuple[GenerationInfo, Snapshot, Ledger]:
    info = store.served().get(layer)
    snapshot = store.open_generation(info) if info else None
    ledger = Ledger.read(snapshot) if snapshot else None
    if info is None or snapshot is None or ledger is None:
        raise without_first(file, "no cadastre" if info is None else _NO_LEDGER)
    return info, snapshot, ledger


def without_first(file: str, there: str) -> DeliveryError:
    """Return the error for changes where there is nothing that they could change."""
    return DeliveryError(
        f"{file} is a delivery of changes (NBA), and there is {there} that it could change",
        advice=WHOLE,
        reason="nba-without-first",
        file=file,
        found=there,
        expected="a first delivery in NAS",
    )


def are_changes(store: Store | None, layer: str, parts: Sequence[Part]) -> bool:
    """Tell deliveries of changes from a first delivery.

    A file that replaces, deletes or updates is one of changes. One that only inserts is so too
    where there is a ledger, unless it delivers again what is there: at least half as many
    objects as are stored, most of them known. A few objects never replace a cadastre.

    Raises
    ------
    DeliveryError
        Some files are of the one kind, some of the other.
    """
    kinds = {p.name: p.head.changes for p in parts if p.head.is_nba}
    if len(kinds) < len(parts) and any(kinds.values()):
        other = next(p.name for p in parts if not p.head.is_nba)
        raise DeliveryError(
            f"{other} is no delivery of changes, {max(kinds, key=lambda k: kinds[k])} is one",
            advice="Import the first delivery in one command, the changes in the next.",
            reason="nba-mixed",
            file=other,
            found="both kinds of files",
            expected="only deliveries of changes, or none",
        )
    if not kinds or len(kinds) < len(parts):
        return False
    return any(kinds.values()) or _adds_only(store, layer, parts)


def _adds_only(store: Store | None, layer: str, parts: Sequence[Part]) -> bool:
    info = store.served().get(layer) if store else None
    if store is None or info is None or info.table(LEDGER.name) is None:
        return False
    snapshot = store.open_generation(info)
    ledger = Ledger.read(snapshot)
    if ledger is not None and {p.sha256 for p in parts} <= {
        e.sha256 for e in ledger.entries if e.kind == CHANGE
    }:
        return True
    counted = [count_objects(part.path, KEPT) for part in parts]
    inserted = {oid for _, first in counted for oid in first}
    known = sum(1 for _ in Objects(snapshot).versions(inserted))
    stored = snapshot.table(OBJECTS.name).count
    return 2 * sum(n for n, _ in counted) < stored or 2 * known < len(inserted)


def _told(
    delivery: Delivery, *, applied: bool, counts: dict[str, dict[str, int]] | None = None
) -> DeliveryReport:
    files = tuple(part.name for part in delivery.parts)
    totals = {n: sum((counts or {}).get(f, {}).get(n, 0) for f in files) for n in COUNTED}
    return DeliveryReport(delivery.number, delivery.time, applied, files, totals if applied else {})
