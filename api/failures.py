"""What happens to an error on its way out: a page for people, problem details for programs."""

from http import HTTPStatus
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.errors import BusyError, FormatError, NotAcceptableError
from api.features.formats.registry import OFFERED
from api.negotiation import Wanted, wanted
from api.pages.render import Pages
from api.problems import log_incident, problem, problem_response
from api.security import HEADERS
from api.settings import Settings
from api.status import http_status
from layers.errors import EndedParcelError, NotEditableError

_AGAIN_S = 5


class Failures:
    """The one handler of every error."""

    def __init__(self, settings: Settings, pages: Pages) -> None:
        self._settings = settings
        self._pages = pages

    async def answer(self, request: Request, error: Exception) -> Response:
        """Answer an error; OPTIONS is no error, and says what is allowed."""
        allowed = _headers(error) | self._successors(error)
        if request.method == "OPTIONS" and "Allow" in allowed:
            return Response(status_code=HTTPStatus.NO_CONTENT, headers=allowed)
        asked_for = self._wanted(request)
        body = problem(error, asked_for.language)
        if body["status"] >= HTTPStatus.INTERNAL_SERVER_ERROR:
            body["incident"] = log_incident(request, error)
        if asked_for.html:
            response: Response = self._pages.answer(
                "problem", request, asked_for, status=body["status"], problem=body
            )
        else:
            response = problem_response(body, {"Vary": "Accept, Accept-Language"})
        # Faults of the service are answered outside of all middleware.
        response.headers.update({**HEADERS, "Cache-Control": "no-store", **allowed})
        return response

    def _successors(self, error: Exception) -> dict[str, str]:
        """Link the successors of a parcel that has ended (RFC 5829)."""
        keys = error.fields["successors"] if isinstance(error, EndedParcelError) else ()
        if not isinstance(keys, tuple) or not keys:
            return {}
        paths = (f"{self._settings.url}/parcels/{quote(key)}" for key in keys)
        return {"Link": ", ".join(f'<{path}>; rel="successor-version"' for path in paths)}

    def _wanted(self, request: Request) -> Wanted:
        try:
            return wanted(request, self._settings.language, also=OFFERED)
        except (FormatError, NotAcceptableError):
            return Wanted(form="json", language=self._settings.language)


def _headers(error: Exception) -> dict[str, str]:
    if isinstance(error, BusyError):
        return {"Retry-After": str(error.retry_after_s)}
    if isinstance(error, NotEditableError):
        methods = error.fields.get("allowed", ("GET", "HEAD", "OPTIONS"))
        return {"Allow": ", ".join(methods if isinstance(methods, tuple) else ())}
    if http_status(error) == HTTPStatus.SERVICE_UNAVAILABLE:
        return {"Retry-After": str(_AGAIN_S)}
    return dict((error.headers if isinstance(error, HTTPException) else None) or {})
