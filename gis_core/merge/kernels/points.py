"""Points and the areas that cover them or are near."""

import math

import numpy as np
from numpy.typing import NDArray

from gis_core.merge.flat import FlatShapes, read_only
from gis_core.merge.kernels.compiled import kernel, part_of_kernel
from gis_core.merge.kernels.edges import XMAX, XMIN, YMAX, YMIN, Edges, edges_of, slab_at
from gis_core.merge.kernels.grid import Grid, boxes_at, doubled
from gis_core.merge.kernels.orientation import BOUND, orientation
from gis_core.merge.kernels.slants import out_of_reach

OUTSIDE, INSIDE, BORDER = 0, 1, 2


def near_points(
    xy: NDArray[np.float64], reach: NDArray[np.float64], grid: Grid, areas: Edges | FlatShapes
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_], NDArray[np.float64]]:
    """Return all pairs of a point and an area at most ``reach`` metres away.

    Parameters
    ----------
    xy
        (n, 2) float64, metre; a point with a NaN has no pair.
    reach
        (n,) metres; 0 asks for the areas that cover the point. Negative or NaN: no pair.
    grid
        Of the boxes of ``areas``.
    areas
        m valid areas; who asks more than once gives their edges, so that they are found once.

    Returns
    -------
    point, area : (k,) int64
        Sorted by point, then area.
    covered : (k,) bool
        Whether the point lies in the area or exactly on its border; no rounding is involved.
    distance_m : (k,) float64
        To the border, 0 where covered.

    Notes
    -----
    Of an area with many edges only those above, below or in reach are looked at.

    Examples
    --------
    >>> import shapely
    >>> from gis_core.merge.kernels.grid import build_grid
    >>> plots = FlatShapes.from_shapely(shapely.box([0, 4], 0, [4, 9], 5))
    >>> place, reach = np.array([[4.0, 1.0], [3.0, 1.0]]), np.array([0.0, 2.0])
    >>> point, plot, covered, distance = near_points(place, reach, build_grid(plots.box), plots)
    >>> point.tolist(), plot.tolist(), covered.tolist(), distance.tolist()
    ([0, 0, 1, 1], [0, 1, 0, 1], [True, True, True, False], [0.0, 0.0, 0.0, 1.0])
    """
    edges = edges_of(areas) if isinstance(areas, FlatShapes) else areas
    return _near(read_only(xy, "f8"), read_only(reach, "f8"), grid, edges)


@kernel
def _near(
    place: NDArray[np.float64], reach: NDArray[np.float64], grid: Grid, edges: Edges
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_], NDArray[np.float64]]:
    xy, about, start, code = edges.xy, edges.about, edges.start, edges.code
    room = 2 * len(place) + 64
    points, areas = np.empty(room, np.int64), np.empty(room, np.int64)
    covered, distances = np.empty(room, np.bool_), np.empty(room)
    around = np.empty(64, np.int64)
    n = 0
    for p in range(len(place)):
        x, y, far = place[p, 0], place[p, 1], reach[p]
        if not far >= 0.0:
            continue
        # By as much more as the rounding of a place ± reach could shorten the reach.
        wide = far + (abs(x) + abs(y) + far) * 4e-16 if far > 0.0 else far
        box = (x - wide, y - wide, x + wide, y + wide)
        found, around = boxes_at(grid, about, box, around)
        for k in range(found):
            i = around[k]
            if out_of_reach(x, y, far, edges.slants, i):
                continue
            inside = _stands(x, y, i, xy, about, start, code) != OUTSIDE
            distance = 0.0
            if not inside:
                distance = np.inf
                if far > 0.0:
                    distance = _border_distance(x, y, far, i, xy, about, start, code)
            if distance <= far:
                if n == len(points):
                    points, areas = doubled(points), doubled(areas)
                    covered, distances = doubled(covered), doubled(distances)
                points[n], areas[n] = p, i
                covered[n], distances[n] = inside, distance
                n += 1
    return points[:n], areas[:n], covered[:n], distances[:n]


