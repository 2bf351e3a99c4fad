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


_NEXT = [1, 2, 3, 0]
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
        along = corners[_NEXT] - corners
        length = np.hypot(along[:, 0], along[:, 1])
        normal = np.stack([-along[:, 1], along[:, 0]]) / length
        self._offset = corners[:, 0] * normal[0] + corners[:, 1] * normal[1]
        self._normal = normal
        # Of a box the corner that lies furthest in, or out: no middle of it is taken, so that
        # along the axes nothing is rounded.
        self._up, self._down = np.maximum(normal, 0), np.minimum(normal, 0)
        xs, ys = corners.T.tolist()
        self.outer: Box = (
            min(xs) - bulge,
            min(ys) - bulge,
            max(xs) + bulge,
            max(ys) + bulge,
        )

    def judge(self, boxes: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Tell of (n, 4) boxes which lie inside and which outside, as far as that is sure."""
        least, most = self._reach(boxes)
        return (least >= self.bulge).all(axis=1), (most < -self.bulge).any(axis=1)

    def _reach(self, boxes: Floats) -> tuple[Floats, Floats]:
        """Return the least and most distances (n, 4) of boxes inwards of the four edges."""
        low, high = boxes[:, :2], boxes[:, 2:]
        least = low @ self._up + high @ self._down - self._offset
        most = high @ self._up + low @ self._down - self._offset
        return least, most

    def meets(
        self,
        boxes: Floats,
        vertices: Callable[[NDArray[np.intp]], Floats],
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
        shapes
            Returns the geometries themselves; asked where the vertex does not lie inside.
        """
        found, outside = self.judge(boxes)
        rest = np.flatnonzero(~(found | outside))
        at = vertices(rest)
        held = ((at @ self._normal - self._offset) >= self.bulge).all(axis=1)
        found[rest[held]] = True
        rest = rest[~held]
        if not len(rest):
            return found
        geometry = shapes(rest)
        inner = self._moved(self.bulge)
        shapely.prepare(inner)
        sure = shapely.intersects(inner, geometry)
        found[rest] = sure
        if self.bulge == 0.0:
            return found
        open_ = np.flatnonzero(~sure)
        outer = self._moved(-self.bulge)
        shapely.prepare(outer)
        open_ = open_[shapely.intersects(outer, geometry[open_])]
        if len(open_) and (area := self._exact()) is not None:
            found[rest[open_]] = shapely.intersects(area, geometry[open_])
        return found

    def around(self, box: Box) -> bool | None:
        """Tell whether a box lies inside; None when that takes the true area to say."""
        outer = self.outer
        if box[0] < outer[0] or box[1] < outer[1] or box[2] > outer[2] or box[3] > outer[3]:
            return False
        least, _ = self._reach(np.array([box]))
        if (least >= self.bulge).all():
            return True
        return None if (least >= -self.bulge).all() else False

    def _moved(self, by: float) -> BaseGeometry:
        """Return the area within the four edges, each moved inwards."""
        if by == 0.0:
            return shapely.Polygon(self.corners)
        edges = zip(*self._normal.tolist(), self._offset.tolist(), strict=True)
        lines = [(x, y, offset + by) for x, y, offset in edges]
        corners = []
        for (ux, uy, u), (vx, vy, v) in zip([lines[-1], *lines[:-1]], lines, strict=True):
            across = ux * vy - uy * vx
            corners.append(((u * vy - v * uy) / across, (v * ux - u * vx) / across))
        return shapely.Polygon(corners)


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
    ring = np.stack([x, y], axis=1).reshape(4, _PER_EDGE, 2)
    corners = ring[:, 0]
    along = corners[_NEXT] - corners
    apart = ring[:, 1:] - corners[:, None]
    cross = along[:, None, 0] * apart[..., 1] - along[:, None, 1] * apart[..., 0]
    length = np.maximum(np.hypot(along[:, 0], along[:, 1]), _CERTAIN_M)
    # Between the points looked at an edge bends on, by a sixteenth of the whole at most; half of
    # it is allowed, for what is no parabola.
    return corners, 1.5 * float((np.abs(cross).max(axis=1) / length).max()) + _CERTAIN_M


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
