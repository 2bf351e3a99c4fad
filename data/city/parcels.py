"""Parcels inside the blocks: rings that share every vertex with their neighbours."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import shapely

from data.city.arcs import Arcs, fillet
from data.city.blocks import Block
from data.city.lots import Front, Share
from data.city.patch import Patch, Side, Spot, Tiling
from data.city.plan import Plan
from data.city.shapes import Floats, Ints, Objects, polygons_of
from data.city.zones import Zone


@dataclass(frozen=True)
class Lots:
    """All parcels inside blocks, as columns.

    Attributes
    ----------
    geometry
        (n,) polygons.
    block
        (n,) position of the block.
    lot
        (n,) `Lot`.
    quad
        (n, 4, 2) corners before rounding off: front left, front right, back right, back left,
        seen with the back to the street's left, that is counter-clockwise.
    edge
        (n,) road section in front.
    """

    geometry: Objects
    block: Ints
    lot: Ints
    quad: Floats
    edge: Ints


Moved = dict[Spot, tuple[Spot, Spot]]
"""Corners of blocks that were cut off or rounded: the vertices before and after that now stand
for them."""


@dataclass
class Drawing:
    """What is collected while the blocks are drawn one after another."""

    rings: list[Floats] = field(default_factory=list)
    block: list[int] = field(default_factory=list)
    lot: list[int] = field(default_factory=list)
    quad: list[Floats] = field(default_factory=list)
    edge: list[int] = field(default_factory=list)
    outline: dict[int, Floats] = field(default_factory=dict)
    moved: Moved = field(default_factory=dict)

    def lots(self) -> Lots:
        """Return the parcels drawn so far."""
        return Lots(
            polygons_of(self.rings),
            np.asarray(self.block),
            np.asarray(self.lot),
            np.asarray(self.quad).reshape(-1, 4, 2),
            np.asarray(self.edge),
        )


Places = Iterable[tuple[int, Block, Patch]]
"""Number, outline and map of blocks."""


def draw_blocks(places: Places, shares: list[list[Share]], arcs: Arcs, plan: Plan) -> Drawing:
    """Draw every lot of some blocks; ``shares`` are those of all blocks."""
    drawing = Drawing()
    rng = plan.random(10)
    for place in places:
        _draw(drawing, place, shares[place[0]], arcs, rng)
    return drawing


def joined(urban: Lots, rural: Lots) -> Lots:
    """Put the parcels of two drawings together."""
    return Lots(
        *(
            np.concatenate((getattr(urban, part), getattr(rural, part)))
            for part in ("geometry", "block", "lot", "quad", "edge")
        )
    )


def _draw(
    drawing: Drawing,
    place: tuple[int, Block, Patch],
    shares: list[Share],
    arcs: Arcs,
    rng: np.random.Generator,
) -> None:
    number, block, patch = place
    tiling = Tiling(patch, [share.rect for share in shares])
    spots = [tiling.ring(share.rect) for share in shares]
    around = tiling.ring((0.0, 1.0, 0.0, 1.0))
    quads = [_quad(share) for share in shares]
    xy = patch.on_ground(np.asarray([s for ring in (*spots, around, *quads) for s in ring]))
    ends = np.cumsum([len(ring) for ring in (*spots, around)])
    parts = np.split(xy[: ends[-1]], ends[:-1])
    outline = parts.pop()
    rounded = _rounded(block, outline, arcs, rng)
    drawn = [_replaced(ring, rounded) for ring in parts]
    cut = [ring for ring, whole in zip(drawn, parts, strict=True) if len(ring) != len(whole)]
    if cut and not all(shapely.is_valid(shapely.polygons(ring)) for ring in cut):
        # A lot at a narrow end has no room for it.
        rounded, drawn = {}, parts
    drawing.rings += drawn
    drawing.block += [number] * len(drawn)
    drawing.outline[number] = _replaced(outline, rounded)
    drawing.moved.update(
        {corner: (_key(line[0]), _key(line[-1])) for corner, line in rounded.items()}
    )
    drawing.quad += list(xy[ends[-1] :].reshape(-1, 4, 2))
    for share in shares:
        drawing.lot.append(int(share.lot))
        drawing.edge.append(_edge_in_front(block, patch, share))


def _key(xy: Floats) -> Spot:
    return float(xy[0]), float(xy[1])


def _quad(share: Share) -> list[Spot]:
    s0, s1, t0, t1 = share.rect
    around = [(s0, t0), (s1, t0), (s1, t1), (s0, t1)]
    first = int(share.front)
    return around[first:] + around[:first]


def _edge_in_front(block: Block, patch: Patch, share: Share) -> int:
    s0, s1, t0, t1 = share.rect
    side, middle, backward = {
        Front.BOTTOM: (patch.bottom, (s0 + s1) / 2, False),
        Front.RIGHT: (patch.right, (t0 + t1) / 2, False),
        Front.TOP: (patch.top, (s0 + s1) / 2, True),
        Front.LEFT: (patch.left, (t0 + t1) / 2, True),
    }[share.front]
    return int(block.edge[_vertex_before(side, middle, backward=backward)])


def _vertex_before(side: Side, share: float, *, backward: bool) -> int:
    """Return the vertex of the block's ring where the side at ``share`` of the length starts."""
    i = int(np.searchsorted(side.share, share, side="right")) - 1
    i = min(max(i, 0), len(side.vertex) - 2)
    order = (i + 1, i) if backward else (i, i + 1)
    known = [side.vertex[k] for k in order if side.vertex[k] >= 0]
    if known:
        return known[0]
    return next(v for v in side.vertex if v >= 0)


ROUNDED = {
    Zone.OLD_TOWN: (0.02, 0.25),
    Zone.CENTRE: (0.03, 0.4),
    Zone.ROWS: (0.015, 0.3),
    Zone.HOUSES: (0.02, 0.35),
    Zone.INDUSTRY: (0.06, 0.4),
}
"""Shares of corners that are rounded by an arc and that are cut off."""


def _rounded(
    block: Block, outline: Floats, arcs: Arcs, rng: np.random.Generator
) -> dict[Spot, Floats]:
    """Return for some corners of a block the vertices that replace them."""
    round_share, cut_share = ROUNDED.get(block.zone, (0.0, 0.0))
    out: dict[Spot, Floats] = {}
    if round_share == 0 or len(outline) < 4:
        return out
    draw = rng.uniform(size=(len(block.ring), 2))
    place = {_key(xy): i for i, xy in enumerate(outline)}
    for i in np.flatnonzero((block.node >= 0) & (draw[:, 0] < round_share + cut_share)):
        j = place.get(_key(block.ring[i]))
        if j is None:
            continue
        corner, before, after = outline[j], outline[j - 1], outline[(j + 1) % len(outline)]
        u, v = before - corner, after - corner
        cosine = (u @ v) / (np.hypot(*u) * np.hypot(*v))
        reach = 2.5 + 3.5 * draw[i, 1]
        if min(np.hypot(*u), np.hypot(*v)) < reach + 1.5 or abs(cosine) > 0.6:
            continue
        start, middle, end = fillet(corner, before, after, reach)
        arc = draw[i, 0] < round_share
        out[_key(corner)] = arcs.add(start, middle, end) if arc else np.stack((start, end))
    return out


def _replaced(ring: Floats, rounded: dict[Spot, Floats]) -> Floats:
    if not rounded:
        return ring
    parts = [rounded.get(_key(xy), xy[None]) for xy in ring]
    return np.concatenate(parts)
