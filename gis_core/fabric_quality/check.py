"""All checks of a fabric, in one call."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_core.fabric_quality.areas import AreaBound
from gis_core.fabric_quality.coverage import coverage_findings, examine_coverage
from gis_core.fabric_quality.districts import check_stated_district, check_surroundings
from gis_core.fabric_quality.findings import Finding
from gis_core.fabric_quality.parcels import (
    check_areas,
    check_keys,
    check_parts,
    check_slivers,
    check_validity,
    rows_of_repeated_keys,
)


@dataclass(frozen=True)
class ParcelRows:
    """n rows of a source as they are, sound or not; most are one parcel each.

    Attributes
    ----------
    key
        (n,) text, missing as None or "".
    geometry
        (n,) polygons or multipolygons in one projected CRS (metre), valid or not; or None.
    district
        (n,) text, the district that the key names; None where keys name none.
    stated_district
        (n,) text, the district that another field names; None where none does.
    official_m2
        (n,) float64, NaN where the source states none.
    crs
        EPSG code.
    """

    key: NDArray[np.object_]
    geometry: NDArray[np.object_]
    district: NDArray[np.object_]
    stated_district: NDArray[np.object_]
    official_m2: NDArray[np.float64]
    crs: int

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.key)


def check_fabric(rows: ParcelRows, bound: AreaBound) -> list[Finding]:
    """Check keys, geometry, coverage, districts and areas of a fabric.

    Parameters
    ----------
    rows
        The rows of a source, in any order. Positions in the findings are positions in them.
    bound
        By how much official and drawn area may differ.

    Returns
    -------
    Findings in no particular order. What is invalid is repaired before it is compared with
    its neighbours, so that one fault does not raise others.

    Raises
    ------
    GeometryTypeError
        A geometry is a point or a line.
    CRSMismatchError
        The CRS is not projected.

    Examples
    --------
    >>> from gis_core.fabric_quality import AreaBound, ParcelRows, check_fabric
    >>> none = np.array([None, None], object)
    >>> plots = np.array([shapely.box(0, 0, 5, 5), shapely.box(5.02, 0, 9, 5)], object)
    >>> found = check_fabric(
    ...     ParcelRows(np.array(["a", "b"], object), plots, none, none, np.full(2, np.nan), 25832),
    ...     AreaBound(),
    ... )
    >>> [(f.code.value, f.row, f.others, round(f.measure, 2)) for f in found]
    [('open-gap', 0, (1,), 0.1)]
    """
    geometry, findings = check_validity(rows.geometry)
    coverage = examine_coverage(geometry)
    shapes, official = _one_per_key(rows, geometry)
    return [
        *findings,
        *check_keys(rows.key, geometry),
        *coverage_findings(coverage, rows.key, geometry),
        *check_stated_district(rows.district, rows.stated_district, geometry),
        *check_surroundings(rows.district, coverage.row, *coverage.borders(), geometry),
        *check_areas(shapes, official, rows.crs, bound),
        *check_parts(geometry),
        *check_slivers(shapes),
    ]


def _one_per_key(
    rows: ParcelRows, geometry: NDArray[np.object_]
) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
    """Return geometry and official area with all rows of a key in the first of them."""
    shapes, official = geometry.copy(), rows.official_m2.copy()
    for same in rows_of_repeated_keys(rows.key):
        united = shapely.union_all(geometry[same])
        shapes[same], official[same] = None, np.nan
        shapes[same[0]] = None if united.is_empty else united
        stated = rows.official_m2[same]
        if not np.isnan(stated).all():
            official[same[0]] = np.nanmax(stated)  # rows of one parcel repeat its area
    return shapes, official
