"""Street, park, school and cemetery trees, among them trees whose stem stands on a border."""

from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray

from data.city.drawing import City
from data.city.locate import Ground
from data.city.lots import Lot
from data.city.shapes import Floats, Ints, Objects, lengths_of, lines_of
from data.city.streets import Kind
from data.city.zones import Zone

SPECIES = (
    ("Tilia", "cordata", "Winter-Linde", 20.0),
    ("Tilia", "tomentosa", "Silber-Linde", 22.0),
    ("Acer", "platanoides", "Spitz-Ahorn", 18.0),
    ("Acer", "pseudoplatanus", "Berg-Ahorn", 22.0),
    ("Platanus", "x hispanica", "Ahornblättrige Platane", 25.0),
    ("Quercus", "robur", "Stiel-Eiche", 22.0),
    ("Quercus", "rubra", "Rot-Eiche", 20.0),
    ("Carpinus", "betulus", "Hainbuche", 14.0),
    ("Betula", "pendula", "Sand-Birke", 17.0),
    ("Fraxinus", "excelsior", "Gemeine Esche", 21.0),
    ("Aesculus", "hippocastanum", "Gewöhnliche Rosskastanie", 18.0),
    ("Robinia", "pseudoacacia", "Robinie", 16.0),
    ("Sorbus", "aucuparia", "Eberesche", 10.0),
    ("Prunus", "avium", "Vogel-Kirsche", 12.0),
    ("Fagus", "sylvatica", "Rot-Buche", 24.0),
    ("Ginkgo", "biloba", "Ginkgo", 14.0),
)
"""Genus, species, German name and height when grown, metre."""

YEAR = 2025


@dataclass(frozen=True)
class Trees:
    """All trees, as columns; positions are rounded as the register states them.

    Attributes
    ----------
    xy
        (n, 2) EPSG:25832, two decimals.
    circumference_cm
        (n,) of the stem.
    species
        (n,) position in `SPECIES`.
    planted, height_m, crown_m
        (n,) year, and sizes rounded to a decimetre.
    site
        (n,) street or place.
    point, parcel
        Pairs: row of a tree and of a parcel that its stem stands on.
    """

    xy: Floats
    circumference_cm: Ints
    species: Ints
    planted: Ints
    height_m: Floats
    crown_m: Floats
    site: NDArray[np.object_]
    point: Ints
    parcel: Ints

    @property
    def on_border(self) -> NDArray[np.bool_]:
        """Whether the stem stands on more than one parcel."""
        return np.asarray(np.bincount(self.point, minlength=len(self.xy)) > 1)


@dataclass
class _Grove:
    xy: list[Floats] = field(default_factory=list)
    site: list[NDArray[np.object_]] = field(default_factory=list)
    old: list[Floats] = field(default_factory=list)

    def add(self, xy: Floats, site: NDArray[np.object_], old: Floats) -> None:
        self.xy.append(xy)
        self.site.append(site)
        self.old.append(old)


def plant_trees(city: City, ground: Ground, buildings: Objects, *, borders: bool) -> Trees:
    """Plant the municipal trees.

    Parameters
    ----------
    buildings
        Footprints; no tree stands in one.
    borders
        Add trees on borders between a road and a lot.
    """
    rng = city.frame.plan.random(40)
    grove = _Grove()
    _avenues(city, grove, rng)
    _parks(city, grove, rng)
    xy = np.round(np.concatenate(grove.xy), 2)
    # Three quarters of a metre from any border: nobody can take these for border trees.
    good, parcel = ground.clear(xy, 0.75)
    walls = shapely.STRtree(buildings).query(shapely.points(xy), predicate="dwithin", distance=1.5)
    good[walls[0]] = False
    site, old = np.concatenate(grove.site), np.concatenate(grove.old)
    # An avenue tree that ended on a lot stood where a road is cut short: leave it out.
    good &= (site == "") | (parcel >= len(city.lots.lot))
    xy, site, old, parcel = xy[good], site[good], old[good], parcel[good]
    place = _places(city, parcel)
    site = np.where(site == "", place, site)
    girth = _girth(old, rng)
    if borders:
        far = _on_borders(city, ground, max(6, round(0.006 * len(xy))), rng)
        xy, girth = np.concatenate((xy, far[0])), np.concatenate((girth, far[1]))
        site = np.concatenate((site, far[2]))
    return _described(ground, xy, girth, site, rng)


def _described(
    ground: Ground, xy: Floats, girth: Ints, site: NDArray[np.object_], rng: np.random.Generator
) -> Trees:
    order = np.lexsort((xy[:, 0], xy[:, 1], site.astype(str)))
    xy, girth, site = xy[order], girth[order], site[order]
    n = len(xy)
    # One species per street: avenues are planted at once.
    _, street = np.unique(site.astype(str), return_inverse=True)
    pick = rng.integers(0, len(SPECIES), street.max() + 1)
    species = np.where(rng.uniform(size=n) < 0.8, pick[street], rng.integers(0, len(SPECIES), n))
    age = np.maximum(3, girth / rng.uniform(1.9, 2.6, n)).astype(np.int64)
    grown = np.asarray([s[3] for s in SPECIES])[species]
    height = np.round(
        np.clip(grown * (1 - np.exp(-age / 30.0)) * rng.uniform(0.85, 1.15, n), 2, 38), 1
    )
    crown = np.round(np.clip(height * rng.uniform(0.35, 0.6, n), 1, 22), 1)
    point, parcel = ground.touched(xy, girth / (200 * np.pi))
    return Trees(xy, girth, species, YEAR - age, height, crown, site, point, parcel)


