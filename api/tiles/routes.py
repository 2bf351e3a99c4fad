"""``/tiles``, ``/collections/{id}/tiles`` and ``/tileMatrixSets``."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import ClassVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.answers import json_answer
from api.caching import VARY, encoding_of, kept_headers, not_modified, revalidated, strong_tag
from api.context import caller_of
from api.errors import FormatError
from api.negotiation import Wanted, wanted
from api.ogc.conformance import classes_of
from api.pages import tiles as tile_pages
from api.pages.render import Pages
from api.parameters import parameters
from api.settings import Settings
from api.tiles.documents import (
    JSON,
    MVT,
    TILEJSON,
    Document,
    matrix_set,
    matrix_sets,
    tile_json,
    tile_set,
    tile_sets,
)
from gis_core.errors import TileAddressError
from gis_core.tiling import MATRIX_SETS, WEB_MERCATOR_QUAD, MatrixSet
from layers.access import Actor
from layers.reader import Reader
from layers.reader.tiles import VectorTile
from layers.view import CollectionView
from layers.wording import Language

Describe = Callable[[Request, Wanted], Document]
Page = Callable[[Pages, Request, Wanted], Response]


@dataclass(frozen=True)
class VectorTiles:
    """The routes of the vector tiles, over one reader.

    What is in a tile are chosen fields that need no purpose: nothing here is logged.
    """

    CONFORMS: ClassVar[tuple[str, ...]] = (
        *classes_of(
            "ogcapi-tiles-1/1.0",
            *("core", "dataset-tilesets", "geodata-tilesets", "mvt", "oas30"),
            *("tileset", "tilesets-list"),
        ),
        *classes_of(
            "tms/2.0",
            *("json-tilematrixset", "json-tilematrixsetlimits", "json-tilesetmetadata"),
            *("tilematrixset", "tilematrixsetlimits", "tilesetmetadata"),
        ),
    )

    settings: Settings
    reader: Reader
    pages: Pages

    def routes(self) -> list[Route]:
        """Return the routes."""
        routes = [
            Route(
                "/tileMatrixSets", self._described(self._matrix_sets, tile_pages.matrix_sets_page)
            ),
            Route(
                "/tileMatrixSets/{tileMatrixSetId}",
                self._described(self._matrix_set, self._matrix_set_page),
            ),
        ]
        for base in ("", "/collections/{collection}"):
            one = f"{base}/tiles/{{tileMatrixSetId}}"
            routes += [
                Route(f"{base}/tiles", self._described(self._tile_sets, self._tile_sets_page)),
                Route(one, self._described(self._tile_set, self._tile_set_page, TILEJSON)),
                Route(f"{one}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}", self.tile),
            ]
        return routes

    async def tile(self, request: Request) -> Response:
        """Answer a tile."""
        _form(request, "mvt")
        return await run_in_threadpool(self._tile, request)

    def _tile(self, request: Request) -> Response:
        path = request.path_params
        one = _set_of(request)
        z, y, x = (whole(path[name]) for name in ("tileMatrix", "tileRow", "tileCol"))
        only = [path["collection"]] if "collection" in path else None
        tile = self.reader.tile(_actor(request), only, one, z, x, y)
        return _tile_answer(request, tile)

    def _described(
        self, describe: Describe, page: Page, also: str = ""
    ) -> Callable[[Request], object]:
        """Return what answers a document as data, as a page, or as TileJSON."""
        offered = (("tilejson", also),) if also else ()

        def answer(request: Request) -> Response:
            _form(request, "json", "html", *dict(offered))
            asked_for = wanted(request, self.settings.language, offered)
            if asked_for.html:
                return page(self.pages, request, asked_for)
            media_type = also if asked_for.form == "tilejson" else JSON

            def made() -> Response:
                document = describe(request, asked_for)
                return json_answer(document, asked_for.language, media_type)

            return revalidated(request, asked_for, lambda: self._views(request), made)

        async def endpoint(request: Request) -> Response:
            return await run_in_threadpool(answer, request)

        return endpoint

    def _matrix_sets(self, request: Request, asked_for: Wanted) -> Document:
        del request
        return matrix_sets(self.settings.url, asked_for.language)

    def _matrix_set(self, request: Request, asked_for: Wanted) -> Document:
        return matrix_set(self.settings.url, _set_of(request), asked_for.language)

    def _matrix_set_page(self, pages: Pages, request: Request, asked_for: Wanted) -> Response:
        return tile_pages.matrix_set_page(pages, request, asked_for, _set_of(request))

    def _tile_sets(self, request: Request, asked_for: Wanted) -> Document:
        self._views(request)  # of nothing that has no tiles
        title = self._title(request, asked_for.language)
        return tile_sets(self.settings.url, _base(request), title, asked_for.language)

    def _tile_sets_page(self, pages: Pages, request: Request, asked_for: Wanted) -> Response:
        self._views(request)
        title = self._title(request, asked_for.language)
        return tile_pages.tile_sets_page(pages, request, asked_for, _base(request), title)

    def _tile_set(self, request: Request, asked_for: Wanted) -> Document:
        one, views, language = _set_of(request), self._views(request), asked_for.language
        url, title = self.settings.url, self._title(request, language)
        if asked_for.form != "tilejson":
            return tile_set(url, _base(request), title, one, views, language)
        if one is not WEB_MERCATOR_QUAD:
            raise FormatError(
                f"TileJSON knows the tiles of {WEB_MERCATOR_QUAD.id} only",
                advice="Use json.",
                parameter="f",
            )
        return tile_json(url, _base(request), title, views, language)

    def _tile_set_page(self, pages: Pages, request: Request, asked_for: Wanted) -> Response:
        document = self._tile_set(request, asked_for)
        one, base = _set_of(request), _base(request)
        return tile_pages.tile_set_page(pages, request, asked_for, base, one, document)

    def _title(self, request: Request, language: Language) -> str:
        if "collection" in request.path_params:
            return self._views(request)[0].spec.title[language]
        return self.reader.municipality.title[language]

    def _views(self, request: Request) -> tuple[CollectionView, ...]:
        path = request.path_params
        only = [path["collection"]] if "collection" in path else None
        return self.reader.tiled_views(_actor(request), only)


def _tile_answer(request: Request, tile: VectorTile) -> Response:
    """Return a tile as it is kept, or unpacked for who cannot; 304 where the caller has it."""
    encoding = encoding_of(request.headers)
    tag = strong_tag(tile.key, encoding)
    headers = kept_headers(caller_of(request.scope), tag, tile.modified)
    headers["Vary"] = VARY
    if not_modified(request.headers, tag, tile.modified):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    if not tile.content:
        return Response(status_code=HTTPStatus.NO_CONTENT, headers=headers)
    if encoding == "identity":
        return Response(gzip.decompress(tile.content), media_type=MVT, headers=headers)
    headers["Content-Encoding"] = "gzip"
    return Response(tile.content, media_type=MVT, headers=headers)


def _set_of(request: Request) -> MatrixSet:
    return matrix_set_of(request.path_params["tileMatrixSetId"])


def matrix_set_of(name: str) -> MatrixSet:
    """Return the matrix set of a name; TileAddressError where there is none."""
    if name not in MATRIX_SETS:
        raise TileAddressError(
            f"there is no tile matrix set {name[:80]!r}",
            advice=f"There are: {', '.join(MATRIX_SETS)}.",
        )
    return MATRIX_SETS[name]


def whole(text: str) -> int:
    """Return a level, row or column; TileAddressError where it is no number."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise TileAddressError(
            f"found {text[:80]!r} where a level, row or column is expected",
            advice="Ask for /tiles/SET/LEVEL/ROW/COLUMN.",
        )
    return int(text)


def _form(request: Request, *forms: str) -> str:
    """Return the form asked for, the first when none is; refuse what is no parameter here."""
    form = parameters(request).get("f", forms[0])
    if form not in forms:
        raise FormatError(
            f"f: {form[:40]!r} is not offered", advice=f"Use {' or '.join(forms)}.", parameter="f"
        )
    return form


def _base(request: Request) -> str:
    collection = request.path_params.get("collection")
    return f"/collections/{collection}" if collection else ""


def _actor(request: Request) -> Actor:
    return caller_of(request.scope).purposeless
