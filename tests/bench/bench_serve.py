"""What an answer costs the server: CPU of the whole server per request, and how long it takes.

Two workers, access log on, connections kept alive, no compression unless said; the requests R1 to
R10 of the issue's table. The client is a process of its own whose CPU is not counted.
"""

import json
import math
import random
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter, sleep

import httpx
import psutil

from tests.bench.child import program
from tests.bench.city import City, stored
from tests.bench.figures import Figure, publish
from tests.bench.load import load

_ROUNDS = 3
_CLIENTS = 16
_LARGE = 80_000  # parcels for which figures are required
_SPREAD = 200  # places that are asked about
_CRS = "http://www.opengis.net/def/crs/EPSG/0/25832"
_ITEMS = "/collections/flurstueck/items"


@dataclass(frozen=True, slots=True)
class Question:
    """One kind of request: its paths, and the CPU ms that it may and should cost."""

    name: str
    paths: list[str]
    required: float | None = None
    aim: float | None = None


def main(sizes: list[int]) -> None:
    """Ask the questions of each city's server."""
    figures, hits = [], {}
    for size in sizes:
        with serving(stored(size)) as (port, process):
            asked = questions(port)
            for question in asked:
                cost = cpu_ms(port, process, question.paths)
                bounds = (question.required, question.aim) if size == _LARGE else (None, None)
                figures.append(
                    Figure(f"{question.name}, {size:,} parcels", cost, "CPU ms", *bounds)
                )
            figures += waits(port, asked, size)
            figures += packed(port, process, asked, size)
            figures += whole(port, process, size)
            hits[size] = mean_hits(port, asked)
    publish("serve", figures, sizes=sizes, workers=2, mean_features_in_a_window=hits)


def questions(port: int) -> list[Question]:
    """Return the questions, each about many places."""
    chance = random.Random(5)  # noqa: S311 - the same places in every run
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        count = client.get(_ITEMS, params={"resulttype": "hits"}).json()["numberMatched"]
        some = [
            client.get(_ITEMS, params={"limit": 1, "offset": at}).json()["features"][0]
            for at in sorted(chance.sample(range(count), _SPREAD))
        ]
    windows = [window(feature) for feature in some]
    deep, boxes = count * 5 // 8, f"{_ITEMS}?limit=1000&bbox="
    keys = [feature["properties"]["flstkennz"] for feature in some]
    return [
        Question("R1 items, limit 10", [f"{_ITEMS}?limit=10"], 0.4, 0.3),
        Question("R2 items, limit 1000", [f"{_ITEMS}?limit=1000"], 2.0, 1.0),
        Question("R3 window of 500 m", [f"{boxes}{w}" for w in windows], 1.3, 1.0),
        Question("R4 one parcel", [f"{_ITEMS}/{f['id']}" for f in some], 0.35, 0.25),
        Question("R5 equality", [f"{_ITEMS}?flstkennz={key}" for key in keys], 0.5, 0.3),
        Question(f"R6 page at row {deep:,}", [f"{_ITEMS}?limit=100&offset={deep}"], 0.5),
        Question(
            "R7 hits in a window",
            [f"{_ITEMS}?resulttype=hits&bbox={w}" for w in windows],
            0.5,
            0.35,
        ),
        Question(
            "R10 window in 25832",
            [f"{boxes}{w}&crs={_CRS}" for w in windows],
            1.4,
            1.0,
        ),
        Question("parcel dossier (JSON)", [f"/parcels/{key}" for key in keys[:20]]),
        Question("parcel page (HTML)", [f"/parcels/{key}?f=html" for key in keys[:10]]),
    ]


def window(feature: dict[str, dict[str, list[list[list[list[float]]]]]]) -> str:
    """Return the box of 500 m around a parcel's first corner."""
    x, y = feature["geometry"]["coordinates"][0][0][0]
    high = 250 / 111_320
    wide = high / math.cos(math.radians(y))
    return f"{x - wide:.6f},{y - high:.6f},{x + wide:.6f},{y + high:.6f}"


