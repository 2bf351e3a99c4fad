"""Errors as answers: what we raised on purpose is explained, the rest is an incident number."""

import logging
from http import HTTPStatus
from secrets import token_hex

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.status import STATUS, http_status
from gis_core.errors import FlurbuchError

LOG = logging.getLogger("flurbuch")
MEDIA_TYPE = "application/problem+json"


def problem(error: Exception, incident: str) -> dict[str, object]:
    """Describe an error as RFC 9457 problem details, with nothing the caller may not see."""
    if isinstance(error, HTTPException):
        status = HTTPStatus(error.status_code)
        return {"type": f"/problems/{status.value}", "title": status.phrase, "status": status.value}
    status = http_status(error)
    if not isinstance(error, FlurbuchError) or type(error) not in STATUS:
        return {
            "type": "/problems/internal",
            "title": HTTPStatus.INTERNAL_SERVER_ERROR.phrase,
            "status": HTTPStatus.INTERNAL_SERVER_ERROR.value,
            "incident": incident,
        }
    body: dict[str, object] = {
        "type": f"/problems/{error.code}",
        "title": status.phrase,
        "status": status.value,
        "detail": str(error),
    }
    if error.advice:
        body["advice"] = error.advice
    return {**error.fields, **body}


def new_incident(request: Request, error: Exception) -> str:
    """Write what the caller is not told to the log, under a number that he is."""
    incident = token_hex(6)
    if not isinstance(error, FlurbuchError | HTTPException):
        LOG.error("incident %s at %s", incident, request.url.path, exc_info=error)
    return incident


def problem_response(body: dict[str, object], headers: dict[str, str] | None = None) -> Response:
    """Return problem details as an answer."""
    status = body["status"]
    return Response(
        orjson.dumps(body),
        status_code=status if isinstance(status, int) else 500,
        media_type=MEDIA_TYPE,
        headers=headers,
    )
