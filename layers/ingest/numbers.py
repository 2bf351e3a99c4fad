"""Read numbers as people and offices write them, without guessing what a point means."""

import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from enum import StrEnum


class Mark(StrEnum):
    """Which character stands before the decimals in a column of texts."""

    POINT = "."
    COMMA = ","
    UNKNOWN = ""


#: What people write where a number is not known.
NOT_KNOWN = frozenset(
    {"", "-", "--", "---", "–", "—", "?", "k.a.", "k. a.", "n/a", "nan", "nat", "null", "none"}
    | {"unbekannt", "unknown", "#nv", "#n/a", "<null>"}
)
_INFINITE = frozenset(
    {"inf", "+inf", "-inf", "infinity", "-infinity", "∞", "-∞", "1.#inf", "1,#inf"}
)
_UNITS = {
    "m²": ("m2", "qm", "m^2"),
    "m": ("meter", "metre"),
    "cm": ("zentimeter",),
    "€": ("€", "eur", "euro"),
    "ct": ("cent",),
    "‰": ("‰", "promille", "v.t."),
    "%": ("%", "v.h.", "prozent"),
}
_NO_CENTS = re.compile(r"(?<=\d),(-{1,2}|–|—)$")  # 12,-
_BARE = re.compile(r"[+-]?[0-9.,]*[0-9]")
_GROUPS = re.compile(r"(?<=\d)[ '’](?=\d{3}(?!\d))")
_NUMBER = re.compile(r"([+-]?)(\d[\d.,]*|[.,]\d+)(e[+-]?\d{1,3})?", re.IGNORECASE)
_RANGE = re.compile(r"\d[\d.,]*\s*(-|–|—|\.\.+|bis|to)\s*\d[\d.,]*\D{0,6}", re.IGNORECASE)


class NumberProblem(StrEnum):
    """Why a text is no usable number; the values are fault codes."""

    NONE = ""
    NOT_A_NUMBER = "not-a-number"
    RANGE = "range-value"
    AMBIGUOUS = "ambiguous-number"
    NOT_FINITE = "not-finite"
    NOT_WHOLE = "not-whole"


def decimal_mark(texts: Iterable[str], unit: str = "") -> Mark:
    """Say which decimal mark a column of texts uses, from those that leave no doubt.

    ``1.234,5`` and ``77,50`` speak for the comma, ``1,234.5`` and ``77.50`` for
    the point; ``1.234`` speaks for neither. Contradicting evidence is none.

    Examples
    --------
    >>> decimal_mark(["1.234", "77,50"])
    <Mark.COMMA: ','>
    >>> decimal_mark(["1.234", "15"])
    <Mark.UNKNOWN: ''>
    """
    marks = {_evidence(_bare(text, unit)) for text in texts} - {Mark.UNKNOWN}
    return marks.pop() if len(marks) == 1 else Mark.UNKNOWN


def read_number(
    text: str, *, unit: str = "", mark: Mark = Mark.UNKNOWN, whole: bool = False
) -> tuple[Decimal | None, NumberProblem]:
    """Read one number; exactly one of value and problem is given.

    Parameters
    ----------
    text
        As filed: decimal comma or point, groups of thousands, trailing minus,
        the field's own unit before or behind. Another unit is refused.
    unit
        Unit of the field.
    mark
        The column's decimal mark, used only for texts such as ``1.234``.
    whole
        The field holds whole numbers: without a column's mark ``1.234`` is 1234.

    Examples
    --------
    >>> read_number("1.234,50 €", unit="€")
    (Decimal('1234.50'), <NumberProblem.NONE: ''>)
    >>> read_number("80-100", unit="cm")[1]
    <NumberProblem.RANGE: 'range-value'>
    >>> read_number("1.234")[1]
    <NumberProblem.AMBIGUOUS: 'ambiguous-number'>
    """
    bare = _bare(text, unit)
    if bare.lower() in _INFINITE:
        return None, NumberProblem.NOT_FINITE
    if _RANGE.fullmatch(bare):
        return None, NumberProblem.RANGE
    match = _NUMBER.fullmatch(bare)
    if match is None:
        return None, NumberProblem.NOT_A_NUMBER
    sign, digits, exponent = match.groups()
    own = _evidence(digits)
    if own is Mark.UNKNOWN and ("." in digits or "," in digits):
        if not (whole or mark):
            return None, NumberProblem.AMBIGUOUS
        own = mark or _other(digits)
    plain = _plain(digits, own)
    if plain is None:
        return None, NumberProblem.NOT_A_NUMBER
    try:
        return Decimal(f"{sign}{plain}{exponent or ''}"), NumberProblem.NONE
    except InvalidOperation:
        return None, NumberProblem.NOT_A_NUMBER


def _bare(text: str, unit: str) -> str:
    """Return the text without unit, grouping blanks and odd signs."""
    if _BARE.fullmatch(text):
        return text
    bare = unicodedata.normalize("NFKC", text).strip().replace("\u2212", "-")
    folded = bare.casefold()
    names = (unicodedata.normalize("NFKC", unit).casefold(), *_UNITS.get(unit, ()))
    for name in filter(None, names):
        if folded.endswith(name) and not folded[: -len(name)].strip()[-1:].isalpha():
            bare = bare[: -len(name)].strip()
            break
        if folded.startswith(name) and len(name) < len(bare) and not bare[len(name)].isalpha():
            bare = bare[len(name) :].strip()
            break
    bare = _NO_CENTS.sub("", _GROUPS.sub("", bare))
    if bare[:1] == "–":
        return f"-{bare[1:].strip()}"
    return f"-{bare[:-1].strip()}" if bare[-1:] == "-" and bare[:1].isdigit() else bare


def _evidence(digits: str) -> Mark:
    """Return the decimal mark that one number shows beyond doubt."""
    point, comma = digits.rfind("."), digits.rfind(",")
    if point < 0 and comma < 0:
        return Mark.UNKNOWN
    if point >= 0 and comma >= 0:
        return Mark.POINT if point > comma else Mark.COMMA
    sign, other = (Mark.POINT, Mark.COMMA) if point >= 0 else (Mark.COMMA, Mark.POINT)
    head, *tail = digits.lstrip("+-").split(sign)
    if len(tail) > 1:
        return other
    grouped = len(tail[0]) == 3 and 1 <= len(head) <= 3 and not head.startswith("0")
    return Mark.UNKNOWN if grouped and tail[0].isdigit() else sign


def _other(digits: str) -> Mark:
    return Mark.COMMA if "." in digits else Mark.POINT


def _plain(digits: str, mark: Mark) -> str | None:
    """Return the digits with a decimal point and no groups; None if grouped wrongly."""
    group = "," if mark is Mark.POINT else "."
    whole, _, decimals = digits.partition(mark) if mark else (digits, "", "")
    if group in decimals or (mark and mark in decimals):
        return None
    if group in whole:
        head, *groups = whole.split(group)
        if not 1 <= len(head) <= 3 or any(len(part) != 3 for part in groups):
            return None
        whole = head + "".join(groups)
    return f"{whole or '0'}.{decimals}" if decimals else whole or None
