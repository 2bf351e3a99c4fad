"""Small invented places for the tests: streets, blocks, parcels, houses, trees."""

from datetime import date

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


def quarter(*, turn=8.0, seed=7, scale=1000, paper="A4", orientation=Orientation.PORTRAIT):
    """A quarter with four blocks, two streets, a park, a cemetery corner, slivers and trees."""
    rng = np.random.default_rng(seed)
    ground, numbers, uses, street, address, section = [], [], [], [], [], []
    houses, functions, house_numbers = [], [], []
    uses_g, uses_k, uses_n = [], [], []
    serial = 100

    def add(geometry, number, use, *, road="", where="", sec="12"):
        ground.append(geometry)
        numbers.append(number)
        uses.append(use)
        street.append(road)
        address.append(where or road)
        section.append(sec)

    for column in range(3):
        for row in range(3):
            x0, y0 = -46 + column * 95, -20 + row * 95
            sec = "12" if column < 2 else "13"
            park = (column, row) == (1, 1)
            kind = "Sport-, Freizeit- und Erholungsfläche" if park else "Wohnbaufläche"
            if (column, row) == (2, 2):
                kind = "Friedhof"
            uses_g.append(box(x0, y0, 84, 84, turn))
            uses_k.append(kind)
            uses_n.append("Stadtgarten" if park else "Alter Friedhof" if kind == "Friedhof" else "")
            if park or kind == "Friedhof":
                serial += 1
                add(box(x0, y0, 84, 84, turn), f"{serial}", kind, sec=sec)
                continue
            cuts = np.concatenate([[0], np.cumsum(rng.choice([6, 12, 15, 20], 12))])
            cuts = np.append(cuts[cuts < 78], 84.0)
            for half in (0, 1):
                for i, (a, b) in enumerate(zip(cuts[:-1], cuts[1:], strict=True)):
                    serial += 1
                    y = y0 + half * 42
                    name = "Uerdinger Straße" if half else "Am Röttgen"
                    house = f"{2 * i + 1 + half}" + ("a" if i == 2 else "")
                    sub = f"/{rng.integers(1, 300)}" if rng.random() < 0.7 else ""
                    add(box(x0 + a, y, b - a, 42, turn), f"{serial}{sub}", "Wohnbaufläche",
                        where=f"{name} {house}", sec=sec)  # fmt: skip
                    if b - a > 5:
                        d = y + (26 if half else 4)
                        houses.append(box(x0 + a, d, min(b - a, 11), 12, turn))
                        functions.append("Wohngebäude" if serial % 9 else "Grundschule")
                        house_numbers.append(house)
                        houses.append(box(x0 + a + 1, y + (8 if half else 30), 4, 5, turn))
                        functions.append("Garage")
                        house_numbers.append("")
            serial += 1
            add(box(x0 + 84, y0, 0.6, 84, turn), f"{serial}/2", "Wohnbaufläche", sec=sec)
    for i, name in enumerate(("Uerdinger Straße", "Am Röttgen")):
        add(box(-60, 64 + i * 95, 345, 11, turn), f"{900 + i}", "Straßenverkehr", road=name)
        uses_g.append(ground[-1])
        uses_k.append("Straßenverkehr")
        uses_n.append("")
    for i, name in enumerate(("Ostwall", "Philadelphiastraße")):
        for row in range(3):
            x, y = 38.6 + i * 95, -20 + row * 95
            add(box(x, y, 10.4, 84, turn), f"{910 + i * 3 + row}", "Straßenverkehr", road=name)
            uses_g.append(ground[-1])
            uses_k.append("Straßenverkehr")
            uses_n.append("")
    trees = shapely.points(EAST + rng.uniform(0, 180, 60), NORTH + rng.uniform(0, 200, 60))
    middle = shapely.Point(EAST + 90, NORTH + 100)
    dwellings = [i for i, n in enumerate(numbers) if "/" in n and uses[i] == "Wohnbaufläche"]
    subject = min(dwellings, key=lambda i: ground[i].distance(middle))
    sheet = Sheet(paper, orientation, scale, (EAST + 90, NORTH + 100))
    scene = Scene(
        frame=sheet.frame,
        parcels=parcels(ground, numbers, use=uses, street=street, address=address, section=section),
        imprint=IMPRINT,
        subject=subject,
        buildings=Buildings(
            shapes(houses),
            texts(functions),
            texts(house_numbers),
            texts([""] * len(houses)),
            np.zeros(len(houses), bool),
        ),
        land_use=LandUses(shapes(uses_g), texts(uses_k), texts(uses_n)),
        trees=Trees(np.asarray(trees), rng.choice([np.nan, 4.0, 7.0, 9.0], 60)),
        has_trees=True,
    )
    return sheet, scene
