"""Lengths of lines in areas, and of the boundary that two areas' common piece has.

A point of an edge is inside a shape if the shape's edges above it, upper ones counted and lower
ones taken away, come to one. So the length of an edge inside a shape is a sum over the shape's
edges of the lengths that run below them. Where an edge runs along another, the rule says which
of them counts as the lower one; both sides of a pair go by the same rule, so a common border is
counted once or not at all, as the case is, and never by the luck of rounding.
"""

import numpy as np
from numpy.typing import NDArray

from gis_core.merge.kernels.compiled import kernel
from gis_core.merge.kernels.edges import (
    BACKWARDS,
    SIZE,
    STARTS,
    XMAX,
    XMIN,
    YMAX,
    YMIN,
    Edges,
    slab_at,
)

# Whether an edge along a border is inside: always, never, or where both insides lie on one side.
_CLOSED, _OPEN, _SAME_SIDE = 1, -1, 0
_ALONG = 1e-10  # metres between edges that run along each other; doubles in UTM end at 1e-9


def line_lengths(
    guest: NDArray[np.intp], parcel: NDArray[np.intp], guests: Edges, parcels: Edges
) -> NDArray[np.float64]:
    """Return the length of pairs of a line and an area that they have in common.

    Parameters
    ----------
    guest, parcel
        (k,) positions in ``guests`` and ``parcels``.
    guests, parcels
        Edges of lines and of areas, one projected CRS (metre).

    Returns
    -------
    (k,) float64
        Metres, from 0 to the line's length. A line along a border is in the areas on both sides
        of it. What a line runs along twice counts twice.

    Notes
    -----
    Per pair: the line's edges near the common box, times the area's edges above or below each.

    Examples
    --------
    >>> import shapely
    >>> from gis_core.merge.flat import FlatShapes
    >>> from gis_core.merge.kernels.edges import edges_of
    >>> plots = edges_of(FlatShapes.from_shapely(shapely.box([0, 4], 0, [4, 9], 5)))
    >>> pipe = shapely.LineString([(2, 1), (4, 1), (4, 3), (5, 3)])
    >>> pipe = edges_of(FlatShapes.from_shapely(np.array([pipe])))
    >>> line_lengths(np.array([0, 0]), np.array([0, 1]), pipe, plots).tolist()
    [4.0, 3.0]
    """
    return _lengths(guest, parcel, *guests[:4], *parcels[:4], True)


def piece_perimeters(
    guest: NDArray[np.intp], parcel: NDArray[np.intp], guests: Edges, parcels: Edges
) -> NDArray[np.float64]:
    """Return the length of the boundary of the common piece of pairs of areas.

    Parameters
    ----------
    guest, parcel
        (k,) positions in ``guests`` and ``parcels``; only the pairs whose width is asked for.
    guests, parcels
        Edges of areas, one projected CRS (metre).

    Returns
    -------
    (k,) float64
        Metres; the boundaries of holes and of all parts included, as GEOS has them. 0 where two
        areas only touch.

    Notes
    -----
    Per pair: the edges near the common box on each side, times those of the other above or
    below each.

    Examples
    --------
    >>> import shapely
    >>> from gis_core.merge.flat import FlatShapes
    >>> from gis_core.merge.kernels.edges import edges_of
    >>> plots = edges_of(FlatShapes.from_shapely(shapely.box([0, 4], 0, [4, 9], 5)))
    >>> house = edges_of(FlatShapes.from_shapely(np.array([shapely.box(3, 1, 5, 4)])))
    >>> piece_perimeters(np.array([0, 0]), np.array([0, 1]), house, plots).tolist()
    [8.0, 8.0]
    """
    return _lengths(guest, parcel, *guests[:4], *parcels[:4], False)


@kernel
def _lengths(
    guest: NDArray[np.intp],
    parcel: NDArray[np.intp],
    xy_a: NDArray[np.float64],
    about_a: NDArray[np.float64],
    start_a: NDArray[np.int64],
    code_a: NDArray[np.int64],
    xy_b: NDArray[np.float64],
    about_b: NDArray[np.float64],
    start_b: NDArray[np.int64],
    code_b: NDArray[np.int64],
    lines: bool,
) -> NDArray[np.float64]:
    length = np.zeros(len(guest))
    for k in range(len(guest)):
        i, j = guest[k], parcel[k]
        x0, y0 = max(about_a[i, XMIN], about_b[j, XMIN]), max(about_a[i, YMIN], about_b[j, YMIN])
        x1, y1 = min(about_a[i, XMAX], about_b[j, XMAX]), min(about_a[i, YMAX], about_b[j, YMAX])
        if not (x0 <= x1 and y0 <= y1):
            continue
        inside = _edges_inside(
            xy_a, about_a, start_a, code_a, i, xy_b, about_b, start_b, code_b, j,
            x0, y0, x1, y1, _CLOSED if lines else _SAME_SIDE,
        )  # fmt: skip
        if lines:
            inside = min(inside, about_a[i, SIZE])
        else:
            inside += _edges_inside(
                xy_b, about_b, start_b, code_b, j, xy_a, about_a, start_a, code_a, i,
                x0, y0, x1, y1, _OPEN,
            )  # fmt: skip
        if inside > 0.0:
            length[k] = inside
    return length


