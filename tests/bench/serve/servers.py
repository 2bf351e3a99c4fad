"""Starting a server on loopback, ending it, and what it used meanwhile."""

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import psutil

from tests.bench.serve.answers import get

WORKERS = 2
_PATIENCE_S = 60.0


class SilentServerError(Exception):
    """A server was started and does not answer."""


@dataclass(frozen=True)
class Server:
    """A running server: its port, and the processes that work for it, with all below them."""

    port: int
    processes: tuple[psutil.Process, ...]

    def cpu_s(self) -> float:
        """Return the CPU seconds that all of them used so far, those that ended included."""
        used = 0.0
        for process in reversed(self.tree()):  # parents last: they know of children that ended
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                used += times.user + times.system + times.children_user + times.children_system
        return used

    def tree(self) -> list[psutil.Process]:
        """Return all processes."""
        return [p for root in self.processes for p in (root, *root.children(recursive=True))]

    def workers(self) -> list[psutil.Process]:
        """Return those that answer: copies of the first."""
        first = self.processes[0]
        return [p for p in first.children(recursive=True) if p.cmdline() == first.cmdline()]

    def wait_until_quiet(self, for_s: float = 0.1) -> None:
        """Wait until nothing is done that nobody waits for: a start, answers to who has gone."""
        until = monotonic() + _PATIENCE_S
        while monotonic() < until:
            before = self.cpu_s()
            sleep(for_s)
            if self.cpu_s() - before < 0.02:
                return

    def wait(self, path: str) -> None:
        """Wait until a path is answered with 200.

        Raises
        ------
        SilentServerError
            It was not in time.
        """
        until = monotonic() + _PATIENCE_S
        while monotonic() < until:
            if all(root.is_running() for root in self.processes):
                try:
                    if get(self.port, path).status == 200:
                        return
                except OSError:
                    pass
            sleep(0.1)
        raise SilentServerError(f"no answer to {path} within {_PATIENCE_S:.0f} s")


@contextmanager
def running(
    *commands: Sequence[str | Path],
    log: Path,
    env: Mapping[str, str] | None = None,
    user: str | None = None,
) -> Iterator[tuple[psutil.Process, ...]]:
    """Run commands until the block ends, in the folder of the file to which goes what they say."""
    log.parent.mkdir(exist_ok=True)
    with log.open("ab") as said:
        started = [
            subprocess.Popen(
                ["env", *(f"{k}={v}" for k, v in (env or {}).items()), *map(str, command)],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                cwd=log.parent,
                user=user,
                extra_groups=[] if user else None,
            )
            for command in commands
        ]
    roots = tuple(psutil.Process(child.pid) for child in started)
    try:
        yield roots
    finally:
        below = [p for root in roots if root.is_running() for p in root.children(recursive=True)]
        for child in started:
            child.terminate()
        for child in started:
            try:
                child.wait(15)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        for left in psutil.wait_procs(below, 5)[1]:
            left.kill()


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def told_version(of: Path | None, option: str) -> str:
    """Return the first number with points that a program tells of itself."""
    assert of
    command = ["env", "QT_QPA_PLATFORM=offscreen", str(of), option]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    found = re.search(r"\d+(\.\d+)+", done.stdout)
    assert found
    return found[0]


def program(name: str, *places: str) -> Path | None:
    """Return where a program is: on the path or in some other places; None if it is nowhere."""
    found = shutil.which(name) or next((p for p in places if Path(p).exists()), None)
    return Path(found) if found else None
