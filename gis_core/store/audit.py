"""An append-only table in which every row carries the checksum of the one before."""

import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from gis_core.store.disk import disk_faults

FIRST = "0" * 64

_TABLES = """
CREATE TABLE IF NOT EXISTS audit (
  number INTEGER PRIMARY KEY, entry TEXT NOT NULL, previous TEXT NOT NULL, chain TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS audit_no_update BEFORE UPDATE ON audit
  BEGIN SELECT RAISE(ABORT, 'the access log cannot be changed'); END;
CREATE TRIGGER IF NOT EXISTS audit_no_delete BEFORE DELETE ON audit
  BEGIN SELECT RAISE(ABORT, 'the access log cannot be shortened'); END;
"""

Entry = Mapping[str, str | int | list[str]]


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One entry with its number and its link in the chain."""

    number: int
    entry: Entry
    chain: str


class AuditFile:
    """The chain in a database file, made on first use; rows can only be added."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None

    def close(self) -> None:
        """Close the file; the next call opens it again."""
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None

    def append(self, entry: Entry) -> str:
        """Add an entry durably and return its link.

        Raises
        ------
        StoreError
            It could not be written; the caller must then not give out what it records.
        """
        text = _text(entry)
        with self._lock, disk_faults("cannot write the access log"):
            if self._db is None:
                self._db = self._connect()
            try:
                return _append(self._db, text)
            except BaseException:
                # Closing it takes back whatever was half done.
                self._db.close()
                self._db = None
                raise

    def rows(self) -> Iterator[AuditRow]:
        """Yield all entries, oldest first."""
        with disk_faults("cannot read the access log"), closing(self._connect()) as db:
            for number, text, _, chain in db.execute(
                "SELECT number, entry, previous, chain FROM audit ORDER BY number"
            ):
                yield AuditRow(number, json.loads(text), chain)

    def first_break(self) -> int | None:
        """Return the number of the first row that does not follow from the one before, or None.

        Rows cut off at the end are only noticed by comparing the last link with a copy
        kept elsewhere.
        """
        expected, number = FIRST, 0
        with disk_faults("cannot read the access log"), closing(self._connect()) as db:
            for found, text, previous, chain in db.execute(
                "SELECT number, entry, previous, chain FROM audit ORDER BY number"
            ):
                number += 1
                if found != number or previous != expected or chain != _link(previous, text):
                    return number
                expected = chain
        return None

    def _connect(self) -> sqlite3.Connection:
        if not self.path.exists():
            self.path.touch(mode=0o600)
        db = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'audit'").fetchone():
                db.executescript(_TABLES)
        except sqlite3.Error:
            db.close()
            raise
        return db


def _append(db: sqlite3.Connection, text: str) -> str:
    db.execute("BEGIN IMMEDIATE")
    last = db.execute("SELECT chain FROM audit ORDER BY number DESC LIMIT 1").fetchone()
    previous = last[0] if last else FIRST
    chain = _link(previous, text)
    db.execute(
        "INSERT INTO audit (entry, previous, chain) VALUES (?, ?, ?)", (text, previous, chain)
    )
    db.execute("COMMIT")
    return chain


def _text(entry: Entry) -> str:
    return json.dumps(dict(entry), ensure_ascii=False, sort_keys=True)


def _link(previous: str, text: str) -> str:
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()
