"""What styles are made of: the picture of their signs, and lettering. They hold no data."""

import re
from functools import lru_cache
from hashlib import blake2b
from http import HTTPStatus

import orjson
from starlette.requests import Request
from starlette.responses import Response

from api.caching import encoding_of, not_modified, strong_tag
from api.errors import UnknownStyleError
from cartography.editions import Edition
from cartography.glyphs import RANGE, glyph_range, stacks
from cartography.sprites import sprite_index, sprite_picture
from cartography.style import default_catalogue
from cartography.typeface import Face

GLYPHS = "application/x-protobuf"
SPRITES = {".json": 1, ".png": 1, "@2x.json": 2, "@2x.png": 2}
"""The files of a sprite by their endings, and how many pixels each has for one of CSS."""

_SPAN = re.compile(r"(\d{1,5})-(\d{1,5})")
_KEPT = "public, max-age=86400"
_LAST = 0xFFFF


def sprite(request: Request) -> Response:
    """Answer the picture of a style's signs, or where each lies in it."""
    name, rest = request.path_params["styleId"], request.path_params["sprite"]
    if rest not in SPRITES or name not in set(Edition):
        raise UnknownStyleError(
            f"there are no signs {name[:40]}/sprite{rest[:40]}",
            advice=f"There are sprite{', sprite'.join(SPRITES)}.",
        )
    ratio = SPRITES[rest]
    if rest.endswith("json"):
        index = orjson.dumps(sprite_index(default_catalogue(), ratio))
        return _kept(request, index, "application/json")
    return _kept(request, _picture(Edition(name), ratio), "image/png")


def glyphs(request: Request) -> Response:
    """Answer 256 letters of a typeface; of several that are named, of the first that there is."""
    stack, span = request.path_params["fontstack"], request.path_params["range"]
    faces = [face for name in stack.split(",") if (face := stacks().get(name.strip()))]
    if not faces:
        raise UnknownStyleError(
            f"there is no typeface {stack[:80]!r}", advice=f"There are: {', '.join(stacks())}."
        )
    return _kept(request, _letters(faces[0], span), GLYPHS)


def _letters(face: Face, span: str) -> bytes:
    found = _SPAN.fullmatch(span)
    first, last = (int(found[1]), int(found[2])) if found else (1, 0)
    if first % RANGE or last != first + RANGE - 1 or last > _LAST:
        raise UnknownStyleError(
            f"found letters {span[:40]!r}, expected 256 such as 0-255 or 256-511"
        )
    return glyph_range(face, first)


@lru_cache(maxsize=8)
def _picture(edition: Edition, ratio: int) -> bytes:
    return sprite_picture(default_catalogue(), edition, ratio)


def _kept(request: Request, content: bytes, media_type: str) -> Response:
    """Return a file that only another version of the program changes."""
    checksum = blake2b(content, digest_size=12).hexdigest()
    tag = strong_tag(checksum, encoding_of(request.headers))
    headers = {"ETag": tag, "Cache-Control": _KEPT, "Vary": "Accept-Encoding"}
    if not_modified(request.headers, tag, None):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(content, media_type=media_type, headers=headers)
