"""The pages of tile sets and of tile matrix sets."""

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse

from api.negotiation import Wanted
from api.pages.render import Pages
from gis_core.tiling import MATRIX_SETS, WEB_MERCATOR_QUAD, MatrixSet


def matrix_sets_page(pages: Pages, request: Request, asked_for: Wanted) -> HTMLResponse:
    """Return the page of all tile matrix sets."""
    return pages.answer("matrix_sets", request, asked_for, sets=MATRIX_SETS.values())


def matrix_set_page(
    pages: Pages, request: Request, asked_for: Wanted, one: MatrixSet
) -> HTMLResponse:
    """Return the page of one tile matrix set."""
    matrices = one.document()["tileMatrices"]
    return pages.answer("matrix_set", request, asked_for, one=one, matrices=matrices)


def tile_sets_page(
    pages: Pages, request: Request, asked_for: Wanted, base: str, title: str
) -> HTMLResponse:
    """Return the page of the tile sets of a collection, or of the whole where ``base`` is empty.

    Of rasters there are pictures, at ``/collections/{id}/map``.
    """
    pictures = base.endswith("/map")
    return pages.answer(
        "tilesets",
        request,
        asked_for,
        base=base,
        above=base.removesuffix("/map"),
        heading=title,
        pictures=pictures,
        sets=MATRIX_SETS.values(),
    )


def tile_set_page(
    pages: Pages,
    request: Request,
    asked_for: Wanted,
    base: str,
    one: MatrixSet,
    document: dict[str, Any],
) -> HTMLResponse:
    """Return the page of one tile set; maps of pages are drawn from WebMercatorQuad."""
    return pages.answer(
        "tileset",
        request,
        asked_for,
        base=base,
        one=one,
        set=document,
        matrices=one.document()["tileMatrices"],
        drawn=one is WEB_MERCATOR_QUAD and "layers" in document and "boundingBox" in document,
        collection=base.rsplit("/", 1)[-1] or None,
    )
