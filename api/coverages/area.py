"""Where: ``bbox`` and ``subset`` in any offered reference system, as a box of the answer's."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite

import numpy as np

from api.errors import OutsideError, ParameterError, UnsupportedCRSError
from api.features.parameters import read_box
from gis_core.cell_grid import Box, CellGrid
from gis_core.crs import transform_xy
from gis_core.offered_crs import (
    CRS84,
    WITH_GRID,
    crs_uri,
    is_geographic,
    northing_first,
    operation_between,
    outline,
    supported_crs,
    turned_box,
)

GridIn = Callable[[str], CellGrid]
"""Returns the grid of the raster in a reference system."""

_PER_EDGE = 64
_ROUND_THE_EARTH = 360.0
_FARTHEST = 1e9  # no coordinate of any system offered is greater
_AXIS = re.compile(r"\s*([A-Za-z]\w*)\(([^()]*)\)\s*(?:,|$)")
_NUMBER = re.compile(r"[+-]?\d{1,18}(\.\d{1,18})?([eE][+-]?\d{1,2})?")
_DEGREES = {"lon": 0, "long": 0, "x": 0, "lat": 1, "y": 1}
_METRES = {"e": 0, "x": 0, "n": 1, "y": 1}
_CURIE = re.compile(r"\[?(OGC|EPSG):(\w+)\]?")


@dataclass(frozen=True, slots=True)
class Area:
    """What was asked for.

    Attributes
    ----------
    box
        xmin, ymin, xmax, ymax, x east; an edge that was not asked for is infinite.
    crs
        URI of the reference system of the box.
    single
        Whether one x, and one y, was asked for rather than a range.
    """

    box: Box
    crs: str
    single: tuple[bool, bool] = (False, False)

    @property
    def place(self) -> bool:
        """Whether a single place was asked for."""
        return all(self.single)


def offered(storage: int) -> tuple[str, ...]:
    """Return the URIs offered for rasters: those that need no datum grid."""
    # What carries rasters over looks for grids elsewhere than what carries features over.
    without = {crs_uri(code) for code in WITH_GRID} - {crs_uri(storage)}
    return tuple(uri for uri in supported_crs(storage) if uri not in without)


def read_crs(given: Mapping[str, str], name: str, default: str, storage: int) -> str:
    """Return the URI that a parameter names: as URI, or short as ``[EPSG:25832]``.

    Raises
    ------
    UnsupportedCRSError
        It is not offered.
    """
    text = given.get(name, default)
    uri, known = text.replace("https://", "http://", 1), offered(storage)
    if short := _CURIE.fullmatch(text):
        uri = CRS84 if short[1] == "OGC" else f"http://www.opengis.net/def/crs/EPSG/0/{short[2]}"
        uri = uri if short[1] == "EPSG" or short[2] == "CRS84" else text
    if uri not in known:
        raise UnsupportedCRSError(
            f"{name}: {text[:120]!r} is not offered",
            advice=f"Use one of: {', '.join(known)}",
            parameter=name,
        )
    return uri


def read_area(given: Mapping[str, str], subsets: Sequence[str], storage: int) -> Area | None:
    """Return the area that ``bbox`` or ``subset`` asks for; None: all there is.

    Raises
    ------
    ParameterError
        A box or a subset that cannot be read, or both at once.
    UnsupportedCRSError
        A reference system that is not offered.
    """
    if subsets and "bbox" in given:
        raise ParameterError("found bbox and subset, expected one of them", parameter="subset")
    box_crs = read_crs(given, "bbox-crs", CRS84, storage)
    subset_crs = read_crs(given, "subset-crs", CRS84, storage)
    if subsets:
        area = _subset(",".join(subsets), subset_crs)
    elif "bbox" in given:
        box = read_box(given["bbox"], box_crs)
        area = Area(turned_box(box) if northing_first(box_crs) else box, box_crs)
    else:
        return None
    if any(isfinite(side) and abs(side) > _FARTHEST for side in area.box):
        name = "subset" if subsets else "bbox"
        raise _refused(name, given.get(name, ",".join(subsets)), "coordinates on the earth")
    return area


def _subset(text: str, crs: str) -> Area:
    names = _DEGREES if is_geographic(crs) else _METRES
    low, high, single = [-inf, -inf], [inf, inf], [False, False]
    at, seen = 0, set()
    while at < len(text):
        found = _AXIS.match(text, at)
        axis = names.get(found[1].lower()) if found else None
        if found is None or axis is None or axis in seen:
            expected = "Lon(low:high),Lat(low:high)" if names is _DEGREES else "E(a:b),N(a:b)"
            raise _refused("subset", text, f"{expected}, each axis once")
        seen.add(axis)
        ends = found[2].split(":")
        if len(ends) > 2:
            raise _refused("subset", text, "low:high or one number")
        single[axis] = len(ends) == 1
        low[axis] = _end(ends[0], -inf, single=single[axis])
        high[axis] = _end(ends[-1], inf, single=single[axis])
        wraps = axis == 0 and names is _DEGREES
        if low[axis] > high[axis] and not wraps:
            raise _refused("subset", text, "the lower end first")
        at = found.end()
    return Area((low[0], low[1], high[0], high[1]), crs, (single[0], single[1]))


def _end(text: str, none: float, *, single: bool) -> float:
    text = text.strip()
    if text == "*" and not single:
        return none
    if not _NUMBER.fullmatch(text):
        raise _refused("subset", text, "a number, or * for the end of the data")
    return float(text)


def cut(area: Area, grid_in: GridIn) -> Box:
    """Return what of an area the raster has, as a box of the area's reference system.

    Raises
    ------
    OutsideError
        It has nothing there.
    """
    around = grid_in(area.crs).box
    west, south, east, north = _in_reach(area, around)
    if west > around[2] or east < around[0] or south > around[3] or north < around[1]:
        raise OutsideError(
            "the area lies beyond the data",
            advice=f"The data lie in {', '.join(map(_short, around))} (west, south, east, north).",
            crs=area.crs,
        )
    return (
        max(west, around[0]),
        max(south, around[1]),
        min(east, around[2]),
        min(north, around[3]),
    )


def whole(area: Area, grid_in: GridIn) -> Box:
    """Return an area as a box that may reach beyond the raster; open ends are the raster's."""
    around = grid_in(area.crs).box
    asked = _in_reach(area, around)
    west, south, east, north = (a if isfinite(a) else b for a, b in zip(asked, around, strict=True))
    return west, south, east, north


def carried(box: Box, source: str, target: str) -> Box:
    """Return the box in another reference system that holds a box, its edges bent as they are.

    Raises
    ------
    ParameterError
        The other system does not reach so far.
    """
    if source == target:
        return box
    x, y = transform_xy(*outline(box, _PER_EDGE), operation_between(source, target))
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ParameterError(
            f"bbox: the area is too large for {target}",
            advice="Ask for a smaller area, or for an answer in the system of the area.",
            parameter="bbox",
        )
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def _in_reach(area: Area, around: Box) -> Box:
    """Return the area's box; one over the antimeridian from the side on which the data are."""
    west, south, east, north = area.box
    if west <= east:
        return area.box
    middle = (around[0] + around[2]) / 2
    if middle >= west:
        return west, south, east + _ROUND_THE_EARTH, north
    return west - _ROUND_THE_EARTH, south, east, north


def _short(number: float) -> str:
    return f"{number:.6f}".rstrip("0").rstrip(".")


def _refused(name: str, found: str, expected: str) -> ParameterError:
    return ParameterError(
        f"{name}: found {found[:80]!r}, expected {expected}", parameter=name, expected=expected
    )
