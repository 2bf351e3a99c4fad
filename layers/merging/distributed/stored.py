"""A store's merge by tiles: laid out, linked where the workers are, published as always."""

from pathlib import Path

from gis_core.keys import KeyScheme
from gis_core.merge.engine_name import EngineName
from gis_core.merge.links import Links, read_link_table
from gis_core.merge.unmatched import Unmatched
from gis_core.store import Store
from gis_core.store.parquet import Storage
from layers.merging.distributed.export import export_store
from layers.merging.distributed.layout import TILED
from layers.merging.distributed.merging import merge_layout, read_links
from layers.merging.distributed.plan import TILE_PARCELS
from layers.merging.distributed.runners import Runner
from layers.merging.inputs import Features, Parcels
from layers.merging.joins import Joined, Linker, join
from layers.merging.report import MergeReport
from layers.merging.run import merge
from layers.municipality import Municipality
from layers.progress import Progress, silent
from layers.registry import Registry
from layers.spec import CollectionSpec


def merge_directory_in_tiles(
    data_dir: Path,
    registry: Registry,
    municipality: Municipality,
    place: str | Path,
    runner: Runner,
    progress: Progress = silent,
    *,
    engine: EngineName = EngineName.AUTO,
    whole: bool = False,
    tile_parcels: int = TILE_PARCELS,
) -> MergeReport:
    """Merge what is imported below a data directory, its spatial links made in tiles.

    Parameters
    ----------
    place
        Storage that this process and all workers reach: a folder or an ``s3://`` address. The
        layout is kept there and used again as long as the generations stay the same.
    runner
        Who works on the tiles.

    Raises
    ------
    NotMergedError, StoreError, RunnerError
        As `layers.merging.merge` and `merge_layout`.

    Notes
    -----
    The tables are those of `layers.merging.merge`, bit by bit. Keys, addresses, rasters and
    summaries are worked out in this process.
    """
    storage = Storage.open(place)
    with Store.open(data_dir) as store:

        def linker() -> Linker:
            export_store(store, registry, municipality, storage, progress, engine=engine)
            merge_layout(storage, runner, tile_parcels=tile_parcels, progress=progress)
            return _linker(storage)

        return merge(
            store, registry, municipality, progress, engine=engine, whole=whole, linker=linker
        )


def export_directory(
    data_dir: Path,
    registry: Registry,
    municipality: Municipality,
    place: str | Path,
    progress: Progress = silent,
) -> list[str]:
    """Lay out what is imported below a data directory; return the datasets' names."""
    with Store.open(data_dir) as store:
        file = export_store(store, registry, municipality, Storage.open(place), progress)
    return [file.parcels, *(c.id for c in file.collections)]


def _linker(storage: Storage) -> Linker:
    """Return a join that takes links by place from the tiles."""

    def link(
        spec: CollectionSpec, features: Features, parcels: Parcels, keys: KeyScheme
    ) -> Joined | None:
        if spec.relation.by not in TILED:
            return join(spec, features, parcels, keys)
        tables = read_links(storage, spec.id)
        ids, key = features.ids, parcels.fabric.key
        parts = [read_link_table(table.to_pandas(), ids, key) for table in tables]
        links = Links.join([Links.none(), *parts])
        rest = links.unlinked(len(features))
        return Joined(links, Unmatched.places(rest, features.shapes.dimension >= 0))

    return link
