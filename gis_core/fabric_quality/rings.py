"""The rings of polygons as flat arrays, without an object for each of them."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_core.errors import GeometryTypeError


@dataclass(frozen=True, slots=True)
class Rings:
    """r closed rings of p simple polygons, as they were stored.

    Attributes
    ----------
    xy
        (v, 2) float64, metre; each ring ends with the vertex that it begins with.
    first
        (r,) intp, where each ring begins in ``xy``.
    hole
        (r,) bool.
    part
        (r,) intp, the polygon that each ring belongs to.
    row
        (p,) intp, the row of the fabric that each polygon belongs to.
    """

    xy: NDArray[np.float64]
    first: NDArray[np.intp]
    hole: NDArray[np.bool_]
    part: NDArray[np.intp]
    row: NDArray[np.intp]


def flat_rings(geometry: NDArray[np.object_]) -> Rings:
    """Take polygons apart into rings.

    Parameters
    ----------
    geometry
        (n,) polygons or multipolygons; None and empty ones have no ring.

    Raises
    ------
    GeometryTypeError
        A geometry is a point or a line.

    Notes
    -----
    Most parcels are one ring, and such are read in one go: their first vertex comes again at
    the end and nowhere before. Only the others are taken apart by GEOS.
    """
    if np.isin(shapely.get_dimensions(geometry), (0, 1)).any():
        raise GeometryTypeError("a fabric is made of polygons", expected="polygon")
    xy, row = shapely.get_coordinates(geometry, return_index=True)
    if not len(xy):
        return _none()
    begin = np.flatnonzero(np.diff(row, prepend=-1))
    size = np.diff(begin, append=len(row))
    again = (xy == np.repeat(xy[begin], size, axis=0)).all(axis=1)
    closed = again[begin + size - 1]
    simple = closed & (np.add.reduceat(again, begin, dtype=np.intp) == 2)

    plain = _simple(xy[np.repeat(simple, size)], size[simple], row[begin][simple])
    rest = row[begin][~simple]
    if not len(rest):
        return plain
    return _joined(plain, _by_geos(geometry[rest], rest))


def _none() -> Rings:
    empty = np.empty(0, np.intp)
    return Rings(np.empty((0, 2)), empty, np.empty(0, np.bool_), empty, empty)


def _simple(xy: NDArray[np.float64], size: NDArray[np.intp], row: NDArray[np.intp]) -> Rings:
    first = np.cumsum(size) - size
    return Rings(xy, first, np.zeros(len(size), np.bool_), np.arange(len(size)), row)


def _by_geos(geometry: NDArray[np.object_], row: NDArray[np.intp]) -> Rings:
    part, at = shapely.get_parts(geometry, return_index=True)
    ring, owner = shapely.get_rings(part, return_index=True)
    xy, of_ring = shapely.get_coordinates(ring, return_index=True)
    first = np.flatnonzero(np.diff(of_ring, prepend=-1))
    return Rings(xy, first, np.diff(owner, prepend=-1) == 0, owner, row[at])


def _joined(one: Rings, more: Rings) -> Rings:
    return Rings(
        np.concatenate([one.xy, more.xy]),
        np.concatenate([one.first, more.first + len(one.xy)]),
        np.concatenate([one.hole, more.hole]),
        np.concatenate([one.part, more.part + len(one.row)]),
        np.concatenate([one.row, more.row]),
    )
