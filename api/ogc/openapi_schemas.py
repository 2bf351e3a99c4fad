"""What the documents of the service look like, as schemas of OpenAPI 3.0."""

import re
from typing import Any

from api.features.formats.registry import GEOJSON
from api.features.profiles import INSPIRE, offered
from api.filtering.documents import described
from api.tiles.documents import TILEJSON
from layers.spec import GeometryKind
from layers.view import CollectionView
from layers.wording import Language

Node = dict[str, Any]

TEXT: Node = {"type": "string"}
WHOLE: Node = {"type": "integer", "minimum": 0}
NUMBER: Node = {"type": "number"}
_ADDRESS: Node = {"type": "string", "format": "uri"}
_DAY: Node = {"type": "string", "format": "date"}
_MOMENT: Node = {"type": "string", "format": "date-time"}
_FLAG: Node = {"type": "boolean"}
_SHAPES = {
    GeometryKind.POINT: ("Point", "MultiPoint"),
    GeometryKind.LINE: ("LineString", "MultiLineString"),
    GeometryKind.POLYGON: ("Polygon", "MultiPolygon"),
}


def listed(items: Node, least: int = 0) -> Node:
    """Return the schema of a list."""
    return {"type": "array", "items": items, **({"minItems": least} if least else {})}


def thing(needed: Node, also: Node | None = None) -> Node:
    """Return the schema of an object: what it always has, and what it may have."""
    return {
        "type": "object",
        **({"required": sorted(needed)} if needed else {}),
        "properties": {**needed, **(also or {})},
    }


def one_of(*values: str) -> Node:
    """Return the schema of a word."""
    return {"type": "string", "enum": list(values)}


