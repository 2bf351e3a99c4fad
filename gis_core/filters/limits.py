"""How large a filter may be; asked before any parser sees it.

The parser of CQL2 text is compiled code that recurses: a few thousand nested parentheses end
the process. So the text is measured here first, by the same tokens that the grammar knows.
"""

import re
from typing import Any

import shapely

from gis_core.errors import FilterError
from gis_core.filters.ast import Array, At, Condition, In, Literal, Shape, walk
from gis_core.filters.lexing import Token, tokens

MAX_TEXT = 262_144  # characters: 10,000 vertices with all their decimals
MAX_NESTING = 32  # parentheses in text
MAX_JSON_NESTING = 96  # braces and brackets: two for each step in text, four for rings
MAX_NODES = 500
MAX_DEPTH = 80
MAX_ITEMS = 10_000
MAX_VERTICES = 10_000
Json = Any
NO_TEXT = re.compile("[\0\ud800-\udfff]")  # nothing that SQLite or UTF-8 can hold
_SIGNS = 4  # of one position
_JSON_OPEN, _JSON_CLOSE = frozenset("[{"), frozenset("]}")


def check_text(text: str) -> list[Token]:
    """Return the tokens of a CQL2 text that is small enough to be parsed.

    Raises
    ------
    FilterError
        Too long, nested too deeply, too many operators, or a quote that is not closed.
    """
    _check_length(text)
    found = tokens(text)
    depth = prefix = operators = signs = 0
    shape: int | None = None  # the depth at which the geometry began that the token belongs to
    for token in found:
        prefix = prefix + 1 if token.kind == "prefix" else 0
        if token.kind == "open":
            depth += 1
        elif token.kind == "close":
            depth -= 1
            shape = None if shape is not None and depth <= shape else shape
        elif token.kind == "geometry" and shape is None:
            shape = depth
        if token.kind in {"operator", "prefix"}:
            # Signs of coordinates do not count; a sum that looks like a geometry has more.
            signs += 1
            is_sign = shape is not None and token.value == "-" and signs <= _SIGNS
            operators += 0 if is_sign else 1
        elif token.kind != "number":
            signs = 0
        if depth + prefix > MAX_NESTING:
            raise _too_much("nesting", depth + prefix, MAX_NESTING, token.at)
        if operators > MAX_NODES:
            raise _too_much("operators", operators, MAX_NODES, token.at)
    return found


def check_json_text(text: str) -> None:
    """Refuse CQL2 JSON that is too long or nested too deeply."""
    _check_length(text)
    depth, quoted, escaped = 0, False, False
    for at, character in enumerate(text, 1):
        if quoted:
            quoted = escaped or character != '"'
            escaped = character == "\\" and not escaped
            continue
        quoted = character == '"'
        depth += (character in _JSON_OPEN) - (character in _JSON_CLOSE)
        if depth > MAX_JSON_NESTING:
            raise _too_much("nesting", depth, MAX_JSON_NESTING, at)


def check_depth(tree: Json) -> None:
    """Refuse a parser's tree that is too deep to be walked: a long sum is as deep as it is long."""
    level, depth = [tree], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise _too_much("steps of calculation", depth, MAX_DEPTH, 1)
        below: list[Json] = []
        for node in level:
            if isinstance(node, dict):
                below.extend(node.get("args", ()))
            elif isinstance(node, list):
                below.extend(node)
        level = below


def check_tree(root: Condition) -> None:
    """Refuse a tree of too many nodes, list items or vertices.

    The items of a list do not count as nodes, nor do the coordinates of a geometry.
    """
    nodes = items = vertices = 0
    for node in walk(root):
        nodes += 0 if isinstance(node, Literal) else 1
        if isinstance(node, In | Array):
            items += len(node.items)
        elif isinstance(node, Shape):
            vertices += _vertices(node)
        if nodes > MAX_NODES:
            raise _too_much("parts", nodes, MAX_NODES, node.at)
        if items > MAX_ITEMS:
            raise _too_much("items of lists", items, MAX_ITEMS, node.at)
        if vertices > MAX_VERTICES:
            raise _too_much("vertices", vertices, MAX_VERTICES, node.at)


def _vertices(shape: Shape) -> int:
    return 2 if shape.geometry is None else int(shapely.get_num_coordinates(shape.geometry))


def _check_length(text: str) -> None:
    if len(text) > MAX_TEXT:
        raise _too_much("characters", len(text), MAX_TEXT, MAX_TEXT)
    strange = NO_TEXT.search(text)
    if strange is not None:
        raise FilterError(strange.start() + 1, repr(strange[0]), "text of Unicode characters")


def _too_much(what: str, found: int, most: int, at: At) -> FilterError:
    return FilterError(at, f"{found} {what}", f"at most {most}", advice="Ask in several requests.")
