"""Opening the state database, and bringing it to the present schema."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy.exc import SQLAlchemyError

from gis_core.errors import StoreError

FILE = "state.sqlite"  # the log of reads is in it, too
_FOLDER = Path(__file__).resolve().parent
_READ = "read_only"
_BUSY_S = 30
_AGAIN_S = 0.02


class State:
    """The state database of a data directory, opened at first use.

    Safe to share between threads; a process that was forked must open its own.
    """

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / FILE
        self._lock = threading.Lock()
        self._engine: sa.Engine | None = None

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Yield a connection that sees one state of the database.

        Raises
        ------
        StoreError
            The database cannot be read.
        """
        with _faults(self.path), self._opened().connect() as connection:
            connection.execution_options(**{_READ: True})
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Yield a connection in a transaction: all that is done in it, or nothing, durably.

        Raises
        ------
        StoreError
            The database cannot be written.
        """
        with _faults(self.path), self._opened().begin() as connection:
            yield connection

    def check(self) -> None:
        """Open the database, and bring it to the present schema.

        Raises
        ------
        StoreError
            It cannot be opened.
        """
        with _faults(self.path):
            self._opened()

    def close(self) -> None:
        """Close all connections; the next use opens it again."""
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None

    def _opened(self) -> sa.Engine:
        with self._lock:
            if self._engine is None:
                engine = _engine(self.path)
                try:
                    with engine.begin() as connection:
                        _migrate(connection)
                except BaseException:
                    engine.dispose()
                    raise
                self._engine = engine
            return self._engine


def _engine(path: Path) -> sa.Engine:
    try:
        path.touch(mode=0o600)
    except OSError as fault:
        raise StoreError(f"cannot write {path}: {fault.strerror or fault}") from fault
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)), connect_args={"timeout": _BUSY_S}
    )
    sa.event.listen(engine, "connect", _prepare)
    sa.event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's own
    # Transactions begin where we say so, not where the driver guesses.
    connection.isolation_level = None
    until = monotonic() + _BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError:
            # While another one makes the file, SQLite does not wait for this by itself.
            if monotonic() > until:
                raise
            sleep(_AGAIN_S)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin(connection: sa.Connection) -> None:
    # Who is going to write waits for its turn here, not half way through.
    reads = connection.get_execution_options().get(_READ, False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _migrate(connection: sa.Connection) -> None:
    """Apply the steps that the database has not seen yet.

    Raises
    ------
    StoreError
        A newer program made it.
    """
    scripts, context = ScriptDirectory(str(_FOLDER)), MigrationContext.configure(connection)
    known = [step.revision for step in scripts.walk_revisions()]
    present = context.get_current_revision()
    if present is not None and present not in known:
        raise StoreError(
            f"the state database is of version {present}, expected {known[0]} or an older one",
            advice="Use the program that made it, or a newer one.",
        )
    steps = [*scripts.iterate_revisions("head", present or "base")]
    with Operations.context(context):
        for step in reversed(steps):
            step.module.upgrade()
            context.stamp(scripts, step.revision)


@contextmanager
def _faults(path: Path) -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as fault:
        cause = getattr(fault, "orig", None) or fault
        raise StoreError(f"cannot use {path}: {cause}") from fault
