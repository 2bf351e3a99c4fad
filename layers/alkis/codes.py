"""The ALKIS feature catalogue as far as it is needed: classes, and what their codes mean."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class ObjectClass:
    """An object class of the catalogue.

    Attributes
    ----------
    number
        Its five digits (Kennung), such as 31001.
    title
        Its German name as the simplified schema writes it.
    group
        ``building``, ``structure`` or ``land_use``.
    codes
        Text by code, for each attribute that says more about an object; the first
        attribute with a value counts.
    """

    number: str
    title: str
    group: str
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def describe(self, attribute: str, code: str) -> str:
        """Return the text of a code; an unknown code stands for itself."""
        return self.codes[attribute].get(code, code)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Object classes by name, and code lists by attribute."""

    classes: Mapping[str, ObjectClass]
    lists: Mapping[str, Mapping[str, str]]


@cache
def read_catalogue() -> Catalogue:
    """Return the catalogue from codes.toml."""
    text = Path(__file__).with_name("codes.toml").read_text(encoding="utf-8")
    facts = tomllib.loads(text)
    classes = {name: _object_class(entry) for name, entry in facts["class"].items()}
    return Catalogue(classes, facts["list"])


def _object_class(entry: dict[str, Any]) -> ObjectClass:
    codes = {key: value for key, value in entry.items() if isinstance(value, dict)}
    return ObjectClass(entry["number"], entry["title"], entry["group"], codes)
