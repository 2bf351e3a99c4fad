"""What every site has: health, accessibility statement, a word to robots, an icon."""

from dataclasses import dataclass
from typing import ClassVar

import orjson
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from api.context import caller_of
from api.negotiation import Wanted, wanted
from api.pages.render import Pages
from api.parameters import parameters, refuse_unknown
from api.settings import Settings
from layers.reader import Reader

# Parcels and features are for people who ask for them, not for lists of who lives where.
ROBOTS = """\
User-agent: *
Disallow: /collections
Disallow: /find
Disallow: /jobs
Disallow: /parcels
"""


@dataclass(frozen=True)
class Site:
    """The routes that belong to no data."""

    CONFORMS: ClassVar[tuple[str, ...]] = ()

    settings: Settings
    reader: Reader
    pages: Pages

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/healthz", self.health),
            Route("/accessibility", self.accessibility),
            Route("/robots.txt", self.robots),
            Route("/favicon.ico", self.icon),
        ]

    async def health(self, request: Request) -> Response:
        """Answer which data are served; only of layers that the caller may know of."""
        refuse_unknown(request.query_params)
        actor = caller_of(request.scope).purposeless
        layers = {
            view.layer.id: {"generation": view.generation.number}
            for view in self.reader.collections(actor)
        }
        return Response(
            orjson.dumps({"status": "ok", "layers": layers}), media_type="application/json"
        )

    async def accessibility(self, request: Request) -> Response:
        """Answer the accessibility statement; it is a page whatever form was asked for."""
        parameters(request)
        asked_for = wanted(request, self.settings.language)
        page = Wanted(form="html", language=asked_for.language)
        return self.pages.answer("accessibility", request, page)

    async def robots(self, _: Request) -> Response:
        """Answer what search engines should leave out."""
        return PlainTextResponse(ROBOTS)

    async def icon(self, _: Request) -> Response:
        """Lead to the icon from where browsers look for it."""
        return RedirectResponse("/static/icon.svg", status_code=301)
