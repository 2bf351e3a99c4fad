"""Ways on paper: straight lines that cut the ground into convex pieces and share nodes."""

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from data.city.plan import Plan
from data.city.shapes import Floats

Point = tuple[float, float]
Corner = tuple[int, int]
"""A corner of a piece: its node, and the way that runs from it to the next corner."""

Piece = list[Corner]
"""A convex piece of ground, counter-clockwise."""


class Kind(IntEnum):
    """What a way is; the lower number goes through where two ways meet."""

    WATER = 0
    RAIL = 1
    MAIN = 2
    COLLECTOR = 3
    STREET = 4
    PATH = 5


HALF_WIDTH_M = {
    Kind.WATER: 23.0,
    Kind.RAIL: 9.0,
    Kind.MAIN: 10.5,
    Kind.COLLECTOR: 7.5,
    Kind.STREET: 5.25,
    Kind.PATH: 3.0,
}


@dataclass
class Way:
    """One straight line on paper, and the nodes found on it so far."""

    start: Point
    end: Point
    kind: Kind
    street: int
    half_width: float
    ticks: list[tuple[float, int]] = field(default_factory=list)

    def at(self, share: float) -> Point:
        """Return the point at a share of the way's length."""
        (x0, y0), (x1, y1) = self.start, self.end
        return x0 + (x1 - x0) * share, y0 + (y1 - y0) * share

    @property
    def length(self) -> float:
        """Length on paper, metre."""
        return float(np.hypot(self.end[0] - self.start[0], self.end[1] - self.start[1]))


@dataclass
class Network:
    """All nodes and ways while the city is being drawn."""

    nodes: list[Point] = field(default_factory=list)
    ways: list[Way] = field(default_factory=list)
    streets: int = 0

    def new_street(self) -> int:
        """Return the number of a street that has no way yet."""
        self.streets += 1
        return self.streets - 1

    def node(self, x: float, y: float) -> int:
        """Add a node and return its number."""
        self.nodes.append((x, y))
        return len(self.nodes) - 1

    def way(
        self, a: int, b: int, kind: Kind, street: int | None = None, half_width: float | None = None
    ) -> int:
        """Add a straight way between two nodes and return its number."""
        street = self.new_street() if street is None else street
        width = HALF_WIDTH_M[kind] if half_width is None else half_width
        way = Way(self.nodes[a], self.nodes[b], kind, street, width, [(0.0, a), (1.0, b)])
        self.ways.append(way)
        return len(self.ways) - 1

    def node_on(self, way: int, share: float, snap_m: float) -> int:
        """Return the node at a share of a way's length: one within ``snap_m``, else a new one."""
        line = self.ways[way]
        reach = snap_m / max(line.length, 1e-9)
        near = min(line.ticks, key=lambda tick: abs(tick[0] - share))
        if abs(near[0] - share) <= reach:
            return near[1]
        made = self.node(*line.at(share))
        line.ticks.append((share, made))
        return made


@dataclass(frozen=True)
class Cut:
    """A line through ``point`` along ``heading``, and how close it may come to corners."""

    point: Point
    heading: Point
    clear_m: float
    snap_m: float


def split(net: Network, piece: Piece, cut: Cut) -> tuple[int, int, Piece, Piece] | None:
    """Cut a convex piece in two.

    Returns
    -------
    The two nodes of the cut and the two pieces, the cut's edges marked with way -1;
    ``None`` when the line misses the piece or comes closer to a corner than allowed.
    """
    hits = _crossings(net, piece, cut)
    if hits is None:
        return None
    (i, share_i), (j, share_j) = hits
    a = net.node_on(piece[i][1], share_i, cut.snap_m)
    b = net.node_on(piece[j][1], share_j, cut.snap_m)
    corners = {node for node, _ in piece}
    if a == b or a in corners or b in corners:
        return None
    left = [(a, piece[i][1]), *piece[i + 1 : j + 1], (b, -1)]
    right = [(b, piece[j][1]), *piece[j + 1 :], *piece[: i + 1], (a, -1)]
    return a, b, left, right


