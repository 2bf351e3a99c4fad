"""``items`` and ``items/{featureId}`` out of ready features."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain
from math import isfinite
from urllib.parse import parse_qsl, quote

import numpy as np
from numpy.typing import NDArray
from starlette.types import Scope

from api.caching import digest
from api.context import Caller, caller_of
from api.features.answers import (
    ITEMS_TAIL,
    Link,
    Page,
    items_head,
    items_headers,
    items_links,
    with_links,
)
from api.features.cursor import Cursors, bound_to, view_at
from api.features.formats.registry import GEOJSON, OFFERED
from api.features.parameters import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    MAX_OFFSET,
    MOST_MADE,
    read_items_request,
)
from api.features.text_search import read_text
from api.negotiation import decide
from api.raw.answer import Body, Piece, Prepared
from api.settings import Settings
from gis_core.offered_crs import CRS84, supported_crs
from gis_core.search_area import SearchArea, search_area
from layers.editing import may_edit
from layers.reader import Reader
from layers.reader.assembled import AssembledFeatures
from layers.reader.ready import ReadyFeatures
from layers.wording import Language

_PAGE = frozenset(
    {"f", "lang", "limit", "offset", "cursor", "crs", "bbox", "bbox-crs", "resulttype", "q"}
)
_ITEM = frozenset({"f", "lang", "crs"})
_ELSEWHERE = frozenset({"datetime", "profile"})  # what only the application answers
_BOX = frozenset({"bbox", "bbox-crs"})
_AT_LEAST = 1 << 18  # bytes of a piece that is sent
Positions = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request that may be answered the short way."""

    caller: Caller
    collection: str
    given: dict[str, str]
    language: Language


