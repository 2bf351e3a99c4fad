"""Statistics of cells by parcel beside rasterstats and exactextract, on the same arrays."""

from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec

import geopandas as gpd
import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.windows import from_bounds

from gis_core.merge.flat import FlatShapes
from gis_core.merge.zonal import zonal_statistics
from layers.access import CITIZEN
from layers.query import Query
from layers.reader import open_reader
from tests.bench.child import own_cpu
from tests.bench.city import City, stored
from tests.bench.figures import Figure, publish

CELL_M = 2.0
PARCELS = 20_000
FEW = 2_000  # parcels for rasterstats, which goes one by one: its CPU is scaled up
PEERS = ("rasterstats", "exactextract")


def main(sizes: list[int]) -> None:
    """Take up to 20,000 parcels amid the largest city and its terrain, resampled to 2 m."""
    made = stored(max(sizes))
    parcels = amid(made)
    heights, place = terrain(made, parcels)
    scope = f"{len(parcels):,} parcels, {heights.size / 1e6:.1f} M cells of {CELL_M:g} m"

    def ours(shapes: gpd.GeoSeries | FlatShapes, **wanted: bool) -> float:
        def ask() -> None:
            zonal_statistics(shapes, heights, place, engine="kernels", **wanted)

        ask()  # loads the kernels
        return least_cpu(ask, 5)

    # The merge has its parcels as flat arrays; peers and notebooks begin with geometry objects.
    flat = FlatShapes.from_shapely(np.asarray(parcels.array, dtype=object))
    centre, exact, slope = ours(flat), ours(flat, exact=True), ours(flat, slope=True)
    objects = ours(parcels)
    numpy = least_cpu(lambda: zonal_statistics(flat, heights, place, engine="numpy"), 2)
    figures = [
        Figure(f"by centre, {scope}: CPU", centre, "s", peer={"ours without kernels": numpy}),
        Figure("the same from a GeoSeries: CPU", objects, "s"),
        Figure(f"by covered fraction, {scope}: CPU", exact, "s"),
        Figure(f"by centre with slope and aspect, {scope}: CPU", slope, "s"),
    ]
    there = [name for name in PEERS if find_spec(name)]
    if "rasterstats" in there:
        figures += beside_rasterstats(parcels, heights, place, centre)
    if "exactextract" in there:
        figures += beside_exactextract(parcels, heights, place, centre, exact)
    publish(
        "zonal",
        figures,
        sizes=sizes,
        peers={name: version(name) if name in there else "not installed" for name in PEERS},
    )
    for name in PEERS:
        if name not in there:
            print(f"{name} is not installed: not compared")  # noqa: T201


def beside_rasterstats(
    parcels: gpd.GeoSeries, heights: NDArray[np.float32], place: Affine, centre: float
) -> list[Figure]:
    """Compare cost, and on the same parcels counts and means."""
    from rasterstats import zonal_stats

    some = parcels.iloc[:: max(1, len(parcels) // FEW)]
    told: list[dict[str, float]] = []

    def ask() -> None:
        told[:] = zonal_stats(some, heights, affine=place, stats=["count", "mean"], nodata=-9999)

    cost = least_cpu(ask, 2) * len(parcels) / len(some)
    got = zonal_statistics(some, heights, place, engine="kernels")
    other = sum(int(n != t["count"]) for n, t in zip(got.cells.tolist(), told, strict=True))
    return [
        Figure(
            f"mean: CPU in parts of rasterstats' ({len(some):,} parcels, scaled up)",
            centre / cost,
            "",
            required=1 / 200,
            aim=1 / 300,
            peer={"rasterstats, s": cost},
        ),
        Figure("parcels whose count of cells differs from rasterstats'", other, "", required=0),
    ]


def beside_exactextract(
    parcels: gpd.GeoSeries,
    heights: NDArray[np.float32],
    place: Affine,
    centre: float,
    exact: float,
) -> list[Figure]:
    """Compare cost, and the fractions on all parcels."""
    from exactextract import exact_extract
    from exactextract.raster import NumPyRasterSource

    low = (place.c, place.f + place.e * heights.shape[0])
    high = (place.c + place.a * heights.shape[1], place.f)
    raster = NumPyRasterSource(heights.astype(np.float64), *low, *high)
    frame = gpd.GeoDataFrame(geometry=parcels)
    told = []

    def ask() -> None:
        told[:] = [
            exact_extract(
                raster, frame, ["count", "mean"], strategy="raster-sequential", output="pandas"
            )
        ]

    cost = least_cpu(ask, 2)
    got = zonal_statistics(parcels, heights, place, exact=True, engine="kernels")
    count, mean = told[0]["count"].to_numpy(), told[0]["mean"].to_numpy()
    peer = {"exactextract, s": cost}
    return [
        Figure(
            "mean by centre: CPU in parts of exactextract's",
            centre / cost,
            "",
            required=1 / 15,
            aim=1 / 20,
            peer=peer,
        ),
        Figure(
            "mean by fraction: CPU in parts of exactextract's",
            exact / cost,
            "",
            required=1 / 3,
            aim=1 / 5,
            peer=peer,
        ),
        Figure(
            "largest difference of covered cells, relative",
            float(np.max(np.abs(got.covered / count - 1))),
            "",
            required=1e-6,  # exactextract keeps fractions in single precision
        ),
        Figure(
            "largest difference of means by fraction, relative",
            float(np.max(np.abs(got.mean / mean - 1))),
            "",
            required=1e-6,
        ),
    ]


def amid(made: City) -> gpd.GeoSeries:
    """Return the 20,000 parcels nearest to the middle of a city."""
    reader = open_reader(made.data)
    frame = reader.frame(CITIZEN, "flurstueck", Query(columns=()))
    assert isinstance(frame, gpd.GeoDataFrame)
    shapes = frame.geometry.reset_index(drop=True)
    at = shapes.representative_point()
    away = np.hypot(at.x - at.x.median(), at.y - at.y.median())
    return shapes.iloc[np.sort(np.argsort(away)[:PARCELS])].reset_index(drop=True)


def terrain(made: City, parcels: gpd.GeoSeries) -> tuple[NDArray[np.float32], Affine]:
    """Return the heights under parcels on cells of 2 m, and their place."""
    (path,) = made.sources("terrain")
    with rasterio.open(path) as raster:
        low = np.floor(parcels.total_bounds[:2] / CELL_M - 5) * CELL_M
        high = np.ceil(parcels.total_bounds[2:] / CELL_M + 5) * CELL_M
        window = from_bounds(*low, *high, raster.transform)
        columns, rows = np.round((high - low) / CELL_M).astype(int).tolist()
        heights = raster.read(
            1,
            window=window,
            out_shape=(rows, columns),
            resampling=Resampling.bilinear,
            boundless=True,
        )
    return heights, Affine(CELL_M, 0, low[0], 0, -CELL_M, high[1])


def least_cpu(work: Callable[[], object], times: int) -> float:
    """Return the CPU seconds of the best of some runs."""
    spent = []
    for _ in range(times):
        began = own_cpu()
        work()
        spent.append(own_cpu() - began)
    return min(spent)
