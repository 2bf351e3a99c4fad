"""The merge: every feature finds its parcel, every parcel learns what lies on it.

Reads the served generation of each layer, writes one generation of the pseudo-layer
``merge`` with links, summaries and leftovers (`layers.merging.tables`), and publishes it at
one stroke: until then the former links are served.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from gis_core.merge.engine_name import EngineName
from gis_core.merge.engines import choose_engine
from gis_core.store import MERGE, GenerationInfo, Store, Writer
from layers.errors import NotMergedError
from layers.merging.changes import find_changes, rules_digest
from layers.merging.collection import CollectionReport, Merged, merge_collection
from layers.merging.figures import Figures
from layers.merging.inputs import Parcels, read_parcels
from layers.merging.joins import Linker, join
from layers.merging.parcel_areas import area_table
from layers.merging.report import MergeReport
from layers.merging.tables import link_schema, summary_schema, unmatched_schema
from layers.merging.update import as_served, update
from layers.municipality import Municipality
from layers.progress import Progress, silent
from layers.registry import Registry
from layers.spec import CollectionSpec, Join, LayerSpec


def merge(
    store: Store,
    registry: Registry,
    municipality: Municipality,
    progress: Progress = silent,
    *,
    engine: EngineName = EngineName.AUTO,
    whole: bool = False,
    linker: Callable[[], Linker] = lambda: join,
) -> MergeReport:
    """Link every imported feature to its parcel and publish the result.

    Where little changed since the served links were made, only what that reaches is joined
    anew; the answer is the same. Where no layer was imported since, they stay as they are.

    Parameters
    ----------
    store
        Where the layers are and the links go.
    registry
        How each collection is related to parcels.
    municipality
        Its key scheme and storage CRS.
    progress
        Called with step title, done and total.
    engine
        Who measures where all links are made from scratch.
    whole
        Make all links from scratch in any case.
    linker
        Asked only where all links are made: who finds them. The answers must be those of `join`.

    Raises
    ------
    NotMergedError
        No parcels were imported.
    StoreError
        A generation cannot be read or written.

    Notes
    -----
    The same inputs give the same tables to the last bit, in whatever order the sources
    delivered their rows. Memory: one collection at a time.
    """
    begun = time.perf_counter()
    served = dict(store.served())
    layer, spec = parcel_collection(registry, served)
    changes = None if whole else find_changes(store, registry, municipality, served, (layer, spec))
    if changes is not None:
        report = as_served(registry, changes, served, spec)
        return report or update(store, registry, municipality, changes, (layer, spec), progress)
    link = linker()
    cadastre = store.open_generation(served[layer.id])
    engine = choose_engine(engine, cadastre.table(spec.id).count)
    if engine is EngineName.KERNELS:
        _compile_once(progress)
    progress("parcels", 0, 1)
    parcels = read_parcels(cadastre, spec, engine)
    progress("parcels", 1, 1)
    made = Figures(registry, spec)
    run = _Run(store, registry, municipality, served, parcels, progress, link, made)
    inputs = {name: served[name].number for name in registry.layers if name in served}
    with store.stage(MERGE) as writer:
        areas = area_table(parcels, municipality.storage_crs, municipality.area_bound)
        writer.table(summary_schema(spec.id, areas, spec), in_order=True).append(areas)
        rasters = dict(_write_rasters(run, writer))
        reports = _write_collections(run, writer)
        made.of_parcels(parcels)
        writer.table(made.schema, in_order=True).append(made.frame(parcels.fabric.key))
        progress("publish", 0, 1)
        dates = [g.data_date for g in served.values() if g.layer in inputs and g.data_date]
        provenance = {
            "inputs": inputs,
            "rules": rules_digest(registry, municipality),
            "engine": parcels.engine.value,
            "uses_are_stated": bool(parcels.use.astype(np.bool_).any()),
            "covering": next((s.id for _, s in registry.collections() if s.relation.covers), ""),
            "parcel_rows": int(parcels.rows.sum()),
            "beyond_bound": int(areas["beyond_bound"].sum()),
            "collections": [asdict(r) for r in reports],
        }
        info = writer.publish(provenance, max(dates, default=None))
        progress("publish", 1, 1)
    return MergeReport(
        generation=info.number,
        inputs=inputs,
        parcels=len(parcels.fabric),
        parcel_rows=int(parcels.rows.sum()),
        beyond_bound=int(areas["beyond_bound"].sum()),
        collections=tuple(reports),
        rasters=rasters,
        seconds=round(time.perf_counter() - begun, 3),
    )


def _compile_once(progress: Progress) -> None:
    """Say so where the first merge on a machine waits a minute for its kernels."""
    from gis_core.merge.kernels.warm import MESSAGE, compile_kernels, is_warm  # noqa: PLC0415

    if not is_warm():
        progress(MESSAGE, 0, 1)
        compile_kernels()
        progress(MESSAGE, 1, 1)


def merge_directory(
    data_dir: Path,
    registry: Registry,
    municipality: Municipality,
    progress: Progress = silent,
    *,
    engine: EngineName = EngineName.AUTO,
    whole: bool = False,
) -> MergeReport:
    """Merge what is imported below a data directory; see `merge`."""
    with Store.open(data_dir, mapped=False) as store:
        return merge(store, registry, municipality, progress, engine=engine, whole=whole)


def refresh_directory(
    data_dir: Path, registry: Registry, municipality: Municipality, progress: Progress = silent
) -> MergeReport | None:
    """Bring served links up to date where little changed since they were made; else do nothing.

    Returns
    -------
    None where there are no links yet, or where they have to be made from scratch.
    """
    with Store.open(data_dir, mapped=False) as store:
        served = dict(store.served())
        if MERGE not in served:
            return None
        parcels = parcel_collection(registry, served)
        changes = find_changes(store, registry, municipality, served, parcels)
        if changes is None:
            return None
        return update(store, registry, municipality, changes, parcels, progress)


def parcel_collection(
    registry: Registry, served: dict[str, GenerationInfo]
) -> tuple[LayerSpec, CollectionSpec]:
    """Return the collection whose features are the parcels and that has data."""
    for layer, spec in registry.parcels():
        if layer.id in served and served[layer.id].table(spec.id) is not None:
            return layer, spec
    wanted = ", ".join(layer.id for layer, _ in registry.parcels())
    raise NotMergedError(
        "there are no parcels to merge by",
        advice=f"Import them first: flurbuch ingest {wanted} FILE...",
    )


@dataclass(frozen=True)
class _Run:
    """What all steps of one merge share; the generations are those served when it began."""

    store: Store
    registry: Registry
    municipality: Municipality
    served: dict[str, GenerationInfo]
    parcels: Parcels
    progress: Progress
    link: Linker
    figures: Figures


def _write_rasters(run: _Run, writer: Writer) -> Iterator[tuple[str, int]]:
    """Write the statistics of each raster layer; yield its id and the parcels with a value."""
    for layer in run.registry.layers.values():
        info = run.served.get(layer.id)
        if layer.raster is None or info is None or not info.attachments:
            continue
        # Loading rasterio takes longer than most updates: only who counts cells pays for it.
        from layers.merging.terrain import zonal_table  # noqa: PLC0415

        table = zonal_table(
            run.store.open_generation(info).attachment(info.attachments[0]),
            layer.raster,
            run.parcels,
            run.municipality.storage_crs,
            partial(run.progress, layer.id),
        )
        writer.table(summary_schema(layer.id, table, None), in_order=True).append(table)
        run.figures.of_source(layer.id, run.parcels.fabric.key, table)
        yield layer.id, len(table)


def _write_collections(run: _Run, writer: Writer) -> list[CollectionReport]:
    """Write links and summaries of each collection, then what found no parcel in any."""
    reports: list[CollectionReport] = []
    leftovers: dict[bool, list[pd.DataFrame]] = {False: [], True: []}
    for merged in _merge_collections(run):
        links = link_schema(merged.spec)
        writer.table(links, in_order=True).append(merged.links)
        summary = summary_schema(merged.spec.id, merged.summary, merged.spec)
        writer.table(summary, in_order=True).append(merged.summary)
        run.figures.of_source(merged.spec.id, run.parcels.fabric.key, merged.summary)
        leftovers[links.sealed_rows].append(merged.unmatched)
        reports.append(merged.report)
        del merged
    for sealed, tables in leftovers.items():
        unmatched = writer.table(unmatched_schema(sealed=sealed))
        for cases in tables:
            unmatched.append(cases)
    return reports


def _merge_collections(run: _Run) -> Iterator[Merged]:
    """Merge one collection after the other, those first that say what the ground is used for."""
    wanted = [
        (layer, spec)
        for layer, spec in run.registry.collections()
        if layer.id in run.served and spec.relation.by not in {Join.SELF, Join.NONE}
    ]
    wanted.sort(key=lambda pair: not pair[1].relation.covers)
    parcels = run.parcels
    for done, (layer, spec) in enumerate(wanted):
        run.progress("collections", done, len(wanted))
        snapshot = run.store.open_generation(run.served[layer.id])
        merged = merge_collection(snapshot, spec, parcels, run.municipality.keys, run.link)
        if merged is not None:
            if merged.main_use is not None and not parcels.use.astype(np.bool_).any():
                parcels = replace(parcels, use=merged.main_use)  # the parcels state none
            yield merged
            del merged  # its tables are written: the next ones need the room
    run.progress("collections", len(wanted), len(wanted))
