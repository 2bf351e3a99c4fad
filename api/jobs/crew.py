"""Starts workers as processes of their own, replaces those that died, and ends with its parent."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

_LOOK_S = 0.5
_AGAIN_S = 2.0
_GRACE_S = 12.0


def command(*arguments: str) -> list[str]:
    """Return how this program is called with these arguments."""
    return [sys.executable, "-c", "from api.cli import main; main()", *arguments]


def stop_on_signals(stopping: threading.Event) -> None:
    """Set the event when the process is told to end."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())


def when_orphaned(parent: int, act: Callable[[], object]) -> None:
    """Do something when the process that started this one is no more, even if it was killed."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_S)
        act()

    threading.Thread(target=watch, daemon=True).start()


def lead(worker: Sequence[str], count: int, stopping: threading.Event) -> None:
    """Keep that many worker processes running until told to stop; then end them."""
    crew: list[subprocess.Popen[bytes]] = []
    try:
        while not stopping.is_set():
            died = [process for process in crew if process.poll() is not None]
            crew = [process for process in crew if process.poll() is None]
            if died:
                stopping.wait(_AGAIN_S)
            while len(crew) < count and not stopping.is_set():
                started = subprocess.Popen(worker, stdin=subprocess.DEVNULL)  # noqa: S603 - ours
                crew.append(started)
            stopping.wait(_LOOK_S)
    finally:
        for process in crew:
            process.terminate()
        for process in crew:
            with suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE_S)
            process.kill()
            process.wait()
