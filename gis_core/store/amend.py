"""A generation that is a changed copy of the former one: rows taken out, rows put in.

The former generation's files are copied into the private directory of the new one, changed
there, checked and published like any other (`gis_core.store.generation`): whatever happens
before that, the former one stays served, and it never changes itself.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_core.errors import StoreError
from gis_core.store import gpkg, sql
from gis_core.store.catalogue import Catalogue
from gis_core.store.disk import copy_file, disk_faults
from gis_core.store.generation import Writer, check_integrity
from gis_core.store.guard import OPEN_FILE, SEALED_FILE
from gis_core.store.rows import RowEncoder
from gis_core.store.schema import FEATURE_ID, Box, GenerationInfo, TableInfo, TableSchema
from gis_core.store.tables import TableWriter
from gis_core.store.touched import Place, Steps, followed, place_of, read_steps, write_steps

_SIDES = ("minx", "miny", "maxx", "maxy")  # in the order of a `Box`
_FIXED = len(sql.STAGED_FIXED)


class Amendment(Writer):
    """Builds the next generation of a layer from the served one.

    Use as a context manager like `Writer`; the layer's lock is taken first, so that ``former``
    is the generation that will be followed. Tables that are not named stay as they are.

    Attributes
    ----------
    former
        The generation that is amended.

    Raises
    ------
    StoreError
        On entering: nothing is served of the layer yet, or another import is running.

    Notes
    -----
    Cost: one copy of the former generation's files (none where the file system shares copied
    blocks: btrfs, XFS), O(log n) for each row taken out or put in, and one check of each table
    that was changed, linear in its size. Rows put in under a ``feature_id`` that was taken out keep
    its place in the file; others go to the end, so the Hilbert order is no longer strict: ask
    for an order where one is needed.
    """

    former: GenerationInfo

    def __init__(
        self, catalogue: Catalogue, layer: str, *, clock: Callable[[], datetime], keep: int
    ) -> None:
        super().__init__(catalogue, layer, clock=clock, keep=keep)
        self._amended: dict[tuple[bool, str], TableAmendment] = {}
        self._rows: sqlite3.Connection
        self._steps: dict[Place, Steps] = {}

    def __enter__(self) -> Self:
        """Take the layer's lock and copy what is served."""
        super().__enter__()
        try:
            with disk_faults(f"cannot copy the served generation of {self.layer}"):
                self._adopt()
        except BaseException:
            self._exit.close()
            raise
        return self

    def _adopt(self) -> None:
        former = self._catalogue.served().get(self.layer)
        if former is None:
            raise StoreError(
                f"nothing is stored for layer {self.layer} that could be amended",
                advice=f"Import it whole first: flurbuch ingest {self.layer} FILE...",
                layer=self.layer,
            )
        self.former = former
        self._rows = self._copy(OPEN_FILE)
        if (former.path / SEALED_FILE).is_file():
            self._sealed = self._copy(SEALED_FILE)
        self._steps = read_steps(former.path)
        for name in former.attachments:
            self.attach(former.path / name, name)

    def _copy(self, name: str) -> sqlite3.Connection:
        # The file is made first, with its mode, so that no secret is readable for a moment.
        self._open(name).close()
        copy_file(self.former.path / name, self._folder / name)
        db = self._open(name)
        # The GeoPackage's triggers need functions of its editors; boxes are kept true here.
        db.setconfig(sqlite3.SQLITE_DBCONFIG_ENABLE_TRIGGER, False)
        db.execute("BEGIN")
        return db

    def amend(self, name: str, *, sealed: bool | None = None) -> "TableAmendment":
        """Return a table of the former generation to be changed.

        Parameters
        ----------
        sealed
            Tells an open from a sealed table of the same name.

        Raises
        ------
        StoreError
            The former generation has no such table, or it is replaced as a whole.
        """
        info = self.former.table(name, sealed=sealed)
        if info is None:
            raise StoreError(
                f"generation {self.former.number} of {self.layer} has no table {name!r} to amend",
                advice="Import the layer again.",
                table=name,
            )
        place = (info.schema.sealed_rows, name)
        if place in self._tables:
            raise StoreError(f"table {name} is replaced as a whole", table=name)
        if place not in self._amended:
            self._amended[place] = TableAmendment(info, self._rows, self._sealed)
        return self._amended[place]

    def table(self, schema: TableSchema, *, in_order: bool = False) -> TableWriter:
        """Begin a table that is new, or that takes the place of a former one as a whole.

        Where it takes a place, rows that come in order wait like others: the former ones are there.
        """
        if (schema.sealed_rows, schema.name) in self._amended:
            raise StoreError(f"table {schema.name} is being amended", table=schema.name)
        new = self.former.table(schema.name, sealed=schema.sealed_rows) is None
        return super().table(schema, in_order=in_order and new)

    # -- finishing -----------------------------------------------------------------

    def _finish(self, imported_at: datetime) -> tuple[TableInfo, ...]:
        tables = super()._finish(imported_at)
        write_steps(self._folder, dict(self._followed()))
        return tables

    def _followed(self) -> Iterator[tuple[Place, Steps]]:
        """Yield what is known of each table that goes on, with what was touched now."""
        for info in self.former.tables:
            place = place_of(info)
            if not info.schema.keyed or place in self._tables:
                continue
            amended = self._amended.get(place)
            touched = amended.touched if amended else set()
            yield place, followed(self._steps.get(place, ()), self.former.number, touched)

    def _build(self, *, secret: bool) -> tuple[sqlite3.Connection, sqlite3.Connection | None]:
        if self._sealed is None and secret:
            self._sealed = self._open(SEALED_FILE)
        return self._rows, self._sealed

    def _prepare(self) -> tuple[tuple[TableInfo, ...], tuple[TableInfo, ...]]:
        kept: list[TableInfo] = []
        changed: list[TableInfo] = []
        for info in self.former.tables:
            place = (info.schema.sealed_rows, info.schema.name)
            if place in self._tables:
                _drop(info.schema, self._rows, self._sealed)
            elif place in self._amended:
                changed.append(self._amended[place].totals())
            else:
                kept.append(info)
        return tuple(kept), tuple(changed)

    def _check(self, db: sqlite3.Connection) -> None:
        """Refuse a file of which SQLite finds fault with a table that was written.

        Of a table that was changed every page is read, of it and of its indexes, and every row's
        form: that finds a page that is missing, torn or in a wrong place, as a bad copy would
        leave it. Whether each row is in each index is asked where an index is made. Afterwards
        SQLite itself changes both or neither, so asking again, a search for every row, would
        only look for faults of SQLite.
        """
        anew = [t.schema for t in self._tables.values()]
        for schema in [*anew, *(t.schema for t in self._amended.values())]:
            here = self._sealed if schema.sealed_rows else self._rows
            if db is here or (schema.sealed_columns and db is self._sealed):
                check_integrity(db, schema.name, quick=schema not in anew)
            if db is here and schema.geometry:
                _check_boxes(db, schema)


class TableAmendment:
    """One table of the new generation while it is changed; calls take effect in their order.

    Attributes
    ----------
    touched
        The ids of features that were taken out or put in, where rows are keyed.
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


def _drop(schema: TableSchema, rows: sqlite3.Connection, sealed: sqlite3.Connection | None) -> None:
    main = sealed if schema.sealed_rows else rows
    if main is None:
        raise StoreError(f"table {schema.name}: its sealed file is missing")
    for statement in sql.drop_table(schema):
        main.execute(statement)
    if not schema.sealed_rows:
        gpkg.unregister(rows, schema.name)
    if schema.sealed_columns and sealed is not None:
        sealed.execute(sql.drop_table(schema)[-1])


def _check_boxes(db: sqlite3.Connection, schema: TableSchema) -> None:
    """Refuse a table whose R-tree SQLite finds fault with, where SQLite can tell."""
    with suppress(sqlite3.OperationalError):  # built without its check
        verdict = db.execute(sql.check_rtree(), (sql.rtree(schema.name),)).fetchone()[0]
        if verdict != "ok":
            raise StoreError(f"a file failed its check after writing: {verdict}")