class ReadyItems:
    """Answers what needs no more than ready bytes and, where fields decide, one search for rows."""

    def __init__(self, settings: Settings, reader: Reader, cursors: Cursors) -> None:
        self._settings = settings
        self._reader = reader
        self._cursors = cursors

    def __call__(
        self, scope: Scope, parts: list[str], headers: Mapping[str, str]
    ) -> Prepared | None:
        """Prepare the answer; None where the application has to give it."""
        if len(parts) not in {4, 5}:
            return None
        asked = self._asked(scope, parts[2], headers)
        if asked is None:
            return None
        what = (quote(scope["path"]), scope["query_string"].decode("latin-1"))
        if len(parts) == 5:
            return self._item(asked, parts[4], what)
        number = None
        first = _whole(asked.given, "offset", 0, MAX_OFFSET)
        if "cursor" in asked.given:
            bound = bound_to(asked.caller, asked.collection, asked.given)
            place = self._cursors.decode(asked.given["cursor"], bound)
            view = view_at(self._reader, asked.caller, asked.collection, place)
            number, first = view.generation.number, place.first
        ready = self._ready(asked, number)
        if ready is None or first is None or not _ELSEWHERE.isdisjoint(asked.given):
            return None
        checksum = digest(asked.caller, [ready.view], (*what, "json", asked.language))
        imported = ready.view.generation.imported_at
        if isinstance(ready, ReadyFeatures) and _at_once(asked, ready):
            make = partial(self._page, asked, ready, first)
            return Prepared(asked.caller, checksum, imported, make)
        search = partial(self._search, asked, ready, first)
        return Prepared(asked.caller, checksum, imported, search, waits=True)

    def _asked(self, scope: Scope, collection: str, headers: Mapping[str, str]) -> _Asked | None:
        pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = dict(pairs)
        if len(given) != len(pairs):
            return None
        wanted = decide(
            given.get("f"),
            given.get("lang"),
            headers.get("accept", ""),
            headers.get("accept-language", ""),
            self._settings.language,
            OFFERED,
        )
        if wanted.form != "json":
            return None
        return _Asked(caller_of(scope), collection, given, wanted.language)

    def _ready(self, asked: _Asked, number: int | None) -> ReadyFeatures | AssembledFeatures | None:
        served = self._reader.ready(asked.caller.actor, asked.collection)
        if number is None or (served is not None and served.view.generation.number == number):
            return served
        return self._reader.ready(asked.caller.actor, asked.collection, number=number)

    # -- one feature -----------------------------------------------------------------------

    def _item(self, asked: _Asked, feature_id: str, what: tuple[str, str]) -> Prepared | None:
        ready = self._ready(asked, None)
        if not isinstance(ready, ReadyFeatures) or not _ITEM.issuperset(asked.given):
            return None
        if may_edit(self._reader, asked.caller.actor, ready.view):
            return None  # who may change it needs to know its state
        crs = asked.given.get("crs", CRS84)
        variant, position = self._variant(ready, crs), ready.one(feature_id)
        if variant is None or position is None:
            return None
        # Its own checksum instead of the import's: it stays known when others change.
        question = (*what, asked.language, self._settings.url, ready.tag(position))
        checksum = digest(asked.caller, [], question)

        def make() -> Body:
            [feature] = ready.run(variant, position, position + 1)
            url = self._url(asked)
            text = with_links(bytes(feature), feature_id, url, asked.given, asked.language)
            return self._body(asked, crs, [], len(text), [text])

        return Prepared(asked.caller, checksum, ready.view.generation.imported_at, make)

    # -- a page ----------------------------------------------------------------------------

    def _page(self, asked: _Asked, ready: ReadyFeatures, first: int) -> Body | None:
        given = asked.given
        limit = _whole(given, "limit", DEFAULT_LIMIT, 10**12)
        crs, kind = given.get("crs", CRS84), given.get("resulttype", "results")
        variant = self._variant(ready, crs)
        if not limit or variant is None or kind not in {"results", "hits"}:
            return None
        try:
            chosen = self._chosen(asked, ready)
        except _OtherwiseError:
            return None
        matched = ready.count if chosen is None else len(chosen)
        page = Page(first, min(limit, MAX_LIMIT), matched, kind == "hits")
        last = first if page.hits else min(first + page.limit, matched)
        links = self._links(asked, ready, page)
        head = items_head(matched, max(0, last - first), links)
        if chosen is None:
            pieces = ready.run(variant, first, last)
            length = ready.segment.size(variant, first, last)
            return self._body(
                asked,
                crs,
                links,
                len(head) + length + len(ITEMS_TAIL),
                chain[Piece]([head], pieces, [ITEMS_TAIL]),
            )
        text = b"".join([head, *ready.some(variant, chosen[first:last]), ITEMS_TAIL])
        return self._body(asked, crs, links, len(text), [text])

    def _chosen(self, asked: _Asked, ready: ReadyFeatures) -> Positions | None:
        """Return the features that fit, in order; None: all of them."""
        given = asked.given
        area = self._area(given, ready)
        chosen = None if area is None else ready.meeting(area)
        text = read_text(given, ready.view)
        if text is not None:
            told = ready.found(text)
            chosen = told if chosen is None else np.intersect1d(chosen, told, assume_unique=True)
        for name in given.keys() - _PAGE:
            same = ready.equal(name, given[name])
            if same is None:
                raise _OtherwiseError
            chosen = same if chosen is None else np.intersect1d(chosen, same, assume_unique=True)
        return chosen

    # -- a page that has to be searched ----------------------------------------------------

    def _search(
        self, asked: _Asked, ready: ReadyFeatures | AssembledFeatures, first: int
    ) -> Body | None:
        """Answer as `_page` does whatever parameters there are; the search may take a while."""
        given = asked.given
        try:
            area = self._area(given, ready)
        except _OtherwiseError:
            return None
        rest = {name: text for name, text in given.items() if name not in _BOX}
        within = ready.view.table.bounds or self._reader.municipality.window
        wanted = read_items_request(rest, ready.view, self._storage, within, MAX_LIMIT, first)
        query, variant = wanted.query, self._variant(ready, wanted.crs)
        if variant is None:
            return None
        whole = isinstance(ready, ReadyFeatures) and query.columns is None and query.geometry
        limit = wanted.limit if whole else min(wanted.limit, MOST_MADE)
        matched, found = ready.page(query, area, first, 0 if wanted.hits else limit)
        shown = found[:0] if wanted.hits else found
        texts = ready.texts(variant, shown, query.columns, placed=query.geometry)
        if texts is None:
            return None
        page = Page(first, limit, matched, wanted.hits)
        links = self._links(asked, ready, page)
        head = items_head(matched, len(shown), links)
        length = len(head) + sum(map(len, texts)) + len(ITEMS_TAIL)
        pieces = chain[Piece]([head], _together(texts), [ITEMS_TAIL])
        return self._body(asked, wanted.crs, links, length, pieces)

    # -- for both --------------------------------------------------------------------------

    def _area(
        self, given: Mapping[str, str], ready: ReadyFeatures | AssembledFeatures
    ) -> SearchArea | None:
        """Return the area of a box; None: all of the features lie in it, or there is no box."""
        if "bbox" not in given:
            if "bbox-crs" in given:
                raise _OtherwiseError
            return None
        uri = given.get("bbox-crs", CRS84)
        within = ready.view.table.bounds
        if uri not in supported_crs(self._storage) or within is None:
            raise _OtherwiseError
        try:
            west, south, east, north = map(float, given["bbox"].split(","))
        except ValueError:
            raise _OtherwiseError from None
        if not all(map(isfinite, (west, south, east, north))) or south > north or west > east:
            raise _OtherwiseError
        area = search_area((west, south, east, north), uri, self._storage, within)
        whole = None if area is None else area.around(within)
        if area is None or whole is None:
            raise _OtherwiseError
        return None if whole else area

    def _links(
        self, asked: _Asked, ready: ReadyFeatures | AssembledFeatures, page: Page
    ) -> list[Link]:
        bound = bound_to(asked.caller, asked.collection, asked.given)
        turn = partial(self._cursors.encode, ready.view, bound=bound)
        return items_links(self._url(asked), asked.given, page, turn, asked.language)

    def _variant(self, ready: ReadyFeatures | AssembledFeatures, crs: str) -> str | None:
        return ready.variant(crs) if crs in supported_crs(self._storage) else None

    @property
    def _storage(self) -> int:
        return self._reader.municipality.storage_crs

    def _url(self, asked: _Asked) -> str:
        return f"{self._settings.url}/collections/{asked.collection}"

    def _body(
        self, asked: _Asked, crs: str, links: list[Link], length: int, pieces: Iterable[Piece]
    ) -> Body:
        headers = {"Content-Type": GEOJSON, **items_headers(crs, asked.language, links)}
        return Body(headers, length, pieces)


def _at_once(asked: _Asked, ready: ReadyFeatures) -> bool:
    """Tell whether all that is asked for is found by indexes."""
    fields = {name: text for name, text in asked.given.items() if name not in _PAGE}
    return all(ready.indexed(name) and "*" not in text for name, text in fields.items())


def _together(texts: Iterable[Piece]) -> Iterator[Piece]:
    """Yield texts in pieces that are worth being sent."""
    held: list[Piece] = []
    size = 0
    for text in texts:
        held.append(text)
        size += len(text)
        if size >= _AT_LEAST:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)


class _OtherwiseError(Exception):
    """The request is one for the application."""


def _whole(given: Mapping[str, str], name: str, default: int, most: int) -> int | None:
    text = given.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 12) or int(text) > most:
        return None
    return int(text)
