"""The description of the interface: self-contained, and of what is really served."""

from functools import partial
from importlib.metadata import version

from api.coverages.openapi import LIMITS, raster_paths
from api.features import profiles, text_search
from api.features.editing_paths import with_changes
from api.features.formats.registry import FORMATS, GEOJSON
from api.features.parameters import DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET
from api.features.schema import JSON_TYPES
from api.features.transactions import editable
from api.filtering import parameters as filtering
from api.negotiation import LANGUAGES
from api.ogc import listing
from api.ogc.openapi_finish import finished
from api.ogc.openapi_nodes import FORM, PROBLEM, Node, query
from api.ogc.openapi_nodes import path as path_
from api.processes.interface import process_paths, process_schemas
from api.records import asking as records
from api.records.documents import PATH as CATALOGUE
from api.search.asking import SHARED
from api.settings import Settings
from api.styles.documents import MBS
from api.styles.files import GLYPHS, SPRITES
from api.tiles.documents import MVT, TILEJSON
from api.wording import words
from cartography.editions import Edition
from cartography.glyphs import stacks
from gis_core.filters.limits import MAX_TEXT
from gis_core.offered_crs import CRS84, supported_crs
from gis_core.tiling import MATRIX_SETS
from layers.access import Actor
from layers.reader import Reader
from layers.reader.tiles import tiled
from layers.spec import FieldSpec, GeometryKind
from layers.view import CollectionView
from layers.wording import Language

OPENAPI_TYPE = "application/vnd.oai.openapi+json;version=3.0"
OPENAPI_31_TYPE = "application/vnd.oai.openapi+json;version=3.1"
OPENAPI_FORMS = (("oas30", OPENAPI_TYPE), ("oas31", OPENAPI_31_TYPE))
"""What ``f`` may be for the description itself, besides json and html."""
JSON, SCHEMA = "application/json", "application/schema+json"

_OF_ITEMS = (
    "limit",
    "offset",
    "cursor",
    "resulttype",
    "bbox",
    "bbox-crs",
    "crs",
    "datetime",
    "properties",
    "sortby",
    "skipGeometry",
    *filtering.NAMES,
)
_BINARY: Node = {"schema": {"type": "string", "format": "binary"}}


def openapi_document(settings: Settings, reader: Reader, actor: Actor, language: Language) -> Node:
    """Return an OpenAPI 3.0 document of everything the actor may ask."""
    storage = reader.municipality.storage_crs
    views = [
        view for view in reader.collections(actor) if view.spec.geometry is not GeometryKind.NONE
    ]
    paths = _service_paths(language) | _tile_paths("", "", language) | _record_paths(language)
    paths |= _style_paths(language)
    paths |= process_paths(language)
    for view in views:
        paths.update(_collection_paths(view, language))
        if tiled(view):
            facts = {"title": view.spec.title[language]}
            paths |= _tile_paths(f"/collections/{view.id}", "collection-", language, **facts)
    with_changes(paths, editable(reader, actor), storage, language)
    for raster in reader.rasters(actor):
        paths |= raster_paths(raster, language)
    document = {
        "openapi": "3.0.3",
        "info": {
            "title": f"Flurbuch – {reader.municipality.title[language]}",
            "version": version("flurbuch"),
            "contact": {"email": settings.contact_email},
            "license": {"name": "dl-de/zero-2-0", "url": "https://www.govdata.de/dl-de/zero-2-0"},
            "x-OGC-limits": LIMITS,
        },
        "servers": [{"url": settings.url}],
        "paths": paths,
        "components": {
            "parameters": _shared(storage, language),
            "schemas": {"Problem": _problem_schema(), **process_schemas()},
        },
    }
    return finished(document, views, language)


