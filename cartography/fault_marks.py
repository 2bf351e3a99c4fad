"""The marks of findings on a map: a form for each kind, a colour for each severity."""

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.affinity import affine_transform

from gis_core.fabric_quality import Code, Severity

COLOUR = {Severity.ERROR: "#b3002d", Severity.WARNING: "#b35900", Severity.INFO: "#1f5f99"}
TINT = {Severity.ERROR: "#f2b8c6", Severity.WARNING: "#f5d3ad", Severity.INFO: "#c3d9ee"}
LARGEST, SMALLEST = 1.5, 0.55
"""Radius of a mark, mm: when there are few and when there are very many."""
_FEW = 30


def _disc(x: float, y: float, radius: float) -> shapely.Polygon:
    return shapely.Point(x, y).buffer(radius, quad_segs=6)


def _regular(corners: int, turn: float) -> shapely.Polygon:
    angle = turn + 2 * np.pi * np.arange(corners) / corners
    return shapely.Polygon(np.stack([np.cos(angle), np.sin(angle)], axis=1))


_FORMS: dict[Code, shapely.Geometry] = {
    Code.NO_KEY: shapely.union_all([shapely.box(-1, -0.3, 1, 0.3), shapely.box(-0.3, -1, 0.3, 1)]),
    Code.NO_GEOMETRY: shapely.box(-0.8, -0.8, 0.8, 0.8) - shapely.box(-0.4, -0.4, 0.4, 0.4),
    Code.INVALID: shapely.MultiPolygon(
        [
            shapely.Polygon([(-1, -0.8), (0, 0), (-1, 0.8)]),
            shapely.Polygon([(1, -0.8), (1, 0.8), (0, 0)]),
        ]
    ),
    Code.SELF_TOUCH: shapely.MultiPolygon(
        [
            shapely.Polygon([(-0.8, 1), (0, 0), (0.8, 1)]),
            shapely.Polygon([(-0.8, -1), (0.8, -1), (0, 0)]),
        ]
    ),
    Code.DUPLICATE_KEY: shapely.MultiPolygon([_disc(-0.55, 0, 0.5), _disc(0.55, 0, 0.5)]),
    Code.OVERLAP: shapely.box(-0.85, -0.85, 0.85, 0.85),
    Code.GAP: _disc(0, 0, 1) - _disc(0, 0, 0.5),
    Code.OPEN_GAP: (_disc(0, 0, 1) - _disc(0, 0, 0.5)) - shapely.box(-0.35, 0, 0.35, 2),
    Code.TWO_DISTRICTS: _regular(4, 0),
    Code.AREA: _regular(3, np.pi / 2),
    Code.ADDRESS: shapely.Polygon([(-0.8, -0.9), (0.8, -0.9), (0.8, 0.1), (0, 0.95), (-0.8, 0.1)]),
    Code.T_JUNCTION: shapely.union_all(
        [shapely.box(-1, 0.35, 1, 0.9), shapely.box(-0.28, -1, 0.28, 0.5)]
    ),
    Code.MULTI_PART: shapely.MultiPolygon(
        [shapely.box(-0.95, -0.8, -0.1, 0.1), shapely.box(0.1, -0.1, 0.95, 0.8)]
    ),
    Code.SLIVER: shapely.Polygon([(-1, -0.3), (1, 0), (-1, 0.3)]),
}


def mark_radius(count: int) -> float:
    """Return the radius of marks in mm: the more there are, the smaller.

    Examples
    --------
    >>> mark_radius(5), mark_radius(10_000)
    (1.5, 0.55)
    """
    return float(np.clip(LARGEST * (_FEW / max(count, 1)) ** 0.3, SMALLEST, LARGEST))


def marks(code: Code, places: NDArray[np.float64], radius: float) -> NDArray[np.object_]:
    """Return the form of a code at (n, 2) places."""
    form = shapely.orient_polygons(_FORMS[code])
    drawn = [affine_transform(form, [radius, 0, 0, radius, x, y]) for x, y in places.tolist()]
    return np.array(drawn, dtype=object)
