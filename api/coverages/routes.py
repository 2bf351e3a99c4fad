"""``/collections/{id}`` of rasters: description, ``coverage``, ``map`` and its tiles."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from api.answers import json_answer
from api.caching import revalidated
from api.context import caller_of
from api.coverages import asking
from api.coverages.documents import (
    SCHEMA,
    map_tile_set,
    map_tile_sets,
    schema,
)
from api.coverages.files import COVERAGE_JSON, GEOTIFF, coverage_json, geotiff, one_value
from api.coverages.picture import PNG, legend, png
from api.coverages.words import picture_text
from api.errors import FormatError
from api.negotiation import Offered, Wanted, wanted
from api.ogc.conformance import classes_of
from api.ogc.shell import Shell
from api.pages.render import Pages
from api.pages.tiles import tile_set_page, tile_sets_page
from api.settings import Settings
from api.tiles.routes import matrix_set_of, whole
from gis_core.cell_grid import CellGrid, grid_over
from gis_core.errors import TileAddressError
from gis_core.tiling import CELLS
from layers.access import Actor
from layers.reader import Reader
from layers.reader.rasters import RasterView
from layers.reader.tiles import levels

_COVERAGES: Offered = (("tif", "image/tiff"), ("covjson", COVERAGE_JSON))
_MAPS: Offered = (("png", PNG),)
_OF_DOCUMENTS = ("f", "lang")
_OF_TILES = ("bgcolor", "transparent", "f", "lang")
Answer = Callable[[Request, RasterView, Wanted], Response]


@dataclass(frozen=True)
class Coverages:
    """The routes of the rasters, over one reader; ``shell`` has their descriptions."""

    CONFORMS: ClassVar[tuple[str, ...]] = (
        *classes_of(
            "ogcapi-coverages-1/1.0",
            *("core", "subsetting-spatial", "scaling-spatial", "field-selection", "crs"),
            *("position-query", "geotiff", "cog", "coveragejson", "api-operations"),
        ),
        *classes_of(
            "ogcapi-maps-1/1.0",
            *("core", "collection-map", "crs", "png", "tilesets", "cors", "api-operations"),
        ),
    )

    settings: Settings
    reader: Reader
    pages: Pages
    shell: Shell

    def routes(self) -> list[Route]:
        """Return the routes."""
        found = []
        for name in self.reader.raster_ids():
            base = f"/collections/{name}"
            tiles = f"{base}/map/tiles"
            for path, answer, offered in (
                (base, self._collection, ()),
                (f"{base}/schema", self._schema, ()),
                (f"{base}/coverage", self._coverage, _COVERAGES),
                (f"{base}/map", self._map, _MAPS),
                (tiles, self._tile_sets, ()),
                (f"{tiles}/{{tileMatrixSetId}}", self._tile_set, ()),
                (
                    f"{tiles}/{{tileMatrixSetId}}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}",
                    self._tile,
                    _MAPS,
                ),
            ):
                found.append(Route(path, self._threaded(name, answer, offered)))
        return found

    def _threaded(self, name: str, answer: Answer, offered: Offered) -> Callable[..., object]:
        async def endpoint(request: Request) -> Response:
            asked_for = wanted(request, self.settings.language, also=offered)
            return await run_in_threadpool(self._answer, request, name, answer, asked_for)

        return endpoint

    def _answer(self, request: Request, name: str, answer: Answer, asked_for: Wanted) -> Response:
        def view() -> RasterView:
            return self.reader.raster_view(_actor(request), name)

        if asked_for.html:
            return answer(request, view(), asked_for)
        return revalidated(
            request,
            asked_for,
            lambda: [view()],
            lambda: answer(request, view(), asked_for),
            strong=True,
        )

    # -- what is said of them ------------------------------------------------------------

    def _collection(self, request: Request, view: RasterView, asked_for: Wanted) -> Response:
        _refuse(request, _OF_DOCUMENTS)
        language = asked_for.language
        if asked_for.html:
            grid, seen = self._grid(view, view.crs), self.reader.raster_survey(view)
            return self.pages.answer(
                "raster",
                request,
                asked_for,
                view=view,
                grid=grid,
                legend=legend(self.reader, view, language),
                alternative=picture_text(view, seen, language),
                picture=_picture_size(grid),
            )
        return json_answer(self.shell.collection(_actor(request), view.id, language), language)

    def _schema(self, request: Request, view: RasterView, asked_for: Wanted) -> Response:
        if asked_for.html:
            return self._collection(request, view, asked_for)
        _refuse(request, _OF_DOCUMENTS)
        language = asked_for.language
        return json_answer(schema(self.settings.url, view, language), language, SCHEMA)

    def _tile_sets(self, request: Request, view: RasterView, asked_for: Wanted) -> Response:
        _refuse(request, _OF_DOCUMENTS)
        language = asked_for.language
        if asked_for.html:
            title, base = view.spec.title[language], f"/collections/{view.id}/map"
            return tile_sets_page(self.pages, request, asked_for, base, title)
        return json_answer(map_tile_sets(self.settings.url, view, language), language)

    def _tile_set(self, request: Request, view: RasterView, asked_for: Wanted) -> Response:
        _refuse(request, _OF_DOCUMENTS)
        one = matrix_set_of(request.path_params["tileMatrixSetId"])
        grid = self._grid(view, one.crs)
        url, language = self.settings.url, asked_for.language
        document = map_tile_set(url, view, one, grid, language)
        if asked_for.html:
            base = f"/collections/{view.id}/map"
            return tile_set_page(self.pages, request, asked_for, base, one, document)
        return json_answer(document, language)

    # -- what they hold ------------------------------------------------------------------

    def _coverage(self, request: Request, view: RasterView, asked_for: Wanted) -> Response:
        given, subsets = _given(request, asking.OF_COVERAGES)
        form = _form(
            given,
            asked_for,
            *("tif", ("tif", "covjson", "json")),
            request.headers.get("accept", ""),
        )
        text = form != "tif"
        most = asking.MOST_VALUES if text else asking.MOST_CELLS
        grid_in = partial(self._grid, view)
        asked = asking.read_coverage(given, subsets, view.id, view.crs, grid_in, most)
        headers = asking.content_headers(asked.grid, asked.crs) | {"Vary": "Accept"}
        if asked.everything and not text:
            return FileResponse(
                view.path, headers=headers, media_type=GEOTIFF, filename=f"{view.id}.tif"
            )
        asking.check_size(asked.grid, most)
        if asked.own is not None:
            cells = self.reader.own_cells(view, asked.own)
        else:
            cells = self.reader.cells_on(view, asked.crs, asked.grid)
        if asked.place and form == "json":
            return Response(one_value(cells), media_type="application/json", headers=headers)
        if text:
            content = coverage_json(cells, view)
            return Response(content, media_type=COVERAGE_JSON, headers=headers)
        headers["Content-Disposition"] = f'attachment; filename="{view.id}.tif"'
        return Response(geotiff(cells), media_type=GEOTIFF, headers=headers)

    def _map(self, request: Request, view: RasterView, asked_for: Wanted) -> Response:
        given, subsets = _given(request, asking.OF_MAPS)
        _form(given, asked_for, "png", ("png",))
        asked = asking.read_map(given, subsets, view.crs, partial(self._grid, view))
        return self._picture(view, asked)

    def _tile(self, request: Request, view: RasterView, asked_for: Wanted) -> Response:
        given, _ = _given(request, _OF_TILES)
        _form(given, asked_for, "png", ("png",))
        path = request.path_params
        one = matrix_set_of(path["tileMatrixSetId"])
        z, y, x = (whole(path[name]) for name in ("tileMatrix", "tileRow", "tileCol"))
        tile = one.tile(z, x, y)
        limits = one.limits(self._grid(view, one.crs).box, z) if z in levels(one) else None
        if limits is None or not limits.holds(x, y):
            raise TileAddressError(
                f"tile {z}/{y}/{x} of {one.id} (level/row/column) lies beyond the data",
                advice="The metadata of the tile set say which levels, rows and columns it has.",
            )
        background, opaque = asking.read_background(given)
        grid = grid_over(tile.box, CELLS, CELLS)
        return self._picture(view, asking.MapAsked(one.crs, grid, background, opaque))

    def _picture(self, view: RasterView, asked: asking.MapAsked) -> Response:
        headers = asking.content_headers(asked.grid, asked.crs)
        return Response(png(self.reader, view, asked), media_type=PNG, headers=headers)

    def _grid(self, view: RasterView, crs: str) -> CellGrid:
        return self.reader.raster_grid(view, crs)


def _given(request: Request, known: tuple[str, ...]) -> tuple[dict[str, str], list[str]]:
    _refuse(request, known)
    given = dict(request.query_params.multi_items())
    given.pop("subset", None)
    return given, request.query_params.getlist("subset")


def _refuse(request: Request, known: tuple[str, ...]) -> None:
    asking.refuse_unknown(request.query_params.multi_items(), known)


def _form(
    given: dict[str, str],
    asked_for: Wanted,
    usual: str,
    offered: tuple[str, ...],
    accepted: str = "",
) -> str:
    """Return the form asked for by ``f``, else by the Accept header; browsers get the usual one."""
    if "f" in given:
        if given["f"] not in offered:
            raise _not_offered(given["f"], offered)
        return given["f"]
    # Of who takes anything, negotiation says "json", too.
    named = asked_for.form != "json" or "json" in accepted
    return asked_for.form if asked_for.form in offered and named else usual


def _not_offered(form: str, offered: tuple[str, ...]) -> FormatError:
    return FormatError(
        f"f: {form[:40]!r} is not offered", advice=f"Use {', '.join(offered)}.", parameter="f"
    )


def _picture_size(grid: CellGrid) -> tuple[int, int]:
    """Return width and height of the picture on the page."""
    shrink = 800 / max(grid.width, grid.height)
    return max(1, round(grid.width * shrink)), max(1, round(grid.height * shrink))


def _actor(request: Request) -> Actor:
    return caller_of(request.scope).purposeless