def _girth(old: Floats, rng: np.random.Generator) -> Ints:
    """Draw stem circumferences; ``old`` is the highest age of a stand as a share of 120 years."""
    age = 4 + 116 * old * rng.beta(1.6, 2.4, len(old))
    return np.round(np.clip(age * rng.uniform(1.9, 2.6, len(old)), 12, 420)).astype(np.int64)


def _avenues(city: City, grove: _Grove, rng: np.random.Generator) -> None:
    """Plant along roads, on both sides, each road with its own spacing."""
    net, edges = city.frame.net, city.frame.edges
    kind = np.asarray([int(w.kind) for w in net.ways])
    half = np.asarray([w.half_width for w in net.ways])
    share = np.select(
        [kind == Kind.MAIN, kind == Kind.COLLECTOR, kind == Kind.STREET], [0.85, 0.6, 0.22], 0.03
    )
    share[(kind == Kind.RAIL) | (kind == Kind.WATER)] = 0.0
    lined = rng.uniform(size=len(net.ways)) < share
    space = rng.uniform(11.0, 17.0, len(net.ways))
    length = lengths_of(edges.line)
    way = edges.way
    free = length - 32.0
    count = np.where(lined[way] & (free > 10), np.floor(free / space[way]).astype(np.int64) + 1, 0)
    section = np.repeat(np.arange(len(length)), count)
    first = np.concatenate(([0], np.cumsum(count)[:-1]))
    along = 16.0 + (np.arange(len(section)) - first[section]) * space[way[section]]
    lines = lines_of(edges.line)
    here = shapely.get_coordinates(shapely.line_interpolate_point(lines[section], along))
    ahead = shapely.get_coordinates(shapely.line_interpolate_point(lines[section], along + 0.5))
    step = ahead - here
    step /= np.hypot(step[:, 0], step[:, 1])[:, None]
    normal = np.column_stack((-step[:, 1], step[:, 0]))
    out = (half[way[section]] - np.where(kind[way[section]] == Kind.MAIN, 2.2, 1.35))[:, None]
    name = (
        np.asarray(city.names, dtype=object)[
            np.asarray([net.ways[w].street for w in way[section]], dtype=np.int64)
        ]
        if len(section)
        else np.empty(0, dtype=object)
    )
    for side in (1.0, -1.0):
        kept = rng.uniform(size=len(section)) < 0.93
        jitter = rng.uniform(-0.25, 0.25, (len(section), 2))
        grove.add((here + side * normal * out + jitter)[kept], name[kept], np.full(kept.sum(), 0.7))


PER_HA = {
    Zone.PARK: 45.0,
    Zone.CEMETERY: 40.0,
    Zone.SCHOOL: 25.0,
    Zone.SQUARE: 30.0,
    Zone.CHURCH: 25.0,
}


def _parks(city: City, grove: _Grove, rng: np.random.Generator) -> None:
    """Scatter trees over parks, cemeteries, schools and squares."""
    zone = city.zone[: len(city.lots.lot)]
    for kind, density in PER_HA.items():
        rows = np.flatnonzero(zone == kind)
        if len(rows) == 0:
            continue
        geometry = city.geometry[rows]
        count = np.round(shapely.area(geometry) / 1e4 * density).astype(np.int64)
        box = shapely.bounds(geometry)
        size = (box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1])
        tries = np.ceil(count * size / shapely.area(geometry)).astype(np.int64)
        row = np.repeat(np.arange(len(rows)), tries)
        xy = box[row, :2] + rng.uniform(size=(len(row), 2)) * (box[row, 2:] - box[row, :2])
        inside = shapely.contains_xy(geometry[row], xy[:, 0], xy[:, 1])
        n = int(inside.sum())
        grove.add(xy[inside], np.full(n, "", dtype=object), np.full(n, 1.0))


def _places(city: City, parcel: Ints) -> NDArray[np.object_]:
    title = {
        Zone.PARK: "Stadtpark",
        Zone.CEMETERY: "Friedhof",
        Zone.SCHOOL: "Schulhof",
        Zone.SQUARE: "Platz",
        Zone.CHURCH: "Kirchhof",
    }
    names = [
        title.get(Zone(int(z)), "Grünanlage") if z >= 0 else "Grünanlage" for z in city.zone[parcel]
    ]
    return np.asarray(names, dtype=object)


def _on_borders(
    city: City, ground: Ground, wanted: int, rng: np.random.Generator
) -> tuple[Floats, Ints, NDArray[np.object_]]:
    """Plant stems on the line between a lot and the road in front of it."""
    rows = rng.permutation(city.lot_rows(Lot.FRONT))[: 4 * wanted]
    start, end = city.lots.quad[rows, 0], city.lots.quad[rows, 1]
    along = end - start
    width = np.hypot(along[:, 0], along[:, 1])[:, None]
    inward = np.column_stack((-along[:, 1], along[:, 0])) / width
    girth = np.round(rng.uniform(130, 320, len(rows))).astype(np.int64)
    radius = girth / (200 * np.pi)
    # The middle of the stem is off the line by up to two thirds of the radius, on either side.
    shift = rng.uniform(-0.66, 0.66, len(rows)) * radius
    xy = np.round(
        start + along * rng.uniform(0.35, 0.65, len(rows))[:, None] + inward * shift[:, None], 2
    )
    both = np.bincount(ground.touched(xy, radius)[0], minlength=len(xy)) == 2
    # No second opinion: the stem reaches both parcels by at least two centimetres.
    sure = np.bincount(ground.touched(xy, radius - 0.02)[0], minlength=len(xy)) == 2
    good = np.flatnonzero(both & sure)[:wanted]
    street = np.asarray(
        [
            city.frame.net.ways[int(w)].street
            for w in city.frame.edges.way[city.lots.edge[rows[good]]]
        ]
    )
    return xy[good], girth[good], np.asarray(city.names, dtype=object)[street]
