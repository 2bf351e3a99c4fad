"""The words of data documents and errors, in German and English.

Each part of the service keeps its own in ``messages/documents/PART.toml``.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

from layers.spec import Title
from layers.wording import Language

Group = Literal[
    "field",
    "function",
    "input",
    "job",
    "link",
    "operation",
    "output",
    "parameter",
    "problem",
    "process",
    "raster",
    "record",
    "status",
    "style",
    "type",
]


@cache
def documents() -> Mapping[Group, Mapping[str, Title]]:
    """Return the catalogue: the words of all parts together."""
    merged: dict[Group, dict[str, Title]] = {group: {} for group in get_args(Group)}
    folder = files("api") / "messages" / "documents"
    for file in (f for f in folder.iterdir() if f.name.endswith(".toml")):
        for group, titles in tomllib.loads(file.read_text(encoding="utf-8")).items():
            merged[group] |= titles  # type: ignore[index]
    return merged


def words(group: Group, name: str, language: Language, **facts: str) -> str:
    """Return a title or sentence, its braces filled in."""
    return documents()[group][name][language].format(**facts)
