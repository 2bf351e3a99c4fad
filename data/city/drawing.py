"""The ground of the city, put together: ways, blocks, lots, road parcels, keys, addresses."""

from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from data.city.addresses import Addresses, number_houses
from data.city.arcs import Arcs
from data.city.blocks import Block, Edges, Ints, blocks_of, edges_of, faces_of, zone_of_faces
from data.city.keys import Numbers, load_catalogue, number_parcels, share_sections
from data.city.lots import Lot, Share, share_out
from data.city.names import street_names
from data.city.parcels import Lots, Objects, draw_blocks
from data.city.patch import Patch, Spot, patch_of
from data.city.plan import CENTRE, Floats, Plan, make_plan
from data.city.roads import Mouths, Roads, mouths_of, pave
from data.city.streets import Kind, Network, cut_through, divide, first_pieces
from data.city.zones import GRAIN, Zone, lay_out, railway, river

BUILT_ZONES = (
    Zone.OLD_TOWN,
    Zone.CENTRE,
    Zone.ROWS,
    Zone.HOUSES,
    Zone.INDUSTRY,
    Zone.SCHOOL,
    Zone.CHURCH,
)


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


@dataclass(frozen=True)
class City:
    """The drawn city. Parcels are the lots of the blocks followed by the road parcels.

    Attributes
    ----------
    frame
        Ways and blocks.
    lots, roads
        The two kinds of parcels.
    geometry
        (n,) polygons of all parcels.
    zone
        (n,) `Zone` of the block, -1 for road parcels.
    numbers
        Keys of all parcels.
    addresses
        Of the lots.
    names
        Per street.
    official_area_m2
        (n,) whole square metres, planar area divided by the areal scale of the projection.
    arcs
        Where rings are round.
    """

    frame: Frame
    lots: Lots
    roads: Roads
    geometry: Objects
    zone: Ints
    numbers: Numbers
    addresses: Addresses
    names: list[str]
    official_area_m2: Ints
    arcs: Arcs

    @property
    def key(self) -> NDArray[np.object_]:
        """Parcel keys, (n,)."""
        return self.numbers.key

    def lot_rows(self, *kinds: Lot) -> Ints:
        """Rows of the parcels of these kinds."""
        return np.flatnonzero(np.isin(self.lots.lot, kinds))


def draw_city(parcels: int, seed: int) -> City:
    """Draw a city of exactly so many parcels.

    The fields take what houses and roads leave over; where that is no plausible number
    the city is drawn again with more or fewer houses.
    """
    built = 1.0
    for _ in range(8):
        frame = _frame(parcels, seed, built)
        wide = _wide(frame)
        shares = _urban_shares(frame, wide)
        roads = _pave(frame, [block.ring for block in frame.blocks], {})
        left = parcels - sum(map(len, shares)) - len(roads.geometry)
        ground = sum(shapely.Polygon(frame.blocks[b].ring).area for b in wide)
        if len(wide) <= left <= max(3.0 * len(wide), ground / 2_500.0):
            break
        # Each hectare of houses more or less changes the count by about ten.
        built *= 1.0 + float(np.clip((left - ground / 9_000.0) / parcels, -0.2, 0.2))
    _share_fields(frame, wide, left, shares)
    return _numbered(frame, shares)


def _frame(parcels: int, seed: int, built: float) -> Frame:
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
    blocks = _public_blocks(plan, blocks_of(net, edges, faces, zone))
    mouths = mouths_of(
        net, plan, edges, faces, {block.face: i for i, block in enumerate(blocks)}, blocks
    )
    outer = faces[zone.index(None)]
    rim = [edges.line[h >> 1][::-1] if h & 1 else edges.line[h >> 1] for h in outer]
    ring = np.concatenate([line[:-1] for line in rim])[::-1]
    return Frame(plan, net, edges, blocks, [patch_of(b.ring) for b in blocks], mouths, ring)


def _public_blocks(plan: Plan, blocks: list[Block]) -> list[Block]:
    """Make some blocks schools, churches and squares; small odd ones become squares."""
    rng = plan.random(14)
    draw = rng.uniform(size=len(blocks))
    size = np.asarray([shapely.Polygon(block.ring).area for block in blocks])
    out = []
    for block, area, chance in zip(blocks, size, draw, strict=True):
        zone = block.zone
        if zone in {Zone.OLD_TOWN, Zone.CENTRE, Zone.ROWS, Zone.HOUSES}:
            if area < 700:  # noqa: PLR2004
                zone = Zone.SQUARE
            elif chance < 0.02 and area > 6_000:  # noqa: PLR2004
                zone = Zone.SCHOOL
            elif chance < 0.04 and 1_500 < area < 9_000:  # noqa: PLR2004
                zone = Zone.CHURCH
            elif chance > 0.985:  # noqa: PLR2004
                zone = Zone.SQUARE
        out.append(replace(block, zone=zone))
    return out


Shares = list[list[Share]]


def _wide(frame: Frame) -> list[int]:
    """Return the fields and forests that can be cut into any number of parcels."""
    return [
        i
        for i, (block, patch) in enumerate(zip(frame.blocks, frame.patches, strict=True))
        if block.zone in {Zone.FIELD, Zone.FOREST} and patch.is_regular
    ]


