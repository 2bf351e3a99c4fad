"""The ground of the city, put together: blocks, lots, road parcels, keys, addresses."""

from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from data.city.addresses import Addresses, number_houses
from data.city.arcs import Arcs
from data.city.blocks import Block
from data.city.frame import Frame, make_frame, mouth_lines
from data.city.keys import Numbers, load_catalogue, number_parcels, share_sections
from data.city.lots import WHOLE_BLOCK, Lot, Share, share_out
from data.city.names import street_names
from data.city.parcels import Drawing, Lots, Moved, draw_blocks, joined
from data.city.patch import Patch
from data.city.plan import CENTRE
from data.city.roads import Roads, pave
from data.city.shapes import Floats, Ints, Objects, polygons_of
from data.city.streets import Kind, Network
from data.city.zones import Zone, urbanity

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


Shares = list[list[Share]]


MULTI_PART_PER = 1_500
"""One parcel on so many lies on both sides of a path."""


LEAST_LOT_M2 = 25.0

FIELD_M2 = (2_800.0, 9_000.0)
"""Least mean size of fields, and the size that the edge of the town is thinned out to."""


def draw_city(parcels: int, seed: int) -> City:
    """Draw a city of exactly so many parcels.

    It is first drawn with a few houses too many; then blocks at its edge become fields
    until fields of a plausible size take up the parcels that houses and roads leave.

    Raises
    ------
    ValueError
        The number of parcels cannot be reached, as happens below a few hundred.
    """
    for built in (1.1, 1.3, 1.6, 2.0):
        frame = make_frame(parcels, seed, built)
        wide = _wide(frame)
        shares = _urban_shares(frame, wide)
        plain = dict(enumerate(block.ring for block in frame.blocks))
        left = parcels - sum(map(len, shares)) - len(_pave(frame, plain, {}).geometry)
        ground = sum(shapely.Polygon(frame.blocks[b].ring).area for b in wide)
        if left * FIELD_M2[0] <= ground:
            frame, wide = _thinned(frame, shares, left, ground)
            return _with_fields(frame, wide, shares, parcels)
    raise ValueError(f"no city of {parcels} parcels with seed {seed}: try another number or seed")


def _thinned(frame: Frame, shares: Shares, left: int, ground: float) -> tuple[Frame, list[int]]:
    """Make fields of the houses farthest out until there is room for plausible fields."""
    blocks = list(frame.blocks)
    centre = np.asarray([block.ring.mean(axis=0) for block in blocks]) - np.asarray(CENTRE)
    far = np.argsort(urbanity(frame.plan, centre), kind="stable").tolist()
    houses = [b for b in far if blocks[b].zone in {Zone.HOUSES, Zone.ROWS}]
    for b in houses:
        if left * FIELD_M2[1] >= ground:
            break
        if frame.patches[b].is_regular:
            blocks[b] = replace(blocks[b], zone=Zone.FIELD)
            left += len(shares[b]) - 1
            ground += shapely.Polygon(blocks[b].ring).area
            shares[b] = []
    thinned = replace(frame, blocks=blocks)
    return thinned, _wide(thinned)


def _places(frame: Frame, rows: list[int]) -> list[tuple[int, Block, Patch]]:
    return [(b, frame.blocks[b], frame.patches[b]) for b in rows]


def _pave(frame: Frame, outlines: dict[int, Floats], moved: Moved) -> Roads:
    rings = [outlines[b] for b in range(len(frame.blocks))]
    return pave(frame.net, frame.edges, rings, mouth_lines(frame, moved), frame.rim)


def _with_fields(frame: Frame, wide: list[int], shares: Shares, parcels: int) -> City:
    """Draw the lots, then cut the fields so that the number of parcels comes out."""
    arcs = Arcs()
    rows = sorted(set(range(len(frame.blocks))) - set(wide))
    drawn = draw_blocks(_places(frame, rows), shares, arcs, frame.plan)
    while folded := _folded(drawn):
        for b in folded:
            shares[b] = [WHOLE_BLOCK]
        drawn = draw_blocks(_places(frame, rows), shares, arcs, frame.plan)
    urban = drawn.lots()
    rounded = {**{b: frame.blocks[b].ring for b in wide}, **drawn.outline}
    roads = _pave(frame, rounded, drawn.moved)
    left = parcels - len(urban.lot) - len(roads.geometry)
    pairs = parcels // MULTI_PART_PER
    while True:
        _share_fields(frame, wide, left + pairs, shares)
        fields = draw_blocks(_places(frame, wide), shares, arcs, frame.plan)
        rural, found = _multi_part(frame, fields.lots(), pairs)
        if found == pairs:
            break
        pairs = found
    roads = _pave(frame, {**drawn.outline, **fields.outline}, drawn.moved)
    return _numbered(frame, joined(urban, rural), roads, arcs)


def _folded(drawn: Drawing) -> list[int]:
    """Return the blocks that are too crooked to be cut: lots overlap, or nothing is left of one."""
    lots = drawn.lots()
    numbers = np.asarray(sorted(drawn.outline), dtype=np.int64)
    whole = shapely.area(polygons_of([drawn.outline[int(b)] for b in numbers]))
    parts = np.bincount(lots.block, shapely.area(lots.geometry), int(numbers.max()) + 1)
    bad = set(numbers[np.abs(parts[numbers] - whole) > 0.01].tolist())
    useless = ~shapely.is_valid(lots.geometry) | (shapely.area(lots.geometry) < LEAST_LOT_M2)
    bad |= set(lots.block[useless & (lots.lot != Lot.WHOLE)].tolist())
    return sorted(bad)


def _multi_part(frame: Frame, fields: Lots, wanted: int) -> tuple[Lots, int]:
    """Make one parcel of two fields on either side of a path, a few times."""
    kind = np.asarray([int(w.kind) for w in frame.net.ways])[frame.edges.way]
    partner: dict[int, int] = {}
    free: dict[int, int] = {}
    taken: set[int] = set()
    for i in np.flatnonzero(kind[fields.edge] == Kind.PATH).tolist():
        edge = int(fields.edge[i])
        other = free.setdefault(edge, i)
        if len(partner) < wanted and fields.block[other] != fields.block[i] and edge not in taken:
            partner[other] = i
            taken.add(edge)
    geometry = fields.geometry.copy()
    for i, j in partner.items():
        geometry[i] = shapely.multipolygons([fields.geometry[i], fields.geometry[j]])
    keep = np.ones(len(geometry), dtype=bool)
    keep[list(partner.values())] = False
    kept = Lots(
        geometry[keep], fields.block[keep], fields.lot[keep], fields.quad[keep], fields.edge[keep]
    )
    return kept, len(partner)


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


def _numbered(frame: Frame, lots: Lots, roads: Roads, arcs: Arcs) -> City:
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
    tree = shapely.STRtree(polygons_of([b.ring for b in frame.blocks]))
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
