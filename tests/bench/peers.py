"""What others need for the same merge: geopandas, and a mere look at the inputs.

    python -m tests.bench.peers geopandas|keys|read FOLDER [--links DIR] > figures.json

Each run is a process of its own; it prints the CPU seconds of every step as JSON. With ``--links``
it writes its link tables: feature, parcel key, and what was measured.
"""

import json
import resource
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from gis_core.districts import DistrictCatalogue
from tests.bench.child import own_cpu
from tests.bench.peer_keys import clean_keys

STREETS = ("Straßenverkehr", "Weg", "Platz")
NEAREST_M = 5.0
PARTS = "part-*.parquet"

NEEDED = {
    "flurstueck": ["parcel_key", "use", "geometry"],
    "baum": ["feature_id", "geometry", "radius_m"],
    "strassenschaden": ["feature_id", "geometry"],
    "grab": ["feature_id", "geometry"],
    "gebaeude_bauwerk": ["feature_id", "geometry"],
    "nutzung": ["feature_id", "geometry"],
    "grundsteuer": ["feature_id", "stated_key"],
}
"""Columns that a merge cannot do without: links name features."""


COLLECTION = {
    "trees": "baum",
    "stems": "baum",
    "damages": "strassenschaden",
    "graves": "grab",
    "buildings": "gebaeude_bauwerk",
    "land use": "nutzung",
    "tax keys": "grundsteuer",
}
"""What each step links."""


@dataclass(frozen=True, slots=True)
class PeerCost:
    """What a peer needed: CPU seconds of every step, links made, the largest size in MiB."""

    cpu_s: dict[str, float]
    links: dict[str, int]
    peak_mib: float

    @property
    def total_s(self) -> float:
        """CPU seconds of all steps, without starting Python."""
        return sum(self.cpu_s.values())


