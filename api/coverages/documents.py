"""What is said of rasters: collection, schema, tile sets of pictures, and what leads to them."""

from typing import Any
from urllib.parse import quote

from api.coverages.area import offered
from api.coverages.asking import MOST_VALUES
from api.coverages.files import COVERAGE_JSON, GEOTIFF
from api.coverages.picture import PNG
from api.wording import words
from gis_core.cell_grid import CellGrid
from gis_core.offered_crs import CRS84, box_to_crs84
from gis_core.tiling import MATRIX_SETS, MatrixSet
from layers.reader.rasters import RasterView
from layers.reader.tiles import levels
from layers.wording import Language

Document = dict[str, Any]
JSON, HTML, SCHEMA = "application/json", "text/html", "application/schema+json"
_REL = "http://www.opengis.net/def/rel/ogc/1.0"


def raster_links(url: str, view: RasterView, grid: CellGrid, language: Language) -> list[Document]:
    """Return the links that lead from a raster's description to its data and pictures."""
    here = f"{url}/collections/{quote(view.id)}"
    few = _few(grid)
    return [
        _link(f"{_REL}/schema", f"{here}/schema?f=json", SCHEMA, language),
        _link(f"{_REL}/coverage", f"{here}/coverage", GEOTIFF, language),
        _link(f"{_REL}/coverage", f"{here}/coverage?f=covjson{few}", COVERAGE_JSON, language),
        _link(f"{_REL}/map", f"{here}/map", PNG, language),
        _link(f"{_REL}/tilesets-map", f"{here}/map/tiles", JSON, language),
    ]


def with_grid(
    document: Document, url: str, view: RasterView, grid: CellGrid, language: Language
) -> Document:
    """Complete the description of a raster: its grid, its reference systems, its links."""
    storage = int(view.crs.rsplit("/", 1)[-1])
    west, south, east, north = grid.box
    document["itemType"] = "coverage"  # without, clients take it for features
    document["crs"] = [view.crs, *(uri for uri in offered(storage) if uri != view.crs)]
    document["storageCrs"] = view.crs
    document["extent"]["spatial"] = {
        "bbox": [list(box_to_crs84(grid.box, storage))],
        "crs": CRS84,
        "storageCrsBbox": [[west, south, east, north]],
        "grid": [
            _axis(west + grid.dx / 2, grid.dx, grid.width),
            _axis(south + grid.dy / 2, grid.dy, grid.height),
        ],
    }
    ours = {"coverage", "map", "queryables", "schema"}
    kept = [k for k in document["links"] if k["rel"].rsplit("/", 1)[-1] not in ours]
    document["links"] = [*kept, *raster_links(url, view, grid, language)]
    return document


def schema(url: str, view: RasterView, language: Language) -> Document:
    """Return the JSON Schema of a raster's only field."""
    field: Document = {
        "title": view.spec.title[language],
        "type": "integer" if view.classes else "number",
        "x-ogc-propertySeq": 1,
        "x-ogc-variableType": "categoricalNominal" if view.classes else "continuous",
    }
    if view.spec.unit:
        field |= {"x-ogc-unit": view.spec.unit, "x-ogc-unitLang": "UCUM"}
    if view.spec.codes:
        field["enum"] = [int(code) for code in view.spec.codes]
        meanings = (f"{code}: {title[language]}" for code, title in view.spec.codes.items())
        field["description"] = "; ".join(meanings)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{url}/collections/{quote(view.id)}/schema",
        "type": "object",
        "title": view.spec.title[language],
        "properties": {view.id: field},
    }


def map_tile_sets(url: str, view: RasterView, language: Language) -> Document:
    """Return the list of the tile sets of pictures."""
    return {
        "links": [_link("self", f"{_tiles(url, view)}", JSON, language)],
        "tilesets": [_tile_set(url, view, one, language) for one in MATRIX_SETS.values()],
    }


def map_tile_set(
    url: str, view: RasterView, one: MatrixSet, grid: CellGrid, language: Language
) -> Document:
    """Return the metadata of a tile set of pictures; ``grid`` is the raster's in its CRS."""
    found = [one.limits(grid.box, z) for z in levels(one)]
    west, south, east, north = box_to_crs84(grid.box, one.epsg)
    return {
        **_tile_set(url, view, one, language),
        "tileMatrixSetLimits": [
            {
                "tileMatrix": str(limits.z),
                "minTileRow": limits.first_row,
                "maxTileRow": limits.last_row,
                "minTileCol": limits.first_column,
                "maxTileCol": limits.last_column,
            }
            for limits in found
            if limits is not None
        ],
        "boundingBox": {"lowerLeft": [west, south], "upperRight": [east, north], "crs": CRS84},
    }


def _tile_set(url: str, view: RasterView, one: MatrixSet, language: Language) -> Document:
    here = f"{_tiles(url, view)}/{one.id}"
    return {
        "title": f"{view.spec.title[language]} ({one.id})",
        "dataType": "map",
        "crs": one.crs,
        **({"tileMatrixSetURI": one.uri} if one.uri else {}),
        "links": [
            _link("self", here, JSON, language),
            _link(f"{_REL}/tiling-scheme", f"{url}/tileMatrixSets/{one.id}", JSON, language),
            {
                "rel": "item",
                "type": PNG,
                "title": words("link", "tile", language),
                "href": f"{here}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}",
                "templated": True,
            },
        ],
    }


def _tiles(url: str, view: RasterView) -> str:
    return f"{url}/collections/{quote(view.id)}/map/tiles"


def _few(grid: CellGrid) -> str:
    """Return what to ask for so that an answer as text has not too many values."""
    factor = max(1.0, (grid.cells / MOST_VALUES) ** 0.5)
    width, height = (max(1, int(n / factor)) for n in (grid.width, grid.height))
    return f"&width={width}&height={height}"


def _axis(first: float, step: float, count: int) -> Document:
    half = [-step / 2, step / 2]
    return {
        "cellsCount": count,
        "firstCoordinate": first,
        "resolution": step,
        "relativeBounds": half,
    }


def _link(rel: str, href: str, media_type: str, language: Language) -> Document:
    title = words("link", rel.rsplit("/", 1)[-1], language)
    return {"rel": rel, "type": media_type, "title": title, "href": href}
