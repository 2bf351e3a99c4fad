"""What every part of a layer.toml is made of: identifiers, titles, and no unknown keys."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


def _in_both_languages(title: dict[Literal["de", "en"], str]) -> dict[Literal["de", "en"], str]:
    if not all(title.get(language, "").strip() for language in ("de", "en")):
        raise ValueError("expected a text in both languages, { de = …, en = … }")
    return title


Title = Annotated[dict[Literal["de", "en"], str], AfterValidator(_in_both_languages)]


class Strict(BaseModel):
    """Immutable; a key that is not known is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def is_whole(text: str) -> bool:
    """Say whether a text is a whole number."""
    return text.removeprefix("-").isascii() and text.removeprefix("-").isdigit()
