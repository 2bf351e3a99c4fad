"""Rows on their way into a generation: staged as they come, then copied in their final order."""

import sqlite3

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_core.errors import StoreError
from gis_core.store import gpkg, rtree, sql
from gis_core.store.disk import disk_faults
from gis_core.store.rows import RowEncoder
from gis_core.store.schema import FEATURE_ID, TableInfo, TableSchema


class TableWriter:
    """Takes the rows of one table in chunks of any size and any order."""

    def __init__(self, db: sqlite3.Connection, schema: TableSchema, staged: str) -> None:
        self.schema = schema
        self._db = db
        self._staged = staged
        self._rows = RowEncoder(schema)
        names = [c.name for c in schema.columns]
        with disk_faults(f"cannot write table {schema.name}"):
            db.execute(sql.create_staged(staged, names))
        self._insert = sql.insert_staged(staged, names)

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
        rows = self._rows.encode(frame, geometry)
        with disk_faults(f"cannot write table {self.schema.name}"):
            self._db.executemany(self._insert, rows)

    def totals(self) -> TableInfo:
        """Count the staged rows and find the box around them."""
        count, *box = self._db.execute(sql.staged_totals(self._staged)).fetchone()
        bounds = None if box[0] is None else (box[0], box[1], box[2], box[3])
        return TableInfo(self.schema, count, bounds)

    def copy(self, rows: sqlite3.Connection, sealed: sqlite3.Connection | None) -> None:
        """Write the table, sorted, into the open file and (what is sealed) the sealed file."""
        schema = self.schema
        main = sealed if schema.sealed_rows else rows
        targets = [(main, False)] + ([(sealed, True)] if schema.sealed_columns else [])
        for db, sealed_part in targets:
            if db is None:
                raise StoreError(f"table {schema.name}: no sealed file to write to")
            self._rank(db)
            kind = gpkg.TYPES[schema.geometry] if schema.geometry else ""
            db.execute(sql.create_table(schema, sealed_part=sealed_part, geometry_type=kind))
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
        held = schema.sealed_columns if sealed_part else schema.open_columns
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
        for column in schema.index_columns:
            if column in held:
                db.execute(sql.create_index(schema.name, column.name))
