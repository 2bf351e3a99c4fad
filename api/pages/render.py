"""One template environment and one message catalogue for all pages."""

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from api.addresses import own_path
from api.features.formats.registry import FORMATS
from api.negotiation import LANGUAGES, Wanted
from api.settings import Settings
from api.wording import words
from layers.municipality import Municipality
from layers.wording import Language, format_date, format_field, format_number


@cache
def catalogue(language: Language) -> Mapping[str, str]:
    """Return the sentences of one language."""
    text = (files("api") / "messages" / f"{language}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


class Pages:
    """Renders templates; knows the settings that every page shows."""

    def __init__(self, settings: Settings, town: Municipality) -> None:
        self._settings = settings
        self._town = town
        self._environment = Environment(
            loader=PackageLoader("api", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def answer(
        self,
        name: str,
        request: Request,
        wanted: Wanted,
        *,
        status: int = 200,
        **data: object,
    ) -> HTMLResponse:
        """Return a page.

        Parameters
        ----------
        name
            Template, without its ending.
        data
            What the template shows besides the common parts.
        """
        language = wanted.language
        other = next(code for code in LANGUAGES if code != language)
        html = self._render(
            name,
            language,
            layout="base.html",
            other_language_url=with_parameters(request, lang=other, f="html"),
            with_query=lambda **changes: with_parameters(request, **changes),
            **data,
        )
        headers = {"Content-Language": language, "Vary": "Accept, Accept-Language"}
        return HTMLResponse(html, status_code=status, headers=headers)

    def file(self, name: str, language: Language, **data: object) -> str:
        """Return a page as one file that needs no server: its style sheet is within."""
        style = (files("api") / "static" / "flurbuch.css").read_text(encoding="utf-8")
        return self._render(name, language, layout="file.html", stylesheet=style, **data)

    def _render(self, name: str, language: Language, **data: object) -> str:
        sentences = catalogue(language)

        def say(key: str, **facts: object) -> str:
            return sentences[key].format(**facts)

        return self._environment.get_template(f"{name}.html").render(
            t=say,
            lang=language,
            town=self._town.title[language],
            storage_crs=self._town.storage_crs,
            settings=self._settings,
            formats=FORMATS.values(),
            type_name=lambda field: words("type", field.type.value, language),
            number=lambda v, decimals=None: format_number(v, language, decimals),
            coded=lambda field, v: format_field(field, v, language),
            day=lambda v: day(v, language),
            **data,
        )


def day(value: date | datetime | None, language: Language) -> str:
    """Return a day in words, a dash where none is known."""
    if value is None:
        return "–"
    return format_date(value.date() if isinstance(value, datetime) else value, language)


def with_parameters(request: Request, **changes: str | int | None) -> str:
    """Return the request's own address with some parameters changed; None takes one out.

    What a form left blank is left out, and what it gave several times is joined by commas.
    """
    query: dict[str, str] = {}
    for name, text in request.query_params.multi_items():
        if text:
            query[name] = f"{query[name]},{text}" if name in query else text
    query |= {k: str(v) for k, v in changes.items() if v is not None}
    for name, value in changes.items():
        if value is None:
            query.pop(name, None)
    path = own_path(request)
    return f"{path}?{urlencode(query)}" if query else path
