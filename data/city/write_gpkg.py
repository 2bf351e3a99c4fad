"""The cadastre in the simplified exchange schema, as a GeoPackage, for larger cities."""

from pathlib import Path

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray

from data.city.drawing import City
from data.city.keys import load_catalogue
from data.city.names import PLACE_OF_ZONE
from data.city.shapes import Objects
from data.city.site import FUNCTIONS, Buildings
from data.city.tables import SYNTHETIC
from data.city.uses import USES, LandUse
from data.city.write_nas import object_id
from data.city.zones import Zone

Column = NDArray[np.object_]


def write_gpkg(
    city: City, buildings: Buildings, shapes: Objects, uses: LandUse, file: Path
) -> None:
    """Write parcels, buildings and land use, with the dates fixed so that the bytes are, too.

    Parameters
    ----------
    shapes
        Footprints as filed, which may differ from the buildings' by planted dirt.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2026-01-01T00:00:00.000Z"})
    try:
        _write(file, "Flurstueck", city.geometry, _parcels(city, uses))
        _write(file, "GebaeudeBauwerk", shapes, _buildings(city, buildings))
        _write(file, "Nutzung", uses.geometry, _uses(uses))
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def _write(file: Path, layer: str, geometry: Objects, columns: dict[str, Column]) -> None:
    pyogrio.raw.write(
        file,
        shapely.to_wkb(geometry),
        list(columns.values()),
        np.asarray(list(columns), dtype=object),
        layer=layer,
        driver="GPKG",
        geometry_type="MultiPolygon",
        promote_to_multi=True,
        crs="EPSG:25832",
        append=file.exists(),
        layer_options={"DESCRIPTION": SYNTHETIC},
    )


def _all(value: str, n: int) -> Column:
    return np.full(n, value, dtype=object)


def _texts(values: list[str]) -> Column:
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out


def _parcels(city: City, uses: LandUse) -> dict[str, Column]:
    n, numbers = len(city.key), city.numbers
    names = {d.key: d.name for d in load_catalogue().districts}
    oid = [object_id("F", i + 1) for i in range(n)]
    section = [f"{s:03d}" for s in numbers.section.tolist()]
    nenner = np.empty(n, dtype=object)
    nenner[:] = [str(d) if d else None for d in numbers.denominator.tolist()]
    return {
        "oid": _texts([f"{o}FL" for o in oid]),
        "aktualit": _texts([f"{1998 + i % 27}-03-01" for i in range(n)]),
        "idflurst": _texts(oid),
        "flstkennz": city.key,
        "land": _all("Nordrhein-Westfalen", n),
        "landschl": _all("05", n),
        "regbezirk": _all("Düsseldorf", n),
        "kreis": _all("Krefeld", n),
        "kreisschl": _all("05114", n),
        "gemeinde": _all("Krefeld (synthetisch)", n),
        "gmdschl": _all("05114000", n),
        "gemarkung": _texts([names[str(d)] for d in numbers.district]),
        "gemaschl": numbers.district,
        "flur": _texts(section),
        "flurschl": _texts([f"{d}{s}" for d, s in zip(numbers.district, section, strict=True)]),
        "flstnrzae": _texts([str(z) for z in numbers.numerator.tolist()]),
        "flstnrnen": nenner,
        "flaeche": np.asarray(city.official_area_m2, dtype=np.float64),
        "abwrecht": _all("Kein abweichender Rechtszustand", n),
        "lagebeztxt": _texts(locations(city)),
        "tntxt": _texts(packed_uses(city, uses)),
    }


def locations(city: City) -> list[str]:
    """Return the address or the plain location of every parcel, empty where there is none."""
    out = []
    for i, number in enumerate(city.addresses.number):
        if number:
            out.append(f"{city.names[int(city.addresses.street[i])]} {number}")
        else:
            out.append(PLACE_OF_ZONE.get(Zone(int(city.zone[i])), ""))
    return out + [city.names[int(s)] for s in city.roads.street]


def packed_uses(city: City, uses: LandUse) -> list[str]:
    """Return ``use;area|use;area`` per parcel.

    Areas are whole square metres that sum to the official area (largest remainders); uses
    that come to nothing are left out.
    """
    parcel, use = shapely.STRtree(uses.geometry).query(city.geometry, predicate="intersects")
    area = shapely.area(shapely.intersection(city.geometry[parcel], uses.geometry[use]))
    kind = uses.use[use]
    # One entry per parcel and kind of use.
    pair, place = np.unique(parcel * len(USES) + kind, return_inverse=True)
    total = np.bincount(place, area, len(pair))
    owner, kind = np.divmod(pair, len(USES))
    sums = np.bincount(owner, total, len(city.key))
    exact = total * (city.official_area_m2 / sums)[owner]
    whole = np.floor(exact).astype(np.int64)
    rest = city.official_area_m2 - np.bincount(owner, whole, len(city.key)).astype(np.int64)
    order = np.lexsort((whole - exact, owner))
    first = np.searchsorted(owner[order], owner[order])
    whole[order] += np.arange(len(order)) - first < rest[owner[order]]
    parts: list[list[str]] = [[] for _ in city.key]
    for i in np.lexsort((-whole, owner)).tolist():
        if whole[i] > 0:
            parts[owner[i]].append(f"{USES[int(kind[i])].name};{whole[i]}")
    return ["|".join(p) for p in parts]


def _buildings(city: City, buildings: Buildings) -> dict[str, Column]:
    n = len(buildings.parcel)
    place = locations(city)
    address = np.empty(n, dtype=object)
    address[:] = [
        place[p] if main and city.addresses.number[p] else None
        for p, main in zip(buildings.parcel.tolist(), buildings.main.tolist(), strict=True)
    ]
    return {
        "oid": _texts([f"{object_id('G', i + 1)}BL" for i in range(n)]),
        "aktualit": _texts([f"{1999 + i % 25}-03-01" for i in range(n)]),
        "gebnutzbez": _all("Gebäude", n),
        "funktion": _texts([FUNCTIONS[f] for f in buildings.function.tolist()]),
        "gfkzshh": _texts([f"31001_{f}" for f in buildings.function.tolist()]),
        "name": _texts([str(name) or "" for name in buildings.name]),
        "anzahlgs": np.asarray(buildings.storeys, dtype=np.int32),
        "gmdschl": _all("05114000", n),
        "lagebeztxt": address,
    }


def _uses(uses: LandUse) -> dict[str, Column]:
    n = len(uses.geometry)
    titles = [USES[int(u)].name.partition(" / ") for u in uses.use]
    return {
        "oid": _texts([f"{object_id('T', i + 1)}TN" for i in range(n)]),
        "aktualit": _all("2020-03-01", n),
        "nutzart": _texts([title for title, _, _ in titles]),
        "bez": _texts([detail for _, _, detail in titles]),
        "name": _texts([str(name) for name in uses.name]),
    }
