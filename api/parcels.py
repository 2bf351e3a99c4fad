"""``/parcels/{key}`` and ``/find``: the parcel dossier and the way to it."""

from dataclasses import dataclass
from urllib.parse import quote

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from api.errors import ParameterError
from api.negotiation import wanted
from api.pages.render import Pages
from api.settings import Settings
from cartography.parcel_map import parcel_map
from layers.access import CITIZEN
from layers.dossier import build_dossier
from layers.find import FindResult, find
from layers.reader import Reader

_MOST_TEXT = 200


@dataclass(frozen=True)
class Parcels:
    """The routes of parcels, over one reader."""

    settings: Settings
    reader: Reader
    pages: Pages

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route("/find", self.find), Route("/parcels/{key:path}", self.parcel)]

    async def parcel(self, request: Request) -> Response:
        """Answer the dossier of a parcel; other spellings of its key lead to the canonical one."""
        return await run_in_threadpool(self._parcel, request)

    async def find(self, request: Request) -> Response:
        """Answer parcels and addresses that match a text."""
        return await run_in_threadpool(self._find, request)

    def _parcel(self, request: Request) -> Response:
        asked_for = wanted(request, self.settings.language)
        text = request.path_params["key"]
        dossier = build_dossier(self.reader, CITIZEN, text)
        if text != dossier.parcel_key:
            query = f"?{request.url.query}" if request.url.query else ""
            return RedirectResponse(f"/parcels/{quote(dossier.parcel_key)}{query}", status_code=308)
        if not asked_for.html:
            return _json(dossier.as_json(asked_for.language), asked_for.language)
        return self.pages.answer(
            "parcel",
            request,
            asked_for,
            dossier=dossier,
            map_svg=parcel_map(self.reader, CITIZEN, dossier.parcel_key, lang=asked_for.language),
        )

    def _find(self, request: Request) -> Response:
        asked_for = wanted(request, self.settings.language)
        text = request.query_params.get("q", "").strip()
        if not text or len(text) > _MOST_TEXT:
            raise ParameterError(
                "q: a parcel key or an address is missing"
                if not text
                else f"q: found {len(text)} characters, expected at most {_MOST_TEXT}",
                parameter="q",
            )
        result = find(self.reader, CITIZEN, text, lang=asked_for.language)
        if asked_for.html:
            return self.pages.answer("find", request, asked_for, text=text, result=result)
        return _json(_result(result), asked_for.language)


def _result(result: FindResult) -> dict[str, object]:
    return {
        "explanation": result.explanation,
        "candidates": list(result.candidates),
        "hits": [
            {
                "kind": hit.kind,
                "parcel_key": hit.parcel_key,
                "label": hit.label,
                "address": hit.address,
                "confidence": hit.confidence,
                "href": f"/parcels/{quote(hit.parcel_key)}",
            }
            for hit in result.hits
        ],
    }


def _json(document: dict[str, object], language: str) -> Response:
    headers = {"Content-Language": language, "Vary": "Accept, Accept-Language"}
    return Response(orjson.dumps(document), media_type="application/json", headers=headers)
