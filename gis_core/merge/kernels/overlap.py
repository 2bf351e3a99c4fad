"""The common area of two shapes without making their common shape.

Each edge stands for the ground below it: added for an upper edge of the shape, taken away for a
lower one. So two shapes have in common the sum, over pairs of their edges, of the ground below
both. There is nothing to decide about crossings, and so no input on which it could fail: holes,
parts, common borders, edges on one another and points without width are no special cases.

Source: the signed sum over edges that underlies the trapezoid formula, applied to a product.
"""

import numpy as np
from numpy.typing import NDArray

from gis_core.merge.kernels.compiled import kernel, part_of_kernel
from gis_core.merge.kernels.edges import SIZE, XMAX, XMIN, YMAX, YMIN, Edges, slab_at
from gis_core.merge.kernels.slants import apart
from gis_core.merge.kernels.tops import cover_tops, put, through_top

_CROWDED = 1000  # pairs of edges in a box from which halving the box is cheaper than pairing them
_HALVINGS = 16
_MARGIN = 1e-6  # metres that a box is left too wide
_TINY = 1e-300  # instead of nothing, to divide by

# Columns of a clipped edge: its ends in x, the height at the left one, the slope, and how often
# the ground below it counts.
_LEFT, _RIGHT, _HEIGHT, _SLOPE, _COUNT = range(5)


def overlap_areas(
    guest: NDArray[np.intp], parcel: NDArray[np.intp], guests: Edges, parcels: Edges
) -> NDArray[np.float64]:
    """Return the common area of pairs of areas.

    Parameters
    ----------
    guest, parcel
        (k,) positions in ``guests`` and ``parcels``, in any order; memory likes them sorted.
    guests, parcels
        Edges of areas, one projected CRS (metre).

    Returns
    -------
    (k,) float64
        m², from 0 to the area of the smaller one: what rounding leaves beyond is cut off. The
        bits depend on the two shapes alone. Invalid shapes have an area too: what two parts
        cover counts twice.

    Notes
    -----
    Per pair the edges near the common box, not all edges: O(e log e) for e of them. Off by less
    than 1e-6 m² for coordinates in UTM and common boxes up to some km².

    Examples
    --------
    >>> import shapely
    >>> from gis_core.merge.flat import FlatShapes
    >>> from gis_core.merge.kernels.edges import edges_of
    >>> plots = edges_of(FlatShapes.from_shapely(shapely.box([0, 4], 0, [4, 9], 5)))
    >>> house = edges_of(FlatShapes.from_shapely(np.array([shapely.box(3, 1, 5, 4)])))
    >>> overlap_areas(np.array([0, 0]), np.array([0, 1]), house, plots).tolist()
    [3.0, 3.0]
    """
    return _areas(guest, parcel, *guests, *parcels)


@part_of_kernel
def _is_box(
    about: NDArray[np.float64], shape: int, x0: float, y0: float, x1: float, y1: float
) -> bool:
    """Return whether the box is the shape's own."""
    low = (about[shape, XMIN] == x0) & (about[shape, YMIN] == y0)
    return bool(low & (about[shape, XMAX] == x1) & (about[shape, YMAX] == y1))


@kernel
def _halve(boxes: NDArray[np.float64], at: int, low: int) -> None:
    """Put the two halves of a box, cut across x (0) or y (1), in its place and behind it."""
    boxes[at, 4] += 1.0
    for column in range(5):
        boxes[at + 1, column] = boxes[at, column]
    middle = 0.5 * (boxes[at, low] + boxes[at, low + 2])
    boxes[at, low + 2] = middle
    boxes[at + 1, low] = middle


@kernel
def _parting(cut: NDArray[np.float64], m: int, wide: float) -> int:
    """Return the axis, x (0) or y (1), across which a box is halved to part its edges.

    Across x, where they are found, unless most edges would then be in both halves.
    """
    run = 0.0
    for p in range(m):
        run += cut[p, _RIGHT] - cut[p, _LEFT]
    return 1 if run > 0.5 * m * wide else 0


@part_of_kernel
def _entering(
    xy: NDArray[np.float64],
    about: NDArray[np.float64],
    start: NDArray[np.int64],
    code: NDArray[np.int64],
    shape: int,
    x0: float,
    y0: float,
    x1: float,
    y1: float,
    found: NDArray[np.int64],
) -> tuple[int, int]:
    """List the edges that may enter the open box.

    Returns how many there are, and how often the ground below the edges that pass over the whole
    box counts at its left side. Edges below the box have no ground in it.
    """
    first, last = slab_at(x0, about, shape), slab_at(x1, about, shape)
    n = above = 0
    # No branch in these loops: a wrong guess of the processor costs more than the few compares.
    for e in range(start[first], start[first + 1]):
        v = np.uint64(code[e] >> 2)
        w = v + np.uint64(1)
        xa, ya, xb, yb = xy[v, 0], xy[v, 1], xy[w, 0], xy[w, 1]
        over = min(ya, yb) >= y1
        meets = (max(xa, xb) > x0) & (min(xa, xb) < x1) & (max(ya, yb) > y0)
        side = 1 - (code[e] & 2)
        above += side * int(over) * (int(xb <= x0) - int(xa <= x0))
        found[np.uint64(n)] = code[e]
        n += int(meets & ~over)
    for e in range(start[first + 1], start[last + 1]):
        if code[e] & 1 == 0:  # came with an earlier slab
            continue
        v = np.uint64(code[e] >> 2)
        w = v + np.uint64(1)
        xa, ya, xb, yb = xy[v, 0], xy[v, 1], xy[w, 0], xy[w, 1]
        meets = (min(xa, xb) < x1) & (max(ya, yb) > y0) & (min(ya, yb) < y1)
        found[np.uint64(n)] = code[e]
        n += int(meets)
    return n, above


