"""Data as an answer."""

from collections.abc import Mapping

import orjson
from starlette.responses import Response

from layers.wording import Language


def json_answer(
    document: Mapping[str, object], language: Language, media_type: str = "application/json"
) -> Response:
    """Return a document whose titles are in one language."""
    headers = {"Content-Language": language, "Vary": "Accept, Accept-Language"}
    return Response(orjson.dumps(document), media_type=media_type, headers=headers)
