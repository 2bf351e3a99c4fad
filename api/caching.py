"""Validators: an answer stays the same until an import that it was made from is replaced."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache
from hashlib import blake2b
from http import HTTPStatus
from importlib.metadata import version
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from api.addresses import own_path, own_query
from api.context import Caller, caller_of
from api.negotiation import Wanted

_PROGRAM = version("flurbuch")
_ATTEMPTS = 3
VARY = "Accept, Accept-Language, Accept-Encoding"


class Import(Protocol):
    """One import of a layer."""

    @property
    def number(self) -> int:
        """Its number, counted up."""

    @property
    def imported_at(self) -> datetime:
        """When it was published."""


class Source(Protocol):
    """What answers are made from: data of one import, as somebody may read them."""

    @property
    def id(self) -> str:
        """Its name."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its fields."""

    @property
    def generation(self) -> Import:
        """The import."""


Sources = Callable[[], Iterable[Source]]


def revalidated(
    request: Request,
    asked_for: Wanted,
    views: Sources,
    answer: Callable[[], Response],
    *,
    strong: bool = False,
    mark: Callable[[], str] = str,
) -> Response:
    """Return the answer with its validator, or 304 where the caller has it already.

    Parameters
    ----------
    views
        Returns what the answer is made from, as it is served now.
    strong
        Whether the same data are the same bytes.
    mark
        Returns what a strong tag begins with, so that it can be told from the tag alone.

    Notes
    -----
    When an import is published while the answer is made, the answer is made again.
    """

    def validator() -> tuple[str, datetime | None]:
        caller, now = caller_of(request.scope), list(views())
        asked = (own_path(request), own_query(request), asked_for.form, asked_for.language)
        tag = strong_tag(mark() + digest(caller, now, asked), encoding_of(request.headers))
        if not strong:
            return f"W/{tag}", None
        return tag, max((v.generation.imported_at for v in now), default=None)

    (tag, modified), caller = validator(), caller_of(request.scope)
    headers = kept_headers(caller, tag, modified)
    known = request.headers.get("if-none-match")
    if known is not None and tag in listed(known):
        return _unchanged(headers)
    for _ in range(_ATTEMPTS):
        response, before = answer(), tag
        tag, modified = validator()
        if tag == before:
            break
    if response.status_code != HTTPStatus.OK or tag != before:
        return response
    headers = kept_headers(caller, tag, modified)
    if not_modified(request.headers, tag, modified):
        return _unchanged(headers)
    response.headers.update(headers)
    return response


def _unchanged(headers: dict[str, str]) -> Response:
    return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers | {"Vary": VARY})


def digest(caller: Caller, views: Iterable[Source], asked: object) -> str:
    """Return a checksum of what decides the bytes of an answer: program, reader, data, question."""
    made_from = [(v.id, v.names, v.generation.number, v.generation.imported_at) for v in views]
    text = repr((_PROGRAM, asked, caller.fields_key, made_from))
    return blake2b(text.encode(), digest_size=12).hexdigest()


def strong_tag(checksum: str, encoding: str) -> str:
    """Return the entity tag of an answer in an encoding: other bytes, another tag."""
    return f'"{checksum}"' if encoding == "identity" else f'"{checksum}-{encoding}"'


def kept_headers(caller: Caller, tag: str, modified: datetime | None) -> dict[str, str]:
    """Return the headers by which an answer is kept and asked for again."""
    shared = "public" if caller.anybody else "private"
    headers = {"Cache-Control": f"{shared}, no-cache", "ETag": tag}
    return headers | ({} if modified is None else {"Last-Modified": http_date(modified)})


@lru_cache(maxsize=64)
def http_date(instant: datetime) -> str:
    """Return an instant as HTTP writes it."""
    return format_datetime(instant.astimezone(UTC), usegmt=True)


def listed(header: str) -> set[str]:
    """Return the entity tags of an ``If-None-Match`` header."""
    return {tag.strip() for tag in header.split(",")}


def not_modified(headers: Mapping[str, str], tag: str, modified: datetime | None) -> bool:
    """Tell whether the caller has this answer already (RFC 9110, 13.1.2 and 13.1.3)."""
    known = headers.get("if-none-match")
    if known is not None:
        weak = tag.removeprefix("W/")
        return known.strip() == "*" or any(t.removeprefix("W/") == weak for t in listed(known))
    since = headers.get("if-modified-since")
    if since is None or modified is None:
        return False
    try:
        then = parsedate_to_datetime(since)
    except ValueError:
        return False
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    return modified.replace(microsecond=0) <= then


def encoding_of(headers: Mapping[str, str], offered: tuple[str, ...] = ("gzip",)) -> str:
    """Return the encoding in which an answer is sent.

    The one of those offered that is accepted most, the former before the latter; ``identity``
    where none is.
    """
    return _encoding(headers.get("accept-encoding", ""), offered)


@lru_cache(maxsize=256)
def _encoding(accepted: str, offered: tuple[str, ...]) -> str:
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        weight = next((p[2:] for p in parameters if p.startswith("q=")), "1")
        try:
            weights[name] = float(weight)
        except ValueError:
            weights[name] = 0.0
    asked = {name: weights.get(name, weights.get("*", 0.0)) for name in offered}
    best = max(asked, key=asked.__getitem__)
    return best if asked[best] > 0 else "identity"
