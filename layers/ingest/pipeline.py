"""Import: from source files to a published generation, all or nothing."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from pathlib import Path

from gis_core.store.store import Store
from layers.alkis.deliveries import Part
from layers.alkis.memory import Memory
from layers.history import update_history
from layers.ingest.changes import OnMissing, apply_changes, are_changes, without_first
from layers.ingest.districts import Districts
from layers.ingest.job import Job
from layers.ingest.parts import find_parts
from layers.ingest.raster import ingest_raster
from layers.ingest.report import IngestReport
from layers.municipality import Municipality
from layers.progress import Progress, silent
from layers.registry import BUILT_IN, Registry

CADASTRE = BUILT_IN / "alkis"


def ingest(
    store: Store | None,
    registry: Registry,
    municipality: Municipality,
    layer_id: str,
    files: Sequence[Path],
    *,
    crs: str | None = None,
    data_date: date | None = None,
    dry_run: bool = False,
    on_missing: OnMissing = "refuse",
    progress: Progress = silent,
) -> IngestReport:
    """Import files as a new generation of a layer.

    Deliveries of changes (NBA) of the cadastre are told from their content and applied to what
    is served; all other files are the layer's whole new content.

    Parameters
    ----------
    store
        None only for a dry run where there is no data directory yet.
    files
        Everything the layer shall hold afterwards: a generation replaces the former one.
    crs
        Reference system of the coordinates, against what the files state.
    data_date
        Day that the data describe; without it the newest ``aktualit`` in them.
    dry_run
        Read and check all, store nothing.
    on_missing
        Of deliveries of changes: see `layers.ingest.changes.apply_changes`.
    progress
        Called with the step's title, rows done and 0 (how many there are is unknown).

    Returns
    -------
    IngestReport
        Every row that was read is accepted, repaired or quarantined.

    Raises
    ------
    UnknownLayerError, SourceFileError, UnknownCRSError, DatumGridMissingError
        Nothing was changed: one file that cannot be read refuses the whole command.
    NothingUsableError
        No row could be used; nothing was changed.
    DeliveryError
        A delivery of changes does not fit what is served; nothing was changed.
    StoreError
        The disk is full or another import of the layer is running; nothing was changed.
    """
    layer = registry.layer(layer_id)
    if layer.raster is not None:
        return ingest_raster(
            store, municipality, layer, files, crs=crs, data_date=data_date, dry_run=dry_run
        )
    job = Job(registry, municipality, layer, crs, progress)
    is_cadastre = registry.folders[layer_id] == CADASTRE
    with find_parts(files if is_cadastre else ()) as parts:
        changes = are_changes(store, layer_id, parts)
        if changes:
            if store is None:
                raise without_first(parts[0].name, "no cadastre")
            report = apply_changes(
                store, job, parts, on_missing=on_missing, data_date=data_date, dry_run=dry_run
            )
    if not changes:
        report = _replace_all(store, job, files, parts, data_date=data_date, dry_run=dry_run)
    if report.generation is not None and store is not None:
        told = update_history(store, registry, municipality)
        if told is not None:
            report = replace(report, notes=(*report.notes, *told.notes()))
    return report


def _replace_all(
    store: Store | None,
    job: Job,
    files: Sequence[Path],
    parts: Sequence[Part],
    *,
    data_date: date | None,
    dry_run: bool,
) -> IngestReport:
    with ExitStack() as stack:
        writer = stack.enter_context(store.stage(job.layer.id)) if store and not dry_run else None
        memory = Memory(writer) if writer is not None and parts else None
        job.begin(writer)
        job.memory = memory
        districts = Districts.of(job)
        job.read(files)
        job.require_some_rows()
        if districts is not None:
            districts.store()
        if store is not None:
            job.compare(store)
        report = job.report(None)
        if writer is not None:
            if memory is not None:
                memory.close(parts, job.started_at)
            info = writer.publish(report.provenance(), data_date or job.data_date)
            report = job.report(info.number)
    return report
