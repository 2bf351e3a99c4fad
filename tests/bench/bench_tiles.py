"""A merge in tiles: in one process, in processes of this machine, on a cluster of two workers."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep

import psutil

from tests.bench.child import Cost, program, run
from tests.bench.figures import Figure, publish
from tests.bench.state import state

WORKERS = 2


@dataclass(frozen=True, slots=True)
class Spread:
    """CPU seconds of the driver and all workers, and the largest resident size of a worker."""

    cpu_s: float
    peak_mib: float


def main(sizes: list[int]) -> None:
    """Link a state of each size; a first run compiles the kernels and is not counted."""
    figures = []
    for size in sizes:
        made = state(size)
        tiles_merge(made.folder)
        alone = tiles_merge(made.folder)
        local = tiles_merge(made.folder, "--workers", str(WORKERS))
        spread = on_cluster(made.folder)
        what = f"{made.parcels:,} parcels"
        figures += [
            Figure(f"in one process, {what}: CPU", alone.cpu_s, "s"),
            Figure(f"in one process, {what}: wall", alone.wall_s, "s"),
            Figure(f"in one process, {what}: peak", alone.peak_mib, "MiB", 600, 400),
            Figure(f"{WORKERS} processes, {what}: wall", local.wall_s, "s"),
            Figure(f"{WORKERS} processes, {what}: peak of one", local.peak_mib, "MiB", 600, 400),
            Figure(
                f"dask, {WORKERS} workers, {what}: CPU by that of one process",
                spread.cpu_s / alone.cpu_s,
                "×",
                1.25,
                1.15,
            ),
            Figure(f"dask, {what}: peak of a worker", spread.peak_mib, "MiB", 600, 400),
        ]
        for left in ("runs", "links.json"):
            path = made.folder / left
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    publish("tiles", figures, sizes=sizes)


def tiles_merge(folder: Path, *options: str) -> Cost:
    """Run the command."""
    return run(program("flurbuch"), "tiles", "merge", str(folder), *options)


def on_cluster(folder: Path) -> Spread:
    """Run the command on a scheduler and workers that are started for it on loopback."""
    with TemporaryDirectory() as scratch, ExitStack() as open_:
        file = Path(scratch) / "scheduler.json"
        open_.enter_context(started("dask_scheduler", file, "--port", "0"))
        while not (file.exists() and file.read_text(encoding="utf-8").strip().endswith("}")):
            sleep(0.1)
        one = ("--no-nanny", "--nthreads", "1")
        workers = [open_.enter_context(started("dask_worker", file, *one)) for _ in range(WORKERS)]
        address = file.read_text(encoding="utf-8").split('"address": "')[1].split('"')[0]
        sleep(5)  # until the workers have loaded their own libraries
        began = [cpu(worker) for worker in workers]
        driver = tiles_merge(folder, "--scheduler", address)
        spent = sum(cpu(w) - b for w, b in zip(workers, began, strict=True))
        return Spread(driver.cpu_s + spent, max(peak_mib(worker) for worker in workers))


@contextmanager
def started(name: str, file: Path, *options: str) -> Iterator[psutil.Process]:
    """Run one of dask's programs on loopback, and end it."""
    command = [sys.executable, "-m", f"distributed.cli.{name}", "--host", "127.0.0.1"]
    with subprocess.Popen(
        [*command, "--no-dashboard", "--scheduler-file", str(file), *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield psutil.Process(process.pid)
        finally:
            process.kill()


def cpu(process: psutil.Process) -> float:
    """Return the CPU seconds of a process so far."""
    times = process.cpu_times()
    return times.user + times.system


def peak_mib(process: psutil.Process) -> float:
    """Return the largest resident size of a process so far."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
