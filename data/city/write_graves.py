"""The cemetery register: a zipped shapefile, and a table of what is never located."""

import zipfile
from pathlib import Path

import numpy as np
import pyogrio
import shapely

from data.city.cemeteries import KINDS, STATES, Graves
from data.city.drawing import City
from data.city.names import person
from data.city.shapes import Objects
from data.city.tables import write_table
from data.city.truth import CityTruth, Planted, Register

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


def _write_shapes(graves: Graves, geometry: Objects, folder: Path) -> None:
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
