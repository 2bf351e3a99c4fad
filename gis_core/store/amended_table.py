"""One table of a generation that is a changed copy of the former one."""

import json
import sqlite3
from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_core.errors import StoreError
from gis_core.store import gpkg, sql
from gis_core.store.disk import disk_faults
from gis_core.store.rows import RowEncoder
from gis_core.store.schema import FEATURE_ID, Box, TableInfo, TableSchema

_SIDES = ("minx", "miny", "maxx", "maxy")  # in the order of a `Box`
_FIXED = len(sql.STAGED_FIXED)


class TableAmendment:
    """One table of the new generation while it is changed; calls take effect in their order.

    Attributes
    ----------
    touched
        The ids of features that were taken out or put in, where rows are keyed.
    taken, put
        The numbers of rows that were taken out, and of those put in that are still there.
    """

    def __init__(
        self, info: TableInfo, rows: sqlite3.Connection, sealed: sqlite3.Connection | None
    ) -> None:
        self.schema = info.schema
        self._info = info
        main = sealed if info.schema.sealed_rows else rows
        apart = sealed if info.schema.sealed_columns else None
        if main is None or (info.schema.sealed_columns and apart is None):
            raise StoreError(f"table {info.schema.name}: its sealed file is missing")
        self._db, self._apart = main, apart
        self._encoder = RowEncoder(info.schema)
        self._count = info.count
        self._free: dict[str, int] = {}  # places of ids that were taken out
        self._next = int(main.execute(sql.last_row(self.schema.name)).fetchone()[0] or 0) + 1
        self._bounds: Box | None = info.bounds
        self._shrunk = False
        self.touched: set[str] = set()
        self.taken: set[int] = set()
        self.put: set[int] = set()

    def delete(self, values: Iterable[str | int], *, by: str = FEATURE_ID) -> int:
        """Take out the rows that have one of the values in a column; return how many.

        Parameters
        ----------
        by
            ``feature_id`` or a column that is not sealed apart. Without an index on it
            (`TableSchema.index_columns`) the whole table is read.

        Raises
        ------
        StoreError
            There is no such column to look in.
        """
        schema = self.schema
        if by not in {c.name for c in schema.open_columns} | {FEATURE_ID} & _ids(schema):
            raise StoreError(f"table {schema.name} has no column {by!r} to find rows by", column=by)
        with disk_faults(f"cannot write table {schema.name}"):
            query = sql.find_rows(schema, by)
            found = self._db.execute(query, (json.dumps(list(values)),)).fetchall()
            numbers = [(row[0],) for row in found]
            self._db.executemany(sql.delete_row(schema.name), numbers)
            if self._apart is not None:
                self._apart.executemany(sql.delete_row(schema.name), numbers)
            if schema.geometry:
                self._db.executemany(sql.delete_box(schema.name), numbers)
        self.taken.update(row[0] for row in found)
        self.put.difference_update(row[0] for row in found)
        if schema.keyed:
            self._free.update({row[1]: row[0] for row in found})
            self.touched.update(row[1] for row in found)
        self._shrink([row[-1] for row in found if schema.geometry and row[-1] is not None])
        self._count -= len(found)
        return len(found)

    def append(self, frame: pd.DataFrame, geometry: NDArray[np.object_] | None = None) -> None:
        """Put in rows; what is accepted is the same as for `TableWriter.append`.

        Raises
        ------
        StoreError
            A feature_id is there already: take the former row out first.
        """
        schema = self.schema
        rows = list(self._encoder.encode(frame, geometry))
        numbers = self._numbers([row[_FIXED - 1] for row in rows])
        if schema.keyed:
            self.touched.update(str(row[_FIXED - 1]) for row in rows)
        lead = [*([1] if schema.geometry else []), *([_FIXED - 1] if schema.keyed else [])]
        open_at = [*lead, *_positions(schema, sealed_part=False)]
        apart_at = _positions(schema, sealed_part=True)
        with disk_faults(f"cannot write table {schema.name}"):
            try:
                self._db.executemany(
                    sql.insert_row(schema, sealed_part=False), _chosen(numbers, rows, open_at)
                )
            except sqlite3.IntegrityError as fault:
                raise StoreError(
                    f"table {schema.name}: a feature_id was given twice",
                    advice="Take the former row out before its successor is put in.",
                    table=schema.name,
                ) from fault
            if self._apart is not None:
                some = [
                    i for i, row in enumerate(rows) if any(row[k] is not None for k in apart_at)
                ]
                self._apart.executemany(
                    sql.insert_row(schema, sealed_part=True),
                    _chosen([numbers[i] for i in some], [rows[i] for i in some], apart_at),
                )
            if schema.geometry:
                placed = [(n, *row[2:6]) for n, row in zip(numbers, rows, strict=True) if row[1]]
                self._db.executemany(sql.insert_box(schema.name), placed)
                self._grow(placed)
        self.put.update(numbers)
        self._count += len(rows)

    def totals(self) -> TableInfo:
        """Return schema, number of rows and the exact box around them, as they are now."""
        if self._shrunk:
            self._bounds = self._measured()
            self._shrunk = False
        return TableInfo(self.schema, self._count, self._bounds)

    def _numbers(self, ids: list[object]) -> list[int]:
        numbers: list[int] = []
        for key in ids:
            number = self._free.pop(str(key), None) if self.schema.keyed else None
            if number is None:
                number, self._next = self._next, self._next + 1
            numbers.append(number)
        return numbers

    def _grow(self, placed: list[tuple[object, ...]]) -> None:
        if not placed:
            return
        box = np.array([row[1:] for row in placed], dtype=float)  # xmin, xmax, ymin, ymax
        parts = [(*box.min(axis=0)[[0, 2]], *box.max(axis=0)[[1, 3]])]
        parts += [self._bounds] if self._bounds is not None else []
        both = np.array(parts)
        xmin, ymin = both[:, :2].min(axis=0).tolist()
        xmax, ymax = both[:, 2:].max(axis=0).tolist()
        self._bounds = (xmin, ymin, xmax, ymax)

    def _shrink(self, blobs: list[bytes]) -> None:
        """Note whether one of the geometries that went may have held the table's box apart."""
        if blobs and self._bounds is not None and self.schema.geometry is not None:
            gone = gpkg.boxes(blobs, self.schema.geometry)
            self._shrunk |= bool((gone == np.array(self._bounds)).any())

    def _measured(self) -> Box | None:
        """Measure the box anew: the R-tree, in 32 bits, tells which rows can reach its sides."""
        shape, name = self.schema.geometry, self.schema.name
        sides: list[float] = []
        for i, side in enumerate(_SIDES):
            about = self._db.execute(sql.outermost(name, side)).fetchone()[0]
            if about is None or shape is None:
                return None
            inwards = np.float32(np.inf if i < 2 else -np.inf)
            reach = float(np.nextafter(np.float32(about), inwards))
            blobs = [row[0] for row in self._db.execute(sql.shapes_at_side(name, side), (reach,))]
            exact = gpkg.boxes(blobs, shape)[:, i]
            sides.append(float(exact.min() if i < 2 else exact.max()))
        return sides[0], sides[1], sides[2], sides[3]


def _ids(schema: TableSchema) -> set[str]:
    return {FEATURE_ID} if schema.keyed else set()


def _positions(schema: TableSchema, *, sealed_part: bool) -> list[int]:
    """Return where an encoded row holds the columns of the one or the other file."""
    there = schema.sealed_columns if sealed_part else schema.open_columns
    return [_FIXED + i for i, column in enumerate(schema.columns) if column in there]


def _chosen(
    numbers: list[int], rows: list[tuple[object, ...]], at: list[int]
) -> Iterator[tuple[object, ...]]:
    for number, row in zip(numbers, rows, strict=True):
        yield (number, *(row[i] for i in at))
