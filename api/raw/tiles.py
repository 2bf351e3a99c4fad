"""Tiles that were made before, as they are kept."""

from collections.abc import Mapping

from starlette.types import Scope

from api.caching import encoding_of
from api.context import caller_of
from api.raw.answer import Body, Prepared
from api.tiles.documents import MVT
from api.tiles.routes import matrix_set_of, whole
from layers.reader import Reader

_HEADERS = {"Content-Type": MVT}
_KEPT = "gzip"


class KeptTiles:
    """Answers a tile from the cache; the application makes it where there is none."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def __call__(
        self, scope: Scope, parts: list[str], headers: Mapping[str, str]
    ) -> Prepared | None:
        """Prepare the answer; None where the application has to give it."""
        only = [parts[2]] if parts[1] == "collections" else None
        place = parts[parts.index("tiles", 1 if only is None else 3) + 1 :]
        if len(place) != 4 or scope["query_string"] or encoding_of(headers, (_KEPT,)) != _KEPT:
            return None
        one = matrix_set_of(place[0])
        z, y, x = map(whole, place[1:])
        caller = caller_of(scope)
        tile = self._reader.kept_tile(caller.purposeless, only, one, z, x, y)
        if tile is None or not tile.content:
            return None
        content = tile.content
        return Prepared(
            caller,
            tile.key,
            tile.modified,
            lambda: Body(_HEADERS, len(content), [content]),
            encoding=_KEPT,
        )
