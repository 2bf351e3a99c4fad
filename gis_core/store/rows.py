"""Rows as they are stored: checked against their schema, encoded, with box and Hilbert position."""

from collections.abc import Iterable, Iterator
from itertools import repeat

import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from gis_core.errors import StoreError
from gis_core.store import gpkg
from gis_core.store.cells import Cells, to_cells
from gis_core.store.hilbert import hilbert_position
from gis_core.store.schema import FEATURE_ID, Column, ColumnType, TableSchema

_ID = Column("id", ColumnType.TEXT)


class RowEncoder:
    """Turns frames into what SQLite binds: position, geometry, box, feature_id, columns.

    The order is that of ``sql.STAGED_FIXED`` and the schema's columns; what a table has not
    is None.
    """

    def __init__(self, schema: TableSchema) -> None:
        self.schema = schema
        self._geographic = schema.crs is not None and pyproj.CRS.from_epsg(schema.crs).is_geographic

    def encode(
        self, frame: pd.DataFrame, geometry: NDArray[np.object_] | None
    ) -> Iterator[tuple[object, ...]]:
        """Return the rows of a frame; see `TableWriter.append` for what is accepted.

        Raises
        ------
        StoreError
            A column is not declared, a value is of another type, a feature_id is missing.
        GeometryTypeError
            A geometry is empty or of another kind than declared.
        """
        cells = self.cells(frame, geometry)
        fixed = self._fixed(frame, geometry) if len(frame) else [[]]
        return zip(*fixed, *cells, strict=False)

    def cells(self, frame: pd.DataFrame, geometry: NDArray[np.object_] | None) -> list[Cells]:
        """Return what SQLite binds of each of the schema's columns, checked as by `encode`."""
        self._check(frame, geometry)
        return [
            to_cells(frame[c.name], c) if c.name in frame else [None] * len(frame)
            for c in self.schema.columns
        ]

    def _check(self, frame: pd.DataFrame, geometry: NDArray[np.object_] | None) -> None:
        schema = self.schema
        declared = {c.name for c in schema.columns} | ({FEATURE_ID} if schema.keyed else set())
        extra = [str(c) for c in frame.columns if c not in declared]
        if extra:
            raise StoreError(
                f"table {schema.name}: column {extra[0]!r} was not declared",
                advice="Declare every column, with its access class, before rows are written.",
                table=schema.name,
                column=extra[0],
            )
        if schema.keyed and (FEATURE_ID not in frame or frame[FEATURE_ID].isna().any()):
            raise StoreError(f"table {schema.name}: rows without a feature_id", table=schema.name)
        if (geometry is None) == (schema.geometry is not None) and len(frame):
            raise StoreError(
                f"table {schema.name}: geometry was {'not ' if geometry is None else ''}given, "
                f"declared is {schema.geometry}",
                table=schema.name,
            )
        if geometry is not None and len(geometry) != len(frame):
            raise StoreError(f"table {schema.name}: {len(geometry)} geometries, {len(frame)} rows")

    def _fixed(
        self, frame: pd.DataFrame, geometry: NDArray[np.object_] | None
    ) -> list[Iterable[object]]:
        ids: Iterable[object] = (
            to_cells(frame[FEATURE_ID], _ID) if self.schema.keyed else repeat(None)
        )
        if geometry is None or self.schema.geometry is None or self.schema.crs is None:
            return [*repeat(repeat(None), 6), ids]
        shapes = np.asarray(geometry, dtype=object)
        blobs = gpkg.encode(shapes, self.schema.geometry, self.schema.crs)
        box = shapely.bounds(shapes)
        if not np.isfinite(box[~shapely.is_missing(shapes)]).all():
            raise StoreError(f"table {self.schema.name}: a coordinate is not finite")
        place = self._positions(box)
        xmin, ymin, xmax, ymax = (side.tolist() for side in box.T)  # NaN is bound as NULL
        return [place, blobs, xmin, xmax, ymin, ymax, ids]

    def _positions(self, box: NDArray[np.float64]) -> Cells:
        there = np.isfinite(box[:, 0])
        filled = np.where(there[:, None], box, 0.0)
        centre = (filled[:, :2] + filled[:, 2:]) / 2
        position = hilbert_position(centre[:, 0], centre[:, 1], geographic=self._geographic)
        return [p if t else None for p, t in zip(position.tolist(), there.tolist(), strict=True)]
