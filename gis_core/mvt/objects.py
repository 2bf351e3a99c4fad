"""Between geometry objects and strokes."""

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_core.mvt.strokes import Flags, Ints, Kind, Strokes, offsets

_SINGLE = {
    Kind.POINT: shapely.GeometryType.POINT,
    Kind.LINE: shapely.GeometryType.LINESTRING,
    Kind.AREA: shapely.GeometryType.POLYGON,
}
_FINE = 2.0**20
_NOWHERE = np.zeros((0, 2), np.int64)


def strokes(
    geometry: NDArray[np.object_], row: Ints, kind: Kind
) -> tuple[NDArray[np.float64], Strokes]:
    """Return the coordinates of geometries of one kind, none empty, and strokes without any.

    Parameters
    ----------
    row
        (n,) ascending, what the strokes say of where they come from.

    Returns
    -------
    (v, 2) float64, and the strokes that :meth:`Strokes.at` puts where they belong. Rings come out
    closed, see :func:`rings`.
    """
    _, xy, level = shapely.to_ragged_array(geometry, include_z=False)
    several, own = _levels(level, len(geometry), len(xy), kind)
    part_row = np.repeat(row, np.diff(several))
    if kind is not Kind.AREA:
        shell = np.ones(len(part_row), bool)
        return xy, Strokes(kind, _NOWHERE, own, shell, part_row)
    ring, part = own, level[1].astype(np.int64)
    shell = np.zeros(len(ring) - 1, bool)
    shell[part[:-1]] = True
    return xy, Strokes(kind, _NOWHERE, ring, shell, np.repeat(part_row, np.diff(part)))


def _levels(
    level: tuple[NDArray[np.integer], ...], n: int, vertices: int, kind: Kind
) -> tuple[Ints, Ints]:
    """Return which parts belong to each geometry, and which vertices to each stroke."""
    nested = {Kind.POINT: 0, Kind.LINE: 1, Kind.AREA: 2}[kind]
    several = level[nested].astype(np.int64) if len(level) > nested else np.arange(n + 1)
    own = level[0].astype(np.int64) if nested else np.arange(vertices + 1)
    return several, own


def pieces(cut: NDArray[np.object_], row: Ints, kind: Kind) -> Strokes:
    """Return the strokes of what a cut left over, rounded; what is of a lower kind is not taken."""
    part, of = shapely.get_parts(cut, return_index=True)
    fit = (shapely.get_type_id(part) == _SINGLE[kind]) & ~shapely.is_empty(part)
    if not fit.any():
        return Strokes.none(kind)
    xy, found = strokes(part[fit], row[of[fit]], kind)
    return found.at(_nearest(xy))


def _nearest(xy: NDArray[np.float64]) -> Ints:
    # A crossing may be reckoned from either end of a border. A middle between two whole numbers
    # must not go up for one neighbour and down for the other because of the last bit.
    return np.floor(np.round(xy * _FINE) / _FINE + 0.5).astype(np.int64)


def rings(closed: Strokes) -> Strokes:
    """Return rings without the repeated first vertex and without vertices on one another.

    Rings without an area are left out, and so are the holes of a shell that has none.
    """
    if not len(closed):
        return closed
    first, last = closed.start[:-1], closed.start[1:] - 1
    new = np.empty(len(closed.xy), bool)
    new[1:] = (closed.xy[1:] != closed.xy[:-1]).any(axis=1)
    new[first] = (closed.xy[first] != closed.xy[last - 1]).any(axis=1)
    new[last] = False
    found = closed.keep_vertices(new)
    kept: Flags = found.doubled_areas() != 0
    kept &= kept[found.shell][np.cumsum(found.shell) - 1]
    return found.keep(kept)


def areas(rings: Strokes) -> NDArray[np.object_]:
    """Return one multipolygon for each row."""
    length = np.diff(rings.start)
    start = offsets(length + 1)
    member = np.arange(start[-1]) + np.repeat(rings.start[:-1] - start[:-1], length + 1)
    member[start[1:] - 1] = rings.start[:-1]
    part = np.flatnonzero(np.append(rings.shell, True))
    first = np.flatnonzero(np.diff(rings.row[part[:-1]], prepend=-1))
    return np.asarray(
        shapely.from_ragged_array(
            shapely.GeometryType.MULTIPOLYGON,
            rings.xy[member].astype(np.float64),
            (start, part, np.append(first, len(part) - 1)),
        )
    )


def lines(strokes: Strokes) -> NDArray[np.object_]:
    """Return one line for each stroke."""
    return np.asarray(
        shapely.from_ragged_array(
            shapely.GeometryType.LINESTRING, strokes.xy.astype(np.float64), (strokes.start,)
        )
    )
