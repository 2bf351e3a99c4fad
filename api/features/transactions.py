"""Features are created, replaced, changed and deleted, each in the state that the caller knows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import quote

import orjson
import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.caching import http_date, listed
from api.context import caller_of
from api.errors import BodyError, MediaTypeError, TooLargeError
from api.features.answers import encoded
from api.features.crs import check_crs
from api.features.geojson import days
from api.ogc.conformance import classes_of
from api.problems import LOG
from api.settings import Settings
from gis_core.offered_crs import CRS84, definition, northing_first
from layers.access import Actor
from layers.editing import Edited, Editor, Sent, may_edit
from layers.errors import NoFeatureError, NotEditableError
from layers.ingest.single import invalid
from layers.query import Query
from layers.reader import Reader
from layers.spec import CATALOGUE
from layers.states import Condition
from layers.view import CollectionView

EDITING = classes_of(
    "ogcapi-features-4/1.0",
    *("create-replace-delete", "update", "features"),
    *("optimistic-locking-etags", "optimistic-locking-timestamps"),
)
"""What is declared to those who may edit something: nobody else could use it."""

MOST_BYTES = 1 << 20
FEATURE_TYPES = ("application/geo+json", "application/json")
PATCH_TYPES = ("application/merge-patch+json", "application/json")
_READ = ("GET", "HEAD", "OPTIONS")
_OF_ITEMS, _OF_ITEM = ("POST",), ("PUT", "PATCH", "DELETE")
_ALL = [*_OF_ITEMS, *_OF_ITEM, "OPTIONS"]
Json = dict[str, Any]


@dataclass(frozen=True)
class Transactions:
    """The routes by which single features are changed; who may is said in ``roles.toml``."""

    CONFORMS: ClassVar[tuple[str, ...]] = ()

    settings: Settings
    reader: Reader
    editor: Editor

    def routes(self) -> list[Route]:
        """Return the routes."""
        items = "/collections/{collection}/items"
        return [
            Route(items, self.items, methods=_ALL),
            Route(f"{items}/{{feature:path}}", self.item, methods=_ALL),
        ]

    async def items(self, request: Request) -> Response:
        """Create a feature, or say what can be done here."""
        view = await run_in_threadpool(self._view, request)
        if request.method == "OPTIONS":
            return _options(view, _OF_ITEMS)
        self._allow(request, view, _OF_ITEMS)
        body = await _body(request, FEATURE_TYPES)
        edited = await run_in_threadpool(self._create, request, view, body)
        address = f"{self.settings.url}/collections/{view.id}/items/{quote(edited.id, safe='')}"
        headers = {**_state_headers(edited), "Location": address}
        return Response(status_code=HTTPStatus.CREATED, headers=headers)

    async def item(self, request: Request) -> Response:
        """Replace, change or delete a feature, or say what can be done here."""
        view = await run_in_threadpool(self._view, request)
        if request.method == "OPTIONS":
            return _options(view, _OF_ITEM)
        self._allow(request, view, _OF_ITEM)
        body = b""
        if request.method != "DELETE":
            body = await _body(request, FEATURE_TYPES if request.method == "PUT" else PATCH_TYPES)
        change: Callable[..., Edited] = {
            "PUT": self._replace,
            "PATCH": self._update,
            "DELETE": self._delete,
        }[request.method]
        edited = await run_in_threadpool(change, request, view, body)
        return Response(status_code=HTTPStatus.NO_CONTENT, headers=_state_headers(edited))

    def _view(self, request: Request) -> CollectionView:
        name = request.path_params["collection"]
        if name == CATALOGUE or name in self.reader.raster_ids():
            raise NotEditableError(f"{name} is made of the imports", collection=name)
        return self.reader.view(_actor(request), name)

    def _allow(self, request: Request, view: CollectionView, methods: tuple[str, ...]) -> None:
        if not view.spec.editable or request.method not in methods:
            raise NotEditableError(
                f"{request.method} is not possible here",
                advice=f"Possible: {', '.join(_allowed(view, methods))}.",
                collection=view.id,
                allowed=_allowed(view, methods),
            )
        self.editor.require(_actor(request), view)

    def _create(self, request: Request, view: CollectionView, body: bytes) -> Edited:
        sent = _feature(_json(body), self._crs(request))
        return self.editor.create(_actor(request), view.id, sent)

    def _replace(self, request: Request, view: CollectionView, body: bytes) -> Edited:
        sent = _feature(_json(body), self._crs(request))
        what = (_actor(request), view.id, request.path_params["feature"])
        return self.editor.replace(*what, sent, condition_of(request.headers))

    def _update(self, request: Request, view: CollectionView, body: bytes) -> Edited:
        identifier = request.path_params["feature"]
        crs, patch = self._crs(request), _json(body)
        current = partial(self._current, request, view, identifier, crs)
        sent = _patched(patch, crs, current)
        what = (_actor(request), view.id, identifier)
        return self.editor.update(*what, sent, condition_of(request.headers))

    def _delete(self, request: Request, view: CollectionView, _: bytes) -> Edited:
        what = (_actor(request), view.id, request.path_params["feature"])
        return self.editor.delete(*what, condition_of(request.headers))

    def _current(self, request: Request, view: CollectionView, identifier: str, crs: str) -> Json:
        """Return the geometry of a feature as it is, in a reference system."""
        frame = self.reader.frame(_actor(request), view.id, Query(ids=(identifier,)))
        if not len(frame):
            raise NoFeatureError(f"{view.id} has no feature {identifier[:80]!r}")
        [text] = encoded(frame, days(view), crs, self._storage)
        geometry: Json = orjson.loads(text)["geometry"] or {}
        return geometry

    def _crs(self, request: Request) -> str:
        stated = request.headers.get("content-crs", f"<{CRS84}>").strip()
        return check_crs(stated.removeprefix("<").removesuffix(">"), self._storage, "Content-Crs")

    @property
    def _storage(self) -> int:
        return self.reader.municipality.storage_crs


def editable(reader: Reader, actor: Actor) -> tuple[CollectionView, ...]:
    """Return the collections whose features an actor may change."""
    return tuple(view for view in reader.collections(actor) if may_edit(reader, actor, view))


def state_tag(state: str) -> str:
    """Return the entity tag of a feature in a state; more may follow a full stop."""
    return f'"{state}"'


def condition_of(headers: Mapping[str, str]) -> Condition:
    """Return the state that a request is meant for (RFC 9110, 13.1.1 and 13.1.4).

    Weak tags fit nothing; a time that is none is as if it were not there.
    """
    stated = headers.get("if-match")
    if stated is not None:
        tags = {tag for tag in listed(stated) if tag == "*" or tag.startswith('"')}
        states = {tag.strip('"').split(".")[0] for tag in tags}
        return Condition(frozenset(states or {"-"}))
    try:
        since = parsedate_to_datetime(headers.get("if-unmodified-since", ""))
    except ValueError:
        return Condition()
    return Condition(since=since if since.tzinfo else since.replace(tzinfo=UTC))


async def _body(request: Request, kinds: tuple[str, ...]) -> bytes:
    """Read what was sent, up to the largest size."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind not in kinds:
        raise MediaTypeError(
            f"{kind[:80] or 'nothing'!r} is not taken here", advice=f"Send {' or '.join(kinds)}."
        )
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise TooLargeError(
                f"found more than {MOST_BYTES} bytes",
                advice="Send one feature, with fewer vertices.",
                allowed=MOST_BYTES,
            )
    return bytes(body)


