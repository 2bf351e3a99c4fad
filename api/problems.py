"""Errors as answers: what we raised on purpose is explained, the rest is an incident number."""

import logging
from http import HTTPStatus
from secrets import token_hex
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.addresses import own_path
from api.status import STATUS, http_status
from api.wording import documents, words
from gis_core.errors import FlurbuchError
from layers.wording import Language

LOG = logging.getLogger("flurbuch")
MEDIA_TYPE = "application/problem+json"
_PROCESSES = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0"
_STANDARD = ("no-such-process", "no-such-job", "result-not-ready")


def problem(error: Exception, language: Language) -> dict[str, Any]:
    """Describe an error as RFC 9457 problem details, with nothing the caller may not see.

    ``title`` is in the language asked for; ``detail`` and ``advice`` are the error's own,
    in English. A fault of the service itself is a title and the number under which the log
    tells the rest.
    """
    if isinstance(error, HTTPException):
        status = HTTPStatus(error.status_code)
        code = str(status.value)
        known = code if code in documents()["problem"] else "http"
        return _body(code, words("problem", known, language), status)
    status = http_status(error)
    if not isinstance(error, FlurbuchError) or type(error) not in STATUS:
        return _body("internal", words("problem", "internal", language), status)
    body = _body(error.code, words("problem", error.code, language), status)
    if status.is_server_error:  # its message names files and commands of the operator's
        return body
    body["detail"] = str(error)
    if error.advice:
        body["advice"] = error.advice
    return {**error.fields, **body}


def _body(code: str, title: str, status: HTTPStatus) -> dict[str, Any]:
    type_ = f"{_PROCESSES}/{code}" if code in _STANDARD else f"/problems/{code}"
    return {"type": type_, "title": title, "status": status.value}


def log_incident(request: Request, error: Exception) -> str:
    """Write what the caller is not told to the log, under a number that he is."""
    incident = token_hex(6)
    LOG.error("incident %s at %.200s", incident, own_path(request), exc_info=error)
    return incident


def problem_response(body: dict[str, Any], headers: dict[str, str]) -> Response:
    """Return problem details as an answer."""
    return Response(
        orjson.dumps(body), status_code=body["status"], media_type=MEDIA_TYPE, headers=headers
    )
