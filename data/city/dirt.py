"""Dirt in the cadastre: crossed corners, buildings over a border, wrong areas, slivers."""

from dataclasses import replace

import numpy as np
import shapely

from data.city.drawing import City
from data.city.locate import Ground
from data.city.shapes import Objects
from data.city.site import GARAGE, Buildings
from data.city.truth import Planted
from data.city.uses import LandUse
from data.city.write_nas import object_id

EACH = 5
"""How often most kinds are planted; more in larger cities."""


def count(city: City) -> int:
    """Return how often a kind is planted in a city of this size."""
    return max(EACH, city.frame.plan.parcels // 2_000)


def wrong_areas(city: City) -> tuple[City, list[Planted]]:
    """Give some lots an official area that no survey would give them."""
    rng = city.frame.plan.random(80)
    lots = len(city.lots.lot)
    rows = np.sort(
        rng.permutation(np.flatnonzero(city.official_area_m2[:lots] > 300))[: count(city)]
    )
    area = city.official_area_m2.copy()
    area[rows] = np.round(area[rows] * np.where(np.arange(len(rows)) % 2, 1.12, 0.9))
    planted = [
        Planted(
            "area_deviation",
            "alkis",
            str(city.key[i]),
            f"{area[i]} m² instead of {city.official_area_m2[i]} m²",
            "accepted",
            (str(city.key[i]),),
        )
        for i in rows
    ]
    return replace(city, official_area_m2=area), planted


def over_the_border(city: City, buildings: Buildings) -> tuple[Buildings, list[Planted]]:
    """Push some garages 20 to 45 cm onto the neighbour's lot."""
    rng = city.frame.plan.random(81)
    ground = Ground(city.geometry)
    geometry = buildings.geometry.copy()
    planted: list[Planted] = []
    for i in rng.permutation(np.flatnonzero(buildings.function == GARAGE)).tolist():
        if len(planted) == count(city):
            break
        quad = city.lots.quad[buildings.parcel[i]]
        along = (quad[1] - quad[0]) / np.hypot(*(quad[1] - quad[0]))
        shift = np.round(-along * rng.uniform(0.3, 0.55), 3)
        ring = shapely.get_coordinates(geometry[i]) + shift
        moved = shapely.Polygon(np.round(ring, 3))
        parcel = ground.tree.query(moved, predicate="intersects")
        share = shapely.area(shapely.intersection(city.geometry[parcel], moved)) / moved.area
        if len(parcel) != 2 or share.min() < 0.03:
            continue
        geometry[i] = moved
        keys = tuple(str(k) for k in city.key[parcel[np.argsort(-share)]])
        found = f"{share.min():.3f} of it on the neighbour's lot"
        planted.append(
            Planted("overbuilt", "alkis", object_id("G", i + 1), found, "accepted", keys)
        )
    return replace(buildings, geometry=geometry), planted


def crossed_corners(city: City, buildings: Buildings) -> tuple[Objects, list[Planted]]:
    """Exchange two corners of some buildings; return the footprints as filed."""
    plain = np.flatnonzero(shapely.get_num_coordinates(buildings.geometry) == 5)
    rows = plain[:: max(1, len(plain) // count(city))][: count(city)].tolist()
    shapes = buildings.geometry.copy()
    for i in rows:
        shapes[i] = shapely.Polygon(shapely.get_coordinates(shapes[i])[[0, 2, 1, 3]])
    planted = [
        Planted(
            "self_intersection",
            "alkis",
            object_id("G", i + 1),
            "bow tie",
            "repaired",
            (str(city.key[buildings.parcel[i]]),),
        )
        for i in rows
    ]
    return shapes, planted


def told(city: City, uses: LandUse) -> list[Planted]:
    """Return what was planted while the city was drawn: two-part parcels and slivers."""
    several = np.flatnonzero(shapely.get_num_geometries(city.geometry) > 1)
    parts = [
        Planted(
            "multi_part", "alkis", str(city.key[i]), "two parts", "accepted", (str(city.key[i]),)
        )
        for i in several
    ]
    slivers = [
        Planted("sliver", "alkis", f"block {block}", "use 2 to 30 cm off the parcels", "accepted")
        for block in uses.shifted
    ]
    return parts + slivers