@part_of_kernel
def _shrink(
    cut: NDArray[np.float64], m: int, x0: float, y0: float, x1: float, y1: float
) -> tuple[float, float, float]:
    """Shrink a box from the left, the right and above to what clipped edges have below them.

    Returns the new left, right and upper side. The edges are moved with the left side.
    """
    left, right, top = np.inf, 0.0, 0.0
    for p in range(m):
        left, right = min(left, cut[p, _LEFT]), max(right, cut[p, _RIGHT])
        rise = max(cut[p, _SLOPE], 0.0) * (cut[p, _RIGHT] - cut[p, _LEFT])
        top = max(top, cut[p, _HEIGHT] + rise)
    # Wide by more than a coordinate's last digit, so that rounding cuts nothing off.
    left = max(x0, x0 + (left - _MARGIN))
    for p in range(m):
        cut[p, _LEFT] -= left - x0
        cut[p, _RIGHT] -= left - x0
    return left, min(x0 + right + _MARGIN, x1), min(y0 + top + _MARGIN, y1)


@part_of_kernel
def _clip(
    xy: NDArray[np.float64],
    found: NDArray[np.int64],
    near: int,
    above: int,
    x0: float,
    y0: float,
    x1: float,
    y1: float,
    cut: NDArray[np.float64],
) -> int:
    """Cut edges to the box, relative to its lower left corner; return how many there are then.

    Where the shape reaches through the top of the box, the top is an edge.
    """
    wide, high = x1 - x0, y1 - y0
    m, tops = 0, len(cut)
    for e in range(near):
        v = np.uint64(found[e] >> 2)
        w = v + np.uint64(1)
        count = 1.0 - (found[e] & 2)
        if xy[v, 0] < xy[w, 0]:
            v, w, count = w, v, -count
        # From w on the left to v on the right.
        left, right = xy[w, 0] - x0, xy[v, 0] - x0
        low, top = xy[w, 1] - y0, xy[v, 1] - y0
        if left == right:
            if left > 0.0 and (low >= high) != (top >= high):
                tops = through_top(cut, tops, left, -count if low >= high else count)
            continue
        slope = (top - low) / (right - left)
        at_left = left <= 0.0
        if left < 0.0:
            low, left = low - slope * left, 0.0
        if right > wide:
            top, right = top - slope * (right - wide), wide
        if at_left and low >= high:
            above += int(count)
        if (low >= high) != (top >= high):
            x = min(max(left + (high - low) / slope, left), right)
            if low >= high:
                tops = through_top(cut, tops, x, -count)
                left, low = x, high
            else:
                tops = through_top(cut, tops, x, count)
                right = x
        m = _clip_floor(left, right, low, top, slope, count, high, cut, m)
    return cover_tops(cut, m, tops, float(above), wide, high)


@kernel
def _clip_floor(
    left: float,
    right: float,
    low: float,
    top: float,
    slope: float,
    count: float,
    high: float,
    cut: NDArray[np.float64],
    m: int,
) -> int:
    """Note the part of an edge from (left, low) to (right, top) that is above the floor."""
    if (low >= high and top >= high) or (low <= 0.0 and top <= 0.0):
        return m
    if low < 0.0:
        left, low = min(left - low / slope, right), 0.0
    elif top < 0.0:
        right = min(max(left - low / slope, left), right)
    if left < right:
        return put(cut, m, left, right, low, slope, count)
    return m


@part_of_kernel
def _paired(a: NDArray[np.float64], m: int, b: NDArray[np.float64], n: int) -> float:
    """Return the sum over pairs of clipped edges of the ground below both."""
    total = lost = 0.0
    for p in range(m):
        left, right, height, slope = a[p, _LEFT], a[p, _RIGHT], a[p, _HEIGHT], a[p, _SLOPE]
        row = 0.0
        for q in range(n):
            x = max(left, b[q, _LEFT])
            width = min(right, b[q, _RIGHT]) - x
            a0 = height + slope * (x - left)
            a1 = a0 + slope * width
            d0 = a0 - (b[q, _HEIGHT] + b[q, _SLOPE] * (x - b[q, _LEFT]))
            d1 = d0 + (slope - b[q, _SLOPE]) * width
            # Twice the mean of the lower one: that of a less what a has above b.
            higher = max(d0, 0.0) + max(d1, 0.0)
            mean = a0 + a1 - higher * higher / max(abs(d0) + abs(d1), _TINY)
            term = b[q, _COUNT] * width * mean  # wrong guesses cost more than these few in vain
            row += term if width > 0.0 else 0.0
        total, lost = _add(total, lost, a[p, _COUNT] * row)
    return 0.5 * (total + lost)


