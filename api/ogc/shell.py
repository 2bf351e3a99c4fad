"""Asking pygeoapi for the documents of the standards' shell: landing, collections, schemas.

pygeoapi is called as a library and only for JSON: its pages load scripts from public
hosts, and its links name things that are not served here. Both are left behind.
"""

from collections.abc import Callable
from typing import Any

import orjson
from pygeoapi import api as core
from pygeoapi.api import API, APIRequest, itemtypes
from starlette.datastructures import Headers, QueryParams

from api.negotiation import Language
from api.ogc.config import pygeoapi_config
from api.settings import Settings
from layers.access import CITIZEN
from layers.reader import Reader

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
NOT_SERVED = ("f=jsonld", "/processes", "/jobs", "/TileMatrixSets", "/asyncapi")

Document = dict[str, Any]
Call = Callable[..., tuple[dict[str, str], int, str]]


class _Asked:
    """What pygeoapi needs to know of a request: JSON, in a language, at a path."""

    def __init__(self, path: str, language: str) -> None:
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

    def landing(self, language: str) -> Document:
        """Return the landing page with the links that are served."""
        return self._ask(core.landing_page, "/", language)

    def collections(self, language: str) -> Document:
        """Return all public collections."""
        return self._ask(core.describe_collections, "/collections", language)

    def collection(self, collection_id: str, language: str) -> Document:
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
            document["properties"][field.name]["title"] = field.title[language]
        return document

    def _ask(self, call: Call, path: str, language: str, *args: str) -> Document:
        api = self._current()
        request = APIRequest(_Asked(path, language), api.locales)
        _, status, content = call(api, request, *args)
        if status != 200:
            raise RuntimeError(f"pygeoapi answered {status} for {path}")
        document: Document = orjson.loads(content)
        _prune(document)
        return document

    def _current(self) -> API:
        state = tuple(sorted((k, info.number) for k, info in self._reader.state().items()))
        if self._api is None or state != self._made_for:
            self._api = API(pygeoapi_config(self._settings, self._reader), openapi={})
            self._made_for = state
        return self._api


def _prune(document: Document) -> None:
    """Take out links to what is not served, here and in the collections within."""
    document["links"] = [
        link
        for link in document.get("links", ())
        if not any(part in str(link.get("href", "")) for part in NOT_SERVED)
    ]
    for collection in document.get("collections", ()):
        _prune(collection)
