"""Lines derived from areas: each boundary once, and the borders between groups of parcels."""

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

Geometries = NDArray[np.object_]


def polygonal(geometry: Geometries) -> Geometries:
    """Return geometries without points and lines, which cutting leaves where edges touch."""
    mixed = np.flatnonzero(shapely.get_type_id(geometry) == shapely.GeometryType.GEOMETRYCOLLECTION)
    clean = geometry.copy()
    for i in mixed.tolist():
        parts = shapely.get_parts(geometry[i])
        clean[i] = shapely.union_all(parts[shapely.get_dimensions(parts) == 2])
    return clean


def rings(areas: Geometries) -> Geometries:
    """Return every ring of polygons and multi-polygons, shells and holes.

    Shells run counter-clockwise and holes clockwise, so that areas which overlap
    can be filled together by the non-zero rule. (``shapely.get_rings`` alone passes
    over multi-polygons.)
    """
    parts = shapely.orient_polygons(shapely.get_parts(areas))
    return np.asarray(shapely.get_rings(parts), dtype=object)


def once(polygons: Geometries) -> Geometries:
    """Return the outlines of polygons with shared edges drawn once.

    Parameters
    ----------
    polygons
        (n,) polygons. An edge counts as shared when both ends are equal to 1 µm.

    Returns
    -------
    Line strings, joined as far as they run on without a junction. O(e log e) for e edges.
    """
    xy, ring = shapely.get_coordinates(rings(polygons), return_index=True)
    if len(xy) < 2:
        return np.empty(0, dtype=object)
    whole = np.rint(xy * 1000).astype(np.int64)
    edge = np.concatenate([whole[:-1], whole[1:]], axis=1)[ring[:-1] == ring[1:]]
    backwards = (edge[:, 0] > edge[:, 2]) | ((edge[:, 0] == edge[:, 2]) & (edge[:, 1] > edge[:, 3]))
    edge[backwards] = edge[backwards][:, [2, 3, 0, 1]]
    edge = np.unique(edge, axis=0)
    edge = edge[(edge[:, 0] != edge[:, 2]) | (edge[:, 1] != edge[:, 3])]
    lines = shapely.linestrings(edge.reshape(-1, 2, 2) / 1000)
    merged: Geometries = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(lines)))
    return merged


def group_unions(polygons: Geometries, group: Sequence[str]) -> dict[str, shapely.Geometry]:
    """Dissolve polygons by group name; names in sorted order, "" is left out."""
    names = np.asarray(group, dtype=object)
    return {
        name: shapely.union_all(polygons[names == name])
        for name in sorted({str(n) for n in names if n})
    }


def group_borders(unions: Sequence[shapely.Geometry]) -> Geometries:
    """Return the lines along which two dissolved groups meet."""
    lines = []
    for i, first in enumerate(unions):
        for second in unions[i + 1 :]:
            shared = shapely.intersection(shapely.boundary(first), shapely.boundary(second))
            parts = shapely.get_parts(shared)
            parts = parts[shapely.get_dimensions(parts) == 1]
            if len(parts):
                lines.append(shapely.line_merge(shapely.multilinestrings(shapely.get_parts(parts))))
    return np.array(lines, dtype=object)
