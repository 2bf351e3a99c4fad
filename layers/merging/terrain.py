"""Raster cells by parcel: windows of the file in, statistics out."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import rasterio
from numpy.typing import NDArray
from rasterio.windows import Window

from gis_core.crs import plan_operation, transform_geometry
from gis_core.merge.fabric import ParcelFabric
from gis_core.merge.zonal import ZonalAccumulator

BLOCK = 1024  # cells a side: at most 8 MB of values and 4 MB of labels in memory


def zonal_table(
    path: Path,
    fabric: ParcelFabric,
    crs: int,
    progress: Callable[[int, int], None],
) -> pd.DataFrame:
    """Return count, mean, min, max and standard deviation of the raster's cells by parcel.

    Parameters
    ----------
    path
        A raster in any CRS; its first band counts. Parcels are brought into its CRS, because
        cells cannot be moved without changing their values.
    progress
        Called with blocks done and in all.
    """
    with rasterio.open(path) as raster:
        zones = _in_crs_of(raster.crs.to_string(), fabric, crs)
        statistics = ZonalAccumulator(zones)
        windows = list(_windows(raster.height, raster.width))
        for done, window in enumerate(windows, start=1):
            block = raster.read(1, window=window, masked=True)
            values = np.ma.filled(block.astype(np.float64), np.nan)
            statistics.add(values, raster.window_transform(window))
            progress(done, len(windows))
        _, places = statistics.without_cells()
        at_label = [v.filled(np.nan)[0] for v in _sampled(raster, places)]
    result = statistics.result(np.array(at_label, np.float64))
    table = pd.DataFrame(
        {
            "parcel_key": fabric.key,
            "cells": result.cells,
            **{name: np.round(getattr(result, name), 3) for name in ("mean", "min", "max", "std")},
        }
    )
    return table[table["mean"].notna()].reset_index(drop=True)


def _in_crs_of(target: str, fabric: ParcelFabric, crs: int) -> ParcelFabric:
    operation = plan_operation(f"EPSG:{crs}", target)
    if operation.source == operation.target:
        return fabric
    return ParcelFabric.build(fabric.key, transform_geometry(fabric.geometry, operation))


def _sampled(
    raster: rasterio.DatasetReader, places: NDArray[np.float64]
) -> Iterator[np.ma.MaskedArray]:
    """Yield the value of the cell under each place, masked where there is none."""
    for value in raster.sample(places, indexes=1, masked=True):
        yield value.astype(np.float64)


def _windows(height: int, width: int) -> Iterator[Window]:
    for row in range(0, height, BLOCK):
        for column in range(0, width, BLOCK):
            yield Window(column, row, min(BLOCK, width - column), min(BLOCK, height - row))
