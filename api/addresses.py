"""One address for each thing; the request's own address as it was sent."""

from http import HTTPStatus
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send


def own_path(request: Request) -> str:
    """Return the path of a request, percent-encoded.

    ``request.url`` is made from the decoded path, in which ``%3F`` would begin the query.
    """
    return quote(request.scope["path"])


def own_query(request: Request) -> str:
    """Return the query of a request as it was sent, without the question mark."""
    query: bytes = request.scope["query_string"]
    return query.decode("ascii", "replace")


def moved(request: Request, path: str) -> RedirectResponse:
    """Lead to another path on this host for good, with the same query."""
    query = own_query(request)
    address = f"{quote(path)}?{query}" if query else quote(path)
    return RedirectResponse(address, HTTPStatus.PERMANENT_REDIRECT)


class OneAddress:
    """Redirects ``/collections/`` to ``/collections``, whatever the host is called."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Redirect, or pass the request on."""
        app: ASGIApp = self._app
        path = scope.get("path", "/")
        if scope["type"] == "http" and path.endswith("/") and path.strip("/"):
            # One slash at the beginning: "//host" would lead to another host.
            app = moved(Request(scope), f"/{path.strip('/')}")
        await app(scope, receive, send)
