"""Trees, road damage and graves, each as its own specialist system hands it over."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pyogrio
import pyproj
import shapely

from data.city.cemeteries import KINDS, STATES, Graves
from data.city.damages import CATEGORIES, STATUS, Damages
from data.city.drawing import City
from data.city.names import person
from data.city.tables import comma, write_table
from data.city.trees import SPECIES, Trees
from data.city.truth import CityTruth, Planted, Register

TREE_HEADER = (
    "Baumnummer",
    "Gattung",
    "Art",
    "Deutscher Name",
    "Pflanzjahr",
    "Stammumfang",
    "Kronendurchmesser",
    "Höhe",
    "Standort",
    "Vitalität",
    "Kontrolle am",
    "Kontrolleur",
    "Rechtswert",
    "Hochwert",
)
NORTH_SHARE = 0.2
_LABEL = "Synthetische Daten einer erfundenen Stadt"


def write_trees(city: City, trees: Trees, folder: Path, truth: CityTruth, *, dirt: bool) -> None:
    """Write the south of the city as a table, the north as GeoJSON in EPSG:4647."""
    rng = city.frame.plan.random(41)
    n = len(trees.xy)
    number = [f"B{i + 1:06d}" for i in range(n)]
    parcels: list[list[str]] = [[] for _ in range(n)]
    for point, parcel in zip(trees.point.tolist(), trees.parcel.tolist(), strict=True):
        parcels[point].append(str(city.key[parcel]))
    border = trees.on_border
    rows = [_tree(trees, number[i], i) for i in range(n)]
    north = trees.xy[:, 1] > np.quantile(trees.xy[:, 1], 1 - NORTH_SHARE)
    south_rows = np.flatnonzero(~north)
    register = Register(["trees/baumkataster.csv", "trees/baumkataster_nord.geojson"], n, n)
    expected = ["accepted"] * n
    extra: list[list[str]] = []
    if dirt:
        clean = rng.permutation(south_rows[~border[south_rows]]).tolist()
        extra = _spoil_trees(rows, number, expected, clean, truth)
    lost = expected.count("quarantined")
    register.read += len(extra)
    register.quarantined, register.accepted = lost, n - lost
    register.repaired = register.duplicates = len(extra)
    write_table(
        folder / "trees" / "baumkataster.csv",
        TREE_HEADER,
        [*(rows[i] for i in south_rows), *extra],
    )
    _write_north(trees, rows, np.flatnonzero(north), folder / "trees" / "baumkataster_nord.geojson")
    truth.registers["baum"] = register
    truth.planted += [
        Planted("boundary_tree", "trees", number[i], rows[i][5], "accepted", tuple(parcels[i]))
        for i in np.flatnonzero(border)
    ]
    truth.planted += [
        Planted("other_crs", "trees", "baumkataster_nord.geojson", "EPSG:4647", "accepted")
    ]
    write_table(
        folder / "truth" / "baum.csv",
        ("tree_number", "parcel_keys", "boundary", "expected"),
        [(number[i], " ".join(parcels[i]), int(border[i]), expected[i]) for i in range(n)],
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


def _spoil_trees(
    rows: list[list[str]],
    number: list[str],
    expected: list[str],
    clean: list[int],
    truth: CityTruth,
) -> list[list[str]]:
    """Plant the register's own dirt; return rows to be written once more."""

    def plant(kind: str, outcome: str, count: int) -> list[int]:
        taken = [clean.pop() for _ in range(min(count, len(clean)))]
        for i in taken:
            expected[i] = outcome
        return taken

    def note(kind: str, i: int, found: str, outcome: str) -> None:
        truth.planted.append(Planted(kind, "trees", number[i], found, outcome))

    x, y, girth, year = 12, 13, 5, 4
    for i in plant("axes_swapped", "quarantined", 5):
        rows[i][x], rows[i][y] = rows[i][y], rows[i][x]
        note("axes_swapped", i, f"{rows[i][x]} {rows[i][y]}", "quarantined")
    for i in plant("zone_prefix", "quarantined", 4):
        rows[i][x] = "32" + rows[i][x]
        note("zone_prefix", i, rows[i][x], "quarantined")
    for i in plant("coordinates_missing", "quarantined", 6):
        rows[i][x] = rows[i][y] = ""
        note("coordinates_missing", i, "", "quarantined")
    for i in plant("stem_impossible", "quarantined", 3):
        rows[i][girth] = str(10 * int(rows[i][girth]) + 1_500)
        note("stem_impossible", i, rows[i][girth], "quarantined")
    for i in plant("unit_in_cell", "accepted", 12):
        rows[i][girth] += " cm"
        note("unit_in_cell", i, rows[i][girth], "accepted")
    for k, i in enumerate(plant("year_unknown", "accepted", 14)):
        rows[i][year] = ("0", "1900")[k % 2]
        note("year_unknown", i, rows[i][year], "accepted")
    repeated = plant("duplicate_row", "accepted", 5)
    for i in repeated:
        note("duplicate_row", i, "same row twice", "repaired")
    return [list(rows[i]) for i in repeated]


