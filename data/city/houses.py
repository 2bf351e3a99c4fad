"""Houses: closed rows on the street line, terraces, detached houses with garages."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
    Base,
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


@dataclass(frozen=True)
class _Plots:
    """Lots for detached houses and where the house stands on each, metre.

    ``x`` along the front, ``setback`` behind it, ``width`` and ``deep`` of the house;
    ``draw`` holds six random shares per lot.
    """

    rows: Ints
    base: Base
    draw: Floats
    x: Floats
    setback: Floats
    width: Floats
    deep: Floats
    garage: NDArray[np.bool_]

    @property
    def built(self) -> NDArray[np.bool_]:
        """Whether there is a house at all: some lots are empty, some too narrow."""
        return (self.draw[:, 5] >= 0.045) & (self.width >= 6) & (self.deep >= 6)


def build_houses(site: Site, rng: np.random.Generator) -> None:
    """Build detached houses, some of them L-shaped, with garages on the border and sheds."""
    lots = site.city.lots
    zone = site.city.zone[: len(lots.lot)]
    rows = np.flatnonzero((zone == Zone.HOUSES) & np.isin(lots.lot, (Lot.FRONT, Lot.REAR)))
    base, draw = base_of(lots.quad[rows]), rng.uniform(size=(len(rows), 6))
    setback = np.where(lots.lot[rows] == Lot.REAR, 3.5, 4.2 + 2.3 * draw[:, 0])
    deep = np.minimum(base.depth - setback - 4.0, 9.0 + 2.5 * draw[:, 2])
    clear = base.width - np.abs(base.lean) * deep
    width = np.minimum(clear - 6.2, 8.5 + 4.5 * draw[:, 1])
    room = clear - width
    # A garage on the left where the house leaves four metres there.
    garage = (draw[:, 3] < 0.62) & (room > 7.2) & (base.depth > 18)
    x = np.where(garage, room - 3.05, room / 2) + np.abs(base.lean) * deep / 2
    x += base.lean * (setback + deep / 2)
    plots = _Plots(rows, base, draw, x, setback, width, deep, garage)
    _main_houses(site, plots)
    _outbuildings(site, plots)


def _main_houses(site: Site, plots: _Plots) -> None:
    x, y, width, deep, draw = plots.x, plots.setback, plots.width, plots.deep, plots.draw
    bend = (draw[:, 4] < 0.3) & (plots.base.depth - y - deep > 8) & (width > 9)
    plain = np.flatnonzero(plots.built & ~bend)
    site.add(
        plots.rows[plain],
        plots.base.take(plain).box(x[plain], y[plain], width[plain], deep[plain]),
        HOUSE,
        1 + (draw[plain, 0] > 0.35).astype(np.int64),
        main=True,
    )
    bent = np.flatnonzero(plots.built & bend)
    part, x0, x1 = plots.base.take(bent), x[bent], x[bent] + width[bent]
    y0, y1 = y[bent], y[bent] + deep[bent]
    wing, y2 = x1 - 0.45 * width[bent], y1 + 3.0 + 2.0 * draw[bent, 0]
    corners = ((x0, y0), (x1, y0), (x1, y2), (wing, y2), (wing, y1), (x0, y1))
    site.add(plots.rows[bent], polygons(*(part.at(*c) for c in corners)), HOUSE, 2, main=True)


def _outbuildings(site: Site, plots: _Plots) -> None:
    draw, base = plots.draw, plots.base
    some = np.flatnonzero(plots.garage & plots.built)
    part, y = base.take(some), plots.setback[some] + 1.5
    border = 0.1 + part.lean * (y + 3.25) + np.abs(part.lean) * 3.25
    site.add(plots.rows[some], part.box(border, y, 3.0, 6.5), GARAGE, 1)
    some = np.flatnonzero((draw[:, 3] > 0.72) & (base.depth > 24))
    part, size = base.take(some), 2.6 + 1.6 * draw[some, 1]
    x = 0.62 * part.width - size + part.lean * (part.depth - 5.0)
    site.add(plots.rows[some], part.box(x, part.depth - 5.5, size * 1.3, size), SHED, 1)
