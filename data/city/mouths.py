"""Where one road parcel ends and another begins: the mouths of side roads."""

from dataclasses import dataclass, field

import numpy as np
import shapely

from data.city.blocks import Block, Edges
from data.city.patch import Spot
from data.city.plan import Plan
from data.city.shapes import Floats, lines_of, polygons_of
from data.city.streets import Kind, Network

LOST_CORNER_M = 70.0
"""How far from its node the corner of a block at an acute angle may lie."""

Vertex = tuple[int, int]
"""A block and a vertex of its ring."""


@dataclass(frozen=True)
class Mouths:
    """Pairs of block corners on either side of a road that begins between them.

    ``left`` is the block on the left of someone who enters the road. A block of -1 in
    ``right`` means the municipal boundary, at ``rim``. ``change`` says that another kind
    of way begins there: a road at a river, a path at a road.
    """

    left: list[Vertex] = field(default_factory=list)
    right: list[Vertex] = field(default_factory=list)
    rim: list[Spot] = field(default_factory=list)
    change: list[bool] = field(default_factory=list)

    def add(self, left: Vertex, right: Vertex, rim: Spot, *, change: bool) -> None:
        """Add one mouth."""
        self.left.append(left)
        self.right.append(right)
        self.rim.append(rim)
        self.change.append(change)


@dataclass(frozen=True)
class _Corners:
    """The blocks with their corners by node, and the block on the left of every section."""

    blocks: list[Block]
    vertex: dict[Vertex, int]
    block_of_half: list[int]

    def at(self, half: int, node: int, here: Floats) -> Vertex | None:
        """Return the corner at a node of the block on the left of a directed section.

        It is the nearest vertex where an odd block lost its corner, and None where there
        is no block.
        """
        block = self.block_of_half[half]
        if block < 0:
            return None
        if (block, node) in self.vertex:
            return block, self.vertex[block, node]
        gap = np.hypot(*(self.blocks[block].ring - here).T)
        nearest = int(np.argmin(gap))
        return (block, nearest) if gap[nearest] < LOST_CORNER_M else None


def mouths_of(
    net: Network, plan: Plan, edges: Edges, faces: list[list[int]], outer: int, blocks: list[Block]
) -> Mouths:
    """Decide at every node which of its roads begin a parcel of their own.

    Parameters
    ----------
    faces, outer
        The directed sections around every face, and which face is the outside.
    """
    rng = plan.random(11)
    corners = _corners(edges, faces, blocks)
    leaving: dict[int, list[int]] = {}
    for h in range(2 * len(edges.start)):
        leaving.setdefault(_origin(edges, h), []).append(h)
    rim = {_origin(edges, h) for h in faces[outer]}
    mouths = Mouths()
    for node in sorted(leaving):
        for h, change in _side_roads(net, edges, leaving[node], node in rim, rng):
            here = edges.line[h >> 1][-1 if h & 1 else 0]
            left, right = corners.at(h, node, here), corners.at(h ^ 1, node, here)
            if left is not None and right is not None and left[0] != right[0]:
                mouths.add(left, right, (0.0, 0.0), change=change)
                if node in rim:
                    spot = (float(here[0]), float(here[1]))
                    mouths.add(left, (-1, -1), spot, change=False)
    return _mended(blocks, mouths)


def _origin(edges: Edges, half: int) -> int:
    return int(edges.end[half >> 1] if half & 1 else edges.start[half >> 1])


def _corners(edges: Edges, faces: list[list[int]], blocks: list[Block]) -> _Corners:
    vertex = {
        (b, int(node)): i
        for b, block in enumerate(blocks)
        for i, node in enumerate(block.node)
        if node >= 0
    }
    block_of_half = [-1] * (2 * len(edges.start))
    for b, block in enumerate(blocks):
        for h in faces[block.face]:
            block_of_half[h] = b
    return _Corners(blocks, vertex, block_of_half)


def _side_roads(
    net: Network,
    edges: Edges,
    leaving: list[int],
    on_rim: bool,
    rng: np.random.Generator,
) -> list[tuple[int, bool]]:
    """Return the sections at a node that are cut off from the road that goes through.

    The flag says that the section is of another kind than that road. Everything is cut
    off from the path along the municipal boundary.
    """
    ways = [net.ways[int(edges.way[h >> 1])] for h in leaving]
    rank = [(int(w.kind), w.street) for w in ways]
    through = min(rank)
    first = ways[rank.index(through)]
    out = []
    for h, way, own in zip(leaving, ways, rank, strict=True):
        chance = 0.8 if way.kind == first.kind else 1.0
        if own == through:
            chance = 0.15 if way.kind in {Kind.MAIN, Kind.COLLECTOR} else 0.0
        if on_rim or rng.uniform() < chance:
            out.append((h, on_rim or way.kind != first.kind))
    return out


def _mended(blocks: list[Block], mouths: Mouths) -> Mouths:
    """Move mouths that run through a block to where the two blocks come closest."""
    rings = [block.ring for block in blocks]
    lines = lines_of(
        [
            np.asarray((rings[a][i], rings[b][j] if b >= 0 else rim))
            for (a, i), (b, j), rim in zip(mouths.left, mouths.right, mouths.rim, strict=True)
        ]
    )
    tree = shapely.STRtree(polygons_of(rings))
    bad = {int(k) for p in ("crosses", "within") for k in tree.query(lines, predicate=p)[0]}
    for k in sorted(bad):
        (a, i), (b, _) = mouths.left[k], mouths.right[k]
        if b < 0:
            continue
        spot = rings[a][i]
        gap = np.hypot(*(rings[a][:, None] - rings[b][None]).transpose(2, 0, 1))
        gap += (np.hypot(*(rings[a] - spot).T)[:, None] > LOST_CORNER_M) * 1e6
        row, column = divmod(int(np.argmin(gap)), gap.shape[1])
        mouths.left[k], mouths.right[k] = (a, row), (b, column)
    # Those at a change of kind come first: where two mouths cross, the later one is dropped.
    order = sorted(range(len(mouths.left)), key=lambda k: not mouths.change[k])
    out = Mouths()
    for k in order:
        out.add(mouths.left[k], mouths.right[k], mouths.rim[k], change=mouths.change[k])
    return out
