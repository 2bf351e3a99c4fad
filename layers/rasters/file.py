"""What a stored raster is: its grid, its kind of values, and an overall look at it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import BoundedSemaphore

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.transform import array_bounds
from rasterio.warp import calculate_default_transform

from gis_core.cell_grid import CellGrid, grid_over
from gis_core.errors import StoreError
from gis_core.offered_crs import definition

_AT_ONCE = BoundedSemaphore(4)
"""How many threads read at once: what they hold in memory is bounded, whoever asks."""

_CACHE_BYTES = 1 << 26
_LOOK = 256  # cells on the longer side of an overall look


@dataclass(frozen=True, slots=True)
class RasterFile:
    """A stored raster of one band.

    Attributes
    ----------
    grid
        Its cells in the storage CRS.
    dtype
        The numpy type of what is stored.
    empty
        What cells without a value hold; None when every cell has one.
    scale, offset
        What is measured is stored value times scale plus offset.
    overviews
        By how much its overviews are coarser, from the finest on.
    """

    grid: CellGrid
    dtype: str
    empty: float | None
    scale: float
    offset: float
    overviews: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Survey:
    """An overall look: smallest and greatest value, and where, as parts of width and height."""

    low: float
    high: float
    low_at: tuple[float, float]
    high_at: tuple[float, float]


@contextmanager
def opened(path: Path, **options: object) -> Iterator[DatasetReader]:
    """Open a raster for reading; a fault of the disk or the file is the operator's matter."""
    try:
        with (
            _AT_ONCE,
            rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES, GDAL_PAM_ENABLED="NO"),
            rasterio.open(path, driver="GTiff", **options) as raster,
        ):
            yield raster
    except RasterioError as fault:
        raise StoreError(
            f"the raster {path.name} cannot be read: {fault}", advice="Import it again."
        ) from fault


@lru_cache(maxsize=64)
def describe(path: Path) -> RasterFile:
    """Describe a stored raster; the file of an import never changes.

    Raises
    ------
    StoreError
        It cannot be read.
    """
    with opened(path) as raster:
        place = raster.transform
        return RasterFile(
            grid=CellGrid(place.c, place.f, place.a, -place.e, raster.width, raster.height),
            dtype=raster.dtypes[0],
            empty=raster.nodata,
            scale=raster.scales[0],
            offset=raster.offsets[0],
            overviews=tuple(raster.overviews(1)),
        )


@lru_cache(maxsize=256)
def grid_in(path: Path, uri: str) -> CellGrid:
    """Return the grid that a raster has by itself in a reference system, x east."""
    own = describe(path).grid
    with opened(path) as raster:
        if definition(uri) == f"EPSG:{raster.crs.to_epsg()}":
            return own
        place, width, height = calculate_default_transform(
            raster.crs, definition(uri), raster.width, raster.height, *raster.bounds
        )
    return grid_over(array_bounds(height, width, place), width, height)


@lru_cache(maxsize=64)
def survey(path: Path) -> Survey:
    """Look at a whole raster through its coarsest overviews."""
    file = describe(path)
    grid = file.grid
    step = max(grid.width, grid.height) / _LOOK
    shape = tuple(max(1, round(n / max(step, 1))) for n in (grid.height, grid.width))
    with opened(path) as raster:
        seen = raster.read(1, out_shape=shape, masked=True, resampling=Resampling.average)
    values: NDArray[np.float64] = seen.astype(np.float64).filled(np.nan)
    values = values * file.scale + file.offset
    return Survey(
        low=float(np.nanmin(values)),
        high=float(np.nanmax(values)),
        low_at=_place(int(np.nanargmin(values)), values.shape),
        high_at=_place(int(np.nanargmax(values)), values.shape),
    )


def _place(position: int, shape: tuple[int, ...]) -> tuple[float, float]:
    row, column = divmod(position, shape[1])
    return (column + 0.5) / shape[1], (row + 0.5) / shape[0]