def run_peer(name: str, folder: Path, links: Path | None = None) -> PeerCost:
    """Run a peer in a process of its own; keep its link tables if a folder is given."""
    command = [sys.executable, "-m", "tests.bench.peers", name, str(folder)]
    if links:
        command += ["--links", str(links)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    return PeerCost(**json.loads(done.stdout))


@dataclass(frozen=True, slots=True)
class Differences:
    """How two link tables differ: pairs that only one has, and how far measures are apart."""

    only_ours: int
    only_theirs: int
    largest: float


def compare(ours: pd.DataFrame, theirs: pd.DataFrame, measure: str = "") -> Differences:
    """Compare link tables by ``feature`` and ``parcel``, and a column that both have."""
    both = ours.merge(
        theirs, on=["feature", "parcel"], how="outer", suffixes=("", "_theirs"), indicator="side"
    )
    side = both["side"].value_counts()
    apart = (both[measure] - both[f"{measure}_theirs"]).abs().max() if measure else 0.0
    return Differences(int(side["left_only"]), int(side["right_only"]), float(apart))


@dataclass
class Steps:
    """CPU seconds of every step, and the link tables if they are wanted."""

    cpu_s: dict[str, float] = field(default_factory=dict)
    links: dict[str, pd.DataFrame] = field(default_factory=dict)

    def run[T](self, name: str, work: Callable[[], T]) -> T:
        """Carry out a step and note what it cost."""
        began = own_cpu()
        done = work()
        self.cpu_s[name] = own_cpu() - began
        return done

    def link(self, name: str, work: Callable[[], pd.DataFrame]) -> None:
        """Carry out a step that links features to parcels."""
        found = self.run(name, work)
        self.links[name] = found.sort_values(["feature", "parcel"]).reset_index(drop=True)


def geopandas_merge(folder: Path) -> Steps:
    """Merge with geopandas' joins and overlays, keys with pandas, as an analyst would."""
    steps = Steps()

    def read(collection: str) -> gpd.GeoDataFrame:
        parts = (folder / collection).glob(PARTS)
        frames = [gpd.read_parquet(part, columns=NEEDED[collection]) for part in sorted(parts)]
        return pd.concat(frames, ignore_index=True).reset_index(names="feature")

    def parcels_indexed() -> gpd.GeoDataFrame:
        frame = read("flurstueck").rename(columns={"feature": "parcel"})
        assert frame.sindex.size
        return frame

    parcels = steps.run("parcels", parcels_indexed)
    ground = parcels[["parcel", "geometry"]]
    streets = ground[parcels["use"].str.startswith(STREETS)]
    steps.link("trees", lambda: points(read("baum"), parcels))
    steps.link("stems", lambda: stems(read("baum"), ground))
    steps.link("damages", lambda: nearest(read("strassenschaden"), streets, parcels))
    for name, collection in (
        ("graves", "grab"),
        ("buildings", "gebaeude_bauwerk"),
        ("land use", "nutzung"),
    ):
        steps.link(name, lambda c=collection: areas(read(c), ground))
    steps.link("tax keys", lambda: keys(folder, parcels["parcel_key"]))
    return steps


def points(trees: gpd.GeoDataFrame, parcels: gpd.GeoDataFrame) -> pd.DataFrame:
    """Give every point the parcel that covers it, on a border the one with the lowest key."""
    ground = parcels[["parcel", "parcel_key", "geometry"]]
    joined = gpd.sjoin(trees[["feature", "geometry"]], ground, predicate="intersects")
    return _lowest_key(joined)[["feature", "parcel"]]


def stems(trees: gpd.GeoDataFrame, ground: gpd.GeoDataFrame) -> pd.DataFrame:
    """Give every stem, a disc, all parcels that it stands on."""
    discs = trees[["feature"]].set_geometry(trees.buffer(trees["radius_m"]))
    return gpd.sjoin(discs, ground, predicate="intersects")[["feature", "parcel"]]


def nearest(
    damages: gpd.GeoDataFrame, streets: gpd.GeoDataFrame, parcels: gpd.GeoDataFrame
) -> pd.DataFrame:
    """Give every damage the nearest street within five metres."""
    joined = gpd.sjoin_nearest(damages, streets, max_distance=NEAREST_M, distance_col="distance_m")
    joined["parcel_key"] = parcels["parcel_key"].to_numpy()[joined["parcel"]]
    return _lowest_key(joined)[["feature", "parcel", "distance_m"]]


def areas(guests: gpd.GeoDataFrame, ground: gpd.GeoDataFrame) -> pd.DataFrame:
    """Cut areas by parcel; m² of every piece."""
    pieces = gpd.overlay(guests, ground, how="intersection", keep_geom_type=True)
    pieces["m2"] = pieces.area
    return pd.DataFrame(pieces[["feature", "parcel", "m2"]])


def keys(folder: Path, parcel_key: pd.Series) -> pd.DataFrame:
    """Clean stated keys with regular expressions and look them up."""
    catalogue = DistrictCatalogue.from_toml((folder / "districts.toml").read_text("utf-8"))
    stated = _read_table(folder / "grundsteuer", NEEDED["grundsteuer"])["stated_key"]
    clean = clean_keys(stated, catalogue).rename("parcel_key")
    known = parcel_key.reset_index(name="parcel_key").rename(columns={"index": "parcel"})
    rows = clean.reset_index(name="parcel_key").rename(columns={"index": "feature"})
    return rows.merge(known, on="parcel_key")[["feature", "parcel"]]


def keys_alone(folder: Path) -> Steps:
    """Only the keys, with nothing else in memory."""
    steps = Steps()
    parcel_key = steps.run(
        "parcels",
        lambda: _read_table(folder / "flurstueck", ["parcel_key"])["parcel_key"],
    )
    steps.link("tax keys", lambda: keys(folder, parcel_key))
    return steps


def read_once(folder: Path) -> Steps:
    """Read the needed columns once and touch all their bytes: less than that no merge can cost."""
    steps = Steps()
    for collection, columns in NEEDED.items():
        steps.run(collection, lambda c=collection, n=columns: _touched(folder / c, n))
    return steps


def write_links(links: dict[str, pd.DataFrame], folder: Path, out: Path) -> None:
    """Write link tables with names in place of rows, one file for each step."""
    out.mkdir(parents=True, exist_ok=True)
    key = _read_table(folder / "flurstueck", ["parcel_key"])["parcel_key"].to_numpy()
    for step, table in links.items():
        name = _read_table(folder / COLLECTION[step], ["feature_id"])["feature_id"].to_numpy()
        named = table.assign(feature=name[table["feature"]], parcel=key[table["parcel"]])
        named.to_parquet(out / f"{step.replace(' ', '_')}.parquet")


def _read_table(folder: Path, columns: list[str]) -> pd.DataFrame:
    parts = [pd.read_parquet(part, columns=columns) for part in sorted(folder.glob(PARTS))]
    return pd.concat(parts, ignore_index=True)


def _touched(folder: Path, columns: list[str]) -> int:
    total = 0
    for file in sorted(folder.glob(PARTS)):
        # One thread: the sum of what threads burn depends on how they are disturbed.
        table = pq.read_table(file, columns=columns, use_threads=False)
        for column in table.columns:
            for chunk in column.chunks:
                for buffer in filter(None, chunk.buffers()):
                    words = np.frombuffer(buffer, np.uint64, count=buffer.size // 8)
                    total ^= int(np.bitwise_xor.reduce(words))
    return total


def _lowest_key(joined: pd.DataFrame) -> pd.DataFrame:
    return joined.sort_values(["feature", "parcel_key"]).drop_duplicates("feature")


PEERS = {"geopandas": geopandas_merge, "keys": keys_alone, "read": read_once}


def main() -> None:
    """Run a peer; print what every step cost."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--links", type=Path)
    asked = parser.parse_args()
    steps = PEERS[asked.peer](asked.folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows = {name: len(table) for name, table in steps.links.items()}
    facts = {"cpu_s": steps.cpu_s, "links": rows, "peak_mib": peak}
    if asked.links:
        write_links(steps.links, asked.folder, asked.links)
    sys.stdout.write(json.dumps(facts) + "\n")


if __name__ == "__main__":
    main()
