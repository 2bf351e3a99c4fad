"""A merge by the parcels of a former day, into a file of its own; the served links stay."""

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio

from gis_core.store import FEATURE_ID, HISTORY, MERGE, GenerationInfo, Query, Store
from gis_core.store.catalogue import Catalogue
from gis_core.store.guard import OPEN_FILE
from layers.errors import NotMergedError
from layers.history.as_of import valid_on
from layers.history.record import lineage_table
from layers.history.update import current_parcels
from layers.merging import MergeReport, merge
from layers.municipality import Municipality
from layers.progress import Progress, silent
from layers.registry import Registry
from layers.scratch import scratch_folder
from layers.spec import CollectionSpec


def merge_as_of(
    data_dir: Path,
    registry: Registry,
    municipality: Municipality,
    on: date,
    out: Path,
    progress: Progress = silent,
) -> MergeReport:
    """Link what is imported today to the parcels of a former day.

    Parameters
    ----------
    on
        The day.
    out
        GeoPackage to write: the parcels of that day, and links and summaries by their keys. What
        is a secret is merged and counted, but not written.

    Returns
    -------
    The report, as of any merge; nothing was published.

    Raises
    ------
    NotMergedError
        No parcels are imported, or none were valid on that day.
    StoreError
        A generation cannot be read.

    Notes
    -----
    The merge runs as always, over a scratch directory in which the parcels are those of the
    day and everything else is what is served. Cost: the parcels written once, and a merge.
    """
    with Store.open(data_dir) as store, scratch_folder() as folder:
        found = current_parcels(store, registry)
        if found is None:
            raise NotMergedError(
                "there are no parcels to merge by", advice="Run: flurbuch ingest alkis FILE..."
            )
        layer, spec, served = found
        parcels = _parcels(store, served, spec, on)
        with Store.open(folder, create=True) as scratch:
            _lend(store, scratch.root)
            _replace(scratch, layer.id, served, spec, parcels)
            report = merge(scratch, registry, municipality, progress, whole=True)
            shutil.copyfile(scratch.served()[MERGE].path / OPEN_FILE, out)
    out.chmod(0o644)
    pyogrio.write_dataframe(parcels.reset_index(), out, layer=spec.id, driver="GPKG", append=False)
    return report


def _parcels(
    store: Store, served: GenerationInfo, spec: CollectionSpec, on: date
) -> gpd.GeoDataFrame:
    history = store.served().get(HISTORY)
    record = None
    if history is not None and history.table(lineage_table(spec.id)) is not None:
        record = store.open_generation(history)
    table = served.table(spec.id)
    if table is None:
        raise NotMergedError("there are no parcels to merge by")
    columns = tuple(c.name for c in table.schema.open_columns)
    query = Query(columns=columns)
    found = valid_on(store.open_generation(served), record, spec, on, query)
    if not isinstance(found, gpd.GeoDataFrame) or found.empty:
        raise NotMergedError(f"no parcel was valid on {on.isoformat()}", advice="Name a later day.")
    return found


def _lend(store: Store, folder: Path) -> None:
    """Show the served imports in another directory, without a copy."""
    catalogue = Catalogue(folder)
    for layer, info in store.served().items():
        if layer in {MERGE, HISTORY}:
            continue
        home = folder / "layers" / layer
        home.mkdir()
        place = home / str(info.number)
        place.symlink_to(info.path.absolute(), target_is_directory=True)
        catalogue.publish(replace(info, path=place))
    catalogue.close()


def _replace(
    scratch: Store, layer: str, served: GenerationInfo, spec: CollectionSpec, rows: gpd.GeoDataFrame
) -> None:
    """Put the parcels of the day in the place of the current ones."""
    table = served.table(spec.id)
    if table is None:
        return
    shapes = np.asarray(rows.geometry.array, object)
    plain = rows.drop(columns=rows.geometry.name).reset_index()
    plain[FEATURE_ID] = plain[FEATURE_ID].astype(str)
    with scratch.amend(layer) as writer:
        writer.table(table.schema).append(plain, shapes)
        writer.publish(dict(served.provenance), served.data_date)
