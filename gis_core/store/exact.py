"""Rows whose geometry itself meets the conditions of a query, of those whose box does."""

import sqlite3
from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_core.errors import StoreError
from gis_core.store import gpkg
from gis_core.store.query import Query
from gis_core.store.schema import Box, TableInfo

_CHUNK = 2048
Row = tuple[object, ...]


def exact(cursor: sqlite3.Cursor, table: TableInfo, query: Query) -> Iterator[Row]:
    """Yield the page of rows, their geometry last, whose geometry itself meets the conditions."""
    skip, left = query.offset, query.limit
    test = _Test(table, query)
    while left != 0 and (rows := cursor.fetchmany(_CHUNK)):
        kept = np.flatnonzero(test([row[-1] for row in rows]))
        page = kept[skip : None if left is None else skip + left]
        skip = max(0, skip - len(kept))
        left = None if left is None else left - len(page)
        for i in page.tolist():
            yield rows[i]


class _Test:
    """The geometric conditions of a query, ready for many chunks."""

    def __init__(self, table: TableInfo, query: Query) -> None:
        if table.schema.geometry is None:
            raise StoreError(f"table {table.schema.name} has no geometry")
        self._shape = table.schema.geometry
        self._query = query
        self._areas = [g for g in (query.intersects, query.within) if g is not None]
        self._box = None if query.bbox is None else shapely.box(*query.bbox)
        for geometry in (*self._areas, *([self._box] if self._box else [])):
            shapely.prepare(geometry)

    def __call__(self, blobs: Sequence[bytes]) -> NDArray[np.bool_]:
        keep = np.ones(len(blobs), dtype=bool)
        if self._query.bbox is not None:
            keep = self._meets_box(blobs, self._query.bbox)
        if not self._areas or not keep.any():
            return keep
        at = np.flatnonzero(keep)
        shapes = gpkg.decode([blobs[i] for i in at.tolist()], self._shape)
        if self._query.intersects is not None:
            keep[at] &= shapely.intersects(self._query.intersects, shapes)
        if self._query.within is not None:
            keep[at] &= shapely.covers(self._query.within, shapes)
        return keep

    def _meets_box(self, blobs: Sequence[bytes], box: Box) -> NDArray[np.bool_]:
        xmin, ymin, xmax, ymax = gpkg.boxes(blobs, self._shape).T
        inside = (xmin >= box[0]) & (ymin >= box[1]) & (xmax <= box[2]) & (ymax <= box[3])
        # Only a geometry that sticks out of the box needs to be parsed.
        rest = np.flatnonzero(~inside)
        if len(rest):
            shapes = gpkg.decode([blobs[i] for i in rest.tolist()], self._shape)
            inside[rest] = shapely.intersects(self._box, shapes)
        found: NDArray[np.bool_] = inside
        return found
