"""The description of the interface: self-contained, and of what is really served."""

from typing import Any

from api.features.crs import supported_crs
from api.features.parameters import DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET
from api.features.schema import JSON_TYPES
from api.negotiation import Language
from api.settings import Settings
from layers.access import CITIZEN
from layers.reader import Reader
from layers.spec import GeometryKind
from layers.view import CollectionView

OPENAPI_TYPE = "application/vnd.oai.openapi+json;version=3.0"
Node = dict[str, Any]


def openapi_document(settings: Settings, reader: Reader, language: Language) -> Node:
    """Return an OpenAPI 3.0 document of everything the public may ask."""
    storage = reader.municipality.storage_crs
    views = [
        view for view in reader.collections(CITIZEN) if view.spec.geometry is not GeometryKind.NONE
    ]
    paths: Node = {
        "/": _get("landing", "This service", _answer("application/json")),
        "/conformance": _get("conformance", "Conformance", _answer("application/json")),
        "/openapi": _get("openapi", "This document", _answer(OPENAPI_TYPE)),
        "/collections": _get("collections", "Collections", _answer("application/json")),
        "/find": _get(
            "find",
            "Parcels and addresses that match a text",
            _answer("application/json"),
            _query("q", {"type": "string", "maxLength": 200}, required=True),
        ),
        "/parcels/{parcelKey}": _get(
            "parcel",
            "All that is public about a parcel",
            _answer("application/json"),
            _path("parcelKey"),
        ),
        "/healthz": _get("health", "Whether the process answers", _answer("application/json")),
    }
    for view in views:
        paths.update(_collection_paths(view, language))
    return {
        "openapi": "3.0.3",
        "info": {
            "title": f"Flurbuch – {reader.municipality.title[language]}",
            "version": "1.0.0",
            "contact": {"email": settings.contact_email},
            "license": {"name": "dl-de/zero-2-0", "url": "https://www.govdata.de/dl-de/zero-2-0"},
        },
        "servers": [{"url": settings.url}],
        "paths": paths,
        "components": {"parameters": _shared(storage), "schemas": {"Problem": _problem_schema()}},
    }


def _collection_paths(view: CollectionView, language: Language) -> Node:
    base, name, title = f"/collections/{view.spec.id}", view.spec.id, view.spec.title[language]
    fields = [
        _query(field.name, dict(JSON_TYPES[field.type]), description=field.title[language])
        for field in view.fields
    ]
    shared = [
        {"$ref": f"#/components/parameters/{p}"}
        for p in (
            "limit",
            "offset",
            "bbox",
            "bbox-crs",
            "crs",
            "datetime",
            "properties",
            "sortby",
            "skipGeometry",
        )
    ]
    schema = _answer("application/schema+json")
    return {
        base: _get(f"{name}.collection", title, _answer("application/json")),
        f"{base}/schema": _get(f"{name}.schema", title, schema),
        f"{base}/queryables": _get(f"{name}.queryables", title, schema),
        f"{base}/items": _get(
            f"{name}.items", title, _answer("application/geo+json"), *shared, *fields
        ),
        f"{base}/items/{{featureId}}": _get(
            f"{name}.item",
            title,
            _answer("application/geo+json"),
            _path("featureId"),
            {"$ref": "#/components/parameters/crs"},
        ),
    }


def _get(operation: str, summary: str, answers: Node, *parameters: Node) -> Node:
    common = [{"$ref": "#/components/parameters/f"}, {"$ref": "#/components/parameters/lang"}]
    if operation == "health":
        common = []
    return {
        "get": {
            "operationId": operation,
            "summary": summary,
            "parameters": [*parameters, *common],
            "responses": answers,
        }
    }


def _answer(media_type: str) -> Node:
    problem = {
        "description": "Problem",
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        },
    }
    content = {media_type: {"schema": {"type": "object"}}}
    if media_type != OPENAPI_TYPE:
        content["text/html"] = {"schema": {"type": "string"}}
    return {"200": {"description": "OK", "content": content}, "default": problem}


def _query(name: str, schema: Node, *, required: bool = False, description: str = "") -> Node:
    node: Node = {"name": name, "in": "query", "required": required, "schema": schema}
    node |= {"style": "form", "explode": False}
    return node | ({"description": description} if description else {})


def _path(name: str) -> Node:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _shared(storage: int) -> Node:
    crs = {"type": "string", "enum": list(supported_crs(storage))}
    box = {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}}
    names = {"type": "array", "items": {"type": "string"}}
    limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
    offset = {"type": "integer", "minimum": 0, "maximum": MAX_OFFSET, "default": 0}
    return {
        "f": _query("f", {"type": "string", "enum": ["json", "geojson", "html"]}),
        "lang": _query("lang", {"type": "string", "enum": ["de", "en"]}),
        "limit": _query("limit", limit),
        "offset": _query("offset", offset),
        "bbox": _query("bbox", box),
        "bbox-crs": _query("bbox-crs", crs),
        "crs": _query("crs", crs),
        "datetime": _query("datetime", {"type": "string"}),
        "properties": _query("properties", names),
        "sortby": _query("sortby", names),
        "skipGeometry": _query("skipGeometry", {"type": "boolean", "default": False}),
    }


def _problem_schema() -> Node:
    texts = {name: {"type": "string"} for name in ("type", "title", "detail", "advice", "incident")}
    return {"type": "object", "properties": {**texts, "status": {"type": "integer"}}}