@kernel
def _add(total: float, lost: float, term: float) -> tuple[float, float]:
    """Add a term and keep what rounding loses. Source: Neumaier (1974)."""
    new = total + term
    lost += (total - new) + term if abs(total) >= abs(term) else (term - new) + total
    return new, lost


@part_of_kernel
def _common(
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
    found_a: NDArray[np.int64],
    found_b: NDArray[np.int64],
    cut_a: NDArray[np.float64],
    cut_b: NDArray[np.float64],
    boxes: NDArray[np.float64],
) -> float:
    """Return the area that two shapes have in common within a box.

    Where many edges of both meet, the box is halved until few are left in each part.
    """
    put(boxes, 0, x0, y0, x1, y1, 0.0)
    waiting, total, lost = 1, 0.0, 0.0
    while waiting > 0:
        waiting -= 1
        x0, y0, x1, y1 = boxes[waiting, 0], boxes[waiting, 1], boxes[waiting, 2], boxes[waiting, 3]
        near_a, above_a = _entering(xy_a, about_a, start_a, code_a, i, x0, y0, x1, y1, found_a)
        if near_a == 0 and (above_a == 0 or _is_box(about_b, j, x0, y0, x1, y1)):
            total, lost = _add(total, lost, above_a * about_b[j, SIZE])
            continue
        m = _clip(xy_a, found_a, near_a, above_a, x0, y0, x1, y1, cut_a)
        if m == 0:
            continue
        x0, x1, y1 = _shrink(cut_a, m, x0, y0, x1, y1)
        near_b, above_b = _entering(xy_b, about_b, start_b, code_b, j, x0, y0, x1, y1, found_b)
        if near_b == 0 and above_b == 0:
            continue
        n = _clip(xy_b, found_b, near_b, above_b, x0, y0, x1, y1, cut_b)
        # What is in the box counts, not what is near: that need not become less by halving.
        if m * n > _CROWDED and boxes[waiting, 4] < _HALVINGS:
            wide = boxes[waiting, 2] - boxes[waiting, 0]
            _halve(boxes, waiting, _parting(cut_a, m, wide))
            waiting += 2
        else:
            total, lost = _add(total, lost, _paired(cut_a, m, cut_b, n))
    return total + lost


@kernel
def _areas(
    guest: NDArray[np.intp],
    parcel: NDArray[np.intp],
    xy_a: NDArray[np.float64],
    about_a: NDArray[np.float64],
    start_a: NDArray[np.int64],
    code_a: NDArray[np.int64],
    slants_a: NDArray[np.float64],
    most_a: int,
    xy_b: NDArray[np.float64],
    about_b: NDArray[np.float64],
    start_b: NDArray[np.int64],
    code_b: NDArray[np.int64],
    slants_b: NDArray[np.float64],
    most_b: int,
) -> NDArray[np.float64]:
    # Arrays go one by one: those of a tuple would be counted in and out at each inner call.
    found_a, found_b = np.empty(most_a + 1, np.int64), np.empty(most_b + 1, np.int64)
    cut_a, cut_b = np.empty((2 * most_a + 1, 5)), np.empty((2 * most_b + 1, 5))
    boxes = np.empty((_HALVINGS + 2, 5))
    area = np.zeros(len(guest))
    for k in range(len(guest)):
        i, j = guest[k], parcel[k]
        x0, y0 = max(about_a[i, XMIN], about_b[j, XMIN]), max(about_a[i, YMIN], about_b[j, YMIN])
        x1, y1 = min(about_a[i, XMAX], about_b[j, XMAX]), min(about_a[i, YMAX], about_b[j, YMAX])
        if not (x0 < x1 and y0 < y1) or apart(slants_a, i, slants_b, j):
            continue
        # The one that reaches out of the common box comes first: often it has no edge there.
        if _is_box(about_a, i, x0, y0, x1, y1):
            common = _common(
                xy_b, about_b, start_b, code_b, j, xy_a, about_a, start_a, code_a, i,
                x0, y0, x1, y1, found_b, found_a, cut_b, cut_a, boxes,
            )  # fmt: skip
        else:
            common = _common(
                xy_a, about_a, start_a, code_a, i, xy_b, about_b, start_b, code_b, j,
                x0, y0, x1, y1, found_a, found_b, cut_a, cut_b, boxes,
            )  # fmt: skip
        common = min(common, about_a[i, SIZE], about_b[j, SIZE])
        if common > 0.0:  # not so for what overflows either
            area[k] = common
    return area
