"""Houses: closed rows on the street line, terraces, detached houses with garages."""

import numpy as np

from data.city.lots import Lot
from data.city.shapes import Floats, Ints
from data.city.site import (
    GARAGE,
    HOUSE,
    MIXED,
    SHED,
    SHOP_HOUSE,
    STORE,
    WALL_M,
    Site,
    base_of,
    polygons,
)
from data.city.zones import Zone


def build_rows(site: Site, rng: np.random.Generator) -> None:
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
    along = base_of(quad).along

    def wall(start: Floats, side: Floats, reach: Floats, inward: float) -> Floats:
        return np.asarray(start + side * (reach[:, None] + WALL_M) + along * inward)

    geometry = polygons(
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


def _annexes(site: Site, rows: Ints, behind: Floats, rng: np.random.Generator) -> None:
    """Add wings at the back and workshops in the yard."""
    base = base_of(site.city.lots.quad[rows])
    draw = rng.uniform(size=(len(rows), 4))
    free = base.depth - behind
    wing = np.flatnonzero((draw[:, 0] < 0.55) & (free > 9) & (base.width > 8))
    part, far = base.take(wing), np.minimum(0.55 * free[wing], 5 + 4 * draw[wing, 1])
    site.add(
        rows[wing],
        part.box(0.06 * part.width, behind[wing] + 0.01, 0.42 * part.width, far),
        HOUSE,
        2,
    )
    yard = np.flatnonzero((draw[:, 2] < 0.4) & (free > 16) & (base.width > 8))
    part, deep = base.take(yard), 3.5 + 2.5 * draw[yard, 3]
    site.add(
        rows[yard],
        part.box(0.08 * part.width, part.depth - deep - 1.0, 0.8 * part.width, deep),
        np.where(draw[yard, 3] < 0.5, SHED, STORE),
        1,
    )


def build_houses(site: Site, rng: np.random.Generator) -> None:
    """Build detached houses, some of them L-shaped, with garages on the border."""
    city = site.city
    zone = city.zone[: len(city.lots.lot)]
    rows = np.flatnonzero((zone == Zone.HOUSES) & np.isin(city.lots.lot, (Lot.FRONT, Lot.REAR)))
    base, n = base_of(city.lots.quad[rows]), len(rows)
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
    part = base.take(plain)
    site.add(
        rows[plain],
        part.box(x[plain], setback[plain], width[plain], deep[plain]),
        HOUSE,
        1 + (rows_draw[plain, 0] > 0.35).astype(np.int64),
        main=True,
    )
    bent = np.flatnonzero(ell & ~gap)
    part, x0, y0, w, d = base.take(bent), x[bent], setback[bent], width[bent], deep[bent]
    wing, far = 0.45 * w, 3.0 + 2.0 * rows_draw[bent, 0]
    site.add(
        rows[bent],
        polygons(
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
    part = base.take(some)
    three = np.full(len(some), 3.0)
    border = 0.1 + part.lean * (setback[some] + 4.75) + np.abs(part.lean) * 3.25
    site.add(
        rows[some],
        part.box(border, setback[some] + 1.5, three, three * 2 + 0.5),
        GARAGE,
        1,
    )
    shed = np.flatnonzero((rows_draw[:, 3] > 0.72) & (base.depth > 24))
    part = base.take(shed)
    size = 2.6 + 1.6 * rows_draw[shed, 1]
    site.add(
        rows[shed],
        part.box(
            0.62 * part.width - size + part.lean * (part.depth - 5.0),
            part.depth - 5.5,
            size * 1.3,
            size,
        ),
        SHED,
        1,
    )
