"""The kinds of values that go into processes; each checks itself and has a JSON Schema."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

import orjson
import shapely
from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema
from shapely.geometry.base import BaseGeometry

Key = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
]
CollectionId = Annotated[
    str, StringConstraints(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9_.-]+$")
]
DistrictKey = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{1,20}$")]

_KINDS = ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon")
_AREAS = ("Polygon", "MultiPolygon")


def _object(value: object) -> Mapping[str, Any]:
    """Return a JSON object, also one that stands in a text, as forms send it."""
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            raise ValueError("found a text that is no JSON") from None
    if not isinstance(value, Mapping):
        raise ValueError("expected a JSON object")  # noqa: TRY004 - pydantic reports these only
    return value


def _geometry(value: object, kinds: tuple[str, ...] = _KINDS) -> BaseGeometry:
    """Return a GeoJSON geometry, or that of a feature."""
    if isinstance(value, BaseGeometry):
        return value
    found = _object(value)
    if found.get("type") == "Feature":
        found = _object(found.get("geometry"))
    if found.get("type") not in kinds:
        raise ValueError(f"expected a GeoJSON geometry, one of {', '.join(kinds)}")
    try:
        return shapely.force_2d(shapely.from_geojson(json.dumps(found)))
    except (shapely.errors.GEOSException, TypeError, ValueError):
        raise ValueError("its coordinates are not those of a GeoJSON geometry") from None


def _schema(kinds: tuple[str, ...]) -> dict[str, object]:
    return {
        "type": "object",
        "format": "geojson-geometry",
        "required": ["type", "coordinates"],
        "properties": {
            "type": {"type": "string", "enum": list(kinds)},
            "coordinates": {"type": "array", "minItems": 1, "items": {}},
        },
    }


Geometry = Annotated[BaseGeometry, BeforeValidator(_geometry), WithJsonSchema(_schema(_KINDS))]
"""A place in CRS84, longitude before latitude."""

_MOST_ZONES = 200


def _zones(value: object) -> tuple[tuple[str, BaseGeometry], ...]:
    """Return the areas of a collection of features, each with its name."""
    if isinstance(value, tuple):
        return value
    features = _object(value).get("features")
    if not isinstance(features, list) or not 1 <= len(features) <= _MOST_ZONES:
        raise ValueError(f"expected a FeatureCollection with 1 to {_MOST_ZONES} features")
    return tuple((_name(one, i), _geometry(one, _AREAS)) for i, one in enumerate(features, 1))


def _name(feature: object, number: int) -> str:
    own = _object(feature)
    properties = own.get("properties")
    stated = properties.get("name") if isinstance(properties, Mapping) else None
    name = own.get("id") if stated is None else stated
    return str(number) if not isinstance(name, str | int) else str(name)[:80]


_ZONES_SCHEMA = {
    "type": "object",
    "format": "geojson-feature-collection",
    "required": ["type", "features"],
    "properties": {
        "type": {"type": "string", "enum": ["FeatureCollection"]},
        "features": {
            "type": "array",
            "minItems": 1,
            "maxItems": _MOST_ZONES,
            "items": {
                "type": "object",
                "required": ["type", "geometry"],
                "properties": {
                    "type": {"type": "string", "enum": ["Feature"]},
                    "id": {"type": "string"},
                    "properties": {"type": "object", "nullable": True},
                    "geometry": _schema(_AREAS),
                },
            },
        },
    },
}
Zones = Annotated[
    tuple[tuple[str, BaseGeometry], ...],
    BeforeValidator(_zones),
    WithJsonSchema(_ZONES_SCHEMA),
]
"""Areas in CRS84, named by their property ``name``, else their id, else their number."""

Day = Annotated[date, Field(ge=date(1800, 1, 1), le=date(2200, 1, 1))]
