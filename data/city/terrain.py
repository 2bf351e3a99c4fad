"""The terrain: a plain that falls towards the river, a hill, a river bed, as a GeoTIFF."""

from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.features import rasterize
from rasterio.transform import Affine, from_origin

from data.city.drawing import City
from data.city.plan import CENTRE
from data.city.streets import Kind

CELL_M = ((2_000, 2.0), (40_000, 3.0), (150_000, 5.0), (10**9, 10.0))
"""Cell size up to so many parcels."""


def cell_size(parcels: int) -> float:
    """Return the raster's cell size, metre."""
    return next(size for most, size in CELL_M if parcels <= most)


def heights(city: City, cell_m: float | None = None) -> tuple[NDArray[np.float32], Affine]:
    """Return heights above sea level in metres, rounded to a centimetre, and their place.

    The raster reaches 50 m beyond the city, on whole multiples of its cell size, which goes by
    the size of the city where it is not given.
    """
    cell = cell_m or cell_size(city.frame.plan.parcels)
    low = np.floor((city.frame.rim.min(axis=0) - 50.0) / cell) * cell
    high = np.ceil((city.frame.rim.max(axis=0) + 50.0) / cell) * cell
    columns, rows = np.round((high - low) / cell).astype(int).tolist()
    transform = from_origin(low[0], high[1], cell, cell)
    x = low[0] + (np.arange(columns) + 0.5) * cell - CENTRE[0]
    y = high[1] - (np.arange(rows) + 0.5) * cell - CENTRE[1]
    reach = city.frame.plan.radius
    # Separable waves: the sums of outer products cost a fraction of a full sine per cell.
    fall = 35.5 - 4.5 * np.tanh(x / (0.8 * reach))
    height = fall[None, :] + 0.5 * np.sin(y / 310.0)[:, None] * np.cos(x / 420.0)[None, :]
    height += 0.25 * np.cos(y / 97.0)[:, None] * np.sin(x / 131.0)[None, :]
    hill_x = np.exp(-(((x + 0.62 * reach) / (0.16 * reach)) ** 2))
    hill_y = np.exp(-(((y - 0.6 * reach) / (0.13 * reach)) ** 2))
    height += 26.0 * hill_y[:, None] * hill_x[None, :]
    water = city.roads.geometry[city.roads.kind == Kind.WATER]
    if len(water):
        bed = rasterize(
            [(shape, 1) for shape in water], (rows, columns), transform=transform, dtype="uint8"
        )
        height[bed == 1] -= 3.2
    return np.round(height, 2).astype(np.float32), transform


def write_terrain(city: City, file: Path) -> None:
    """Write the raster as a cloud-optimised GeoTIFF."""
    height, transform = heights(city)
    file.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        file,
        "w",
        driver="COG",
        height=height.shape[0],
        width=height.shape[1],
        count=1,
        dtype="float32",
        crs="EPSG:25832",
        transform=transform,
        compress="DEFLATE",
        level=1,
        predictor=3,
        overview_resampling="average",
        num_threads=1,
    ) as raster:
        raster.write(height, 1)
        raster.update_tags(
            DESCRIPTION="Synthetisches Geländemodell einer erfundenen Stadt, kein Messergebnis"
        )
