"""Private folders for files in between; what killed processes left is cleared away."""

import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_PREFIX: Final = "flurbuch-import-"
_YOUNG_S: Final = 60.0  # a folder this new may not have been locked yet by its owner


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield an empty folder that only this user can enter; it is gone when the block ends.

    Notes
    -----
    A process that is killed cannot clear its folder, and that may hold personal data. So
    everybody who needs a folder first clears those that no living process has a lock on.
    """
    _clear_abandoned()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def _clear_abandoned() -> None:
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        # Another user's, already gone, or in use: it stays.
        with suppress(OSError):
            _clear(path)


def _clear(path: Path) -> None:
    facts = path.lstat()
    own = stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.geteuid()
    if not own or time.time() - facts.st_mtime < _YOUNG_S:
        return
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(handle)
