"""Disk faults as errors that say what to do, durable files, and one writer per layer."""

import errno
import fcntl
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from gis_core.errors import StoreError

_TRIES, _PAUSE_S = 5, 0.05
_FICLONE = 0x40049409  # linux/fs.h; Python has no name for it
_CHUNK = 1 << 20

_ADVICE = {
    "full": "Free space on that disk (or move the data directory) and run the import again; "
    "the served data are unchanged.",
    "readonly": "Mount the disk writable or correct the owner of the data directory; "
    "the served data are unchanged.",
    "damaged": "Restore the data directory from a backup, or import the layer again.",
    "busy": "Another process is writing; try again in a moment.",
    "other": "Look at the disk and the permissions of the data directory.",
}
_OS = {
    errno.ENOSPC: "full",
    errno.EDQUOT: "full",
    errno.EFBIG: "full",
    errno.EROFS: "readonly",
    errno.EACCES: "readonly",
    errno.EPERM: "readonly",
}
_SQLITE = {
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_READONLY: "readonly",
    sqlite3.SQLITE_CORRUPT: "damaged",
    sqlite3.SQLITE_NOTADB: "damaged",
    sqlite3.SQLITE_BUSY: "busy",
    sqlite3.SQLITE_LOCKED: "busy",
}
_MESSAGES = {
    "full": "the disk is full",
    "readonly": "the disk is read-only, or this user has no right to the files",
    "damaged": "a file is damaged",
    "busy": "the file is in use",
    "other": "the disk reports an error",
}


def store_error(what: str, fault: OSError | sqlite3.Error) -> StoreError:
    """Say as a `StoreError` what an operating-system or SQLite fault means here."""
    if isinstance(fault, OSError):
        kind = _OS.get(fault.errno or 0, "other")
    else:
        # The low byte is the primary code; the rest tells variants apart.
        kind = _SQLITE.get(getattr(fault, "sqlite_errorcode", 0) & 0xFF, "other")
    detail = "" if kind != "other" else f" ({fault})"
    return StoreError(f"{what}: {_MESSAGES[kind]}{detail}", advice=_ADVICE[kind], cause=kind)


@contextmanager
def disk_faults(what: str) -> Iterator[None]:
    """Turn every disk fault inside the block into a `StoreError` that names ``what``."""
    try:
        yield
    except (OSError, sqlite3.Error) as fault:
        raise store_error(what, fault) from fault


def fsync(path: Path) -> None:
    """Wait until a file (or the entries of a directory) is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def copy_file(source: Path, target: Path) -> None:
    """Copy a file's content; where the file system can (btrfs, XFS), both share it until written.

    The target keeps its mode when it is there already.
    """
    with source.open("rb") as original, target.open("wb") as copy:
        try:
            fcntl.ioctl(copy, _FICLONE, original.fileno())
        except OSError:
            shutil.copyfileobj(original, copy, _CHUNK)


def fsync_tree(folder: Path) -> None:
    """Wait until every file of a folder, and the folder itself, is on the disk."""
    for path in sorted(folder.rglob("*"), reverse=True):
        fsync(path)
    fsync(folder)


class LayerLock:
    """The right to write one layer, held by one process; it ends with the process.

    The file's text (process id and time) is only there to be told to others; the
    lock itself is the kernel's and cannot be left behind by a killed process.
    """

    def __init__(self, path: Path, layer: str) -> None:
        self._path = path
        self._layer = layer
        self._handle: int | None = None

    def acquire(self) -> bool:
        """Take the lock if it is free."""
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        holder = f"{os.getpid()} {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(handle, 0)
            os.pwrite(handle, holder.encode(), 0)
        except OSError as fault:
            os.close(handle)
            if isinstance(fault, BlockingIOError):
                return False
            raise
        self._handle = handle
        return True

    def _acquire_soon(self) -> bool:
        """Take the lock, waiting a moment for those who only clear away old remains."""
        for _ in range(_TRIES - 1):
            if self.acquire():
                return True
            time.sleep(_PAUSE_S)
        return self.acquire()

    def release(self) -> None:
        """Give the lock back."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> Self:
        """Take the lock or say who holds it."""
        if not self._acquire_soon():
            pid, _, since = self._path.read_text(encoding="utf-8").partition(" ")
            raise StoreError(
                f"an import of {self._layer} is running since {since} (process {pid})",
                advice="Wait until it has ended, or end that process, then try again.",
                layer=self._layer,
                process=pid,
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the lock back."""
        self.release()
