"""The exact area that a disc and an area share: no polygon stands in for the circle."""

import math

import numpy as np
from numpy.typing import NDArray

from gis_core.merge.flat import FlatShapes, read_only
from gis_core.merge.kernels.compiled import kernel
from gis_core.merge.kernels.edges import BACKWARDS, STARTS, Edges, edges_of, slab_at
from gis_core.merge.kernels.points import BORDER, INSIDE, OUTSIDE, segment_distance


def disc_areas(
    xy: NDArray[np.float64],
    radius: NDArray[np.float64],
    area: NDArray[np.intp],
    areas: Edges | FlatShapes,
) -> NDArray[np.float64]:
    """Return how much of each disc lies on the area beside it.

    Parameters
    ----------
    xy
        (k, 2) centres, metre.
    radius
        (k,) metres; a disc that is not above 0 has no area.
    area
        (k,) positions in ``areas``.
    areas
        Valid areas; who asks more than once gives their edges, so that they are found once.

    Returns
    -------
    (k,) float64
        m², exactly pi * radius² for a disc that no border reaches from within, exactly 0 for
        one without; between them off by some 1e-13 of the disc.

    Notes
    -----
    The disc is what its upper edges have below them less what its lower edges have, each within
    the circle. So only edges above, below or across the disc are looked at, in any order.

    Source: area under a circular arc.

    Examples
    --------
    >>> import shapely
    >>> plots = FlatShapes.from_shapely(shapely.box([0, 4], 0, [4, 9], 5))
    >>> trees = np.array([[4.0, 2.0], [4.0, 0.0], [2.0, 2.0]])
    >>> areas = disc_areas(trees, np.ones(3), np.array([1, 1, 0]), plots)
    >>> (areas / np.pi).round(12).tolist()
    [0.5, 0.25, 1.0]
    """
    edges = edges_of(areas) if isinstance(areas, FlatShapes) else areas
    return _areas(read_only(xy, "f8"), read_only(radius, "f8"), read_only(area, "i8"), edges)


@kernel
def _areas(
    place: NDArray[np.float64],
    radius: NDArray[np.float64],
    area: NDArray[np.int64],
    edges: Edges,
) -> NDArray[np.float64]:
    found = np.zeros(len(area))
    for k in range(len(area)):
        x, y, size = place[k, 0], place[k, 1], radius[k]
        if not (np.isfinite(x) and np.isfinite(y) and size > 0.0):
            continue
        whole = math.pi * size * size
        wide = size + (abs(x) + size) * 4e-16
        first, last = (
            slab_at(x - wide, edges.about, area[k]),
            slab_at(x + wide, edges.about, area[k]),
        )
        side = _side(x, y, size, first, last, edges)
        if side == INSIDE:
            found[k] = whole
        elif side == BORDER:
            found[k] = min(max(_cut(x, y, size, first, last, edges), 0.0), whole)
    return found


@kernel
def _side(x: float, y: float, size: float, first: int, last: int, edges: Edges) -> int:
    """Return whether the disc is outside, inside or reached by an edge of the slabs."""
    xy, code = edges.xy, edges.code
    inside = False
    for slab in range(first, last + 1):
        for q in range(edges.start[slab], edges.start[slab + 1]):
            if slab > first and not code[q] & STARTS:
                continue
            v = code[q] >> 2
            x1, y1, x2, y2 = xy[v, 0] - x, xy[v, 1] - y, xy[v + 1, 0] - x, xy[v + 1, 1] - y
            if min(x1, x2) > size or max(x1, x2) < -size or max(y1, y2) < -size:
                continue
            if min(y1, y2) <= size and segment_distance(x1, y1, x2, y2) <= size:
                return BORDER
            if (x1 > 0.0) != (x2 > 0.0) and (x1 * y2 < x2 * y1) == (x2 > x1):
                inside = not inside
    return INSIDE if inside else OUTSIDE


@kernel
def _cut(x: float, y: float, size: float, first: int, last: int, edges: Edges) -> float:
    """Return the area of a disc that edges of the slabs reach."""
    xy, code = edges.xy, edges.code
    total = 0.0
    for slab in range(first, last + 1):
        for q in range(edges.start[slab], edges.start[slab + 1]):
            if slab > first and not code[q] & STARTS:
                continue
            v = code[q] >> 2
            x1, y1, x2, y2 = xy[v, 0] - x, xy[v, 1] - y, xy[v + 1, 0] - x, xy[v + 1, 1] - y
            below = _below(x1, y1, x2, y2, size)
            # Drawn to the right, the area below counts negative; inside on its right turns that.
            total += below if code[q] & BACKWARDS else -below
    return total


@kernel
def _below(x1: float, y1: float, x2: float, y2: float, size: float) -> float:
    """Return the area below an edge within the disc about (0, 0), negative if drawn leftwards."""
    dx, dy = x2 - x1, y2 - y1
    if dx == 0.0 or max(x1, x2) <= -size or min(x1, x2) >= size or max(y1, y2) <= -size:
        return 0.0
    squared = dx * dx + dy * dy
    off = x1 * dy - y1 * dx
    root = math.sqrt(max(squared * size * size - off * off, 0.0))
    middle = -(x1 * dx + y1 * dy)
    enter = min(max((middle - root) / squared, 0.0), 1.0)
    leave = min(max((middle + root) / squared, 0.0), 1.0)
    xe, ye, xl, yl = x1 + enter * dx, y1 + enter * dy, x1 + leave * dx, y1 + leave * dy
    chord = 0.5 * (xl - xe) * (ye + yl) + _under_arc(xl, size) - _under_arc(xe, size)
    return chord + _beside(x1, y1, xe, ye, size) + _beside(xl, yl, x2, y2, size)


@kernel
def _beside(x1: float, y1: float, x2: float, y2: float, size: float) -> float:
    """Return the area of the disc below an edge that is wholly above or wholly below it."""
    left, right = min(max(x1, -size), size), min(max(x2, -size), size)
    if left == right:
        return 0.0
    height = y1 + (0.5 * (left + right) - x1) * ((y2 - y1) / (x2 - x1))
    return 2.0 * (_under_arc(right, size) - _under_arc(left, size)) if height > 0.0 else 0.0


@kernel
def _under_arc(x: float, size: float) -> float:
    """Return the area between the x-axis and the upper arc, from the middle of the disc to x."""
    x = min(max(x, -size), size)
    height = math.sqrt((size - x) * (size + x))
    return 0.5 * (x * height + size * size * math.atan2(x, height))
