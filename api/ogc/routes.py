"""Landing page, collections, schemas, conformance: pygeoapi's documents, our pages."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.answers import json_answer
from api.caching import revalidated
from api.negotiation import Wanted, wanted
from api.ogc.openapi import OPENAPI_TYPE, SCHEMA, openapi_document
from api.ogc.shell import CONFORMANCE, Document, Shell
from api.pages.render import Pages
from api.settings import Settings
from layers.access import CITIZEN
from layers.reader import Reader
from layers.spec import GeometryKind
from layers.view import CollectionView
from layers.wording import Language


@dataclass(frozen=True)
class Standard:
    """The routes of the standards' shell."""

    settings: Settings
    reader: Reader
    pages: Pages
    shell: Shell

    def routes(self) -> list[Route]:
        """Return the routes."""
        one = "/collections/{collection}"
        return [
            Route("/", self._threaded(self.landing)),
            Route("/conformance", self._threaded(self.conformance)),
            Route("/openapi", self._threaded(self.openapi)),
            Route("/collections", self._threaded(self.collections)),
            Route(one, self._threaded(self.collection)),
            Route(f"{one}/schema", self._threaded(self.schema)),
            Route(f"{one}/queryables", self._threaded(self.queryables)),
        ]

    def _threaded(
        self, answer: Callable[[Request, Wanted], Response]
    ) -> Callable[[Request], object]:
        async def endpoint(request: Request) -> Response:
            asked_for = wanted(request, self.settings.language)
            return await run_in_threadpool(answer, request, asked_for)

        return endpoint

    def landing(self, request: Request, asked_for: Wanted) -> Response:
        """Answer what this service is and where things are."""
        if asked_for.html:
            return self.pages.answer("home", request, asked_for, collections=self._views())
        return json_answer(self.shell.landing(asked_for.language), asked_for.language)

    def collections(self, request: Request, asked_for: Wanted) -> Response:
        """Answer the public collections."""
        if asked_for.html:
            return self.pages.answer("collections", request, asked_for, collections=self._views())
        language = asked_for.language

        def answer() -> Response:
            return json_answer(self.shell.collections(language), language)

        return revalidated(request, asked_for, self._views, answer)

    def collection(self, request: Request, asked_for: Wanted) -> Response:
        """Answer one public collection."""
        view = self._view(request)
        if asked_for.html:
            return self.pages.answer("collection", request, asked_for, view=view)
        language = asked_for.language

        def answer() -> Response:
            return json_answer(self.shell.collection(view.spec.id, language), language)

        return revalidated(request, asked_for, lambda: [self._view(request)], answer)

    def schema(self, request: Request, asked_for: Wanted) -> Response:
        """Answer the JSON Schema of a collection's features."""
        return self._fields(request, asked_for, self.shell.schema)

    def queryables(self, request: Request, asked_for: Wanted) -> Response:
        """Answer which fields can be filtered by."""
        return self._fields(request, asked_for, self.shell.queryables)

    def conformance(self, request: Request, asked_for: Wanted) -> Response:
        """Answer the conformance classes that are served and tested, no others."""
        if asked_for.html:
            return self.pages.answer("conformance", request, asked_for, classes=CONFORMANCE)
        return json_answer({"conformsTo": list(CONFORMANCE)}, asked_for.language)

    def openapi(self, request: Request, asked_for: Wanted) -> Response:
        """Answer the description of the interface."""
        document = openapi_document(self.settings, self.reader, asked_for.language)
        if asked_for.html:
            return self.pages.answer("openapi", request, asked_for, document=document)
        return json_answer(document, asked_for.language, OPENAPI_TYPE)

    def _fields(
        self, request: Request, asked_for: Wanted, ask: Callable[[str, Language], Document]
    ) -> Response:
        view = self._view(request)
        if asked_for.html:
            return self.collection(request, asked_for)
        return json_answer(ask(view.spec.id, asked_for.language), asked_for.language, SCHEMA)

    def _view(self, request: Request) -> CollectionView:
        return self.reader.view(CITIZEN, request.path_params["collection"])

    def _views(self) -> list[CollectionView]:
        return [
            view
            for view in self.reader.collections(CITIZEN)
            if view.spec.geometry is not GeometryKind.NONE
        ]
