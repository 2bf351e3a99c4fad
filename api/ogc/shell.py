"""Asking pygeoapi for the documents of the standards' shell: landing and collections.

pygeoapi is called as a library and only for JSON: its pages load scripts from public
hosts, and its links name things that are not served here. Both are left behind.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time
from typing import Any

import orjson
from pygeoapi import api as core
from pygeoapi.api import API, APIRequest
from starlette.datastructures import Headers, QueryParams

from api.coverages.documents import with_grid
from api.features.formats.registry import GEOJSON, MEDIA_TYPES
from api.ogc.config import pygeoapi_config
from api.records.documents import catalogue, catalogue_link
from api.settings import Settings
from api.styles.documents import style_links
from api.tiles.documents import tile_links
from api.wording import documents, words
from layers.access import Actor
from layers.reader import Reader
from layers.reader.tiles import tiled
from layers.wording import Language

_TYPES = {
    "application/geo+json",
    "application/json",
    "application/schema+json",
    "application/vnd.oai.openapi+json",
    "text/html",
}

_NOT_PYGEOAPIS = {  # what it names so lies at another address, or is ours
    *("ogc-catalog", "tiling-schemes", "processes", "job-list", "execute", "results"),
}
_OURS = {"functions": "/functions", "processes": "/processes", "job-list": "/jobs"}
_JSON, _SCHEMA = "application/json", "application/schema+json"
_CALENDAR = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"
_RELATIONS = "http://www.opengis.net/def/rel/ogc/1.0"

Document = dict[str, Any]
State = tuple[tuple[str, int], ...]  # layers and their generations
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
    """pygeoapi over the current generations; made anew when an import published another.

    Actors are given without a purpose: one pygeoapi serves all of a role.
    """

    def __init__(self, settings: Settings, reader: Reader) -> None:
        self._settings = settings
        self._reader = reader
        self._made: dict[str, tuple[State, API]] = {}  # by role

    def landing(self, actor: Actor, language: Language) -> Document:
        """Return the landing page with the links that are served."""
        document = self._ask(core.landing_page, actor, "/", language)
        document["links"] += tile_links(self._settings.url, "", language)
        document["links"] += style_links(self._settings.url, language)
        document["links"].append(_newer_description(self._settings.url, language))
        for relation, path in _OURS.items():
            document["links"].append(self._beside(relation, path, _JSON, language))
        document["links"].append(catalogue_link(self._settings.url, language))
        everywhere = {"rel": f"{_RELATIONS}/search", "title": words("link", "search-all", language)}
        href = f"{self._settings.url}/search"
        document["links"].append({**everywhere, "type": GEOJSON, "href": href})
        return document

    def collections(self, actor: Actor, language: Language) -> Document:
        """Return all collections that the actor may read."""
        document = self._ask(core.describe_collections, actor, "/collections", language)
        for collection in document["collections"]:
            self._lead_on(collection, actor, language)
        town, sets = self._reader.municipality, self._reader.data_sets(actor)
        if sets:
            document["collections"].append(catalogue(self._settings, town, sets, language))
        return document

    def collection(self, actor: Actor, collection_id: str, language: Language) -> Document:
        """Return one collection; its existence is the caller's to check."""
        call = core.describe_collections
        document = self._ask(call, actor, "/collections", language, collection_id)
        self._lead_on(document, actor, language)
        return document

    def _beside(self, relation: str, path: str, kind: str, language: Language) -> Document:
        """Return the link to a document of ours that pygeoapi does not know."""
        href = f"{self._settings.url}{path}?f=json"
        title = words("link", relation, language)
        return {"rel": f"{_RELATIONS}/{relation}", "type": kind, "href": href, "title": title}

    def _lead_on(self, collection: Document, actor: Actor, language: Language) -> None:
        """Add what pygeoapi knows nothing of."""
        if collection["id"] in self._reader.raster_ids():
            view = self._reader.raster_view(actor, collection["id"])
            grid = self._reader.raster_grid(view, view.crs)
            with_grid(collection, self._settings.url, view, grid, language)
            return
        base = f"/collections/{collection['id']}"
        sortables = self._beside("sortables", f"{base}/sortables", _SCHEMA, language)
        collection["links"].append(sortables)
        interval = self._reader.interval(actor, collection["id"])
        if interval is not None:
            ends = [_moment(interval[0], time.min), _moment(interval[1], time(23, 59, 59))]
            collection["extent"]["temporal"] = {"interval": [ends], "trs": _CALENDAR}
        if tiled(self._reader.view(actor, collection["id"])):
            collection["links"] += tile_links(self._settings.url, base, language)

    def _ask(self, call: Call, actor: Actor, path: str, language: Language, *args: str) -> Document:
        api = self._current(actor)
        request = APIRequest(_Asked(path, language), api.locales)
        _, status, content = call(api, request, *args)
        if status != 200:
            raise RuntimeError(f"pygeoapi answered {status} for {path}")
        document: Document = orjson.loads(content)
        _links_served(document, language)
        return document

    def _current(self, actor: Actor) -> API:
        served = [*self._reader.state().values(), *filter(None, [self._reader.merged()])]
        state = tuple(sorted((info.layer, info.number) for info in served))
        made = self._made.get(actor.role)
        if made is None or made[0] != state:
            made = state, API(pygeoapi_config(self._settings, self._reader, actor), openapi={})
            self._made[actor.role] = made
        return made[1]


def _moment(moment: date | None, of_day: time) -> str | None:
    """Return an instant in UTC as RFC 3339 writes it; of a day, that one."""
    if moment is None:
        return None
    instant = moment if isinstance(moment, datetime) else datetime.combine(moment, of_day)
    return f"{instant.isoformat(timespec='seconds')}Z"


def _newer_description(url: str, language: Language) -> Document:
    """Return the link to the description in OpenAPI 3.1; pygeoapi knows the one in 3.0."""
    link = {"rel": "service-desc", "type": "application/vnd.oai.openapi+json;version=3.1"}
    title = words("link", "service-desc", language)
    return {**link, "title": title, "href": f"{url}/openapi?f=oas31"}


def _links_served(document: Document, language: Language) -> None:
    """Keep the links to what is served, here and in the collections within, and title them."""
    if "links" in document:
        document["links"] = list(_titled(document["links"], language))
    for collection in document.get("collections", ()):
        _links_served(collection, language)


def _titled(links: Iterable[Document], language: Language) -> Iterator[Document]:
    for link in links:
        relation = link["rel"].rsplit("/", 1)[-1]  # OGC's own relations are addresses
        known = relation in documents()["link"] and relation not in _NOT_PYGEOAPIS
        ours = link["type"].split(";")[0] in _TYPES or link["type"] in MEDIA_TYPES.values()
        if known and ours:
            kept = {name: link[name] for name in ("rel", "type", "href")}
            yield kept | {"title": words("link", relation, language)}
