"""``/parcels/{key}`` and ``/find``: the parcel dossier and the way to it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import ClassVar
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.addresses import moved
from api.answers import json_answer
from api.context import caller_of
from api.errors import ParameterError
from api.negotiation import Wanted, wanted
from api.pages.parcel import parcel_page
from api.pages.render import Pages
from api.parameters import parameters
from api.settings import Settings
from api.status import http_status
from api.wording import words
from cartography import errors as drawing
from cartography.parcel_map import parcel_map
from gis_core.errors import FlurbuchError, ParcelKeyError
from layers.access import Actor
from layers.dossier import Dossier, build_dossier, ended_error
from layers.errors import EndedParcelError, UnknownParcelError
from layers.find import FindResult, find
from layers.reader import Reader
from layers.wording import Language

_MOST_TEXT = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NO_MAP = (
    drawing.CrowdedSheetError,
    drawing.DocumentError,
    drawing.EmptySheetError,
    drawing.SheetError,
    drawing.SignatureError,
)


@dataclass(frozen=True)
class Parcels:
    """The routes of parcels, over one reader."""

    CONFORMS: ClassVar[tuple[str, ...]] = ()

    settings: Settings
    reader: Reader
    pages: Pages

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/find", self.find),
            Route("/parcels", self.parcels),
            Route("/parcels/{key:path}", self.parcel),
        ]

    async def parcel(self, request: Request) -> Response:
        """Answer the dossier of a parcel; other spellings of its key lead to the canonical one."""
        return await run_in_threadpool(self._parcel, request)

    async def find(self, request: Request) -> Response:
        """Answer parcels and addresses that match a text."""
        return await run_in_threadpool(self._find, request)

    async def parcels(self, request: Request) -> Response:
        """Answer the ways to a parcel: a search form, or templates of addresses."""
        parameters(request)
        asked_for = wanted(request, self.settings.language)
        if asked_for.html:
            return self.pages.answer("parcels", request, asked_for)
        return json_answer({"links": self._ways(asked_for.language)}, asked_for.language)

    def _ways(self, language: Language) -> list[dict[str, object]]:
        return [
            {
                "rel": rel,
                "type": "application/json",
                "title": words("link", rel, language),
                "href": f"{self.settings.url}{path}",
                "templated": True,
            }
            for rel, path in (("search", "/find?q={q}"), ("item", "/parcels/{parcelKey}"))
        ]

    def _parcel(self, request: Request) -> Response:
        given, asked_for = parameters(request, "as_of"), wanted(request, self.settings.language)
        text = _CONTROL.sub(" ", request.path_params["key"])
        if len(text) > _MOST_TEXT:
            raise ParcelKeyError(f"found {len(text)} characters, expected at most {_MOST_TEXT}")
        actor, as_of = _actor(request), _day(given)
        try:
            dossier = build_dossier(self.reader, actor, text, as_of=as_of)
        except (ParcelKeyError, UnknownParcelError, EndedParcelError) as error:
            if not asked_for.html:
                raise
            # People get the search's explanation, in their language, and what may be meant.
            return self._found(request, asked_for, text, http_status(error))
        if text != dossier.parcel_key:
            return moved(request, f"/parcels/{dossier.parcel_key}")
        gone = dossier.ended is not None and as_of is None
        if not asked_for.html:
            if gone:
                raise self._ended(actor, dossier.parcel_key)
            return json_answer(dossier.as_json(asked_for.language), asked_for.language)
        drawn = self._map(actor, dossier, asked_for.language)
        status = HTTPStatus.GONE if gone else HTTPStatus.OK
        current = dossier.ended is None and as_of is None
        live = self.reader.parcels(actor).id if current else None
        return parcel_page(self.pages, request, asked_for, dossier, drawn, status, live=live)

    def _ended(self, actor: Actor, key: str) -> FlurbuchError:
        """Return the answer for programs: the parcel is gone for good, its number is not reused."""
        fate = self.reader.history(actor).fate(key)
        if fate is None:
            return UnknownParcelError(f"no current parcel has the key {key}", parcel_key=key)
        return ended_error(key, fate)

    def _map(self, actor: Actor, dossier: Dossier, language: Language) -> str | None:
        """Draw the map; None where the surroundings cannot be drawn."""
        key, on = dossier.parcel_key, dossier.as_of
        try:
            return parcel_map(self.reader, actor, key, lang=language, on=on)
        except _NO_MAP:
            return None

    def _find(self, request: Request) -> Response:
        given, asked_for = parameters(request, "q"), wanted(request, self.settings.language)
        text = _CONTROL.sub(" ", given.get("q", "")).strip()
        if asked_for.html and not text:
            return self.pages.answer("parcels", request, asked_for)
        if not text or len(text) > _MOST_TEXT:
            raise ParameterError(
                "q: a parcel key or an address is missing"
                if not text
                else f"q: found {len(text)} characters, expected at most {_MOST_TEXT}",
                parameter="q",
            )
        if asked_for.html:
            return self._found(request, asked_for, text, HTTPStatus.OK)
        result = find(self.reader, _actor(request), text, lang=asked_for.language)
        return json_answer(_result(result, self.settings.url), asked_for.language)

    def _found(
        self, request: Request, asked_for: Wanted, text: str, status: HTTPStatus
    ) -> Response:
        result = find(self.reader, _actor(request), text, lang=asked_for.language)
        keys = self.reader.municipality.keys
        return self.pages.answer(
            "find",
            request,
            asked_for,
            status=status,
            text=text,
            result=result,
            label=lambda key: keys.label(key, asked_for.language),
        )


def _actor(request: Request) -> Actor:
    return caller_of(request.scope).actor


def _day(given: Mapping[str, str]) -> date | None:
    """Return the day that is asked for, if one is."""
    text = given.get("as_of")
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ParameterError(
            f"as_of: found {text[:40]!r}, expected a day such as 2024-06-12", parameter="as_of"
        ) from None


def _result(result: FindResult, url: str) -> dict[str, object]:
    return {
        "explanation": result.explanation,
        "candidates": list(result.candidates),
        "former": result.former,
        "successors": list(result.successors),
        "hits": [
            {
                "kind": hit.kind,
                "parcel_key": hit.parcel_key,
                "label": hit.label,
                "address": hit.address,
                "confidence": hit.confidence,
                "href": f"{url}/parcels/{quote(hit.parcel_key)}",
            }
            for hit in result.hits
        ],
    }
