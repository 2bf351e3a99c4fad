"""Parcel keys as offices spell them, right ones and wrong ones."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Key:
    """The parts of a parcel key, and the name of its district."""

    district: str  # six digits
    name: str
    section: int
    numerator: int
    denominator: int  # 0: none

    @property
    def canonical(self) -> str:
        """The 20 characters."""
        nenner = f"{self.denominator:04d}" if self.denominator else "____"
        return f"{self.district}{self.section:03d}{self.numerator:05d}{nenner}__"

    @property
    def number(self) -> str:
        """Parcel number as it is spoken: ``123/4``."""
        return f"{self.numerator}/{self.denominator}" if self.denominator else f"{self.numerator}"


def _short(key: Key) -> str:
    return f"{key.district[2:]}-{key.section}-{key.number}"


def _alb(key: Key) -> str:
    return f"{key.district}-{key.section:03d}-{key.numerator:05d}/{key.denominator:03d}"


GOOD: dict[str, Callable[[Key], str]] = {
    "canonical": lambda key: key.canonical,
    "truncated": lambda key: key.canonical.rstrip("_"),
    "dashes": lambda k: (
        f"05-{k.district[2:]}-{k.section:03d}-{k.numerator:05d}/{k.denominator:03d}"
    ),
    "alb": lambda key: f"{_alb(key)}.00",
    "alb_plain": _alb,
    "short": _short,
    "short_state": lambda key: f"05 {_short(key)}",
    "slashes": lambda k: (
        f"05/{k.district[2:]}/{k.section:03d}/{k.numerator:05d}/{k.denominator:04d}"
    ),
    "text": lambda k: f"Gemarkung {k.name}, Flur {k.section}, Flurstück {k.number}",
    "text_short": lambda k: f"Gem. {k.name} Fl. {k.section} Flst. {k.number}",
    "text_umlaut": lambda k: f"Gmkg. {_folded(k.name)}, Flur {k.section}, Flst {k.number}",
    "text_key": lambda k: (
        f"Gemarkung {k.name} ({k.district[2:]}) Flur {k.section} Flurstück {k.number}"
    ),
    "name": lambda k: f"{k.name.lower()} {k.section} {k.number}",
    "name_dashes": lambda k: f"{k.name}-{k.section}-{k.number}",
    "name_commas": lambda k: f"{k.name}, Flur {k.section}, {k.number}",
    "blanks": lambda k: f"  {k.canonical} ",
}
"""Spellings that mean exactly one parcel."""

BAD: dict[str, Callable[[Key], str]] = {
    "nineteen_characters": lambda k: k.canonical[:8] + k.canonical[9:],
    "letter_for_digit": lambda k: k.canonical[:8] + "O" + k.canonical[9:],
    "district_missing": lambda k: f"Flur {k.section} Flurstück {k.number}",
    "section_unknown": lambda k: f"Verberg, Flur 3, {k.number}",
    "district_unknown": lambda k: f"05-4200-{k.section:03d}-{k.numerator:05d}/{k.denominator:03d}",
    "names_disagree": lambda k: f"Gemarkung Hüls (3049) Flur {k.section} Flurstück {k.number}",
    "too_short": lambda k: f"{k.numerator + 10_000}/{k.denominator or 6}",
    "without_section": lambda k: f"{k.district}___{k.numerator:05d}{'_' * 6}",
    "other_municipality": lambda k: f"Gemarkung Kempen, Flur 3, Flurstück {k.number}",
    "other_municipality_key": lambda k: f"053062003{k.numerator:05d}______",
}
"""Spellings that must be refused: nobody may guess which parcel is meant."""

_UMLAUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def _folded(name: str) -> str:
    return name.translate(_UMLAUT)


STREET_STYLES: dict[str, Callable[[str, str], str]] = {
    "plain": lambda street, number: f"{street} {number}",
    "abbreviated": lambda street, number: (
        f"{street.replace('straße', 'str.').replace('Straße', 'Str.')} {number}"
    ),
    "capitals": lambda street, number: f"{street.upper().replace('SSE', 'SSE')} {number}",
    "spelled_ss": lambda street, number: f"{street.replace('ß', 'ss')} {number}",
    "joined_suffix": lambda street, number: f"{street} {number.replace(' ', '')}",
}
"""Spellings of one address."""
