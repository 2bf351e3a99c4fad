"""Features as GeoJSON text: geometry, properties, and the two put together."""

from collections.abc import Mapping, Sequence

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray

MISSING = b"null"
_PLACE, _VALUES = b',"geometry":', b',"properties":'


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


def place_text(feature: bytes) -> bytes:
    """Return the geometry of a feature that `feature_texts` wrote.

    Examples
    --------
    >>> place_text(b'{"type":"Feature","id":"a","geometry":null,"properties":{}}')
    b'null'
    """
    # Within a text quotation marks are escaped: these bytes stand before a member only.
    return feature[feature.index(_PLACE) + len(_PLACE) : feature.index(_VALUES)]


def narrowed(feature: bytes, names: Sequence[str] | None, *, placed: bool) -> bytes:
    """Return a feature that `feature_texts` wrote with some of its properties, or without place.

    Parameters
    ----------
    names
        Properties in the order in which they are written; None: all as they are.

    Examples
    --------
    >>> text = b'{"type":"Feature","id":"a","geometry":{"type":"P"},"properties":{"n":1,"m":2}}'
    >>> narrowed(text, ["m"], placed=False)
    b'{"type":"Feature","id":"a","geometry":null,"properties":{"m":2}}'
    """
    at = feature.index(_VALUES)
    head = feature[:at] if placed else feature[: feature.index(_PLACE)] + _PLACE + MISSING
    values = feature[at + len(_VALUES) : -1]
    if names is not None:
        own = orjson.loads(values)
        values = orjson.dumps({name: own[name] for name in names})
    return b"%s%s%s}" % (head, _VALUES, values)