def _json(body: bytes) -> Json:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as fault:
        raise BodyError(f"the body is no JSON: {fault}", line=fault.lineno) from fault
    if not isinstance(document, dict):
        raise BodyError("found no object in the body, expected a GeoJSON feature")
    return document


def _feature(document: Json, crs: str) -> Sent:
    if document.get("type") != "Feature":
        raise invalid("type", document.get("type"), "Feature")
    return Sent(_properties(document), _shape(document.get("geometry"), crs), definition(crs))


def _patched(patch: Json, crs: str, current: Callable[[], Json]) -> Sent:
    """Return what a merge patch (RFC 7396) changes."""
    for name in patch:
        if name not in {"type", "id", "properties", "geometry"}:
            raise invalid("body", name, "properties, geometry")
    if patch.get("type", "Feature") != "Feature":
        raise invalid("type", patch["type"], "Feature")
    fields = _properties(patch) if "properties" in patch else {}
    if "geometry" not in patch:
        return Sent(fields, None, definition(crs), placed=False)
    geometry = patch["geometry"]
    if isinstance(geometry, dict):
        geometry = {n: v for n, v in (current() | geometry).items() if v is not None}
    return Sent(fields, _shape(geometry, crs), definition(crs))


def _properties(document: Json) -> dict[str, object]:
    properties = document.get("properties")
    if not isinstance(properties, dict):
        raise invalid("properties", properties, "an object")
    return properties


def _shape(geometry: object, crs: str) -> BaseGeometry | None:
    """Return a GeoJSON geometry, x east; heights are left out, as everywhere."""
    if geometry is None:
        return None
    if not isinstance(geometry, dict):
        raise invalid("geometry", geometry, "a GeoJSON geometry")
    try:
        shape: BaseGeometry = shapely.force_2d(shapely.from_geojson(orjson.dumps(geometry)))
    except (ShapelyError, ValueError, TypeError) as fault:
        raise invalid("geometry", geometry.get("type"), "a GeoJSON geometry") from fault
    if northing_first(crs):
        shape = shapely.transform(shape, lambda xy: xy[:, ::-1])
    return shape


def _allowed(view: CollectionView, methods: tuple[str, ...]) -> tuple[str, ...]:
    return (*_READ, *methods) if view.spec.editable else _READ


def _options(view: CollectionView, methods: tuple[str, ...]) -> Response:
    headers = {"Allow": ", ".join(_allowed(view, methods))}
    if "PATCH" in methods and view.spec.editable:
        headers["Accept-Patch"] = PATCH_TYPES[0]
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=headers)


def _state_headers(edited: Edited) -> dict[str, str]:
    if not edited.linked:
        LOG.warning("the links do not follow generation %d yet", edited.generation)
    headers = {"Cache-Control": "no-store", "Last-Modified": http_date(_second(edited.imported_at))}
    return headers | ({"ETag": state_tag(edited.state)} if edited.state else {})


def _second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def _actor(request: Request) -> Actor:
    return caller_of(request.scope).actor
