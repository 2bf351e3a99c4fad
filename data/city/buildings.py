"""Buildings: houses set back from the street, closed rows, garages, halls, schools, churches."""

from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray

from data.city.arcs import Arcs
from data.city.blocks import Ints
from data.city.drawing import City
from data.city.lots import Lot
from data.city.parcels import Objects
from data.city.plan import Floats
from data.city.zones import Zone

HOUSE, SHOP_HOUSE, MIXED, GARAGE, SHED = 1010, 1123, 1100, 2463, 2723
FACTORY, STORE, OFFICE, TANK = 2111, 2143, 2020, 2513
CHURCH, SCHOOL, GYM, CHAPEL, BARN = 3041, 3021, 3211, 3081, 2721

FUNCTIONS = {
    HOUSE: "Wohnhaus",
    SHOP_HOUSE: "Wohn- und Geschäftsgebäude",
    MIXED: "Gemischt genutztes Gebäude mit Wohnen",
    GARAGE: "Garage",
    SHED: "Schuppen",
    FACTORY: "Fabrik",
    STORE: "Lagerhalle, Lagerschuppen, Lagerhaus",
    OFFICE: "Bürogebäude",
    TANK: "Wasserbehälter",
    CHURCH: "Kirche",
    SCHOOL: "Allgemein bildende Schule",
    GYM: "Sport-, Turnhalle",
    CHAPEL: "Trauerhalle",
    BARN: "Scheune",
}
"""Building functions: code of the object catalogue and its name."""


WALL_M = 0.002
"""How far walls on a border stay inside, so that rounding does not push them over it."""


@dataclass(frozen=True)
class Buildings:
    """All buildings, as columns.

    Attributes
    ----------
    geometry
        (n,) polygons.
    parcel
        (n,) the parcel each stands on.
    function
        (n,) codes of `FUNCTIONS`.
    storeys
        (n,) above ground.
    main
        (n,) whether it carries the parcel's address.
    name
        (n,) proper name or empty.
    """

    geometry: Objects
    parcel: Ints
    function: Ints
    storeys: Ints
    main: NDArray[np.bool_]
    name: NDArray[np.object_]


@dataclass
class _Site:
    """What has been drawn so far."""

    city: City
    arcs: Arcs
    geometry: list[Objects] = field(default_factory=list)
    parcel: list[Ints] = field(default_factory=list)
    function: list[Ints] = field(default_factory=list)
    storeys: list[Ints] = field(default_factory=list)
    main: list[NDArray[np.bool_]] = field(default_factory=list)
    name: list[NDArray[np.object_]] = field(default_factory=list)

    def add(
        self,
        parcel: Ints,
        geometry: Objects,
        function: Ints | int,
        storeys: Ints | int,
        *,
        main: bool = False,
        name: str = "",
    ) -> Ints:
        """Keep the buildings that stand on their parcel; return which ones did."""
        ground = self.city.geometry[parcel]
        # Walls of a house between converging borders may cross: nothing can be built there.
        geometry = np.where(shapely.is_valid(geometry), geometry, shapely.Polygon())
        over = ~shapely.covers(ground, geometry)
        if over.any():
            geometry[over] = _on_parcel(ground[over], geometry[over])
        kept = np.flatnonzero(
            (shapely.get_type_id(geometry) == 3) & (shapely.area(geometry) > 8.0)
        )
        n = len(kept)
        self.geometry.append(geometry[kept])
        self.parcel.append(parcel[kept])
        self.function.append(np.broadcast_to(function, len(parcel))[kept].astype(np.int64))
        self.storeys.append(np.broadcast_to(storeys, len(parcel))[kept].astype(np.int64))
        self.main.append(np.full(n, main))
        self.name.append(np.full(n, name, dtype=object))
        return kept


