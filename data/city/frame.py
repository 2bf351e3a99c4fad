"""The frame of the city: ways, blocks, and where road parcels are cut."""

from dataclasses import dataclass, replace

import numpy as np
import shapely

from data.city.blocks import Block, Edges, blocks_of, edges_of, faces_of, zone_of_faces
from data.city.mouths import Mouths, Vertex, mouths_of
from data.city.parcels import Moved
from data.city.patch import Patch, Spot, patch_of
from data.city.plan import Plan, make_plan
from data.city.shapes import Floats
from data.city.streets import Kind, Network, cut_through, divide, first_pieces
from data.city.zones import GRAIN, Zone, lay_out, railway, river


@dataclass(frozen=True)
class Frame:
    """Ways, faces and blocks, before anything is cut into parcels."""

    plan: Plan
    net: Network
    edges: Edges
    blocks: list[Block]
    patches: list[Patch]
    mouths: Mouths
    rim: Floats


def make_frame(parcels: int, seed: int, built: float) -> Frame:
    """Draw ways and blocks.

    Parameters
    ----------
    built
        Yield at which the houses stop, as a share of the parcels; see `plan.make_plan`.
    """
    plan = make_plan(parcels, seed, built)
    net = Network()
    pieces, old_town = first_pieces(net, plan)
    pieces = cut_through(net, pieces, river(plan), Kind.WATER)
    pieces = cut_through(net, pieces, railway(plan), Kind.RAIL)
    rng = plan.random(8)
    leaves = [
        (part, hood.zone)
        for hood in lay_out(net, plan, pieces, old_town)
        for part in divide(net, hood.piece, GRAIN[hood.zone], rng)
    ]
    edges = edges_of(net, plan)
    faces = faces_of(edges)
    zone = zone_of_faces(net, edges, faces, leaves)
    blocks = blocks_of(net, edges, faces, zone)
    patches = [patch_of(block.ring) for block in blocks]
    blocks = _public_blocks(plan, blocks, patches)
    outer = zone.index(None)
    mouths = mouths_of(net, plan, edges, faces, outer, blocks)
    rim = [edges.line[h >> 1][::-1] if h & 1 else edges.line[h >> 1] for h in faces[outer]]
    ring = np.concatenate([line[:-1] for line in rim])[::-1]
    return Frame(plan, net, edges, blocks, patches, mouths, ring)


def _public_blocks(plan: Plan, blocks: list[Block], patches: list[Patch]) -> list[Block]:
    """Make some blocks schools, churches and squares, crooked ones parks and small ones squares."""
    draw = plan.random(14).uniform(size=len(blocks))
    out = []
    for block, patch, chance in zip(blocks, patches, draw, strict=True):
        zone, area = block.zone, shapely.Polygon(block.ring).area
        if zone in {Zone.OLD_TOWN, Zone.CENTRE, Zone.ROWS, Zone.HOUSES}:
            if area < 700 or chance > 0.985:
                zone = Zone.SQUARE
            elif not patch.is_regular:
                zone = Zone.PARK
            elif chance < 0.03 and area > 6_000:
                zone = Zone.SCHOOL
            elif chance < 0.055 and 1_500 < area < 9_000:
                zone = Zone.CHURCH
        out.append(replace(block, zone=zone))
    return out


def mouth_lines(frame: Frame, moved: Moved) -> Floats:
    """Return the lines (k, 2, 2) that cut road parcels, after corners were rounded off.

    The block on the left of a side road follows it after its corner, the one on the
    right before its corner.
    """

    def vertex(place: Vertex, rim: Spot, side: int) -> Spot:
        block, i = place
        if block < 0:
            return rim
        x, y = frame.blocks[block].ring[i].tolist()
        return moved[x, y][side] if (x, y) in moved else (x, y)

    m = frame.mouths
    rows = zip(m.left, m.right, m.rim, strict=True)
    return np.asarray([(vertex(a, rim, 1), vertex(b, rim, 0)) for a, b, rim in rows])
