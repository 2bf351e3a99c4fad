"""Made tiles, kept for the next who asks: some in memory, many on disk where there is a place."""

import sqlite3
import threading
from collections import OrderedDict
from contextlib import closing
from pathlib import Path

_FILE = "tiles.sqlite"
_BUSY_S = 0.2
_LOOK_EVERY = 64  # writes between two looks at the size
_SCHEMA = """
CREATE TABLE IF NOT EXISTS tile (
  number INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL UNIQUE, content BLOB NOT NULL)
"""
_GET = "SELECT content FROM tile WHERE key = ?"
_PUT = "INSERT OR IGNORE INTO tile (key, content) VALUES (?, ?)"
_SIZE = "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, "
_SIZE += "pragma_freelist_count, pragma_page_size"
_DROP = "DELETE FROM tile WHERE number <= (SELECT min(number) + (max(number) - min(number)) / 4 "
_DROP += "FROM tile)"


class TileCache:
    """Keeps bytes by keys that say all they were made from, so that nothing is ever outdated.

    What does not fit any more goes, the oldest first. Losing it costs nothing but time: a disk
    that is full, read-only or damaged is done without. Safe to share between threads, and its
    folder between processes; not to be carried over a fork.

    Parameters
    ----------
    folder
        Where tiles are kept on disk; None: in memory only.
    most_bytes, most_memory
        Size of both at most, about.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        most_bytes: int = 1 << 30,
        most_memory: int = 1 << 26,
    ) -> None:
        self._most_bytes = most_bytes
        self._most_memory = most_memory
        self._held: OrderedDict[bytes, bytes] = OrderedDict()
        self._size = 0
        self._writes = 0
        self._lock = threading.Lock()
        self._db = _opened(folder) if folder is not None else None

    def get(self, key: bytes) -> bytes | None:
        """Return what was put under a key, None when nothing was or it is gone."""
        with self._lock:
            content = self._held.get(key)
            if content is not None:
                self._held.move_to_end(key)
                return content
            if self._db is None:
                return None
            try:
                row = self._db.execute(_GET, (key,)).fetchone()
            except sqlite3.Error:
                self._give_up()
                return None
            if row is not None:
                self._hold(key, row[0])
            return None if row is None else bytes(row[0])

    def put(self, key: bytes, content: bytes) -> None:
        """Keep something under a key."""
        with self._lock:
            self._hold(key, content)
            if self._db is None:
                return
            try:
                self._db.execute(_PUT, (key, content))
                self._writes += 1
                if self._writes % _LOOK_EVERY == 0:
                    self._make_room(self._db)
            except sqlite3.OperationalError:  # busy or full: it is made again
                pass
            except sqlite3.Error:
                self._give_up()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None

    def _hold(self, key: bytes, content: bytes) -> None:
        if key in self._held or len(content) > self._most_memory:
            return
        self._held[key] = content
        self._size += len(content)
        while self._size > self._most_memory:
            self._size -= len(self._held.popitem(last=False)[1])

    def _make_room(self, db: sqlite3.Connection) -> None:
        while db.execute(_SIZE).fetchone()[0] > self._most_bytes:
            if db.execute(_DROP).rowcount < 1:
                return

    def _give_up(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None


def _opened(folder: Path) -> sqlite3.Connection | None:
    """Open the file, None where it cannot be written; what is damaged is made anew."""
    path = folder / _FILE
    for _ in range(2):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
            db = sqlite3.connect(
                path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.Error):
            return None
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = OFF")
            db.execute(_SCHEMA)
        except sqlite3.OperationalError:
            db.close()
            return None
        except sqlite3.DatabaseError:
            with closing(db):
                path.unlink(missing_ok=True)
        else:
            return db
    return None
