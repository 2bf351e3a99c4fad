"""What may be named in a filter: queryables, sortables, functions."""

from typing import Any

from api.features.schema import JSON_TYPES
from api.wording import words
from gis_core.filters import FUNCTIONS, Type
from gis_core.filters.functions import FOLDING
from layers.lifetimes import lifetime
from layers.queryables import field_type
from layers.spec import FieldSpec, FieldType, GeometryKind
from layers.view import CollectionView
from layers.wording import Language

Document = dict[str, Any]
_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_SHAPES = {
    GeometryKind.POINT: "geometry-point",
    GeometryKind.LINE: "geometry-multilinestring",
    GeometryKind.POLYGON: "geometry-multipolygon",
}
_FUNCTION_TYPES = {
    Type.TEXT: "string",
    Type.INTEGER: "integer",
    Type.NUMBER: "number",
    Type.BOOLEAN: "boolean",
    Type.DATE: "datetime",
    Type.DATETIME: "datetime",
    Type.GEOMETRY: "geometry",
}


def schema(view: CollectionView, url: str, language: Language) -> Document:
    """Return the JSON Schema of the properties that features have, and what they are for."""
    roles = time_roles(view)
    if len(view.spec.identity) == 1:
        roles |= {view.spec.identity[0]: {"x-ogc-role": "id"}}
    properties = {f.name: described(f, language) | roles.get(f.name, {}) for f in view.fields}
    return _schema(f"{url}/schema", view, properties | _place(view, language), language)


def queryables(view: CollectionView, url: str, language: Language) -> Document:
    """Return the JSON Schema of the properties that may be filtered by, under every name."""
    roles = time_roles(view)
    properties = {
        name: described(field, language) | roles.get(name, {})
        for name, field in view.called().items()
    }
    return _schema(f"{url}/queryables", view, properties | _place(view, language), language)


def sortables(view: CollectionView, url: str, language: Language) -> Document:
    """Return the JSON Schema of the properties that may be sorted by, under every name."""
    properties = {name: described(field, language) for name, field in view.called().items()}
    return _schema(f"{url}/sortables", view, properties, language)


def _place(view: CollectionView, language: Language) -> Document:
    if view.spec.geometry not in _SHAPES:
        return {}
    place = {
        "title": words("field", "geometry", language),
        "format": _SHAPES[view.spec.geometry],
        "x-ogc-role": "primary-geometry",
    }
    return {"geometry": place}


def _schema(
    address: str, view: CollectionView, properties: Document, language: Language
) -> Document:
    return {
        "$schema": _DRAFT,
        "$id": address,
        "type": "object",
        "title": view.spec.title[language],
        "properties": properties,
        "additionalProperties": False,
    }


def time_roles(view: CollectionView) -> dict[str, Document]:
    """Return the role of each field that tells when features were."""
    time = lifetime(view)
    told = (
        {}
        if time is None
        else {
            time.at: "primary-instant",
            time.begin: "primary-interval-start",
            time.end: "primary-interval-end",
        }
    )
    return {name: {"x-ogc-role": role} for name, role in told.items() if name is not None}


def described(field: FieldSpec, language: Language) -> Document:
    """Return a field as JSON Schema: type, title, description, unit and codes."""
    kind: Document = dict(JSON_TYPES[field.type])
    if field_type(field) is Type.ARRAY:
        kind = {"type": "array", "items": kind}
    kind["title"] = field.title[language]
    about = [field.description[language]] if field.description else []
    if field.unit:
        kind["x-ogc-unit"] = field.unit
    if field.codes:
        whole = field.type is FieldType.INTEGER
        kind["enum"] = [int(code) if whole else code for code in field.codes]
        meanings = (f"{code}: {title[language]}" for code, title in field.codes.items())
        about.append("; ".join(meanings))
    if about:
        kind["description"] = "\n".join(about)
    return kind


def functions(language: Language) -> Document:
    """Return the functions that a filter may call, with what they take and give."""
    offered = [
        {
            "name": name,
            "description": words("function", name, language),
            "arguments": [
                {"type": sorted({_FUNCTION_TYPES[k] for k in takes})} for takes in f.takes
            ],
            "returns": [_FUNCTION_TYPES[f.gives]],
        }
        for name, f in FUNCTIONS.items()
    ]
    folding = [
        {
            "name": name,
            "description": words("function", name, language),
            "arguments": [{"type": ["string"]}],
            "returns": ["string"],
        }
        for name in FOLDING
    ]
    return {"functions": sorted([*offered, *folding], key=lambda f: str(f["name"]))}
