"""The tokens of CQL2 text, with their positions: what the parser's own tree does not keep."""

import re
from dataclasses import dataclass

from gis_core.errors import FilterError

_WORD = r"[^\W\d_][\w.:$]*"
_PATTERN = re.compile(
    rf"""(?P<blank>\s+)
    |(?P<text>'(?:[^']|'')*')
    |(?P<name>"(?:[^"]|"")*")
    |(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<word>{_WORD})
    |(?P<operator><>|<=|>=|!=|[=<>+*/%^-])
    |(?P<open>\()
    |(?P<close>\))
    |(?P<comma>,)
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_OPERATORS = frozenset({"and", "or", "not", "in", "like", "between", "is", "div"})
_CONSTANTS = {"true": True, "false": False, "null": None}
_GEOMETRY = re.compile(
    r"(?:(?:multi)?(?:point|linestring|polygon)|geometrycollection)(?:z|m|zm)?|bbox",
    re.IGNORECASE,
)

_GEOMETRY_OPENS = re.compile(r"\s*(?:z|m|zm)?\s*(?:\(|empty\b)", re.IGNORECASE)
_OPENS = re.compile(r"\s*\(")


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text.

    ``kind``: text, name (a property), call (a function's name), number, constant, geometry,
    prefix (NOT or a sign), operator, open, close, comma, other. ``value`` is what it means;
    for a geometry the places of its numbers.
    """

    kind: str
    at: int
    value: object = None
    negative: bool = False


def tokens(text: str) -> list[Token]:
    """Return the tokens of a text, blanks left out.

    Brackets are in the list also where they belong to a geometry, so that depth can be counted.

    Raises
    ------
    FilterError
        A quote is opened and not closed.

    Examples
    --------
    >>> [(t.kind, t.at) for t in tokens("area > 1.5")]
    [('name', 1), ('operator', 6), ('number', 8)]
    """
    found: list[Token] = []
    for match in _PATTERN.finditer(text):
        kind, piece, at = str(match.lastgroup), match.group(), match.start() + 1
        if kind == "blank":
            continue
        if kind == "other" and piece in "'\"":
            raise FilterError(at, text[at - 1 : at + 39], "a quote that is closed")
        if piece.lower() == "empty" and found and found[-1].kind in {"geometry", "name"}:
            raise FilterError(at, piece, "coordinates: an empty geometry is nowhere")
        found.append(_token(kind, piece, at, found, text, match.end()))
    return found


def _token(kind: str, piece: str, at: int, before: list[Token], text: str, end: int) -> Token:
    last = before[-1] if before else None
    operand_next = last is None or last.kind in {"operator", "prefix", "open", "comma"}
    if kind == "text":
        return Token("text", at, piece[1:-1].replace("''", "'"))
    if kind == "name":
        return Token("name", at, piece[1:-1].replace('""', '"'))
    if kind == "number":
        negative = last is not None and last.kind == "prefix" and last.value == "-"
        return Token("number", at, piece, negative)
    if kind == "operator" and piece in "+-" and operand_next:
        return Token("prefix", at, piece)
    if kind == "word":
        return _word(piece, at, text, end, operand_next=operand_next)
    return Token(kind, at, piece)


def _word(piece: str, at: int, text: str, end: int, *, operand_next: bool) -> Token:
    lower = piece.lower()
    if lower == "not" and operand_next:
        return Token("prefix", at, lower)
    if lower in _OPERATORS:
        return Token("operator", at, lower)
    if lower in _CONSTANTS:
        return Token("constant", at, _CONSTANTS[lower])
    if _GEOMETRY.fullmatch(piece) and _GEOMETRY_OPENS.match(text, end):
        return Token("geometry", at, lower)
    return Token("call", at, lower) if _OPENS.match(text, end) else Token("name", at, piece)
