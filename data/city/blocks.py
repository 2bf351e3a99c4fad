"""Blocks: the faces between the ways, drawn on the ground and set back by half the road."""

from dataclasses import dataclass, replace

import numpy as np
import shapely

from data.city.plan import Plan
from data.city.shapes import Floats, Ints, lines_of
from data.city.streets import Network, Piece
from data.city.zones import Zone


@dataclass(frozen=True)
class Edges:
    """Road sections between neighbouring nodes.

    ``line[i]`` is the bent centre line on the ground, from ``start[i]`` to ``end[i]``.
    """

    start: Ints
    end: Ints
    way: Ints
    heading: Floats
    line: list[Floats]


@dataclass(frozen=True)
class Block:
    """Ground enclosed by ways.

    Attributes
    ----------
    zone
        What stands there.
    ring
        (m, 2) outline on the ground without the closing point, counter-clockwise.
    edge
        (m,) road section along the side from vertex i to vertex i + 1.
    node
        (m,) node of the network that vertex i is the corner at, -1 at mere bends.
    face
        The face of the network that it fills.
    """

    zone: Zone
    ring: Floats
    edge: Ints
    node: Ints
    face: int = -1


def edges_of(net: Network, plan: Plan) -> Edges:
    """Cut every way at its nodes and bend the sections."""
    start, end, way, heading = [], [], [], []
    for number, line in enumerate(net.ways):
        line.ticks.sort()
        (x0, y0), (x1, y1) = line.start, line.end
        turn = float(np.arctan2(y1 - y0, x1 - x0))
        for (_, a), (_, b) in zip(line.ticks, line.ticks[1:], strict=False):
            start.append(a)
            end.append(b)
            way.append(number)
            heading.append(turn)
    nodes = np.asarray(net.nodes)
    first, last = np.asarray(start, dtype=np.int64), np.asarray(end, dtype=np.int64)
    return Edges(
        first, last, np.asarray(way), np.asarray(heading), _bent(plan, nodes[first], nodes[last])
    )


def _bent(plan: Plan, start: Floats, end: Floats) -> list[Floats]:
    """Bend straight sections; keep only the vertices that turn by more than a hand's width."""
    reach = np.hypot(*(end - start).T)
    pieces = np.maximum(1, np.ceil(reach / 42.0)).astype(np.int64)
    section = np.repeat(np.arange(len(start)), pieces + 1)
    first = np.concatenate(([0], np.cumsum(pieces + 1)))
    step = np.arange(len(section)) - first[section]
    share = (step / pieces[section])[:, None]
    paper = start[section] * (1 - share) + end[section] * share
    # The ends are taken from the nodes themselves, so that neighbours agree to the bit.
    paper[step == 0], paper[step == pieces[section]] = start, end
    lines = shapely.linestrings(plan.on_ground(paper), indices=section)
    xy, index = shapely.get_coordinates(
        shapely.simplify(lines, 0.12, preserve_topology=False), return_index=True
    )
    cuts = np.flatnonzero(np.diff(index)) + 1
    return [np.asarray(part) for part in np.split(xy, cuts)]


def faces_of(edges: Edges) -> list[list[int]]:
    """Return the directed sections (2 i forward, 2 i + 1 backward) around every face."""
    n = len(edges.start)
    origin = np.empty(2 * n, dtype=np.int64)
    origin[0::2], origin[1::2] = edges.start, edges.end
    turn = np.empty(2 * n)
    turn[0::2], turn[1::2] = edges.heading, edges.heading + np.pi
    turn = np.mod(turn, 2 * np.pi)
    order = np.lexsort((turn, origin))
    place = np.empty(2 * n, dtype=np.int64)
    place[order] = np.arange(2 * n)
    first = np.searchsorted(origin[order], origin[order], side="left")
    last = np.searchsorted(origin[order], origin[order], side="right") - 1
    here = np.arange(2 * n)
    clockwise = order[np.where(here == first, last, here - 1)]
    twin = here ^ 1
    follower = clockwise[place[twin]].tolist()

    seen = [False] * (2 * n)
    faces: list[list[int]] = []
    for begin in range(2 * n):
        if seen[begin]:
            continue
        face, h = [], begin
        while not seen[h]:
            seen[h] = True
            face.append(h)
            h = follower[h]
        faces.append(face)
    return faces


def face_of_piece(edges: Edges, faces: list[list[int]]) -> dict[tuple[int, int], int]:
    """Return the face on the left of every directed section, keyed by (origin node, way)."""
    found: dict[tuple[int, int], int] = {}
    for number, face in enumerate(faces):
        for h in face:
            e = h >> 1
            origin = edges.end[e] if h & 1 else edges.start[e]
            # Forward and backward sections leave a node on one way in opposite directions.
            found[int(origin), int(edges.way[e]) * 2 + (h & 1)] = number
    return found


def zone_of_faces(
    net: Network, edges: Edges, faces: list[list[int]], leaves: list[tuple[Piece, Zone]]
) -> list[Zone | None]:
    """Say for every face which zone its piece belongs to; ``None`` for the outside."""
    lookup = face_of_piece(edges, faces)
    share: list[dict[int, float]] = [{node: t for t, node in way.ticks} for way in net.ways]
    zone: list[Zone | None] = [None] * len(faces)
    for piece, kind in leaves:
        node, way = piece[0]
        onward = piece[1][0]
        backward = share[way][onward] < share[way][node]
        zone[lookup[node, way * 2 + int(backward)]] = kind
    return zone