def _on_parcel(ground: Objects, geometry: Objects) -> Objects:
    """Cut off what stands over; drop a building that loses more than a third of itself."""
    inside = shapely.intersection(shapely.buffer(ground, -WALL_M, join_style="mitre"), geometry)
    lost = shapely.area(geometry) - shapely.area(inside)
    out = np.asarray(shapely.set_precision(inside, 0.001), dtype=object)
    out[lost > 0.34 * shapely.area(geometry)] = shapely.Polygon()
    return out


def build(city: City) -> Buildings:
    """Put buildings on the lots."""
    site = _Site(city, city.arcs)
    rng = city.frame.plan.random(20)
    _closed_rows(site, rng)
    _houses(site, rng)
    _industry(site, rng)
    _public(site, rng)
    columns = (site.parcel, site.function, site.storeys, site.main, site.name)
    parcel, function, storeys, main, name = (np.concatenate(column) for column in columns)
    geometry = np.concatenate(site.geometry)
    order = np.argsort(parcel, kind="stable")
    order = order[~_in_the_way(geometry, order)]
    return Buildings(
        geometry[order], parcel[order], function[order], storeys[order], main[order], name[order]
    )


def _in_the_way(geometry: Objects, order: Ints) -> NDArray[np.bool_]:
    """Say which buildings, in this order, stand on ground of an earlier one."""
    drawn = geometry[order]
    one, other = shapely.STRtree(drawn).query(drawn, predicate="intersects")
    pair = one > other
    one, other = one[pair], other[pair]
    deep = shapely.area(shapely.intersection(drawn[one], drawn[other])) > 0.1
    out = np.zeros(len(order), dtype=bool)
    out[one[deep]] = True
    return out


@dataclass(frozen=True)
class _Base:
    """Front lines of lots: origin, unit vectors along and inwards, width, depth.

    ``lean`` is how far the middle of the lot moves along the front per metre of depth.
    """

    origin: Floats
    along: Floats
    inward: Floats
    width: Floats
    depth: Floats
    lean: Floats

    def at(self, x: Floats, y: Floats) -> Floats:
        """Return points x metres along and y metres behind the front line."""
        return np.asarray(self.origin + self.along * x[:, None] + self.inward * y[:, None])


def _base(quad: Floats) -> _Base:
    front = quad[:, 1] - quad[:, 0]
    width = np.hypot(front[:, 0], front[:, 1])
    along = front / width[:, None]
    inward = np.column_stack((-along[:, 1], along[:, 0]))
    back = (quad[:, 2] + quad[:, 3]) / 2 - quad[:, 0]
    depth = np.sum(back * inward, axis=1)
    drift = back - front / 2
    lean = np.sum(drift * along, axis=1) / np.maximum(depth, 1.0)
    return _Base(quad[:, 0], along, inward, width, depth, lean)


def _polygons(*corners: Floats) -> Objects:
    return np.asarray(shapely.polygons(np.round(np.stack(corners, axis=1), 3)))


def _box(base: _Base, x: Floats, y: Floats, w: Floats, d: Floats) -> Objects:
    return _polygons(base.at(x, y), base.at(x + w, y), base.at(x + w, y + d), base.at(x, y + d))


def _take(base: _Base, rows: Ints | NDArray[np.bool_]) -> _Base:
    return _Base(
        base.origin[rows],
        base.along[rows],
        base.inward[rows],
        base.width[rows],
        base.depth[rows],
        base.lean[rows],
    )