def reference(name: str) -> Node:
    """Return a reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def _nullable(schema: Node) -> Node:
    enum = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return {**schema, **enum, "nullable": True}


_LINKS = listed(reference("Link"))
_PLACE = {"type": "array", "items": NUMBER, "minItems": 2, "maxItems": 3}
_BOX = {"type": "array", "items": NUMBER, "minItems": 4, "maxItems": 6}
_NESTED = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2}


def _geometry(kind: str) -> Node:
    coordinates: Node = _PLACE
    for _ in range(_NESTED.get(kind, 3)):
        coordinates = listed(coordinates)
    return thing({"type": one_of(kind), "coordinates": coordinates})


def _features(feature: Node, *, counted: bool = True) -> Node:
    numbers = {"numberMatched": WHOLE, "numberReturned": WHOLE}
    whole = {"type": one_of("FeatureCollection"), "features": listed(feature), "links": _LINKS}
    return thing({**whole, **numbers}) if counted else thing(whole, numbers)


_COLLECTION = thing(
    {"id": TEXT, "title": TEXT, "description": TEXT, "itemType": TEXT, "links": _LINKS},
    {
        "keywords": listed(TEXT),
        "extent": thing(
            {},
            {
                "spatial": thing({"bbox": listed(_BOX, 1)}, {"crs": _ADDRESS}),
                "temporal": thing({"interval": listed(listed(_nullable(TEXT)), 1)}, {"trs": TEXT}),
            },
        ),
        "crs": listed(_ADDRESS),
        "storageCrs": _ADDRESS,
    },
)
_INSPIRE_PARCEL = thing(
    {
        "inspireId": thing({"localId": TEXT, "namespace": _ADDRESS}),
        "label": _nullable(TEXT),
        "nationalCadastralReference": _nullable(TEXT),
    },
    {
        "areaValue": _nullable(NUMBER),
        "areaValue_uom": one_of("m2"),
        "beginLifespanVersion": _nullable(_MOMENT),
        "endLifespanVersion": _nullable(_MOMENT),
        "administrativeUnit": _nullable(_ADDRESS),
        "zoning": _nullable(_ADDRESS),
        "referencePoint": _nullable({"allOf": [reference("Point")]}),
    },
) | {"additionalProperties": False}
_LIMITS = {f"{end}Tile{way}": WHOLE for end in ("min", "max") for way in ("Row", "Col")}
_TILE_SET = thing(
    {"title": TEXT, "dataType": TEXT, "crs": _ADDRESS, "links": _LINKS},
    {
        "tileMatrixSetURI": _ADDRESS,
        "tileMatrixSet": _ADDRESS,
        "tileMatrixSetLimits": listed(thing({"tileMatrix": TEXT, **_LIMITS})),
        "boundingBox": thing({"lowerLeft": _PLACE, "upperRight": _PLACE}, {"crs": _ADDRESS}),
        "layers": listed(thing({"id": TEXT, "dataType": TEXT}, {"propertiesSchema": thing({})})),
    },
)
_MATRIX = thing(
    {"id": TEXT, "scaleDenominator": NUMBER, "cellSize": NUMBER, "pointOfOrigin": _PLACE}
    | {f"{what}{way}": WHOLE for what in ("tile", "matrix") for way in ("Width", "Height")}
)
_HIT = {"kind": TEXT, "parcel_key": TEXT, "label": TEXT, "address": TEXT, "confidence": TEXT}
_FACT = thing({"name": TEXT, "group": TEXT, "title": TEXT, "value": {}, "unit": TEXT})
_RECORD = thing(
    {
        "type": one_of("Feature"),
        "id": TEXT,
        "conformsTo": listed(_ADDRESS),
        "geometry": _nullable({"allOf": [reference("Polygon")]}),
        "time": _nullable(thing({}, {"date": _DAY, "interval": listed(TEXT)})),
        "links": _LINKS,
        "properties": thing(
            {"type": TEXT, "title": TEXT, "description": TEXT, "updated": _MOMENT, "license": TEXT},
            {"created": _MOMENT, "keywords": listed(TEXT), "numberOfFeatures": WHOLE},
        ),
    },
    {"bbox": _BOX},
)

_ANY_FEATURE = thing(
    {"type": one_of("Feature"), "id": TEXT, "properties": thing({})},
    {"geometry": {"type": "object", "nullable": True}, "links": _LINKS},
)

DOCUMENTS: dict[str, Node] = {
    **{kind: _geometry(kind) for pair in _SHAPES.values() for kind in pair},
    "CadastralParcel": _INSPIRE_PARCEL,
    "Link": thing(
        {"href": TEXT, "rel": TEXT},
        {"type": TEXT, "title": TEXT, "hreflang": TEXT, "templated": _FLAG},
    ),
    "Landing": thing({"title": TEXT, "description": TEXT, "links": _LINKS}),
    "Conformance": thing({"conformsTo": listed(_ADDRESS)}),
    "OpenApi": thing({"openapi": TEXT, "info": thing({}), "paths": thing({})}),
    "Collection": _COLLECTION,
    "Collections": thing(
        {"collections": listed(reference("Collection")), "links": _LINKS},
        {"numberMatched": WHOLE, "numberReturned": WHOLE},
    ),
    "Fields": thing(
        {
            "type": one_of("object"),
            "properties": {"type": "object", "additionalProperties": thing({})},
        },
        {"$schema": _ADDRESS, "$id": _ADDRESS, "title": TEXT, "additionalProperties": _FLAG},
    ),
    "Functions": thing(
        {
            "functions": listed(
                thing(
                    {"name": TEXT, "returns": listed(TEXT, 1)},
                    {"description": TEXT, "arguments": listed(thing({"type": listed(TEXT, 1)}))},
                )
            )
        }
    ),
    "Found": thing(
        {
            "hits": listed(thing({**_HIT, "href": _ADDRESS})),
            "candidates": listed(TEXT),
            "explanation": TEXT,
            "former": TEXT,
            "successors": listed(TEXT),
        }
    ),
    "Links": thing({"links": _LINKS}),
    "Dossier": thing(
        {
            "schema": TEXT,
            "lang": TEXT,
            "parcel_key": TEXT,
            "label": TEXT,
            "facts": listed(_FACT),
            "sections": listed(thing({"id": TEXT, "title": TEXT, "rows": listed(thing({}))})),
            "neighbours": listed(thing({"parcel_key": TEXT, "label": TEXT, "border_m": NUMBER})),
        },
        {"bbox": _BOX, "data_date": _nullable(_DAY), "address": TEXT},
    ),
    "Health": thing({"status": one_of("ok"), "layers": thing({})}),
    "TileMatrixSet": thing(
        {"id": TEXT, "crs": _ADDRESS, "tileMatrices": listed(_MATRIX, 1)},
        {"title": TEXT, "uri": _ADDRESS, "links": _LINKS},
    ),
    "TileMatrixSets": thing(
        {"tileMatrixSets": listed(thing({"id": TEXT, "links": _LINKS}, {"title": TEXT}))},
        {"links": _LINKS},
    ),
    "TileSet": _TILE_SET,
    "TileSets": thing({"tilesets": listed(reference("TileSet")), "links": _LINKS}),
    "TileJson": thing(
        {
            "tilejson": TEXT,
            "tiles": listed(TEXT, 1),
            "vector_layers": listed(thing({"id": TEXT, "fields": thing({})})),
        },
        {"name": TEXT, "bounds": _BOX, "minzoom": WHOLE, "maxzoom": WHOLE, "scheme": TEXT},
    ),
    "FoundFeatures": _features(_ANY_FEATURE, counted=False),
    "Value": {**NUMBER, "nullable": True},
    "Coverage": thing({"type": one_of("Coverage"), "domain": thing({}), "ranges": thing({})}),
    "Catalogue": _COLLECTION,
    "Record": _RECORD,
    "Records": _features(reference("Record")),
    "Styles": thing({"styles": listed(thing({"id": TEXT, "links": _LINKS}, {"title": TEXT}))}),
    "Style": thing({"version": WHOLE, "sources": thing({}), "layers": listed(thing({"id": TEXT}))}),
    "StyleMetadata": thing({"id": TEXT, "title": TEXT}, {"layers": listed(thing({"id": TEXT}))}),
    "Sprite": {"type": "object", "additionalProperties": thing({"x": WHOLE, "y": WHOLE})},
}

_ANY = r"(?:/collections/[^/{]+)?"
_OF_PATHS = {
    "/": "Landing",
    "/conformance": "Conformance",
    "/openapi": "OpenApi",
    "/collections": "Collections",
    "/collections/katalog": "Catalogue",
    "/collections/katalog/items": "Records",
    "/collections/katalog/items/{recordId}": "Record",
    r"/collections/[^/{]+": "Collection",
    r"/collections/[^/{]+/(?:schema|queryables|sortables)": "Fields",
    r"/collections/[^/{]+/coverage": "Coverage",
    r"/collections/[^/{]+/map/tiles": "TileSets",
    r"/collections/[^/{]+/map/tiles/{tileMatrixSetId}": "TileSet",
    "/functions": "Functions",
    "/find": "Found",
    "/search": "FoundFeatures",
    "/parcels": "Links",
    "/parcels/{parcelKey}": "Dossier",
    "/healthz": "Health",
    "/tileMatrixSets": "TileMatrixSets",
    "/tileMatrixSets/{tileMatrixSetId}": "TileMatrixSet",
    f"{_ANY}/tiles": "TileSets",
    f"{_ANY}/tiles/{{tileMatrixSetId}}": "TileSet",
    "/styles": "Styles",
    "/styles/{styleId}": "Style",
    "/styles/{styleId}/metadata": "StyleMetadata",
    "/styles/{styleId}/sprite{sprite}": "Sprite",
}
_PATTERNS = [
    (re.compile(re.sub(r"\{(\w+)\}", r"\\{\1\\}", path)), name) for path, name in _OF_PATHS.items()
]


def schema_of(path: str, media_type: str) -> str | None:
    """Return the name of the schema of a path's answer in JSON; None where there is none."""
    words = path.split("/")
    if len(words) > 3 and words[3] == "items" and words[2] != "katalog":
        plain = "" if media_type == GEOJSON else ".jsonfg"
        return f"{words[2]}{plain}.feature{'' if len(words) > 4 else 's'}"
    if media_type == TILEJSON:
        return "TileJson"
    if path.endswith("/coverage") and media_type == "application/json":
        return "Value"  # of one place
    return next((name for pattern, name in _PATTERNS if pattern.fullmatch(path)), None)


