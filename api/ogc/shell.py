"""Asking pygeoapi for the documents of the standards' shell: landing, collections, schemas.

pygeoapi is called as a library and only for JSON: its pages load scripts from public
hosts, and its links name things that are not served here. Both are left behind.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson
from pygeoapi import api as core
from pygeoapi.api import API, APIRequest, itemtypes
from starlette.datastructures import Headers, QueryParams

from api.ogc.config import pygeoapi_config
from api.settings import Settings
from api.wording import documents, words
from layers.access import CITIZEN
from layers.reader import Reader
from layers.wording import Language

CONFORMANCE = (
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/html",
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/json",
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/landing-page",
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/html",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
)
_TYPES = {
    "application/geo+json",
    "application/json",
    "application/schema+json",
    "application/vnd.oai.openapi+json",
    "text/html",
}

Document = dict[str, Any]
Call = Callable[..., tuple[dict[str, str], int, str]]


class _Asked:
    """What pygeoapi needs to know of a request: JSON, in a language, at a path."""

    def __init__(self, path: str, language: Language) -> None:
        self.query_params = QueryParams({"f": "json", "lang": language})
        self.headers = Headers({})
        self.path_params = {"path_info": path}
        self.scope = {"path": path}
        self.url = path


class Shell:
    """pygeoapi over the current generations; made anew when an import published another."""

    def __init__(self, settings: Settings, reader: Reader) -> None:
        self._settings = settings
        self._reader = reader
        self._api: API | None = None
        self._made_for: tuple[tuple[str, int], ...] = ()

    def landing(self, language: Language) -> Document:
        """Return the landing page with the links that are served."""
        return self._ask(core.landing_page, "/", language)

    def collections(self, language: Language) -> Document:
        """Return all public collections."""
        return self._ask(core.describe_collections, "/collections", language)

    def collection(self, collection_id: str, language: Language) -> Document:
        """Return one public collection; its existence is the caller's to check."""
        return self._ask(core.describe_collections, "/collections", language, collection_id)

    def schema(self, collection_id: str, language: Language) -> Document:
        """Return the JSON Schema of a collection's features."""
        return self._fields(core.get_collection_schema, collection_id, language)

    def queryables(self, collection_id: str, language: Language) -> Document:
        """Return the fields that may be filtered by."""
        return self._fields(itemtypes.get_collection_queryables, collection_id, language)

    def _fields(self, call: Call, collection_id: str, language: Language) -> Document:
        """Return a document about fields, with their titles in the language asked for."""
        document = self._ask(call, "/collections", language, collection_id)
        for field in self._reader.view(CITIZEN, collection_id).fields:
            described = document["properties"][field.name]
            described["title"] = field.title[language]
            if field.unit:
                described["x-ogc-unit"] = field.unit
            about = [field.description[language]] if field.description else []
            if field.codes:
                described["enum"] = list(field.codes)
                meanings = (f"{code}: {title[language]}" for code, title in field.codes.items())
                about.append("; ".join(meanings))
            if about:
                described["description"] = "\n".join(about)
        return document

    def _ask(self, call: Call, path: str, language: Language, *args: str) -> Document:
        api = self._current()
        request = APIRequest(_Asked(path, language), api.locales)
        _, status, content = call(api, request, *args)
        if status != 200:
            raise RuntimeError(f"pygeoapi answered {status} for {path}")
        document: Document = orjson.loads(content)
        _links_served(document, language)
        return document

    def _current(self) -> API:
        state = tuple(sorted((k, info.number) for k, info in self._reader.state().items()))
        if self._api is None or state != self._made_for:
            self._api = API(pygeoapi_config(self._settings, self._reader), openapi={})
            self._made_for = state
        return self._api


def _links_served(document: Document, language: Language) -> None:
    """Keep the links to what is served, here and in the collections within, and title them."""
    if "links" in document:
        document["links"] = list(_titled(document["links"], language))
    for collection in document.get("collections", ()):
        _links_served(collection, language)


def _titled(links: Iterable[Document], language: Language) -> Iterator[Document]:
    for link in links:
        relation = link["rel"].rsplit("/", 1)[-1]  # OGC's own relations are addresses
        if link["type"].split(";")[0] in _TYPES and relation in documents()["link"]:
            kept = {name: link[name] for name in ("rel", "type", "href")}
            yield kept | {"title": words("link", relation, language)}
