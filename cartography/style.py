"""The signature catalogue as data: pens, fills, signs and lettering in paper millimetres."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from cartography.errors import SignatureError
from cartography.typeface import Face

CATALOGUE = Path(__file__).parent / "catalogue.toml"

Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$")]
Title = dict[Literal["de", "en"], str]
Millimetre = Annotated[float, Field(gt=0, le=100)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Pen(_Strict):
    """A line: colour, width, dash pattern, and the smallest scale at which it is drawn."""

    title: Title
    alkis: str = ""
    colour: Colour
    width: Millimetre | tuple[tuple[int, Millimetre], ...]
    dash: tuple[Millimetre, ...] = ()
    until: int = 100_000

    def width_at(self, scale: int) -> float:
        """Return the width in mm at 1:``scale``."""
        if isinstance(self.width, tuple):
            return _at_scale(self.width, scale)
        return self.width


class Fill(_Strict):
    """A filled area, the sign strewn over it, and the words in the data that ask for it."""

    id: str
    title: Title
    alkis: str = ""
    fill: Colour
    symbol: str = ""
    matches: tuple[str, ...]


class Symbol(_Strict):
    """A sign made of strokes around its middle, repeated every ``step`` mm."""

    colour: Colour
    width: Millimetre
    step: Millimetre
    strokes: tuple[tuple[float, ...], ...]


class Letter(_Strict):
    """Lettering: face, colour, sizes (em) to try, white space around, smallest scale of use."""

    face: Face
    alkis: str = ""
    colour: Colour
    space: Millimetre = 0.25
    until: int = 100_000
    em: tuple[tuple[int, tuple[Millimetre, ...]], ...]

    def sizes(self, scale: int) -> tuple[float, ...]:
        """Return the sizes in mm to try at 1:``scale``, largest first."""
        return _at_scale(self.em, scale)


class Catalogue(_Strict):
    """All signatures of the cadastral map."""

    pen: dict[str, Pen]
    building: tuple[Fill, ...]
    land_use: tuple[Fill, ...]
    symbol: dict[str, Symbol]
    letter: dict[str, Letter]

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        for kind, fills in (("building", self.building), ("land_use", self.land_use)):
            if not fills or fills[-1].matches:
                raise ValueError(f"{kind}: the last entry must match anything (matches = [])")
            for fill in fills:
                if fill.symbol and fill.symbol not in self.symbol:
                    raise ValueError(f"{kind} {fill.id}: there is no symbol {fill.symbol!r}")
        return self

    def building_fill(self, function: str) -> Fill:
        """Return the fill for a building function in words."""
        return _first_match(self.building, function)

    def land_use_fill(self, kind: str) -> Fill:
        """Return the fill for a kind of land use in words."""
        return _first_match(self.land_use, kind)


def _at_scale[T](steps: tuple[tuple[int, T], ...], scale: int) -> T:
    for largest, value in steps:
        if scale <= largest:
            return value
    return steps[-1][1]


def _first_match(fills: tuple[Fill, ...], words: str) -> Fill:
    folded = words.casefold()
    for fill in fills:
        if any(part.casefold() in folded for part in fill.matches):
            return fill
    return fills[-1]


def read_catalogue(text: str, *, name: str = "catalogue.toml") -> Catalogue:
    """Read a signature catalogue.

    Raises
    ------
    SignatureError
        The text is no TOML, or an entry is missing or not allowed; names the key.
    """
    try:
        return Catalogue.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SignatureError(f"{name}: {error}", file=name) from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise SignatureError(f"{name}: {key}: {first['msg']}", file=name, key=key) from error


@cache
def default_catalogue() -> Catalogue:
    """Return the catalogue that ships with the program; read once per process."""
    return read_catalogue(CATALOGUE.read_text(encoding="utf-8"))
