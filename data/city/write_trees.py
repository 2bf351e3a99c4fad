"""The tree register: the south of the city as a table, the north as GeoJSON."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from data.city.drawing import City
from data.city.shapes import Ints
from data.city.tables import comma, write_geojson, write_table
from data.city.trees import SPECIES, Trees
from data.city.truth import CityTruth, Planted, Register

TREE_HEADER = (
    "Baumnummer", "Gattung", "Art", "Deutscher Name", "Pflanzjahr", "Stammumfang",
    "Kronendurchmesser", "Höhe", "Standort", "Vitalität", "Kontrolle am", "Kontrolleur",
    "Rechtswert", "Hochwert",
)  # fmt: skip
NORTH_HEADER = (
    "baum_nr", "Gattung", "Baumart", "Deutscher Name", "Pflanzjahr", "Stammumfang cm",
    "Kronendurchmesser", "Höhe", "Standort",
)  # fmt: skip
NORTH_SHARE = 0.2


def write_trees(city: City, trees: Trees, folder: Path, truth: CityTruth, *, dirt: bool) -> None:
    """Write the south of the city as a table, the north as GeoJSON in EPSG:4647."""
    rng = city.frame.plan.random(41)
    n = len(trees.xy)
    number = [f"B{i + 1:06d}" for i in range(n)]
    parcels = [
        tuple(str(city.key[p]) for p in part)
        for part in np.split(trees.parcel, np.searchsorted(trees.point, np.arange(1, n)))
    ]
    border = trees.on_border
    rows = [_tree(trees, number[i], i) for i in range(n)]
    north = trees.xy[:, 1] > np.quantile(trees.xy[:, 1], 1 - NORTH_SHARE)
    south = np.flatnonzero(~north)
    expected = dict.fromkeys(number, "accepted")
    twice: list[int] = []
    if dirt:
        clean = rng.permutation(south[~border[south]]).tolist()
        planted, twice = _spoil(rows, number, clean)
        truth.planted += planted
        expected |= {p.row: p.expected for p in planted if p.expected == "quarantined"}
        truth.planted += [
            Planted("boundary_tree", "trees", number[i], rows[i][_GIRTH], "accepted", parcels[i])
            for i in np.flatnonzero(border)
        ]
    lost = sum(outcome == "quarantined" for outcome in expected.values())
    table, north_file = "trees/baumkataster.csv", "trees/baumkataster_nord.geojson"
    write_table(folder / table, TREE_HEADER, [rows[i] for i in [*south, *twice]])
    _write_north(trees, rows, np.flatnonzero(north), folder / north_file)
    truth.planted.append(Planted("other_crs", "trees", north_file, "EPSG:4647", "accepted"))
    truth.registers["baum"] = Register(
        [table, north_file], n + len(twice), n - lost, len(twice), lost, len(twice)
    )
    write_table(
        folder / "truth" / "baum.csv",
        ("tree_number", "parcel_keys", "boundary", "expected"),
        [(number[i], " ".join(parcels[i]), int(border[i]), expected[number[i]]) for i in range(n)],
        newline="\n",
    )
    truth.links["baum"] = {"trees": n, "boundary_trees": int(border.sum()), "lost": lost}


def _tree(trees: Trees, number: str, i: int) -> list[str]:
    genus, species, german, _ = SPECIES[int(trees.species[i])]
    x, y = trees.xy[i]
    return [
        number,
        genus,
        f"{genus} {species}",
        german,
        str(int(trees.planted[i])),
        str(int(trees.circumference_cm[i])),
        comma(float(trees.crown_m[i]), 1),
        comma(float(trees.height_m[i]), 1),
        str(trees.site[i]),
        str(i % 7 // 3),
        f"{1 + i % 28:02d}.{1 + i % 12:02d}.2025",
        f"Prüfperson {i % 6 + 1:02d}",
        comma(float(x), 2),
        comma(float(y), 2),
    ]


def _spoil(
    rows: list[list[str]], number: list[str], clean: list[int]
) -> tuple[list[Planted], list[int]]:
    """Spoil cells; return what was planted and the rows that are written twice."""
    planted: list[Planted] = []
    for kind, (outcome, count, change) in _DIRT.items():
        for k in range(min(count, len(clean))):
            i = clean.pop()
            found = change(rows[i], k)
            planted.append(Planted(kind, "trees", number[i], found, outcome))
    twice = [clean.pop() for _ in range(min(5, len(clean)))]
    planted += [
        Planted("duplicate_row", "trees", number[i], "same row twice", "repaired") for i in twice
    ]
    return planted, twice


def _swap(row: list[str], _: int) -> str:
    row[_X], row[_Y] = row[_Y], row[_X]
    return f"{row[_X]} {row[_Y]}"


def _prefix(row: list[str], _: int) -> str:
    row[_X] = "32" + row[_X]
    return row[_X]


def _unplace(row: list[str], _: int) -> str:
    row[_X] = row[_Y] = ""
    return ""


def _swell(row: list[str], _: int) -> str:
    row[_GIRTH] = str(10 * int(row[_GIRTH]) + 1_500)
    return row[_GIRTH]


def _with_unit(row: list[str], _: int) -> str:
    row[_GIRTH] += " cm"
    return row[_GIRTH]


def _forget_year(row: list[str], k: int) -> str:
    row[_YEAR] = ("0", "1900")[k % 2]
    return row[_YEAR]


_YEAR, _GIRTH, _X, _Y = 4, 5, 12, 13
_DIRT: dict[str, tuple[str, int, Callable[[list[str], int], str]]] = {
    "axes_swapped": ("quarantined", 5, _swap),
    "zone_prefix": ("quarantined", 4, _prefix),
    "coordinates_missing": ("quarantined", 6, _unplace),
    "stem_impossible": ("quarantined", 3, _swell),
    "unit_in_cell": ("accepted", 12, _with_unit),
    "year_unknown": ("accepted", 14, _forget_year),
}
"""Kinds of dirt: what an import makes of the row, how many, and how a row is spoilt."""


def _write_north(trees: Trees, rows: list[list[str]], north: Ints, file: Path) -> None:
    """Write GeoJSON with the eastings' zone prefix, as some state services do."""
    names = (
        "baum_nr",
        "Gattung",
        "Baumart",
        "Deutscher Name",
        "Pflanzjahr",
        "Stammumfang cm",
        "Kronendurchmesser",
        "Höhe",
        "Standort",
    )
    features = []
    for i in north.tolist():
        x, y = trees.xy[i].tolist()
        row = rows[i]
        values = [
            *row[:4],
            int(row[4]),
            int(row[5]),
            float(trees.crown_m[i]),
            float(trees.height_m[i]),
            row[8],
        ]
        features.append(
            {
                "type": "Feature",
                "properties": dict(zip(names, values, strict=True)),
                "geometry": {"type": "Point", "coordinates": [round(x + 32_000_000, 2), y]},
            }
        )
    write_geojson(file, "baumkataster_nord", features, "urn:ogc:def:crs:EPSG::4647")