def _service_paths(language: Language) -> Node:
    """Return the paths that are no collection's."""
    say = partial(_say, language)
    text = {"type": "string", "maxLength": 200}
    day = query("as_of", {"type": "string", "format": "date"}, language)
    parcel, matrix_set = path_("parcelKey", language), path_("tileMatrixSetId", language)
    return {
        "/": _get("landing", say("landing"), JSON),
        "/conformance": _get("conformance", say("conformance"), JSON),
        "/openapi": _openapi_path(language),
        "/collections": _get("collections", say("collections"), JSON, *_of_listing(language)),
        "/search": _get("search", say("search"), GEOJSON, *_of_search(language)),
        "/find": _get("find", say("find"), JSON, query("q", text, language, required=True)),
        "/parcels": _get("parcels", say("parcels"), JSON),
        "/parcels/{parcelKey}": _get("parcel", say("parcel"), JSON, parcel, day),
        "/functions": _get("functions", say("functions"), JSON),
        "/healthz": _get("health", say("health"), JSON),
        "/tileMatrixSets": _get("tile-matrix-sets", say("tile-matrix-sets"), JSON),
        "/tileMatrixSets/{tileMatrixSetId}": _get(
            "tile-matrix-set", say("tile-matrix-set"), JSON, matrix_set
        ),
    }


def _openapi_path(language: Language) -> Node:
    """Return the path of the description itself, in both versions."""
    path = _get("openapi", _say(language, "openapi"), OPENAPI_TYPE)
    content = path["get"]["responses"]["200"]["content"]
    content[OPENAPI_31_TYPE] = content[OPENAPI_TYPE]
    forms = {"type": "string", "enum": ["json", *dict(OPENAPI_FORMS), "html"]}
    path["get"]["parameters"][-2] = query("f", forms, language)
    return path


def _of_search(language: Language) -> list[Node]:
    """Return the parameters of the search over all collections."""
    names = {"type": "array", "minItems": 1, "items": {"type": "string"}}
    own = query("collections", names, language, said="search-in")
    return [own, *({"$ref": f"#/components/parameters/{name}"} for name in SHARED)]


def _of_listing(language: Language) -> list[Node]:
    """Return the parameters of the list of collections."""
    limit = {"type": "integer", "minimum": 1, "maximum": listing.MOST, "default": listing.MOST}
    offset = {"type": "integer", "minimum": 0, "default": 0}
    names = {"type": "array", "items": {"type": "string"}}
    return [
        query("q", names, language, said="q-collections"),
        query("limit", limit, language, said="limit-collections"),
        query("offset", offset, language),
    ]


def _say(language: Language, operation: str, **facts: str) -> str:
    return words("operation", operation, language, **facts)


def _collection_paths(view: CollectionView, language: Language) -> Node:
    base, name = f"/collections/{view.spec.id}", view.spec.id
    say = partial(_say, language, title=view.spec.title[language])
    fields = [
        {**FORM, "name": name, "schema": _asked(field), "description": _told(field, language)}
        for name, field in view.called().items()
    ]
    names = (*_OF_ITEMS, *([text_search.PARAMETER] if text_search.offered(view) else []))
    shared = [{"$ref": f"#/components/parameters/{parameter}"} for parameter in names]
    crs, profile = {"$ref": "#/components/parameters/crs"}, _profile(view, language)
    return {
        base: _get(f"{name}.collection", say("collection"), JSON),
        f"{base}/schema": _get(f"{name}.schema", say("schema"), SCHEMA),
        f"{base}/queryables": _get(f"{name}.queryables", say("queryables"), SCHEMA),
        f"{base}/sortables": _get(f"{name}.sortables", say("sortables"), SCHEMA),
        f"{base}/items": _in_every_format(
            _get(f"{name}.items", say("items"), GEOJSON, *shared, profile, *fields)
        ),
        f"{base}/items/{{featureId}}": _in_every_format(
            _get(f"{name}.item", say("item"), GEOJSON, path_("featureId", language), crs, profile)
        ),
    }


def _profile(view: CollectionView, language: Language) -> Node:
    names = [name for form in ("json", "jsonfg") for name in profiles.offered(view, form)]
    known = {"type": "string", "enum": [*names, *(profiles.URIS[name] for name in names)]}
    return query("profile", {"type": "array", "minItems": 1, "items": known}, language)


