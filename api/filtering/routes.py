"""``/collections/{id}/queryables``, ``/collections/{id}/sortables`` and ``/functions``."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.answers import json_answer
from api.caching import revalidated
from api.context import caller_of
from api.filtering.documents import Document, functions, queryables, sortables
from api.negotiation import Wanted, wanted
from api.ogc.conformance import classes_of
from api.ogc.openapi import SCHEMA
from api.pages.fields import fields_page
from api.pages.render import Pages
from api.parameters import parameters
from api.settings import Settings
from layers.reader import Reader
from layers.view import CollectionView
from layers.wording import Language

_Describe = Callable[[CollectionView, str, Language], Document]


@dataclass(frozen=True)
class Filtering:
    """The routes that say what a filter may name, over one reader."""

    CONFORMS: ClassVar[tuple[str, ...]] = (
        *classes_of("ogcapi-features-3/1.0", "queryables", "queryables-query-parameters"),
        *classes_of("ogcapi-features-3/1.0", "filter", "features-filter"),
        *classes_of("cql2/1.0", "cql2-text", "cql2-json", "basic-cql2"),
        *classes_of("cql2/1.0", "advanced-comparison-operators", "case-insensitive-comparison"),
        *classes_of("cql2/1.0", "accent-insensitive-comparison", "basic-spatial-functions"),
        *classes_of("cql2/1.0", "basic-spatial-functions-plus", "spatial-functions"),
        *classes_of("cql2/1.0", "temporal-functions", "array-functions", "property-property"),
        *classes_of("cql2/1.0", "functions", "arithmetic"),
    )

    settings: Settings
    reader: Reader
    pages: Pages

    def routes(self) -> list[Route]:
        """Return the routes."""
        one = "/collections/{collection}"
        return [
            Route(f"{one}/queryables", self._threaded(self.queryables)),
            Route(f"{one}/sortables", self._threaded(self.sortables)),
            Route("/functions", self._threaded(self.functions)),
        ]

    def _threaded(
        self, answer: Callable[[Request, Wanted], Response]
    ) -> Callable[[Request], object]:
        async def endpoint(request: Request) -> Response:
            parameters(request)
            asked_for = wanted(request, self.settings.language)
            return await run_in_threadpool(answer, request, asked_for)

        return endpoint

    def queryables(self, request: Request, asked_for: Wanted) -> Response:
        """Answer which fields can be filtered by."""
        return self._fields(request, asked_for, "queryables", queryables)

    def sortables(self, request: Request, asked_for: Wanted) -> Response:
        """Answer which fields can be sorted by."""
        return self._fields(request, asked_for, "sortables", sortables)

    def functions(self, request: Request, asked_for: Wanted) -> Response:
        """Answer which functions a filter may call."""
        document = functions(asked_for.language)
        if asked_for.html:
            return self.pages.answer("functions", request, asked_for, **document)
        return json_answer(document, asked_for.language)

    def _fields(
        self,
        request: Request,
        asked_for: Wanted,
        kind: Literal["queryables", "sortables"],
        describe: _Describe,
    ) -> Response:
        actor = caller_of(request.scope).purposeless
        view = self.reader.view(actor, request.path_params["collection"])
        if asked_for.html:
            return fields_page(self.pages, request, asked_for, view, kind)
        url, language = f"{self.settings.url}/collections/{view.id}", asked_for.language

        def answer() -> Response:
            return json_answer(describe(view, url, language), language, SCHEMA)

        return revalidated(request, asked_for, lambda: [view], answer)
