"""Rows on their way into a generation: put in their final order by the way, or there already."""

import operator
import sqlite3
from abc import ABC, abstractmethod
from itertools import chain, pairwise, starmap

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_core.errors import StoreError
from gis_core.store import gpkg, rtree, sql
from gis_core.store.cells import Cells
from gis_core.store.disk import disk_faults
from gis_core.store.rows import RowEncoder
from gis_core.store.schema import FEATURE_ID, TableInfo, TableSchema

_AT_ONCE = 20_000  # rows that are in memory as SQLite takes them


class TableWriter(ABC):
    """Takes the rows of one table in chunks of any size."""

    def __init__(self, schema: TableSchema) -> None:
        self.schema = schema
        self._rows = RowEncoder(schema)

    @abstractmethod
    def append(self, frame: pd.DataFrame, geometry: NDArray[np.object_] | None = None) -> None:
        """Add rows.

        Parameters
        ----------
        frame
            (n rows) the declared columns and, for keyed tables, ``feature_id``. Declared
            columns that are absent stay empty; an undeclared column is refused, so that
            nothing is stored that nobody has classified.
        geometry
            (n,) object, shapely geometries in the table's CRS or None; a third dimension
            is not kept.

        Raises
        ------
        StoreError
            A column is not declared, a value is of another type, a feature_id is missing.
        GeometryTypeError
            A geometry is empty or of another kind than declared.
        """

    @abstractmethod
    def totals(self) -> TableInfo:
        """Count the rows and find the box around them."""

    @abstractmethod
    def finish(self, rows: sqlite3.Connection, sealed: sqlite3.Connection | None) -> None:
        """See to it that the table is in the open and (what is sealed) the sealed file, indexed."""


class StagedWriter(TableWriter):
    """Takes rows in any order: they wait in a file of their own and are copied sorted."""

    def __init__(self, db: sqlite3.Connection, schema: TableSchema, staged: str) -> None:
        super().__init__(schema)
        self._db = db
        self._staged = staged
        names = [c.name for c in schema.columns]
        with disk_faults(f"cannot write table {schema.name}"):
            db.execute(sql.create_staged(staged, names))
        self._insert = sql.insert_staged(staged, names)

    def append(self, frame: pd.DataFrame, geometry: NDArray[np.object_] | None = None) -> None:
        """Add rows; see `TableWriter.append`."""
        rows = self._rows.encode(frame, geometry)
        with disk_faults(f"cannot write table {self.schema.name}"):
            self._db.executemany(self._insert, rows)

    def totals(self) -> TableInfo:
        """Count the staged rows and find the box around them."""
        count, *box = self._db.execute(sql.staged_totals(self._staged)).fetchone()
        bounds = None if box[0] is None else (box[0], box[1], box[2], box[3])
        return TableInfo(self.schema, count, bounds)

    def finish(self, rows: sqlite3.Connection, sealed: sqlite3.Connection | None) -> None:
        """Copy the table, sorted, to where it belongs."""
        schema = self.schema
        for db, sealed_part in _targets(schema, rows, sealed):
            self._rank(db)
            create_table(db, schema, sealed_part=sealed_part)
            db.execute(sql.copy_ranked(schema, self._staged, sealed_part=sealed_part))
            if schema.geometry and not sealed_part:
                rtree.fill(db, schema, self._staged)
            self._index(db, sealed_part=sealed_part)

    def _rank(self, db: sqlite3.Connection) -> None:
        db.execute("DROP TABLE IF EXISTS temp.ranked")
        db.execute("CREATE TEMP TABLE ranked (fid INTEGER PRIMARY KEY, source INTEGER NOT NULL)")
        db.execute(sql.rank_staged(self.schema, self._staged))

    def _index(self, db: sqlite3.Connection, *, sealed_part: bool) -> None:
        schema = self.schema
        if schema.keyed and not sealed_part:
            try:
                db.execute(sql.create_index(schema.name, FEATURE_ID, unique=True))
            except sqlite3.IntegrityError as fault:
                twice = db.execute(sql.staged_duplicate(self._staged)).fetchone()
                raise StoreError(
                    f"table {schema.name}: the feature_id {twice[0]!r} was given twice",
                    advice="Give every feature an id of its own.",
                    table=schema.name,
                ) from fault
        _index_columns(db, schema, sealed_part=sealed_part)


