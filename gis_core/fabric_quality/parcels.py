"""Checks of each parcel alone: its key, its geometry, its parts, its area."""

import re
from collections.abc import Iterator

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_core.fabric_quality.areas import AreaBound
from gis_core.fabric_quality.faces import max_width, split_by
from gis_core.fabric_quality.findings import Code, Finding, Severity, Unit
from gis_core.geometry import corrected_area, repair_polygons

SMALL_M2 = 0.5
"""Below half a square metre official areas have decimals: such parcels are slivers."""

NARROW_M = 0.10
"""A parcel that is nowhere wider than 10 cm is a sliver."""

_PLACE = re.compile(r"\[(-?[0-9.e+]+) (-?[0-9.e+]+)\]")
_TOUCHES = "Ring Self-intersection"


def check_keys(key: NDArray[np.object_], geometry: NDArray[np.object_]) -> Iterator[Finding]:
    """Find rows without a key and keys of several rows.

    Parameters
    ----------
    key
        (n,) text, missing as None or "".
    geometry
        (n,) valid polygons or None. Rows of one key may be the parts of one parcel; where they
        lie upon one another they are an error.
    """
    have = np.array([bool(k) for k in key], np.bool_)
    for row in np.flatnonzero(~have).tolist():
        yield Finding(Code.NO_KEY, Severity.ERROR, row, (), 1, Unit.COUNT, geometry[row])
    for same in rows_of_repeated_keys(key):
        shapes = geometry[same]
        united = shapely.union_all(shapes)
        doubled = float(np.nansum(shapely.area(shapes)) - united.area)
        case = "upon" if doubled > SMALL_M2 else "beside"
        yield Finding(
            Code.DUPLICATE_KEY,
            Severity.ERROR if case == "upon" else Severity.WARNING,
            int(same[0]),
            (),
            len(same),
            Unit.COUNT,
            None if united.is_empty else united,
            case,
            {"rows": len(same), "area": max(doubled, 0.0)},
        )


def rows_of_repeated_keys(key: NDArray[np.object_]) -> list[NDArray[np.intp]]:
    """Return the rows of each key that several rows carry, in the order of the keys."""
    have = np.flatnonzero([bool(k) for k in key])
    _, code, count = np.unique(key[have].astype(str), return_inverse=True, return_counts=True)
    repeated = count[code] > 1
    rank = np.unique(code[repeated], return_inverse=True)[1]
    return split_by(rank, have[repeated], int((count > 1).sum()))


def check_validity(
    geometry: NDArray[np.object_],
) -> tuple[NDArray[np.object_], list[Finding]]:
    """Find missing and invalid geometry; return valid ones to go on with.

    Returns
    -------
    geometry : (n,) object
        Repaired where it was invalid, None where nothing with an area is left.
    findings
        ``no-geometry``; ``self-touch`` where a ring meets itself in a point, else
        ``invalid-geometry``, at the place that GEOS names.
    """
    repair = repair_polygons(geometry)
    nowhere = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    findings = [
        Finding(Code.NO_GEOMETRY, Severity.WARNING, row, (), 1, Unit.COUNT, None)
        for row in np.flatnonzero(nowhere).tolist()
    ]
    for row in np.flatnonzero((repair.reason != "") & ~nowhere).tolist():
        reason = str(repair.reason[row])
        code = Code.SELF_TOUCH if reason.startswith(_TOUCHES) else Code.INVALID
        severity = Severity.WARNING if code is Code.SELF_TOUCH else Severity.ERROR
        place = reason_place(reason) or repair.geometry[row]
        facts: dict[str, float | str] = {"reason": reason}
        findings.append(Finding(code, severity, row, (), 1, Unit.COUNT, place, "", facts))
    return repair.geometry, findings


def reason_place(reason: str) -> shapely.Point | None:
    """Return the place that GEOS names in a reason such as ``Self-intersection[3 4]``.

    Examples
    --------
    >>> reason_place("Self-intersection[3 4.5]"), reason_place("Empty geometry")
    (<POINT (3 4.5)>, None)
    """
    found = _PLACE.search(reason)
    return shapely.Point(float(found[1]), float(found[2])) if found else None


def check_parts(geometry: NDArray[np.object_]) -> Iterator[Finding]:
    """Find parcels of several parts; (n,) valid polygons or None."""
    parts = shapely.get_num_geometries(geometry)
    for row in np.flatnonzero(parts > 1).tolist():
        yield Finding(
            Code.MULTI_PART,
            Severity.INFO,
            row,
            (),
            int(parts[row]),
            Unit.COUNT,
            geometry[row],
            "",
            {"parts": int(parts[row])},
        )


def check_slivers(geometry: NDArray[np.object_]) -> Iterator[Finding]:
    """Find parcels below ``SMALL_M2`` or nowhere wider than ``NARROW_M``."""
    area, length = shapely.area(geometry), shapely.length(geometry)
    with np.errstate(invalid="ignore", divide="ignore"):
        # The largest circle's radius is no less than area over length: few need measuring.
        thin = np.flatnonzero(area / length < NARROW_M / 2)
    small = np.flatnonzero((area > 0) & (area < SMALL_M2))
    for row in np.union1d(thin, small).tolist():
        width = float(max_width(geometry[[row]])[0])
        if area[row] < SMALL_M2 or width < NARROW_M:
            facts: dict[str, float | str] = {"area": float(area[row]), "width": width}
            yield Finding(
                Code.SLIVER,
                Severity.INFO,
                row,
                (),
                float(area[row]),
                Unit.M2,
                geometry[row],
                "",
                facts,
            )


def check_areas(
    geometry: NDArray[np.object_],
    official_m2: NDArray[np.float64],
    crs: int,
    bound: AreaBound,
) -> Iterator[Finding]:
    """Find parcels whose drawn area, with the projection taken out, is not the official one.

    Parameters
    ----------
    geometry
        (n,) valid polygons or None; one for each parcel, not for each row of the source.
    official_m2
        (n,) m², NaN where the source states none.
    crs
        EPSG code of the fabric.
    """
    known = np.flatnonzero(~shapely.is_missing(geometry) & ~np.isnan(official_m2))
    if not len(known):
        return
    corrected = np.full(len(geometry), np.nan)
    corrected[known] = corrected_area(geometry[known], crs)
    deviation = official_m2 - corrected
    allowed = bound.at(official_m2)
    for row in np.flatnonzero(np.abs(deviation) > allowed).tolist():
        facts: dict[str, float | str] = {
            "official": float(official_m2[row]),
            "drawn": float(corrected[row]),
            "deviation": abs(float(deviation[row])),
            "bound": float(allowed[row]),
        }
        yield Finding(
            Code.AREA,
            Severity.WARNING,
            row,
            (),
            float(deviation[row]),
            Unit.M2,
            geometry[row],
            "more" if deviation[row] > 0 else "less",
            facts,
        )
