"""Compressed answers, kept while there is room."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Protocol

from isal import isal_zlib
from zstandard import ZstdCompressor

from api.raw.answer import Piece

ENCODINGS = ("zstd", "gzip")  # features become 12 and 9 times smaller; both cost alike
LEAST = 1024  # bytes that are worth compressing
_LEVEL = 1
_GZIP = 31  # window of 32 KiB, with the header of gzip
_MOST_KEPT = 32 << 20
_MOST_ONE = 2 << 20


class Packer(Protocol):
    """What both libraries give: a stream of bytes becomes smaller."""

    def compress(self, data: Piece, /) -> bytes:
        """Take more of the stream; return what is ready."""

    def flush(self) -> bytes:
        """Return the rest."""


class Compressed:
    """Compressed bodies by entity tag: the last ones asked for, 32 MiB at most."""

    def __init__(self) -> None:
        self._bodies: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0

    def of(self, tag: str) -> bytes | None:
        """Return the compressed body of a tag, if it is kept."""
        body = self._bodies.get(tag)
        if body is not None:
            self._bodies.move_to_end(tag)
        return body

    def keep(self, tag: str, body: bytes) -> None:
        """Keep a body; the ones longest not asked for make room."""
        if len(body) > _MOST_ONE or tag in self._bodies:
            return
        self._bodies[tag] = body
        self._size += len(body)
        while self._size > _MOST_KEPT:
            _, gone = self._bodies.popitem(last=False)
            self._size -= len(gone)


def compressed(pieces: Iterable[Piece], encoding: str) -> Iterator[bytes]:
    """Yield pieces in one of the encodings."""
    packer = _packer(encoding)
    for piece in pieces:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()


def _packer(encoding: str) -> Packer:
    if encoding == "zstd":
        return ZstdCompressor(level=_LEVEL).compressobj()
    return isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _GZIP)
