"""One drawn city as columns that can be laid out again and again."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from data.city.buildings import build
from data.city.cemeteries import lay_graves
from data.city.damages import report_damages
from data.city.dirt import over_the_border, wrong_areas
from data.city.drawing import City, draw_city
from data.city.keys import load_catalogue
from data.city.locate import Ground
from data.city.shapes import Ints, Objects
from data.city.streets import Kind
from data.city.taxes import assess
from data.city.terrain import heights
from data.city.trees import plant_trees
from data.city.uses import OF_WAY, OF_ZONE, USES, lay_uses
from data.city.zones import Zone
from data.state.density import Density, Taxes, more_buildings, more_taxes, more_trees, thinned

Column = NDArray[Any]


@dataclass(frozen=True)
class Register:
    """A collection with a place: (n,) geometries in EPSG:25832, valid, and its attributes."""

    geometry: Objects
    columns: dict[str, Column]

    def take(self, rows: Ints) -> "Register":
        """Return some rows."""
        return Register(self.geometry[rows], {name: c[rows] for name, c in self.columns.items()})


@dataclass(frozen=True)
class Template:
    """A city without names and keys: those are given to each copy.

    Attributes
    ----------
    district
        (n,) position in `district_names`, of each parcel in the order of the parcels' register.
    section, numerator, denominator
        (n,) parts of the parcels' keys, denominator 0 where there is none.
    registers
        By collection; ``flurstueck`` is in the order of the parts above.
    taxes
        Which parcels each tax object states, and how it spells them.
    height
        Terrain, float32, and the easting and northing of its upper left corner, and its cell, m.
    """

    parcels: int
    seed: int
    district_names: tuple[str, ...]
    district: Ints
    section: Ints
    numerator: Ints
    denominator: Ints
    registers: dict[str, Register]
    taxes: Taxes
    height: tuple[NDArray[np.float32], float, float, float] | None

    @property
    def box(self) -> tuple[float, float, float, float]:
        """What the city covers, m."""
        low_x, low_y, high_x, high_y = shapely.total_bounds(self.registers["flurstueck"].geometry)
        return float(low_x), float(low_y), float(high_x), float(high_y)


def draw_template(
    parcels: int, seed: int, density: Density, *, terrain_cell_m: float = 0.0
) -> Template:
    """Draw a city and bring its registers to a density.

    Parameters
    ----------
    terrain_cell_m
        Cell size of the terrain; 0 makes none.

    Raises
    ------
    ValueError
        The seed has no city of so few parcels.
    """
    city, _ = wrong_areas(draw_city(parcels, seed))
    buildings, _ = over_the_border(city, build(city))
    uses = lay_uses(city, slivers=True)
    ground = Ground(city.geometry)
    registers = {
        "flurstueck": _parcels(city),
        "gebaeude_bauwerk": Register(buildings.geometry, {"function": buildings.function}),
        "nutzung": Register(
            uses.geometry, {"use": np.asarray([u.name for u in USES], object)[uses.use]}
        ),
        "baum": _trees(city, ground, buildings.geometry),
        "strassenschaden": _damages(city, ground),
        "grab": _graves(city, buildings.geometry),
    }
    _fill(registers, density, city)
    names = load_catalogue().districts
    order = {district.key: i for i, district in enumerate(names)}
    numbers = city.numbers
    taxes = more_taxes(assess(city), city, density, np.random.default_rng([seed, 903]))
    return Template(
        parcels,
        seed,
        tuple(district.name for district in names),
        np.asarray([order[str(d)] for d in numbers.district], np.int64),
        numbers.section,
        numbers.numerator,
        numbers.denominator,
        registers,
        taxes,
        _terrain(city, terrain_cell_m) if terrain_cell_m else None,
    )


def _parcels(city: City) -> Register:
    lots = len(city.lots.lot)
    use = [OF_ZONE[Zone(int(z))][0].name for z in city.zone[:lots]]
    use += [OF_WAY[Kind(int(k))].name for k in city.roads.kind]
    columns = {"official_m2": city.official_area_m2, "use": np.asarray(use, object)}
    return Register(city.geometry, columns)


def _trees(city: City, ground: Ground, buildings: Objects) -> Register:
    trees = plant_trees(city, ground, buildings, borders=True)
    radius = np.round(trees.circumference_cm / (200 * np.pi), 3)
    return Register(np.asarray(shapely.points(trees.xy)), {"radius_m": radius})


def _damages(city: City, ground: Ground) -> Register:
    damages = report_damages(city, ground, noise=True)
    return Register(np.asarray(shapely.points(damages.xy)), {"severity": damages.severity})


def _graves(city: City, buildings: Objects) -> Register:
    graves = lay_graves(city, buildings)
    return Register(graves.geometry, {"places": graves.places})


def _fill(registers: dict[str, Register], density: Density, city: City) -> None:
    """Bring each register to its density, every one with a random stream of its own."""
    parcels = len(city.geometry)
    seed = city.frame.plan.seed
    ground = city.geometry[: len(city.lots.lot)]
    for stream, name, wanted in (
        (900, "strassenschaden", density.damages),
        (901, "grab", density.graves),
        (902, "baum", density.trees),
        (904, "gebaeude_bauwerk", density.buildings),
    ):
        rng = np.random.default_rng([seed, stream])
        register = registers[name]
        missing = round(wanted * parcels) - len(register.geometry)
        if missing < 0:
            register = register.take(thinned(len(register.geometry), -missing, rng))
        elif name == "baum":
            xy, radius = more_trees(ground, missing, rng)
            register = _joined(register, np.asarray(shapely.points(xy)), {"radius_m": radius})
        elif name == "gebaeude_bauwerk":
            sheds, function = more_buildings(ground, register.geometry, missing, rng)
            register = _joined(register, sheds, {"function": function})
        registers[name] = register


def _joined(register: Register, geometry: Objects, columns: dict[str, Column]) -> Register:
    return Register(
        np.concatenate((register.geometry, geometry)),
        {name: np.concatenate((c, columns[name])) for name, c in register.columns.items()},
    )


def _terrain(city: City, cell: float) -> tuple[NDArray[np.float32], float, float, float]:
    height, place = heights(city, cell)
    return height, place.c, place.f, cell
