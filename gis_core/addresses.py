"""Addresses as text: taken apart, and brought into a form in which spellings are equal.

The cadastre writes several addresses of a parcel in one field: streets separated
by ``;``, house numbers of one street by ``,`` ("Haeckswisch 3; Trilluper Weg 25, 27").
Registers add postcodes, towns and ranges ("Hauptstr. 12-16, 47798 Krefeld"). Nothing
here guesses: numbers stay as written, only padding, case and blanks are evened out.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from gis_core.folding import fold_words, plain_text

MAX_RANGE = 200
"""Widest span of house numbers that is taken for a range."""

_SUFFIX = r"(?:[1-3]/[2-4]|[a-z])(?![^\W_]|\.)"
_HOUSE = rf"[0-9]{{1,4}}(?:\s*{_SUFFIX})?"
_JOIN = r"\s*(?:-|/|\+|&|\bbis\b|\bund\b|\bu\.)\s*"
_HOUSES = re.compile(rf"(?<![0-9]){_HOUSE}(?:{_JOIN}(?:{_HOUSE}|[a-z](?![^\W_])))*$", re.IGNORECASE)
_TOKEN = re.compile(
    rf"(?P<number>[0-9]{{1,4}})(?:\s*(?P<suffix>{_SUFFIX}))?|(?P<to>-|bis)"
    r"|(?<![^\W_])(?P<letter>[a-z])(?![^\W_]|\.)",
    re.IGNORECASE,
)
_ROAD = re.compile(r"[ABKLS] ?[0-9]{1,4} ?[a-z]?", re.IGNORECASE)  # "B 265": a road, not number 265
_PLACE = re.compile(r"(?:D-)?[0-9]{5}(?![0-9])|(?:Ortsteil|OT)\b", re.IGNORECASE)
_TOWN_AFTER = re.compile(r"\s(?:D-)?[0-9]{5}\s+[^0-9]+$", re.IGNORECASE)
_NUMBER_WORD = re.compile(r"[\s,]*\b(?:haus)?(?:nr|nummer|no)\b\.?\s*$", re.IGNORECASE)

_WORD = "[A-ZÄÖÜa-zäöüß]{2,}"
_PLAIN = re.compile(rf"({_WORD}(?:[ -]{_WORD})*\.?) ([1-9][0-9]{{0,3}})([a-z]?)")
_NOT_PLAIN = frozenset(
    ["nr", "no", "nummer", "hausnr", "hausnummer", "haus", "bis", "und", "ot", "ortsteil"]
)


class Address(NamedTuple):
    """One address: the street as written, the house number's digits, its suffix.

    ``number`` has no leading zeros and is empty where none is given; ``suffix`` is a
    lower-case letter or a fraction (``1/2``), mostly empty.
    """

    street: str
    number: str
    suffix: str

    @property
    def text(self) -> str:
        """The address in one line, as a person writes it."""
        return f"{self.street} {self.house}".strip()

    @property
    def key(self) -> str:
        """The form to join by: folded street, blank, number, suffix."""
        return f"{fold_street(self.street)} {self.house}".strip()

    @property
    def house(self) -> str:
        """The house number with its suffix, empty where none is given."""
        gap = " " if "/" in self.suffix else ""
        return f"{self.number}{gap}{self.suffix}"


@lru_cache(maxsize=65536)
def fold_street(street: str) -> str:
    """Return a street name in the form in which two spellings of it are equal.

    Beyond `gis_core.folding.fold_name` it spells out *Str.* and *Pl.*

    Examples
    --------
    >>> fold_street("Konrad-Reuter-Straße") == fold_street("KONRAD REUTER STR.")
    True
    """
    words = fold_words(re.sub(r"pl\.(?=\W|$)", "platz ", street, flags=re.IGNORECASE))
    return "".join(map(_full_word, words))


def split_address(text: str) -> Address:
    """Return the first address in a text; empty parts where the text has none.

    Examples
    --------
    >>> split_address("Hauptstr.05 A, 47798 Krefeld")
    Address(street='Hauptstr.', number='5', suffix='a')
    >>> split_address("Straße des 17. Juni")
    Address(street='Straße des 17. Juni', number='', suffix='')
    """
    return next(iter(list_addresses(text)), Address("", "", ""))


def list_addresses(text: str) -> tuple[Address, ...]:
    """Return every address in a text, house-number ranges spelled out.

    A range counts in twos where both ends are even or both odd, as numbers stand on
    one side of a street. Places (postcode and town, *Ortsteil*) are left out.

    Examples
    --------
    >>> [a.text for a in list_addresses("Dorfstraße; Am Weg 25-29, 30a")]
    ['Dorfstraße', 'Am Weg 25', 'Am Weg 27', 'Am Weg 29', 'Am Weg 30a']
    """
    plain = _PLAIN.fullmatch(text)
    if plain and _NOT_PLAIN.isdisjoint(re.split("[ .-]", plain[1].lower())):
        return (Address(plain[1], plain[2], plain[3]),)
    return _list_any(text)


def _list_any(text: str) -> tuple[Address, ...]:
    """Do the same for a text of any form; nine in ten are plain and need none of this."""
    found: list[Address] = []
    for streets in re.sub(r"\([^)]*\)", " ", plain_text(text)).split(";"):
        found += _in_one_street(streets)
    return tuple(dict.fromkeys(found))


def _full_word(word: str) -> str:
    return word + "asse" if word.endswith("str") else word


def _in_one_street(text: str) -> list[Address]:
    """Read what stands between two semicolons."""
    found: list[Address] = []
    named: list[str] = []
    street = ""
    for part in (part.strip() for part in text.split(",")):
        if not part or _PLACE.match(part):
            continue
        name, houses = _cut_houses(part)
        if name:
            street = name
        if houses and street:
            found += [Address(street, number, suffix) for number, suffix in _expand(houses)]
        elif name:
            named.append(name)
    # A name without a number beside one with a number is a town or a quarter.
    return found or [Address(name, "", "") for name in named[:1]]


def _cut_houses(part: str) -> tuple[str, str]:
    """Cut "Hauptstr. 5a-7" into street and house numbers."""
    part = _TOWN_AFTER.sub("", part).rstrip(" *")
    if _ROAD.fullmatch(part):
        return part, ""
    houses = _HOUSES.search(part.rstrip(" ."))
    if houses is None:
        return part, ""
    name = _NUMBER_WORD.sub("", part[: houses.start()]).strip()
    return name.strip(" ,-"), houses.group()


def _expand(houses: str) -> Iterator[tuple[str, str]]:
    """Yield (number, suffix) for "12-16", "12 a-c", "12/14"."""
    number, suffix, to = 0, "", False
    for token in _TOKEN.finditer(houses):
        if token["to"]:
            to = True
            continue
        if token["letter"]:
            last = token["letter"].lower()
            first = chr(ord(suffix) + 1) if to and "a" <= suffix < last else last
            yield from ((str(number), chr(c)) for c in range(ord(first), ord(last) + 1))
            suffix = last
        else:
            end = int(token["number"])
            if to and number < end <= number + MAX_RANGE:
                step = 1 if (end - number) % 2 else 2
                yield from ((str(n), "") for n in range(number + step, end, step))
            number, suffix = end, (token["suffix"] or "").lower()
            yield str(number), suffix
        to = False
