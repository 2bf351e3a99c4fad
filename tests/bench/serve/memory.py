"""Whether memory stays flat over a hundred thousand requests, plain and with gzip."""

import re
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path

import psutil

from tests.bench.load import load
from tests.bench.serve.asking import Question
from tests.bench.serve.measuring import CLIENTS
from tests.bench.serve.servers import Server

STOPS = {
    "identity": (1_000, 10_000, 50_000, 100_000),
    "gzip": (1_000, 100_000, 200_000),
}
WARM = {"identity": 10_000, "gzip": 100_000}
"""Requests after which nothing is new: packed answers are kept until there is no more room."""
_AT_ONCE = 5_000
_KINDS = ("R1", "R3", "R4", "R5", "R6", "R7", "R8 z15", "R8 z16", "R10")


def memory(server: Server, asked: Sequence[Question], encoding: str) -> dict[int, list[float]]:
    """Ask all kinds of questions by turns; return the MiB of each worker at each stop."""
    paths = [q.paths for q in asked if q.key in _KINDS]
    turns = zip(*(cycle(kind) for kind in paths), strict=False)
    every = (path for turn in turns for path in turn)
    held: dict[int, list[float]] = {}
    done = 0
    for stop in STOPS[encoding]:
        while done < stop:
            count = min(_AT_ONCE, stop - done)
            load(server.port, list(islice(every, count)), CLIENTS, encoding)
            done += count
        held[stop] = [anonymous_mib(worker) for worker in server.workers()]
    return held


def growth(warm: list[float], last: list[float]) -> float:
    """Return by what part the worker that grew most did."""
    return max(after / before - 1 for before, after in zip(warm, last, strict=True))


def anonymous_mib(process: psutil.Process) -> float:
    """Return the memory that belongs to a process alone and to no file, in MiB."""
    told = Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii")
    found = re.search(r"^Anonymous:\s+(\d+) kB", told, re.MULTILINE)
    assert found
    return int(found[1]) / 1024
