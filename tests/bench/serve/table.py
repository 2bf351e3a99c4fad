"""The table: what is required of each answer, what it cost, and what others needed for it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from tests.bench.figures import Figure
from tests.bench.serve.measuring import Measured
from tests.bench.serve.memory import WARM, growth

SIZE = 80_000
"""Parcels for which figures are required."""

FIRST_PAGE, PLAIN_TILE = "first page", "R8 without gzip"
"""Questions to us alone: a page that the deep one should cost no more than; a tile unpacked."""

Results = Mapping[str, Measured]  # by question
OfPeers = Mapping[str, Results]  # by server


@dataclass(frozen=True, slots=True)
class Goal:
    """CPU ms of an answer, required and aimed at; how often the best peer's rate is aimed at."""

    title: str
    required: float | None = None
    aim: float | None = None
    times: float | None = None


GOALS = {
    "R1": Goal("R1 items, limit 10", 0.4, 0.3, 20),
    "R2": Goal("R2 items, limit 1000", 2.0, 1.0, 40),
    "R3": Goal("R3 window of 500 m", 1.3, 1.0, 20),
    "R4": Goal("R4 one parcel", 0.35, 0.25, 15),
    "R5": Goal("R5 equality", 0.5, 0.3, 15),
    "R6": Goal("R6 deep page of 100", 0.5, None, 200),
    "R7": Goal("R7 hits in a window", 0.5, 0.35, 15),
    "R8 z15": Goal("R8 tile, zoom 15, cached", 0.5, 0.35, 40),
    "R8 z16": Goal("R8 tile, zoom 16, cached", 0.5, 0.35, 25),
    PLAIN_TILE: Goal("R8 tile, zoom 15, cached, without gzip"),
    "R10": Goal("R10 window in EPSG:25832", 1.4, 1.0, 20),
    "CQL2": Goal("CQL2: area, use and trees, 10 hits", 3.0, 2.0),
    "parcel dossier (JSON)": Goal("parcel dossier (JSON)"),
    "parcel page (HTML)": Goal("parcel page (HTML)"),
}
_WAITS = {"R3": 25.0, "R4": 10.0}  # p99 in ms
_FLAT, _FLAT_AIM = 0.7, 0.8
_GROWN = 0.05


def answers(size: int, ours: Results, peers: OfPeers) -> Iterator[Figure]:
    """Yield CPU and rate of each kind of answer, and how long the slowest of a hundred takes."""
    goals = dict(GOALS)
    goals["R6"] = replace(goals["R6"], aim=ours[FIRST_PAGE].cpu_ms)
    for key in (key for key in goals if key in ours):
        goal, mine, theirs = goals[key], ours[key], _right(key, peers)
        cpu = {name: m.cpu_ms for name, m in theirs.items()}
        required, wanted = (goal.required, goal.aim) if size == SIZE else (None, None)
        yield Figure(f"{goal.title}: CPU", mine.cpu_ms, "ms", required, wanted, cpu)
        rates = {name: m.rate for name, m in theirs.items()}
        aim = max(rates.values()) * goal.times if rates and goal.times else None
        title = f"{goal.title}: at 16 clients"
        yield Figure(title, mine.rate, "req/s", aim=aim, peer=rates, at_least=True)
        if key in _WAITS:
            waits = {name: m.p99_ms for name, m in theirs.items()}
            required = _WAITS[key] if size == SIZE else None
            yield Figure(f"{goal.title}: p99 of 16", mine.p99_ms, "ms", required, peer=waits)


def scale(small: int, large: int, ours: Mapping[int, Results]) -> Iterator[Figure]:
    """Yield how rates follow from few parcels to many."""
    for key in (key for key in GOALS if key.startswith("R") and key in ours[large]):
        ratio = ours[large][key].rate / ours[small][key].rate
        title = f"{GOALS[key].title}: rate at {large:,} parcels by that at {small:,}"
        yield Figure(title, ratio, "×", _FLAT, _FLAT_AIM, at_least=True)


def cold_tile(size: int, cpu_ms: float, peers: OfPeers) -> Figure:
    """Return what a tile costs that nobody asked for before; peers make each anew anyway."""
    cpu = {name: m.cpu_ms for name, m in _right("R8 z15", peers).items()}
    required, aim = (20.0, 10.0) if size == SIZE else (None, None)
    return Figure("R8 tile, zoom 15, cold: CPU", cpu_ms, "ms", required, aim, cpu)


def packing(size: int, cpu_ms: float) -> Figure:
    """Return what compression costs on top."""
    required = 0.4 if size == SIZE else None
    return Figure("R3 window of 500 m, gzip: CPU on top", cpu_ms, "ms", required)


def whole(size: int, ours: Measured, grown_mib: float, peers: OfPeers) -> Iterator[Figure]:
    """Yield what all features in one answer take, and what memory they leave behind."""
    title, there = f"R9 all {size:,} in one answer", size == SIZE
    theirs = _right("R9", peers)
    walls = {name: 1 / m.rate for name, m in theirs.items()}
    required, aim = (0.6, 0.45) if there else (None, None)
    yield Figure(f"{title}: wall", 1 / ours.rate, "s", required, aim, walls)
    yield Figure(f"{title}: memory more", grown_mib, "MiB", 50 if there else None)


def held(memory: Mapping[int, list[float]], encoding: str) -> Iterator[Figure]:
    """Yield what the largest worker holds as requests go by, and how much it grew once warm."""
    title = "memory of a worker" + (f", {encoding}" if encoding != "identity" else "")
    for stop, workers in memory.items():
        yield Figure(f"{title}: after {stop:,} requests", max(workers), "MiB")
    warm, last = WARM[encoding], max(memory)
    yield Figure(f"{title}: growth from {warm:,}", growth(memory[warm], memory[last]), "", _GROWN)


def notes(missing: Mapping[str, str], peers: OfPeers, refused: list[str]) -> list[str]:
    """Return what a reader of the table has to know of the peers."""
    absent = [
        f"{name}: not installed ({what}); scripts/peers.sh installs it"
        for name, what in missing.items()
    ]
    wrong = [
        f"{name}, {key}: {m.fault} ({m.cpu_ms:,.3g} CPU ms, {m.rate:,.3g} req/s)"
        for name, results in peers.items()
        for key, m in results.items()
        if m.fault
    ]
    return [*absent, *refused, *wrong]


def _right(key: str, peers: OfPeers) -> dict[str, Measured]:
    """Return the peers whose answers are right; where there are none, the others, and say so."""
    asked = {name: results[key] for name, results in peers.items() if key in results}
    right = {name: m for name, m in asked.items() if not m.fault}
    return right or {f"{name} (wrong)": m for name, m in asked.items()}