@part_of_kernel
def _stands(
    x: float,
    y: float,
    i: int,
    xy: NDArray[np.float64],
    about: NDArray[np.float64],
    start: NDArray[np.int64],
    code: NDArray[np.int64],
) -> int:
    """Return whether a point is outside, inside or on the border of area i.

    Counts the edges above the point; holes and parts need no thought. Only where a point is too
    near to an edge for floats to tell is the count taken again with exact orientations.
    """
    found = OUTSIDE
    if about[i, XMIN] <= x <= about[i, XMAX] and about[i, YMIN] <= y <= about[i, YMAX]:
        slab = slab_at(x, about, i)
        inside, doubtful = False, False
        for q in range(start[slab], start[slab + 1]):
            v = code[q] >> 2
            # Without branches, as edges follow no rule that a processor could guess.
            x1, y1, x2, y2 = xy[v, 0] - x, xy[v, 1] - y, xy[v + 1, 0] - x, xy[v + 1, 1] - y
            left, right = x1 * y2, y1 * x2
            turn = left - right
            spans = (x1 <= 0.0) | (x2 <= 0.0)
            spans &= (x1 >= 0.0) | (x2 >= 0.0)
            doubtful |= spans & (abs(turn) <= BOUND * (abs(left) + abs(right)))
            inside ^= ((x1 > 0.0) != (x2 > 0.0)) & ((turn < 0.0) == (x2 > x1))
        if doubtful:
            found = _locate_exactly(x, y, start[slab], start[slab + 1], xy, code)
        elif inside:
            found = INSIDE
    return found


@kernel
def _locate_exactly(
    x: float, y: float, first: int, end: int, xy: NDArray[np.float64], code: NDArray[np.int64]
) -> int:
    inside = 0
    for q in range(first, end):
        v = code[q] >> 2
        side = _side(xy[v, 0], xy[v, 1], xy[v + 1, 0], xy[v + 1, 1], x, y)
        if side == BORDER:
            return BORDER
        inside ^= side
    return inside


@kernel
def _side(x1: float, y1: float, x2: float, y2: float, x: float, y: float) -> int:
    """Return 1 where the edge is above the point, 2 where it meets it, else 0."""
    if (x1 > x) == (x2 > x):
        # Beside the point, or upright through it.
        return BORDER if (x1 == x or x2 == x) and _touches(x1, y1, x2, y2, x, y) else 0
    if y1 < y and y2 < y:
        return 0
    if y1 > y and y2 > y:
        return 1
    turn = orientation(x1, y1, x2, y2, x, y)
    if turn == 0:
        return BORDER
    return 1 if (turn < 0) == (x2 > x1) else 0


@kernel
def _touches(x1: float, y1: float, x2: float, y2: float, x: float, y: float) -> bool:
    """Return whether an edge that does not cross the line above and below a point meets it."""
    if (x1 == x and y1 == y) or (x2 == x and y2 == y):
        return True
    return x1 == x2 and (y1 < y) == (y < y2)


@part_of_kernel
def _border_distance(
    x: float,
    y: float,
    far: float,
    i: int,
    xy: NDArray[np.float64],
    about: NDArray[np.float64],
    start: NDArray[np.int64],
    code: NDArray[np.int64],
) -> float:
    """Return the distance to the border of area i in metres, infinity beyond the reach."""
    nearest = np.inf
    wide = far + (abs(x) + far) * 4e-16
    first, last = slab_at(x - wide, about, i), slab_at(x + wide, about, i)
    for q in range(start[first], start[last + 1]):
        v = code[q] >> 2
        x1, y1, x2, y2 = xy[v, 0] - x, xy[v, 1] - y, xy[v + 1, 0] - x, xy[v + 1, 1] - y
        if not (min(x1, x2) > far or max(x1, x2) < -far or min(y1, y2) > far or max(y1, y2) < -far):
            nearest = min(nearest, segment_distance(x1, y1, x2, y2))
    return nearest


@kernel
def segment_distance(x1: float, y1: float, x2: float, y2: float) -> float:
    """Return the distance from (0, 0) to a segment."""
    dx, dy = x2 - x1, y2 - y1
    if x1 * dx + y1 * dy >= 0.0:  # the first end is the nearest place, or the only one
        return math.sqrt(x1 * x1 + y1 * y1)
    if x2 * dx + y2 * dy <= 0.0:
        return math.sqrt(x2 * x2 + y2 * y2)
    return abs(x1 * y2 - x2 * y1) / math.sqrt(dx * dx + dy * dy)