def _write_north(trees: Trees, rows: list[list[str]], north: np.ndarray, file: Path) -> None:
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
    _write_geojson(file, "baumkataster_nord", features, "urn:ogc:def:crs:EPSG::4647")


def _write_geojson(
    file: Path, name: str, features: list[dict[str, object]], crs: str | None
) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    head: dict[str, object] = {"type": "FeatureCollection", "name": name, "description": _LABEL}
    if crs:
        head["crs"] = {"type": "name", "properties": {"name": crs}}
    lines = ",\n".join(json.dumps(f, ensure_ascii=False, separators=(",", ":")) for f in features)
    start = json.dumps(head, ensure_ascii=False)[:-1]
    file.write_text(f'{start}, "features": [\n{lines}\n]}}\n', encoding="utf-8")


def write_damages(
    city: City, damages: Damages, folder: Path, truth: CityTruth, *, dirt: bool
) -> None:
    """Write the reports as GeoJSON in WGS 84, seven decimals."""
    to_wgs84 = pyproj.Transformer.from_crs(25832, 4326, always_xy=True)
    lon, lat = to_wgs84.transform(damages.xy[:, 0], damages.xy[:, 1])
    n = len(damages.xy)
    number = [f"S{i + 1:06d}" for i in range(n)]
    gone = set(range(7, n, max(1, n // 6))) if dirt else set()
    features: list[dict[str, object]] = []
    for i in range(n):
        place = {"type": "Point", "coordinates": [round(float(lon[i]), 7), round(float(lat[i]), 7)]}
        day = np.datetime64("2025-01-01") + np.timedelta64(int(damages.day[i]), "D")
        values = {
            "schaden_id": number[i],
            "schadensart": CATEGORIES[int(damages.category[i])],
            "dringlichkeit": f"S{int(damages.severity[i]) + 1}",
            "strasse": city.names[int(damages.street[i])],
            "gemeldet_am": str(day),
            "stand": STATUS[int(damages.status[i])],
            "bemerkung": "",
            "melder": person(i + 1),
        }
        features.append(
            {"type": "Feature", "properties": values, "geometry": None if i in gone else place}
        )
        if i in gone:
            truth.planted.append(
                Planted("coordinates_missing", "road_damage", number[i], "null", "quarantined")
            )
    _write_geojson(
        folder / "road_damage" / "strassenschaeden.geojson", "strassenschaeden", features, None
    )
    truth.registers["strassenschaden"] = Register(
        ["road_damage/strassenschaeden.geojson"], n, n - len(gone), 0, len(gone)
    )
    truth.planted += [
        Planted(
            "position_noise",
            "road_damage",
            number[i],
            f"{damages.off_m[i]:.2f} m beside the road",
            "accepted",
            (str(city.key[damages.road[i]]),),
        )
        for i in np.flatnonzero(damages.beside)
        if i not in gone
    ]
    write_table(
        folder / "truth" / "strassenschaden.csv",
        ("damage_id", "road_parcel_key", "covering_parcel_key", "off_road_m", "expected"),
        [
            (
                number[i],
                str(city.key[damages.road[i]]),
                str(city.key[damages.covering[i]]),
                f"{damages.off_m[i]:.2f}",
                "quarantined" if i in gone else "accepted",
            )
            for i in range(n)
        ],
        newline="\n",
    )
    truth.links["strassenschaden"] = {
        "damages": n,
        "beside_the_road": int(damages.beside.sum()),
        "lost": len(gone),
    }


GRAVE_FIELDS = (
    "grabnr",
    "friedhof",
    "feld",
    "reihe",
    "grabart",
    "stellen",
    "zustand",
    "recht_bis",
    "ruhe_bis",
    "inhaber",
)
_FIXED = (2026, 1, 1, 0, 0, 0)


def write_graves(city: City, graves: Graves, folder: Path, truth: CityTruth, *, dirt: bool) -> None:
    """Write a zipped shapefile without code page file, and the anonymous graves as a table."""
    n = len(graves.geometry)
    geometry = graves.geometry.copy()
    bent = list(range(3, n, max(1, n // 3)))[:2] if dirt else []
    for i in bent:
        ring = shapely.get_coordinates(geometry[i])
        geometry[i] = shapely.Polygon(ring[[0, 2, 1, 3]])
        truth.planted.append(
            Planted("self_intersection", "cemetery", str(graves.number[i]), "bow tie", "repaired")
        )
    folder = folder / "cemetery"
    folder.mkdir(parents=True, exist_ok=True)
    _write_shapes(graves, geometry, folder)
    rng = city.frame.plan.random(51)
    hidden = max(20, n // 40)
    day = rng.integers(0, 3650, hidden)
    write_table(
        folder / "graeber_anonym.csv",
        ("grabnr", "friedhof", "beisetzung_am"),
        [
            (
                f"AN-{i + 1:05d}",
                f"Friedhof {i % 2 + 1}",
                _german(np.datetime64("2016-01-01") + np.timedelta64(int(d), "D")),
            )
            for i, d in enumerate(day)
        ],
        encoding="cp1252",
    )
    truth.registers["grab"] = Register(["cemetery/graeber.zip"], n, n - len(bent), len(bent))
    truth.registers["grab_anonym"] = Register(["cemetery/graeber_anonym.csv"], hidden, hidden)
    truth.links["grab"] = {"graves": n, "cemeteries": sorted(set(graves.cemetery))}


def _german(day: np.datetime64) -> str:
    year, month, date = str(day).split("-")
    return f"{date}.{month}.{year}"


def _write_shapes(graves: Graves, geometry: np.ndarray, folder: Path) -> None:
    n = len(geometry)
    used = graves.state == STATES.index("belegt")
    year = 2026 + (np.arange(n) * 7) % 30
    until = [
        f"{2026 + int(y) % 28:04d}-{1 + i % 12:02d}-15" if u else None
        for i, (y, u) in enumerate(zip(year, used, strict=True))
    ]
    holder = [person(i + 1) if u else None for i, u in enumerate(used)]
    values = (
        graves.number,
        graves.cemetery,
        graves.field,
        graves.row.astype(np.int32),
        np.asarray(KINDS, dtype=object)[graves.kind],
        graves.places.astype(np.int32),
        np.asarray(STATES, dtype=object)[graves.state],
        np.asarray(until, dtype=object),
        np.asarray(until, dtype=object),
        np.asarray(holder, dtype=object),
    )
    shape = folder / "graeber.shp"
    pyogrio.raw.write(
        shape,
        shapely.to_wkb(geometry),
        list(values),
        np.asarray(GRAVE_FIELDS, dtype=object),
        driver="ESRI Shapefile",
        geometry_type="Polygon",
        crs="EPSG:25832",
        encoding="CP1252",
        layer_options={"DBF_DATE_LAST_UPDATE": "2026-01-01"},
    )
    # Old systems do not write the code page file.
    with zipfile.ZipFile(folder / "graeber.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for suffix in (".shp", ".shx", ".dbf", ".prj"):
            part = shape.with_suffix(suffix)
            archive.writestr(
                zipfile.ZipInfo(part.name, _FIXED), part.read_bytes(), zipfile.ZIP_DEFLATED
            )
    for part in folder.glob("graeber.*"):
        if part.suffix != ".zip":
            part.unlink()
