"""Frames that are merged lie in one plane measured in metres: the checks, and the way there."""

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import CRS

from gis_core.crs import crs_text
from gis_core.errors import CRSMismatchError, GeometryTypeError

type Geo = gpd.GeoDataFrame | gpd.GeoSeries


def check_plane(left: Geo, right: Geo, names: tuple[str, str]) -> None:
    """Refuse frames that do not lie in one plane measured in metres.

    Frames that both state no CRS are taken at their word: coordinates are metres.

    Raises
    ------
    CRSMismatchError
        They differ, one states none, or the CRS is in degrees or feet.
    GeometryTypeError
        One has no geometry.
    """
    here = with_geometry(left, names[0]).crs
    there = with_geometry(right, names[1]).crs
    if (here is None) != (there is None) or not (
        here is None or here.equals(there, ignore_axis_order=True)
    ):
        missing, given = (names[0], there) if here is None else (names[1], here)
        advice = (
            f"Bring them together first: {names[1]} = {names[1]}.to_crs({names[0]}.crs)."
            if here is not None and there is not None
            else f"State it: {missing} = {missing}.set_crs({_said(given)!r}), if that is true."
        )
        raise CRSMismatchError(
            f"{names[0]} are in {_said(here)}, {names[1]} in {_said(there)}",
            advice=advice,
            found=_said(there),
            expected=_said(here),
        )
    check_metres(left, names[0])


def with_geometry(frame: Geo | pd.DataFrame, name: str) -> Geo:
    """Return the frame, or refuse it when it is a table without geometries."""
    if isinstance(frame, gpd.GeoSeries) or (
        isinstance(frame, gpd.GeoDataFrame) and frame.active_geometry_name is not None
    ):
        return frame
    raise GeometryTypeError(
        f"{name} have no geometry",
        advice=f"Give a GeoDataFrame; {name}.set_geometry(…) says which column it is.",
        found=type(frame).__name__,
        expected="GeoDataFrame or GeoSeries",
    )


def check_metres(frame: Geo, name: str) -> None:
    """Refuse a frame whose CRS is not measured in metres; none at all is taken for metres."""
    crs = with_geometry(frame, name).crs
    if crs is None or (crs.is_projected and crs.axis_info[0].unit_name == "metre"):
        return
    unit = crs.axis_info[0].unit_name if crs.axis_info else "no unit that is stated"
    raise CRSMismatchError(
        f"{name} are in {_said(crs)}, measured in {unit}; areas and distances need metres",
        advice=_way_to_metres(frame, crs, name),
        found=_said(crs),
        expected="a projected CRS in metres",
    )


def _way_to_metres(frame: Geo, crs: CRS, name: str) -> str:
    """Return what to write so that a frame in degrees or feet is in metres."""
    if not crs.is_geographic:
        return f"Bring every frame into one in metres: {name}.to_crs('EPSG:25832') or your own."
    west, south, east, north = np.nan_to_num(frame.total_bounds)
    if min(west, south, -east, -north) < -180:
        return (
            f"Its coordinates are no degrees. If they are metres of a projected CRS, say so: "
            f"{name}.set_crs('EPSG:25832', allow_override=True)."
        )
    zone = int(min(max(31 + (west + east) / 2 // 6, 1), 60))
    latitude = (south + north) / 2
    europe = 28 <= zone <= 38 and 34 < latitude < 72  # where ETRS89 has zones of its own
    code = zone + (25800 if europe else 32600 if latitude >= 0 else 32700)
    return f"Bring every frame into a projected CRS: {name}.to_crs('EPSG:{code}')."


def _said(crs: CRS | None) -> str:
    return "no CRS" if crs is None else crs_text(crs)
