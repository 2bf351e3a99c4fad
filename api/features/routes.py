"""``/collections/{id}/items`` and ``/collections/{id}/items/{featureId}``."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import pandas as pd
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.addresses import moved
from api.caching import revalidated
from api.context import caller_of
from api.errors import ParameterError, UnknownFeatureError
from api.features.answers import (
    Link,
    Page,
    item_document,
    item_links,
    items_document,
    items_headers,
    items_links,
)
from api.features.cursor import Cursors, bound_to, view_at
from api.features.formats.format import About, Format
from api.features.formats.registry import FORMATS, GEOJSON, OFFERED
from api.features.geojson import days
from api.features.parameters import (
    MOST_MADE,
    ItemsRequest,
    read_item_request,
    read_items_request,
)
from api.features.profiles import INSPIRE, Inspire, chosen, with_profile
from api.features.streaming import streamed
from api.negotiation import Wanted, wanted
from api.ogc.conformance import classes_of
from api.pages.features import MAX_ROWS, item_page, items_page
from api.pages.render import Pages
from api.parameters import given_once
from api.settings import Settings
from gis_core.offered_crs import crs_uri
from layers.access import Actor
from layers.dossier import ended_error
from layers.editing import may_edit
from layers.object_ids import keys_of_object
from layers.query import Query
from layers.reader import Reader
from layers.reader.batches import Batches
from layers.reader.through_time import EVER, During
from layers.spec import Join
from layers.states import state_of
from layers.view import CollectionView

_OF_FORMS = {"q", "datetime"}


@dataclass(frozen=True)
class Features:
    """The routes of the features, over one reader."""

    CONFORMS: ClassVar[tuple[str, ...]] = (
        *classes_of("ogcapi-features-1/1.0", "core", "geojson", "html", "oas30"),
        *classes_of("ogcapi-features-2/1.0", "crs"),
        *classes_of("json-fg-1/1.0", "core"),
    )

    settings: Settings
    reader: Reader
    pages: Pages
    cursors: Cursors

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/collections/{collection}/items", self.items),
            Route("/collections/{collection}/items/{feature:path}", self.item),
        ]

    async def items(self, request: Request) -> Response:
        """Answer a page of features."""
        return await run_in_threadpool(self._items, request)

    async def item(self, request: Request) -> Response:
        """Answer one feature; a parcel's key in any spelling leads to the canonical address."""
        return await run_in_threadpool(self._item, request)

    def _items(self, request: Request) -> Response:
        asked_for = wanted(request, self.settings.language, OFFERED)
        if asked_for.html:
            view, asked = self._read(request, MAX_ROWS, asked_for.form, filled=True)
            return items_page(
                self.pages, request, asked_for, view, asked, self._fetch(request, view, asked)
            )

        def answer() -> Response:
            if asked_for.form in FORMATS:
                return self._items_in(FORMATS[asked_for.form], request, asked_for)
            view, asked = self._read(request, MOST_MADE, asked_for.form)
            matched, frame = self._fetch(request, view, asked)
            if frame is not None:
                frame = self._told(request, view, frame, asked.crs, asked.profile)
            links = self._links(request, asked_for, view, asked, matched)
            body = items_document(frame, days(view), asked.crs, self._storage, matched, links)
            headers = items_headers(asked.crs, asked_for.language, links)
            headers = with_profile(headers, asked.profile)
            return Response(body, media_type=GEOJSON, headers=headers)

        through_time = "datetime" in request.query_params
        return self._revalidated(request, asked_for, answer, through_time=through_time)

    def _item(self, request: Request) -> Response:
        asked_for = wanted(request, self.settings.language, OFFERED)
        identifier = request.path_params["feature"]

        def answer() -> Response:
            view, given = self._view(request), given_once(request)
            crs = read_item_request(given, self._storage)
            frame, during = self._one(request, view, identifier)
            if not len(frame):
                return self._by_parcel_key(request, view, identifier)
            profile = chosen(given, view, asked_for.form)
            if asked_for.html:
                return item_page(self.pages, request, asked_for, view, frame)
            url, language = self._url(view), asked_for.language
            if asked_for.form in FORMATS:
                return self._item_in(FORMATS[asked_for.form], request, asked_for, view, crs, during)
            frame = self._told(request, view, frame, crs, profile)
            body = item_document(frame, days(view), crs, self._storage, url, given, language)
            headers = with_profile(items_headers(crs, language, []), profile)
            return Response(body, media_type=GEOJSON, headers=headers)

        if asked_for.html:
            return answer()
        mark = partial(self._mark, request, identifier)
        return self._revalidated(request, asked_for, answer, through_time=True, mark=mark)

    def _mark(self, request: Request, identifier: str) -> str:
        """Return the state of a feature for those who may change it, to whom they refer."""
        view, actor = self._view(request), _actor(request)
        if not may_edit(self.reader, actor, view):
            return ""
        frame = self.reader.frame(actor, view.id, Query(ids=(identifier,)))
        return f"{state_of(frame)}." if len(frame) else ""

    def _told(
        self,
        request: Request,
        view: CollectionView,
        frame: pd.DataFrame,
        crs: str,
        profile: str | None,
    ) -> pd.DataFrame:
        """Return features with the properties that a profile has."""
        if profile != INSPIRE:
            return frame
        beside = {other.id for other in self.reader.collections(_actor(request))}
        return Inspire(view, self.settings.url, beside).told(frame, crs, self._storage)

    def _revalidated(
        self,
        request: Request,
        asked_for: Wanted,
        answer: Callable[[], Response],
        *,
        through_time: bool,
        mark: Callable[[], str] = str,
    ) -> Response:
        form = FORMATS.get(asked_for.form)
        same = form is None or form.text  # other files tell when and by what they were written

        def views() -> list[CollectionView]:
            view = self._view(request)
            past = self.reader.past(view) if through_time else None
            return [view] if past is None else [view, past]

        return revalidated(request, asked_for, views, answer, strong=same, mark=mark)

    def _one(
        self, request: Request, view: CollectionView, identifier: str
    ) -> tuple[pd.DataFrame, During | None]:
        """Return a feature of today, or a former version by the id that it has in a period."""
        query, actor = Query(ids=(identifier,)), _actor(request)
        frame = self.reader.frame(actor, view.spec.id, query)
        if len(frame):
            return frame, None
        ever = During(EVER)
        return self.reader.frame(actor, view.spec.id, query, during=ever), ever

    def _links(
        self,
        request: Request,
        asked_for: Wanted,
        view: CollectionView,
        asked: ItemsRequest,
        matched: int,
    ) -> list[Link]:
        page = Page(asked.offset, asked.limit, matched, asked.hits)
        given = given_once(request)
        bound = bound_to(caller_of(request.scope), view.id, given)
        told = asked.during.told or 0 if asked.during else 0
        turn = partial(self.cursors.encode, view, bound=bound, told=told)
        return items_links(self._url(view), given, page, turn, asked_for.language, asked_for.form)

    def _items_in(self, form: Format, request: Request, asked_for: Wanted) -> Response:
        """Answer a page of features in another format than GeoJSON."""
        view, asked = self._read(request, self.settings.stream_limit, form.name)
        if asked.hits and form.attached:
            raise ParameterError(
                f"resulttype: {form.title} has no place for a number",
                advice="Ask for hits with f=json or f=jsonfg.",
                parameter="resulttype",
            )
        nothing = replace(asked.query, ids=())
        query = nothing if asked.nothing else asked.query
        shown = nothing if asked.hits else query
        batches = self._batches(form, request, view, shown, asked.crs, asked.during)
        matched = asked.offset + batches.count
        if asked.hits or batches.count == asked.limit or (not batches.count and asked.offset):
            number = view.generation.number
            matched = self.reader.count(
                _actor(request), view.id, query, number=number, during=asked.during
            )
        links = self._links(request, asked_for, view, asked, matched)
        crs = self._crs_told(form, request, asked.crs)
        about = About(self._url(view), links, matched, crs)
        return _streamed(form, request, batches, about, asked_for, view.id, asked.profile)

    def _item_in(
        self,
        form: Format,
        request: Request,
        asked_for: Wanted,
        view: CollectionView,
        crs: str,
        during: During | None,
    ) -> Response:
        """Answer one feature that is there in another format than GeoJSON."""
        identifier, url = request.path_params["feature"], self._url(view)
        batches = self._batches(form, request, view, Query(ids=(identifier,)), crs, during)
        given, language = given_once(request), asked_for.language
        links = item_links(url, identifier, given, language, form.name)
        about = About(url, links, None, self._crs_told(form, request, crs))
        name, profile = f"{view.id}-{identifier}", chosen(given, view, form.name)
        return _streamed(form, request, batches, about, asked_for, name, profile)

    def _batches(
        self,
        form: Format,
        request: Request,
        view: CollectionView,
        query: Query,
        crs: str,
        during: During | None,
    ) -> Batches:
        read_in = crs_uri(self._storage) if form.in_storage else crs
        number = view.generation.number
        return self.reader.batches(
            _actor(request), view.id, query, read_in, form.size, number=number, during=during
        )

    def _crs_told(self, form: Format, request: Request, crs: str) -> str:
        """Return the CRS of the answer: the format's own where none was asked for."""
        unsaid = form.in_storage and "crs" not in request.query_params
        return crs_uri(self._storage) if unsaid else crs

    @property
    def _storage(self) -> int:
        return self.reader.municipality.storage_crs

    def _read(
        self, request: Request, most: int, form: str, *, filled: bool = False
    ) -> tuple[CollectionView, ItemsRequest]:
        """Return the collection, of now or of the cursor's time, and what is asked of it.

        ``filled``: only what is filled in counts, because a form sends all that it has.
        """
        view, given = self._view(request), given_once(request)
        if filled:
            given = {n: text for n, text in given.items() if text or n not in _OF_FORMS}
        told = offset = None
        if "cursor" in given:
            caller = caller_of(request.scope)
            place = self.cursors.decode(given["cursor"], bound_to(caller, view.id, given))
            view, offset = view_at(self.reader, caller, view.id, place), place.first
            told = place.told
        bounds = self.reader.bounds(_actor(request), view.spec.id, number=view.generation.number)
        bounds = bounds or self.reader.municipality.window
        asked = read_items_request(given, view, self._storage, bounds, most, offset, form)
        if asked.during is None:
            return view, asked
        if told is None:
            past = self.reader.past(view)
            told = past.generation.number if past else 0
        return view, replace(asked, during=replace(asked.during, told=told))

    def _url(self, view: CollectionView) -> str:
        return f"{self.settings.url}/collections/{view.spec.id}"

    def _view(self, request: Request) -> CollectionView:
        return self.reader.view(_actor(request), request.path_params["collection"])

    def _fetch(
        self, request: Request, view: CollectionView, asked: ItemsRequest
    ) -> tuple[int, pd.DataFrame | None]:
        if asked.nothing:
            return 0, None
        actor, collection, number = _actor(request), view.spec.id, view.generation.number
        query, during = asked.query, asked.during
        matched = self.reader.count(actor, collection, query, number=number, during=during)
        if asked.hits or asked.offset >= matched:
            return matched, None
        return matched, self.reader.frame(actor, collection, query, number=number, during=during)

    def _by_parcel_key(self, request: Request, view: CollectionView, text: str) -> Response:
        """Redirect any spelling of a parcel's key, or its object identifier, to its own address."""
        spec, actor = view.spec, _actor(request)
        of = spec if spec.points_of is None else view.layer.collection(spec.points_of)
        if of.relation.by is Join.SELF:
            reading, field = self.reader.municipality.keys.read(text), of.relation.key
            keys: tuple[str, ...] = () if reading.key is None else (reading.key,)
            if reading.problem == "object-id":
                parcels = self.reader.view(actor, of.id)
                keys = keys_of_object(self.reader, actor, parcels, reading.candidates[0])
            if keys and field is not None:
                query = Query(among={field: keys}, columns=(), geometry=False, limit=1)
                frame = self.reader.frame(actor, spec.id, query)
                if len(frame):
                    return moved(request, f"/collections/{spec.id}/items/{frame.index[0]}")
            history = self.reader.history(actor)
            for former in keys or history.keys_of(text):
                if (fate := history.fate(former)) is not None:
                    raise ended_error(former, fate)
        raise UnknownFeatureError(f"{spec.id} has no feature {text[:80]!r}", collection=spec.id)


def _actor(request: Request) -> Actor:
    return caller_of(request.scope).actor


def _streamed(
    form: Format,
    request: Request,
    batches: Batches,
    about: About,
    asked_for: Wanted,
    name: str,
    profile: str | None,
) -> Response:
    headers = items_headers(about.crs, asked_for.language, about.links)
    headers = with_profile(headers, profile)
    return streamed(form, batches, about, name, headers, head_only=request.method == "HEAD")
