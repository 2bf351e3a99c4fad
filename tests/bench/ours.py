"""What a merge of a laid-out state costs us, each way in a process of its own.

    python -m tests.bench.ours tiles|land-use|follow FOLDER > figures.json

Prints CPU seconds by step and the largest resident size as JSON.
"""

import json
import resource
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from gis_core.merge.fabric import ParcelFabric
from gis_core.merge.flat import FlatShapes
from gis_core.merge.kernels.warm import compile_kernels
from gis_core.merge.links import Links
from gis_core.merge.living_links import LivingLinks
from gis_core.merge.living_measures import Rule
from gis_core.merge.living_shapes import LivingShapes
from gis_core.merge.points import place_points
from gis_core.merge.shares import overlap
from layers.merging.distributed.merging import merge_place
from layers.merging.distributed.runners import InProcess
from tests.bench.child import own_cpu
from tests.bench.peers import STREETS

RULES = {
    "baum": Rule(how="point", accuracy_m=1.0, nearest_m=2.0),
    "strassenschaden": Rule(how="point", accuracy_m=3.0, nearest_m=5.0, prefer=True),
    "grab": Rule(how="share", accuracy_m=0.3),
    "gebaeude_bauwerk": Rule(how="share", accuracy_m=0.1),
    "nutzung": Rule(how="share", accuracy_m=0.5),
}
ROUNDS = 3
SINGLE_SPLITS = 20


@dataclass(frozen=True, slots=True)
class OurCost:
    """CPU seconds of every step and the largest resident size in MiB."""

    cpu_s: dict[str, float]
    peak_mib: float


class Guests(NamedTuple):
    """The features of a collection: what a merge knows of them."""

    ids: np.ndarray
    flat: FlatShapes
    radius: np.ndarray | None


def run_ours(way: str, folder: Path) -> OurCost:
    """Merge in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.ours", way, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    return OurCost(**json.loads(done.stdout))


def in_tiles(folder: Path) -> dict[str, float]:
    """Merge everything, tile by tile, keys included, and write the links."""
    compile_kernels()
    return {"merge": spent(lambda: merge_place(str(folder), InProcess()))}


def land_use(folder: Path) -> dict[str, float]:
    """Share out the land use, parcels being indexed, as an overlay does; best of three."""
    compile_kernels()
    fabric = parcels_of(folder)
    column = read(folder, "nutzung", "geometry")

    def share() -> Links:
        return overlap(FlatShapes.from_arrow(column), fabric, accuracy_m=0.5)

    share()
    return {"land use": min(spent(share) for _ in range(3))}


def follow(folder: Path) -> dict[str, float]:
    """Keep links in memory: all from scratch, 1 % of parcels and trees changed, single splits.

    Best of three from scratch, the median of three rounds of changes and of the single splits.
    Drawing the changes, naming and cutting the halves are not the merge's; reading the links
    that changed is.
    """
    compile_kernels()
    key = read(folder, "flurstueck", "parcel_key").to_numpy(zero_copy_only=False)
    order = np.argsort(key, kind="stable")
    flat = FlatShapes.from_arrow(read(folder, "flurstueck", "geometry")).take(order)
    use = read(folder, "flurstueck", "use").to_pandas().str.startswith(STREETS).to_numpy()[order]
    guests = {name: features_of(folder, name) for name in RULES}
    cost = {"from scratch": min(spent(lambda: whole(key[order], flat, use, guests)) for _ in "123")}
    parcels = LivingShapes(key[order], flat, use.astype(np.float64))
    features = {name: LivingShapes(*given) for name, given in guests.items()}
    links = {name: LivingLinks(parcels, features[name], rule) for name, rule in RULES.items()}
    rng = np.random.default_rng(1)
    split(parcels, links, *halves_of(parcels, some_of(parcels, 3, rng)))  # loads what is left
    costs = []
    for _ in range(ROUNDS):
        cut = halves_of(parcels, some_of(parcels, len(flat) // 100, rng))
        trees = some_of(features["baum"], len(guests["baum"].ids) // 100, rng)
        moved = trees_moved(features["baum"], trees, rng)
        costs.append(spent(lambda: split(parcels, links, *cut)))  # noqa: B023 - called at once
        costs[-1] += spent(lambda: move(features["baum"], links["baum"], *moved))  # noqa: B023
    cost["1 % scattered"] = float(np.median(costs))
    costs = []
    for _ in range(SINGLE_SPLITS):
        cut = halves_of(parcels, some_of(parcels, 1, rng))
        costs.append(spent(lambda: split(parcels, links, *cut)))  # noqa: B023 - called at once
    cost["one split"] = float(np.median(costs))
    return cost


def whole(
    key: np.ndarray, flat: FlatShapes, street: np.ndarray, features: dict[str, Guests]
) -> None:
    """Make all links from warm arrays, as a merge does that knows nothing of before."""
    fabric = ParcelFabric.build(key, flat, engine="kernels")
    for name, rule in RULES.items():
        shapes = features[name].flat
        if rule.how == "share":
            overlap(shapes, fabric, accuracy_m=rule.accuracy_m)
        else:
            place_points(
                shapes.box[:, :2],
                fabric,
                radius=features[name].radius,
                accuracy_m=rule.accuracy_m,
                nearest_m=rule.nearest_m,
                preferred=street if rule.prefer else None,
            )


def some_of(shapes: LivingShapes, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return slots of living shapes."""
    return rng.choice(np.flatnonzero(shapes.alive), count, replace=False)


