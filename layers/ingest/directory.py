"""A data directory, seen by who fills it: import files, look at what was refused."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import date
from pathlib import Path

from gis_core.errors import StoreError
from gis_core.faults import Fault
from gis_core.store.catalogue import FILE
from gis_core.store.quarantine import read_faults
from gis_core.store.store import Store
from layers.grids import use_grids
from layers.ingest.changes import OnMissing
from layers.ingest.pipeline import ingest
from layers.ingest.report import IngestReport
from layers.municipality import Municipality
from layers.progress import Progress, silent
from layers.registry import Registry


def import_files(
    data_dir: Path,
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
    """Import files into a data directory, which is made if it is not there; see `ingest`.

    A dry run makes and changes nothing.
    """
    registry.layer(layer_id)  # an unknown layer makes no directory
    use_grids(data_dir)
    with ExitStack() as stack:
        store = None
        if not dry_run or (data_dir / FILE).is_file():
            store = stack.enter_context(Store.open(data_dir, create=not dry_run))
        return ingest(
            store,
            registry,
            municipality,
            layer_id,
            files,
            crs=crs,
            data_date=data_date,
            dry_run=dry_run,
            on_missing=on_missing,
            progress=progress,
        )


def refused_rows(data_dir: Path, registry: Registry, layer_id: str) -> Iterator[tuple[Fault, str]]:
    """Yield the faults of the served generation of a layer, each with its source row as JSON.

    Raises
    ------
    UnknownLayerError
        There is no such layer.
    StoreError
        Nothing was imported, or the file is damaged.
    """
    registry.layer(layer_id)
    with Store.open(data_dir) as store:
        info = store.served().get(layer_id)
        if info is None:
            raise StoreError(
                f"nothing is stored for layer {layer_id}",
                advice=f"Import it: flurbuch ingest {layer_id} FILE...",
                layer=layer_id,
            )
        yield from read_faults(info)
