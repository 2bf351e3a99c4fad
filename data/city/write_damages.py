"""Road damage reports as GeoJSON in WGS 84."""

from pathlib import Path

import numpy as np
import pyproj

from data.city.damages import CATEGORIES, STATUS, Damages
from data.city.drawing import City
from data.city.names import person
from data.city.tables import write_geojson, write_table
from data.city.truth import CityTruth, Planted, Register

FILE = "road_damage/strassenschaeden.geojson"


def write_damages(
    city: City, damages: Damages, folder: Path, truth: CityTruth, *, dirt: bool
) -> None:
    """Write the reports, seven decimals; a few have lost their position."""
    n = len(damages.xy)
    lost = frozenset(range(7, n, max(1, n // 6))) if dirt else frozenset()
    number = [f"S{i + 1:06d}" for i in range(n)]
    features = _features(city, damages, number, lost)
    write_geojson(folder / FILE, "strassenschaeden", features, None)
    truth.registers["strassenschaden"] = Register([FILE], n, n - len(lost), 0, len(lost))
    truth.planted += [
        Planted("coordinates_missing", "road_damage", number[i], "null", "quarantined")
        for i in sorted(lost)
    ]
    road = [str(city.key[p]) for p in damages.road]
    beside = [int(i) for i in np.flatnonzero(damages.beside) if i not in lost]
    truth.planted += [
        Planted(
            "position_noise",
            "road_damage",
            number[i],
            f"{damages.off_m[i]:.2f} m beside the road",
            "accepted",
            (road[i],),
        )
        for i in beside
    ]
    covering = [str(city.key[p]) for p in damages.covering]
    write_table(
        folder / "truth" / "strassenschaden.csv",
        ("damage_id", "road_parcel_key", "covering_parcel_key", "off_road_m", "expected"),
        [
            (number[i], road[i], covering[i], f"{damages.off_m[i]:.2f}", _outcome(i in lost))
            for i in range(n)
        ],
        newline="\n",
    )
    truth.links["strassenschaden"] = {
        "damages": n,
        "beside_the_road": len(beside),
        "lost": len(lost),
    }


def _outcome(lost: bool) -> str:
    return "quarantined" if lost else "accepted"


def _features(
    city: City, damages: Damages, number: list[str], lost: frozenset[int]
) -> list[dict[str, object]]:
    to_wgs84 = pyproj.Transformer.from_crs(25832, 4326, always_xy=True)
    lon, lat = to_wgs84.transform(damages.xy[:, 0], damages.xy[:, 1])
    day = np.datetime64("2025-01-01") + damages.day.astype("timedelta64[D]")
    return [
        {
            "type": "Feature",
            "properties": {
                "schaden_id": number[i],
                "schadensart": CATEGORIES[int(damages.category[i])],
                "dringlichkeit": f"S{int(damages.severity[i]) + 1}",
                "strasse": city.names[int(damages.street[i])],
                "gemeldet_am": str(day[i]),
                "stand": STATUS[int(damages.status[i])],
                "bemerkung": "",
                "melder": person(i + 1),
            },
            "geometry": None
            if i in lost
            else {"type": "Point", "coordinates": [round(float(x), 7), round(float(y), 7)]},
        }
        for i, (x, y) in enumerate(zip(lon, lat, strict=True))
    ]
