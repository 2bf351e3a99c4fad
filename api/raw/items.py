"""``items`` and ``items/{featureId}`` out of ready features."""

from collections.abc import Iterable, Mapping
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
from api.features.parameters import DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET
from api.negotiation import decide
from api.raw.answer import Body, Piece, Prepared
from api.settings import Settings
from gis_core.offered_crs import CRS84, supported_crs
from gis_core.search_area import search_area
from layers.reader import Reader
from layers.reader.ready import ReadyFeatures
from layers.wording import Language

_PAGE = frozenset(
    {"f", "lang", "limit", "offset", "cursor", "crs", "bbox", "bbox-crs", "resulttype"}
)
_ITEM = frozenset({"f", "lang", "crs"})
Positions = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request that may be answered the short way."""

    caller: Caller
    collection: str
    given: dict[str, str]
    language: Language


class ReadyItems:
    """Answers what needs no more than ready bytes: pages, boxes, indexed values, one feature."""

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
        if ready is None or first is None:
            return None
        checksum = digest(asked.caller, [ready.view], (*what, "json", asked.language))
        make = partial(self._page, asked, ready, first)
        return Prepared(asked.caller, checksum, ready.view.generation.imported_at, make)

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

    def _ready(self, asked: _Asked, number: int | None) -> ReadyFeatures | None:
        served = self._reader.ready(asked.caller.actor, asked.collection)
        if number is None or (served is not None and served.view.generation.number == number):
            return served
        return self._reader.ready(asked.caller.actor, asked.collection, number=number)

    # -- one feature -----------------------------------------------------------------------

    def _item(self, asked: _Asked, feature_id: str, what: tuple[str, str]) -> Prepared | None:
        ready = self._ready(asked, None)
        if ready is None or not _ITEM.issuperset(asked.given):
            return None
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
        bound = bound_to(asked.caller, asked.collection, given)
        turn = partial(self._cursors.encode, ready.view, bound=bound)
        links = items_links(self._url(asked), given, page, turn, asked.language)
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
        fields = [name for name in given if name not in _PAGE]
        chosen = None
        if "bbox" in given:
            chosen = self._in_box(given, ready)
        elif "bbox-crs" in given:
            raise _OtherwiseError
        for name in fields:
            if name not in ready.view.names or "*" in given[name]:
                raise _OtherwiseError
            same = ready.equal(name, given[name])
            if same is None:
                raise _OtherwiseError
            chosen = same if chosen is None else np.intersect1d(chosen, same, assume_unique=True)
        return chosen

    def _in_box(self, given: Mapping[str, str], ready: ReadyFeatures) -> Positions | None:
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
        return None if whole else ready.meeting(area)

    def _variant(self, ready: ReadyFeatures, crs: str) -> str | None:
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


class _OtherwiseError(Exception):
    """The request is one for the application."""


def _whole(given: Mapping[str, str], name: str, default: int, most: int) -> int | None:
    text = given.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 12) or int(text) > most:
        return None
    return int(text)
