"""Public ground between the blocks: road parcels with branches, cut at the mouths of side roads."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely

from data.city.blocks import Edges
from data.city.patch import Spot
from data.city.shapes import Floats, Ints, Objects, lines_of, polygons_of
from data.city.streets import Kind, Network


@dataclass(frozen=True)
class Roads:
    """Road, rail and water parcels, as columns.

    Attributes
    ----------
    geometry
        (n,) polygons, some with holes.
    kind
        (n,) `Kind` of the most important way in it.
    street
        (n,) the street it belongs to.
    of_edge
        (e,) for every road section the parcel it lies in.
    """

    geometry: Objects
    kind: Ints
    street: Ints
    of_edge: Ints


def pave(
    net: Network,
    edges: Edges,
    outlines: list[Floats],
    cuts: Floats,
    rim: Floats,
) -> Roads:
    """Fill the ground between the blocks.

    Parameters
    ----------
    net, edges
        Ways and sections.
    outlines
        Ring of every block.
    cuts
        (k, 2, 2) from a vertex of one ring to a vertex of another, or of the rim.
    rim
        (m, 2) the municipal boundary.
    """
    polygons = polygons_of(outlines)
    cuts = _usable(cuts, polygons)
    ends = {(float(x), float(y)) for x, y in cuts.reshape(-1, 2)}
    lines = [line for ring in (*outlines, rim) for line in _pieces(ring, ends)] + list(cuts)
    faces = shapely.get_parts(shapely.polygonize(lines_of(lines)))
    inside = shapely.point_on_surface(faces)
    hit = np.unique(shapely.STRtree(polygons).query(inside, predicate="within")[0])
    road = np.delete(faces, hit)
    corner = shapely.bounds(road)
    order = np.lexsort((corner[:, 0], corner[:, 1]))
    return _named(net, edges, np.asarray(road[order]), shapely.Polygon(rim))


def _usable(cuts: Floats, blocks: Objects) -> Floats:
    """Drop cuts that run through a block or through another cut."""
    if len(cuts) == 0:
        return cuts
    lines = lines_of(list(cuts))
    tree = shapely.STRtree(blocks)
    bad = {int(i) for p in ("crosses", "within") for i in tree.query(lines, predicate=p)[0]}
    good = np.asarray([i for i in range(len(lines)) if i not in bad], dtype=np.int64)
    pairs = shapely.STRtree(lines[good]).query(lines[good], predicate="crosses")
    late = {int(max(i, j)) for i, j in pairs.T}
    kept = np.asarray([g for k, g in enumerate(good) if k not in late], dtype=np.int64)
    _, unique = np.unique(
        np.sort(cuts[kept].reshape(len(kept), 2, 2).view("c16").reshape(len(kept), 2), axis=1),
        axis=0,
        return_index=True,
    )
    return np.asarray(cuts[kept[np.sort(unique)]])


def _pieces(ring: Floats, ends: set[Spot]) -> list[Floats]:
    """Cut a ring at the vertices where something else ends."""
    at = [i for i, (x, y) in enumerate(ring.tolist()) if (x, y) in ends]
    if not at:
        return [np.concatenate((ring, ring[:1]))]
    turned = np.concatenate((ring[at[0] :], ring[: at[0] + 1]))
    stops = [i - at[0] for i in at] + [len(ring)]
    return [turned[a : b + 1] for a, b in pairwise(stops)]


def _named(net: Network, edges: Edges, faces: Objects, city: shapely.Polygon) -> Roads:
    """Give every road section its parcel and every parcel its most important way."""
    middle = np.asarray([_middle(line) for line in edges.line])
    point = np.asarray(shapely.points(middle))
    # The path along the boundary has its centre line on the boundary itself.
    outside = ~shapely.contains_properly(city, point) | (
        shapely.distance(shapely.boundary(city), point) < 0.5
    )
    centre = shapely.get_coordinates(shapely.centroid(city))[0]
    pull = centre - middle
    pull /= np.hypot(pull[:, 0], pull[:, 1])[:, None]
    middle = np.where(outside[:, None], middle + 1.2 * pull, middle)
    nearest = np.asarray(shapely.STRtree(faces).nearest(np.asarray(shapely.points(middle))))
    kind = np.asarray([int(w.kind) for w in net.ways])[edges.way]
    street = np.asarray([w.street for w in net.ways])[edges.way]
    order = np.lexsort((street, kind, nearest))
    first = order[np.unique(nearest[order], return_index=True)[1]]
    out_kind = np.full(len(faces), int(Kind.PATH))
    out_street = np.full(len(faces), -1)
    out_kind[nearest[first]], out_street[nearest[first]] = kind[first], street[first]
    empty = np.flatnonzero(out_street < 0)
    if len(empty):
        close = shapely.STRtree(point).nearest(shapely.point_on_surface(faces[empty]))
        out_kind[empty], out_street[empty] = kind[close], street[close]
    return Roads(faces, out_kind, out_street, nearest)


def _middle(line: Floats) -> Floats:
    step = np.hypot(*np.diff(line, axis=0).T)
    half = step.sum() / 2
    i = int(np.searchsorted(np.cumsum(step), half))
    rest = half - step[:i].sum()
    return np.asarray(line[i] + (line[i + 1] - line[i]) * rest / step[i])
