"""Building a generation in a private directory and publishing it at one stroke."""

import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from gis_core.errors import StoreError
from gis_core.faults import Fault
from gis_core.store import gpkg, sql
from gis_core.store.catalogue import Catalogue
from gis_core.store.disk import LayerLock, disk_faults, fsync, fsync_tree
from gis_core.store.fragments import write_segment
from gis_core.store.fragments.files import FOLDER
from gis_core.store.guard import OPEN_FILE, SEALED_FILE
from gis_core.store.housekeeping import LOCK_FILE, STAGING_PREFIX, clear_leftovers, prune
from gis_core.store.quarantine import QUARANTINE_FILE, create_quarantine, write_faults
from gis_core.store.schema import GenerationInfo, TableInfo, TableSchema
from gis_core.store.tables import OrderedWriter, StagedWriter, TableWriter
from gis_core.store.touched import TOUCHED_FILE
from gis_core.store.words import FOLDER as WORDS
from gis_core.store.words import write_words

STAGE_FILE = "staged.sqlite"
_ATTACHMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}")
_OWN_NAMES = {OPEN_FILE, SEALED_FILE, QUARANTINE_FILE, TOUCHED_FILE, STAGE_FILE, FOLDER, WORDS}


class Writer:
    """Builds one generation of one layer; nothing is seen of it before `publish`.

    Use as a context manager: leaving it without `publish`, by an error or not, removes
    what was written.
    """

    def __init__(
        self, catalogue: Catalogue, layer: str, *, clock: Callable[[], datetime], keep: int
    ) -> None:
        self.layer = layer
        self._catalogue = catalogue
        self._clock = clock
        self._keep = keep
        self._home = catalogue.root / "layers" / layer
        self._folder = Path()
        self._tables: dict[tuple[bool, str], TableWriter] = {}
        self._attachments: list[str] = []
        self._exit = ExitStack()
        self._stage: sqlite3.Connection
        self._main: sqlite3.Connection | None = None
        self._sealed: sqlite3.Connection | None = None
        self._quarantine: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        """Take the layer's lock, clear what killed imports left, make the private directory."""
        with disk_faults(f"cannot write {self._home}"), self._exit:
            self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._exit.enter_context(LayerLock(self._home / LOCK_FILE, self.layer))
            clear_leftovers(self._catalogue, self.layer)
            self._exit.callback(self._clear)
            self._folder = self._home / f"{STAGING_PREFIX}{os.getpid()}-{self._next_number()}"
            self._folder.mkdir(mode=0o700)
            self._stage = self._open(STAGE_FILE)
            # All went well: what was taken is given back by `__exit__`, not here.
            self._exit = self._exit.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove what was not published and give the layer free."""
        self._exit.close()

    def table(self, schema: TableSchema, *, in_order: bool = False) -> TableWriter:
        """Begin a table.

        Parameters
        ----------
        in_order
            Rows without place and identity will come in the schema's ``order``, no two alike
            in it: they are written once, where else they are sorted and copied.
        """
        place = (schema.sealed_rows, schema.name)
        if place in self._tables:
            raise StoreError(f"table {schema.name} was begun before", table=schema.name)
        if in_order:
            secret = schema.sealed_rows or bool(schema.sealed_columns)
            with disk_faults(f"cannot write layer {self.layer}"):
                files = self._build(secret=secret)
            self._tables[place] = OrderedWriter(*files, schema)
        else:
            self._tables[place] = StagedWriter(self._stage, schema, f"t{len(self._tables)}")
        return self._tables[place]

    def quarantine(self, faults: Sequence[Fault], rows: Sequence[str] | None = None) -> None:
        """Keep faults apart, each with the text of the row it was found in."""
        if rows is None:
            rows = [""] * len(faults)
        with disk_faults(f"cannot write layer {self.layer}"):
            if self._quarantine is None:
                self._quarantine = self._open(QUARANTINE_FILE)
                create_quarantine(self._quarantine)
            write_faults(self._quarantine, faults, rows)

    def attach(self, path: Path, name: str) -> None:
        """Copy a file (a raster) into the generation."""
        if not _ATTACHMENT.fullmatch(name) or name in _OWN_NAMES:
            raise StoreError(f"{name!r} cannot be the name of an attached file", name=name)
        with disk_faults(f"cannot attach {path.name}"):
            shutil.copyfile(path, self._folder / name)
        self._attachments.append(name)

    def publish(self, provenance: Mapping[str, object], data_date: date | None) -> GenerationInfo:
        """Finish the files, make them durable, and serve them from now on.

        Returns
        -------
        The new generation. On return it survives a power cut; until then the former one
        is served, whatever happens.

        Raises
        ------
        StoreError
            A feature_id was given twice, the disk is full, a file failed its check.
        """
        imported_at = self._clock()
        number = self._next_number()
        final = self._home / str(number)
        with disk_faults(f"cannot publish layer {self.layer}"):
            tables = self._finish(imported_at)
            fsync_tree(self._folder)
            self._folder.rename(final)
            fsync(self._home)
            fsync(self._home.parent)
            info = GenerationInfo(
                layer=self.layer,
                number=number,
                imported_at=imported_at,
                data_date=data_date,
                provenance=dict(provenance),
                tables=tables,
                attachments=tuple(self._attachments),
                path=final,
            )
            self._catalogue.publish(info)
        # It is served; what cannot be cleared away now is cleared by the next import.
        with suppress(OSError, sqlite3.Error, StoreError):
            prune(self._catalogue, info, self._keep)
        return info

    # -- finishing -----------------------------------------------------------------

    def _finish(self, imported_at: datetime) -> tuple[TableInfo, ...]:
        changed = imported_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        writers = sorted(self._tables.values(), key=lambda w: _place(w.schema))
        secret = any(w.schema.sealed_rows or w.schema.sealed_columns for w in writers)
        staged = tuple(w.totals() for w in writers)
        self._stage.commit()
        self._stage.close()
        with ExitStack() as stack:
            rows, sealed = self._build(secret=secret)
            for db in filter(None, (rows, sealed)):
                stack.enter_context(closing(db))
                db.commit()  # what was written in order
                db.execute("ATTACH ? AS stage", (str(self._folder / STAGE_FILE),))
                db.execute("BEGIN")
            kept, amended = self._prepare()
            for info in amended:
                if not info.schema.sealed_rows:
                    gpkg.update(rows, info, changed)
            for writer, info in zip(writers, staged, strict=True):
                writer.finish(rows, sealed)
                if not info.schema.sealed_rows:
                    gpkg.register(rows, info, changed)
            self._write_fragments(rows, kept, amended, staged)
            for db in filter(None, (rows, sealed)):
                db.commit()
                db.execute("DETACH stage")
                self._check(db)
        if self._quarantine is not None:
            self._quarantine.commit()
            self._quarantine.close()
        (self._folder / STAGE_FILE).unlink()
        return tuple(sorted((*kept, *amended, *staged), key=lambda t: _place(t.schema)))

    def _build(self, *, secret: bool) -> tuple[sqlite3.Connection, sqlite3.Connection | None]:
        """Return the open file and, when anything is secret, the sealed one."""
        if self._main is None:
            self._main = self._open(OPEN_FILE)
            self._main.execute("BEGIN")
            gpkg.create_container(self._main)
        if self._sealed is None and secret:
            self._sealed = self._open(SEALED_FILE)
            self._sealed.execute("BEGIN")
        return self._main, self._sealed

    def _prepare(self) -> tuple[tuple[TableInfo, ...], tuple[TableInfo, ...]]:
        """Make the files ready for staged tables; return the kept and the changed ones in them."""
        return (), ()

    def _write_fragments(
        self,
        rows: sqlite3.Connection,
        kept: tuple[TableInfo, ...],
        amended: tuple[TableInfo, ...],
        staged: tuple[TableInfo, ...],
    ) -> None:
        """Make the features of published tables ready beside them, and their words."""
        del kept, amended  # of a generation that is new as a whole there are none
        for info in staged:
            if info.schema.published is not None:
                write_segment(rows, self._folder, info)
            write_words(rows, self._folder, info)

    def _check(self, db: sqlite3.Connection) -> None:
        """Refuse a file that SQLite finds fault with."""
        check_integrity(db)

    def _open(self, name: str) -> sqlite3.Connection:
        path = self._folder / name
        # Made here so that the mode is right from the first byte on.
        path.touch(mode=0o644 if name == OPEN_FILE else 0o600)
        db = sqlite3.connect(path)
        self._exit.callback(db.close)
        # A half-written file is thrown away whole, so it needs no journal; `fsync_tree` makes
        # the finished one durable.
        db.execute("PRAGMA journal_mode = OFF")
        db.execute("PRAGMA synchronous = OFF")
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("PRAGMA cache_size = -8192")
        # Sorting must not spill secret values outside the private directory.
        db.execute("PRAGMA temp_store = MEMORY")
        return db

    def _clear(self) -> None:
        """Remove the private directory, or the finished one if it was not published."""
        with suppress(OSError, sqlite3.Error, StoreError):
            clear_leftovers(self._catalogue, self.layer)

    def _next_number(self) -> int:
        known = self._catalogue.generations(self.layer)
        return known[-1].number + 1 if known else 1


def check_integrity(
    db: sqlite3.Connection, table: str | None = None, *, quick: bool = False
) -> None:
    """Refuse a file, or one table of it, that SQLite finds fault with.

    ``quick``: rows are not looked up in their indexes.
    """
    verdict = db.execute(sql.integrity_check(table, quick=quick)).fetchone()[0]
    if verdict != "ok":
        raise StoreError(f"a file failed its check after writing: {verdict}")


def _place(schema: TableSchema) -> tuple[str, bool]:
    return schema.name, schema.sealed_rows
