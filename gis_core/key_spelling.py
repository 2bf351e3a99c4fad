"""The grammar of parcel keys written in digits; no catalogue is asked here.

Three families: the 20 characters themselves, whole or with their tail cut off;
numbers with separators in between (``05-3049-012-00123/004``, ``3049 12 123/4``,
any padding, any separators); and the cadastre's object identifiers, which are
recognised so that nobody takes them for something else.

No digit is ever changed, added or dropped, except zeros that pad.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from gis_core.key_messages import KeyTextError

SECTION_DIGITS, NUMERATOR_DIGITS, DENOMINATOR_DIGITS = 3, 5, 4

_BODY = re.compile(r"([0-9]{6})([0-9]{3}|___)([0-9]{5})(?:([0-9]{4}|____)([0-9A-Za-z]{2}|__)?)?")
_OBJECT_ID = re.compile(r"(?:urn:adv:oid:|_)?(DE[A-Z]{2}[0-9A-Za-z]{12})(?:FL|[0-9]{8}T[0-9]{6}Z)?")
_PIECE = re.compile(r"([^0-9_]*)([0-9_]+)")


@dataclass(frozen=True, slots=True)
class Spelling:
    """What a text says, taken apart: numbers without padding, absent parts empty.

    ``numerator`` and ``section`` are None where the text says nothing; section 0,
    denominator 0 and an empty sequence are said to be absent.
    """

    numerator: int | None = None
    denominator: int = 0
    section: int | None = None
    state: str = ""
    district: str = ""
    district_name: str = ""
    sequence: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Number:
    """Digits in a text and what stands before them; ``digits`` is empty for underscores."""

    before: str
    digits: str


def read_object_id(text: str) -> str | None:
    """Return the 16 characters if the text is an ALKIS object identifier, however dressed."""
    found = _OBJECT_ID.fullmatch(text)
    return found[1] if found and re.search("[0-9]", found[1]) else None


def read_compact(text: str) -> Spelling | None:
    """Read the 20 characters or what is left of them; None if the text has another form.

    Raises
    ------
    KeyTextError
        The text is one run of digits and padding, but of no usable length.
    """
    length, core = len(text), text.rstrip("_")
    if length == 20 or (length < 19 and len(core) in {14, 18}):
        whole = _BODY.fullmatch(text if length == 20 else core)
        if whole:
            return _spell_body(whole)
    if not re.fullmatch("[0-9]+(?:___[0-9]+)?_*", text):
        return None
    if text.isdigit() and length not in {19, 20}:
        raise KeyTextError("bare-number", length=str(length))
    # The character that is missing may be a digit: say so, never fill it in.
    raise KeyTextError("wrong-length", length=str(length))


def read_structured(text: str, *, has_sections: bool) -> Spelling:
    """Read numbers with separators in between; the text holds no letters.

    Raises
    ------
    KeyTextError
        Parts are missing or too many, or more than one reading is possible.
    """
    numbers = split_numbers(text)
    state, district, rest = _take_district(numbers, 3 if has_sections else 2)
    section: int | None = None
    if has_sections:
        section, rest = _take_section(rest)
    elif rest and int(rest[0].digits or "0") == 0:
        section, rest = 0, rest[1:]
    elif len(rest) > 2 and "/" in rest[2].before:
        section, rest = to_int(rest[0], SECTION_DIGITS), rest[1:]
    if not rest:
        raise KeyTextError("missing-number")
    numerator, denominator, sequence, warnings = take_parcel_number(rest, lenient=True)
    return Spelling(
        state=state,
        district=district,
        section=section,
        numerator=numerator,
        denominator=denominator,
        sequence=sequence,
        warnings=warnings,
    )


def split_numbers(text: str) -> list[Number]:
    """Return the numbers of a text in order, each with what stands before it.

    A run of underscores between other separators is an absent part, inside a word
    of digits it is a separator, at its end it is the padding of the 20 characters.
    """
    numbers: list[Number] = []
    for before, piece in _PIECE.findall(text):
        whole = _BODY.fullmatch(piece.rstrip("_")) if not numbers else None
        if not piece.strip("_"):
            numbers.append(Number(before, ""))
        elif whole:
            gaps = (before, "-", "-", "/")
            numbers += [
                Number(gap, part.strip("_"))
                for gap, part in zip(gaps, whole.groups(default=""), strict=False)
                if part
            ]
        elif not numbers and re.fullmatch(r"[0-9]{6}(?:[0-9]{3}|___)", piece):
            numbers += [Number(before, piece[:6]), Number("-", piece[6:].strip("_"))]
        else:
            parts = list(filter(None, piece.split("_")))
            numbers += [Number(before if i == 0 else "_", part) for i, part in enumerate(parts)]
    return numbers


def to_int(number: Number, width: int) -> int:
    """Return the value; KeyTextError where it has more digits than the part can hold."""
    value = int(number.digits or "0")
    if value >= 10**width:
        raise KeyTextError("number-too-long", part=number.digits)
    return value


def is_fraction(first: Number, second: Number) -> bool:
    """Return whether a slash stands between two numbers and not already before the first."""
    return _separator(second.before) == "/" != _separator(first.before)


def take_parcel_number(
    numbers: list[Number], *, lenient: bool
) -> tuple[int, int, str, tuple[str, ...]]:
    """Return numerator, denominator, sequence and warnings from all the numbers left.

    ``lenient`` allows the separator that stands before the numerator before the
    denominator, too (``3049-12-123-4``). A mixture is refused: ``123-125`` may be two
    parcels.
    """
    numerator = to_int(numbers[0], NUMERATOR_DIGITS)
    separators = [_separator(number.before) for number in numbers]
    if "several" in separators[1:]:
        raise KeyTextError("several-parcels")
    rest = list(zip(separators, numbers, strict=True))[1:]
    # Numbers padded to the full width of their parts need no telling separators.
    padded = [len(number.digits) for number in numbers[:2]] == [
        NUMERATOR_DIGITS,
        DENOMINATOR_DIGITS,
    ]
    denominator, sequence = 0, ""
    warnings: tuple[str, ...] = ()
    if rest and (rest[0][0] != "." or (lenient and set(separators) == {"."})):
        separator, number = rest.pop(0)
        if separator != "/" and number.digits and not padded:
            if not (lenient and separator == separators[0]):
                raise KeyTextError("unclear-number", part=number.digits)
            warnings = ("no-slash",)
        denominator = to_int(number, DENOMINATOR_DIGITS)
    if rest:
        separator, number = rest.pop(0)
        sequence = _sequence(number.digits)
        if sequence and (len(sequence) != 2 or not (padded or separator == ".")):
            raise KeyTextError("unclear-number", part=sequence)
    if rest:
        raise KeyTextError("too-many-numbers")
    return numerator, denominator, sequence, warnings


def _spell_body(body: re.Match[str]) -> Spelling:
    """Return what the groups of a compact key say."""
    district, section, numerator, denominator, sequence = body.groups()
    return Spelling(
        state=district[:2],
        district=district[2:],
        section=int(section.replace("___", "0")),
        numerator=int(numerator),
        denominator=int((denominator or "0").replace("____", "0")),
        sequence=_sequence(sequence or ""),
    )


def _take_district(numbers: list[Number], least: int) -> tuple[str, str, list[Number]]:
    """Return state, district number and the numbers after them."""
    if len(numbers) < least:
        if len(numbers) == 2 and len(numbers[0].digits) in {4, 6}:
            raise KeyTextError("missing-section")
        overlong = any(len(number.digits) > 9 for number in numbers)
        raise KeyTextError("wrong-length" if overlong else "too-short")
    state, rest = "", numbers
    if 0 < len(numbers[0].digits) <= 2:
        state, rest = numbers[0].digits.zfill(2), numbers[1:]
        if len(rest[0].digits) not in {3, 4}:
            raise KeyTextError("missing-district")
    digits = rest[0].digits
    if not state and len(digits) in {5, 6}:
        digits = digits.zfill(6)
        state, digits = digits[:2], digits[2:]
    if len(digits) not in {3, 4}:
        raise KeyTextError("missing-district")
    return state, digits.zfill(4), rest[1:]


def _take_section(rest: list[Number]) -> tuple[int | None, list[Number]]:
    """Return the section, None where the text says nothing, and the numbers after it."""
    if len(rest) < 2:
        raise KeyTextError("missing-section")
    if len(rest) == 2 and is_fraction(*rest):
        # "3049-123/4" is number 123/4 without a section, not section 123, number 4.
        return None, rest
    return to_int(rest[0], SECTION_DIGITS), rest[1:]


@lru_cache(maxsize=1024)
def _separator(before: str) -> str:
    if re.search("[,;+&]", before):
        return "several"
    if "/" in before:
        return "/"
    return before.strip() or " "


def _sequence(digits: str) -> str:
    return "" if digits in {"", "__", "00"} else digits
