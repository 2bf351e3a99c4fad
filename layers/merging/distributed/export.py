"""A store's layers laid out for tiles: once for each input generation, then reused."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from gis_core.keys import KeyScheme
from gis_core.merge.engine_name import EngineName
from gis_core.merge.engines import choose_engine
from gis_core.merge.shapes import Shapes
from gis_core.store import Query, Snapshot, Store
from gis_core.store.parquet import DatasetWriter, Storage
from layers.merging.collection import merge_collection
from layers.merging.distributed.layout import (
    LAYOUT,
    TILED,
    LayoutFile,
    TiledCollection,
    read_file,
    write_layout,
)
from layers.merging.inputs import Parcels, read_features, read_parcels
from layers.merging.joins import stem_radius
from layers.merging.run import parcel_collection
from layers.municipality import Municipality
from layers.progress import Progress, silent
from layers.registry import Registry
from layers.spec import CollectionSpec

_CHUNK = 65_536
ROWS_PER_GROUP, RUN = 8192, 64
"""Rows that are read at once; parcels that share one box of the covering."""


def export_store(
    store: Store,
    registry: Registry,
    municipality: Municipality,
    storage: Storage,
    progress: Progress = silent,
    *,
    engine: EngineName = EngineName.AUTO,
    rows_per_group: int = ROWS_PER_GROUP,
) -> LayoutFile:
    """Lay the served generations of a store out for a merge in tiles.

    Parameters
    ----------
    storage
        Where to. A layout of the same generations that is there already stays.
    engine
        Who will measure; "auto" goes by the number of parcels, as in a store's merge.
    rows_per_group
        Rows that are read at once; tiles consist of whole groups.

    Raises
    ------
    NotMergedError
        No parcels were imported.
    StoreError
        The storage cannot be used.

    Notes
    -----
    Memory: one layer at a time, like a store's merge. Rows that share a parcel key become one.
    """
    sources = _Sources.of(store, registry, engine)
    file = LayoutFile(
        made_from=sources.digest(rows_per_group),
        engine=sources.engine,
        crs=municipality.storage_crs,
        parcels=sources.parcels.spec.id,
        collections=tuple(s.relation() for s in sources.guests),
    )
    if storage.has(LAYOUT):
        if read_file(storage) == file:
            return file
        storage.delete([LAYOUT])
    run = RUN if rows_per_group % RUN == 0 else 1
    crs = file.crs
    with DatasetWriter(
        storage, file.parcels, crs=crs, rows_per_group=rows_per_group, run=run
    ) as writer:
        for table in _parcel_rows(sources, municipality.keys):
            writer.append(table)
    for done, source in enumerate(sources.guests):
        progress("layout", done, len(sources.guests))
        name = source.spec.id
        with DatasetWriter(storage, name, crs=crs, rows_per_group=rows_per_group) as writer:
            for table in _guest_rows(source, sources.engine):
                writer.append(table)
    progress("layout", len(sources.guests), len(sources.guests))
    write_layout(storage, file)
    return file


@dataclass(frozen=True)
class _Source:
    """One collection and the generation that holds it."""

    snapshot: Snapshot
    spec: CollectionSpec

    def relation(self) -> TiledCollection:
        return TiledCollection.of(self.spec, self.snapshot.info.number)


@dataclass(frozen=True)
class _Sources:
    """What is laid out, and who measures."""

    parcels: _Source
    guests: tuple[_Source, ...]
    engine: EngineName

    @classmethod
    def of(cls, store: Store, registry: Registry, engine: EngineName) -> Self:
        served = dict(store.served())
        layer, spec = parcel_collection(registry, served)
        parcels = _Source(store.open_generation(served[layer.id]), spec)
        guests = tuple(
            _Source(store.open_generation(served[y.id]), c)
            for y, c in registry.collections()
            if c.relation.by in TILED and y.id in served and served[y.id].table(c.id) is not None
        )
        rows = parcels.snapshot.table(spec.id).count
        return cls(parcels, guests, choose_engine(engine, rows))

    def digest(self, rows_per_group: int) -> str:
        """Return a text that changes with whatever the layout is made from."""
        facts = [
            (s.snapshot.info.layer, s.snapshot.info.number, s.spec.model_dump(mode="json"))
            for s in (self.parcels, *self.guests)
        ]
        text = json.dumps([facts, rows_per_group, self.engine.value])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def _uses(sources: _Sources, parcels: Parcels, keys: KeyScheme) -> NDArray[np.object_]:
    """Return the parcels' main uses: of what covers the ground, where the parcels state none."""
    specs = [s.spec for s in sources.guests]
    if parcels.use.astype(np.bool_).any() or not any(c.relation.prefer for c in specs):
        return parcels.use
    for source in sources.guests:
        if source.spec.relation.covers:
            merged = merge_collection(source.snapshot, source.spec, parcels, keys)
            if merged is not None and merged.main_use is not None:
                return merged.main_use
    return parcels.use


def _parcel_rows(sources: _Sources, keys: KeyScheme) -> Iterator[pa.Table]:
    parcels = read_parcels(sources.parcels.snapshot, sources.parcels.spec, sources.engine)
    uses = _uses(sources, parcels, keys)
    fabric = parcels.fabric
    for part in _chunks(len(fabric)):
        yield pa.table(
            {
                "feature_id": pa.array(fabric.key[part], pa.string()),
                "parcel_key": pa.array(fabric.key[part], pa.string()),
                "geometry": _wkb(fabric.shapes.take(part)),
                "official_m2": parcels.official_m2[part],
                "use": pa.array(uses[part], pa.string()),
            }
        )


def _guest_rows(source: _Source, engine: EngineName) -> Iterator[pa.Table]:
    spec, size = source.spec, source.spec.relation.circumference_cm
    query = Query(columns=() if size is None else (size,))
    features = read_features(source.snapshot, spec.id, query, engine)
    radius = stem_radius(spec, features)
    for part in _chunks(len(features)):
        columns = {
            "feature_id": pa.array(features.ids[part], pa.string()),
            "geometry": _wkb(features.shapes.take(part)),
        }
        if radius is not None:
            columns["radius_m"] = pa.array(radius[part], from_pandas=True)
        yield pa.table(columns)


def _chunks(rows: int) -> Iterator[NDArray[np.intp]]:
    for start in range(0, max(rows, 1), _CHUNK):
        yield np.arange(start, min(start + _CHUNK, rows))


def _wkb(shapes: Shapes) -> pa.Array:
    return pa.array(shapely.to_wkb(shapes.objects), pa.binary())
