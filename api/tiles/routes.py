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
from api.negotiation import Wanted, language_of
from api.ogc.conformance import classes_of
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

Describe = Callable[[Request, Language], Document]


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

    def routes(self) -> list[Route]:
        """Return the routes."""
        routes = [
            Route("/tileMatrixSets", self._described(self._matrix_sets)),
            Route("/tileMatrixSets/{tileMatrixSetId}", self._described(self._matrix_set)),
        ]
        for base in ("", "/collections/{collection}"):
            one = f"{base}/tiles/{{tileMatrixSetId}}"
            routes += [
                Route(f"{base}/tiles", self._described(self._tile_sets)),
                Route(one, self._described(self._tile_set, tilejson=True)),
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
        self, describe: Describe, *, tilejson: bool = False
    ) -> Callable[[Request], object]:
        def answer(request: Request) -> Response:
            form = _form(request, "json", *(("tilejson",) if tilejson else ()))
            language = language_of(request, self.settings.language)
            media_type = TILEJSON if form == "tilejson" else JSON

            def made() -> Response:
                return json_answer(describe(request, language), language, media_type)

            wanted = Wanted(form=form, language=language)
            return revalidated(request, wanted, lambda: self._views(request), made)

        async def endpoint(request: Request) -> Response:
            return await run_in_threadpool(answer, request)

        return endpoint

    def _matrix_sets(self, request: Request, language: Language) -> Document:
        del request
        return matrix_sets(self.settings.url, language)

    def _matrix_set(self, request: Request, language: Language) -> Document:
        return matrix_set(self.settings.url, _set_of(request), language)

    def _tile_sets(self, request: Request, language: Language) -> Document:
        title = self._title(request, language)
        return tile_sets(self.settings.url, _base(request), title, language)

    def _tile_set(self, request: Request, language: Language) -> Document:
        one, views = _set_of(request), self._views(request)
        url, title = self.settings.url, self._title(request, language)
        if _form(request, "json", "tilejson") != "tilejson":
            return tile_set(url, _base(request), title, one, views, language)
        if one is not WEB_MERCATOR_QUAD:
            raise FormatError(
                f"TileJSON knows the tiles of {WEB_MERCATOR_QUAD.id} only",
                advice="Use json.",
                parameter="f",
            )
        return tile_json(url, _base(request), title, views, language)

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
    accepted = request.headers.get("accept", "")
    unsaid = "tilejson" if "tilejson" in forms and TILEJSON in accepted else forms[0]
    form = parameters(request).get("f", unsaid)
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
