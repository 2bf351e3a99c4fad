"""Raster cells by parcel: a file in, statistics out."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import rasterio
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from gis_core.crs import plan_operation, transform_geometry
from gis_core.errors import CRSMismatchError, StoreError, UnknownCRSError
from gis_core.merge.flat import FlatShapes
from gis_core.merge.zonal import zonal_statistics_of
from gis_core.merge.zonal_engines import CellEngine
from gis_core.merge.zonal_sums import ClassStatistics, ZonalStatistics, as_values
from gis_core.merge.zones import Block
from layers.errors import SourceFileError
from layers.merging.inputs import Parcels
from layers.spec import RasterKind, RasterSpec, Statistic

_CACHE_BYTES = 1 << 25
"""What GDAL keeps of the cells that were read; else it is a twentieth of the machine's memory."""


def zonal_table(
    path: Path,
    spec: RasterSpec,
    parcels: Parcels,
    crs: int,
    progress: Callable[[int, int], None],
) -> pd.DataFrame:
    """Return what a raster layer says about each parcel; parcels without a value are left out.

    Parameters
    ----------
    path
        A raster of one band in any CRS; its scale and offset are applied. Parcels are brought
        into its CRS, because cells cannot be moved without changing their values.
    spec
        Which statistics the layer wants.
    parcels
        The parcels: those of the city, or a few that changed.
    crs
        EPSG code of the parcels' CRS.
    progress
        Called with blocks done and in all.

    Returns
    -------
    DataFrame
        parcel_key, cells; with exact fractions, covered (cells by fraction); then mean, min,
        max, std, slope_mean, slope_max and aspect as wanted, or classes: JSON, code -> cells. A
        parcel too small for a cell has the class under its label point with 0 cells.

    Raises
    ------
    SourceFileError
        The raster has several bands or no place.
    UnknownCRSError, CRSMismatchError
        It states no reference system; slopes are wanted and its cells are measured in degrees.
    StoreError
        It cannot be read.
    QueryError
        It shall hold classes and holds measurements.
    """
    sloping = bool({Statistic.SLOPE, Statistic.ASPECT} & set(spec.wanted))
    try:
        with rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES), rasterio.open(path) as raster:
            _check(raster, path.name)
            statistics = zonal_statistics_of(
                _in_crs_of(raster.crs.to_string(), parcels, crs),
                _reader(raster),
                raster.transform,
                raster.shape,
                exact=spec.exact,
                metres=_metres(raster, path.name) if sloping else None,
                classes=spec.kind is RasterKind.CLASSES,
                # By centre all engines give the same bits; by fraction a few changed parcels
                # must be counted by the one that counted the city.
                engine=CellEngine.KERNELS if spec.exact else CellEngine.AUTO,
                progress=progress,
            )
    except RasterioError as fault:
        raise StoreError(
            f"the raster {path.name} cannot be read: {fault}", advice="Import it again."
        ) from fault
    return _table(parcels.fabric.key, statistics, spec)


def _check(raster: DatasetReader, name: str) -> None:
    for wrong, found, expected in (
        (raster.count != 1, f"{raster.count} bands", "one band"),
        (raster.transform.is_identity, "no place", "origin and size of the cells"),
        (raster.dtypes[0].startswith("complex"), raster.dtypes[0], "real numbers"),
    ):
        if wrong:
            raise SourceFileError(
                f"{name}: found {found}, expected {expected}",
                advice="Check the file and import it again.",
                file=name,
                found=found,
                expected=expected,
            )
    if raster.crs is None:
        raise UnknownCRSError(
            f"{name}: the raster states no reference system",
            advice="Import it again with --crs EPSG:….",
            file=name,
        )


def _metres(raster: DatasetReader, name: str) -> float:
    """Return the length of one unit of the raster's CRS in metres."""
    if not raster.crs.is_projected:
        raise CRSMismatchError(
            f"{name}: slopes need cells measured in metres, the raster is in {raster.crs}",
            advice="Deliver it in the municipality's CRS, or leave slope and aspect out of the "
            "layer's statistics.",
            file=name,
            found=raster.crs.to_string(),
            expected="a projected CRS",
        )
    return float(raster.crs.linear_units_factor[1])


def _in_crs_of(target: str, parcels: Parcels, crs: int) -> FlatShapes:
    operation = plan_operation(f"EPSG:{crs}", target)
    if operation.source == operation.target:
        return parcels.fabric.shapes.flat
    return FlatShapes.from_shapely(transform_geometry(parcels.fabric.geometry, operation))


def _reader(raster: DatasetReader) -> Callable[[Block], NDArray[np.float64]]:
    scale, offset = raster.scales[0], raster.offsets[0]

    def read(block: Block) -> NDArray[np.float64]:
        size = (block.right - block.left, block.bottom - block.top)
        values = as_values(raster.read(1, window=Window(block.left, block.top, *size), masked=True))
        return values if (scale, offset) == (1, 0) else values * scale + offset

    return read


def _table(key: NDArray[np.object_], statistics: ZonalStatistics, spec: RasterSpec) -> pd.DataFrame:
    columns: dict[str, NDArray[np.generic]] = {"parcel_key": key, "cells": statistics.cells}
    if spec.exact:
        columns["covered"] = np.round(statistics.covered, 3)
    for name in spec.wanted:
        if name in {Statistic.SLOPE, Statistic.ASPECT}:
            continue
        columns[name.value] = np.round(getattr(statistics, name.value), 3)
    if statistics.slope is not None and Statistic.SLOPE in spec.wanted:
        columns["slope_mean"] = np.round(statistics.slope.mean, 2)
        columns["slope_max"] = np.round(statistics.slope.max, 2)
    if statistics.slope is not None and Statistic.ASPECT in spec.wanted:
        columns["aspect"] = np.round(statistics.slope.aspect, 1) % 360.0
    there = ~np.isnan(statistics.mean)
    table = pd.DataFrame({name: values[there] for name, values in columns.items()})
    if statistics.classes is not None:
        table["classes"] = _counts(statistics.classes, statistics.mean, there, exact=spec.exact)
    return table


def _counts(
    classes: ClassStatistics,
    value: NDArray[np.float64],
    there: NDArray[np.bool_],
    *,
    exact: bool,
) -> list[str]:
    """Return the cells of each class as JSON, the smallest code first."""
    names = [str(code) for code in classes.code]
    texts = []
    for cells, under_label in zip(classes.cells[there].tolist(), value[there], strict=True):
        found = {name: n for name, n in zip(names, cells, strict=True) if n}
        if exact:
            found = {name: round(n, 3) for name, n in found.items()}
        else:
            found = {name: int(n) for name, n in found.items()} or {str(int(under_label)): 0}
        texts.append(json.dumps(found))
    return texts