def cpu_ms(port: int, process: psutil.Process, paths: list[str]) -> float:
    """Return the least CPU milliseconds per request over some rounds."""
    began = perf_counter()
    load(port, paths[:20], _CLIENTS)
    times = max(len(paths[:20]), int(1.5 / max((perf_counter() - began - 0.25) / 20, 5e-4)))
    paths = (paths * (times // len(paths) + 1))[:times]
    best = float("inf")
    for _ in range(_ROUNDS):
        before = tree_cpu(process)
        answered = load(port, paths, _CLIENTS).answers
        best = min(best, (tree_cpu(process) - before) / answered * 1000)
    return best


def waits(port: int, asked: list[Question], size: int) -> Iterator[Figure]:
    """Yield how long the slowest of a hundred waits when sixteen ask at once."""
    for question, required in ((asked[2], 25.0), (asked[3], 10.0)):
        took = min(load(port, question.paths * 10, _CLIENTS).p99_ms for _ in range(_ROUNDS))
        name = f"{question.name}, p99 of 16 clients, {size:,} parcels"
        yield Figure(name, took, "ms", required if size == _LARGE else None)


def packed(
    port: int, process: psutil.Process, asked: list[Question], size: int
) -> Iterator[Figure]:
    """Yield what compression costs on top, for windows that were not asked before."""
    windows = asked[2].paths

    def cost(encoding: str, fresh: int) -> float:
        # Another limit is another answer: nothing is compressed already.
        paths = [p.replace("limit=1000", f"limit={2000 + fresh}") for p in windows]
        before = tree_cpu(process)
        answered = load(port, paths, _CLIENTS, encoding).answers
        return (tree_cpu(process) - before) / answered * 1000

    plain = min(cost("identity", i) for i in range(_ROUNDS))
    more = min(cost("gzip", 10 + i) for i in range(_ROUNDS)) - plain
    required = 0.4 if size == _LARGE else None
    yield Figure(f"R3 gzip, on top, {size:,} parcels", more, "CPU ms", required)


def whole(port: int, process: psutil.Process, size: int) -> Iterator[Figure]:
    """Yield what all features in one answer take."""
    path = [f"{_ITEMS}?limit=100000"]
    before, took = resident(process), min(load(port, path).wall_s for _ in range(_ROUNDS))
    required = (0.6, 0.45) if size == _LARGE else (None, None)
    yield Figure(f"R9 all in one answer, {size:,} parcels", took, "s", *required)
    grown = resident(process) - before
    yield Figure(f"R9 memory more, {size:,} parcels", grown, "MiB", 50 if size == _LARGE else None)


def mean_hits(port: int, asked: list[Question]) -> float:
    """Return how many features a window holds on average."""
    get: Callable[[str], httpx.Response] = httpx.Client(base_url=f"http://127.0.0.1:{port}").get
    found = [json.loads(get(path).content)["numberMatched"] for path in asked[6].paths]
    return round(float(sum(found)) / len(found), 1)


def tree(process: psutil.Process) -> list[psutil.Process]:
    """Return a process and those below it."""
    return [process, *process.children(recursive=True)]


def tree_cpu(process: psutil.Process) -> float:
    """Return the CPU seconds of a process and those below it."""
    used = [p.cpu_times() for p in tree(process)]
    return float(sum(t.user + t.system for t in used))


def resident(process: psutil.Process) -> float:
    """Return the memory in MiB that belongs to a process and those below it alone, not to files."""
    full = [p.memory_info() for p in tree(process)]
    return float(sum(m.rss - m.shared for m in full)) / 2**20


@contextmanager
def serving(made: City, workers: int = 2) -> Iterator[tuple[int, psutil.Process]]:
    """Serve a city on a free loopback port until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [program("flurbuch"), "--data", str(made.data), "serve", "--port", str(port)]
    command += ["--workers", str(workers), "--access-log"]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            try:
                httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5).raise_for_status()
                break
            except httpx.TransportError:
                sleep(0.1)
        else:
            sys.exit("the server did not answer within 30 s")
        yield port, psutil.Process(child.pid)
    finally:
        child.terminate()
        child.wait(20)
