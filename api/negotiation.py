"""What a caller wants: page or data, German or English."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from starlette.requests import Request

from api.errors import FormatError
from layers.wording import Language

LANGUAGES: tuple[Language, ...] = ("de", "en")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The outcome of negotiation."""

    html: bool
    language: Language


def wanted(request: Request, default: Language = "de") -> Wanted:
    """Decide by ``f`` and ``lang``, else by the Accept headers; data when nothing is said.

    Raises
    ------
    FormatError
        ``f`` or ``lang`` names something that is not offered.
    """
    asked, headers = request.query_params, request.headers
    return decide(
        asked.get("f"),
        asked.get("lang"),
        headers.get("accept", ""),
        headers.get("accept-language", ""),
        default,
    )


def language_of(request: Request, default: Language) -> Language:
    """Return the language asked for by ``lang``, else by the Accept-Language header."""
    accepted = request.headers.get("accept-language", "")
    return _language(request.query_params.get("lang"), accepted, default)


@lru_cache(maxsize=1024)
def decide(
    form: str | None, lang: str | None, accept: str, accept_language: str, default: Language
) -> Wanted:
    """Decide as `wanted` does, by the values of ``f``, ``lang`` and the two headers."""
    return Wanted(html=_html(form, accept), language=_language(lang, accept_language, default))


def _html(asked: str | None, accept: str) -> bool:
    if asked is not None:
        if asked not in {"json", "geojson", "html"}:
            raise FormatError(
                f"f: {asked[:40]!r} is not offered", advice="Use json or html.", parameter="f"
            )
        return asked == "html"
    ranked = _ranked(accept)
    best = next((t for t in ranked if t in {"text/html", "*/*"} or "json" in t), "*/*")
    return best == "text/html"


def _language(asked: str | None, accept_language: str, default: Language) -> Language:
    if asked is not None:
        if asked not in LANGUAGES:
            raise FormatError(
                f"lang: {asked[:40]!r} is not offered", advice="Use de or en.", parameter="lang"
            )
        return asked
    for tag in _ranked(accept_language):
        short = tag.split("-")[0]
        if short in LANGUAGES:
            return short
    return default


def _ranked(header: str) -> Sequence[str]:
    """Return the values of an Accept header, the most wanted first; weight 0 is left out."""
    weighted = []
    for position, part in enumerate(header.split(",")):
        value, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    weight = float(parameter[2:])
                except ValueError:
                    weight = 0.0
        if value and weight > 0:
            weighted.append((-weight, position, value))
    return [value for _, _, value in sorted(weighted)]
