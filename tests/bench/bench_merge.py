"""The merge beside geopandas' joins and overlays, on the same stored layers."""

import geopandas as gpd

from layers.access import CITIZEN
from layers.query import Query
from layers.reader import open_reader
from tests.bench.child import own_cpu
from tests.bench.city import City, stored
from tests.bench.figures import Figure, publish


def main(sizes: list[int]) -> None:
    """Merge each city by the command and by geopandas."""
    figures = []
    for size in sizes:
        made = stored(size)
        cost = min((made.flurbuch("merge") for _ in range(3)), key=lambda c: c.cpu_s)
        peer = geopandas_cpu(made)
        label = f"merge, {size:,} parcels"
        figures += [
            Figure(f"{label}: CPU", cost.cpu_s, "s", peer={"geopandas joins and overlays": peer}),
            Figure(f"{label}: peak", cost.peak_mib, "MiB"),
        ]
    publish(
        "merge", figures, sizes=sizes, note="ours includes start, reading, keys, terrain, writing"
    )


def geopandas_cpu(made: City) -> float:
    """Return the CPU seconds of the spatial part only, in memory, best of two."""
    reader = open_reader(made.data)

    def layer(name: str) -> gpd.GeoDataFrame:
        frame = reader.frame(CITIZEN, name, Query(columns=()))
        assert isinstance(frame, gpd.GeoDataFrame)
        return frame.reset_index()

    parcels = layer("flurstueck").rename(columns={"feature_id": "parcel"})
    trees, damages = layer("baum"), layer("strassenschaden")
    areas = [layer(name) for name in ("gebaeude_bauwerk", "nutzung", "grab")]

    def once() -> float:
        began = own_cpu()
        gpd.sjoin(trees, parcels, predicate="within")
        gpd.sjoin_nearest(damages, parcels, max_distance=5.0)
        for guests in areas:
            gpd.overlay(guests, parcels, how="intersection", keep_geom_type=True)
        return own_cpu() - began

    return min(once() for _ in range(2))
