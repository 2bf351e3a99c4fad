"""Read-only connections that can see nothing but what was released to them."""

import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gis_core.errors import DeadlineError, StoreError
from gis_core.store import sql
from gis_core.store.disk import store_error
from gis_core.store.join import Join
from gis_core.store.schema import FEATURE_ID, FID, GEOMETRY, TableSchema

OPEN_FILE = "open.gpkg"
SEALED_FILE = "sealed.sqlite"

_BUILT_IN = frozenset({"count", "instr"})
_MAX_IDLE = 64
_MAPPED_BYTES = 1 << 28
_OPCODES = 20_000  # between two looks at the clock: about a millisecond
_OPCODES_OF_CALLS = 200  # the same where a step may compare two large geometries


@dataclass(frozen=True, slots=True)
class View:
    """A table that a connection makes of others, of its own open file and another generation's.

    ``reads``: what may be read by it, and by nothing else: (file, table, column).
    """

    name: str
    text: str
    beside: Path
    reads: frozenset[tuple[str, str, str]]

    @classmethod
    def of(cls, join: Join, columns: Sequence[str], beside: Path) -> "View":
        """Return the view with some columns of a join."""
        files = {False: "main", True: sql.BESIDE}
        reads = frozenset((files[other], name, c) for other, name, c in join.reads(columns))
        return cls(join.schema.name, sql.create_view(join, columns), beside, reads)


@dataclass(frozen=True, slots=True)
class Release:
    """What a connection may read: pairs (table, column) of the open and of the sealed file.

    With a ``view``, only that.
    """

    open: frozenset[tuple[str, str]]
    sealed: frozenset[tuple[str, str]]
    view: View | None = None

    @classmethod
    def of(cls, schema: TableSchema, columns: Iterable[str], *, geometry: bool = True) -> "Release":
        """Release columns of one table, its row numbers, and its place when it has one."""
        given = set(columns)
        own = {FID}
        own |= {FEATURE_ID} if schema.keyed else set()
        own |= {c.name for c in schema.open_columns if c.name in given}
        pairs = {(schema.name, c) for c in own}
        if schema.geometry and geometry:
            pairs |= {(schema.name, GEOMETRY)}
            pairs |= {(sql.rtree(schema.name), c) for c in ("id", "minx", "maxx", "miny", "maxy")}
        apart = {(schema.name, c.name) for c in schema.sealed_columns if c.name in given}
        apart |= {(schema.name, FID)} if apart else set()
        if schema.sealed_rows:
            return cls(frozenset(), frozenset(pairs))
        return cls(frozenset(pairs), frozenset(apart))

    def allows(
        self,
        action: int,
        first: str | None,
        second: str | None,
        file: str | None,
        via: str | None = None,
        functions: Collection[str] = (),
    ) -> bool:
        """Judge one request of SQLite's authorizer; ``functions`` may be called besides.

        ``via``: the view that the request is made for.
        """
        if action == sqlite3.SQLITE_SELECT:
            return True
        if action == sqlite3.SQLITE_FUNCTION:
            return second in _BUILT_IN or second in functions
        if action != sqlite3.SQLITE_READ:
            return False
        if first == "json_each":
            return True
        if self.view is not None:
            own = first == self.view.name and file == sql.VIEWS
            return own or (via == self.view.name and (file, first, second) in self.view.reads)
        if not second:  # counting rows names the table only
            return any(table == first for table, _ in self.open | self.sealed)
        return (first, second) in (self.sealed if file == sql.SEALED else self.open)


class Guarded(sqlite3.Connection):
    """A connection that knows which functions its present statement may call."""

    functions: Collection[str] = ()
    stop: Callable[[], int] | None = None  # says whether the time is over

    def watch(self, opcodes: int) -> None:
        """Look at the clock after so many steps of SQLite's."""
        self.set_progress_handler(self.stop, opcodes)

    @contextmanager
    def calling(self, functions: Mapping[str, Callable[..., Any]]) -> Iterator[None]:
        """Lend functions to the statements within: before and after nobody may call them."""
        for name, run in functions.items():
            self.create_function(name, -1, run, deterministic=True)
        self.functions = frozenset(functions)
        if functions:
            self.watch(_OPCODES_OF_CALLS)
        try:
            yield
        finally:
            self.watch(_OPCODES)
            self.functions = ()
            for name in functions:
                self.create_function(name, -1, None)