def blocks_of(
    net: Network, edges: Edges, faces: list[list[int]], zone: list[Zone | None]
) -> list[Block]:
    """Set every face back by half the width of the ways around it."""
    half = np.asarray([w.half_width for w in net.ways])
    blocks: list[Block] = []
    for number, (face, kind) in enumerate(zip(faces, zone, strict=True)):
        if kind is None:
            continue
        block = _set_back(edges, half, face, kind)
        if block is not None:
            blocks.append(replace(block, face=number))
    return blocks


def _set_back(edges: Edges, half: Floats, face: list[int], zone: Zone) -> Block | None:
    xy, edge, node = _outline(edges, face)
    ring, source = inset(xy, half[edges.way[edge]])
    block = _without_straight(Block(zone, np.round(ring, 3), edge[source], node[source]))
    if len(block.ring) >= 3 and _signed_area(block.ring) > 60.0:
        polygon = shapely.Polygon(block.ring)
        if polygon.is_valid and shapely.Polygon(xy).covers(polygon):
            return block
    return _eroded(xy, edge, node, float(half[edges.way[edge]].max()), zone)


def _outline(edges: Edges, face: list[int]) -> tuple[Floats, Ints, Ints]:
    parts, edge, node = [], [], []
    for h in face:
        e = h >> 1
        line = edges.line[e][::-1] if h & 1 else edges.line[e]
        parts.append(line[:-1])
        edge += [e] * (len(line) - 1)
        node += [int(edges.end[e] if h & 1 else edges.start[e]), *[-1] * (len(line) - 2)]
    return np.concatenate(parts), np.asarray(edge), np.asarray(node)


def inset(ring: Floats, distance: Floats) -> tuple[Floats, Ints]:
    """Move every side of a counter-clockwise ring inwards by its own distance.

    Parameters
    ----------
    ring
        (m, 2) without the closing point.
    distance
        (m,) for the side from vertex i to vertex i + 1, metre.

    Returns
    -------
    ring : (k, 2)
        One vertex per corner; two where sides of different distance are nearly in line.
    source : (k,)
        The vertex that each of them comes from.
    """
    after = np.roll(ring, -1, axis=0) - ring
    after /= np.hypot(after[:, 0], after[:, 1])[:, None]
    before, d_after, d_before = np.roll(after, 1, axis=0), distance, np.roll(distance, 1)
    n_after = np.column_stack((-after[:, 1], after[:, 0]))
    n_before = np.column_stack((-before[:, 1], before[:, 0]))
    sine = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    flat = np.abs(sine) < 0.12
    step = flat & (np.abs(d_after - d_before) > 1e-6)
    safe = np.where(np.abs(sine) < 1e-9, 1.0, sine)[:, None]
    meet = ring + (after * d_before[:, None] - before * d_after[:, None]) / safe
    # Sides in line: the offset point on the bisector, correct to second order in the turn.
    middle = n_before + n_after
    middle /= np.hypot(middle[:, 0], middle[:, 1])[:, None]
    meet = np.where(flat[:, None], ring + middle * d_after[:, None], meet)
    first = np.where(step[:, None], ring + n_before * d_before[:, None], meet)
    second = ring + n_after * d_after[:, None]
    both = np.stack((first, second), axis=1)
    keep = np.column_stack((np.ones(len(ring), dtype=bool), step))
    return both[keep], np.repeat(np.arange(len(ring)), 1 + step)


def _signed_area(ring: Floats) -> float:
    after = np.roll(ring, -1, axis=0)
    origin = ring[0]
    a, b = ring - origin, after - origin
    return float(np.sum(a[:, 0] * b[:, 1] - b[:, 0] * a[:, 1]) / 2)


def _without_straight(block: Block) -> Block:
    """Drop vertices that lie on the line between their neighbours."""
    before, after = np.roll(block.ring, 1, axis=0), np.roll(block.ring, -1, axis=0)
    chord = after - before
    off = block.ring - before
    deviation = np.abs(chord[:, 0] * off[:, 1] - chord[:, 1] * off[:, 0])
    keep = deviation > 0.05 * np.hypot(chord[:, 0], chord[:, 1])
    return Block(block.zone, block.ring[keep], block.edge[keep], block.node[keep])


def _eroded(xy: Floats, edge: Ints, node: Ints, distance: float, zone: Zone) -> Block | None:
    """Fall back to a plain erosion for odd faces, and find the sides and corners again."""
    shrunk = shapely.buffer(shapely.Polygon(xy), -distance, join_style="mitre")
    parts = shapely.get_parts(shrunk)
    if len(parts) == 0:
        return None
    best = parts[int(np.argmax(shapely.area(parts)))]
    if best.area < 80.0:
        return None
    ring = np.round(shapely.get_coordinates(shapely.orient_polygons(best))[:-1], 3)
    sides = lines_of(list(np.stack((xy, np.roll(xy, -1, axis=0)), axis=1)))
    middle = shapely.points((ring + np.roll(ring, -1, axis=0)) / 2)
    nearest = shapely.STRtree(sides).nearest(middle)
    corner = np.full(len(ring), -1)
    for i in np.flatnonzero(node >= 0):
        gap = np.hypot(*(ring - xy[i]).T)
        j = int(np.argmin(gap))
        if gap[j] < 4 * distance:
            corner[j] = node[i]
    return Block(zone, ring, edge[nearest], corner)
