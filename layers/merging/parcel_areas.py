"""Official against drawn area of every parcel, with the projection taken out."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_core.fabric_quality import AreaBound
from gis_core.geometry import corrected_area
from gis_core.merge.shapes import Shapes
from layers.merging.inputs import Parcels

_AT_ONCE = 10_000  # parcels that are in memory as geometry objects


def area_table(parcels: Parcels, crs: int, bound: AreaBound) -> pd.DataFrame:
    """Compare areas.

    Parameters
    ----------
    crs
        EPSG code of the fabric's CRS.
    bound
        By how much the areas may differ.

    Returns
    -------
    DataFrame
        m rows: ``parcel_key``, ``n`` (rows of the source), ``official_area_m2``,
        ``geometric_area_m2`` (planar), ``corrected_area_m2`` (divided by the areal scale),
        ``area_deviation_m2`` (official minus corrected), ``area_bound_m2``, ``beyond_bound``.
    """
    fabric, official = parcels.fabric, parcels.official_m2
    corrected = _corrected(fabric.shapes, crs)
    deviation = official - corrected
    allowed = bound.at(official)
    return pd.DataFrame(
        {
            "parcel_key": fabric.key,
            "n": parcels.rows,
            "official_area_m2": official,
            "geometric_area_m2": np.round(fabric.area_m2, 3),
            "corrected_area_m2": np.round(corrected, 3),
            "area_deviation_m2": np.round(deviation, 3),
            "area_bound_m2": np.round(allowed, 3),
            "beyond_bound": np.abs(deviation) > allowed,
        }
    )


def _corrected(parcels: Shapes, crs: int) -> NDArray[np.float64]:
    area = np.empty(len(parcels))
    for start in range(0, len(parcels), _AT_ONCE):
        part = np.arange(start, min(start + _AT_ONCE, len(parcels)))
        area[part] = corrected_area(parcels.take(part).objects, crs)
    return area
