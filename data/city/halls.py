"""Halls, tanks, schools, churches, chapels and barns."""

import numpy as np
import shapely

from data.city.arcs import Arcs
from data.city.lots import Lot
from data.city.shapes import Floats, Objects
from data.city.site import (
    BARN,
    CHAPEL,
    CHURCH,
    FACTORY,
    GYM,
    HOUSE,
    OFFICE,
    SCHOOL,
    STORE,
    TANK,
    Base,
    Site,
    base_of,
    polygons,
)
from data.city.zones import Zone


def build_halls(site: Site, rng: np.random.Generator) -> None:
    """Build halls with an office in front, and here and there a round tank."""
    city = site.city
    zone = city.zone[: len(city.lots.lot)]
    rows = np.flatnonzero((zone == Zone.INDUSTRY) & np.isin(city.lots.lot, (Lot.FRONT, Lot.WHOLE)))
    base, n = base_of(city.lots.quad[rows]), len(rows)
    draw = rng.uniform(size=(n, 5))
    width, deep = base.width * (0.45 + 0.25 * draw[:, 0]), base.depth * (0.4 + 0.22 * draw[:, 1])
    x, y = (base.width - width) * (0.25 + 0.5 * draw[:, 2]), np.minimum(22.0, 0.24 * base.depth)
    site.add(
        rows,
        base.box(x, y, width, deep),
        np.where(draw[:, 3] < 0.5, FACTORY, STORE),
        1 + (draw[:, 4] > 0.7).astype(np.int64),
        main=True,
    )
    front = np.flatnonzero((draw[:, 3] > 0.35) & (y > 14))
    part = base.take(front)
    site.add(
        rows[front],
        part.box(x[front], y[front] - 9.0, 0.4 * width[front], np.full(len(front), 8.8)),
        OFFICE,
        2 + (draw[front, 0] > 0.5).astype(np.int64),
    )
    for i in np.flatnonzero((draw[:, 4] < 0.18) & (base.depth > 60)):
        one = base.take(np.asarray([i]))
        middle = one.at(one.width * 0.8, one.depth * 0.86)[0]
        site.add(rows[[i]], _round(site.arcs, middle, 4.0 + 4.0 * float(draw[i, 0])), TANK, 1)


def _round(arcs: Arcs, middle: Floats, radius: float) -> Objects:
    """Draw a round building as two half circles."""
    east, north = np.array([radius, 0.0]), np.array([0.0, radius])
    a, b = np.round(middle + east, 3), np.round(middle - east, 3)
    upper = arcs.add(a, np.round(middle + north, 3), b)
    lower = arcs.add(b, np.round(middle - north, 3), a)
    return np.asarray([shapely.Polygon(np.concatenate((upper[:-1], lower[:-1])))], dtype=object)


def build_public(site: Site, rng: np.random.Generator) -> None:
    """Build schools, churches, chapels of cemeteries and some barns in the fields."""
    city = site.city
    zone = city.zone[: len(city.lots.lot)]
    count = {Zone.CHURCH: 0, Zone.SCHOOL: 0}
    for row in np.flatnonzero(np.isin(zone, (Zone.CHURCH, Zone.SCHOOL, Zone.CEMETERY))):
        base, one = base_of(city.lots.quad[[row]]), np.asarray([row])
        kind = Zone(int(zone[row]))
        if kind in count:
            count[kind] += 1
        if kind is Zone.CHURCH:
            nave = _church(site.arcs, base)
            site.add(one, nave, CHURCH, 1, main=True, name=f"Musterkirche {count[kind]}")
        elif kind is Zone.SCHOOL:
            name = f"Musterschule {count[kind]}"
            site.add(one, _school(base), SCHOOL, 3, main=True, name=name)
            gym = base.box(base.width * 0.68, base.depth * 0.62, base.width * 0.2, base.depth * 0.2)
            site.add(one, gym, GYM, 1)
        else:
            hall = base.box(base.width * 0.46, 12.0, 14.0, 22.0)
            site.add(one, hall, CHAPEL, 1, main=True, name="Trauerhalle")
    fields = np.flatnonzero(zone == Zone.FIELD)
    for row in fields[rng.uniform(size=len(fields)) < 0.06]:
        base, one = base_of(city.lots.quad[[row]]), np.asarray([row])
        yard = base.width * 0.3
        site.add(one, base.box(yard, 10.0, 14.0, 11.0), HOUSE, 2, main=True)
        site.add(one, base.box(yard + 18, 12.0, 16.0, 30.0), BARN, 1)


def _church(arcs: Arcs, base: Base) -> Objects:
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


def _school(base: Base) -> Objects:
    """Draw three wings around a yard."""
    w, d = base.width, base.depth
    x0, x1, y0, y1 = 0.16 * w, 0.58 * w, 0.22 * d, 0.78 * d
    t = np.minimum(14.0, 0.16 * d)
    return polygons(
        base.at(x0, y0),
        base.at(x1, y0),
        base.at(x1, y0 + t),
        base.at(x0 + t, y0 + t),
        base.at(x0 + t, y1 - t),
        base.at(x1, y1 - t),
        base.at(x1, y1),
        base.at(x0, y1),
    )