def _closed_rows(site: _Site, rng: np.random.Generator) -> None:
    """Build wall to wall: old town and centre on the street line, terraces behind a garden."""
    city = site.city
    zone = city.zone[: len(city.lots.lot)]
    rows = np.flatnonzero(
        np.isin(zone, (Zone.OLD_TOWN, Zone.CENTRE, Zone.ROWS)) & (city.lots.lot == Lot.FRONT)
    )
    quad = city.lots.quad[rows]
    left, right = quad[:, 3] - quad[:, 0], quad[:, 2] - quad[:, 1]
    long_left, long_right = np.hypot(*left.T), np.hypot(*right.T)
    setback = np.where(zone[rows] == Zone.ROWS, rng.uniform(3.5, 4.5), 0.0)
    deep = np.where(zone[rows] == Zone.ROWS, 9.5, rng.uniform(10.5, 13.5, len(rows)))
    deep = np.minimum(deep, 0.72 * np.minimum(long_left, long_right) - setback)
    left, right = left / long_left[:, None], right / long_right[:, None]
    along = _base(quad).along

    def wall(start: Floats, side: Floats, reach: Floats, inward: float) -> Floats:
        return np.asarray(start + side * (reach[:, None] + WALL_M) + along * inward)

    geometry = _polygons(
        wall(quad[:, 0], left, setback, WALL_M),
        wall(quad[:, 1], right, setback, -WALL_M),
        wall(quad[:, 1], right, setback + deep, -WALL_M),
        wall(quad[:, 0], left, setback + deep, WALL_M),
    )
    n = len(rows)
    shop = rng.uniform(size=n)
    function = np.where(shop < 0.16, SHOP_HOUSE, np.where(shop < 0.26, MIXED, HOUSE))
    function[zone[rows] == Zone.ROWS] = HOUSE
    storeys = np.where(zone[rows] == Zone.ROWS, 2, rng.integers(3, 6, n))
    gap = (rng.uniform(size=n) < 0.03) | (deep < 5.0)
    some = np.flatnonzero(~gap)
    site.add(rows[some], geometry[some], function[some], storeys[some], main=True)
    _annexes(site, rows[some], (setback + deep)[some], rng)


def _annexes(site: _Site, rows: Ints, behind: Floats, rng: np.random.Generator) -> None:
    """Add wings at the back and workshops in the yard."""
    base = _base(site.city.lots.quad[rows])
    draw = rng.uniform(size=(len(rows), 4))
    free = base.depth - behind
    wing = np.flatnonzero((draw[:, 0] < 0.55) & (free > 9) & (base.width > 8))
    part, far = _take(base, wing), np.minimum(0.55 * free[wing], 5 + 4 * draw[wing, 1])
    site.add(
        rows[wing],
        _box(part, 0.06 * part.width, behind[wing] + 0.01, 0.42 * part.width, far),
        HOUSE,
        2,
    )
    yard = np.flatnonzero((draw[:, 2] < 0.4) & (free > 16) & (base.width > 8))
    part, deep = _take(base, yard), 3.5 + 2.5 * draw[yard, 3]
    site.add(
        rows[yard],
        _box(part, 0.08 * part.width, part.depth - deep - 1.0, 0.8 * part.width, deep),
        np.where(draw[yard, 3] < 0.5, SHED, STORE),
        1,
    )


