"""``/styles``: their list, the styles, what is said of each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.answers import json_answer
from api.caching import revalidated
from api.context import caller_of
from api.errors import UnknownStyleError
from api.negotiation import Wanted, wanted
from api.ogc.conformance import classes_of
from api.pages.render import Pages
from api.parameters import parameters, refuse_unknown
from api.settings import Settings
from api.styles.documents import MBS, metadata, styles, stylesheet, title_of
from api.styles.files import glyphs, sprite
from cartography.editions import Edition
from cartography.screen_legend import signatures
from cartography.style import default_catalogue
from cartography.vector_layers import vector_layer
from layers.reader import Reader
from layers.view import CollectionView

_Answer = Callable[[Request, Wanted], Response]


@dataclass(frozen=True)
class Styles:
    """The routes of the map styles, over one reader.

    A style draws the layers that its caller finds in vector tiles, and names no others.
    """

    CONFORMS: ClassVar[tuple[str, ...]] = classes_of("ogcapi-styles-1/0.0", "core", "mapbox-styles")

    settings: Settings
    reader: Reader
    pages: Pages

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/styles", self._threaded(self._styles)),
            Route("/styles/{styleId}", self._threaded(self._style)),
            Route("/styles/{styleId}/metadata", self._threaded(self._metadata)),
            Route("/styles/{styleId}/sprite{sprite}", self._file(sprite)),
            Route("/fonts/{fontstack}/{range}.pbf", self._file(glyphs)),
        ]

    def _threaded(self, answer: _Answer) -> Callable[[Request], object]:
        async def endpoint(request: Request) -> Response:
            parameters(request)
            asked_for = wanted(request, self.settings.language, (("mbs", MBS),))
            return await run_in_threadpool(answer, request, asked_for)

        return endpoint

    def _file(self, answer: Callable[[Request], Response]) -> Callable[[Request], object]:
        async def endpoint(request: Request) -> Response:
            refuse_unknown(request.query_params)
            return await run_in_threadpool(answer, request)

        return endpoint

    def _styles(self, request: Request, asked_for: Wanted) -> Response:
        document = styles(self.settings.url, asked_for.language)
        if asked_for.html:
            return self.pages.answer("styles", request, asked_for, styles=document["styles"])
        return json_answer(document, asked_for.language)

    def _style(self, request: Request, asked_for: Wanted) -> Response:
        edition, language = edition_of(request.path_params["styleId"]), asked_for.language
        if asked_for.html:
            return self._page(request, asked_for, edition)

        def made() -> Response:
            document = stylesheet(self.settings.url, edition, self._views(request), language)
            return json_answer(document, language, MBS)

        return revalidated(request, asked_for, lambda: self._views(request), made)

    def _metadata(self, request: Request, asked_for: Wanted) -> Response:
        edition, views = edition_of(request.path_params["styleId"]), self._views(request)
        if asked_for.html:
            return self._page(request, asked_for, edition)
        contact, language = self.settings.contact_email, asked_for.language
        return json_answer(metadata(self.settings.url, edition, views, contact, language), language)

    def _page(self, request: Request, asked_for: Wanted, edition: Edition) -> Response:
        views, language = self._views(request), asked_for.language
        layers = [vector_layer(view, language) for view in views]
        return self.pages.answer(
            "style",
            request,
            asked_for,
            edition=edition.value,
            title=title_of(edition, language),
            about=metadata(self.settings.url, edition, views, "", language),
            signatures=signatures(default_catalogue(), layers, edition, language),
        )

    def _views(self, request: Request) -> tuple[CollectionView, ...]:
        return self.reader.tiled_views(caller_of(request.scope).purposeless)


def edition_of(name: str) -> Edition:
    """Return the style of a name; UnknownStyleError where there is none."""
    if name not in set(Edition):
        raise UnknownStyleError(
            f"there is no style {name[:80]!r}", advice=f"There are: {', '.join(Edition)}."
        )
    return Edition(name)