class OrderedWriter(TableWriter):
    """Takes rows in their final order and writes them at once to where they belong.

    Raises
    ------
    StoreError
        Rows have a place or an identity, or the schema states no order. On appending: a row
        does not come strictly after the one before.
    """

    def __init__(
        self, rows: sqlite3.Connection, sealed: sqlite3.Connection | None, schema: TableSchema
    ) -> None:
        super().__init__(schema)
        if schema.keyed or schema.geometry or not schema.order:
            raise StoreError(
                f"table {schema.name}: only rows that are ordered by columns come in order",
                table=schema.name,
            )
        self._targets = _targets(schema, rows, sealed)
        self._count = 0
        self._last: tuple[object, ...] | None = None
        with disk_faults(f"cannot write table {schema.name}"):
            for db, sealed_part in self._targets:
                create_table(db, schema, sealed_part=sealed_part)

    def append(self, frame: pd.DataFrame, geometry: NDArray[np.object_] | None = None) -> None:
        """Add rows; see `TableWriter.append`."""
        for start in range(0, max(len(frame), 1), _AT_ONCE):
            self._append(frame.iloc[start : start + _AT_ONCE], geometry)

    def _append(self, frame: pd.DataFrame, geometry: NDArray[np.object_] | None) -> None:
        schema = self.schema
        cells = dict(zip(schema.columns, self._rows.cells(frame, geometry), strict=True))
        self._check_order([cells[schema.column(name)] for name in schema.order])
        numbers = range(self._count + 1, self._count + 1 + len(frame))
        with disk_faults(f"cannot write table {schema.name}"):
            for db, sealed_part in self._targets:
                held = schema.sealed_columns if sealed_part else schema.open_columns
                given = zip(numbers, *(cells[c] for c in held), strict=True)
                insert = sql.insert_row(schema, sealed_part=sealed_part)
                if sealed_part:
                    some = (row for row in given if any(v is not None for v in row[1:]))
                    db.executemany(insert, some)
                else:
                    db.executemany(insert, given)
        self._count += len(frame)

    def totals(self) -> TableInfo:
        """Count the rows."""
        return TableInfo(self.schema, self._count)

    def finish(self, rows: sqlite3.Connection, sealed: sqlite3.Connection | None) -> None:
        """Index what was written."""
        for db, sealed_part in _targets(self.schema, rows, sealed):
            _index_columns(db, self.schema, sealed_part=sealed_part)

    def _check_order(self, columns: list[Cells]) -> None:
        keys = chain([self._last] if self._last else [], zip(*columns, strict=True))
        try:
            # Python orders text as SQLite does: by code point is by byte of its UTF-8.
            ordered = all(starmap(operator.lt, pairwise(keys)))
        except TypeError:  # a value is missing
            ordered = False
        if not ordered:
            raise StoreError(
                f"table {self.schema.name}: rows do not come in order of "
                f"{', '.join(self.schema.order)}",
                advice="Sort them, each row once, or begin the table without in_order.",
                table=self.schema.name,
            )
        if columns[0]:
            self._last = tuple(column[-1] for column in columns)


def create_table(db: sqlite3.Connection, schema: TableSchema, *, sealed_part: bool) -> None:
    """Make the empty table of rows, or of their sealed columns."""
    kind = gpkg.TYPES[schema.geometry] if schema.geometry else ""
    db.execute(sql.create_table(schema, sealed_part=sealed_part, geometry_type=kind))


def _targets(
    schema: TableSchema, rows: sqlite3.Connection, sealed: sqlite3.Connection | None
) -> list[tuple[sqlite3.Connection, bool]]:
    """Return the files that hold the table, each with whether it holds sealed columns apart."""
    main = sealed if schema.sealed_rows else rows
    targets = [(main, False), *([(sealed, True)] if schema.sealed_columns else [])]
    found = [(db, sealed_part) for db, sealed_part in targets if db is not None]
    if len(found) < len(targets):
        raise StoreError(f"table {schema.name}: no sealed file to write to")
    return found


def _index_columns(db: sqlite3.Connection, schema: TableSchema, *, sealed_part: bool) -> None:
    held = schema.sealed_columns if sealed_part else schema.open_columns
    for column in schema.index_columns:
        if column in held:
            db.execute(sql.create_index(schema.name, column.name))
    if schema.together and not sealed_part:
        db.execute(sql.create_joint_index(schema.name, schema.together))
