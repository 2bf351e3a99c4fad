"""Values of a stored raster: some of its own cells, or those of another grid."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.transform import from_origin
from rasterio.warp import reproject
from rasterio.windows import Window

from gis_core.cell_grid import CellGrid, Span
from gis_core.offered_crs import definition
from layers.rasters.file import RasterFile, describe, grid_in, opened

_WARP_MB = 32
_FEW = 1 << 22  # stored cells that are read rather than their overviews
_SMALL_WHOLE = {"int8": "int32", "uint8": "int32", "int16": "int32", "uint16": "int32"}


@dataclass(frozen=True, slots=True)
class Cells:
    """Values on a grid.

    Attributes
    ----------
    values
        (rows, columns) as they are stored.
    grid
        Where they lie, x east.
    crs
        URI of the reference system of the grid.
    empty
        What cells without a value hold; None when every cell has one.
    scale, offset
        What is measured is value times scale plus offset.
    """

    values: NDArray[np.generic]
    grid: CellGrid
    crs: str
    empty: float | None
    scale: float
    offset: float

    def measured(self) -> NDArray[np.float64]:
        """Return (rows, columns) what is measured, NaN where nothing is."""
        measured = self.values.astype(np.float64)
        if self.empty is not None:
            measured[measured == self.empty] = np.nan
        return measured * self.scale + self.offset


def own_cells(path: Path, crs: str, span: Span) -> Cells:
    """Return some of a raster's cells exactly as they are stored."""
    file = describe(path)
    window = Window(span.left, span.top, span.width, span.height)
    with opened(path) as raster:
        values = raster.read(1, window=window)
    return Cells(values, file.grid.part(span), crs, file.empty, file.scale, file.offset)


def cells_on(path: Path, crs: str, grid: CellGrid, *, classes: bool) -> Cells:
    """Return a raster's values on another grid.

    Parameters
    ----------
    crs
        URI of the reference system of that grid, x east.
    grid
        May reach beyond the raster: there it has no values.
    classes
        Whether values are codes, which are chosen and never averaged.

    Notes
    -----
    A cell that is larger than the stored ones is their mean (codes: the most frequent one), where
    they are millions from an overview at least twice as fine; a smaller one lies between its
    neighbours (codes: has the nearest). Positions are exact to an eighth of a cell.
    """
    file = describe(path)
    empty, dtype = _emptiness(file)
    values = np.full((grid.height, grid.width), empty, dtype=dtype)
    there = grid_in(path, crs)
    met = grid.touched(there.box)
    if met is not None:
        coarser = max(grid.dx / there.dx, grid.dy / there.dy)
        part = grid.part(met)
        found = np.full((part.height, part.width), empty, dtype=dtype)
        with opened(path, **_overview(file, coarser, part.cells)) as raster:
            reproject(
                rasterio.band(raster, 1),
                found,
                src_nodata=file.empty,
                dst_transform=from_origin(part.west, part.north, part.dx, part.dy),
                dst_crs=CRS.from_user_input(definition(crs)),
                dst_nodata=empty,
                resampling=_resampling(coarser, classes=classes),
                warp_mem_limit=_WARP_MB,
            )
        values[met.top : met.top + met.height, met.left : met.left + met.width] = found
    return Cells(values, grid, crs, empty, file.scale, file.offset)


def _resampling(coarser: float, *, classes: bool) -> Resampling:
    if classes:
        return Resampling.mode if coarser > 1 else Resampling.nearest
    return Resampling.average if coarser > 1 else Resampling.bilinear


def _overview(file: RasterFile, coarser: float, wanted: int) -> dict[str, int]:
    """Return by which option an overview is read, where the stored cells would be too many.

    Overviews lie askew by a part of a cell where their size does not divide the raster's.
    """
    if wanted * coarser**2 <= _FEW:
        return {}
    finer = [level for level, factor in enumerate(file.overviews) if 2 * factor <= coarser]
    return {"OVERVIEW_LEVEL": finer[-1]} if finer else {}


def _emptiness(file: RasterFile) -> tuple[float, str]:
    """Return what means "no value" beside what is stored, and a type that holds both."""
    if file.empty is not None:
        return file.empty, file.dtype
    if file.dtype in _SMALL_WHOLE:
        return float(np.iinfo(np.int32).min), _SMALL_WHOLE[file.dtype]
    return np.nan, "float64"
