"""Writing collections as GeoParquet 1.1: along the Hilbert curve, with a box beside each row."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import shapely
from numpy.typing import NDArray

from data.city.shapes import Objects
from gis_core.store.hilbert import hilbert_position

ROW_GROUP = 32_768
EPSG = 25832

Columns = dict[str, NDArray[Any]]


def write_features(file: Path, feature_id: NDArray[Any], geometry: Objects, rest: Columns) -> int:
    """Write features in the order of the curve that their boxes' middles lie on.

    Parameters
    ----------
    feature_id
        (n,) unique text.
    geometry
        (n,) in EPSG:25832, none missing.
    rest
        Further columns.

    Returns
    -------
    int
        Bytes on disk.
    """
    box = shapely.bounds(geometry)
    place = hilbert_position((box[:, 0] + box[:, 2]) / 2, (box[:, 1] + box[:, 3]) / 2)
    order = np.argsort(place, kind="stable")
    corners = [pa.array(np.ascontiguousarray(box[order, i])) for i in range(4)]
    table = pa.table(
        {
            "feature_id": _array(feature_id[order]),
            "geometry": pa.array(shapely.to_wkb(geometry[order]), pa.binary()),
            "bbox": pa.StructArray.from_arrays(corners, names=["xmin", "ymin", "xmax", "ymax"]),
            **{name: _array(column[order]) for name, column in rest.items()},
        }
    )
    found = {"geo": json.dumps(_geo(geometry, box), sort_keys=True)}
    return _write(file, table.replace_schema_metadata(found))


def write_rows(file: Path, columns: Columns) -> int:
    """Write rows that have no place, in their order; return the bytes on disk."""
    return _write(file, pa.table({name: _array(column) for name, column in columns.items()}))


def _write(file: Path, table: pa.Table) -> int:
    file.parent.mkdir(parents=True, exist_ok=True)
    # Words repeat, coordinates and keys do not: a dictionary of them costs and saves nothing.
    words = [f.name for f in table.schema if f.name == "use" or pa.types.is_integer(f.type)]
    pq.write_table(table, file, row_group_size=ROW_GROUP, compression="zstd", use_dictionary=words)
    return file.stat().st_size


def _array(column: NDArray[Any]) -> pa.Array:
    return pa.array(column, pa.string() if column.dtype == object else None)


def _geo(geometry: Objects, box: NDArray[np.float64]) -> dict[str, object]:
    kinds = {3: "Polygon", 6: "MultiPolygon", 0: "Point"}
    low, high = box[:, :2].min(axis=0), box[:, 2:].max(axis=0)
    return {
        "version": "1.1.0",
        "primary_column": "geometry",
        "columns": {
            "geometry": {
                "encoding": "WKB",
                "geometry_types": sorted(
                    kinds[t] for t in np.unique(shapely.get_type_id(geometry))
                ),
                "crs": json.loads(pyproj.CRS.from_epsg(EPSG).to_json()),
                "bbox": [*low.tolist(), *high.tolist()],
                "covering": {
                    "bbox": {side: ["bbox", side] for side in ("xmin", "ymin", "xmax", "ymax")}
                },
            }
        },
    }
