"""Cursors: signed places in the answer to one question about one import."""

import hmac
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NoBase64
from collections.abc import Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from secrets import token_bytes, token_hex
from struct import Struct
from typing import NamedTuple

from api.context import Caller
from api.errors import CursorError, CursorGoneError
from layers.errors import UnknownCollectionError
from layers.reader import Reader
from layers.view import CollectionView

KEY_FILE = "cursor.key"
_PLACE = Struct(">QQQQ")
_MAC = 16
_FREE = {"f", "lang", "limit", "offset", "cursor", "crs"}  # may differ from page to page


class Place(NamedTuple):
    """Number and time (microseconds) of the import, and the first feature of the page.

    ``told`` is the number of the history that is read beside the import, 0 where there is none.
    """

    number: int
    imported: int
    first: int
    told: int = 0


class Cursors:
    """Makes cursors and reads them; all processes of a service share the key."""

    def __init__(self, key: bytes) -> None:
        self._key = blake2b(key, digest_size=32).digest()

    def encode(self, view: CollectionView, first: int, bound: bytes, told: int = 0) -> str:
        """Return the cursor of the page that begins at a feature."""
        return self.signed(Place(view.generation.number, _time(view), first, told), bound)

    def signed(self, place: Place, bound: bytes) -> str:
        """Return the cursor of a place."""
        packed = _PLACE.pack(*place)
        return _text(packed + self._mac(packed, bound))

    def decode(self, text: str, bound: bytes) -> Place:
        """Return where a page begins.

        Raises
        ------
        CursorError
            The cursor was not made here, or for another question.
        """
        try:
            raw = urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4))
        except (NoBase64, ValueError):
            raw = b""
        if text != _text(raw):  # the decoder passes over what is no letter
            raw = b""
        place, mac = raw[: _PLACE.size], raw[_PLACE.size :]
        if len(raw) != _PLACE.size + _MAC or not hmac.compare_digest(mac, self._mac(place, bound)):
            raise CursorError(
                "the cursor does not belong to this request",
                advice="Follow the links next and prev as they are, or begin without a cursor.",
                parameter="cursor",
            )
        return Place(*_PLACE.unpack(place))

    def _mac(self, place: bytes, bound: bytes) -> bytes:
        return blake2b(place + bound, key=self._key, digest_size=_MAC).digest()


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def bound_to(caller: Caller, collection: str, given: Mapping[str, str]) -> bytes:
    """Return what a cursor holds for: the same filters, order and fields."""
    asked = sorted((name, text) for name, text in given.items() if name not in _FREE)
    return repr((caller.fields_key, collection, asked)).encode()


def view_at(reader: Reader, caller: Caller, collection: str, place: Place) -> CollectionView:
    """Return the collection of the import that a page belongs to.

    Raises
    ------
    CursorGoneError
        It is no longer kept.
    """
    with suppress(UnknownCollectionError):
        view = reader.view(caller.actor, collection, number=place.number)
        past_is_kept = place.told == 0 or reader.past(view, place.told) is not None
        if _time(view) == place.imported and past_is_kept:
            return view
    raise CursorGoneError(
        f"the data of {collection} were imported anew",
        advice="Begin again without a cursor.",
        parameter="cursor",
    )


def _time(view: CollectionView) -> int:
    return int(view.generation.imported_at.timestamp() * 1_000_000)


def cursor_key(stated: str, data_dir: Path) -> bytes:
    """Return the key of the settings, else that of the data directory, made at first use.

    Where the directory cannot be written, the key lasts as long as the process.
    """
    if stated:
        return stated.encode()
    path = data_dir / KEY_FILE
    with suppress(OSError):
        return path.read_bytes()
    made = token_bytes(32)
    with suppress(OSError):
        fresh = data_dir / f".{KEY_FILE}-{token_hex(6)}"
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(made)
        # Of several processes that begin at once, the first one's key is that of all.
        with suppress(FileExistsError):
            os.link(fresh, path)
        fresh.unlink()
        return path.read_bytes()
    return made