@kernel
def _edges_inside(
    xy_a: NDArray[np.float64],
    about_a: NDArray[np.float64],
    start_a: NDArray[np.int64],
    code_a: NDArray[np.int64],
    i: int,
    xy_b: NDArray[np.float64],
    about_b: NDArray[np.float64],
    start_b: NDArray[np.int64],
    code_b: NDArray[np.int64],
    j: int,
    x0: float,
    y0: float,
    x1: float,
    y1: float,
    rule: int,
) -> float:
    """Return the length of the edges of shape i in shape j; the box is what both boxes share."""
    first, last = slab_at(x0, about_a, i), slab_at(x1, about_a, i)
    length = 0.0
    for e in range(start_a[first], start_a[last + 1]):
        if e >= start_a[first + 1] and code_a[e] & STARTS == 0:
            continue
        v = code_a[e] >> 2
        w = v + 1
        beside = max(xy_a[v, 0], xy_a[w, 0]) < x0 or min(xy_a[v, 0], xy_a[w, 0]) > x1
        if beside or max(xy_a[v, 1], xy_a[w, 1]) < y0 or min(xy_a[v, 1], xy_a[w, 1]) > y1:
            continue
        if xy_a[v, 0] == xy_a[w, 0]:
            length += _upright_inside(xy_a, v, code_a[e], xy_b, about_b, start_b, code_b, j, rule)
        else:
            length += _slanting_inside(
                xy_a, v, code_a[e], xy_b, about_b, start_b, code_b, j, x0, x1, rule
            )
    return length


@kernel
def _slanting_inside(
    xy_a: NDArray[np.float64],
    v: int,
    code: int,
    xy_b: NDArray[np.float64],
    about_b: NDArray[np.float64],
    start_b: NDArray[np.int64],
    code_b: NDArray[np.int64],
    j: int,
    x0: float,
    x1: float,
    rule: int,
) -> float:
    """Return the length in shape j of the edge from vertex v, which is not upright."""
    v, w, own = _from_left(xy_a, v, code)
    slope = (xy_a[w, 1] - xy_a[v, 1]) / (xy_a[w, 0] - xy_a[v, 0])
    left, right = max(xy_a[v, 0], x0), min(xy_a[w, 0], x1)
    first, last = slab_at(left, about_b, j), slab_at(right, about_b, j)
    below = 0.0
    for e in range(start_b[first], start_b[last + 1]):
        if e >= start_b[first + 1] and code_b[e] & STARTS == 0:
            continue
        p, q, count = _from_left(xy_b, code_b[e] >> 2, code_b[e])
        from_, to = max(left, xy_b[p, 0]), min(right, xy_b[q, 0])
        if not from_ < to:
            continue
        other = (xy_b[q, 1] - xy_b[p, 1]) / (xy_b[q, 0] - xy_b[p, 0])
        # Written so that the two edges in each other's place give the same number, negated.
        lift = xy_a[v, 1] - xy_b[p, 1]
        d0 = lift + (slope * (from_ - xy_a[v, 0]) - other * (from_ - xy_b[p, 0]))
        d1 = lift + (slope * (to - xy_a[v, 0]) - other * (to - xy_b[p, 0]))
        if abs(d0) <= _ALONG and abs(d1) <= _ALONG:
            lower = own > 0.0 if rule == _SAME_SIDE else count * rule > 0.0
            part = 1.0 if lower else 0.0
        else:
            part = (max(-d0, 0.0) + max(-d1, 0.0)) / (abs(d0) + abs(d1))
        below += count * part * (to - from_)
    return below * float(np.hypot(1.0, slope))


@kernel
def _upright_inside(
    xy_a: NDArray[np.float64],
    v: int,
    code: int,
    xy_b: NDArray[np.float64],
    about_b: NDArray[np.float64],
    start_b: NDArray[np.int64],
    code_b: NDArray[np.int64],
    j: int,
    rule: int,
) -> float:
    """Return the length in shape j of the upright edge from vertex v.

    Taken a hair to its right or, where only the same side counts, to the side of its own inside;
    then put right for the shape's upright edges on the same line.
    """
    x, low, high = xy_a[v, 0], xy_a[v, 1], xy_a[v + 1, 1]
    to_left = rule == _SAME_SIDE and (low < high) == (code & BACKWARDS == 0)
    low, high = min(low, high), max(low, high)
    slab = slab_at(x, about_b, j)
    below = 0.0
    for e in range(start_b[slab], start_b[slab + 1]):
        p, q, count = _from_left(xy_b, code_b[e] >> 2, code_b[e])
        if xy_b[p, 0] == xy_b[q, 0]:
            # From p to q, its inside is on the left where it counts for what is below it.
            on_left = (xy_b[p, 1] < xy_b[q, 1]) == (count < 0.0)
            y0, y1 = min(xy_b[p, 1], xy_b[q, 1]), max(xy_b[p, 1], xy_b[q, 1])
            if xy_b[p, 0] == x and (rule == _CLOSED if on_left else rule == _OPEN):
                below += rule * max(min(high, y1) - max(low, y0), 0.0)
            continue
        reaches = xy_b[p, 0] < x <= xy_b[q, 0] if to_left else xy_b[p, 0] <= x < xy_b[q, 0]
        if reaches:
            slope = (xy_b[q, 1] - xy_b[p, 1]) / (xy_b[q, 0] - xy_b[p, 0])
            rise = (xy_b[p, 1] - low) + slope * (x - xy_b[p, 0])
            below += count * min(max(rise, 0.0), high - low)
    return below


@kernel
def _from_left(xy: NDArray[np.float64], v: int, code: int) -> tuple[int, int, float]:
    """Return an edge's left and right vertex, and how often the ground below it counts."""
    count = -1.0 if code & BACKWARDS == 0 else 1.0
    if xy[v, 0] < xy[v + 1, 0]:
        return v, v + 1, count
    return v + 1, v, -count
