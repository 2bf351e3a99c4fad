"""The ground of the city, put together: blocks, lots, road parcels, keys, addresses."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from data.city.addresses import Addresses, number_houses
from data.city.arcs import Arcs
from data.city.blocks import Block
from data.city.frame import Frame, make_frame, mouth_lines
from data.city.keys import Numbers, load_catalogue, number_parcels, share_sections
from data.city.lots import Lot, Share, share_out
from data.city.names import street_names
from data.city.parcels import Drawing, Lots, Moved, draw_blocks, joined
from data.city.patch import Patch
from data.city.plan import CENTRE
from data.city.roads import Roads, pave
from data.city.shapes import Floats, Ints, Objects, polygons_of
from data.city.streets import Kind, Network
from data.city.zones import Zone

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


def draw_city(parcels: int, seed: int) -> City:
    """Draw a city of exactly so many parcels.

    The fields take what houses and roads leave over; where that is no plausible number
    the city is drawn again with more or fewer houses.

    Raises
    ------
    ValueError
        The number of parcels cannot be reached, as happens below a few hundred.
    """
    built = 1.0
    for _ in range(8):
        frame = make_frame(parcels, seed, built)
        wide = _wide(frame)
        shares = _urban_shares(frame, wide)
        arcs = Arcs()
        rows = sorted(set(range(len(frame.blocks))) - set(wide))
        urban = draw_blocks(_places(frame, rows), shares, arcs, frame.plan)
        outlines = {**{b: frame.blocks[b].ring for b in wide}, **urban.outline}
        roads = len(_pave(frame, outlines, urban.moved).geometry)
        left = parcels - len(urban.rings) - roads
        ground = sum(shapely.Polygon(frame.blocks[b].ring).area for b in wide)
        if len(wide) <= left <= max(3.0 * len(wide), ground / 2_500.0):
            return _with_fields(frame, wide, shares, (urban, arcs), parcels - roads)
        # Each hectare of houses more or less changes the count by about ten.
        built *= 1.0 + float(np.clip((left - ground / 9_000.0) / parcels, -0.2, 0.2))
    raise ValueError(f"no city of {parcels} parcels with seed {seed}: try another number or seed")


def _places(frame: Frame, rows: list[int]) -> list[tuple[int, Block, Patch]]:
    return [(b, frame.blocks[b], frame.patches[b]) for b in rows]


def _pave(frame: Frame, outlines: dict[int, Floats], moved: Moved) -> Roads:
    rings = [outlines[b] for b in range(len(frame.blocks))]
    return pave(frame.net, frame.edges, rings, mouth_lines(frame, moved), frame.rim)


def _with_fields(
    frame: Frame, wide: list[int], shares: Shares, drawn: tuple[Drawing, Arcs], lots: int
) -> City:
    """Cut the fields so that there are ``lots`` parcels beside the roads."""
    urban, arcs = drawn
    pairs = lots // MULTI_PART_PER
    built = urban.lots()
    for _ in range(3):
        _share_fields(frame, wide, lots + pairs - len(built.lot), shares)
        fields = draw_blocks(_places(frame, wide), shares, arcs, frame.plan)
        rural, found = _multi_part(frame, fields.lots(), pairs)
        if found == pairs:
            break
        pairs = found
    roads = _pave(frame, {**urban.outline, **fields.outline}, urban.moved)
    return _numbered(frame, joined(built, rural), roads, arcs)


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
