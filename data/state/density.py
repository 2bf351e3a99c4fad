"""How many features a parcel has: registers are thinned out or filled up to a figure.

The rules, so that nobody takes them for observed facts. Damages and graves: the city has more
than asked for; some are left out at random. Trees: private trees, each at a random place of a lot
drawn at random, so that they are dense where lots are small; one in fifty stands exactly on a
corner of its lot. Buildings: sheds of 6 to 24 m² in random lots, turned at random, clear of other
buildings; some reach over the border. Tax: flats, in houses of 4 to 14, on homes drawn at random,
until the rows are enough. Land use stays as drawn.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from data.city.drawing import City
from data.city.shapes import Floats, Ints, Objects
from data.city.site import SHED
from data.city.taxes import TaxObject
from data.city.zones import Zone
from data.state.filing import BAD_STYLES, GOOD_STYLES

DIRTY = 0.38
"""Share of the stated keys that draw a spelling; the canonical one is among them."""

WRONG = 0.0006
"""Share of the stated keys in each of the wrong spellings."""

CORNER_TREES = 0.02


@dataclass(frozen=True, slots=True)
class Density:
    """Features a parcel."""

    trees: float = 3.0
    damages: float = 0.1
    graves: float = 0.25
    buildings: float = 1.2
    tax_rows: float = 2.3


@dataclass(frozen=True)
class Taxes:
    """Stated keys of tax objects, k rows.

    Attributes
    ----------
    object
        (k,) number of the object, ascending; repeated where an object states several parcels.
    parcel
        (k,) row of the parcel.
    style
        (k,) position in `filing.STYLES`.
    annual_tax_cents
        (k,) of the object.
    """

    object: Ints
    parcel: Ints
    style: Ints
    annual_tax_cents: Ints


def thinned(n: int, fewer: int, rng: np.random.Generator) -> Ints:
    """Return the rows that stay, ascending."""
    return np.sort(rng.permutation(n)[fewer:])


def inside(ground: Objects, row: Ints, rng: np.random.Generator) -> Floats:
    """Return a random place within each of the polygons ``ground[row]``, (k, 2), centimetres."""
    box = shapely.bounds(ground)
    xy = np.full((len(row), 2), np.nan)
    open_ = np.arange(len(row))
    shapely.prepare(ground)
    while len(open_):
        there = box[row[open_]]
        tried = there[:, :2] + rng.uniform(size=(len(open_), 2)) * (there[:, 2:] - there[:, :2])
        xy[open_] = np.round(tried, 2)
        good = shapely.contains_xy(ground[row[open_]], xy[open_, 0], xy[open_, 1])
        open_ = open_[~good]
    return xy


def more_trees(ground: Objects, count: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return places and stem radii (m) of private trees."""
    row = np.sort(rng.integers(0, len(ground), count))
    xy = inside(ground, row, rng)
    corner = np.flatnonzero(rng.uniform(size=count) < CORNER_TREES)
    vertex = shapely.get_coordinates(ground)
    first = np.concatenate(([0], np.cumsum(shapely.get_num_coordinates(ground))[:-1]))
    xy[corner] = vertex[first[row[corner]]]
    radius = np.round(rng.uniform(12, 220, count) / (200 * np.pi), 3)
    return xy, radius


def more_buildings(
    ground: Objects, buildings: Objects, count: int, rng: np.random.Generator
) -> tuple[Objects, Ints]:
    """Return sheds and their function."""
    tree = shapely.STRtree(buildings)
    found: list[Objects] = []
    missing = count
    while missing:
        tries = 2 * missing + 100
        row = np.sort(rng.integers(0, len(ground), tries))
        middle = inside(ground, row, rng)
        half = rng.uniform((1.5, 1.0), (3.0, 2.0), (tries, 2))
        turn = rng.uniform(0, np.pi / 2, tries)
        along = np.column_stack((np.cos(turn), np.sin(turn)))
        across = np.column_stack((-along[:, 1], along[:, 0]))
        corners = [
            middle + sx * half[:, :1] * along + sy * half[:, 1:] * across
            for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1))
        ]
        sheds = np.asarray(shapely.polygons(np.round(np.stack(corners, axis=1), 3)))
        free = np.ones(tries, np.bool_)
        free[tree.query(sheds, predicate="intersects")[0]] = False
        one, other = shapely.STRtree(sheds).query(sheds, predicate="intersects")
        free[one[one > other]] = False
        chosen = sheds[np.flatnonzero(free)[:missing]]
        found.append(chosen)
        missing -= len(chosen)
        tree = shapely.STRtree(np.concatenate((buildings, *found)))
    return np.concatenate(found) if found else np.empty(0, object), np.full(count, SHED, np.int64)


def more_taxes(
    objects: list[TaxObject], city: City, density: Density, rng: np.random.Generator
) -> Taxes:
    """Return the stated keys of the tax objects and of flats, until the rows are enough."""
    sizes = np.asarray([len(tax.parcels) for tax in objects], np.int64)
    cents = np.asarray([tax.annual_tax_cents for tax in objects], np.int64)
    parcel = np.concatenate([np.asarray(tax.parcels, np.int64) for tax in objects])
    missing = max(0, round(density.tax_rows * len(city.geometry)) - len(parcel))
    zone = city.zone[: len(city.lots.lot)]
    homes = np.flatnonzero(np.isin(zone, (Zone.OLD_TOWN, Zone.CENTRE, Zone.ROWS, Zone.HOUSES)))
    flats = rng.integers(4, 15, missing // 4 + 1)
    house = np.sort(np.repeat(rng.choice(homes, len(flats)), flats)[:missing])
    sizes = np.concatenate((sizes, np.ones(missing, np.int64)))
    cents = np.concatenate((cents, rng.integers(15_000, 40_000, missing)))
    parcel = np.concatenate((parcel, house))
    number = np.repeat(np.arange(len(sizes)), sizes)
    return Taxes(number, parcel, _styles(len(parcel), rng), cents[number])


def _styles(count: int, rng: np.random.Generator) -> Ints:
    style: NDArray[np.int64] = np.where(
        rng.uniform(size=count) < DIRTY, rng.integers(0, GOOD_STYLES, count), 0
    )
    each = round(WRONG * count)
    wrong = rng.permutation(count)[: each * BAD_STYLES]
    style[wrong] = GOOD_STYLES + np.arange(len(wrong)) % BAD_STYLES
    return style
