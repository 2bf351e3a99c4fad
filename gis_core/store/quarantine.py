"""The faults that an import kept beside its generation, each with the row it was found in."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import astuple

from gis_core.faults import Fault, Outcome
from gis_core.store.disk import disk_faults
from gis_core.store.schema import GenerationInfo

QUARANTINE_FILE = "quarantine.sqlite"

_TABLE = """
CREATE TABLE fault (
  file TEXT, row INTEGER, field TEXT, found TEXT, expected TEXT, code TEXT, outcome TEXT,
  source TEXT)
"""
_INSERT = "INSERT INTO fault VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_ALL = "SELECT file, row, field, found, expected, code, outcome, source FROM fault ORDER BY rowid"


def create_quarantine(db: sqlite3.Connection) -> None:
    """Make the table of faults in an empty file."""
    db.execute(_TABLE)


def write_faults(db: sqlite3.Connection, faults: Sequence[Fault], rows: Sequence[str]) -> None:
    """Add faults, each with the text of its row."""
    db.executemany(_INSERT, [(*astuple(f), row) for f, row in zip(faults, rows, strict=True)])


def read_faults(info: GenerationInfo) -> Iterator[tuple[Fault, str]]:
    """Yield the faults of a generation in the order they were found, each with its source row.

    The source row is JSON text for rows that were refused, else empty. Nothing here is
    checked against access classes: this is for the operator who has the source file too.

    Raises
    ------
    StoreError
        The file is damaged or cannot be read.
    """
    path = info.path / QUARANTINE_FILE
    if not path.is_file():
        return
    with disk_faults(f"cannot read {path}"):
        uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(uri, uri=True)) as db:
            for file, row, name, found, expected, code, outcome, source in db.execute(_ALL):
                yield Fault(file, row, name, found, expected, code, Outcome(outcome)), source
