"""``/search``: features of many collections in one answer, each with its collection."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

import orjson
import pandas as pd
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.caching import revalidated
from api.context import caller_of
from api.errors import CursorGoneError, ParameterError
from api.features.answers import ITEMS_TAIL, encoded, items_headers
from api.features.cursor import Cursors, Place, bound_to
from api.features.formats.registry import GEOJSON
from api.features.geojson import days
from api.negotiation import Wanted, wanted
from api.pages.render import Pages
from api.parameters import refuse_unknown
from api.search.asking import PARAMETERS, SHARED, Part, chosen, page_of, read_parts
from api.settings import Settings
from api.wording import words
from gis_core.folding import spelt_words
from gis_core.offered_crs import CRS84
from layers.access import Actor
from layers.query import Query
from layers.reader import Reader
from layers.searching import searchable
from layers.view import CollectionView
from layers.wording import Language

PATH = "/search"
PAGE_ROWS = 50  # of a page for people
_OF_FORMS = {"q", "datetime", "bbox"}
_SHOWN = 3  # values that tell people what a feature is
Link = dict[str, str]


@dataclass(frozen=True)
class Found:
    """What a search found: how many in each part, and the features of the page by part."""

    parts: Sequence[Part]
    counts: Sequence[int]
    frames: Sequence[tuple[Part, pd.DataFrame]]
    limit: int
    offset: int
    hits: bool

    @property
    def matched(self) -> int:
        """How many features there are."""
        return sum(self.counts)

    @property
    def returned(self) -> int:
        """How many of them are on the page."""
        return sum(len(frame) for _, frame in self.frames)


@dataclass(frozen=True)
class Search:
    """The route of the search, over one reader."""

    CONFORMS: ClassVar[tuple[str, ...]] = ()  # the standard (part 9) is a draft

    settings: Settings
    reader: Reader
    pages: Pages
    cursors: Cursors

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route(PATH, self._threaded(self._search))]

    def _threaded(
        self, answer: Callable[[Request, Wanted], Response]
    ) -> Callable[[Request], object]:
        async def endpoint(request: Request) -> Response:
            asked_for = wanted(request, self.settings.language)
            return await run_in_threadpool(answer, request, asked_for)

        return endpoint

    def _search(self, request: Request, asked_for: Wanted) -> Response:
        given = _given(request)
        refuse_unknown(given, *PARAMETERS)
        actor = caller_of(request.scope).actor
        if asked_for.html:
            return self._page(request, asked_for, given, actor)

        def sources() -> list[CollectionView]:
            return self._sources(chosen(given, self.reader.collections(actor))[0])

        def answer() -> Response:
            found = self._find(request, given, actor, sources(), most=None)
            links = self._links(request, given, found, sources(), asked_for.language)
            crs = found.parts[0].asked.crs if found.parts else CRS84
            body = self._document(found, links, asked_for.language)
            headers = items_headers(crs, asked_for.language, links)
            return Response(body, media_type=GEOJSON, headers=headers)

        return revalidated(request, asked_for, sources, answer, strong=True)

    # -- what is found ---------------------------------------------------------------------

    def _find(
        self,
        request: Request,
        given: dict[str, str],
        actor: Actor,
        sources: Sequence[CollectionView],
        most: int | None,
    ) -> Found:
        """Search one collection after the other; a page goes on in the next where one ends."""
        views, named = chosen(given, self.reader.collections(actor))
        window = self.reader.municipality.window
        boxes = [view.table.bounds or window for view in views]
        offset = None
        if "cursor" in given:
            bound = bound_to(caller_of(request.scope), PATH, given)
            place = self.cursors.decode(given["cursor"], bound)
            if (place.number, place.imported) != (0, _state(sources)):
                raise CursorGoneError(
                    "some of the data were imported anew",
                    advice="Begin again without a cursor.",
                    parameter="cursor",
                )
            offset = place.first
        storage = self.reader.municipality.storage_crs
        parts = read_parts(given, views, storage, boxes, named=named, offset=offset)
        limit, first = page_of(parts)
        limit = limit if most is None else min(limit, most)
        counts = [0 if p.asked.nothing else self._count(actor, p) for p in parts]
        hits = bool(parts) and parts[0].asked.hits
        frames = [] if hits else list(self._frames(actor, parts, counts, first, limit))
        return Found(parts, counts, frames, limit, first, hits)

    def _count(self, actor: Actor, part: Part) -> int:
        asked, view = part.asked, part.view
        number = view.generation.number
        return self.reader.count(actor, view.id, asked.query, number=number, during=asked.during)

    def _frames(
        self, actor: Actor, parts: Sequence[Part], counts: Sequence[int], first: int, limit: int
    ) -> Iterator[tuple[Part, pd.DataFrame]]:
        skip, left = first, limit
        for part, count in zip(parts, counts, strict=True):
            taken = min(left, max(0, count - skip))
            if taken:
                query: Query = replace(part.asked.query, offset=skip, limit=taken)
                view, during = part.view, part.asked.during
                number = view.generation.number
                frame = self.reader.frame(actor, view.id, query, number=number, during=during)
                yield part, frame
            skip, left = max(0, skip - count), left - taken

    def _sources(self, views: Sequence[CollectionView]) -> list[CollectionView]:
        """Return all that an answer is made from: the collections, and their past."""
        past = (self.reader.past(view) for view in views)
        return [*views, *(view for view in past if view is not None)]

    # -- what is answered ------------------------------------------------------------------

    def _document(self, found: Found, links: list[Link], language: Language) -> bytes:
        head: dict[str, Any] = {
            "numberMatched": found.matched,
            "numberReturned": found.returned,
            "collections": [
                {"id": p.view.id, "title": p.view.spec.title[language], "numberMatched": count}
                for p, count in zip(found.parts, found.counts, strict=True)
            ],
            "links": links,
        }
        features = [text for part, frame in found.frames for text in self._features(part, frame)]
        opened = b'{"type":"FeatureCollection",%s,"features":[' % orjson.dumps(head)[1:-1]
        return opened + b",".join(features) + ITEMS_TAIL

    def _features(self, part: Part, frame: pd.DataFrame) -> Iterator[bytes]:
        view, storage = part.view, self.reader.municipality.storage_crs
        base = f"{self.settings.url}/collections/{view.id}"
        own = orjson.dumps(view.id)
        texts = encoded(frame, days(view), part.asked.crs, storage)
        for name, text in zip(frame.index, texts, strict=True):
            there = [{"rel": "canonical", "type": GEOJSON, "href": f"{base}/items/{_quoted(name)}"}]
            yield b'%s,"collection":%s,"links":%s}' % (text[:-1], own, orjson.dumps(there))

    def _links(
        self,
        request: Request,
        given: dict[str, str],
        found: Found,
        sources: Sequence[CollectionView],
        language: Language,
    ) -> list[Link]:
        kept = {n: text for n, text in given.items() if n not in {"f", "offset", "cursor"}}
        bound = bound_to(caller_of(request.scope), PATH, given)

        def link(rel: str, media_type: str, **changes: str) -> Link:
            query = urlencode({**kept, **changes}, safe=",:/")
            href = f"{self.settings.url}{PATH}?{query}"
            title = words("link", rel, language)
            return {"rel": rel, "type": media_type, "title": title, "href": href}

        def turn(rel: str, first: int) -> Link:
            place = Place(0, _state(sources), first)
            return link(rel, GEOJSON, f="json", cursor=self.cursors.signed(place, bound))

        here = {n: given[n] for n in ("offset", "cursor") if n in given}
        links = [
            link("self", GEOJSON, f="json", **here),
            link("alternate", "text/html", f="html", offset=str(found.offset)),
        ]
        if found.hits:
            return links
        if found.offset + found.limit < found.matched:
            links.append(turn("next", found.offset + found.limit))
        if found.offset:
            links.append(turn("prev", max(0, found.offset - found.limit)))
        return links

    def _page(
        self, request: Request, asked_for: Wanted, given: dict[str, str], actor: Actor
    ) -> Response:
        """Answer people; without a question there is the form alone."""
        filled = {n: text for n, text in given.items() if text or n not in _OF_FORMS}
        asked = any(name in filled for name in (*SHARED, "collections"))
        views = chosen({}, self.reader.collections(actor))[0]
        found = None
        if asked:
            sources = self._sources(chosen(filled, self.reader.collections(actor))[0])
            found = self._find(request, filled, actor, sources, PAGE_ROWS)
        rows = [row for part, frame in found.frames for row in _rows(part, frame)] if found else []
        after = found.offset + found.limit if found else 0
        return self.pages.answer(
            "search",
            request,
            asked_for,
            views=views,
            given=given,
            marked=set(filter(None, given.get("collections", "").split(","))),
            found=found,
            rows=rows,
            counts=list(zip(found.parts, found.counts, strict=True)) if found else [],
            next_offset=after if found and after < found.matched else None,
            previous_offset=max(0, found.offset - found.limit) if found and found.offset else None,
        )


def _given(request: Request) -> dict[str, str]:
    """Return the query parameters; collections may be given several times, as a form does."""
    given: dict[str, str] = {}
    for name, text in request.query_params.multi_items():
        if name in given and name != "collections":
            raise ParameterError("a parameter is given twice", advice="Give each parameter once.")
        given[name] = f"{given[name]},{text}" if name in given else text
    return given


def _rows(part: Part, frame: pd.DataFrame) -> Iterator[dict[str, object]]:
    """Yield what people see of features: where from, which, and their words, fitting ones first."""
    names = [name for name, _ in searchable(part.view)] or list(part.view.names)
    fields = [part.view.spec.field(name) for name in names]
    text = part.asked.query.text
    sought = [word for term in (text.terms if text else ()) for word in term]
    for name, row in zip(frame.index, frame[names].to_dict("records"), strict=True):
        told = [(f, row[f.name]) for f in fields if pd.notna(row[f.name]) and row[f.name] != name]
        told.sort(key=lambda pair: not _fits(str(pair[1]), sought))
        yield {"view": part.view, "id": str(name), "told": told[:_SHOWN]}


def _fits(text: str, sought: Sequence[str]) -> bool:
    return any(word in own for own in spelt_words(text) for word in sought)


def _state(sources: Sequence[CollectionView]) -> int:
    """Return a number that is another one as soon as any of the data were imported anew."""
    made_from = [(v.id, v.generation.number, v.generation.imported_at) for v in sources]
    return int.from_bytes(blake2b(repr(made_from).encode(), digest_size=8).digest())


def _quoted(name: object) -> str:
    return quote(str(name), safe="")
