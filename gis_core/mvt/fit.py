"""From geometry objects to the whole numbers of one tile."""

from collections.abc import Callable

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_core.errors import GeometryTypeError
from gis_core.mvt import objects
from gis_core.mvt.detail import BUFFER, EXTENT, Detail, detail
from gis_core.mvt.strokes import Flags, Ints, Kind, Strokes, group_starts
from gis_core.tiling import Tile

Carry = Callable[
    [NDArray[np.float64], NDArray[np.float64]], tuple[NDArray[np.float64], NDArray[np.float64]]
]
"""Carries (n,) x and y over into the reference system of the matrix set."""

_KINDS = {0: Kind.POINT, 1: Kind.LINE, 2: Kind.AREA}


def fit(
    geometry: NDArray[np.object_], tile: Tile, carry: Carry, keep: Detail | None = None
) -> Strokes:
    """Return what of some shapes is in a tile, its buffer included.

    Parameters
    ----------
    geometry
        (n,) geometries of one kind, points, lines or areas, single or of several parts. Missing
        and empty ones are in no tile.
    carry
        From their reference system to that of the tile.
    keep
        How much of them; by default what :func:`detail` says.

    Returns
    -------
    Rings, lines or points with their positions in ``geometry``. Areas are valid: their rings
    neither cross nor touch themselves, and none lies outside its shell.

    Raises
    ------
    GeometryTypeError
        Points, lines and areas are mixed, or there is a curve.

    Notes
    -----
    Every vertex is carried over and rounded by itself, and for all tiles of a level alike. So
    neighbours have the same border, and a border that goes on in the next tile meets it: what is
    cut at the edge of the buffer moves by half a part at most, along that edge. Only where the
    rounding would make a ring cross itself is a border bent, by one step of the grid at most.
    About 5 µs a parcel.
    """
    keep = detail(tile) if keep is None else keep
    row = np.flatnonzero(~(shapely.is_missing(geometry) | shapely.is_empty(geometry)))
    there = geometry[row]
    kind = _kind(there)
    if not len(there):
        return Strokes.none(kind)
    xy, strokes = objects.strokes(there, row, kind)
    place = _parts(xy, tile, carry)
    strokes = strokes.at(np.floor(place / keep.grid + 0.5).astype(np.int64) * keep.grid)
    strokes = strokes.at(strokes.xy - _corner(tile))
    if kind is Kind.POINT:
        return _points(strokes, keep)
    if kind is Kind.LINE:
        return _lines(strokes, keep)
    if keep.pixel:
        strokes = strokes.keep(_large(place - _corner(tile), strokes, keep))
    return _areas(strokes, keep, lambda rows: _exact(geometry[rows], tile, carry))


def _kind(geometry: NDArray[np.object_]) -> Kind:
    kinds = np.unique(shapely.get_dimensions(geometry))
    if len(kinds) > 1 or (shapely.get_type_id(geometry) > shapely.GeometryType.MULTIPOLYGON).any():
        raise GeometryTypeError(
            "a layer of a tile holds points, lines or areas, not several of them",
            advice="Store each kind as a collection of its own.",
        )
    return _KINDS[int(kinds[0])] if len(kinds) else Kind.POINT


def _parts(xy: NDArray[np.float64], tile: Tile, carry: Carry) -> NDArray[np.float64]:
    """Return places in parts, counted from the corner of the whole level."""
    return tile.parts(*carry(xy[:, 0], xy[:, 1]), EXTENT)


def _corner(tile: Tile) -> Ints:
    return np.array([tile.x, tile.y]) * EXTENT


def _large(place: NDArray[np.float64], closed: Strokes, keep: Detail) -> Flags:
    """Tell which rings are a pixel large before they are rounded; holes only where shells are."""
    x, y = place.T
    cross = np.zeros(len(place))
    cross[1:] = x[:-1] * y[1:] - x[1:] * y[:-1]
    cross[closed.start[:-1]] = 0
    large = np.abs(np.add.reduceat(cross, closed.start[:-1])) >= 2 * keep.pixel**2
    return np.asarray(large & large[closed.shell][np.cumsum(closed.shell) - 1])


def _exact(geometry: NDArray[np.object_], tile: Tile, carry: Carry) -> NDArray[np.object_]:
    """Return geometries in parts of the tile that are not rounded."""
    return np.asarray(
        shapely.transform(geometry, lambda xy: _parts(xy, tile, carry) - _corner(tile))
    )


