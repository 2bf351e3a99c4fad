"""The words of data documents and errors, in German and English, from documents.toml."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

from layers.spec import Title
from layers.wording import Language

Group = Literal["link", "operation", "parameter", "problem", "type"]


@cache
def documents() -> Mapping[Group, Mapping[str, Title]]:
    """Return the catalogue."""
    text = (files("api") / "messages" / "documents.toml").read_text(encoding="utf-8")
    read: dict[Group, dict[str, Title]] = tomllib.loads(text)  # type: ignore[assignment]
    return read


def words(group: Group, name: str, language: Language, **facts: str) -> str:
    """Return a title or sentence, its braces filled in."""
    return documents()[group][name][language].format(**facts)
