"""Stored rows as frames."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import geopandas as gpd
import pandas as pd
import pyproj
from geopandas.array import from_shapely

from gis_core.store import gpkg
from gis_core.store.cells import from_cells
from gis_core.store.schema import FEATURE_ID, GEOMETRY, ColumnType, TableInfo

Row = tuple[object, ...]


@cache
def _crs(code: int) -> pyproj.CRS:
    return pyproj.CRS.from_epsg(code)


def assembled(
    table: TableInfo, names: Sequence[str], rows: list[Row], *, with_geometry: bool
) -> gpd.GeoDataFrame | pd.DataFrame:
    """Return rows as a frame: the columns named, the id where rows are keyed, the place."""
    schema = table.schema
    cells: list[Sequence[Any]] = list(zip(*rows, strict=True))
    columns: dict[str, object] = {
        name: from_cells(cells[i] if rows else (), schema.column(name).type)
        for i, name in enumerate(names)
    }
    index: pd.Index = pd.RangeIndex(len(rows))
    if schema.keyed:
        ids = cells[len(names)] if rows else ()
        index = pd.Index(from_cells(ids, ColumnType.TEXT), name=FEATURE_ID, copy=False)
    if not with_geometry or schema.geometry is None or schema.crs is None:
        return pd.DataFrame(columns, index=index, columns=list(names), copy=False)
    shapes = gpkg.decode(cells[-1] if rows else (), schema.geometry)
    columns[GEOMETRY] = from_shapely(shapes, crs=_crs(schema.crs))
    frame = pd.DataFrame(columns, index=index, copy=False)
    return gpd.GeoDataFrame(frame, geometry=GEOMETRY)
