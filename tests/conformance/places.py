"""Coordinates in any reference system, brought to x east, y north, and carried to another."""

import math
from functools import cache

import numpy as np
import shapely
from pyproj import CRS, Transformer
from shapely.geometry import shape

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
CRS84H = "http://www.opengis.net/def/crs/OGC/0/CRS84h"


@cache
def system(uri):
    """Return what a URI names."""
    return CRS.from_user_input("OGC:CRS84" if uri in {CRS84, CRS84H} else uri)


@cache
def north_first(uri):
    return system(uri).axis_info[0].direction == "north"


@cache
def _transformer(source, target):
    return Transformer.from_crs(system(source), system(target), always_xy=True)


def placed(features, uri):
    """Return the shapes of features, x east, as an array; a feature without one has None."""
    shapes = [None if f["geometry"] is None else shape(f["geometry"]) for f in features]
    shapes = shapely.force_2d(np.array(shapes, dtype=object))
    return shapely.transform(shapes, lambda xy: xy[:, ::-1]) if north_first(uri) else shapes


def carried(shapes, source, target):
    """Return shapes, x east, in another reference system."""
    if source == target:
        return shapes
    change = _transformer(source, target)
    return shapely.transform(
        shapes, lambda xy: np.column_stack(change.transform(xy[:, 0], xy[:, 1]))
    )


def box_around(box, uri):
    """Return the box in another reference system that holds one of CRS84."""
    edge = shapely.segmentize(shapely.box(*box), max(box[2] - box[0], box[3] - box[1]) / 64)
    return carried(edge, CRS84, uri).bounds


def written(box, uri):
    """Return a box, x east, as the parameter of a reference system, rounded outwards."""
    digits = 9 if system(uri).is_geographic else 3
    scale = 10**digits
    low = [math.floor(n * scale) / scale for n in box[:2]]
    high = [math.ceil(n * scale) / scale for n in box[2:]]
    if north_first(uri):
        low, high = low[::-1], high[::-1]
    return ",".join(f"{n:.{digits}f}" for n in (*low, *high))


def parts(box):
    """Return the areas that a box of degrees means; two across the antimeridian."""
    west, south, east, north = box
    if west <= east:
        return [shapely.box(*box)]
    return [shapely.box(west, south, 180, north), shapely.box(-180, south, east, north)]
