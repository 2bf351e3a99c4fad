"""Small invented places for the tests: streets, blocks, parcels, houses, trees."""

from datetime import date
from itertools import pairwise

import numpy as np
import shapely

from cartography.scene import Buildings, Imprint, LandUses, Parcels, Scene, Trees
from cartography.sheet import Orientation, Sheet

EAST, NORTH = 324_000.0, 5_689_000.0
IMPRINT = Imprint(
    municipality={"de": "Stadt Krefeld", "en": "City of Krefeld"},
    office={"de": "Katasterbehörde", "en": "Cadastral office"},
    data_date=date(2025, 12, 31),
    licence="dl-de/zero-2-0",
    synthetic=True,
)


def texts(values):
    return np.array([str(v) for v in values], dtype=object)


def shapes(values):
    made = np.empty(len(values), dtype=object)
    made[:] = list(values)
    return made


def parcels(geometry, numbers, **columns):
    """Parcels with numbers like "12/3"; other columns have plain defaults."""
    n = len(geometry)
    parts = [str(number).partition("/") for number in numbers]
    given = {
        "district": ["Krefeld"] * n,
        "section": ["12"] * n,
        "use": ["Wohnbaufläche"] * n,
        "address": [""] * n,
        "street": [""] * n,
    } | columns
    key = [
        f"053049{int(s):03d}{int(a):05d}{b.zfill(4) if b else '____'}__"
        for s, (a, _, b) in zip(given["section"], parts, strict=True)
    ]
    area = given.pop("area_m2", np.round(shapely.area(shapes(geometry))))
    return Parcels(
        key=texts(key),
        number=texts(p[0] for p in parts),
        subnumber=texts(p[2] for p in parts),
        area_m2=np.asarray(area, dtype=float),
        geometry=shapes(geometry),
        **{name: texts(values) for name, values in given.items()},
    )


def box(x, y, width, height, turn=0.0):
    """A rectangle, metres from the corner of the world."""
    made = shapely.box(EAST + x, NORTH + y, EAST + x + width, NORTH + y + height)
    return shapely.affinity.rotate(made, turn, origin=(EAST + 90, NORTH + 100)) if turn else made


class _Quarter:
    """Collects parcels, houses and land uses of a quarter turned by some degrees."""

    def __init__(self, turn, seed):
        self.turn, self.rng, self.serial = turn, np.random.default_rng(seed), 100
        self.parcels, self.houses, self.uses = [], [], []

    def parcel(self, shape, number, use, *, street="", address="", section="12"):
        ground = box(*shape, self.turn)
        self.parcels.append((ground, number, use, street, address or street, section))
        return ground

    def block(self, column, row):
        """A block of 84 m: a park, a cemetery, or two rows of plots with houses and a sliver."""
        x0, y0, section = -46 + column * 95, -20 + row * 95, "12" if column < 2 else "13"
        special = {
            (1, 1): ("Sport-, Freizeit- und Erholungsfläche", "Stadtgarten"),
            (2, 2): ("Friedhof", "Alter Friedhof"),
        }
        use, name = special.get((column, row), ("Wohnbaufläche", ""))
        self.uses.append((box(x0, y0, 84, 84, self.turn), use, name))
        if name:
            self.serial += 1
            self.parcel((x0, y0, 84, 84), f"{self.serial}", use, section=section)
            return
        cuts = np.concatenate([[0], np.cumsum(self.rng.choice([6, 12, 15, 20], 12))])
        cuts = np.append(cuts[cuts < 78], 84.0)
        for half in (0, 1):
            for i, (a, b) in enumerate(pairwise(cuts.tolist())):
                self.plot(x0 + a, y0 + 42 * half, b - a, half, i, section)
        self.serial += 1
        self.parcel((x0 + 84, y0, 0.6, 84), f"{self.serial}/2", "Wohnbaufläche", section=section)

    def plot(self, x, y, width, half, i, section):
        self.serial += 1
        street = "Uerdinger Straße" if half else "Am Röttgen"
        house = f"{2 * i + 1 + half}" + ("a" if i == 2 else "")
        below = f"/{self.rng.integers(1, 300)}" if self.rng.random() < 0.7 else ""
        self.parcel(
            (x, y, width, 42),
            f"{self.serial}{below}",
            "Wohnbaufläche",
            address=f"{street} {house}",
            section=section,
        )
        if width > 5:
            front = box(x, y + (26 if half else 4), min(width, 11), 12, self.turn)
            use = "Wohngebäude" if self.serial % 9 else "Grundschule"
            self.houses.append((front, use, house))
            self.houses.append((box(x + 1, y + (8 if half else 30), 4, 5, self.turn), "Garage", ""))

    def road(self, shape, number, name):
        ground = self.parcel(shape, number, "Straßenverkehr", street=name)
        self.uses.append((ground, "Straßenverkehr", ""))

    def scene(self, frame):
        """The scene; selected is the dwelling plot nearest to the middle."""
        ground, numbers, uses, streets, addresses, sections = zip(*self.parcels, strict=True)
        middle = shapely.Point(EAST + 90, NORTH + 100)
        dwellings = [i for i, n in enumerate(numbers) if "/" in n and uses[i] == "Wohnbaufläche"]
        houses, functions, house_numbers = zip(*self.houses, strict=True)
        use_areas, kinds, names = zip(*self.uses, strict=True)
        n, none = len(houses), np.zeros(len(houses), bool)
        at = self.rng.uniform((EAST, NORTH), (EAST + 180, NORTH + 200), (60, 2))
        return Scene(
            frame=frame,
            parcels=parcels(
                ground, numbers, use=uses, street=streets, address=addresses, section=sections
            ),
            imprint=IMPRINT,
            subject=min(dwellings, key=lambda i: ground[i].distance(middle)),
            buildings=Buildings(
                shapes(houses), texts(functions), texts(house_numbers), texts([""] * n), none
            ),
            land_use=LandUses(shapes(use_areas), texts(kinds), texts(names)),
            trees=Trees(
                np.asarray(shapely.points(at)), self.rng.choice([np.nan, 4.0, 7.0, 9.0], 60)
            ),
            has_trees=True,
        )


def quarter(*, turn=8.0, seed=7, scale=1000, paper="A4", orientation=Orientation.PORTRAIT):
    """Nine blocks between four streets: plots, slivers, houses, a park, a cemetery, trees."""
    place = _Quarter(turn, seed)
    for column in range(3):
        for row in range(3):
            place.block(column, row)
    for i, name in enumerate(("Uerdinger Straße", "Am Röttgen")):
        place.road((-60, 64 + i * 95, 345, 11), f"{900 + i}", name)
    for i, name in enumerate(("Ostwall", "Philadelphiastraße")):
        for row in range(3):
            place.road((38.6 + i * 95, -20 + row * 95, 10.4, 84), f"{910 + i * 3 + row}", name)
    sheet = Sheet(paper, orientation, scale, (EAST + 90, NORTH + 100))
    return sheet, place.scene(sheet.frame)
