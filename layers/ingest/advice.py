"""What to do about a fault, in the reader's language."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal

#: Fault codes that begin so share one advice.
FAMILIES = {"key-": "key-unreadable", "nba-": "nba-misfit"}


def advice(code: str, language: Literal["de", "en"] = "en") -> str:
    """Return the sentence that says what to do about faults of a code.

    Raises
    ------
    KeyError
        Nobody has written one; the tests see to it that this cannot happen.
    """
    table = _advice()
    for prefix, family in FAMILIES.items():
        if code not in table and code.startswith(prefix):
            code = family
    return table[code][language]


@cache
def _advice() -> dict[str, dict[str, str]]:
    return tomllib.loads(files(__package__).joinpath("advice.toml").read_text(encoding="utf-8"))
