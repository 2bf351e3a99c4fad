"""GeoParquet 1.1: WKB with its CRS, and the box of each feature for readers that skip."""

import io
from collections.abc import Iterator

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from pyproj import CRS

from api.features.formats.format import About, Format
from api.features.formats.values import shapes
from gis_core.offered_crs import CRS84, definition
from layers.reader.batches import GEOMETRY, Batches
from layers.spec import GeometryKind

_BOX = "bbox"
_SIDES = ("xmin", "ymin", "xmax", "ymax")
_KINDS = {
    GeometryKind.POINT: "Point",
    GeometryKind.LINE: "MultiLineString",
    GeometryKind.POLYGON: "MultiPolygon",
}


class _Sink(io.RawIOBase):
    """Takes what is written until it is fetched."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self._pieces.append(piece)
        return len(piece)

    def fetch(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def write(batches: Batches, about: About) -> Iterator[bytes]:
    """Yield the file, a row group at a time. Positions are x east, as the standard demands."""
    schema = _schema(batches, about.crs)
    sink = _Sink()
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(_boxed(batch, schema), row_group_size=batch.num_rows)
            yield sink.fetch()
    yield sink.fetch()


def _schema(batches: Batches, crs: str) -> pa.Schema:
    schema, kind = batches.schema, batches.view.spec.geometry
    if GEOMETRY not in schema.names:
        return schema
    column: dict[str, object] = {
        "encoding": "WKB",
        "geometry_types": [_KINDS[kind]],
    }
    if kind is GeometryKind.POLYGON:
        column["orientation"] = "counterclockwise"
    if crs != CRS84:  # which is what a file without one means
        column["crs"] = CRS(definition(crs)).to_json_dict()
    if _BOX not in schema.names:
        schema = schema.append(pa.field(_BOX, pa.struct([(side, pa.float64()) for side in _SIDES])))
        column["covering"] = {_BOX: {side: [_BOX, side] for side in _SIDES}}
    about = {"version": "1.1.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: column}}
    return schema.with_metadata({"geo": orjson.dumps(about)})


def _boxed(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    if len(schema) == len(batch.schema):
        return batch.replace_schema_metadata(schema.metadata)
    bounds = shapely.bounds(shapes(batch))
    sides = [pa.array(side) for side in bounds.T]
    placeless = pa.array(np.isnan(bounds[:, 0]))
    kind = schema.field(_BOX).type
    box = pa.StructArray.from_arrays(sides, fields=list(kind), mask=placeless)
    return pa.record_batch([*batch.columns, box], schema=schema)


FORMAT = Format(
    "parquet", "GeoParquet", "application/vnd.apache.parquet", "parquet", write, size=10_000
)