def feature_schemas(view: CollectionView, language: Language) -> Node:
    """Return the schemas of a collection's features, one and many, in GeoJSON and in JSON-FG."""
    fields = {field.name: _nullable(described(field, language)) for field in view.fields}
    kinds = [reference(kind) for kind in _SHAPES.get(view.spec.geometry, ())]
    geometry: Node = {"anyOf": kinds, "nullable": True} if kinds else {"nullable": True}
    feature = thing(
        {
            "type": one_of("Feature"),
            "id": TEXT,
            "geometry": geometry,
            "properties": {
                "type": "object",
                "properties": fields,
                "additionalProperties": False,
            },
        },
        {"links": _LINKS},
    )
    also: Node = {"place": {"type": "object", "nullable": True}, "coordRefSys": {}}
    also |= {"time": {"type": "object", "nullable": True}, "conformsTo": listed(_ADDRESS)}
    with_place = {**feature, "properties": {**feature["properties"], **also}}
    if INSPIRE in offered(view):
        told = {"anyOf": [feature["properties"]["properties"], reference("CadastralParcel")]}
        feature = {**feature, "properties": {**feature["properties"], "properties": told}}
    name = view.spec.id
    return {
        f"{name}.feature": feature,
        f"{name}.features": _features(reference(f"{name}.feature")),
        f"{name}.jsonfg.feature": with_place,
        f"{name}.jsonfg.features": _features(reference(f"{name}.jsonfg.feature"), counted=False),
    }
