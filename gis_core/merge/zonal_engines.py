"""Who counts cells: numpy for small inputs, compiled kernels for others."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from gis_core.merge import zonal_numpy
from gis_core.merge.zones import Zones

KERNELS_FROM = 4_000_000
"""Cells under parcels from which compiled kernels pay for the half second of loading them."""

BORDER_CELL = 500
"""What a cell on a border costs without kernels where fractions are asked for, in other cells."""


class CellEngine(StrEnum):
    """What a caller may ask for."""

    AUTO = "auto"
    NUMPY = "numpy"
    KERNELS = "kernels"


@dataclass(frozen=True, slots=True)
class CellFunctions:
    """The functions of one engine; see `gis_core.merge.kernels.cells`, ``cover``, ``cell_sums``."""

    centre_runs: Callable[..., NDArray[np.int64]]
    covered_runs: Callable[..., tuple[NDArray[np.int64], NDArray[np.float64]]]
    add_values: Callable[..., None]
    add_slopes: Callable[..., None]
    add_classes: Callable[..., None]


def choose_cell_engine(name: CellEngine | str, zones: Zones, *, exact: bool) -> CellEngine:
    """Return the engine that ``auto`` means for these parcels on this raster; others stay."""
    wanted = CellEngine(name)
    if wanted is not CellEngine.AUTO:
        return wanted
    extent = zones.touched if exact else zones.owned
    sides = np.maximum(extent[:, 1::2] - extent[:, ::2], 0)
    work = np.minimum(zones.shapes.area(), sides.prod(axis=1))
    if exact:
        work = work + BORDER_CELL * sides.sum(axis=1)
    return CellEngine.KERNELS if work.sum() >= KERNELS_FROM else CellEngine.NUMPY


def cell_functions(engine: CellEngine) -> CellFunctions:
    """Return the functions of an engine; the kernels are loaded only when asked for."""
    if engine is not CellEngine.KERNELS:
        return CellFunctions(
            zonal_numpy.centre_runs,
            zonal_numpy.covered_runs,
            zonal_numpy.add_values,
            zonal_numpy.add_slopes,
            zonal_numpy.add_classes,
        )
    # Loading compiled code takes a second: only who counts many cells pays for it.
    from gis_core.merge.kernels import cell_sums, cells, cover  # noqa: PLC0415

    return CellFunctions(
        cells.centre_runs,
        cover.covered_runs,
        cell_sums.add_values,
        cell_sums.add_slopes,
        cell_sums.add_classes,
    )
