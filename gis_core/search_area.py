"""A box in any offered system as an area to search: most candidates are judged by their boxes."""

from collections.abc import Callable
from functools import lru_cache
from math import hypot, inf

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

from gis_core.crs import Operation, transform_xy
from gis_core.offered_crs import (
    Box,
    box_to_storage,
    crs_uri,
    decimals,
    grown,
    limits,
    northing_first,
    operation_between,
    turned_box,
)

_LEAST_M = 1.0  # a narrower box is asked exactly
_PER_EDGE = 4
_CERTAIN_M = 1e-4  # on top of the measured bulge
Floats = NDArray[np.float64]


# The outline of a unit square: four points on each edge, counter-clockwise.
_STEPS = np.arange(_PER_EDGE) / _PER_EDGE
_UNIT_X = np.concatenate([_STEPS, np.ones(_PER_EDGE), 1 - _STEPS, np.zeros(_PER_EDGE)])
_UNIT_Y = np.concatenate([np.zeros(_PER_EDGE), _STEPS, np.ones(_PER_EDGE), 1 - _STEPS])


class SearchArea:
    """Four corners in the storage system, between which the edges bulge a little.

    Parameters
    ----------
    corners
        (4, 2) x and y, counter-clockwise, convex.
    bulge
        How far the true edges may lie from the straight ones, in metres.
    exact
        Makes the true area: dear, and needed only for what ends within the bulge.

    Attributes
    ----------
    outer
        A box around the area.
    """

    def __init__(
        self, corners: Floats, bulge: float, exact: Callable[[], BaseGeometry | None]
    ) -> None:
        self.corners = corners
        self.bulge = bulge
        self._exact = exact
        xy: list[list[float]] = corners.tolist()
        edges = []
        for (ax, ay), (bx, by) in zip(xy, [*xy[1:], xy[0]], strict=True):
            length = hypot(bx - ax, by - ay)
            x, y = (ay - by) / length, (bx - ax) / length
            edges.append((x, y, ax * x + ay * y))
        self._edges = edges
        self._normal = np.array([edge[:2] for edge in edges])
        self._offset = np.array([edge[2:] for edge in edges])
        # Of a box the corner that lies furthest in, or out: no middle of it is taken, so that
        # along the axes nothing is rounded.
        corner = [(max(x, 0.0), max(y, 0.0), min(x, 0.0), min(y, 0.0)) for x, y, _ in edges]
        self._reach = np.array([*corner, *((*c[2:], *c[:2]) for c in corner)])
        xs, ys = zip(*xy, strict=True)
        self.outer: Box = (
            min(xs) - bulge,
            min(ys) - bulge,
            max(xs) + bulge,
            max(ys) + bulge,
        )

    def judge(self, boxes: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Tell of (n, 4) boxes which lie inside and which outside, as far as that is sure."""
        reach = (self._reach @ boxes.T).reshape(2, 4, -1) - self._offset
        least, most = reach.min(axis=1)
        return least >= self.bulge, most < -self.bulge

    def meets(
        self,
        boxes: Floats,
        vertices: Callable[[NDArray[np.intp]], Floats],
        outlines: Callable[[NDArray[np.intp]], tuple[Floats, NDArray[np.intp]]],
        shapes: Callable[[NDArray[np.intp]], NDArray[np.object_]],
    ) -> NDArray[np.bool_]:
        """Tell which geometries have a point in common with the area.

        Parameters
        ----------
        boxes
            (n, 4) their boxes.
        vertices
            Returns (k, 2) a vertex of each geometry at some positions; asked of what lies on the
            rim.
        outlines
            Returns (v, 2) all their vertices, and (k,) where those of each begin; asked where the
            vertex does not lie inside.
        shapes
            Returns the geometries themselves; asked of what passes by a corner.
        """
        found, outside = self.judge(boxes)
        rest = np.flatnonzero(~(found | outside))
        if not len(rest):
            return found
        inwards = self._normal @ vertices(rest).T - self._offset
        held = inwards.min(axis=0) >= self.bulge
        found[rest[held]] = True
        rest = rest[~held]
        if not len(rest):
            return found
        xy, first = outlines(rest)
        inwards = self._normal @ xy.T - self._offset
        held = np.maximum.reduceat(inwards.min(axis=0), first) >= self.bulge
        found[rest[held]] = True
        beyond = (np.maximum.reduceat(inwards, first, axis=1) < -self.bulge).any(axis=0)
        rest = rest[~(held | beyond)]
        if len(rest):
            found[rest] = self._exactly(shapes(rest))
        return found

    def _exactly(self, geometry: NDArray[np.object_]) -> NDArray[np.bool_]:
        rings = np.array([self._moved(-self.bulge), self._moved(self.bulge)])
        outer, inner = np.asarray(shapely.polygons(rings), dtype=object)
        found: NDArray[np.bool_] = shapely.intersects(outer, geometry)
        if self.bulge == 0.0 or not found.any():
            return found
        near = np.flatnonzero(found)
        open_ = near[~shapely.intersects(inner, geometry[near])]
        if len(open_):
            area = self._exact()
            found[open_] = area is not None and shapely.intersects(area, geometry[open_])
        return found

    def around(self, box: Box) -> bool | None:
        """Tell whether a box lies inside; None when that takes the true area to say."""
        outer = self.outer
        if box[0] < outer[0] or box[1] < outer[1] or box[2] > outer[2] or box[3] > outer[3]:
            return False
        least = float((self._reach[:4] @ np.array(box) - self._offset[:, 0]).min())
        if least >= self.bulge:
            return True
        return None if least >= -self.bulge else False

    def _moved(self, by: float) -> list[tuple[float, float]]:
        """Return the corners between the four edges, each moved inwards."""
        if by == 0.0:
            return list(map(tuple, self.corners.tolist()))
        corners = []
        for (ux, uy, u), (vx, vy, v) in zip(
            [self._edges[-1], *self._edges[:-1]], self._edges, strict=True
        ):
            across = ux * vy - uy * vx
            u_by, v_by = u + by, v + by
            corners.append(((u_by * vy - v_by * uy) / across, (v_by * ux - u_by * vx) / across))
        return corners


def search_area(box: Box, uri: str, storage: int, within: Box) -> SearchArea | None:
    """Return the area of a box; None where only `box_to_storage` can tell.

    The parameters are those of `box_to_storage`, which decides the same of every geometry.
    None is returned for boxes over the antimeridian, beside ``within``, narrower than a metre,
    or so wide that their image is not convex.

    Notes
    -----
    About 30 µs; a geometry whose box lies inside or outside costs nothing more.
    """
    west, south, east, north = turned_box(box) if northing_first(uri) else box
    if west > east:
        return None
    here = uri == crs_uri(storage)
    asked = (west, south, east, north)
    cut = _cut(asked if here else grown(asked, 10.0 ** -(decimals(uri) + 2)), uri, storage, within)
    if cut is None:
        return None
    if here:
        west, south, east, north = cut
        corners = np.array([[west, south], [east, south], [east, north], [west, north]])
        bulge = 0.0
    else:
        x = cut[0] + (cut[2] - cut[0]) * _UNIT_X
        y = cut[1] + (cut[3] - cut[1]) * _UNIT_Y
        corners, bulge = _straightened(*_carry(x, y, operation_between(uri, crs_uri(storage))))
    if not _fits(corners):
        return None
    return SearchArea(corners, bulge, lambda: box_to_storage(box, uri, storage, within))


def _cut(box: Box, uri: str, storage: int, within: Box) -> Box | None:
    low_x, low_y, high_x, high_y = limits(uri, storage, within)
    cut = (max(box[0], low_x), max(box[1], low_y), min(box[2], high_x), min(box[3], high_y))
    return cut if cut[0] < cut[2] and cut[1] < cut[3] else None


def _straightened(x: Floats, y: Floats) -> tuple[Floats, float]:
    """Return the corners of an outline, and how far it lies from the lines between them."""
    ring = list(zip(x.tolist(), y.tolist(), strict=True))
    furthest = 0.0
    for at in range(0, len(ring), _PER_EDGE):
        (ax, ay), (bx, by) = ring[at], ring[(at + _PER_EDGE) % len(ring)]
        along_x, along_y = bx - ax, by - ay
        length = max(hypot(along_x, along_y), _CERTAIN_M)
        for px, py in ring[at + 1 : at + _PER_EDGE]:
            apart = abs(along_x * (py - ay) - along_y * (px - ax)) / length
            furthest = max(furthest, apart)
    # Between the points looked at an edge bends on, by a sixteenth of the whole at most; half of
    # it is allowed, for what is no parabola.
    return np.array(ring[::_PER_EDGE]), 1.5 * furthest + _CERTAIN_M


def _fits(corners: Floats) -> bool:
    """Tell whether corners are those of an area that is wide and convex enough."""
    xy: list[list[float]] = corners.tolist()
    edges = [(b[0] - a[0], b[1] - a[1]) for a, b in zip(xy, [*xy[1:], xy[0]], strict=True)]
    lengths = [hypot(*edge) for edge in edges]
    if not all(_LEAST_M <= length < inf for length in lengths):
        return False
    pairs = zip(edges, [*edges[1:], edges[0]], lengths, [*lengths[1:], lengths[0]], strict=True)
    return all(a[0] * b[1] - a[1] * b[0] > 0.5 * la * lb for a, b, la, lb in pairs)


def _carry(x: Floats, y: Floats, operation: Operation) -> tuple[Floats, Floats]:
    """Carry positions over as `transform_xy` does, faster where no grid can go missing."""
    if operation.grids:
        return transform_xy(x, y, operation)
    carried: tuple[Floats, Floats] = _transformer(operation.definition).transform(x, y)
    return carried


@lru_cache(maxsize=64)
def _transformer(definition: str) -> Transformer:
    return Transformer.from_pipeline(definition)
