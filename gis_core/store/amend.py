"""A generation that is a changed copy of the former one: rows taken out, rows put in.

The former generation's files are copied into the private directory of the new one, changed
there, checked and published like any other (`gis_core.store.generation`): whatever happens
before that, the former one stays served, and it never changes itself.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Self

from gis_core.errors import StoreError
from gis_core.store import gpkg, sql
from gis_core.store.amended_table import TableAmendment
from gis_core.store.catalogue import Catalogue
from gis_core.store.disk import copy_file, disk_faults
from gis_core.store.fragments import carry_segment, copy_segment
from gis_core.store.generation import Writer, check_integrity
from gis_core.store.guard import OPEN_FILE, SEALED_FILE
from gis_core.store.schema import GenerationInfo, TableInfo, TableSchema
from gis_core.store.tables import TableWriter
from gis_core.store.touched import Place, Steps, followed, place_of, read_steps, write_steps
from gis_core.store.words import carry_words, copy_words


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

    def amend(self, name: str, *, sealed: bool | None = None) -> TableAmendment:
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

    def _write_fragments(
        self,
        rows: sqlite3.Connection,
        kept: tuple[TableInfo, ...],
        amended: tuple[TableInfo, ...],
        staged: tuple[TableInfo, ...],
    ) -> None:
        super()._write_fragments(rows, kept, amended, staged)
        former = self.former.path
        for info in kept:
            copy_segment(former, self._folder, info)
            copy_words(former, self._folder, info)
        for info in amended:
            table = self._amended[info.schema.sealed_rows, info.schema.name]
            before = self.former.table(info.schema.name, sealed=False)
            if before is not None:
                carry_words(rows, former, self._folder, before, info, put=table.put)
            if before is not None and info.schema.published is not None:
                carry_segment(
                    rows, former, self._folder, before, info, taken=table.taken, put=table.put
                )

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