def _urban_shares(frame: Frame, wide: list[int]) -> Shares:
    rng = frame.plan.random(9)
    later = set(wide)
    return [
        [] if i in later else share_out(patch, block.zone, 1, rng)
        for i, (block, patch) in enumerate(zip(frame.blocks, frame.patches, strict=True))
    ]


def _share_fields(frame: Frame, wide: list[int], count: int, shares: Shares) -> None:
    """Cut fields and forests into exactly ``count`` parcels, large blocks into more."""
    rng = frame.plan.random(16)
    weight = np.asarray(
        [
            shapely.Polygon(frame.blocks[b].ring).area
            * (0.35 if frame.blocks[b].zone is Zone.FOREST else 1.0)
            for b in wide
        ]
    )
    exact = weight / weight.sum() * max(0, count - len(wide))
    each = 1 + np.floor(exact).astype(np.int64)
    rest = count - int(each.sum())
    each[np.argsort(np.floor(exact) - exact, kind="stable")[:rest]] += 1
    for b, n in zip(wide, each.tolist(), strict=True):
        shares[b] = share_out(frame.patches[b], frame.blocks[b].zone, n, rng)


def _pave(frame: Frame, outlines: list[Floats], moved: dict[Spot, tuple[Spot, Spot]]) -> Roads:
    return pave(frame.net, frame.edges, outlines, mouth_lines(frame, moved), frame.rim)


def mouth_lines(frame: Frame, moved: dict[Spot, tuple[Spot, Spot]]) -> Floats:
    """Return the lines (k, 2, 2) that cut road parcels, after corners were rounded off.

    The block on the left of a side road follows it after its corner, the one on the
    right before its corner.
    """

    def vertex(place: tuple[int, int], rim: Spot, side: int) -> Spot:
        block, i = place
        if block < 0:
            return rim
        x, y = frame.blocks[block].ring[i].tolist()
        return moved[x, y][side] if (x, y) in moved else (x, y)

    m = frame.mouths
    rows = zip(m.left, m.right, m.rim, strict=True)
    return np.asarray([(vertex(a, rim, 1), vertex(b, rim, 0)) for a, b, rim in rows])


def _numbered(frame: Frame, shares: Shares) -> City:
    arcs = Arcs()
    lots, outlines, moved = draw_blocks(frame.plan, frame.blocks, frame.patches, shares, arcs)
    roads = _pave(frame, outlines, moved)
    geometry = np.concatenate((lots.geometry, roads.geometry))
    block_zone = np.asarray([int(b.zone) for b in frame.blocks])
    zone = np.concatenate((block_zone[lots.block], np.full(len(roads.geometry), -1)))
    numbers = _numbers(frame, lots, roads, zone)
    built = np.isin(zone[: len(lots.geometry)], BUILT_ZONES)
    kinds = _street_kinds(frame.net)
    return City(
        frame,
        lots,
        roads,
        geometry,
        zone,
        numbers,
        number_houses(frame.net, frame.plan, frame.edges, lots, built),
        street_names(kinds, frame.plan.random(15)),
        official_areas(geometry),
        arcs,
    )


def _street_kinds(net: Network) -> list[Kind]:
    kinds = [Kind.PATH] * net.streets
    for way in net.ways:
        kinds[way.street] = way.kind
    return kinds


def _numbers(frame: Frame, lots: Lots, roads: Roads, zone: Ints) -> Numbers:
    block_centre = np.asarray([block.ring.mean(axis=0) for block in frame.blocks])
    weight = np.bincount(lots.block, minlength=len(frame.blocks)).astype(np.float64)
    district, section = share_sections(
        frame.plan, load_catalogue(), block_centre - np.asarray(CENTRE), weight + 0.7
    )
    tree = shapely.STRtree(shapely.polygons([shapely.linearrings(b.ring) for b in frame.blocks]))
    near = tree.nearest(shapely.point_on_surface(roads.geometry))
    block = np.concatenate((lots.block, near))
    # Roads come last in their section, blocks one after another from north-west to south-east.
    place = np.concatenate((np.zeros(len(lots.block)), np.ones(len(near))))
    south = -np.floor(block_centre[block, 1] / 150.0)
    order = np.lexsort((np.arange(len(block)), block_centre[block, 0], south, place))
    splittable = np.isin(zone, (Zone.HOUSES, Zone.ROWS, Zone.CENTRE, Zone.OLD_TOWN, Zone.FIELD))
    return number_parcels(frame.plan, district[block], section[block], order, splittable)


def official_areas(geometry: Objects) -> Ints:
    """Area without the projection's scale, rounded to whole square metres, at least 1."""
    easting = shapely.get_x(shapely.centroid(geometry))
    return np.maximum(1, np.round(shapely.area(geometry) / areal_scale(easting))).astype(np.int64)


def areal_scale(easting: Floats) -> Floats:
    """Areal scale of UTM at an easting: 0.9996² (1 + (E - 500 km)² / (2 R²))².

    R = 6,383 km is the Gaussian radius at 51.3° north times 0.9996; better than 1e-7 here.
    """
    return np.asarray((0.9996 * (1 + (easting - 500_000.0) ** 2 / (2 * 6_381_500.0**2))) ** 2)
