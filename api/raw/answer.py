"""What a handler of the short way gives: how to know the answer, and how to make it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from starlette.types import Scope

from api.context import Caller

Piece = bytes | memoryview


@dataclass(frozen=True, slots=True)
class Body:
    """An answer's own headers, its length, and its bytes in pieces."""

    headers: Mapping[str, str]
    length: int
    pieces: Iterable[Piece]


@dataclass(frozen=True, slots=True)
class Prepared:
    """An answer before it is made.

    Attributes
    ----------
    checksum
        Of all that decides the bytes: the strong validator, but for the encoding.
    modified
        When the data were imported.
    make
        Makes the answer; None: it is the application's, after all.
    encoding
        In which the bytes are kept already; None: as they come.
    waits
        Whether making it may take longer than others should wait: a thread does it.
    """

    caller: Caller
    checksum: str
    modified: datetime
    make: Callable[[], Body | None]
    encoding: str | None = None
    waits: bool = False


Handler = Callable[[Scope, list[str], Mapping[str, str]], Prepared | None]
"""Takes the scope, the parts of the path between slashes, and the headers."""
