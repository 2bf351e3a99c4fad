"""The dossier's own words in German and English, from messages.toml."""

import tomllib
from functools import cache
from pathlib import Path

from layers.spec import Title

FILE = Path(__file__).with_name("messages.toml")


@cache
def _catalogue() -> dict[str, dict[str, Title]]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def words(group: str, name: str, **facts: str | Title) -> Title:
    """Return a title or sentence in both languages, its braces filled in.

    A fact that is itself a title is filled in by language.
    """
    return {
        lang: text.format(**{k: v if isinstance(v, str) else v[lang] for k, v in facts.items()})
        for lang, text in _catalogue()[group][name].items()
    }


def plain(text: str) -> Title:
    """Return a text that is the same in both languages."""
    return {"de": text, "en": text}
