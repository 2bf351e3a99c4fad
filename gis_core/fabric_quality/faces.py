"""What the edges that do not cancel enclose: gaps, overlaps, and slits open to the outside."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_core.fabric_quality.edges import RESOLUTION_M, Edges, Grid
from gis_core.fabric_quality.junctions import ON_LINE_M

NEAR_M = 0.10
"""Borders that face each other at most this far apart, with nothing between, are meant as one."""

_FACING = -0.95  # cosine of the angle between opposite borders: up to 18° askew
_CORNER_M = 5 * ON_LINE_M  # what shares less of a border only meets it in a corner
_THIN_M = 0.02  # a face whose mean width is less is a needle
_LONG = 3.0  # a slit is at least this many times longer than wide: two corners make none


@dataclass(frozen=True, slots=True)
class Hole:
    """Ground that no parcel covers.

    Attributes
    ----------
    geometry
        The ground.
    width_m
        Diameter of the largest circle in it.
    beside
        Rows of the fabric that border on it, ascending.
    """

    geometry: shapely.Geometry
    width_m: float
    beside: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Overlap:
    """Ground that two rows of the fabric both cover; ``one`` is the lower row."""

    geometry: shapely.Geometry
    width_m: float
    one: int
    other: int


def enclosed_faces(edges: Edges, grid: Grid) -> NDArray[np.object_]:
    """Return the polygons that edges cut the plane into, those without end left out."""
    if not len(edges):
        return np.empty(0, object)
    noded = shapely.union_all(_lines(edges, grid))
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    return np.asarray(faces, dtype=object)


def split_by(
    group: NDArray[np.intp], value: NDArray[np.intp], groups: int
) -> list[NDArray[np.intp]]:
    """Return the (k,) values of each group, in the order given; groups count from 0."""
    order = np.argsort(group, kind="stable")
    ends = np.searchsorted(group[order], np.arange(1, groups))
    return np.split(value[order], ends) if groups else []


def count_covering(places: NDArray[np.object_], tree: shapely.STRtree) -> NDArray[np.intp]:
    """Return how many polygons cover each of (n,) points."""
    place = tree.query(places, predicate="intersects")[0]
    return np.bincount(place, minlength=len(places))


def gaps_and_overlaps(
    edges: Edges, grid: Grid, geometry: NDArray[np.object_], tree: shapely.STRtree
) -> tuple[list[Hole], list[Overlap]]:
    """Judge what the leftover edges enclose.

    Parameters
    ----------
    edges, grid
        What does not cancel after `mend_junctions`.
    geometry, tree
        (n,) valid polygons of the fabric and their index.

    Notes
    -----
    A face is a gap when no polygon covers a point in it, and proof of an overlap when
    several do. In a needle a point says little, because edges were bent onto vertices beside
    them: there the polygons themselves are subtracted, or intersected. Areas and widths of
    overlaps always come from the polygons. What is narrower than a millimetre is no fault:
    coordinates say no more.
    """
    faces = enclosed_faces(edges, grid)
    covers = count_covering(shapely.point_on_surface(faces), tree)
    thin = shapely.area(faces) < _THIN_M / 2 * shapely.length(faces)
    proof = faces[thin | (covers > 1)]
    faces[thin] = _uncovered(faces[thin], geometry, tree)
    holes = faces[thin | (covers == 0)]
    wide = max_width(holes)
    real = wide >= RESOLUTION_M
    holes, wide = holes[real], wide[real]
    beside = _beside(holes, geometry, tree)
    gaps = [Hole(*hole) for hole in zip(holes, wide.tolist(), beside, strict=True)]
    # Who overlaps may change within a face: where two neighbours' common border has cancelled.
    near = tree.query(proof, predicate="dwithin", distance=ON_LINE_M)[1]
    return gaps, _overlaps(np.unique(near), geometry)


def _uncovered(
    faces: NDArray[np.object_], geometry: NDArray[np.object_], tree: shapely.STRtree
) -> NDArray[np.object_]:
    """Return the polygons of what no polygon covers of each face."""
    at, near = tree.query(faces, predicate="intersects")
    rest = [
        shapely.difference(face, shapely.union_all(geometry[rows]))
        for face, rows in zip(faces, split_by(at, near, len(faces)), strict=True)
    ]
    return polygons_of(np.array(rest, dtype=object))


def _beside(
    holes: NDArray[np.object_], geometry: NDArray[np.object_], tree: shapely.STRtree
) -> list[tuple[int, ...]]:
    """Return the rows that border on each hole along more than a corner."""
    at, near = tree.query(holes, predicate="dwithin", distance=ON_LINE_M)
    border = shapely.intersection(
        shapely.boundary(holes[at]), shapely.buffer(geometry[near], ON_LINE_M, quad_segs=2)
    )
    along = shapely.length(border) > _CORNER_M
    rows = split_by(at[along], near[along], len(holes))
    return [tuple(sorted(some.tolist())) for some in rows]


def _overlaps(suspect: NDArray[np.intp], geometry: NDArray[np.object_]) -> list[Overlap]:
    shapes = geometry[suspect]
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    upper = one < other
    one, other = suspect[one[upper]], suspect[other[upper]]
    common = polygons_of(shapely.intersection(geometry[one], geometry[other]))
    wide = max_width(common)
    return [
        Overlap(common[i], float(wide[i]), int(one[i]), int(other[i]))
        for i in np.flatnonzero(wide >= RESOLUTION_M)
    ]


def open_slits(
    edges: Edges, grid: Grid, row: NDArray[np.intp], tree: shapely.STRtree, gaps: list[Hole]
) -> list[Hole]:
    """Find narrow slits between two rows that open to the outside and so enclose nothing.

    Parameters
    ----------
    edges, grid
        What does not cancel after `mend_junctions`.
    row
        (p,) intp, the row of each part.
    tree
        The fabric's index.
    gaps
        Enclosed ones, which are told already.
    """
    if not len(edges):
        return []
    start, end = grid.place(edges.start), grid.place(edges.end)
    one, other = shapely.STRtree(_lines(edges, grid)).query(
        _lines(edges, grid), predicate="dwithin", distance=NEAR_M
    )
    owner = row[edges.part]
    upper = owner[one] < owner[other]
    one, other = one[upper], other[upper]
    strip, fits = _strips(start[one], end[one], start[other], end[other])
    strip, one, other = strip[fits], owner[one[fits]], owner[other[fits]]
    middle = shapely.point_on_surface(strip)
    free = count_covering(middle, tree) == 0
    enclosed = shapely.STRtree([gap.geometry for gap in gaps])
    inside = enclosed.query(middle, predicate="intersects")[0]
    free[inside] = False
    return _by_pair(strip[free], one[free], other[free])


def _strips(
    a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64], d: NDArray[np.float64]
) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Return the ground between edges a-b and c-d as far as they face each other.

    The second result says where there is any: c-d runs against a-b on its right side,
    where the polygon of a-b is not.
    """
    step, back = b - a, d - c
    length, size = np.hypot(*step.T), np.hypot(*back.T)
    facing = (step * back).sum(axis=1) < _FACING * length * size
    unit = step / length[:, None]
    right = np.stack([unit[:, 1], -unit[:, 0]], axis=1)

    def along(p: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(((p - a) * unit).sum(axis=1))

    t0, t1 = along(d), along(c)
    low, high = np.maximum(t0, 0), np.minimum(t1, length)
    with np.errstate(divide="ignore", invalid="ignore"):
        cut = [d + (c - d) * ((t - t0) / (t1 - t0))[:, None] for t in (low, high)]
    deep = [((p - a) * right).sum(axis=1) for p in cut]
    fits = facing & (high - low > _LONG * np.maximum(*deep)) & (np.minimum(*deep) >= 0)
    fits &= (np.maximum(*deep) <= NEAR_M) & (np.maximum(*deep) > ON_LINE_M)
    corners = np.stack([a + unit * low[:, None], *cut, a + unit * high[:, None]], axis=1)
    corners[~fits] = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    return np.asarray(shapely.polygons(corners), dtype=object), fits


def _by_pair(
    strip: NDArray[np.object_], one: NDArray[np.intp], other: NDArray[np.intp]
) -> list[Hole]:
    pairs, member = np.unique(np.stack([one, other], axis=1), axis=0, return_inverse=True)
    strips = split_by(member, np.arange(len(strip)), len(pairs))
    grounds = np.array([shapely.union_all(strip[some]) for some in strips], dtype=object)
    return [
        Hole(ground, width, (low, high))
        for ground, width, (low, high) in zip(
            grounds, max_width(grounds).tolist(), pairs.tolist(), strict=True
        )
        if width >= RESOLUTION_M
    ]


def max_width(areas: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return the diameter of the largest circle in each of (n,) polygons, 0 where empty.

    Notes
    -----
    Found by shrinking: the width is twice the distance by which an area can be shrunk before
    nothing is left, to 2 % of itself. That is sound in needles, too.
    """
    area, length = shapely.area(areas), shapely.length(areas)
    width = np.zeros(len(areas))
    some = np.flatnonzero((area > 0) & (length > 0))
    low = area[some] / length[some]  # no area is narrower than twice this
    high = np.minimum(np.sqrt(area[some] / np.pi), 1e9)
    low = np.minimum(low, high)
    for _ in range(40):
        going = high > low * 1.02
        if not going.any():
            break
        middle = np.sqrt(low * high)
        gone = shapely.is_empty(shapely.buffer(areas[some[going]], -middle[going], quad_segs=2))
        high[going] = np.where(gone, middle[going], high[going])
        low[going] = np.where(gone, low[going], middle[going])
    width[some] = 2 * low
    return width


def polygons_of(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return geometries without the points and lines in which polygons merely touch."""
    out = np.array(geometry, dtype=object)
    for i in np.flatnonzero(~np.isin(shapely.get_type_id(out), (3, 6))):
        parts = shapely.get_parts(out[i])
        out[i] = shapely.multipolygons(parts[shapely.get_dimensions(parts) == 2])
    return out


def _lines(edges: Edges, grid: Grid) -> NDArray[np.object_]:
    ends = np.stack([grid.place(edges.start), grid.place(edges.end)], axis=1)
    return np.asarray(shapely.linestrings(ends), dtype=object)
