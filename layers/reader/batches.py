"""Features as Arrow record batches: the one source of every table format."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from pandas.arrays import DatetimeArray

from gis_core.geojson import turned
from gis_core.offered_crs import to_crs_east_first
from gis_core.store import FEATURE_ID, GEOMETRY, Rows
from layers.access import Actor
from layers.query import Query
from layers.reader.several import Several
from layers.reader.through_time import During, ThroughTime
from layers.spec import FieldSpec, FieldType, GeometryKind
from layers.view import CollectionView, check_fields

__all__ = ["FEATURE_ID", "GEOMETRY", "Batches", "Tables"]

_TYPES = {
    FieldType.TEXT: pa.string(),
    FieldType.PARCEL_KEY: pa.string(),
    FieldType.INTEGER: pa.int64(),
    FieldType.NUMBER: pa.float64(),
    FieldType.BOOLEAN: pa.bool_(),
    FieldType.DATE: pa.date32(),
    FieldType.DATETIME: pa.timestamp("ms", tz="UTC"),
}
_SIZE = 2000


@dataclass(frozen=True)
class Batches:
    """Features of one import, in batches: counted, allowed and logged; not read yet.

    Attributes
    ----------
    view
        The collection as the actor sees it.
    fields
        The fields that are given, in their order.
    schema
        ``feature_id``, the fields, and ``geometry`` (WKB) unless there is none.
    crs
        URI of the CRS of the geometry. Positions are always x east, y north, whatever the
        axis order of the CRS; outer rings run counter-clockwise.
    count
        How many features there are, the query's limit and offset considered.
    query
        What was asked.
    storage
        EPSG code of the storage CRS.

    Notes
    -----
    Iterating reads a batch at a time: memory is flat, whatever the count. It may be done more
    than once; the generation stays the same while others are published.
    """

    view: CollectionView
    fields: tuple[FieldSpec, ...]
    schema: pa.Schema
    crs: str
    count: int
    query: Query
    storage: int
    _ids: pa.LargeStringArray
    _rows: Rows | Several
    _size: int

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield the features in the order asked for.

        Raises
        ------
        DeadlineError
            One batch took too long.
        StoreError
            A file is damaged.
        """
        for first in range(0, self.count, self._size):
            yield self._read(self._ids.slice(first, self._size).to_pylist())

    def _read(self, ids: list[str]) -> pa.RecordBatch:
        view, names = self.view, tuple(f.name for f in self.fields)
        placed = GEOMETRY in self.schema.names
        query = Query(ids=tuple(ids), columns=names, geometry=placed)
        frame = self._rows.frame(view.id, query, released=view.names)
        place = frame.index.get_indexer(pd.Index(ids))
        arrays: list[pa.Array] = [pa.array(ids, pa.string())]
        for f in self.fields:
            column = frame[f.name].array
            arrays.append(_arrow(column.take(place), self.schema.field(f.name).type))
        if placed and isinstance(frame, gpd.GeoDataFrame):
            shapes = np.asarray(frame.geometry.array, dtype=object)[place]
            moved = to_crs_east_first(turned(_multi(shapes)), self.storage, self.crs)
            arrays.append(pa.array(shapely.to_wkb(moved, output_dimension=2), pa.binary()))
        return pa.record_batch(arrays, schema=self.schema)


def _multi(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return polygons as their multi kind: a union of several may have become a single one."""
    single = np.flatnonzero(shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON)
    if len(single):
        shapes = shapes.copy()
        shapes[single] = [shapely.MultiPolygon([shape]) for shape in shapes[single]]
    return shapes


def _arrow(values: pd.api.extensions.ExtensionArray, kind: pa.DataType) -> pa.Array:
    if isinstance(values, DatetimeArray):
        instants = values.to_numpy()
        return pa.array(instants.astype("datetime64[ms]"), pa.timestamp("ms")).cast(kind)
    return pa.Array.from_pandas(pd.Series(values, copy=False), type=kind)


class Tables(ThroughTime):
    """Answers features as a stream of tables."""

    def batches(
        self,
        actor: Actor,
        collection: str,
        query: Query,
        crs: str,
        size: int = _SIZE,
        *,
        number: int | None = None,
        during: During | None = None,
    ) -> Batches:
        """Return features as record batches.

        Access is decided, the features are found and counted, and the reading of secrets is
        logged before this returns; nothing but their ids is held.

        Parameters
        ----------
        crs
            URI of an offered CRS.
        size
            Features of a batch.
        number
            Read the import with that number, as in `view`.
        during
            Of a period rather than of today; see `Features.frame`.

        Raises
        ------
        UnknownCollectionError, UnknownFieldError
            Absent or hidden: alike.
        AccessError
            A purpose is missing.
        DeadlineError
            The search took too long.
        StoreError
            A file is damaged, or the read could not be logged.

        Notes
        -----
        About 20 µs a feature; 2,000 parcels at a time hold about 3 MiB.
        """
        view = self.view(actor, collection, number=number)
        check_fields(self.policy, actor, view, query)
        if query.columns is None:
            query = query.selecting(view.names)
        rows = self._rows_in(view, during)
        wanted = replace(query, columns=(), geometry=False)
        found = rows.frame(view.id, wanted, released=view.names).index
        classes = view.classes(query.fields())
        self._log(actor, "batches", view, query, found, classes=classes, during=during)
        named = {f.name: f for f in view.fields}
        fields = tuple(named[name] for name in query.columns or () if name in named)
        placed = query.geometry and view.spec.geometry is not GeometryKind.NONE
        columns = [pa.field(FEATURE_ID, pa.string(), nullable=False)]
        columns += [pa.field(f.name, _TYPES[f.type]) for f in fields]
        columns += [pa.field(GEOMETRY, pa.binary())] if placed else []
        return Batches(
            view=view,
            fields=fields,
            schema=pa.schema(columns),
            crs=crs,
            count=len(found),
            query=query,
            storage=self.municipality.storage_crs,
            _ids=pa.array(found, pa.large_string()),
            _rows=rows,
            _size=size,
        )
