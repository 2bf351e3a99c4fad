"""A building site: what buildings are, where they may stand, and the frame of a lot."""

from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray

from data.city.arcs import Arcs
from data.city.drawing import City
from data.city.shapes import Floats, Ints, Objects

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
class Site:
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
        geometry = geometry.copy()
        geometry[~shapely.is_valid(geometry)] = shapely.Polygon()
        over = ~shapely.covers(ground, geometry)
        if over.any():
            geometry[over] = _on_parcel(ground[over], geometry[over])
        kept = np.flatnonzero((shapely.get_type_id(geometry) == 3) & (shapely.area(geometry) > 8.0))
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


Metres = Floats | float


@dataclass(frozen=True)
class Base:
    """Front lines of lots: origin, unit vectors along and inwards, width, depth.

    ``lean`` is how far the middle of the lot moves along the front per metre of depth.
    """

    origin: Floats
    along: Floats
    inward: Floats
    width: Floats
    depth: Floats
    lean: Floats

    def at(self, x: Metres, y: Metres) -> Floats:
        """Return points x metres along and y metres behind the front line."""
        n = len(self.width)
        east, north = np.broadcast_to(x, n)[:, None], np.broadcast_to(y, n)[:, None]
        return np.asarray(self.origin + self.along * east + self.inward * north)

    def box(self, x: Metres, y: Metres, width: Metres, depth: Metres) -> Objects:
        """Return rectangles whose front left corners are at (x, y)."""
        x1, y1 = np.add(x, width), np.add(y, depth)
        return polygons(self.at(x, y), self.at(x1, y), self.at(x1, y1), self.at(x, y1))

    def take(self, rows: Ints) -> "Base":
        """Return the front lines of some lots."""
        return Base(
            self.origin[rows],
            self.along[rows],
            self.inward[rows],
            self.width[rows],
            self.depth[rows],
            self.lean[rows],
        )


def base_of(quad: Floats) -> Base:
    """Return the front lines of lots given by their four corners (n, 4, 2)."""
    front = quad[:, 1] - quad[:, 0]
    width = np.hypot(front[:, 0], front[:, 1])
    along = front / width[:, None]
    inward = np.column_stack((-along[:, 1], along[:, 0]))
    back = (quad[:, 2] + quad[:, 3]) / 2 - quad[:, 0]
    depth = np.sum(back * inward, axis=1)
    drift = back - front / 2
    lean = np.sum(drift * along, axis=1) / np.maximum(depth, 1.0)
    return Base(quad[:, 0], along, inward, width, depth, lean)


def polygons(*corners: Floats) -> Objects:
    """Return n polygons from their corners, each (n, 2), rounded to a millimetre."""
    return np.asarray(shapely.polygons(np.round(np.stack(corners, axis=1), 3)))