class Connections:
    """A pool of guarded connections, each for one generation and one release.

    Immutable files need no locks, so a connection is simply lent to one thread at a
    time. Not to be carried over a fork.

    Files that are ``mapped`` answer many small questions sooner; who reads whole tables would
    have all of them in memory.
    """

    def __init__(self, *, mapped: bool = True) -> None:
        self._mapped_bytes = _MAPPED_BYTES if mapped else 0
        self._idle: OrderedDict[tuple[Path, Release], list[Guarded]] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def lend(
        self, folder: Path, release: Release, deadline_s: float | None = None
    ) -> Iterator[Guarded]:
        """Yield a connection; a query that runs longer than ``deadline_s`` is stopped.

        Raises
        ------
        DeadlineError
            The query took too long.
        StoreError
            A file is missing or damaged, or the query asked for what was not released.
        """
        try:
            db = self._take(folder, release)
        except sqlite3.Error as fault:
            raise store_error(f"cannot open {folder}", fault) from fault
        try:
            if deadline_s is not None:
                end = time.monotonic() + deadline_s
                db.stop = lambda: int(time.monotonic() > end)
                db.watch(_OPCODES)
            yield db
        except sqlite3.Error as fault:
            raise _read_error(folder, fault, deadline_s) from fault
        finally:
            if deadline_s is not None:
                db.stop = None
                db.watch(_OPCODES)
            self._give_back(folder, release, db)

    def close(self) -> None:
        """Close every idle connection."""
        with self._lock:
            for connections in self._idle.values():
                for db in connections:
                    db.close()
            self._idle.clear()

    def _take(self, folder: Path, release: Release) -> Guarded:
        with self._lock:
            idle = self._idle.get((folder, release))
            if idle:
                return idle.pop()
        self._drop_pruned()
        return open_guarded(folder, release, self._mapped_bytes)

    def _drop_pruned(self) -> None:
        """Let go of generations that are no longer kept: an open file holds its disk space."""
        with self._lock:
            gone = [key for key in self._idle if not key[0].is_dir()]
            for key in gone:
                for db in self._idle.pop(key):
                    db.close()

    def _give_back(self, folder: Path, release: Release, db: Guarded) -> None:
        with self._lock:
            self._idle.setdefault((folder, release), []).append(db)
            self._idle.move_to_end((folder, release))
            while sum(map(len, self._idle.values())) > _MAX_IDLE:
                key, oldest = next(iter(self._idle.items()))
                if oldest:
                    oldest.pop(0).close()
                if not oldest:
                    del self._idle[key]


def open_guarded(folder: Path, release: Release, mapped_bytes: int = _MAPPED_BYTES) -> Guarded:
    """Open the files of a generation read-only, with SQLite refusing all that is not released."""
    db = sqlite3.connect(
        _uri(folder / OPEN_FILE), uri=True, check_same_thread=False, factory=Guarded
    )
    try:
        if release.sealed:
            db.execute(f"ATTACH ? AS {sql.SEALED}", (_uri(folder / SEALED_FILE),))
            # Sorting must not spill secret values into the folder of temporary files.
            db.execute("PRAGMA temp_store = MEMORY")
        if release.view is not None:
            db.execute(f"ATTACH ? AS {sql.BESIDE}", (_uri(release.view.beside / OPEN_FILE),))
            db.execute(release.view.text)
            db.execute(sql.touch_view(release.view.name))
        db.execute(f"PRAGMA mmap_size = {mapped_bytes}")
        db.execute("PRAGMA query_only = ON")
        db.execute("PRAGMA trusted_schema = OFF")
        # Virtual tables are set up at first sight with statements of their own, which the
        # authorizer would refuse; afterwards it sees only what a query names.
        db.execute("SELECT 1 FROM json_each('[]')")
        for file, pairs in (("main", release.open), (sql.SEALED, release.sealed)):
            for table in {t for t, c in pairs if c == "minx"}:
                db.execute(sql.touch(file, table))
    except sqlite3.Error:
        db.close()
        raise

    def judge(
        action: int, first: str | None, second: str | None, file: str | None, via: str | None
    ) -> int:
        allowed = release.allows(action, first, second, file, via, db.functions)
        return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY

    db.set_authorizer(judge)
    return db


def _uri(path: Path) -> str:
    return f"{path.absolute().as_uri()}?mode=ro&immutable=1"


def _read_error(folder: Path, fault: sqlite3.Error, deadline_s: float | None) -> Exception:
    code = getattr(fault, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_INTERRUPT:
        return DeadlineError(
            f"the query took longer than {deadline_s} seconds",
            advice="Ask for a smaller area or fewer features.",
        )
    if code == sqlite3.SQLITE_AUTH or "prohibited" in str(fault):
        return StoreError("the query asked for columns that were not released to it")
    return store_error(f"cannot read {folder}", fault)
