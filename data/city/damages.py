"""Road damage: spots on the carriageway, some of them put on a lot by the receiver's noise."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from data.city.drawing import City
from data.city.locate import Ground
from data.city.shapes import Floats, Ints, lengths_of, lines_of
from data.city.streets import Kind
from data.city.zones import Zone

CATEGORIES = (
    "Schlagloch",
    "Ausbruch",
    "Einzelriss",
    "Netzriss",
    "Spurrinne",
    "Ausmagerung",
    "Flickstelle",
    "Stolperkante",
)
STATUS = ("gemeldet", "in Bearbeitung", "gesichert", "behoben")


@dataclass(frozen=True)
class Damages:
    """All damages, as columns.

    Attributes
    ----------
    xy
        (n, 2) EPSG:25832 as reported.
    road
        (n,) the road parcel that the damage really lies in.
    covering
        (n,) the parcel that the reported position falls on.
    off_m
        (n,) distance of the reported position from the road parcel, 0 where inside.
    street
        (n,) street number.
    category, severity, status, day
        (n,) positions in the code lists; day of the year of reporting.
    """

    xy: Floats
    road: Ints
    covering: Ints
    off_m: Floats
    street: Ints
    category: Ints
    severity: Ints
    status: Ints
    day: Ints

    @property
    def beside(self) -> NDArray[np.bool_]:
        """Whether the noise put it outside its road."""
        return np.asarray(self.off_m > 0)


def report_damages(city: City, ground: Ground, *, noise: bool) -> Damages:
    """Put damages on roads, about one on seven parcels.

    Parameters
    ----------
    noise
        Push every seventh up to five metres off the road.
    """
    rng = city.frame.plan.random(60)
    net, edges = city.frame.net, city.frame.edges
    kind = np.asarray([int(w.kind) for w in net.ways])[edges.way]
    half = np.asarray([w.half_width for w in net.ways])[edges.way]
    length = lengths_of(edges.line)
    wear = length * np.select(
        [kind == Kind.MAIN, kind == Kind.COLLECTOR, kind == Kind.STREET], [2.2, 1.5, 1.0], 0.0
    )
    count = max(30, round(0.15 * city.frame.plan.parcels))
    section = np.sort(rng.choice(len(length), count, p=wear / wear.sum()))
    lines = lines_of(edges.line)[section]
    along = rng.uniform(0.15, 0.85, count) * length[section]
    here = shapely.get_coordinates(shapely.line_interpolate_point(lines, along))
    ahead = shapely.get_coordinates(shapely.line_interpolate_point(lines, along + 0.3))
    step = ahead - here
    step /= np.hypot(step[:, 0], step[:, 1])[:, None]
    normal = np.column_stack((-step[:, 1], step[:, 0]))
    side = rng.uniform(-0.6, 0.6, count) * half[section]
    pushed = noise & (rng.uniform(size=count) < 0.15)
    beyond = half[section] + rng.uniform(1.0, 4.2, count)
    side = np.where(pushed, np.sign(side) * beyond, side)
    xy = np.round(here + normal * side[:, None], 2)
    return _checked(city, ground, (xy, section, pushed), rng)


def _checked(
    city: City,
    ground: Ground,
    drawn: tuple[Floats, Ints, NDArray[np.bool_]],
    rng: np.random.Generator,
) -> Damages:
    """Keep what is unmistakable: well inside its road, or 0.8 to 4.6 m beside it."""
    xy, section, pushed = drawn
    net, edges = city.frame.net, city.frame.edges
    road = city.roads.of_edge[section] + len(city.lots.lot)
    good, covering = ground.clear(xy, 0.3)
    # A bridge belongs to the river's or the railway's parcel: nobody reports to those.
    good &= city.roads.kind[city.roads.of_edge[section]] >= Kind.MAIN
    off = shapely.distance(city.geometry[road], shapely.points(xy))
    inside = good & (covering == road) & ~pushed
    beside = good & pushed & (covering < len(city.lots.lot)) & (off > 0.8) & (off < 4.6)
    # A square is public ground, too: a damage there is where it was reported.
    beside &= city.zone[covering] != Zone.SQUARE
    # The road meant must be the nearest one by half a metre.
    point, parcel = ground.touched(xy, off + 0.5)
    others = (parcel >= len(city.lots.lot)) & (parcel != road[point])
    beside &= np.bincount(point[others], minlength=len(xy)) == 0
    rows = np.flatnonzero(inside | beside)
    n = len(rows)
    street = np.asarray([net.ways[int(w)].street for w in edges.way[section[rows]]])
    return Damages(
        xy[rows],
        road[rows],
        covering[rows],
        np.where(beside[rows], off[rows], 0.0),
        np.asarray(street, dtype=np.int64),
        rng.choice(len(CATEGORIES), n, p=[0.3, 0.12, 0.16, 0.12, 0.06, 0.08, 0.1, 0.06]),
        rng.choice(4, n, p=[0.4, 0.35, 0.2, 0.05]),
        rng.choice(len(STATUS), n, p=[0.45, 0.25, 0.1, 0.2]),
        rng.integers(0, 365, n),
    )
