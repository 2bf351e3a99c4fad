"""Landing page, collections, conformance: pygeoapi's documents, our pages; schemas of our own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.answers import json_answer
from api.caching import Source, revalidated
from api.context import caller_of
from api.features.transactions import EDITING, editable
from api.filtering.documents import schema
from api.negotiation import Offered, Wanted, wanted
from api.ogc import listing
from api.ogc.conformance import classes_of, declared
from api.ogc.openapi import (
    OPENAPI_31_TYPE,
    OPENAPI_FORMS,
    OPENAPI_TYPE,
    SCHEMA,
    openapi_document,
)
from api.ogc.openapi_31 import as_31
from api.ogc.openapi_nodes import Node
from api.ogc.shell import Shell
from api.pages.fields import fields_page
from api.pages.maps import degrees_around
from api.pages.render import Pages
from api.parameters import parameters
from api.settings import Settings
from api.surface import Surface
from layers.access import Actor
from layers.reader import Reader
from layers.reader.rasters import RasterView
from layers.reader.tiles import tiled
from layers.spec import GeometryKind
from layers.view import CollectionView
from layers.wording import Language


@dataclass(frozen=True)
class Standard:
    """The routes of the standards' shell; ``beside`` it are the other parts of the service."""

    CONFORMS: ClassVar[tuple[str, ...]] = (
        *classes_of("ogcapi-common-1/1.0", "core", "html", "json", "landing-page", "oas30"),
        *classes_of("ogcapi-common-2/1.0", "collections"),
    )

    settings: Settings
    reader: Reader
    pages: Pages
    shell: Shell
    beside: Sequence[Surface]

    def routes(self) -> list[Route]:
        """Return the routes."""
        one = "/collections/{collection}"
        return [
            Route("/", self._threaded(self.landing)),
            Route("/conformance", self._threaded(self.conformance)),
            Route("/openapi", self._threaded(self.openapi, OPENAPI_FORMS)),
            Route("/collections", self._threaded(self.collections, takes=listing.PARAMETERS)),
            Route(one, self._threaded(self.collection)),
            Route(f"{one}/schema", self._threaded(self.schema)),
        ]

    def _threaded(
        self,
        answer: Callable[[Request, Wanted], Response],
        also: Offered = (),
        takes: Sequence[str] = (),
    ) -> Callable[[Request], object]:
        async def endpoint(request: Request) -> Response:
            parameters(request, *takes)
            asked_for = wanted(request, self.settings.language, also)
            return await run_in_threadpool(answer, request, asked_for)

        return endpoint

    def landing(self, request: Request, asked_for: Wanted) -> Response:
        """Answer what this service is and where things are."""
        if asked_for.html:
            return self._listing("home", request, asked_for)
        return json_answer(
            self.shell.landing(_actor(request), asked_for.language), asked_for.language
        )

    def collections(self, request: Request, asked_for: Wanted) -> Response:
        """Answer the collections that the caller may read, or those that hold some words."""
        asked, language = listing.read_listing(request.query_params), asked_for.language
        if asked_for.html:
            return self._listing("collections", request, asked_for, asked)

        def answer() -> Response:
            document = self.shell.collections(_actor(request), language)
            url = f"{self.settings.url}/collections"
            return json_answer(asked.page(document, url, language), language)

        def sources() -> list[Source]:  # the catalogue is among the collections
            return [*self._views(request), *self.reader.data_sets(_actor(request))]

        return revalidated(request, asked_for, sources, answer)

    def collection(self, request: Request, asked_for: Wanted) -> Response:
        """Answer one collection."""
        view = self._view(request)
        if asked_for.html:
            box, in_tiles = degrees_around(view), tiled(view)
            return self.pages.answer(
                "collection", request, asked_for, view=view, bounds=box, in_tiles=in_tiles
            )
        language = asked_for.language

        def answer() -> Response:
            document = self.shell.collection(_actor(request), view.spec.id, language)
            return json_answer(document, language)

        return revalidated(request, asked_for, lambda: [self._view(request)], answer)

    def schema(self, request: Request, asked_for: Wanted) -> Response:
        """Answer the JSON Schema of a collection's features."""
        view, language = self._view(request), asked_for.language
        if asked_for.html:
            return fields_page(self.pages, request, asked_for, view, "schema")

        def answer() -> Response:
            url = f"{self.settings.url}/collections/{view.id}"
            return json_answer(schema(view, url, language), language, SCHEMA)

        return revalidated(request, asked_for, lambda: [view], answer)

    def conformance(self, request: Request, asked_for: Wanted) -> Response:
        """Answer the conformance classes that are served and tested, no others."""
        classes = declared([self, *self.beside])
        if editable(self.reader, _actor(request)):
            classes = tuple(sorted((*classes, *EDITING)))
        if asked_for.html:
            return self.pages.answer("conformance", request, asked_for, classes=classes)
        return json_answer({"conformsTo": classes}, asked_for.language)

    def openapi(self, request: Request, asked_for: Wanted) -> Response:
        """Answer the description of the interface, in OpenAPI 3.0 or 3.1."""
        language = asked_for.language

        def document() -> Node:
            return openapi_document(self.settings, self.reader, _actor(request), language)

        def answer() -> Response:
            if asked_for.form == "oas31":
                return json_answer(as_31(document()), language, OPENAPI_31_TYPE)
            return json_answer(document(), language, OPENAPI_TYPE)

        if asked_for.html:
            return self.pages.answer("openapi", request, asked_for, document=document())
        return revalidated(request, asked_for, lambda: self._views(request), answer)

    def _view(self, request: Request) -> CollectionView:
        return self.reader.view(_actor(request), request.path_params["collection"])

    def _listing(
        self,
        page: str,
        request: Request,
        asked_for: Wanted,
        asked: listing.Listing = listing.EVERYTHING,
    ) -> Response:
        language, rasters = asked_for.language, self.reader.rasters(_actor(request))
        return self.pages.answer(
            page,
            request,
            asked_for,
            collections=[v for v in self._views(request) if asked.holds(*_texts(v, language))],
            rasters=[r for r in rasters if asked.holds(*_texts(r, language))],
            q=asked.given.get("q", ""),
        )

    def _views(self, request: Request) -> list[CollectionView]:
        return [
            view
            for view in self.reader.collections(_actor(request))
            if view.spec.geometry is not GeometryKind.NONE
        ]


def _texts(view: CollectionView | RasterView, language: Language) -> tuple[str, ...]:
    about = getattr(view.spec, "description", None) or view.layer.description
    told = (view.spec.title, view.layer.title, *((about,) if about else ()))
    return (view.id, *(text[language] for text in told))


def _actor(request: Request) -> Actor:
    return caller_of(request.scope).purposeless
