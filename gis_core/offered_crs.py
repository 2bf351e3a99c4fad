"""The reference systems offered: their URIs, their axis order, boxes and geometry between them."""

from functools import cache, lru_cache

import numpy as np
import pyproj.datadir
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from gis_core.crs import Operation, plan_operation, transform_geometry, transform_xy
from gis_core.errors import DatumGridMissingError

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
OFFERED = (4326, 3857, 4258, 25832, 25833, 4647)
WITH_GRID = (31466,)
"""Offered only where PROJ finds the datum grid: without it positions are metres off."""
_SEGMENT_M = 5.0
_MOST_POINTS = 4000  # on one edge
_ROUGHLY = 100  # points on an edge where a box is only held by another

Box = tuple[float, float, float, float]


def crs_uri(epsg: int) -> str:
    """Return the OGC URI of an EPSG code."""
    return f"{_EPSG}{epsg}"


def supported_crs(storage: int) -> tuple[str, ...]:
    """Return the URIs offered for a collection, CRS84 first, the storage CRS always among them."""
    # Where PROJ looks for grids is a setting of the process, which may change.
    return _supported(storage, pyproj.datadir.get_data_dir())


@cache
def _supported(storage: int, _: str) -> tuple[str, ...]:
    ready = [code for code in WITH_GRID if _grid_is_there(storage, code)]
    codes = dict.fromkeys((storage, *OFFERED, *ready))
    return (CRS84, *(crs_uri(code) for code in codes))


def _grid_is_there(storage: int, code: int) -> bool:
    try:
        plan_operation(f"EPSG:{storage}", f"EPSG:{code}")
        plan_operation(f"EPSG:{code}", "OGC:CRS84")
    except DatumGridMissingError:
        return False
    return True


def definition(uri: str) -> str:
    """Return the name by which PROJ knows an offered CRS: ``EPSG:25832``, ``OGC:CRS84``."""
    return "OGC:CRS84" if uri == CRS84 else f"EPSG:{uri.removeprefix(_EPSG)}"


@cache
def northing_first(uri: str) -> bool:
    """Tell whether coordinates in that CRS are written latitude or northing first."""
    return uri != CRS84 and CRS(definition(uri)).axis_info[0].direction == "north"


@cache
def is_geographic(uri: str) -> bool:
    """Tell whether coordinates in that CRS are degrees; boxes may then cross the antimeridian."""
    return uri == CRS84 or CRS(definition(uri)).is_geographic


@cache
def _operation(source: str, target: str) -> Operation:
    return plan_operation(source, target)


def box_to_crs84(box: Box, storage: int) -> Box:
    """Return the CRS84 box that holds a box in the storage CRS, its edges bent as they are."""
    x, y = outline(box, _ROUGHLY)
    lon, lat = transform_xy(x, y, _operation(f"EPSG:{storage}", "OGC:CRS84"))
    return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())


def box_to_storage(box: Box, uri: str, storage: int, within: Box) -> BaseGeometry | None:
    """Return a box of any offered CRS as an area in the storage CRS; None if it misses ``within``.

    Parameters
    ----------
    box
        As the client wrote it, in that CRS's axis order. A box over the antimeridian
        (west greater than east) is legal in degrees.
    uri
        CRS of the box.
    storage
        EPSG code of the storage CRS.
    within
        Box in the storage CRS outside of which nothing lies; the polygon is cut to it,
        so that a box of the whole earth needs no projection of the far side.

    Notes
    -----
    Edges get a point every 5 m: a parallel bends by a micrometre over that distance, so a
    parcel is found by the box exactly when it meets the box's own lines. The box is taken
    ten micrometres larger, so that what lies on its edge is not lost on the way.
    """
    west, south, east, north = box if not northing_first(uri) else turned_box(box)
    if uri != crs_uri(storage):
        west, south, east, north = grown((west, south, east, north), 10.0 ** -(decimals(uri) + 2))
    least_x, least_y, most_x, most_y = limits(uri, storage, within)
    if west > east:
        halves = [(west, south, 180.0, north), (-180.0, south, east, north)]
    else:
        halves = [(west, south, east, north)]
    pieces = []
    for w, s, e, n in halves:
        cut = (max(w, least_x), max(s, least_y), min(e, most_x), min(n, most_y))
        if cut[0] > cut[2] or cut[1] > cut[3]:
            continue
        pieces.append(_bent(cut, uri, storage))
    return shapely.union_all(pieces) if pieces else None


@lru_cache(maxsize=256)
def limits(uri: str, storage: int, within: Box) -> Box:
    """Return the box, x east, that holds a box in the storage CRS and a kilometre around it."""
    x, y = outline(grown(within, 1000.0), _ROUGHLY)
    px, py = transform_xy(x, y, operation_between(crs_uri(storage), uri))
    return float(px.min()), float(py.min()), float(px.max()), float(py.max())


def operation_between(source: str, target: str) -> Operation:
    """Return the operation from one offered CRS to another, x east in both."""
    return _operation(definition(source), definition(target))


def _bent(box: Box, uri: str, storage: int) -> shapely.Polygon:
    operation = _operation(definition(uri), f"EPSG:{storage}")
    x, y = transform_xy(*outline(box, 1), operation)
    longest = float(np.hypot(np.diff(x), np.diff(y)).max())
    count = int(np.clip(np.ceil(longest / _SEGMENT_M), 1, _MOST_POINTS))
    x, y = transform_xy(*outline(box, count), operation)
    return shapely.Polygon(np.column_stack([x, y]))


def outline(box: Box, per_edge: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the closed outline of a box with ``per_edge`` segments on each side."""
    west, south, east, north = box
    t = np.arange(per_edge) / per_edge
    x = np.concatenate(
        [
            west + (east - west) * t,
            np.full(per_edge, east),
            east - (east - west) * t,
            np.full(per_edge, west),
        ]
    )
    y = np.concatenate(
        [
            np.full(per_edge, south),
            south + (north - south) * t,
            np.full(per_edge, north),
            north - (north - south) * t,
        ]
    )
    return np.append(x, x[0]), np.append(y, y[0])


def turned_box(box: Box) -> Box:
    """Return a box with its axes exchanged."""
    return box[1], box[0], box[3], box[2]


def grown(box: Box, by: float) -> Box:
    """Return a box that is larger by so much on each side."""
    return box[0] - by, box[1] - by, box[2] + by, box[3] + by


def to_crs(geometry: NDArray[np.object_], storage: int, uri: str) -> NDArray[np.object_]:
    """Return geometry in an offered CRS, in the axis order that the CRS prescribes.

    Parameters
    ----------
    geometry
        (n,) shapely geometries in the storage CRS, x east; None is allowed.
    """
    return in_axis_order(to_crs_east_first(geometry, storage, uri), uri)


def to_crs_east_first(geometry: NDArray[np.object_], storage: int, uri: str) -> NDArray[np.object_]:
    """Return geometry in an offered CRS with x east, as files hold it whatever the CRS says."""
    name = definition(uri)
    if name == f"EPSG:{storage}":
        return geometry
    return transform_geometry(geometry, _operation(f"EPSG:{storage}", name))


def in_axis_order(geometry: NDArray[np.object_], uri: str) -> NDArray[np.object_]:
    """Return geometry with x east in the axis order that its CRS prescribes."""
    if not northing_first(uri):
        return geometry
    return np.asarray(shapely.transform(geometry, lambda xy: xy[:, ::-1]), dtype=object)


def decimals(uri: str) -> int:
    """Return how many decimals say a position to about a centimetre or better."""
    return 8 if is_geographic(uri) else 3
