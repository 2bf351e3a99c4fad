"""The catalogue: which generations there are and which one of each layer is served."""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar

from gis_core.errors import StoreError
from gis_core.store.disk import disk_faults
from gis_core.store.schema import GenerationInfo, manifest_from, manifest_text

VERSION = 1
APPLICATION_ID = 0x464C4243  # "FLBC"
FILE = "catalogue.sqlite"

T = TypeVar("T")

_TABLES = """
CREATE TABLE generation (
  layer TEXT NOT NULL, number INTEGER NOT NULL, imported_at TEXT NOT NULL, data_date TEXT,
  provenance TEXT NOT NULL, manifest TEXT NOT NULL, PRIMARY KEY (layer, number));
CREATE TABLE served (
  layer TEXT NOT NULL PRIMARY KEY, number INTEGER NOT NULL,
  FOREIGN KEY (layer, number) REFERENCES generation (layer, number));
"""
_GENERATIONS = """
SELECT layer, number, imported_at, data_date, provenance, manifest FROM generation
WHERE layer = ? ORDER BY number
"""
_SERVED = """
SELECT layer, number, imported_at, data_date, provenance, manifest
FROM served JOIN generation USING (layer, number)
"""


class Catalogue:
    """One small database; publishing a generation is one transaction in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / FILE
        self._lock = threading.Lock()
        self._reading: sqlite3.Connection | None = None
        self._state: tuple[int, dict[str, GenerationInfo]] | None = None

    @classmethod
    def create(cls, root: Path) -> "Catalogue":
        """Make an empty catalogue; harmless when there is one already."""
        catalogue = cls(root)
        with disk_faults(f"cannot create {catalogue.path}"), catalogue.writing() as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                for statement in _TABLES.strip().split(";\n"):
                    db.execute(statement)
                db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                db.execute(f"PRAGMA user_version = {VERSION}")
        catalogue.check()
        return catalogue

    def check(self) -> None:
        """Refuse a file that is no catalogue or of another version."""
        with disk_faults(f"cannot open {self.path}"), closing(self._connect_to_read()) as db:
            kind = db.execute("PRAGMA application_id").fetchone()[0]
            version = db.execute("PRAGMA user_version").fetchone()[0]
        if kind != APPLICATION_ID or version != VERSION:
            raise StoreError(
                f"{self.path} has schema version {version}, this program reads version {VERSION}",
                advice="Use the program version that wrote it, or import into a new directory.",
                found=version,
                expected=VERSION,
            )

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection inside one durable transaction."""
        with closing(sqlite3.connect(self.path, timeout=30, isolation_level=None)) as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA foreign_keys = ON")
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
            # So that a reader on a read-only disk, which cannot see the log, sees this too. The
            # change is durable without it.
            with suppress(sqlite3.Error):
                db.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def publish(self, info: GenerationInfo) -> None:
        """Make a generation the served one: on return it is durable."""
        record = (
            info.layer,
            info.number,
            info.imported_at.isoformat(),
            info.data_date.isoformat() if info.data_date else None,
            json.dumps(dict(info.provenance), ensure_ascii=False, default=str),
            manifest_text(info.tables, info.attachments),
        )
        with self.writing() as db:
            db.execute("INSERT INTO generation VALUES (?, ?, ?, ?, ?, ?)", record)
            db.execute(
                "INSERT INTO served VALUES (?, ?) "
                "ON CONFLICT (layer) DO UPDATE SET number = excluded.number",
                (info.layer, info.number),
            )

    def forget(self, layer: str, numbers: list[int]) -> None:
        """Strike generations that are not served."""
        with self.writing() as db:
            db.executemany(
                "DELETE FROM generation WHERE layer = ? AND number = ?",
                [(layer, n) for n in numbers],
            )

    def served(self) -> Mapping[str, GenerationInfo]:
        """Return the served generation of every layer; cheap while nothing has changed."""

        def look(db: sqlite3.Connection) -> dict[str, GenerationInfo]:
            version = db.execute("PRAGMA data_version").fetchone()[0]
            if self._state is None or self._state[0] != version:
                rows = db.execute(_SERVED).fetchall()
                self._state = (version, {row[0]: self._info(row) for row in rows})
            return self._state[1]

        return self._read(look)

    def generations(self, layer: str) -> tuple[GenerationInfo, ...]:
        """Return all kept generations of a layer, oldest first."""

        def look(db: sqlite3.Connection) -> list[tuple[str, ...]]:
            return db.execute(_GENERATIONS, (layer,)).fetchall()

        return tuple(self._info(row) for row in self._read(look))

    def close(self) -> None:
        """Close the reading connection; the next call opens another."""
        with self._lock:
            if self._reading is not None:
                self._reading.close()
                self._reading = None
                self._state = None

    def _info(self, row: tuple[str, ...]) -> GenerationInfo:
        layer, number, imported_at, data_date, provenance, manifest = row
        tables, attachments = manifest_from(manifest)
        return GenerationInfo(
            layer=layer,
            number=int(number),
            imported_at=datetime.fromisoformat(imported_at),
            data_date=date.fromisoformat(data_date) if data_date else None,
            provenance=json.loads(provenance),
            tables=tables,
            attachments=attachments,
            path=self.root / "layers" / layer / str(number),
        )

    def _read(self, look: Callable[[sqlite3.Connection], T]) -> T:
        with self._lock, disk_faults(f"cannot read {self.path}"):
            if self._reading is None:
                self._reading = self._connect_to_read()
            return look(self._reading)

    def _connect_to_read(self) -> sqlite3.Connection:
        uri = f"{self.path.absolute().as_uri()}?mode=ro"
        try:
            return _opened(uri)
        except sqlite3.OperationalError:
            # A read-only disk has no place for the log's index; nobody can write there either.
            return _opened(f"{uri}&immutable=1")


def _opened(uri: str) -> sqlite3.Connection:
    db = sqlite3.connect(uri, uri=True, check_same_thread=False, timeout=30)
    try:
        db.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.Error:
        db.close()
        raise
    return db
