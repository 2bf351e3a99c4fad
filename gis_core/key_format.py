"""The parts of a canonical parcel key, and every way to write it."""

import re
from dataclasses import dataclass
from typing import Literal

from gis_core.districts import DistrictCatalogue
from gis_core.errors import ParcelKeyError
from gis_core.numerals import Lang, number_words

Style = Literal["canonical", "alb", "short", "label", "spoken"]

_CANONICAL = re.compile(
    r"([0-9]{2})([0-9]{4})([0-9]{3}|___)([0-9]{5})([0-9]{4}|____)([0-9A-Za-z]{2}|__)"
)
_LONG_DENOMINATORS = {"14", "16"}  # Saxony and Thuringia write four digits, the others three
_WORDS: dict[Lang, dict[str, str]] = {
    "de": {
        "district": "Gemarkung",
        "section": "Flur",
        "parcel": "Flurstück",
        "sequence": "Folge",
        "stroke": "Strich",
    },
    "en": {
        "district": "District",
        "section": "section",
        "parcel": "parcel",
        "sequence": "sequence",
        "stroke": "stroke",
    },
}


@dataclass(frozen=True, slots=True)
class KeyParts:
    """The parts of a parcel key.

    ``district`` is the six-digit district key, state included; ``section`` and
    ``denominator`` are None and ``sequence`` is empty where the parcel has none.
    """

    state: str
    district: str
    section: int | None
    numerator: int
    denominator: int | None = None
    sequence: str = ""

    @property
    def number(self) -> str:
        """The parcel number as people write it, ``123/4``."""
        return str(self.numerator) + (f"/{self.denominator}" if self.denominator else "")


def parts(key: str) -> KeyParts:
    """Take a canonical key apart.

    Raises
    ------
    ParcelKeyError
        The text is not the 20 characters of a canonical key.

    Examples
    --------
    >>> parts("053049012001230004__").number
    '123/4'
    """
    found = _CANONICAL.fullmatch(key)
    if found is None:
        raise ParcelKeyError(
            f"{key!r} is not the canonical form of a parcel key",
            advice="Read other spellings with gis_core.keys.read_key.",
            found=key,
        )
    state, district, section, numerator, denominator, sequence = found.groups()
    return KeyParts(
        state=state,
        district=state + district,
        section=None if section == "___" else int(section),
        numerator=int(numerator),
        denominator=None if denominator == "____" else int(denominator),
        sequence="" if sequence in {"__", "00"} else sequence,
    )


def join_parts(key: KeyParts, no_sequence: str = "__") -> str:
    """Return the 20 characters, the inverse of `parts`."""
    section = "___" if key.section is None else f"{key.section:03}"
    denominator = f"{key.denominator:04}" if key.denominator else "____"
    sequence = key.sequence or no_sequence
    return f"{key.district}{section}{key.numerator:05}{denominator}{sequence}"


def format_key(key: str, style: Style, catalogue: DistrictCatalogue, lang: Lang = "de") -> str:
    """Write a canonical key in one of the usual forms.

    Parameters
    ----------
    style
        ``canonical``: the 20 characters. ``alb``: ``053049-012-00123/004.00``.
        ``short``: ``3049-12-123/4``. ``label``: ``Gemarkung Krefeld, Flur 12,
        Flurstück 123/4``. ``spoken``: the same with numbers in words, for read-aloud.
    catalogue
        Gives the district's name; a district it doesn't know is written as number.

    Raises
    ------
    ParcelKeyError
        ``key`` is not canonical.
    """
    known = parts(key)
    if style == "canonical":
        return key
    if style == "alb":
        width = 4 if known.state in _LONG_DENOMINATORS else 3
        section, denominator = known.section or 0, known.denominator or 0
        return (
            f"{known.district}-{section:03}-{known.numerator:05}"
            f"/{denominator:0{width}}.{known.sequence or '00'}"
        )
    if style == "short":
        section_part = "" if known.section is None else f"-{known.section}"
        tail = f".{known.sequence}" if known.sequence else ""
        return f"{known.district[2:]}{section_part}-{known.number}{tail}"
    return _label(known, catalogue, lang, spoken=style == "spoken")


def _label(key: KeyParts, catalogue: DistrictCatalogue, lang: Lang, *, spoken: bool) -> str:
    words = _WORDS[lang]

    def number(value: int) -> str:
        return number_words(value, lang) if spoken else str(value)

    pieces = [f"{words['district']} {_district_name(key.district, catalogue)}"]
    if key.section is not None:
        pieces.append(f"{words['section']} {number(key.section)}")
    parcel = number(key.numerator)
    if key.denominator:
        parcel += f" {words['stroke']} " if spoken else "/"
        parcel += number(key.denominator)
    pieces.append(f"{words['parcel']} {parcel}")
    if key.sequence:
        spelled = spoken and key.sequence.isdigit()
        pieces.append(
            f"{words['sequence']} {number(int(key.sequence)) if spelled else key.sequence}"
        )
    return ", ".join(pieces)


def _district_name(key: str, catalogue: DistrictCatalogue) -> str:
    """Return the name, with the number beside it where the name alone is not enough."""
    district = catalogue.district(key)
    if district is None:
        return key
    alike = [d for d in catalogue.by_name(district.name) if d.municipality]
    unmistakable = alike == [district]
    return district.name if unmistakable else f"{district.name} ({key[2:]})"
