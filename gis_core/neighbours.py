"""Which areas border on an area, along how much of it, and in which direction they lie."""

from dataclasses import dataclass
from math import atan2, pi

import numpy as np
import shapely
from numpy.typing import NDArray

COMPASS = ("e", "ne", "n", "nw", "w", "sw", "s", "se")
CLOCKWISE = ("n", "ne", "e", "se", "s", "sw", "w", "nw")

TOUCHING_M = 0.02
"""Borders up to 2 cm apart are the same border: sources round and transform their vertices."""

SHORTEST_M = 0.10
"""What shares less than 10 cm of border only meets in a corner."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """k neighbours, clockwise from north, then in the order they were given.

    Attributes
    ----------
    position
        (k,) intp, in the areas that were given.
    border_m
        (k,) float64, length of the common border.
    direction
        (k,) object, one of ``COMPASS``.
    """

    position: NDArray[np.intp]
    border_m: NDArray[np.float64]
    direction: NDArray[np.object_]


def find_neighbours(
    subject: shapely.Geometry, areas: NDArray[np.object_], centre: shapely.Point
) -> Neighbours:
    """Find the areas that border on the subject.

    Parameters
    ----------
    subject
        A polygon or multipolygon, projected (metre).
    areas
        (n,) polygons around it, without the subject itself.
    centre
        From where directions are seen: the centroid. A label's place may be off the middle.

    Returns
    -------
    Neighbours
        Areas that only meet the subject in a corner are none. The direction is that of the
        middle of the longest stretch of common border.

    Examples
    --------
    >>> square = shapely.box(0, 0, 10, 10)
    >>> around = np.array([shapely.box(10, 0, 20, 10), shapely.box(0, 10, 10, 20)])
    >>> found = find_neighbours(square, around, shapely.Point(5, 5))
    >>> found.direction.tolist(), found.position.tolist(), found.border_m.round(1).tolist()
    (['n', 'e'], [1, 0], [10.0, 10.0])
    """
    near = shapely.buffer(subject, TOUCHING_M, quad_segs=2)
    shapely.prepare(near)
    position = np.flatnonzero(shapely.intersects(near, areas))
    border = shapely.intersection(shapely.boundary(areas[position]), near)
    # The strip reaches TOUCHING_M around both ends of a common border.
    length = np.maximum(shapely.length(border) - 2 * TOUCHING_M, 0)
    long = length >= SHORTEST_M
    position, border, length = position[long], border[long], length[long]
    direction = np.array([_towards(centre, line) for line in border], object)
    rank = np.array([CLOCKWISE.index(d) for d in direction], np.intp)
    order = np.lexsort((position, rank))
    return Neighbours(position[order], length[order], direction[order])


def compass_direction(dx: float, dy: float) -> str:
    """Return the compass direction of a step to the east and to the north, one of eight.

    Examples
    --------
    >>> compass_direction(0, 1), compass_direction(1, 1), compass_direction(-1, -0.1)
    ('n', 'ne', 'w')
    """
    return COMPASS[round(atan2(dy, dx) / (pi / 4)) % 8]


def _towards(centre: shapely.Point, border: shapely.Geometry) -> str:
    parts = shapely.get_parts(border)
    lines = shapely.multilinestrings(parts[shapely.get_dimensions(parts) == 1])
    stretches = shapely.get_parts(shapely.line_merge(lines))
    longest = stretches[np.argmax(shapely.length(stretches))]
    middle = shapely.line_interpolate_point(longest, 0.5, normalized=True)
    return compass_direction(middle.x - centre.x, middle.y - centre.y)
