"""The cemetery register: a zipped shapefile, and a table of what is never located."""

import zipfile
from pathlib import Path

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray

from data.city.cemeteries import KINDS, STATES, Graves
from data.city.drawing import City
from data.city.locate import Ground
from data.city.names import person
from data.city.shapes import Objects
from data.city.tables import write_table
from data.city.truth import CityTruth, Planted, Register

ZIP, TABLE = "cemetery/graeber.zip", "cemetery/graeber_anonym.csv"
_FIXED = (2026, 1, 1, 0, 0, 0)


def write_graves(
    city: City, graves: Graves, ground: Ground, folder: Path, truth: CityTruth, *, dirt: bool
) -> None:
    """Write a zipped shapefile without code page file, and the anonymous graves as a table."""
    (folder / "cemetery").mkdir(parents=True, exist_ok=True)
    n = len(graves.geometry)
    geometry, bent = graves.geometry.copy(), list(range(3, n, max(1, n // 3)))[:2] if dirt else []
    for i in bent:
        geometry[i] = shapely.Polygon(shapely.get_coordinates(geometry[i])[[0, 2, 1, 3]])
    truth.planted += [
        Planted("self_intersection", "cemetery", str(graves.number[i]), "bow tie", "repaired")
        for i in bent
    ]
    _write_shapes(graves, geometry, folder / ZIP, truth, dirt=dirt)
    truth.registers["grab"] = Register([ZIP], n, n - len(bent), len(bent))
    _write_parcels(city, graves, ground, folder, truth)
    hidden = _write_hidden(city, max(20, n // 40), folder / TABLE)
    truth.registers["grab_anonym"] = Register([TABLE], hidden, hidden)


def _write_parcels(
    city: City, graves: Graves, ground: Ground, folder: Path, truth: CityTruth
) -> None:
    """Write which parcels every grave lies on, by share of its area."""
    grave, parcel = ground.tree.query(graves.geometry, predicate="intersects")
    area = shapely.area(shapely.intersection(graves.geometry[grave], city.geometry[parcel]))
    share = area / shapely.area(graves.geometry[grave])
    order = np.lexsort((-share, grave))
    keys: list[list[str]] = [[] for _ in graves.number]
    shares: list[list[str]] = [[] for _ in graves.number]
    for k in order[share[order] > 1e-6].tolist():
        keys[grave[k]].append(str(city.key[parcel[k]]))
        shares[grave[k]].append(f"{share[k]:.6f}")
    rows = zip(graves.number, keys, shares, strict=True)
    write_table(
        folder / "truth" / "grab.csv",
        ("grave_id", "parcel_keys", "shares"),
        [(number, " ".join(k), " ".join(s)) for number, k, s in rows],
        newline="\n",
    )
    several = [i for i, k in enumerate(keys) if len(k) > 1]
    truth.planted += [
        Planted(
            "grave_on_border",
            "cemetery",
            str(graves.number[i]),
            " ".join(shares[i]),
            "accepted",
            tuple(keys[i]),
        )
        for i in several
    ]
    truth.links["grab"] = {
        "graves": len(keys),
        "on_several_parcels": len(several),
        "cemeteries": sorted(set(graves.cemetery)),
    }


def _write_hidden(city: City, count: int, file: Path) -> int:
    day = city.frame.plan.random(51).integers(0, 3650, count)
    dates = np.datetime64("2016-01-01") + day.astype("timedelta64[D]")
    rows = [
        (f"AN-{i + 1:05d}", f"Friedhof {i % 2 + 1}", ".".join(reversed(str(date).split("-"))))
        for i, date in enumerate(dates)
    ]
    write_table(file, ("grabnr", "friedhof", "beisetzung_am"), rows, encoding="cp1252")
    return count


def _write_shapes(
    graves: Graves, geometry: Objects, file: Path, truth: CityTruth, *, dirt: bool
) -> None:
    shape = file.with_suffix(".shp")
    columns = _columns(graves, truth, dirt=dirt)
    pyogrio.raw.write(
        shape,
        shapely.to_wkb(geometry),
        list(columns.values()),
        np.asarray(list(columns), dtype=object),
        driver="ESRI Shapefile",
        geometry_type="Polygon",
        crs="EPSG:25832",
        encoding="CP1252",
        layer_options={"DBF_DATE_LAST_UPDATE": "2026-01-01"},
    )
    # Old systems do not write the code page file.
    parts = [shape.with_suffix(suffix) for suffix in (".shp", ".shx", ".dbf", ".prj")]
    with zipfile.ZipFile(file, "w") as archive:
        for part in parts:
            entry = zipfile.ZipInfo(part.name, _FIXED)
            archive.writestr(entry, part.read_bytes(), zipfile.ZIP_DEFLATED)
    for part in (*parts, shape.with_suffix(".cpg")):
        part.unlink(missing_ok=True)


def _columns(
    graves: Graves, truth: CityTruth, *, dirt: bool
) -> dict[str, NDArray[np.object_] | NDArray[np.int32]]:
    """Return the columns; no name has more than the ten characters that the format allows."""
    used = np.flatnonzero(graves.state == STATES.index("belegt"))
    right, rest, holder = (np.full(len(graves.state), None, dtype=object) for _ in range(3))
    for k, i in enumerate(used.tolist()):
        year, day = 2025 + k * 7 % 30, f"{1 + k % 12:02d}-15"
        right[i], rest[i] = f"{year}-{day}", f"{year - k % 6}-{day}"
        holder[i] = person(i + 1)
        if dirt and k % 900 == 17:
            rest[i] = f"{year + 3}-{day}"
            truth.planted.append(
                Planted(
                    "right_before_rest",
                    "cemetery",
                    str(graves.number[i]),
                    f"right until {right[i]}, rest until {rest[i]}",
                    "accepted",
                )
            )
    return {
        "grabnr": graves.number,
        "friedhof": graves.cemetery,
        "feld": graves.field,
        "reihe": graves.row.astype(np.int32),
        "grabart": np.asarray(KINDS, dtype=object)[graves.kind],
        "stellen": graves.places.astype(np.int32),
        "zustand": np.asarray(STATES, dtype=object)[graves.state],
        "recht_bis": right,
        "ruhe_bis": rest,
        "inhaber": holder,
    }
