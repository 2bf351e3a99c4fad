"""The paths of rasters, as the description of the interface tells them."""

from functools import partial

from api.coverages.area import offered
from api.coverages.asking import MOST_CELLS, MOST_PIXELS, MOST_SIDE
from api.coverages.documents import HTML, JSON, SCHEMA
from api.coverages.files import COVERAGE_JSON, GEOTIFF
from api.coverages.picture import PNG
from api.ogc.openapi_nodes import BINARY, SHARED_F, SHARED_LANG, Node, get, path, query
from api.wording import words
from gis_core.offered_crs import CRS84
from gis_core.tiling import MATRIX_SETS
from layers.reader.rasters import RasterView
from layers.wording import Language

LIMITS: Node = {
    "coverages": {"maxCells": MOST_CELLS},
    "maps": {"maxWidth": MOST_SIDE, "maxHeight": MOST_SIDE, "maxPixels": MOST_PIXELS},
}
"""How much one answer has at most, for the description's ``info``."""

_OBJECT: Node = {"type": "object"}
_DOCUMENT: Node = {JSON: _OBJECT}
_PAGE: Node = {HTML: {"type": "string"}}


def raster_paths(view: RasterView, language: Language) -> Node:
    """Return the paths of one raster."""
    base, name = f"/collections/{view.id}", view.id
    say = partial(words, "operation", language=language, title=view.spec.title[language])
    common = (SHARED_F, SHARED_LANG)
    matrix_set = path("tileMatrixSetId", language)
    matrix_set["schema"] = {"type": "string", "enum": list(MATRIX_SETS)}
    place = [path(step, language) for step in ("tileMatrix", "tileRow", "tileCol")]
    tiles, area, ground = f"{base}/map/tiles", _area(view, language), _background(language)
    cells: Node = {GEOTIFF: BINARY, COVERAGE_JSON: _OBJECT, JSON: {}}
    paths = {
        base: get(f"{name}.collection", say("raster"), _DOCUMENT | _PAGE, *common),
        f"{base}/schema": get(
            f"{name}.schema", say("raster-schema"), {SCHEMA: _OBJECT} | _PAGE, *common
        ),
        f"{base}/coverage": get(
            f"{name}.getCoverage",
            say("coverage"),
            cells,
            *(*area, *_size(language), *_scale(language), *_fields(view, language)),
            *(_form("f-coverage", ["tif", "covjson", "json"], language), SHARED_LANG),
        ),
        f"{base}/map": get(
            f"{name}.collection.getMap",
            say("map"),
            {PNG: BINARY},
            *(*area, *_size(language), *ground, _form("f-map", ["png"], language), SHARED_LANG),
        ),
        tiles: get(
            f"{name}.collection.map.getTileSetsList",
            say("map-tilesets"),
            _DOCUMENT | _PAGE,
            *common,
        ),
        f"{tiles}/{{tileMatrixSetId}}": get(
            f"{name}.collection.map.getTileSet",
            say("map-tileset"),
            _DOCUMENT | _PAGE,
            *(matrix_set, *common),
        ),
        f"{tiles}/{{tileMatrixSetId}}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}": get(
            f"{name}.collection.map.getTile",
            say("map-tile"),
            {PNG: BINARY},
            *(matrix_set, *place, *ground, _form("f-map", ["png"], language), SHARED_LANG),
        ),
    }
    for part in ("coverage", "map"):
        outcomes = paths[f"{base}/{part}"]["get"]["responses"]
        outcomes |= {s: {"$ref": f"#/components/responses/{s}"} for s in ("404", "406", "413")}
    return paths


def _area(view: RasterView, language: Language) -> list[Node]:
    crs = {"type": "string", "enum": list(offered(int(view.crs.rsplit("/", 1)[-1])))}
    box = {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}}
    subsets = {"type": "array", "items": {"type": "string", "maxLength": 200}}
    return [
        query("bbox", box, language, said="raster-bbox"),
        query("bbox-crs", crs | {"default": CRS84}, language),
        {**query("subset", subsets, language), "explode": True},
        query("subset-crs", crs | {"default": CRS84}, language),
        query("crs", crs | {"default": view.crs}, language, said="raster-crs"),
    ]


def _size(language: Language) -> list[Node]:
    side = {"type": "integer", "minimum": 1}
    return [query(name, side, language) for name in ("width", "height")]


def _scale(language: Language) -> list[Node]:
    text = {"type": "string", "maxLength": 100}
    factor = {"type": "number", "minimum": 0.000_001}
    return [
        query("resolution", text, language),
        query("scale-factor", factor, language),
        query("scale-axes", text, language),
        query("scale-size", text, language),
    ]


def _fields(view: RasterView, language: Language) -> list[Node]:
    names = {"type": "array", "items": {"type": "string", "enum": [view.id, "*"]}}
    return [
        query("properties", names, language, said="raster-properties"),
        query("exclude-properties", {"type": "string", "maxLength": 0}, language),
    ]


def _background(language: Language) -> list[Node]:
    colour = {"type": "string", "default": "0xFFFFFF"}
    return [
        query("bgcolor", colour, language),
        query("transparent", {"type": "boolean"}, language),
    ]


def _form(said: str, names: list[str], language: Language) -> Node:
    schema = {"type": "string", "enum": names, "example": names[0]}
    return query("f", schema, language, said=said)