def _asked(field: FieldSpec) -> Node:
    """Return the schema of a field's value as a request states it."""
    return {**JSON_TYPES[field.type], **({"x-ogc-unit": field.unit} if field.unit else {})}


def _told(field: FieldSpec, language: Language) -> str:
    """Return what a field is, with its unit and what its codes mean."""
    title = f"{field.title[language]} ({field.unit})" if field.unit else field.title[language]
    codes = [f"{code}: {meaning[language]}" for code, meaning in (field.codes or {}).items()]
    return "; ".join([title, *codes])


def _tile_paths(base: str, kind: str, language: Language, **facts: str) -> Node:
    """Return the paths of tiles, of everything or of the collection at ``base``."""
    name = base.rsplit("/", 1)[-1] + "." if base else ""
    one = path_("tileMatrixSetId", language) | {
        "schema": {"type": "string", "enum": list(MATRIX_SETS)}
    }
    place = [path_(step, language) for step in ("tileMatrix", "tileRow", "tileCol")]

    def get(operation: str, media_type: str, *parameters: Node, form: str = "json") -> Node:
        said = _say(language, f"{kind}{operation}", **facts)
        page = form == "json"
        forms = {"type": "string", "enum": [form, "html"] if page else [form]}
        asked = query("f", forms, language)
        path = _get(f"{name}{operation}", said, media_type, *parameters, asked, html=False)
        return _with_page(path) if page else path

    tile_set = get("tileset", JSON, one)
    tile_set["get"]["parameters"][-2]["schema"]["enum"].append("tilejson")
    content = tile_set["get"]["responses"]["200"]["content"]
    content[TILEJSON] = dict(content[JSON])
    return {
        f"{base}/tiles": get("tilesets", JSON),
        f"{base}/tiles/{{tileMatrixSetId}}": tile_set,
        f"{base}/tiles/{{tileMatrixSetId}}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}": get(
            "tile", MVT, one, *place, form="mvt"
        ),
    }


def _with_page(path: Node) -> Node:
    """Return a path that is answered as a page, too."""
    path["get"]["responses"]["200"]["content"]["text/html"] = {"schema": {"type": "string"}}
    return path


def _style_paths(language: Language) -> Node:
    """Return the paths of the map styles and of what they are made of."""
    say, style = partial(_say, language), path_("styleId", language)
    style["schema"] = {"type": "string", "enum": [edition.value for edition in Edition]}
    signs = path_("sprite", language) | {"schema": {"type": "string", "enum": list(SPRITES)}}
    face = path_("fontstack", language) | {"schema": {"type": "string", "enum": list(stacks())}}
    letters = path_("range", language)
    letters["schema"] = {"type": "string", "pattern": "^[0-9]+-[0-9]+$", "example": "0-255"}
    picture = _get("sprite", say("sprite"), JSON, style, signs, html=False)
    picture["get"]["responses"]["200"]["content"]["image/png"] = _BINARY
    lettering = _get("glyphs", say("glyphs"), GLYPHS, face, letters, html=False)
    for path in (picture, lettering):
        del path["get"]["parameters"][-1]  # they say nothing in any language
    forms = query("f", {"type": "string", "enum": ["mbs", "json", "html"]}, language)
    return {
        "/styles": _get("styles", say("styles"), JSON),
        "/styles/{styleId}": _with_page(_get("style", say("style"), MBS, style, forms, html=False)),
        "/styles/{styleId}/metadata": _get("style-metadata", say("style-metadata"), JSON, style),
        "/styles/{styleId}/sprite{sprite}": picture,
        "/fonts/{fontstack}/{range}.pbf": lettering,
    }