def _points(strokes: Strokes, keep: Detail) -> Strokes:
    inside = ((strokes.xy >= -BUFFER) & (strokes.xy <= EXTENT + BUFFER)).all(axis=1)
    strokes = strokes.keep(inside)
    if not keep.pixel:
        return strokes
    # Squares are cut alike by all tiles, as the side of a tile is a multiple of theirs.
    square = strokes.xy // keep.pixel
    _, first = np.unique(square[:, 0] << 32 | square[:, 1] & 0xFFFFFFFF, return_index=True)
    return strokes.take(np.sort(first))


def _lines(strokes: Strokes, keep: Detail) -> Strokes:
    strokes = _runs(strokes)
    box = strokes.boxes()
    seen = (box[:, 2:] - box[:, :2] >= keep.pixel).any(axis=1)
    strokes = strokes.keep(seen & ~_outside(box))
    crossing = ~_inside(strokes.boxes())
    if not crossing.any():
        return strokes
    cut = strokes.take(np.flatnonzero(crossing))
    pieces = shapely.clip_by_rect(objects.lines(cut), *_window())
    return strokes.keep(~crossing).joined(_runs(objects.pieces(pieces, cut.row, Kind.LINE)))


def _runs(strokes: Strokes) -> Strokes:
    """Return lines without vertices that repeat the one before; lines of one vertex are gone."""
    new = np.ones(len(strokes.xy), bool)
    new[1:] = (strokes.xy[1:] != strokes.xy[:-1]).any(axis=1)
    new[strokes.start[:-1]] = True
    strokes = strokes.keep_vertices(new)
    return strokes.keep(np.diff(strokes.start) > 1)


def _areas(strokes: Strokes, keep: Detail, exact: Callable[[Ints], NDArray[np.object_]]) -> Strokes:
    strokes = objects.rings(strokes)
    rows, box = strokes.rows(), strokes.row_boxes()
    outside = _outside(box)
    if outside.any():
        rows, box = rows[~outside], box[~outside]
        strokes = strokes.of_rows(rows)
    if not len(rows):
        return strokes
    whole = _inside(box)
    asked = np.flatnonzero(~(whole & _surely_valid(strokes)))
    if not len(asked):
        return strokes
    shapes = objects.areas(strokes.of_rows(rows[asked]))
    broken = ~shapely.is_valid(shapes)
    shapes[broken] = _mended(exact(rows[asked[broken]]), keep.grid)
    plain = whole.copy()
    plain[asked[broken]] = False
    mended, cut = broken & whole[asked], ~whole[asked]
    within = objects.pieces(shapes[mended], rows[asked[mended]], Kind.AREA)
    return (
        strokes.of_rows(rows[plain])
        .joined(objects.rings(within))
        .joined(_cut(shapes[cut], rows[asked[cut]]))
    )


def _surely_valid(strokes: Strokes) -> Flags:
    """Tell which rows are a single convex ring, so that nobody need look for a crossing."""
    first = group_starts(strokes.row)
    single = np.diff(np.append(first, len(strokes))) == 1
    return np.asarray(single & strokes.convex()[first])


def _mended(shapes: NDArray[np.object_], grid: float) -> NDArray[np.object_]:
    """Return areas on the grid where rounding vertex by vertex made rings cross or touch."""
    broken = ~shapely.is_valid(shapes)
    shapes[broken] = shapely.make_valid(shapes[broken], method="structure", keep_collapsed=False)
    return np.asarray(shapely.set_precision(shapes, grid))


def _cut(shapes: NDArray[np.object_], rows: Ints) -> Strokes:
    """Return the parts of valid areas within the buffered tile."""
    pieces = shapely.clip_by_rect(shapes, *_window())
    strokes = objects.rings(objects.pieces(pieces, rows, Kind.AREA))
    if not len(strokes):
        return strokes
    # Cut rings may run along the edge and back, and what is cut is rounded once more.
    broken = strokes.rows()[~shapely.is_valid(objects.areas(strokes))]
    if not len(broken):
        return strokes
    again = np.isin(rows, broken)
    clean = _mended(shapely.intersection(shapes[again], shapely.box(*_window())), 1)
    fine = strokes.keep(~np.isin(strokes.row, broken))
    return fine.joined(objects.rings(objects.pieces(clean, rows[again], Kind.AREA)))


def _window() -> tuple[int, int, int, int]:
    return -BUFFER, -BUFFER, EXTENT + BUFFER, EXTENT + BUFFER


def _outside(box: Ints) -> Flags:
    return np.asarray(
        (box[:, 2:] <= -BUFFER).any(axis=1) | (box[:, :2] >= EXTENT + BUFFER).any(axis=1)
    )


def _inside(box: Ints) -> Flags:
    return np.asarray(
        (box[:, :2] >= -BUFFER).all(axis=1) & (box[:, 2:] <= EXTENT + BUFFER).all(axis=1)
    )
