"""The application in front of the application: handlers of bytes first."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.caching import VARY, encoding_of, kept_headers, listed, not_modified, strong_tag
from api.raw.answer import Body, Handler, Piece, Prepared
from api.raw.encodings import ENCODINGS, LEAST, Compressed, compressed
from api.security import EXPOSED, HEADERS
from gis_core.errors import DeadlineError, FlurbuchError

_LONGEST = 32_000  # characters of an address
_AT_ONCE = 1 << 20  # larger answers are sent in pieces, so that few bytes are in memory
Failed = Callable[[Request, Exception], Awaitable[Response]]
_ALWAYS = [(name.lower().encode(), text.encode()) for name, text in HEADERS.items()]


class ByteApp:
    """Answers GET and HEAD of ``/collections/{id}/PLACE...`` and ``/PLACE...`` by handlers.

    What no handler answers, and every error, is the application's: there is one way of saying
    what is wrong. Handlers run on the event loop and must be done within milliseconds.

    Parameters
    ----------
    handlers
        By the parts of the path that are no names: ``collections/items``, ``tiles``.
    failed
        Answers what nobody foresaw, as it does for the application.
    """

    def __init__(self, app: ASGIApp, handlers: Mapping[str, Handler], failed: Failed) -> None:
        self.app = app
        self._handlers = handlers
        self._failed = failed
        self._compressed = Compressed()
        self._guarded = ServerErrorMiddleware(self._serve, handler=failed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand on; what breaks is answered as a fault of the service."""
        await self._guarded(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if len(scope["path"]) + len(scope["query_string"]) > _LONGEST:
            await self._fail(HTTPException(HTTPStatus.REQUEST_URI_TOO_LONG), scope, receive, send)
            return
        # Of a header that is given twice, the first counts, as in the application.
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"][::-1]}
        if scope["method"] in {"GET", "HEAD"} and await self._answer(scope, headers, receive, send):
            return
        await self.app(_one_encoding(scope, headers), receive, send)

    async def _answer(
        self, scope: Scope, headers: Mapping[str, str], receive: Receive, send: Send
    ) -> bool:
        try:
            prepared = self._prepared(scope, headers)
            if prepared is None:
                return False
            encoding = prepared.encoding or encoding_of(headers, ENCODINGS)
            tag = strong_tag(prepared.checksum, encoding)
            if tag in listed(headers.get("if-none-match", "")):
                await _send_unchanged(prepared, tag, headers, send)
                return True
            made = prepared.make
            body = await run_in_threadpool(made) if prepared.waits else made()
        except DeadlineError as error:  # once is long enough
            await self._fail(error, scope, receive, send)
            return True
        except FlurbuchError:
            return False
        if body is None:
            return False
        if not_modified(headers, tag, prepared.modified):
            await _send_unchanged(prepared, tag, headers, send)
            return True
        head = kept_headers(prepared.caller, tag, prepared.modified)
        if prepared.encoding:
            head["Content-Encoding"], encoding = prepared.encoding, "identity"
        start, pieces = self._encoded(head, tag, body, encoding, headers)
        if scope["method"] == "HEAD":
            await _send_whole(start, b"", send)
        elif body.length <= _AT_ONCE:
            await _send_whole(start, b"".join(pieces), send)
        else:
            await _stream(start, pieces, receive, send)
        return True

    async def _fail(self, error: Exception, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._failed(Request(scope), error)
        await response(scope, receive, send)

    def _prepared(self, scope: Scope, headers: Mapping[str, str]) -> Prepared | None:
        parts = scope["path"].split("/")
        within = len(parts) > 3 and parts[1] == "collections"
        handler = self._handlers.get(f"collections/{parts[3]}" if within else parts[1])
        return None if handler is None else handler(scope, parts, headers)

    def _encoded(
        self,
        head: dict[str, str],
        tag: str,
        body: Body,
        encoding: str,
        asked: Mapping[str, str],
    ) -> tuple[dict[str, Any], Iterable[Piece]]:
        """Return the beginning of an answer, and its bytes in the encoding that was chosen."""
        head |= body.headers
        head["Vary"] = VARY
        pieces: Iterable[Piece] = body.pieces
        length: int | None = body.length
        if encoding != "identity" and body.length >= LEAST:
            head["Content-Encoding"] = encoding
            pieces, length = self._packed(tag, body, encoding)
        if length is not None:
            head["Content-Length"] = str(length)
        return {"type": "http.response.start", "status": 200, "headers": _raw(head, asked)}, pieces

    def _packed(self, tag: str, body: Body, encoding: str) -> tuple[Iterable[Piece], int | None]:
        """Return a body compressed, and its length where it is known before it is sent."""
        if body.length > _AT_ONCE:
            return compressed(body.pieces, encoding), None
        packed = self._compressed.of(tag)
        if packed is None:
            packed = b"".join(compressed(body.pieces, encoding))
            self._compressed.keep(tag, packed)
        return [packed], len(packed)


async def _send_unchanged(
    prepared: Prepared, tag: str, headers: Mapping[str, str], send: Send
) -> None:
    head = {**kept_headers(prepared.caller, tag, prepared.modified), "Vary": VARY}
    start = {"type": "http.response.start", "status": 304, "headers": _raw(head, headers)}
    await _send_whole(start, b"", send)


async def _send_whole(start: dict[str, Any], body: bytes, send: Send) -> None:
    await send(start)
    await send({"type": "http.response.body", "body": body})


def _raw(head: Mapping[str, str], asked: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    raw = [(name.lower().encode(), text.encode("latin-1")) for name, text in head.items()]
    own = {name for name, _ in raw}
    raw += [(name, text) for name, text in _ALWAYS if name not in own]
    if "origin" in asked:
        raw += [
            (b"access-control-allow-origin", b"*"),
            (b"access-control-expose-headers", ", ".join(EXPOSED).encode()),
        ]
    return raw


def _one_encoding(scope: Scope, headers: Mapping[str, str]) -> Scope:
    """Return the scope with the one encoding that was chosen, so that all see the same."""
    if "accept-encoding" not in headers:
        return scope
    chosen = (b"accept-encoding", encoding_of(headers).encode())
    rest = [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]
    return {**scope, "headers": [*rest, chosen]}


async def _stream(
    start: dict[str, Any], pieces: Iterable[Piece], receive: Receive, send: Send
) -> None:
    """Send pieces as they are made; stop when nobody listens any more."""
    gone = asyncio.ensure_future(_disconnected(receive))
    try:
        await send(start)
        made = iter(pieces)
        while not gone.done():
            piece = await asyncio.to_thread(_next, made)
            more = piece is not None
            await send({"type": "http.response.body", "body": piece or b"", "more_body": more})
            if not more:
                return
    finally:
        gone.cancel()
        with suppress(asyncio.CancelledError):
            await gone


def _next(pieces: Iterator[Piece]) -> bytes | None:
    piece = next(pieces, None)
    return None if piece is None else bytes(piece)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
