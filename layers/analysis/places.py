"""The place that is meant: a parcel, a district, or what somebody drew."""

from typing import cast

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis_core.crs import plan_operation, transform_geometry
from layers.access import Actor
from layers.dossier import ended_error, read_parcel_key
from layers.errors import PlaceError, TooMuchError, UnknownParcelError
from layers.query import Query
from layers.reader import Reader

MOST_VERTICES = 10_000
MOST_PARCELS = 20_000
_AROUND_M = 100_000.0


def parcel_place(reader: Reader, actor: Actor, text: str) -> tuple[str, BaseGeometry]:
    """Return the key and the shape of the current parcel that a text means.

    Raises
    ------
    ParcelKeyError
        The text is no parcel key.
    EndedParcelError, UnknownParcelError
        No current parcel has the key.
    """
    parcels = reader.parcels(actor)
    key = read_parcel_key(reader, actor, parcels, text)
    query = Query(equals={parcels.spec.relation.key or "": key}, columns=())
    shapes = _shapes(reader, actor, parcels.id, query)
    if not len(shapes):
        fate = reader.history(actor).fate(key)
        if fate is not None:
            raise ended_error(key, fate)
        raise UnknownParcelError(f"no current parcel has the key {key}", parcel_key=key)
    return key, shapely.union_all(shapes)


def district_place(reader: Reader, actor: Actor, key: str) -> BaseGeometry:
    """Return all current parcels of a cadastral district as one shape.

    Raises
    ------
    UnknownParcelError
        No parcel lies in a district of that key.
    TooMuchError
        More than 20,000 do.
    """
    parcels = reader.parcels(actor)
    field = parcels.spec.relation.district
    if field is None or field not in parcels.names:
        raise PlaceError("the parcels do not say in which district they lie")
    query = Query(equals={field: key}, columns=())
    number = reader.count(actor, parcels.id, query)
    if number > MOST_PARCELS:
        raise TooMuchError(
            f"the district {key} has {number} parcels, expected at most {MOST_PARCELS}",
            advice="Draw a smaller place.",
        )
    if not number:
        raise UnknownParcelError(f"no current parcel lies in a district {key[:80]!r}")
    return shapely.union_all(_shapes(reader, actor, parcels.id, query))


def drawn_place(reader: Reader, geometry: BaseGeometry) -> BaseGeometry:
    """Return a geometry in CRS84 in the storage CRS.

    Raises
    ------
    PlaceError
        It is empty, crosses itself, has too many vertices, or lies far from the municipality.
    """
    count = int(shapely.get_num_coordinates(geometry))
    if not 0 < count <= MOST_VERTICES:
        raise PlaceError(f"found {count} vertices, expected 1 to {MOST_VERTICES}")
    if not geometry.is_valid:
        raise PlaceError(
            f"the geometry is not valid: {shapely.is_valid_reason(geometry)[:120]}",
            advice="Draw it without crossing lines.",
        )
    xy = shapely.get_coordinates(geometry)
    if not (np.isfinite(xy).all() and (np.abs(xy) <= (180, 90)).all()):
        raise PlaceError("found a vertex that is not on earth; expected longitude, latitude")
    town = reader.municipality
    operation = plan_operation("OGC:CRS84", f"EPSG:{town.storage_crs}")
    moved = transform_geometry(np.array([geometry], object), operation)[0]
    xmin, ymin, xmax, ymax = town.window
    xy = shapely.get_coordinates(moved)
    low, high = (xmin - _AROUND_M, ymin - _AROUND_M), (xmax + _AROUND_M, ymax + _AROUND_M)
    if not (np.isfinite(xy).all() and (xy >= low).all() and (xy <= high).all()):
        raise PlaceError(
            f"the geometry lies far from {town.name}",
            advice="Give longitude before latitude, in degrees (CRS84).",
        )
    return cast("BaseGeometry", moved)


def _shapes(reader: Reader, actor: Actor, collection: str, query: Query) -> np.ndarray:
    frame = reader.frame(actor, collection, query)
    return np.asarray(frame["geometry"].array, dtype=object)
