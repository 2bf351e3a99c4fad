"""Features as GeoJSON text: geometry, properties, and the two put together."""

from collections.abc import Mapping, Sequence

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray

MISSING = b"null"


def turned(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return geometries whose outer rings run counter-clockwise and inner ones clockwise.

    RFC 7946, 3.1.6. Turn before axes are exchanged: a latitude first mirrors the map.

    Parameters
    ----------
    geometry
        (n,) shapely geometries, x east; None is allowed.
    """
    return np.asarray(shapely.orient_polygons(geometry, exterior_cw=False), dtype=object)


def geometry_texts(geometry: NDArray[np.object_], digits: int) -> list[bytes]:
    """Return each of n geometries as text with that many decimals; missing is ``null``.

    Notes
    -----
    About 4 µs for a parcel.

    Examples
    --------
    >>> geometry_texts(np.array([shapely.Point(6.123456789, 51.5), None]), 3)
    [b'{"type":"Point","coordinates":[6.123,51.5]}', b'null']
    """
    positions = np.round(shapely.get_coordinates(geometry), digits)
    rounded = shapely.set_coordinates(np.array(geometry, dtype=object), positions)
    return [MISSING if text is None else text.encode() for text in shapely.to_geojson(rounded)]


def property_texts(columns: Mapping[str, Sequence[object]], count: int) -> list[bytes]:
    """Return the properties of each of ``count`` features as text.

    Parameters
    ----------
    columns
        Name and (n,) JSON values, missing ones None, in the order in which they are written.
    """
    if not columns:
        return [b"{}"] * count
    names = list(columns)
    return [
        orjson.dumps(
            dict(zip(names, row, strict=True)), option=orjson.OPT_SERIALIZE_NUMPY, default=str
        )
        for row in zip(*columns.values(), strict=True)
    ]


def feature_texts(
    ids: Sequence[object], geometry: Sequence[bytes] | None, properties: Sequence[bytes]
) -> list[bytes]:
    """Return n features as text; ``geometry`` None: they have no place.

    Examples
    --------
    >>> feature_texts(["a"], None, [b"{}"])
    [b'{"type":"Feature","id":"a","geometry":null,"properties":{}}']
    """
    shapes = [MISSING] * len(ids) if geometry is None else geometry
    return [
        b'{"type":"Feature","id":%s,"geometry":%s,"properties":%s}'
        % (orjson.dumps(str(own)), shape, values)
        for own, shape, values in zip(ids, shapes, properties, strict=True)
    ]