def _houses(site: _Site, rng: np.random.Generator) -> None:
    """Build detached houses, some of them L-shaped, with garages on the border."""
    city = site.city
    zone = city.zone[: len(city.lots.lot)]
    rows = np.flatnonzero((zone == Zone.HOUSES) & np.isin(city.lots.lot, (Lot.FRONT, Lot.REAR)))
    base, n = _base(city.lots.quad[rows]), len(rows)
    rows_draw = rng.uniform(size=(n, 6))
    rear = city.lots.lot[rows] == Lot.REAR
    setback = np.where(rear, 3.5, 4.2 + 2.3 * rows_draw[:, 0])
    deep = np.minimum(base.depth - setback - 4.0, 9.0 + 2.5 * rows_draw[:, 2])
    clear = base.width - np.abs(base.lean) * deep
    width = np.minimum(clear - 6.2, 8.5 + 4.5 * rows_draw[:, 1])
    room = clear - width
    # Garage on the left where the house leaves four metres there.
    garage = (rows_draw[:, 3] < 0.62) & (room > 7.2) & (base.depth > 18)
    x = np.where(garage, room - 3.05, room / 2) + np.abs(base.lean) * deep / 2
    x += base.lean * (setback + deep / 2)
    ell = (rows_draw[:, 4] < 0.3) & (base.depth - setback - deep > 8) & (width > 9)
    gap = (rows_draw[:, 5] < 0.045) | (width < 6) | (deep < 6)

    plain = np.flatnonzero(~ell & ~gap)
    part = _take(base, plain)
    site.add(
        rows[plain],
        _box(part, x[plain], setback[plain], width[plain], deep[plain]),
        HOUSE,
        1 + (rows_draw[plain, 0] > 0.35).astype(np.int64),
        main=True,
    )
    bent = np.flatnonzero(ell & ~gap)
    part, x0, y0, w, d = _take(base, bent), x[bent], setback[bent], width[bent], deep[bent]
    wing, far = 0.45 * w, 3.0 + 2.0 * rows_draw[bent, 0]
    site.add(
        rows[bent],
        _polygons(
            part.at(x0, y0),
            part.at(x0 + w, y0),
            part.at(x0 + w, y0 + d + far),
            part.at(x0 + w - wing, y0 + d + far),
            part.at(x0 + w - wing, y0 + d),
            part.at(x0, y0 + d),
        ),
        HOUSE,
        2,
        main=True,
    )
    some = np.flatnonzero(garage & ~gap)
    part = _take(base, some)
    three = np.full(len(some), 3.0)
    border = 0.1 + part.lean * (setback[some] + 4.75) + np.abs(part.lean) * 3.25
    site.add(
        rows[some],
        _box(part, border, setback[some] + 1.5, three, three * 2 + 0.5),
        GARAGE,
        1,
    )
    shed = np.flatnonzero((rows_draw[:, 3] > 0.72) & (base.depth > 24))
    part = _take(base, shed)
    size = 2.6 + 1.6 * rows_draw[shed, 1]
    site.add(
        rows[shed],
        _box(
            part,
            0.62 * part.width - size + part.lean * (part.depth - 5.0),
            part.depth - 5.5,
            size * 1.3,
            size,
        ),
        SHED,
        1,
    )


def _industry(site: _Site, rng: np.random.Generator) -> None:
    """Build halls with an office in front, and here and there a round tank."""
    city = site.city
    zone = city.zone[: len(city.lots.lot)]
    rows = np.flatnonzero((zone == Zone.INDUSTRY) & np.isin(city.lots.lot, (Lot.FRONT, Lot.WHOLE)))
    base, n = _base(city.lots.quad[rows]), len(rows)
    draw = rng.uniform(size=(n, 5))
    width, deep = base.width * (0.45 + 0.25 * draw[:, 0]), base.depth * (0.4 + 0.22 * draw[:, 1])
    x, y = (base.width - width) * (0.25 + 0.5 * draw[:, 2]), np.minimum(22.0, 0.24 * base.depth)
    site.add(
        rows,
        _box(base, x, y, width, deep),
        np.where(draw[:, 3] < 0.5, FACTORY, STORE),
        1 + (draw[:, 4] > 0.7).astype(np.int64),
        main=True,
    )
    front = np.flatnonzero((draw[:, 3] > 0.35) & (y > 14))
    part = _take(base, front)
    site.add(
        rows[front],
        _box(part, x[front], y[front] - 9.0, 0.4 * width[front], np.full(len(front), 8.8)),
        OFFICE,
        2 + (draw[front, 0] > 0.5).astype(np.int64),
    )
    for i in np.flatnonzero((draw[:, 4] < 0.18) & (base.depth > 60)):
        one = _take(base, np.asarray([i]))
        middle = one.at(one.width * 0.8, one.depth * 0.86)[0]
        site.add(rows[[i]], _round(site.arcs, middle, 4.0 + 4.0 * float(draw[i, 0])), TANK, 1)


