"""The exact area that a disc and a polygon share: no polygon stands in for the circle."""

import numpy as np
import shapely
from numpy.typing import NDArray


def disc_area_inside(
    centre: NDArray[np.float64], radius: NDArray[np.float64], polygon: NDArray[np.object_]
) -> NDArray[np.float64]:
    """Return the area of each disc that lies in the polygon beside it.

    Parameters
    ----------
    centre
        (k, 2) float64, metre.
    radius
        (k,) float64, metre, above 0.
    polygon
        (k,) valid polygons or multipolygons in the same projected CRS.

    Returns
    -------
    (k,) float64
        Area in m², 0 to pi * radius².

    Notes
    -----
    Each directed edge adds the signed area of the triangle (centre, start, end) cut by the
    disc: a sector outside the circle, a plain triangle inside it. O(v) for v vertices in all;
    exact up to rounding, for holes and parts alike.

    Source: area of intersection of circle and polygon by Green's theorem.

    Examples
    --------
    >>> half_plane = np.array([shapely.box(0, -9, 9, 9)])
    >>> area = disc_area_inside(np.array([[0.0, 0.0]]), np.array([1.0]), half_plane)
    >>> round(float(area[0] / np.pi), 12)
    0.5
    """
    parts, owner = shapely.get_parts(polygon, return_index=True)
    rings, part = shapely.get_rings(
        shapely.orient_polygons(parts, exterior_cw=False), return_index=True
    )
    vertex, ring = shapely.get_coordinates(rings, return_index=True)
    edge = np.flatnonzero(ring[:-1] == ring[1:])
    pair = owner[part[ring[edge]]]
    start = vertex[edge] - centre[pair]
    end = vertex[edge + 1] - centre[pair]
    area = np.bincount(pair, _edge_area(start, end, radius[pair]), minlength=len(polygon))
    return np.clip(area, 0.0, np.pi * radius**2)


def _edge_area(
    start: NDArray[np.float64], end: NDArray[np.float64], radius: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the signed area of triangle (origin, start, end) within radius of the origin."""
    run = end - start
    # |start + t run|² = radius²: the part of the edge inside the circle is t0 to t1.
    a = np.einsum("ij,ij->i", run, run)
    b = np.einsum("ij,ij->i", start, run)
    # b² - a (|start|² - radius²) without its cancellation, which a long edge would feel.
    root = np.sqrt(np.maximum(a * radius**2 - _cross(start, run) ** 2, 0.0))
    length = np.where(a > 0, a, 1.0)
    enter = np.clip((-b - root) / length, 0.0, 1.0)
    leave = np.clip((-b + root) / length, 0.0, 1.0)
    # start + run is not quite the end: a hair from the centre that is another angle.
    first, last = (
        np.where(t[:, None] < 1.0, start + t[:, None] * run, end) for t in (enter, leave)
    )
    return 0.5 * (radius**2 * (_turn(start, first) + _turn(last, end)) + _cross(first, last))


def _turn(u: NDArray[np.float64], v: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the signed angle from u to v in radians."""
    return np.asarray(np.arctan2(_cross(u, v), np.einsum("ij,ij->i", u, v)))


def _cross(u: NDArray[np.float64], v: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0])
