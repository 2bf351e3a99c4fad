"""Geometries of a filter from its CRS into the storage CRS, whatever their extent."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gis_core.errors import FilterError
from gis_core.filters.ast import Box, Shape

Carry = Callable[[NDArray[np.object_]], NDArray[np.object_]]
_EARTH: Box = (-180.0, -90.0, 180.0, 90.0)
_MOST_POINTS = 100_000  # added on all edges together
_PLANE: Box = (-1e8, -1e8, 1e8, 1e8)


@dataclass(frozen=True, slots=True)
class Places:
    """How the coordinates of a filter are to be read.

    Attributes
    ----------
    crs
        Its name, for messages.
    geographic
        Whether coordinates are degrees.
    northing_first
        Whether the CRS writes latitude or northing first.
    carry
        Takes geometries, easting or longitude first, to the storage CRS; None if it is that.
    region
        Box in the filter's CRS, easting first, well around all there is. What reaches out of it
        is cut there: a projection is true near its own area only.
    step
        Longest edge, in the filter's CRS, that stays straight enough when only its ends are
        carried over; longer ones get points between.
    """

    crs: str = ""
    geographic: bool = False
    northing_first: bool = False
    carry: Carry | None = None
    region: Box | None = None
    step: float | None = None


def placed(shape: Shape, places: Places) -> BaseGeometry:
    """Return the geometry of a filter in the storage CRS.

    Raises
    ------
    FilterError
        A coordinate that no place has, or a polygon that crosses itself.

    Notes
    -----
    What is cut off is replaced by a stub of the same dimension at the region's corner, where
    no feature is: so it still counts that the geometry goes on elsewhere, and all relations to
    features inside the region stay what they were.
    """
    geometry = _box(shape, places) if shape.bbox is not None else _turned(shape, places)
    if not shapely.is_valid(geometry):
        reason = shapely.is_valid_reason(geometry)
        raise FilterError(shape.at, f"a geometry with {reason}", "a valid one")
    if places.region is not None:
        geometry = _cut(geometry, places.region)
    if places.carry is None:
        return geometry
    if places.step is not None:
        longest = max(places.step, shapely.length(geometry) / _MOST_POINTS)
        geometry = shapely.segmentize(geometry, longest)
    moved: BaseGeometry = places.carry(np.array([geometry], dtype=object))[0]
    if not np.isfinite(shapely.get_coordinates(moved)).all():
        raise FilterError(shape.at, "a place outside the storage CRS", "one that it can show")
    return moved if shapely.is_valid(moved) else shapely.make_valid(moved)


def _turned(shape: Shape, places: Places) -> BaseGeometry:
    geometry = shape.geometry or shapely.Point()
    _check(shapely.get_coordinates(geometry).ravel(), shape, places)
    if not places.northing_first:
        return geometry
    return shapely.transform(geometry, lambda old: old[:, ::-1])


def _box(shape: Shape, places: Places) -> BaseGeometry:
    numbers = list(shape.bbox or ())
    kept = [0, 1, 3, 4] if len(numbers) == 6 else [0, 1, 2, 3]
    numbers = [numbers[i] for i in kept]
    _check(np.array(numbers), shape, places, kept)
    x, y = (1, 0) if places.northing_first else (0, 1)
    west, east, south, north = numbers[x], numbers[x + 2], numbers[y], numbers[y + 2]
    across = places.geographic and west > east
    if south > north or (west > east and not across):
        raise FilterError(shape.at, f"a box of {shape.bbox}", "the lower corner first")
    if across:
        halves = [(west, south, 180.0, north), (-180.0, south, east, north)]
        return shapely.MultiPolygon([shapely.box(*half) for half in halves if half[0] < half[2]])
    return _rectangle(west, south, east, north)


def _rectangle(west: float, south: float, east: float, north: float) -> BaseGeometry:
    """Return the box; one without width or height is a line or a point."""
    if west == east and south == north:
        return shapely.Point(west, south)
    if west == east or south == north:
        return shapely.LineString([(west, south), (east, north)])
    return shapely.box(west, south, east, north)


def _check(
    numbers: NDArray[np.float64], shape: Shape, places: Places, kept: list[int] | None = None
) -> None:
    """Refuse coordinates that are none of the CRS, naming the first of them."""
    west, south, east, north = _EARTH if places.geographic else _PLANE
    low, high = (south, west), (north, east)
    if not places.northing_first:
        low, high = (west, south), (east, north)
    axis = np.arange(len(numbers)) % 2
    bad = (numbers < np.take(low, axis)) | (numbers > np.take(high, axis)) | np.isnan(numbers)
    if not bad.any():
        return
    first = int(np.flatnonzero(bad)[0])
    place = first if kept is None else kept[first]
    flat = len(shape.numbers) == len(numbers) or kept is not None
    at = shape.numbers[place] if flat and place < len(shape.numbers) else shape.at
    k = int(axis[first])
    expected = f"a coordinate from {low[k]:g} to {high[k]:g}"
    raise FilterError(at, f"{numbers[first]:g}", f"{expected} ({places.crs})")


def _cut(geometry: BaseGeometry, region: Box) -> BaseGeometry:
    window = shapely.box(*region)
    if window.covers(geometry):
        return geometry
    near = shapely.intersection(geometry, window)
    stub = _stub(region, int(shapely.get_dimensions(geometry)))
    return shapely.union(near, stub)


def _stub(region: Box, dimension: int) -> BaseGeometry:
    xmin, ymin, xmax, ymax = region
    w, h = (xmax - xmin) / 1e6, (ymax - ymin) / 1e6
    if dimension == 0:
        return shapely.Point(xmin, ymin)
    if dimension == 1:
        return shapely.LineString([(xmin, ymin), (xmin + w, ymin + h)])
    return shapely.box(xmin, ymin, xmin + w, ymin + h)
