"""Answers that are sent while they are made: memory is flat, and a caller that leaves ends it."""

import re
from collections.abc import Generator, Iterator, Mapping
from itertools import chain

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from api.features.formats.format import About, Format
from layers.reader.batches import Batches

_PLAIN = re.compile(r"[^A-Za-z0-9_-]+")


class Streamed(StreamingResponse):
    """Sends pieces as they come; what made them is closed when the last is sent, or nobody waits.

    The first piece is made at once: faults that come up by then are answered as problems. A
    later one breaks the connection off, so that no part is taken for the whole.
    """

    def __init__(
        self, pieces: Generator[bytes], media_type: str, headers: Mapping[str, str]
    ) -> None:
        self._pieces = pieces
        first = next(pieces, b"")
        super().__init__(chain((first,), pieces), media_type=media_type, headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the pieces."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            with anyio.CancelScope(shield=True):
                await run_in_threadpool(self._pieces.close)


def streamed(
    form: Format,
    batches: Batches,
    about: About,
    name: str,
    headers: Mapping[str, str],
    *,
    head_only: bool,
) -> Streamed:
    """Return features in a format.

    Parameters
    ----------
    name
        What the file is called, without its suffix.
    head_only
        The request was HEAD: nothing is read.
    """
    told = dict(headers)
    if form.attached:
        file = f"{_PLAIN.sub('_', name)}.{form.suffix}"
        told["Content-Disposition"] = f'attachment; filename="{file}"'
    written = iter(()) if head_only else form.write(batches, about)
    return Streamed(_closing(written), form.media_type, told)


def _closing(pieces: Iterator[bytes]) -> Generator[bytes]:
    yield from pieces
