"""``/collections/katalog``: the catalogue, its records page by page and one by one."""

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
from api.errors import UnknownFeatureError
from api.negotiation import Wanted, wanted
from api.ogc.conformance import classes_of
from api.pages.render import Pages
from api.parameters import given_once, parameters
from api.records.asking import read
from api.records.documents import GEOJSON, PATH, Document, catalogue, items, record
from api.settings import Settings
from layers.reader import Reader
from layers.reader.catalogue import DataSet
from layers.spec import CATALOGUE
from layers.wording import Language


@dataclass(frozen=True)
class Records:
    """The routes of the catalogue, over one reader.

    Each caller finds what it may know of without a purpose, and no trace of the rest.
    """

    CONFORMS: ClassVar[tuple[str, ...]] = classes_of(
        "ogcapi-records-1/1.0",
        *("html", "json", "record-collection", "record-core", "record-core-query-parameters"),
        *("record-api", "searchable-catalog"),
    )

    settings: Settings
    reader: Reader
    pages: Pages

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route(PATH, self._threaded(self._catalogue)),
            Route(f"{PATH}/items", self._threaded(self._items)),
            Route(f"{PATH}/items/{{recordId}}", self._threaded(self._item)),
        ]

    def _threaded(
        self, answer: Callable[[Request, Wanted], Response]
    ) -> Callable[[Request], object]:
        async def endpoint(request: Request) -> Response:
            asked_for = wanted(request, self.settings.language)
            return await run_in_threadpool(answer, request, asked_for)

        return endpoint

    def _catalogue(self, request: Request, asked_for: Wanted) -> Response:
        parameters(request)
        language, sets = asked_for.language, self._sets(request)
        town = self.reader.municipality
        document = catalogue(self.settings, town, sets, language)
        if asked_for.html:
            records = [self._record(found, language) for found in sets]
            return self.pages.answer(
                "records", request, asked_for, catalogue=document, records=records, q=""
            )
        return self._kept(request, asked_for, sets, document)

    def _items(self, request: Request, asked_for: Wanted) -> Response:
        asked, language = read(given_once(request)), asked_for.language
        sets = self._sets(request)
        found = [r for r in (self._record(d, language) for d in sets) if asked.matches(r)]
        document = items(self.settings.url, asked, found, language)
        if asked_for.html:
            return self.pages.answer(
                "records",
                request,
                asked_for,
                catalogue=catalogue(self.settings, self.reader.municipality, sets, language),
                records=document["features"],
                q=asked.given.get("q", ""),
            )
        return self._kept(request, asked_for, sets, document, GEOJSON)

    def _item(self, request: Request, asked_for: Wanted) -> Response:
        parameters(request)
        name, language = request.path_params["recordId"], asked_for.language
        found = next((one for one in self._sets(request) if one.id == name), None)
        if found is None:
            raise UnknownFeatureError(
                f"{CATALOGUE} has no record {name[:80]!r}", collection=CATALOGUE
            )
        document = self._record(found, language)
        if asked_for.html:
            return self.pages.answer("record", request, asked_for, record=document, found=found)
        return self._kept(request, asked_for, (found,), document, GEOJSON)

    def _kept(
        self,
        request: Request,
        asked_for: Wanted,
        sets: tuple[DataSet, ...],
        document: Document,
        media_type: str = "application/json",
    ) -> Response:
        """Answer a document about data sets, with its validator."""

        def answer() -> Response:
            return json_answer(document, asked_for.language, media_type)

        return revalidated(request, asked_for, lambda: sets, answer)

    def _sets(self, request: Request) -> tuple[DataSet, ...]:
        return self.reader.data_sets(caller_of(request.scope).purposeless)

    def _record(self, found: DataSet, language: Language) -> Document:
        return record(self.settings, self.reader.municipality, found, language)
