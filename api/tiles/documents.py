"""What is said of tiles: tile sets, tile matrix sets, TileJSON; and what leads to them."""

from collections.abc import Sequence
from typing import Any

from api.features.schema import JSON_TYPES
from api.wording import words
from gis_core.offered_crs import CRS84, box_to_crs84
from gis_core.tiling import MATRIX_SETS, WEB_MERCATOR_QUAD, MatrixSet
from layers.reader.tiles import TILE_ID, levels, tile_extent, tile_fields, tile_limits
from layers.spec import GeometryKind
from layers.view import CollectionView
from layers.wording import Language

MVT = "application/vnd.mapbox-vector-tile"
JSON = "application/json"
TILEJSON = "application/vnd.mapbox.tilejson+json"
_REL = "http://www.opengis.net/def/rel/ogc/1.0"
_DIMENSION = {GeometryKind.POINT: 0, GeometryKind.LINE: 1, GeometryKind.POLYGON: 2}
Document = dict[str, Any]


def tile_links(url: str, base: str, language: Language) -> list[Document]:
    """Return the links by which a landing page or a collection leads to its tiles.

    Parameters
    ----------
    url
        Address of the service, without a slash at the end.
    base
        Path of the collection; empty for the landing page.
    """
    links = [_link(f"{_REL}/tilesets-vector", f"{url}{base}/tiles", JSON, language)]
    if not base:
        links.append(_link(f"{_REL}/tiling-schemes", f"{url}/tileMatrixSets", JSON, language))
    return links


def matrix_sets(url: str, language: Language) -> Document:
    """Return the list of tile matrix sets."""
    return {
        "links": [_link("self", f"{url}/tileMatrixSets", JSON, language)],
        "tileMatrixSets": [
            {
                "id": one.id,
                "title": one.title,
                **({"uri": one.uri} if one.uri else {}),
                "crs": one.crs,
                "links": [_link("self", f"{url}/tileMatrixSets/{one.id}", JSON, language)],
            }
            for one in MATRIX_SETS.values()
        ],
    }


def matrix_set(url: str, one: MatrixSet, language: Language) -> Document:
    """Return a tile matrix set."""
    links = [_link("self", f"{url}/tileMatrixSets/{one.id}", JSON, language)]
    return {**one.document(), "links": links}


def tile_sets(url: str, base: str, title: str, language: Language) -> Document:
    """Return the list of the tile sets of a collection, or of the whole."""
    return {
        "links": [_link("self", f"{url}{base}/tiles", JSON, language)],
        "tilesets": [_tile_set(url, base, title, one, language) for one in MATRIX_SETS.values()],
    }


def tile_set(
    url: str,
    base: str,
    title: str,
    one: MatrixSet,
    views: Sequence[CollectionView],
    language: Language,
) -> Document:
    """Return the metadata of a tile set: its levels, where it has something, its layers."""
    extent = tile_extent(views, one)
    found = [tile_limits(views, one, z) for z in levels(one)]
    document = _tile_set(url, base, title, one, language)
    document["tileMatrixSetLimits"] = [
        {
            "tileMatrix": str(limits.z),
            "minTileRow": limits.first_row,
            "maxTileRow": limits.last_row,
            "minTileCol": limits.first_column,
            "maxTileCol": limits.last_column,
        }
        for limits in found
        if limits is not None
    ]
    if extent is not None:
        west, south, east, north = box_to_crs84(extent, one.epsg)
        document["boundingBox"] = {
            "lowerLeft": [west, south],
            "upperRight": [east, north],
            "crs": CRS84,
        }
    document["layers"] = [_layer(view, one, language) for view in views]
    return document


def tile_json(
    url: str, base: str, title: str, views: Sequence[CollectionView], language: Language
) -> Document:
    """Return TileJSON 3.0.0, which knows the tiles of WebMercatorQuad only."""
    one = WEB_MERCATOR_QUAD
    extent = tile_extent(views, one)
    bounds = {"bounds": list(box_to_crs84(extent, one.epsg))} if extent else {}
    return {
        "tilejson": "3.0.0",
        "name": title,
        "tiles": [f"{url}{base}/tiles/{one.id}/{{z}}/{{y}}/{{x}}"],
        "scheme": "xyz",
        "minzoom": levels(one)[0],
        "maxzoom": levels(one)[-1],
        **bounds,
        "vector_layers": vector_layers(views, language),
    }


def vector_layers(views: Sequence[CollectionView], language: Language) -> list[Document]:
    """Return what TileJSON and PMTiles say of the layers in tiles of WebMercatorQuad."""
    served = levels(WEB_MERCATOR_QUAD)
    return [
        {
            "id": view.id,
            "description": view.spec.title[language],
            "minzoom": served[0],
            "maxzoom": served[-1],
            "fields": {
                TILE_ID: "string",
                **{f.name: f.title[language] for f in tile_fields(view)},
            },
        }
        for view in views
    ]


def _tile_set(url: str, base: str, title: str, one: MatrixSet, language: Language) -> Document:
    here = f"{url}{base}/tiles/{one.id}"
    links = [
        _link("self", here, JSON, language),
        _link(f"{_REL}/tiling-scheme", f"{url}/tileMatrixSets/{one.id}", JSON, language),
        {
            "rel": "item",
            "type": MVT,
            "title": words("link", "tile", language),
            "href": f"{here}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}",
            "templated": True,
        },
    ]
    if one is WEB_MERCATOR_QUAD:
        links.append(_link("alternate", f"{here}?f=tilejson", TILEJSON, language))
    return {
        "title": f"{title} ({one.id})",
        "dataType": "vector",
        "crs": one.crs,
        **({"tileMatrixSetURI": one.uri} if one.uri else {}),
        "links": links,
    }


def _layer(view: CollectionView, one: MatrixSet, language: Language) -> Document:
    fields = {f.name: {**JSON_TYPES[f.type], "title": f.title[language]} for f in tile_fields(view)}
    return {
        "id": view.id,
        "title": view.spec.title[language],
        "dataType": "vector",
        "geometryDimension": _DIMENSION[view.spec.geometry],
        "minTileMatrix": str(levels(one)[0]),
        "maxTileMatrix": str(levels(one)[-1]),
        "propertiesSchema": {
            "type": "object",
            "properties": {TILE_ID: {"type": "string"}, **fields},
        },
    }


def _link(rel: str, href: str, media_type: str, language: Language) -> Document:
    title = words("link", rel.rsplit("/", 1)[-1], language)
    return {"rel": rel, "type": media_type, "title": title, "href": href}
