"""What a filter may calculate: folding of text, and the functions that the server offers.

Every function is unknown (None) where an argument is.
"""

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import shapely

from gis_core.filters.ast import Type

_NUMBERS = frozenset({Type.INTEGER, Type.NUMBER})
_TIMES = frozenset({Type.DATE, Type.DATETIME})
_TEXT = frozenset({Type.TEXT})
_PLACE = frozenset({Type.GEOMETRY})


@dataclass(frozen=True, slots=True)
class Function:
    """A function of a filter.

    Attributes
    ----------
    takes
        For each argument the types that it may have.
    gives
        The type of the result.
    run
        What it does; never called with a missing argument. Days and instants come as text in
        ISO 8601, geometries in the storage CRS.
    """

    takes: tuple[frozenset[Type], ...]
    gives: Type
    run: Callable[..., Any]


def casei(text: str) -> str:
    """Return the text without the difference of capital and small letters (Unicode).

    Examples
    --------
    >>> casei("STRASSE") == casei("Straße")
    True
    """
    return text if text.isascii() and text.islower() else text.casefold()


def accenti(text: str) -> str:
    """Return the text without accents: decomposed, and the combining marks left out.

    Examples
    --------
    >>> accenti("Hüls, Tórshavn, Ål")
    'Huls, Torshavn, Al'
    """
    if text.isascii():
        return text
    parts = unicodedata.normalize("NFD", text)
    return "".join(c for c in parts if not unicodedata.combining(c))


def like(text: str, pattern: str) -> bool:
    r"""Tell whether a text fits a pattern as a whole.

    ``%`` is any text, ``_`` any character; ``\`` takes the next character as it is.

    Examples
    --------
    >>> like("Hüls", "H_l%"), like("50 %", r"50 \%"), like("50 m", r"50 \%")
    (True, True, False)
    """
    parts = _parts(pattern)
    if parts is None:
        return _compiled(pattern).fullmatch(text) is not None
    return _fits(text, parts)


@lru_cache(maxsize=256)
def _parts(pattern: str) -> tuple[str, ...] | None:
    r"""Return the literal pieces between ``%``, None where ``_`` or ``\`` need more."""
    if "_" in pattern or "\\" in pattern:
        return None
    return tuple(pattern.split("%"))


def _fits(text: str, parts: tuple[str, ...]) -> bool:
    """Find the pieces one after the other: linear, where a regular expression would try again."""
    if len(parts) == 1:
        return text == parts[0]
    first, *middle, last = parts
    if len(text) < len(first) + len(last) or not text.startswith(first):
        return False
    at, end = len(first), len(text) - len(last)
    for part in middle:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return text.endswith(last)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    """Return the expression; pieces between ``%`` are tried once each, from the left."""
    pieces, escaped = [""], False
    for character in pattern:
        if escaped or character not in "%_\\":
            pieces[-1] += re.escape(character)
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == "_":
            pieces[-1] += "."
        else:
            pieces.append("")
    pieces[-1] += r"\\" if escaped else ""
    if len(pieces) == 1:
        return re.compile(pieces[0], re.DOTALL)
    first, *middle, last = pieces
    # Atomic groups: no way back into an earlier piece, so that no pattern takes longer than
    # its length times that of the text.
    between = "".join(f"(?>.*?{piece})" for piece in middle if piece)
    return re.compile(f"{first}{between}.*{last}", re.DOTALL)


def literal_prefix(pattern: str) -> str:
    """Return what every text that fits must start with."""
    match = re.match(r"[^%_\\]*", pattern)
    return match[0] if match else ""


def calculate(op: str, left: float, right: float) -> float | None:
    """Return ``left op right`` in double precision; None where there is no such number.

    ``div`` cuts off towards zero, and ``%`` is what remains: it has the sign of ``left``.

    Examples
    --------
    >>> calculate("div", -7, 2), calculate("%", -7, 2), calculate("/", 1, 0)
    (-3.0, -1.0, None)
    """
    a, b = float(left), float(right)
    try:
        found = _CALCULATED[op](a, b)
    except (ZeroDivisionError, OverflowError, ValueError):
        return None
    if isinstance(found, complex) or math.isnan(found):
        return None
    return float(found)


def _div(a: float, b: float) -> float:
    return float(math.trunc(a / b))


_CALCULATED: Mapping[str, Callable[[float, float], Any]] = MappingProxyType(
    {
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "/": lambda a, b: a / b,
        "div": _div,
        "%": math.fmod,
        "^": lambda a, b: a**b,
    }
)


def _whole(number: float, cut: Callable[[float], float]) -> float:
    """Return a whole number as a float: there are whole ones beyond every integer column."""
    return float(cut(number)) if math.isfinite(number) else number


def _rounded(number: float) -> float:
    """Round halves away from zero, as people do."""
    return math.copysign(math.floor(abs(number) + 0.5), number)


FOLDING: Mapping[str, Callable[[str], str]] = MappingProxyType({"casei": casei, "accenti": accenti})

FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "abs": Function((_NUMBERS,), Type.NUMBER, abs),
        "area": Function((_PLACE,), Type.NUMBER, lambda g: float(shapely.area(g))),
        "ceil": Function((_NUMBERS,), Type.NUMBER, lambda n: _whole(n, math.ceil)),
        "floor": Function((_NUMBERS,), Type.NUMBER, lambda n: _whole(n, math.floor)),
        "length": Function((_PLACE,), Type.NUMBER, lambda g: float(shapely.length(g))),
        "lower": Function((_TEXT,), Type.TEXT, str.lower),
        "round": Function((_NUMBERS,), Type.NUMBER, lambda n: _whole(n, _rounded)),
        "text_length": Function((_TEXT,), Type.INTEGER, len),
        "trim": Function((_TEXT,), Type.TEXT, str.strip),
        "upper": Function((_TEXT,), Type.TEXT, str.upper),
        "year": Function((_TIMES,), Type.INTEGER, lambda t: int(t[:4])),
    }
)
