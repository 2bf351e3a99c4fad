"""Record batches as GeoJSON's values: what every text format writes."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from gis_core.geojson import property_texts
from layers.reader.batches import FEATURE_ID, GEOMETRY


def shapes(batch: pa.RecordBatch) -> NDArray[np.object_] | None:
    """Return the geometry of a batch, x east; None where there is none."""
    if GEOMETRY not in batch.schema.names:
        return None
    column = batch.column(GEOMETRY)
    return np.asarray(shapely.from_wkb(column.to_numpy(zero_copy_only=False)), dtype=object)


def ids(batch: pa.RecordBatch) -> list[str]:
    """Return the features' ids."""
    told: list[str] = batch.column(FEATURE_ID).to_pylist()
    return told


def columns(batch: pa.RecordBatch) -> dict[str, list[object]]:
    """Return the fields of a batch as JSON values; missing is None.

    Days are ``2020-12-31``, moments ``2020-12-31T23:59:59Z``.
    """
    names = (name for name in batch.schema.names if name not in {FEATURE_ID, GEOMETRY})
    return {name: _values(batch.column(name)) for name in names}


def properties(batch: pa.RecordBatch) -> list[bytes]:
    """Return the properties of each feature as JSON text."""
    return property_texts(columns(batch), batch.num_rows)


def _values(column: pa.Array) -> list[object]:
    if pa.types.is_date(column.type):
        column = column.cast(pa.string())
    elif pa.types.is_timestamp(column.type):
        moments = column.cast(pa.timestamp("ms")).cast(pa.timestamp("s"), safe=False)
        column = pc.strftime(moments, format="%Y-%m-%dT%H:%M:%SZ")
    values: list[object] = column.to_pylist()
    return values
