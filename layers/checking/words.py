"""What a check says, in German and English, from messages.toml."""

import tomllib
from functools import cache
from pathlib import Path
from typing import get_args

from gis_core.fabric_quality import Code, Severity
from layers.spec import Title
from layers.wording import Language, format_number

FILE = Path(__file__).with_name("messages.toml")
LANGUAGES: tuple[Language, ...] = get_args(Language)

_SQUARE_METRES = frozenset({"area", "official", "drawn", "bound", "deviation"})
_METRES = frozenset({"width", "offset"})


@cache
def _catalogue() -> dict[str, dict[str, Title]]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def code_title(code: Code) -> Title:
    """Return what a code is called."""
    return _catalogue()["code"][code.value]


def severity_title(severity: Severity) -> Title:
    """Return what a severity is called, for one finding."""
    return _catalogue()["severity"][severity.value]


def sentence(code: Code, case: str, facts: dict[str, float | str]) -> Title:
    """Return what was found and what to do about it."""
    text = _catalogue()["finding"][f"{code.value}.{case}" if case else code.value]
    return {
        lang: text[lang].format(**{name: _written(name, v, lang) for name, v in facts.items()})
        for lang in LANGUAGES
    }


def note(name: str, **facts: str | Title) -> Title:
    """Return a note on what was not checked; a fact that is a title is filled in by language."""
    return {
        lang: text.format(**{k: v if isinstance(v, str) else v[lang] for k, v in facts.items()})
        for lang, text in _catalogue()["note"][name].items()
    }


def _written(name: str, value: float | str, lang: Language) -> str:
    if isinstance(value, str):
        return value
    if name in _SQUARE_METRES:
        return area_text(value, lang)
    if name in _METRES:
        return length_text(value, lang)
    return format_number(value, lang)


def area_text(square_metres: float, lang: Language) -> str:
    """Write an area with as many decimals as it has meaning.

    >>> area_text(1234.56, "de"), area_text(0.0213, "en")
    ('1.235\u202fm²', '0.0213\u202fm²')
    """
    size = abs(square_metres)
    decimals = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.1 else 4
    return f"{format_number(square_metres, lang, decimals)}\N{NARROW NO-BREAK SPACE}m²"


def length_text(metres: float, lang: Language) -> str:
    """Write a length in the unit that suits it.

    >>> length_text(0.0203, "de"), length_text(0.0004, "en"), length_text(12.34, "en")
    ('2,0\u202fcm', '0.4\u202fmm', '12.34\u202fm')
    """
    if metres >= 1:
        return f"{format_number(metres, lang, 2)}\N{NARROW NO-BREAK SPACE}m"
    if metres >= 0.01:
        return f"{format_number(metres * 100, lang, 1)}\N{NARROW NO-BREAK SPACE}cm"
    return f"{format_number(metres * 1000, lang, 1)}\N{NARROW NO-BREAK SPACE}mm"
