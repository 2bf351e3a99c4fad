"""The merge: of laid-out states beside geopandas and a mere look at them, and as a command."""

import shutil
from pathlib import Path

from tests.bench.city import City, stored
from tests.bench.figures import Figure, publish
from tests.bench.ours import OurCost, run_ours
from tests.bench.peers import PeerCost, run_peer
from tests.bench.state import state

SMALL, LARGE = 80_000, 1_040_000
WHOLE, LAND_USE, READ, GROWTH, ONE_PERCENT = 1 / 20, 1 / 30, 3.0, 1.15, 0.03
COLD_S = 1.5
AIM = {
    WHOLE: 1 / 40,
    LAND_USE: 1 / 60,
    READ: 2.0,
    GROWTH: 1.10,
    ONE_PERCENT: 0.015,
    COLD_S: 0.5,
}


def main(sizes: list[int]) -> None:
    """Measure the states of 80,000 and a million parcels, then the command on each city."""
    figures = [*beside_geopandas(), *at_scale(), *following(), *commands(sizes)]
    publish("merge", figures, sizes=[*sizes, SMALL, LARGE])


def beside_geopandas() -> list[Figure]:
    """Merge 80,000 parcels beside geopandas and pandas."""
    folder = state(SMALL).folder
    theirs = run_peer("geopandas", folder)
    ours = best("tiles", folder)
    use = best("land-use", folder).cpu_s["land use"]
    peer = {"geopandas, pandas": theirs.total_s}
    there = theirs.cpu_s["land use"]
    return [
        Figure(f"whole merge, {SMALL:,} parcels: CPU", total(ours), "s", peer=peer),
        part("as part of geopandas' CPU", total(ours) / theirs.total_s, WHOLE),
        Figure(f"land use, {SMALL:,} parcels: CPU", use, "s", peer={"geopandas overlay": there}),
        part("as part of the overlay's CPU", use / there, LAND_USE),
    ]


def at_scale() -> list[Figure]:
    """Merge a million parcels, tile by tile, beside a mere look at the inputs."""
    folders = {size: state(size).folder for size in (SMALL, LARGE)}
    read = {size: least(folder).total_s for size, folder in folders.items()}
    ours = {size: best("tiles", folder) for size, folder in folders.items()}
    figures = []
    for size in folders:
        looked = {"reading the inputs once": read[size]}
        figures += [
            Figure(f"whole merge, {size:,} parcels: CPU", total(ours[size]), "s", peer=looked),
            part("as multiple of reading once", total(ours[size]) / read[size], READ),
        ]
    growth = (total(ours[LARGE]) / LARGE) / (total(ours[SMALL]) / SMALL)
    what = f"cost of a parcel at {LARGE:,} by that at {SMALL:,}"
    return [*figures, part(what, growth, GROWTH)]


def following() -> list[Figure]:
    """Let links follow changes."""
    figures = []
    for size in (SMALL, LARGE):
        cost = run_ours("follow", state(size).folder).cpu_s
        figures += [
            Figure(
                f"links in memory from scratch, {size:,} parcels: CPU", cost["from scratch"], "s"
            ),
            part(
                f"1 % of parcels and trees changed, {size:,}, as part of that",
                cost["1 % scattered"] / cost["from scratch"],
                ONE_PERCENT,
            ),
            Figure(
                f"one parcel split, {size:,} parcels: CPU",
                cost["one split"] * 1000,
                "ms",
                required=5.0 if size == LARGE else None,
            ),
        ]
    return figures


def commands(sizes: list[int]) -> list[Figure]:
    """Run ``flurbuch merge`` on each city's store: whole, and with nothing to do but start."""
    figures = []
    for size in sizes:
        made = stored(size)
        copy = City(made.parcels, made.files, made.data.with_name("merge-data"))
        shutil.rmtree(copy.data, ignore_errors=True)
        shutil.copytree(made.data, copy.data)
        whole = min((copy.flurbuch("merge", "--whole") for _ in range(3)), key=lambda c: c.cpu_s)
        idle = min((copy.flurbuch("merge") for _ in range(3)), key=lambda c: c.cpu_s)
        cold = size == min(sizes)
        what = f"{size:,} parcels"
        figures += [
            Figure(
                f"flurbuch merge --whole, {what}: CPU",
                whole.cpu_s,
                "s",
                required=COLD_S if cold else None,
                aim=AIM[COLD_S] if cold else None,
            ),
            Figure(f"flurbuch merge --whole, {what}: peak", whole.peak_mib, "MiB", 600, 400),
            Figure(f"flurbuch merge, {what}, nothing imported since: CPU", idle.cpu_s, "s"),
        ]
        shutil.rmtree(copy.data)
    return figures


def part(figure: str, value: float, required: float) -> Figure:
    """Return a ratio with what is required of it and aimed at."""
    return Figure(figure, value, "", required=required, aim=AIM[required])


def total(cost: OurCost) -> float:
    """Return the CPU seconds of all steps."""
    return sum(cost.cpu_s.values())


def best(way: str, folder: Path) -> OurCost:
    """Return the cheapest of three runs."""
    return min((run_ours(way, folder) for _ in range(3)), key=total)


def least(folder: Path) -> PeerCost:
    """Return the cheapest of three mere looks at the inputs."""
    return min((run_peer("read", folder) for _ in range(3)), key=lambda c: c.total_s)
