"""From geometry objects to flat arrays and back, vectorised; see `gis_core.merge.flat`."""

from collections.abc import Callable

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_core.errors import GeometryTypeError

_COLLECTIONS = 4
"""Type numbers from here on are of several parts."""


def flatten(
    geometry: NDArray[np.object_],
) -> tuple[
    NDArray[np.float64],
    NDArray[np.int64],
    NDArray[np.int8],
    NDArray[np.int64],
    NDArray[np.int8],
    NDArray[np.float64],
]:
    """Return xy, ring, role, shape, dimension and box of (n,) geometries.

    Raises
    ------
    GeometryTypeError
        A collection mixes points, lines and areas, or a coordinate is not finite.
    """
    part, owner = _parts(geometry)
    dimension = np.full(len(geometry), -1, np.int8)
    kind = shapely.get_dimensions(part).astype(np.int8)
    dimension[owner] = kind
    _refuse(owner[dimension[owner] != kind], "mixes points, lines and areas")

    piece, piece_owner, role = _pieces(part, owner, kind)
    xy, of = shapely.get_coordinates(piece, return_index=True)
    _refuse(piece_owner[of[~np.isfinite(xy).all(axis=1)]], "has a coordinate that is not finite")
    ring = _offsets(of, len(piece))
    shape = _offsets(piece_owner, len(geometry))
    return xy, ring, role, shape, dimension, _boxes(xy, ring, shape)


def unflatten(
    xy: NDArray[np.float64],
    ring: NDArray[np.int64],
    role: NDArray[np.int8],
    shape: NDArray[np.int64],
    dimension: NDArray[np.int8],
) -> NDArray[np.object_]:
    """Return (n,) geometries: one part as single, several as multi, none as None."""
    n = len(dimension)
    owner = np.repeat(np.arange(n), np.diff(shape))
    of = np.repeat(np.arange(len(role)), np.diff(ring))
    found = np.full(n, None, object)
    for kind in range(3):
        mine = dimension[owner] == kind
        if not mine.any():
            continue
        vertex = mine[of]
        position = np.cumsum(mine) - 1
        places = xy[vertex]
        build: Callable[..., NDArray[np.object_]]
        if kind == 0:
            parts, holder = shapely.points(places), owner[mine]
            build = shapely.multipoints
        elif kind == 1:
            parts, holder = shapely.linestrings(places, indices=position[of[vertex]]), owner[mine]
            build = shapely.multilinestrings
        else:
            rings = shapely.linearrings(places, indices=position[of[vertex]])
            shell = role[mine] > 0
            parts = shapely.polygons(rings, indices=np.cumsum(shell) - 1)
            holder = owner[mine][shell]
            build = shapely.multipolygons
        holders, first, count = np.unique(holder, return_index=True, return_counts=True)
        found[holders[count == 1]] = parts[first[count == 1]]
        several = np.isin(holder, holders[count > 1])
        if several.any():
            _, group = np.unique(holder[several], return_inverse=True)
            found[holders[count > 1]] = build(parts[several], indices=group)
    return found


def _parts(geometry: NDArray[np.object_]) -> tuple[NDArray[np.object_], NDArray[np.intp]]:
    """Return all single parts that are not empty, and the row of each."""
    part, owner = shapely.get_parts(geometry, return_index=True)
    while (shapely.get_type_id(part) >= _COLLECTIONS).any():
        part, inner = shapely.get_parts(part, return_index=True)
        owner = owner[inner]
    # A point without coordinates is written as NaN, NaN in most formats.
    kept = ~shapely.is_empty(part)
    point = np.flatnonzero(kept & (shapely.get_type_id(part) == shapely.GeometryType.POINT))
    kept[point] = ~(np.isnan(shapely.get_x(part[point])) & np.isnan(shapely.get_y(part[point])))
    return part[kept], owner[kept]


def _pieces(
    part: NDArray[np.object_], owner: NDArray[np.intp], kind: NDArray[np.int8]
) -> tuple[NDArray[np.object_], NDArray[np.intp], NDArray[np.int8]]:
    """Return rings, lines and points in the order of their parts, with row and role."""
    area, other = np.flatnonzero(kind == 2), np.flatnonzero(kind < 2)
    rings, of = shapely.get_rings(part[area], return_index=True)
    role = np.full(len(rings), -1, np.int8)
    role[np.unique(of, return_index=True)[1]] = 1
    piece = np.concatenate([rings, part[other]])
    source = np.concatenate([area[of], other])
    roles = np.concatenate([role, np.zeros(len(other), np.int8)])
    order = np.argsort(source, kind="stable")
    order = order[~shapely.is_empty(piece[order])]
    return piece[order], owner[source[order]], roles[order]


def _offsets(member_of: NDArray[np.intp], n: int) -> NDArray[np.int64]:
    offset = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(member_of, minlength=n), out=offset[1:])
    return offset


def _boxes(
    xy: NDArray[np.float64], ring: NDArray[np.int64], shape: NDArray[np.int64]
) -> NDArray[np.float64]:
    box = np.full((len(shape) - 1, 4), np.nan)
    some = np.flatnonzero(np.diff(shape))
    if len(some):
        start = ring[shape[some]]
        box[some, :2] = np.minimum.reduceat(xy, start)
        box[some, 2:] = np.maximum.reduceat(xy, start)
    return box


def _refuse(rows: NDArray[np.intp], what: str) -> None:
    if len(rows):
        row = int(rows.min())
        raise GeometryTypeError(
            f"the geometry of row {row} {what}",
            advice="Repair the geometry or leave the row out.",
            row=row,
        )