def halves_of(
    parcels: LivingShapes, slots: np.ndarray
) -> tuple[np.ndarray, np.ndarray, FlatShapes, np.ndarray]:
    """Return parcels to cut in two side by side: their keys, the halves', these, their uses."""
    shapes = parcels.take(slots).to_shapely()
    x0, y0, x1, y1 = shapely.bounds(shapes).T
    middle = (x0 + x1) / 2
    west = shapely.intersection(shapes, shapely.box(x0, y0, middle, y1))
    east = shapely.intersection(shapes, shapely.box(middle, y0, x1, y1))
    halves = np.concatenate([west, east])
    solid = shapely.area(halves) > 0
    key = parcels.id[slots]
    names = np.concatenate([key + "-1", key + "-2"])
    flat = FlatShapes.from_shapely(halves[solid])
    return key, names[solid], flat, np.tile(parcels.number[slots], 2)[solid]


def split(
    parcels: LivingShapes,
    links: dict[str, LivingLinks],
    key: np.ndarray,
    names: np.ndarray,
    halves: FlatShapes,
    street: np.ndarray,
) -> None:
    """Put the halves in place of the parcels, let the links follow and read what changed."""
    gone = parcels.remove(key)
    came = parcels.add(names, halves, street)
    for each in links.values():
        each.links_of(each.parcels_changed(gone, came))


def trees_moved(
    trees: LivingShapes, slots: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, FlatShapes, np.ndarray]:
    """Return trees: their ids, places for them within twenty metres, their radii."""
    xy = trees.take(slots).box[:, :2] + rng.uniform(-20, 20, (len(slots), 2))
    return trees.id[slots], FlatShapes.from_shapely(shapely.points(xy)), trees.number[slots]


def move(
    trees: LivingShapes, links: LivingLinks, ids: np.ndarray, places: FlatShapes, radius: np.ndarray
) -> None:
    """Plant trees anew, let their links follow and read them."""
    gone = trees.remove(ids)
    came = trees.add(ids, places, radius)
    links.features_changed(gone, came)
    links.links_of(came)


def parcels_of(folder: Path) -> ParcelFabric:
    """Return the parcels, indexed."""
    key = read(folder, "flurstueck", "parcel_key").to_numpy(zero_copy_only=False)
    flat = FlatShapes.from_arrow(read(folder, "flurstueck", "geometry"))
    return ParcelFabric.build(key, flat, engine="kernels")


def features_of(folder: Path, name: str) -> Guests:
    """Return a collection's features in the order of their ids."""
    ids = read(folder, name, "feature_id").to_numpy(zero_copy_only=False)
    order = np.argsort(ids, kind="stable")
    flat = FlatShapes.from_arrow(read(folder, name, "geometry")).take(order)
    radius = read(folder, name, "radius_m").to_numpy()[order] if name == "baum" else None
    return Guests(ids[order], flat, None if radius is None else np.nan_to_num(radius))


def read(folder: Path, collection: str, column: str) -> pa.Array:
    """Read one column of all parts of a collection."""
    parts = sorted((folder / collection).glob("part-*.parquet"))
    tables = [pq.read_table(part, columns=[column], use_threads=False) for part in parts]
    return pa.concat_tables(tables)[column].combine_chunks()


def spent(work: Callable[[], object]) -> float:
    """Return the CPU seconds of some work."""
    began = own_cpu()
    work()
    return own_cpu() - began


WAYS = {"tiles": in_tiles, "land-use": land_use, "follow": follow}


def main() -> None:
    """Merge one way; print what it cost."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("way", choices=WAYS)
    parser.add_argument("folder", type=Path)
    asked = parser.parse_args()
    cost = WAYS[asked.way](asked.folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"cpu_s": cost, "peak_mib": peak}) + "\n")


if __name__ == "__main__":
    main()
