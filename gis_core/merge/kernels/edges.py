"""The edges of areas and lines, each shape's cut into slabs by x so that a box finds its own."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gis_core.merge.flat import FlatShapes
from gis_core.merge.kernels.compiled import kernel
from gis_core.merge.kernels.slants import slants_of

_SMALL = 16  # a shape with fewer edges is one slab
_SPREAD = 4  # an edge stands in this many slabs on average, at most

XMIN, YMIN, XMAX, YMAX, SIZE, SLAB, SLABS, PER_M = range(8)  # columns of `Edges.about`
STARTS, BACKWARDS = 1, 2  # flags in `Edges.code`, below the edge


class Edges(NamedTuple):
    """The edges of n shapes, found by x.

    A shape's box is cut into slabs of equal width; each slab lists the edges that reach into it.
    """

    xy: NDArray[np.float64]
    """(v, 2) vertices; edge e runs from vertex e to vertex e + 1."""
    about: NDArray[np.float64]
    """(n, 8) xmin, ymin, xmax, ymax, size, first slab, slabs, slabs per metre.

    All that a pair asks of a shape at first, on one line of the processor's cache. The size is an
    area's in m², a line's length in m. The box is not a number where a shape is missing.
    """
    start: NDArray[np.int64]
    """(slabs + 1,) offsets into ``code``."""
    code: NDArray[np.int64]
    """Edge times four; + 1 in the first slab of the edge, + 2 if the inside is on its right."""
    slants: NDArray[np.float64]
    """(n, 12) how far the shape reaches across six slants, see `kernels.slants`."""
    most: int
    """Edges of the shape that has most."""


def edges_of(shapes: FlatShapes) -> Edges:
    """Index the edges of shapes; once per side of a merge.

    A ring's role, not its direction, says whether it is a shell or a hole. Edges without length
    are left out.

    Notes
    -----
    O(v) time and memory: an edge stands in about four slabs at most, on average over its shape.
    """
    right, size = _ring_sides(shapes.xy, shapes.ring, shapes.role, shapes.shape)
    slabs, per_m = _slabs(shapes.xy, shapes.ring, shapes.shape, shapes.box)
    first = np.concatenate(([0], np.cumsum(slabs)))
    about = np.column_stack((shapes.box, size, first[:-1], slabs, per_m))
    start, code = _fill(shapes.xy, shapes.ring, right, shapes.shape, about)
    slants = slants_of(shapes.xy, shapes.ring, shapes.shape)
    most = int(np.diff(shapes.ring[shapes.shape]).max(initial=0))
    return Edges(shapes.xy, about, start, code, slants, most)


@kernel
def slab_at(x: float, about: NDArray[np.float64], shape: int) -> int:
    """Return the slab of a shape in which x lies."""
    at = (x - about[shape, XMIN]) * about[shape, PER_M]
    first = int(about[shape, SLAB])
    if not at > 0.0:
        return first
    return first + int(min(at, about[shape, SLABS] - 1.0))


@kernel
def _ring_sides(
    xy: NDArray[np.float64],
    ring: NDArray[np.int64],
    role: NDArray[np.int8],
    shape: NDArray[np.int64],
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Return on which side of each ring's edges the inside is, and each shape's size."""
    right, size = np.zeros(len(role), np.bool_), np.zeros(len(shape) - 1)
    for i in range(len(shape) - 1):
        for r in range(shape[i], shape[i + 1]):
            begin, end = ring[r], ring[r + 1] - 1
            if role[r] == 0:
                for v in range(begin, end):
                    size[i] += np.hypot(xy[v + 1, 0] - xy[v, 0], xy[v + 1, 1] - xy[v, 1])
                continue
            twice = 0.0
            for v in range(begin, end):
                # Taken from the ring's first vertex, so that large coordinates cancel.
                xa, ya = xy[v, 0] - xy[begin, 0], xy[v, 1] - xy[begin, 1]
                xb, yb = xy[v + 1, 0] - xy[begin, 0], xy[v + 1, 1] - xy[begin, 1]
                twice += xa * yb - xb * ya
            right[r] = (twice < 0) == (role[r] > 0)
            size[i] += 0.5 * role[r] * abs(twice)
    return right, size


@kernel
def _slabs(
    xy: NDArray[np.float64],
    ring: NDArray[np.int64],
    shape: NDArray[np.int64],
    box: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Decide how many slabs each shape gets."""
    n = len(shape) - 1
    slabs, per_m = np.ones(n, np.int64), np.zeros(n)
    for i in range(n):
        count = ring[shape[i + 1]] - ring[shape[i]]
        if count <= _SMALL:
            continue
        across = 0.0
        for r in range(shape[i], shape[i + 1]):
            for v in range(ring[r], ring[r + 1] - 1):
                across += abs(xy[v + 1, 0] - xy[v, 0])
        width = box[i, 2] - box[i, 0]
        if across > 0.0 and width > 0.0:
            wanted = min(count / 2.0, _SPREAD * count * (width / across))
            slabs[i] = int(max(1.0, wanted))
            per_m[i] = slabs[i] / width if slabs[i] > 1 else 0.0
    return slabs, per_m


@kernel
def _fill(
    xy: NDArray[np.float64],
    ring: NDArray[np.int64],
    right: NDArray[np.bool_],
    shape: NDArray[np.int64],
    about: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """List the edges of each slab in stored order: count, then place."""
    slabs = np.int64(about[:, SLABS].sum())
    start = np.zeros(slabs + 1, np.int64)
    place, code = start[1:], np.empty(0, np.int64)
    for placing in (False, True):
        if placing:
            start = np.cumsum(start)
            place, code = start[:-1].copy(), np.empty(start[-1], np.int64)
        for i in range(len(shape) - 1):
            for r in range(shape[i], shape[i + 1]):
                for v in range(ring[r], ring[r + 1] - 1):
                    a, b = xy[v, 0], xy[v + 1, 0]
                    if a == b and xy[v, 1] == xy[v + 1, 1]:
                        continue
                    low = slab_at(min(a, b), about, i)
                    for s in range(low, slab_at(max(a, b), about, i) + 1):
                        if placing:
                            flags = STARTS * (s == low) + BACKWARDS * right[r]
                            code[place[s]] = 4 * v + flags
                        place[s] += 1
    return start, code
