"""Validators: an answer stays the same until an import that it was made from is replaced."""

from collections.abc import Callable, Iterable
from hashlib import blake2b
from http import HTTPStatus
from importlib.metadata import version

from starlette.requests import Request
from starlette.responses import Response

from api.addresses import own_path, own_query
from api.context import caller_of
from api.negotiation import Wanted
from layers.view import CollectionView

_PROGRAM = version("flurbuch")
_ATTEMPTS = 3
Views = Callable[[], Iterable[CollectionView]]


def revalidated(
    request: Request, asked_for: Wanted, views: Views, answer: Callable[[], Response]
) -> Response:
    """Return the answer with its validator, or 304 where the caller has it already.

    Parameters
    ----------
    views
        Returns the collections that the answer is made from, as they are served now.

    Notes
    -----
    The validator is weak: the same features may be written at another time. When an
    import is published while the answer is made, the answer is made again.
    """
    tag = _validator(request, asked_for, views())
    shared = "public" if caller_of(request.scope).anybody else "private"
    headers = {"Cache-Control": f"{shared}, no-cache"}
    if tag in known_tags(request):
        headers |= {"ETag": tag, "Vary": "Accept, Accept-Language"}
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    for _ in range(_ATTEMPTS):
        response, before = answer(), tag
        tag = _validator(request, asked_for, views())
        if tag == before:
            break
    if response.status_code == HTTPStatus.OK and tag == before:
        response.headers.update(headers | {"ETag": tag})
    return response


def _validator(request: Request, asked_for: Wanted, views: Iterable[CollectionView]) -> str:
    made_from = [(v.id, v.names, v.generation.number, v.generation.imported_at) for v in views]
    asked = (own_path(request), own_query(request), asked_for.html, asked_for.language)
    released = caller_of(request.scope).fields_key
    digest = blake2b(repr((_PROGRAM, asked, released, made_from)).encode(), digest_size=12)
    return f'W/"{digest.hexdigest()}"'


def known_tags(request: Request) -> set[str]:
    """Return the validators of the answers that the caller has already."""
    return {tag.strip() for tag in request.headers.get("if-none-match", "").split(",")}