def _round(arcs: Arcs, middle: Floats, radius: float) -> Objects:
    """Draw a round building as two half circles."""
    east, north = np.array([radius, 0.0]), np.array([0.0, radius])
    a, b = np.round(middle + east, 3), np.round(middle - east, 3)
    upper = arcs.add(a, np.round(middle + north, 3), b)
    lower = arcs.add(b, np.round(middle - north, 3), a)
    return np.asarray([shapely.Polygon(np.concatenate((upper[:-1], lower[:-1])))], dtype=object)


def _public(site: _Site, rng: np.random.Generator) -> None:
    """Build schools, churches, chapels of cemeteries and some barns in the fields."""
    city = site.city
    zone = city.zone[: len(city.lots.lot)]
    count = {Zone.CHURCH: 0, Zone.SCHOOL: 0}
    for row in np.flatnonzero(np.isin(zone, (Zone.CHURCH, Zone.SCHOOL, Zone.CEMETERY))):
        base, one = _base(city.lots.quad[[row]]), np.asarray([row])
        kind = Zone(int(zone[row]))
        if kind in count:
            count[kind] += 1
        if kind is Zone.CHURCH:
            nave = _church(site.arcs, base)
            site.add(one, nave, CHURCH, 1, main=True, name=f"Musterkirche {count[kind]}")
        elif kind is Zone.SCHOOL:
            name = f"Musterschule {count[kind]}"
            site.add(one, _school(base), SCHOOL, 3, main=True, name=name)
            gym = _box(
                base, base.width * 0.68, base.depth * 0.62, base.width * 0.2, base.depth * 0.2
            )
            site.add(one, gym, GYM, 1)
        else:
            box = _box(
                base,
                base.width * 0.46,
                base.width * 0 + 12,
                base.width * 0 + 14,
                base.width * 0 + 22,
            )
            site.add(one, box, CHAPEL, 1, main=True, name="Trauerhalle")
    fields = np.flatnonzero(zone == Zone.FIELD)
    for row in fields[rng.uniform(size=len(fields)) < 0.06]:
        base, one = _base(city.lots.quad[[row]]), np.asarray([row])
        zero = base.width * 0
        site.add(
            one, _box(base, base.width * 0.3, zero + 10, zero + 14, zero + 11), HOUSE, 2, main=True
        )
        site.add(one, _box(base, base.width * 0.3 + 18, zero + 12, zero + 16, zero + 30), BARN, 1)


def _church(arcs: Arcs, base: _Base) -> Objects:
    """Draw a nave with a round apse."""
    wide = float(min(14.0, 0.4 * base.depth[0], 0.3 * base.width[0]))
    x, y = base.width * 0.28, (base.depth - wide) / 2
    long, w = np.full(1, 2.3 * wide), np.full(1, wide)
    south, tip, north = (
        np.round(base.at(x + long, y)[0], 3),
        np.round(base.at(x + long + w / 2, y + w / 2)[0], 3),
        np.round(base.at(x + long, y + w)[0], 3),
    )
    apse = arcs.add(south, tip, north)
    ring = np.concatenate((np.round(base.at(x, y), 3), apse, np.round(base.at(x, y + w), 3)))
    return np.asarray([shapely.Polygon(ring)], dtype=object)


def _school(base: _Base) -> Objects:
    """Draw three wings around a yard."""
    w, d = base.width, base.depth
    x0, x1, y0, y1 = 0.16 * w, 0.58 * w, 0.22 * d, 0.78 * d
    t = np.minimum(14.0, 0.16 * d)
    return _polygons(
        base.at(x0, y0),
        base.at(x1, y0),
        base.at(x1, y0 + t),
        base.at(x0 + t, y0 + t),
        base.at(x0 + t, y1 - t),
        base.at(x1, y1 - t),
        base.at(x1, y1),
        base.at(x0, y1),
    )
