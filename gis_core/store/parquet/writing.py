"""A dataset on its way to the storage: rows in any order become parts in Hilbert order."""

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa
import pyproj
import shapely
from numpy.typing import NDArray

from gis_core.errors import StoreError
from gis_core.store.hilbert import hilbert_position
from gis_core.store.parquet.sorting import POSITION, HilbertSorter
from gis_core.store.parquet.storage import Storage

FEATURE_ID, GEOMETRY, BOX, RADIUS = "feature_id", "geometry", "bbox", "radius_m"
SIDES = ("xmin", "ymin", "xmax", "ymax")
DESCRIPTION, COVERING = "dataset.json", "covering.parquet"
VERSION = 1
_BOX_TYPE = pa.struct([pa.field(side, pa.float64()) for side in SIDES])
_LAST = np.iinfo(np.int64).max - 1  # where rows without a place go


class DatasetWriter:
    """Writes one dataset: ``NAME/part-00000.parquet`` and so on, ``NAME/dataset.json`` at last.

    Parameters
    ----------
    storage, name
        Where, and the folder in it. What was there before is replaced when the new one is whole.
    crs
        EPSG code of the geometries' CRS (metre).
    rows_per_part, rows_per_group
        Size of the files, and of what is read of them at once.
    run
        Rows that share one box in ``covering.parquet``, which says more closely than row groups
        where a dataset is; 0: no such file. Divides ``rows_per_group``.
    scratch
        Folder for what waits to be sorted, about as large as the data; None: the system's.

    Notes
    -----
    GeoParquet 1.1: WKB, CRS as PROJJSON, a ``bbox`` column as covering. Memory: a few parts.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import pyarrow as pa, shapely
    >>> from gis_core.store.parquet import DatasetWriter, Storage, read_dataset
    >>> points = shapely.to_wkb(shapely.points([[324000.0, 5690000.0], [324001.0, 5690000.0]]))
    >>> trees = pa.table({"feature_id": ["a", "b"], "geometry": pa.array(points, pa.binary())})
    >>> with TemporaryDirectory() as folder:
    ...     with DatasetWriter(Storage.open(folder), "baum", crs=25832) as writer:
    ...         writer.append(trees)
    ...     read_dataset(Storage.open(folder), "baum").rows
    2
    """

    def __init__(
        self,
        storage: Storage,
        name: str,
        *,
        crs: int,
        rows_per_part: int = 131_072,
        rows_per_group: int = 8192,
        run: int = 0,
        scratch: Path | None = None,
    ) -> None:
        if run and rows_per_group % run:
            raise StoreError(f"{name}: groups of {rows_per_group} rows are no runs of {run}")
        self._storage, self._name, self._crs = storage, name, crs
        self._rows_per_part, self._rows_per_group, self._run = rows_per_part, rows_per_group, run
        self._folder = TemporaryDirectory(dir=scratch, prefix="flurbuch-sort-")
        self._sorter = HilbertSorter(Path(self._folder.name), rows_per_part)
        self._kinds: set[str] = set()

    def append(self, table: pa.Table) -> None:
        """Add rows.

        Parameters
        ----------
        table
            ``feature_id`` (text), ``geometry`` (WKB as binary, missing as null; two dimensions),
            and any other columns; the same columns each time. ``radius_m``, if there, widens the
            boxes: a stem stands wherever its disc reaches.
        """
        shapes = shapely.from_wkb(table[GEOMETRY].to_numpy(zero_copy_only=False))
        boxes = np.array(shapely.bounds(shapes), np.float64)
        there = np.isfinite(boxes).all(axis=1)
        position = np.full(len(boxes), _LAST, np.int64)
        middle = (boxes[there, :2] + boxes[there, 2:]) / 2
        position[there] = hilbert_position(middle[:, 0], middle[:, 1])
        self._kinds |= {shapely.GeometryType(k).name for k in np.unique(_kinds(shapes[there]))}
        if RADIUS in table.column_names:
            radius = table[RADIUS].to_numpy(zero_copy_only=False).astype(np.float64)
            boxes += np.nan_to_num(radius)[:, None] * np.array([-1, -1, 1, 1])
        table = table.append_column(BOX, box_column(boxes))
        self._sorter.append(table.append_column(POSITION, pa.array(position)))

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Sort and write everything, unless an error came first."""
        try:
            if kind is None:
                self._finish()
        finally:
            self._folder.cleanup()

    def _finish(self) -> None:
        before = self._storage.names(self._name)
        self._storage.delete([n for n in before if n.endswith(f"/{DESCRIPTION}")])
        parts: list[dict[str, object]] = []
        written: set[str] = set()
        covering: list[NDArray[np.float64]] = []
        for rows in self._sorter.ranges(self._rows_per_part):
            file = f"part-{len(parts):05}.parquet"
            boxes = box_array(rows[BOX].combine_chunks())
            self._write_part(file, rows, boxes)
            parts.append({"file": file, "groups": _groups(boxes, self._rows_per_group)})
            written.add(f"{self._name}/{file}")
            if self._run:
                covering += [_runs(b, self._run) for b in _cut(boxes, self._rows_per_group)]
        if self._run and covering:
            table = pa.table(dict(zip(SIDES, np.concatenate(covering).T, strict=True)))
            self._storage.write_table(f"{self._name}/{COVERING}", table)
            written.add(f"{self._name}/{COVERING}")
        self._storage.delete([n for n in before if n not in written and n.endswith(".parquet")])
        description = {
            "version": VERSION,
            "name": self._name,
            "crs": self._crs,
            "rows": len(self._sorter),
            "run": self._run,
            "parts": parts,
        }
        self._storage.write_json(f"{self._name}/{DESCRIPTION}", description)

    def _write_part(self, file: str, rows: pa.Table, boxes: NDArray[np.float64]) -> None:
        geo = json.dumps(_geo(self._crs, sorted(self._kinds), boxes)).encode()
        table = rows.drop_columns([POSITION]).replace_schema_metadata({b"geo": geo})
        self._storage.write_table(
            f"{self._name}/{file}", table, rows_per_group=self._rows_per_group
        )


def box_column(boxes: NDArray[np.float64]) -> pa.StructArray:
    """Return (n, 4) boxes as a GeoParquet covering column; NaN becomes null."""
    there = np.isfinite(boxes).all(axis=1)
    return pa.StructArray.from_arrays(
        [pa.array(np.ascontiguousarray(boxes[:, i])) for i in range(4)],
        fields=list(_BOX_TYPE),
        mask=pa.array(~there),
    )


def box_array(column: pa.StructArray) -> NDArray[np.float64]:
    """Return a covering column as (n, 4) float64; NaN where it is null."""
    sides = [column.field(side).to_numpy(zero_copy_only=False) for side in SIDES]
    boxes = np.column_stack(sides).astype(np.float64)
    if column.null_count:
        boxes[column.is_null().to_numpy(zero_copy_only=False)] = np.nan
    return boxes


def around(boxes: NDArray[np.float64]) -> list[float] | None:
    """Return the box around (n, 4) boxes; None where none is finite."""
    there = boxes[np.isfinite(boxes).all(axis=1)]
    if not len(there):
        return None
    return [*there[:, :2].min(axis=0).tolist(), *there[:, 2:].max(axis=0).tolist()]


def _groups(boxes: NDArray[np.float64], rows: int) -> list[dict[str, object]]:
    return [{"rows": len(b), "box": around(b)} for b in _cut(boxes, rows)]


def _cut(boxes: NDArray[np.float64], rows: int) -> list[NDArray[np.float64]]:
    return [boxes[i : i + rows] for i in range(0, len(boxes), rows)]


def _runs(boxes: NDArray[np.float64], run: int) -> NDArray[np.float64]:
    """Return the box around every ``run`` rows, NaN where they have no place."""
    starts = np.arange(0, len(boxes), run)
    low = np.fmin.reduceat(boxes[:, :2], starts, axis=0)
    high = np.fmax.reduceat(boxes[:, 2:], starts, axis=0)
    return np.hstack([low, high])


def _kinds(shapes: NDArray[np.object_]) -> NDArray[np.int32]:
    return np.asarray(shapely.get_type_id(shapes), np.int32)


_NAMES = {
    "POINT": "Point",
    "LINESTRING": "LineString",
    "LINEARRING": "LineString",
    "POLYGON": "Polygon",
    "MULTIPOINT": "MultiPoint",
    "MULTILINESTRING": "MultiLineString",
    "MULTIPOLYGON": "MultiPolygon",
    "GEOMETRYCOLLECTION": "GeometryCollection",
}


def _geo(crs: int, kinds: Sequence[str], boxes: NDArray[np.float64]) -> dict[str, object]:
    """Return the file's GeoParquet metadata."""
    column: dict[str, object] = {
        "encoding": "WKB",
        "geometry_types": [_NAMES[k] for k in kinds],
        "crs": pyproj.CRS.from_epsg(crs).to_json_dict(),
        "covering": {"bbox": {side: [BOX, side] for side in SIDES}},
    }
    if (box := around(boxes)) is not None:
        column["bbox"] = box
    return {"version": "1.1.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: column}}
