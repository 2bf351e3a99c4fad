"""Rows as Arrow tables, and the tables that have no place as files."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray

from data.city.shapes import Objects

Columns = dict[str, NDArray[Any]]


def features_table(geometry: Objects, columns: Columns) -> pa.Table:
    """Return features as a table; ``geometry`` is WKB."""
    found = {name: _array(column) for name, column in columns.items()}
    return pa.table({**found, "geometry": pa.array(shapely.to_wkb(geometry), pa.binary())})


def write_rows(file: Path, columns: Columns) -> None:
    """Write rows that have no place, in their order."""
    file.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table({name: _array(column) for name, column in columns.items()})
    pq.write_table(table, file, row_group_size=65_536, compression="zstd", use_dictionary=False)


def _array(column: NDArray[Any]) -> pa.Array:
    return pa.array(column, pa.string() if column.dtype == object else None)
