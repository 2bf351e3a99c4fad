"""Official against drawn area of every parcel, with the projection taken out."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_core.geometry import corrected_area
from layers.merging.inputs import Parcels

ROUNDING_M2 = 0.5
"""Official areas are whole square metres; only below half a square metre they have decimals."""

BOUND_A, BOUND_B = 0.2, 0.0003
"""Beside rounding a * sqrt(A) + b * A in m² are unremarkable: the project's default, taken from
no decree; it comes to 2 m² at 100 m² and 93 m² at a tenth of a square kilometre."""


def area_bound(official_m2: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by how many m² a drawn area may differ from the official one beside it, (n,) each."""
    official = np.maximum(official_m2, 0)
    return np.asarray(ROUNDING_M2 + BOUND_A * np.sqrt(official) + BOUND_B * official)


def area_table(parcels: Parcels, crs: int) -> pd.DataFrame:
    """Compare areas.

    Parameters
    ----------
    crs
        EPSG code of the fabric's CRS.

    Returns
    -------
    DataFrame
        m rows: ``parcel_key``, ``n`` (rows of the source), ``official_area_m2``,
        ``geometric_area_m2`` (planar), ``corrected_area_m2`` (divided by the areal scale),
        ``area_deviation_m2`` (official minus corrected), ``area_bound_m2``, ``beyond_bound``.
    """
    fabric, official = parcels.fabric, parcels.official_m2
    corrected = corrected_area(fabric.geometry, crs)
    deviation = official - corrected
    bound = area_bound(official)
    return pd.DataFrame(
        {
            "parcel_key": fabric.key,
            "n": parcels.rows,
            "official_area_m2": official,
            "geometric_area_m2": np.round(fabric.area_m2, 3),
            "corrected_area_m2": np.round(corrected, 3),
            "area_deviation_m2": np.round(deviation, 3),
            "area_bound_m2": np.round(bound, 3),
            "beyond_bound": np.abs(deviation) > bound,
        }
    )
