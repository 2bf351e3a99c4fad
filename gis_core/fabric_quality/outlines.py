"""Borders between groups of parcels, from their edges: no polygon is ever dissolved."""

from collections.abc import Mapping

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_core.fabric_quality.edges import Edges, Grid, directed_edges, match

AROUND = "around"
"""Name of the borders that have a parcel on one side only."""


def group_borders(
    geometry: NDArray[np.object_], groups: Mapping[str, NDArray[np.object_]]
) -> dict[str, NDArray[np.object_]]:
    """Return the lines along which parcels of different groups meet.

    Parameters
    ----------
    geometry
        (n,) valid polygons in one projected CRS (metre), or None.
    groups
        By name, the group of each row: (n,) texts; None is a group of its own.

    Returns
    -------
    By name the borders between groups as line strings, and under ``around`` those of the
    fabric, its gaps and overlaps. Each stretch is drawn once, to the millimetre.

    Examples
    --------
    >>> plots = np.array([shapely.box(0, 0, 1, 2), shapely.box(1, 0, 2, 2)], object)
    >>> lines = group_borders(plots, {"district": np.array(["a", "b"], object)})
    >>> [line.length for line in lines["district"]], [line.length for line in lines["around"]]
    ([2.0], [8.0])
    """
    parts = directed_edges(geometry)
    matched = match(parts.edges)
    one, other = parts.edges.part[matched.one], parts.edges.part[matched.other]
    lines = {AROUND: _lines(parts.edges.take(matched.left), parts.grid)}
    for name, group in groups.items():
        code = np.unique(np.array([str(g) for g in group], str), return_inverse=True)[1]
        apart = code[parts.row[one]] != code[parts.row[other]]
        lines[name] = _lines(parts.edges.take(matched.one[apart]), parts.grid)
    return lines


def _lines(edges: Edges, grid: Grid) -> NDArray[np.object_]:
    if not len(edges):
        return np.empty(0, object)
    ends = np.stack([grid.place(edges.start), grid.place(edges.end)], axis=1)
    lines = np.asarray(shapely.linestrings(ends), dtype=object)
    merged = shapely.line_merge(shapely.multilinestrings(lines))
    return np.asarray(shapely.get_parts(merged), dtype=object)
