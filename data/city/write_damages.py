"""Road damage reports as GeoJSON in WGS 84."""

from pathlib import Path

import numpy as np
import pyproj

from data.city.damages import CATEGORIES, STATUS, Damages
from data.city.drawing import City
from data.city.names import person
from data.city.tables import write_geojson, write_table
from data.city.truth import CityTruth, Planted, Register


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
    write_geojson(
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
