"""A scheduler of dask.distributed with two worker processes on loopback, while a block runs."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from distributed import Client

WORKERS = 2


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where the scheduler is, and its processes."""

    address: str
    processes: tuple[psutil.Process, ...]

    def cpu_s(self) -> float:
        """Return the CPU seconds of scheduler and workers so far."""
        used = [p.cpu_times() for p in self.processes]
        return float(sum(t.user + t.system for t in used))


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Run a scheduler and its workers until the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "scheduler.json"
        started = [_start("dask_scheduler", file, "--port", "0", "--no-dashboard")]
        try:
            _wait(file)
            one = ("--nthreads", "1", "--no-dashboard", "--memory-limit", "0", "--no-nanny")
            started += [_start("dask_worker", file, *one) for _ in range(WORKERS)]
            with Client(scheduler_file=str(file), set_as_default=False) as client:
                client.wait_for_workers(WORKERS, timeout=60)
                address = client.scheduler.address
            yield Cluster(address, tuple(psutil.Process(p.pid) for p in started))
        finally:
            for process in reversed(started):
                process.terminate()
            for process in started:
                process.wait(20)


def _start(program: str, file: Path, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", f"distributed.cli.{program}", "--host", "127.0.0.1"]
    return subprocess.Popen(
        [*command, "--scheduler-file", str(file), *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _wait(file: Path) -> None:
    for _ in range(300):
        if file.exists():
            return
        time.sleep(0.1)
    raise SystemExit("the scheduler did not start within 30 s")
