"""The merge beside geopandas' joins and overlays, on the same stored layers."""

from collections.abc import Callable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np

from gis_core.merge.fabric import ParcelFabric
from gis_core.merge.points import place_points
from gis_core.merge.shares import overlap
from layers.access import CITIZEN
from layers.query import Query
from layers.reader import open_reader
from tests.bench.child import own_cpu
from tests.bench.city import City, stored
from tests.bench.figures import Figure, publish

AREAS = ("gebaeude_bauwerk", "nutzung", "grab")


@dataclass(frozen=True, slots=True)
class Frames:
    """The layers of a city in memory."""

    parcels: gpd.GeoDataFrame
    trees: gpd.GeoDataFrame
    damages: gpd.GeoDataFrame
    areas: tuple[gpd.GeoDataFrame, ...]


def main(sizes: list[int]) -> None:
    """Merge each city by the command; then only the spatial joins, ours and geopandas'."""
    figures = []
    for size in sizes:
        made = stored(size)
        cost = min((made.flurbuch("merge") for _ in range(3)), key=lambda c: c.cpu_s)
        frames = load(made)
        ours, peer = (
            least_cpu(lambda f=frames: our_joins(f)),
            least_cpu(lambda f=frames: geopandas_joins(f)),
        )
        figures += [
            Figure(f"flurbuch merge, {size:,} parcels: CPU", cost.cpu_s, "s"),
            Figure(f"flurbuch merge, {size:,} parcels: peak", cost.peak_mib, "MiB"),
            Figure(
                f"spatial joins alone, {size:,} parcels: CPU",
                ours,
                "s",
                peer={"geopandas sjoin and overlay": peer},
            ),
        ]
    publish("merge", figures, sizes=sizes)


def load(made: City) -> Frames:
    """Read the layers that have a place."""
    reader = open_reader(made.data)

    def layer(name: str) -> gpd.GeoDataFrame:
        frame = reader.frame(CITIZEN, name, Query(columns=()))
        assert isinstance(frame, gpd.GeoDataFrame)
        return frame.reset_index()

    parcels = layer("flurstueck").rename(columns={"feature_id": "parcel"})
    return Frames(
        parcels, layer("baum"), layer("strassenschaden"), tuple(layer(name) for name in AREAS)
    )


def our_joins(frames: Frames) -> None:
    """Place the points and cut the areas by parcel, with shares, slivers and confidence."""
    keys = np.asarray(frames.parcels["parcel"], dtype=object)
    fabric = ParcelFabric.build(keys, np.asarray(frames.parcels.geometry.array, dtype=object))
    place_points(np.asarray(frames.trees.geometry.array, dtype=object), fabric, accuracy_m=1.0)
    place_points(np.asarray(frames.damages.geometry.array, dtype=object), fabric, nearest_m=5.0)
    for guests in frames.areas:
        overlap(np.asarray(guests.geometry.array, dtype=object), fabric, accuracy_m=0.1)


def geopandas_joins(frames: Frames) -> None:
    """Make the same pairs with geopandas."""
    gpd.sjoin(frames.trees, frames.parcels, predicate="within")
    gpd.sjoin_nearest(frames.damages, frames.parcels, max_distance=5.0)
    for guests in frames.areas:
        gpd.overlay(guests, frames.parcels, how="intersection", keep_geom_type=True)


def least_cpu(work: Callable[[], None]) -> float:
    """Return the CPU seconds of the better of two runs."""
    spent = []
    for _ in range(2):
        began = own_cpu()
        work()
        spent.append(own_cpu() - began)
    return min(spent)
