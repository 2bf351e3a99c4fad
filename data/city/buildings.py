"""All buildings of the city."""

import numpy as np
import shapely
from numpy.typing import NDArray

from data.city.drawing import City
from data.city.halls import build_halls, build_public
from data.city.houses import build_houses, build_rows
from data.city.shapes import Ints, Objects
from data.city.site import Buildings, Site


def build(city: City) -> Buildings:
    """Put buildings on the lots."""
    site = Site(city, city.arcs)
    rng = city.frame.plan.random(20)
    build_rows(site, rng)
    build_houses(site, rng)
    build_halls(site, rng)
    build_public(site, rng)
    geometry, parcel = np.concatenate(site.geometry), np.concatenate(site.parcel)
    order = np.argsort(parcel, kind="stable")
    order = order[~_in_the_way(geometry, order)]
    return Buildings(
        geometry[order],
        parcel[order],
        np.concatenate(site.function)[order],
        np.concatenate(site.storeys)[order],
        np.concatenate(site.main)[order],
        np.concatenate(site.name)[order],
    )


def _in_the_way(geometry: Objects, order: Ints) -> NDArray[np.bool_]:
    """Say which buildings, in this order, stand on ground of an earlier one."""
    drawn = geometry[order]
    one, other = shapely.STRtree(drawn).query(drawn, predicate="intersects")
    pair = one > other
    one, other = one[pair], other[pair]
    deep = shapely.area(shapely.intersection(drawn[one], drawn[other])) > 0.1
    out = np.zeros(len(order), dtype=bool)
    out[one[deep]] = True
    return out
