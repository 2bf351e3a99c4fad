"""Sentences for people, in German and English, and numbers as each language writes them."""

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from math import isnan
from pathlib import Path
from typing import get_args

from layers.wording import Language, format_date, format_number, format_value

CATALOGUE = Path(__file__).parent / "messages.toml"

LANGUAGES: tuple[Language, ...] = get_args(Language)


class Messages:
    """The sentences of one language.

    Calling it with a key and the values of its braces gives the sentence; a key that
    does not exist is a mistake in the program and raises ``KeyError``.
    """

    def __init__(self, lang: Language, sentences: Mapping[str, str]) -> None:
        self.lang: Language = lang
        self._sentences = sentences

    def __call__(self, key: str, **values: object) -> str:
        """Return the sentence for ``key`` with its values filled in."""
        return self._sentences[key].format(**values)

    def count(self, key: str, n: int, **values: object) -> str:
        """Return the sentence for a number of things: ``key.none``, ``key.one`` or ``key.many``."""
        form = "none" if n == 0 else "one" if n == 1 else "many"
        return self(f"{key}.{form}", n=self.number(n), **values)

    def number(self, value: float, digits: int = 0) -> str:
        """Write a number: ``1.234,5`` in German, ``1,234.5`` in English."""
        return format_number(value, self.lang, digits)

    def area(self, square_metres: float) -> str:
        """Write an area with its unit; decimals only where the cadastre has them."""
        if isnan(square_metres):
            return self("unknown")
        return format_value(square_metres, self.lang, "m²")

    def day(self, day: date | None) -> str:
        """Write a date: ``31.12.2025`` in German, ``31 December 2025`` in English."""
        return self("unknown") if day is None else format_date(day, self.lang)

    def listing(self, parts: list[str]) -> str:
        """Join words to a list: ``a, b und c``."""
        if len(parts) < 2:
            return "".join(parts)
        return f"{', '.join(parts[:-1])} {self('and')} {parts[-1]}"


def messages(lang: Language) -> Messages:
    """Return the sentences of a language; the catalogue is read once per process."""
    return read_messages(CATALOGUE, lang)


@cache
def read_messages(catalogue: Path, lang: Language) -> Messages:
    """Return the sentences of another catalogue; it is read once per process."""
    tables = tomllib.loads(catalogue.read_text(encoding="utf-8"))
    return Messages(lang, {key: entry[lang] for key, entry in _flat(tables)})


def _flat(tables: Mapping[str, object], prefix: str = "") -> list[tuple[str, dict[str, str]]]:
    entries: list[tuple[str, dict[str, str]]] = []
    for key, value in tables.items():
        if not isinstance(value, dict):
            raise TypeError(f"{prefix}{key} is no table")
        if set(value) == set(LANGUAGES):
            entries.append((prefix + key, value))
        else:
            entries += _flat(value, f"{prefix}{key}.")
    return entries