def _record_paths(language: Language) -> Node:
    """Return the paths of the catalogue."""
    text = {"type": "string", "maxLength": 400}
    number = {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}}
    names = {"type": "array", "minItems": 1, "items": {"type": "string"}}
    page = {"type": "integer", "minimum": 1, "maximum": records.MAX_LIMIT}
    page["default"] = records.DEFAULT_LIMIT
    offset = {"type": "integer", "minimum": 0, "maximum": records.MAX_OFFSET, "default": 0}
    described: dict[str, tuple[Node, str]] = {
        "q": (names, "search-words"),
        "bbox": (number, "bbox"),
        "datetime": (text, "record-datetime"),
        "ids": (names, "ids"),
        "externalIds": (names, "externalIds"),
        "type": (names, "record-type"),
        "limit": (page, "record-limit"),
        "offset": (offset, "offset"),
    }
    parameters = [
        {**FORM, "name": name, "schema": schema, "description": words("parameter", said, language)}
        for name, (schema, said) in described.items()
    ]
    say, one = partial(_say, language), path_("recordId", language)
    return {
        CATALOGUE: _get("catalogue", say("catalogue"), JSON),
        f"{CATALOGUE}/items": _get(
            "catalogue.items", say("catalogue-records"), GEOJSON, *parameters
        ),
        f"{CATALOGUE}/items/{{recordId}}": _get(
            "catalogue.item", say("catalogue-record"), GEOJSON, one
        ),
    }


def _in_every_format(path: Node) -> Node:
    """Return a path of features with every format in which they are given."""
    path["get"]["parameters"][-2] = {"$ref": "#/components/parameters/f-features"}
    content = path["get"]["responses"]["200"]["content"]
    for form in FORMATS.values():
        text = {"type": "string"} if form.text else {"type": "string", "format": "binary"}
        structured = form.media_type.endswith("+json")
        content[form.media_type] = {"schema": {"type": "object"} if structured else text}
    return path


def _get(
    operation: str, summary: str, media_type: str, *parameters: Node, html: bool = True
) -> Node:
    common = [{"$ref": "#/components/parameters/f"}, {"$ref": "#/components/parameters/lang"}]
    content = {media_type: {"schema": {"type": "object"}}}
    if media_type in {MVT, GLYPHS}:
        content = {media_type: _BINARY}
    if operation == "health" or not html:
        common = common[1:] if operation != "health" else []
    else:
        content["text/html"] = {"schema": {"type": "string"}}
    return {
        "get": {
            "operationId": operation,
            "summary": summary,
            "parameters": [*parameters, *common],
            "responses": {"200": {"description": summary, "content": content}, "default": PROBLEM},
        }
    }


def _shared(storage: int, language: Language) -> Node:
    crs = {"type": "string", "enum": list(supported_crs(storage)), "default": CRS84}
    names = {"type": "array", "items": {"type": "string"}}
    limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
    schemas: dict[str, Node] = {
        "f": {"type": "string", "enum": ["json", "geojson", "html"]},
        "lang": {"type": "string", "enum": list(LANGUAGES)},
        "limit": limit,
        "offset": {"type": "integer", "minimum": 0, "maximum": MAX_OFFSET, "default": 0},
        "cursor": {"type": "string"},
        "resulttype": {"type": "string", "enum": ["results", "hits"]},
        "bbox": {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}},
        "bbox-crs": crs,
        "crs": crs,
        "datetime": {"type": "string"},
        "properties": names,
        "sortby": names,
        "skipGeometry": {"type": "boolean", "default": False},
        "filter": {"type": "string", "maxLength": MAX_TEXT},
        "filter-lang": {
            "type": "string",
            "enum": list(filtering.LANGUAGES),
            "default": filtering.LANGUAGES[0],
        },
        "filter-crs": crs,
    }
    shared = {name: query(name, schema, language) for name, schema in schemas.items()}
    every = {"type": "string", "enum": ["json", "geojson", "html", *FORMATS]}
    return {
        **shared,
        "f-features": query("f", every, language),
        text_search.PARAMETER: query("q", names, language, said="q-features"),
    }


def _problem_schema() -> Node:
    texts = {name: {"type": "string"} for name in ("type", "title", "detail", "advice", "incident")}
    return {"type": "object", "properties": {**texts, "status": {"type": "integer"}}}
