"""What a caller wants: page or data and of which format, German or English."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from starlette.requests import Request

from api.errors import FormatError, NotAcceptableError
from layers.wording import Language

LANGUAGES: tuple[Language, ...] = ("de", "en")


Offered = tuple[tuple[str, str], ...]
_READ = 1000  # characters of a header: what is decided is kept, and must not fill the memory
_JSON = {"application/*", "*/*"}
_HTML = {"text/html", "application/xhtml+xml", "text/*"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """The outcome of negotiation; ``form``: ``html``, ``json``, or the name of another format."""

    form: str
    language: Language

    @property
    def html(self) -> bool:
        """Whether a page is wanted."""
        return self.form == "html"


def wanted(request: Request, default: Language = "de", also: Offered = ()) -> Wanted:
    """Decide by ``f`` and ``lang``, else by the Accept headers; data when nothing is said.

    Parameters
    ----------
    also
        Formats that are offered besides JSON and pages: what ``f`` calls them, and their
        media types.

    Raises
    ------
    FormatError
        ``f`` or ``lang`` names something that is not offered.
    NotAcceptableError
        The caller accepts only media types that are not offered.
    """
    asked, headers = request.query_params, request.headers
    return decide(
        asked.get("f"),
        asked.get("lang"),
        headers.get("accept", ""),
        headers.get("accept-language", ""),
        default,
        also,
    )


def language_of(request: Request, default: Language) -> Language:
    """Return the language asked for by ``lang``, else by the Accept-Language header."""
    accepted = request.headers.get("accept-language", "")
    return _language(request.query_params.get("lang"), accepted, default)


def decide(
    form: str | None,
    lang: str | None,
    accept: str,
    accept_language: str,
    default: Language,
    also: Offered = (),
) -> Wanted:
    """Decide as `wanted` does, by the values of ``f``, ``lang`` and the two headers."""
    return _decided(
        form and form[:_READ],
        lang and lang[:_READ],
        accept[:_READ],
        accept_language[:_READ],
        default,
        also,
    )


@lru_cache(maxsize=1024)
def _decided(
    form: str | None,
    lang: str | None,
    accept: str,
    accept_language: str,
    default: Language,
    also: Offered,
) -> Wanted:
    language = _language(lang, accept_language, default)
    return Wanted(form=_form(form, accept, dict(also)), language=language)


def _form(asked: str | None, header: str, also: Mapping[str, str]) -> str:
    if asked is not None:
        if asked not in {"json", "geojson", "html", *also}:
            raise FormatError(
                f"f: {asked[:40]!r} is not offered",
                advice=f"Use {', '.join(('json', *also))} or html.",
                parameter="f",
            )
        return "json" if asked == "geojson" else asked
    by_type = {media_type: name for name, media_type in also.items()}
    for accepted in _ranked(header):
        if accepted in by_type:
            return by_type[accepted]
        if accepted in _JSON or "json" in accepted:
            return "json"
        if accepted in _HTML:
            return "html"
    if not header.strip():
        return "json"
    raise NotAcceptableError(
        f"nothing of {header[:80]!r} is offered",
        advice=f"Offered: {', '.join(('application/json', 'text/html', *by_type))}.",
    )


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
            if parameter.startswith("version="):  # as in the media types of OpenAPI
                value += f";{parameter}"
            if parameter.startswith("q="):
                try:
                    weight = float(parameter[2:])
                except ValueError:
                    weight = 0.0
        if value and weight > 0:
            weighted.append((-weight, position, value))
    return [value for _, _, value in sorted(weighted)]