def _crossings(net: Network, piece: Piece, cut: Cut) -> list[tuple[int, float]] | None:
    """Return the two edges that the line crosses, with the share along the edge's way."""
    (px, py), (hx, hy) = cut.point, cut.heading
    xy = [net.nodes[node] for node, _ in piece]
    side = [(y - py) * hx - (x - px) * hy for x, y in xy]
    hits: list[tuple[int, float]] = []
    for i, (_, number) in enumerate(piece):
        here, there = side[i], side[(i + 1) % len(piece)]
        if (here < 0) == (there < 0):
            continue
        way = net.ways[number]
        (x0, y0), (x1, y1) = way.start, way.end
        along = (x1 - x0) * hy - (y1 - y0) * hx
        share = ((px - x0) * hy - (py - y0) * hx) / along
        x, y = way.at(share)
        for cx, cy in (xy[i], xy[(i + 1) % len(piece)]):
            if np.hypot(cx - x, cy - y) < cut.clear_m:
                return None
        hits.append((i, share))
    return hits if len(hits) == 2 else None


def marked(piece: Piece, way: int) -> Piece:
    """Put the number of the new way on the edge that a cut left open."""
    return [(node, way if w == -1 else w) for node, w in piece]


def extent(net: Network, piece: Piece) -> tuple[Point, float, float, Point]:
    """Return heading of the long side, length along it, width across it, and the centre."""
    xy = np.asarray([net.nodes[node] for node, _ in piece])
    edge = np.roll(xy, -1, axis=0) - xy
    longest = edge[int(np.argmax(np.hypot(edge[:, 0], edge[:, 1])))]
    heading = longest / np.hypot(*longest)
    normal = np.array([-heading[1], heading[0]])
    along, across = xy @ heading, xy @ normal
    length, width = np.ptp(along), np.ptp(across)
    middle = heading * (along.min() + length / 2) + normal * (across.min() + width / 2)
    if width > length:
        heading, length, width = normal, width, length
    return (
        (float(heading[0]), float(heading[1])),
        float(length),
        float(width),
        (float(middle[0]), float(middle[1])),
    )


def area(net: Network, piece: Piece) -> float:
    """Area of a piece on paper, m²."""
    xy = np.asarray([net.nodes[node] for node, _ in piece])
    after = np.roll(xy, -1, axis=0)
    return float(np.sum(xy[:, 0] * after[:, 1] - after[:, 0] * xy[:, 1]) / 2)


@dataclass(frozen=True)
class Grain:
    """How far a zone is cut: longest length and width of a piece, and the ways between pieces."""

    length_m: float
    width_m: float
    kind: Kind
    half_width: float


def divide(net: Network, piece: Piece, grain: Grain, rng: np.random.Generator) -> list[Piece]:
    """Cut a piece with straight ways until no part is longer or wider than the grain."""
    done: list[Piece] = []
    todo = [piece]
    while todo:
        part = todo.pop()
        halves = _halve(net, part, grain, rng)
        if halves is None:
            done.append(part)
        else:
            todo.extend(halves)
    return done


def _halve(
    net: Network, piece: Piece, grain: Grain, rng: np.random.Generator
) -> tuple[Piece, Piece] | None:
    heading, length, width, middle = extent(net, piece)
    normal = (-heading[1], heading[0])
    if length > grain.length_m:
        along, cut_heading, reach = heading, normal, length
    elif width > grain.width_m:
        along, cut_heading, reach = normal, heading, width
    else:
        return None
    clear = min(26.0, 0.2 * width)
    for wobble in (0.06, 0.12, 0.2, 0.26):
        shift = rng.uniform(-wobble, wobble) * reach
        point = (middle[0] + along[0] * shift, middle[1] + along[1] * shift)
        found = split(net, piece, Cut(point, cut_heading, clear, min(18.0, clear)))
        if found is not None:
            a, b, left, right = found
            way = net.way(a, b, grain.kind, half_width=grain.half_width)
            return marked(left, way), marked(right, way)
    return None


