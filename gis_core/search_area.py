"""A box in any offered system as an area to search: most candidates are judged by their boxes."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

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
    outline,
    turned_box,
)

_LEAST_M = 1.0  # a narrower box is asked exactly
_PER_EDGE = 4
_CERTAIN_M = 1e-4  # on top of the measured bulge
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SearchArea:
    """Four corners in the storage system, between which the edges bulge a little.

    Attributes
    ----------
    corners
        (4, 2) x and y, counter-clockwise, convex.
    bulge
        How far the true edges may lie from the straight ones, in metres.
    exact
        Makes the true area: dear, and needed only for what ends within the bulge.
    """

    corners: Floats
    bulge: float
    exact: Callable[[], BaseGeometry | None]

    @property
    def outer(self) -> Box:
        """A box around the area."""
        xmin, ymin = (self.corners.min(axis=0) - self.bulge).tolist()
        xmax, ymax = (self.corners.max(axis=0) + self.bulge).tolist()
        return xmin, ymin, xmax, ymax

    def judge(self, boxes: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Tell of (n, 4) boxes which lie inside and which outside, as far as that is sure."""
        a, b = self.corners, np.roll(self.corners, -1, axis=0)
        along = b - a
        normal = np.stack([-along[:, 1], along[:, 0]]) / np.hypot(along[:, 0], along[:, 1])
        offset = (a * normal.T).sum(axis=1)
        low, high = boxes[:, :2], boxes[:, 2:]
        up, down = np.maximum(normal, 0), np.minimum(normal, 0)
        # No middle of the box is taken: along the axes nothing may be rounded.
        inside = (low @ up + high @ down - offset >= self.bulge).all(axis=1)
        outside = (high @ up + low @ down - offset < -self.bulge).any(axis=1)
        return inside, outside

    def meets(
        self, boxes: Floats, shapes: Callable[[NDArray[np.intp]], NDArray[np.object_]]
    ) -> NDArray[np.bool_]:
        """Tell which geometries have a point in common with the area.

        Parameters
        ----------
        boxes
            (n, 4) their boxes.
        shapes
            Returns the geometries at some positions; asked only of what lies on the rim.
        """
        found, outside = self.judge(boxes)
        rest = np.flatnonzero(~(found | outside))
        if not len(rest):
            return found
        geometry = shapes(rest)
        middle = shapely.polygons(self.corners)
        if self.bulge == 0.0:
            shapely.prepare(middle)
            found[rest] = shapely.intersects(middle, geometry)
            return found
        inner, outer = shapely.buffer(middle, [-self.bulge, self.bulge], join_style="mitre")
        shapely.prepare([inner, outer])
        sure = shapely.intersects(inner, geometry)
        found[rest] = sure
        open_ = np.flatnonzero(~sure)
        open_ = open_[shapely.intersects(outer, geometry[open_])]
        if len(open_) and (area := self.exact()) is not None:
            found[rest[open_]] = shapely.intersects(area, geometry[open_])
        return found

    def around(self, box: Box) -> bool | None:
        """Tell whether a box lies inside; None when that takes the true area to say."""
        inside, _ = self.judge(np.array([box]))
        if inside[0]:
            return True
        near, _ = SearchArea(self.corners, -self.bulge, self.exact).judge(np.array([box]))
        return None if near[0] else False


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
    if uri == crs_uri(storage):
        corners = np.array([[west, south], [east, south], [east, north], [west, north]])
        bulge = 0.0
    else:
        asked = grown((west, south, east, north), 10.0 ** -(decimals(uri) + 2))
        cut = _cut(asked, uri, storage, within)
        if cut is None:
            return None
        x, y = carry(*outline(cut, _PER_EDGE), operation_between(uri, crs_uri(storage)))
        corners, bulge = _straightened(np.column_stack([x, y]))
    if not _fits(corners):
        return None
    return SearchArea(corners, bulge, lambda: box_to_storage(box, uri, storage, within))


def _cut(box: Box, uri: str, storage: int, within: Box) -> Box | None:
    low_x, low_y, high_x, high_y = limits(uri, storage, within)
    cut = (max(box[0], low_x), max(box[1], low_y), min(box[2], high_x), min(box[3], high_y))
    return cut if cut[0] < cut[2] and cut[1] < cut[3] else None


def _straightened(ring: Floats) -> tuple[Floats, float]:
    """Return the corners of a closed outline, and how far it lies from the lines between them."""
    corners = ring[:-1:_PER_EDGE]
    along = np.roll(corners, -1, axis=0) - corners
    apart = ring[:-1].reshape(4, _PER_EDGE, 2) - corners[:, None]
    cross = along[:, None, 0] * apart[..., 1] - along[:, None, 1] * apart[..., 0]
    length = np.maximum(np.hypot(along[:, 0], along[:, 1]), _CERTAIN_M)
    seen = float((np.abs(cross).max(axis=1) / length).max())
    # Between the points looked at the edge bends on, by a sixteenth of the whole at most; a half
    # more is allowed for what is no parabola.
    return corners, 1.5 * seen + _CERTAIN_M


def _fits(corners: Floats) -> bool:
    if not np.isfinite(corners).all():
        return False
    along = np.roll(corners, -1, axis=0) - corners
    after = np.roll(along, -1, axis=0)
    turn = along[:, 0] * after[:, 1] - along[:, 1] * after[:, 0]
    length = np.hypot(along[:, 0], along[:, 1])
    return bool((length >= _LEAST_M).all() and (turn > 0.5 * length * np.roll(length, -1)).all())


def carry(x: Floats, y: Floats, operation: Operation) -> tuple[Floats, Floats]:
    """Carry positions over as `transform_xy` does, faster where no grid can go missing."""
    if operation.grids:
        return transform_xy(x, y, operation)
    carried: tuple[Floats, Floats] = _transformer(operation.definition).transform(x, y)
    return carried


@lru_cache(maxsize=64)
def _transformer(definition: str) -> Transformer:
    return Transformer.from_pipeline(definition)
