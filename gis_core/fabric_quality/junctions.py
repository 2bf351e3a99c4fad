"""T-junctions: a border with a vertex on one side only is the same border still."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_core.fabric_quality.edges import RESOLUTION_M, Edges, Grid, match

ON_LINE_M = 2 * RESOLUTION_M
"""A vertex that was rounded to whole millimetres may be this far from the edge it was set on."""

_ROUNDS = 3  # a split edge bends by up to 2 mm and may meet the next vertex only then


@dataclass(frozen=True, slots=True)
class Mended:
    """Edges that were left over, after their T-junctions were given a vertex.

    Attributes
    ----------
    edges
        What still does not cancel: the borders of the fabric, its gaps and its overlaps.
    shared : (s, 2) intp
        Parts on both sides of the borders that did cancel, with their ``length_m`` (s,).
    part
        (j,) intp, part with an edge on which a vertex of another part lies.
    vertex
        (j,) uint64, that vertex.
    offset_m
        (j,) float64, how far from the edge it is.
    other
        (j,) intp, a part that has the vertex.
    """

    edges: Edges
    shared: NDArray[np.intp]
    length_m: NDArray[np.float64]
    part: NDArray[np.intp]
    vertex: NDArray[np.uint64]
    offset_m: NDArray[np.float64]
    other: NDArray[np.intp]


def mend_junctions(edges: Edges, grid: Grid) -> Mended:
    """Split edges at the vertices of others that lie on them, and let the pieces cancel.

    Parameters
    ----------
    edges
        k edges that found no counterpart, see `match`.

    Notes
    -----
    O(k log k); a vertex lies on an edge when it is at most ``ON_LINE_M`` from it.
    """
    found: list[_Splits] = []
    shared, lengths = [], []
    for _ in range(_ROUNDS):
        splits = _splits(edges, grid)
        pieces = _split(edges, splits)
        matched = match(pieces)
        one, other = pieces.take(matched.one), pieces.take(matched.other)
        shared.append(np.stack([one.part, other.part], axis=1))
        lengths.append(edge_length(one, grid))
        found.append(_junctions(splits, one, other))
        edges = pieces.take(matched.left)
        if not len(splits.part):
            break
    return Mended(
        edges,
        np.concatenate(shared),
        np.concatenate(lengths),
        *(
            np.concatenate([getattr(f, name) for f in found])
            for name in ("part", "vertex", "offset_m", "other")
        ),
    )


def edge_length(edges: Edges, grid: Grid) -> NDArray[np.float64]:
    """Return the length of each edge in metre."""
    step = grid.place(edges.end) - grid.place(edges.start)
    return np.asarray(np.hypot(step[:, 0], step[:, 1]))


@dataclass(frozen=True, slots=True)
class _Splits:
    """Where edges are to be split, ordered by edge and along it."""

    edge: NDArray[np.intp]
    vertex: NDArray[np.uint64]
    part: NDArray[np.intp]
    other: NDArray[np.intp]
    offset_m: NDArray[np.float64]


def _splits(edges: Edges, grid: Grid) -> _Splits:
    ends = np.concatenate([edges.start, edges.end])
    vertex, first = np.unique(ends, return_index=True)
    of_part = np.concatenate([edges.part, edges.part])[first]
    place = grid.place(vertex)
    start, end = grid.place(edges.start), grid.place(edges.end)
    lines = np.asarray(shapely.linestrings(np.stack([start, end], axis=1)), dtype=object)
    at, edge = shapely.STRtree(lines).query(
        shapely.points(place), predicate="dwithin", distance=ON_LINE_M
    )
    inner = (vertex[at] != edges.start[edge]) & (vertex[at] != edges.end[edge])
    at, edge = at[inner], edge[inner]
    step = end[edge] - start[edge]
    length = np.hypot(step[:, 0], step[:, 1])
    off = place[at] - start[edge]
    along = (off * step).sum(axis=1) / length
    # A vertex next to an end would fold the edge back onto itself.
    inner = (along > 0) & (along < length)
    order = np.flatnonzero(inner)[np.lexsort((vertex[at[inner]], along[inner], edge[inner]))]
    at, edge = at[order], edge[order]
    beside = np.abs(off[:, 0] * step[:, 1] - off[:, 1] * step[:, 0]) / length
    return _Splits(edge, vertex[at], edges.part[edge], of_part[at], beside[order])


def _split(edges: Edges, splits: _Splits) -> Edges:
    """Return the edges with a vertex at every split."""
    count = np.bincount(splits.edge, minlength=len(edges))
    owner = np.repeat(np.arange(len(edges)), count + 1)
    begins = np.cumsum(count + 1) - (count + 1)
    start, end = edges.start[owner], edges.end[owner]
    # The i-th split of an edge ends its i-th piece and starts the next.
    nth = np.arange(len(splits.edge)) - (np.cumsum(count) - count)[splits.edge]
    piece = begins[splits.edge] + nth
    end[piece], start[piece + 1] = splits.vertex, splits.vertex
    return Edges(start, end, edges.part[owner])


def _junctions(splits: _Splits, one: Edges, other: Edges) -> _Splits:
    """Return the splits after which a piece found its counterpart: those are T-junctions.

    ``other`` of the result is the part that the piece is shared with.
    """
    ends = np.concatenate([one.start, one.end, other.start, other.end])
    mine = np.concatenate([one.part, one.part, other.part, other.part])
    theirs = np.concatenate([other.part, other.part, one.part, one.part])
    order = np.lexsort((theirs, mine, ends))
    ends, mine, theirs = ends[order], mine[order], theirs[order]
    kind = np.dtype([("vertex", np.uint64), ("part", np.int64)])
    have, want = np.empty(len(ends), kind), np.empty(len(splits.part), kind)
    have["vertex"], have["part"] = ends, mine
    want["vertex"], want["part"] = splits.vertex, splits.part
    at = np.searchsorted(have, want)
    there = at < len(have)
    there[there] = have[at[there]] == want[there]
    rows = np.flatnonzero(there)
    return _Splits(
        splits.edge[rows],
        splits.vertex[rows],
        splits.part[rows],
        theirs[at[rows]],
        splits.offset_m[rows],
    )
