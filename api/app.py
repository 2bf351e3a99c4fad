"""The web application: our own routes first, pygeoapi's documents behind them."""

from importlib.resources import files

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from api.errors import FormatError
from api.features.routes import Features
from api.negotiation import Wanted, wanted
from api.ogc.routes import Standard
from api.ogc.shell import Shell
from api.pages.render import Pages
from api.parcels import Parcels
from api.problems import new_incident, problem, problem_response
from api.security import SecurityHeaders
from api.settings import Settings
from gis_core.errors import FlurbuchError
from layers.reader import open_reader


def create_app(settings: Settings) -> Starlette:
    """Build the application over one data directory. Nothing happens at import.

    Raises
    ------
    StoreError
        The data directory cannot be opened.
    """
    reader = open_reader(settings.data_dir, settings.municipality, settings.layer_dirs)
    pages = Pages(settings, reader.municipality.title)

    async def health(_: Request) -> Response:
        state = {k: {"generation": v.number} for k, v in reader.state().items()}
        return Response(
            orjson.dumps({"status": "ok", "layers": state}), media_type="application/json"
        )

    async def accessibility(request: Request) -> Response:
        asked_for = wanted(request, settings.language)
        return pages.answer(
            "accessibility", request, Wanted(html=True, language=asked_for.language)
        )

    async def failed(request: Request, error: Exception) -> Response:
        return _failed(pages, settings, request, error)

    return Starlette(
        routes=[
            Route("/healthz", health),
            Route("/accessibility", accessibility),
            *Features(settings, reader, pages).routes(),
            *Parcels(settings, reader, pages).routes(),
            *Standard(settings, reader, pages, Shell(settings, reader)).routes(),
            Mount("/static", StaticFiles(directory=str(files("api") / "static"))),
        ],
        middleware=[Middleware(SecurityHeaders)],
        exception_handlers={
            FlurbuchError: failed,
            HTTPException: failed,
            Exception: failed,
        },
    )


def _failed(pages: Pages, settings: Settings, request: Request, error: Exception) -> Response:
    body = problem(error, new_incident(request, error))
    try:
        asked_for = wanted(request, settings.language)
    except FormatError:
        asked_for = Wanted(html=False, language=settings.language)
    if not asked_for.html:
        return problem_response(body)
    status = body["status"]
    assert isinstance(status, int)  # noqa: S101 - problem() always gives one
    return pages.answer("problem", request, asked_for, status=status, problem=body)