def cut_through(net: Network, pieces: list[Piece], line: Cut, kind: Kind) -> list[Piece]:
    """Lead a river or a railway straight through every piece that it meets."""
    street = net.new_street()
    out: list[Piece] = []
    for piece in pieces:
        found = split(net, piece, line)
        if found is None:
            out.append(piece)
            continue
        a, b, left, right = found
        way = net.way(a, b, kind, street)
        out += [marked(left, way), marked(right, way)]
    return out


def first_pieces(net: Network, plan: Plan) -> tuple[list[Piece], Piece]:
    """Draw walls, rings, radial roads and the municipal boundary.

    Returns
    -------
    The pieces between them, the old town last and once more by itself.
    """
    rng = plan.random(2)
    turn = rng.uniform(-0.08, 0.08)
    angle = np.arange(8) * np.pi / 4 + turn + rng.uniform(-0.07, 0.07, 8)
    old = np.array([[1, 0], [1, 1], [0, 1], [-1, 1], [-1, 0], [-1, -1], [0, -1], [1, -1]])
    core = old * np.array([min(250.0, 0.17 * plan.radius), min(330.0, 0.21 * plan.radius)])
    ca, sa = np.cos(turn), np.sin(turn)
    core = core @ np.array([[ca, sa], [-sa, ca]])

    inner = [net.node(float(x), float(y)) for x, y in core]
    walls = [net.new_street() for _ in range(4)]
    wall = [
        net.way(inner[i], inner[(i + 1) % 8], Kind.MAIN, walls[((i + 1) // 2) % 4])
        for i in range(8)
    ]
    old_town: Piece = [(inner[i], wall[i]) for i in range(8)]
    pieces: list[Piece] = []
    radials = [net.new_street() for _ in range(8)]
    for radius in plan.rings:
        inner, wall = _ring(net, pieces, (inner, wall, radials), angle, radius)
    _rim(net, plan, pieces, (inner, wall, radials), angle)
    return pieces, old_town


Belt = tuple[list[int], list[int], list[int]]
"""Nodes and ways of the last ring, and the streets of the eight radial roads."""


def _ring(
    net: Network, pieces: list[Piece], belt: Belt, angle: Floats, radius: float
) -> tuple[list[int], list[int]]:
    inner, wall, radials = belt
    rx, ry = radius * 1.05, radius / 1.05
    outer = [net.node(float(rx * np.cos(a)), float(ry * np.sin(a))) for a in angle]
    names = [net.new_street() for _ in range(4)]
    ring = [
        net.way(outer[i], outer[(i + 1) % 8], Kind.MAIN, names[((i + 1) // 2) % 4])
        for i in range(8)
    ]
    spoke = [net.way(inner[i], outer[i], Kind.MAIN, radials[i]) for i in range(8)]
    for i in range(8):
        j = (i + 1) % 8
        pieces.append(
            [(inner[i], spoke[i]), (outer[i], ring[i]), (outer[j], spoke[j]), (inner[j], wall[i])]
        )
    return outer, ring


def _rim(net: Network, plan: Plan, pieces: list[Piece], belt: Belt, angle: Floats) -> None:
    inner, wall, radials = belt
    street = net.new_street()
    per_sector = 3
    rim: list[int] = []
    for i in range(8):
        after = angle[(i + 1) % 8] + (2 * np.pi if i == 7 else 0)
        for k in range(per_sector):
            a = angle[i] + (after - angle[i]) * k / per_sector
            c, s = np.cos(a), np.sin(a)
            reach = (abs(c / plan.half_width) ** 3.2 + abs(s / plan.half_height) ** 3.2) ** (
                -1 / 3.2
            )
            rim.append(net.node(float(reach * c), float(reach * s)))
    n = len(rim)
    edge = [net.way(rim[i], rim[(i + 1) % n], Kind.PATH, street) for i in range(n)]
    spoke = [net.way(inner[i], rim[i * per_sector], Kind.MAIN, radials[i]) for i in range(8)]
    for i in range(8):
        j, first = (i + 1) % 8, i * per_sector
        outer = [(rim[first + k], edge[first + k]) for k in range(per_sector)]
        last = rim[(first + per_sector) % n]
        pieces.append([(inner[i], spoke[i]), *outer, (last, spoke[j]), (inner[j], wall[i])])
