"""Where each value of a parsed tree stands in its text.

The parser's tree has no positions and only floating-point numbers. Its leaves come in the
order of the text, and so do the tokens: both are walked side by side. Should they ever not
agree, the tree stays as it is and every position is that of the first character.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from gis_core.filters.lexing import Token

Json = Any  # what the parser made of the text
Path = tuple[str | int, ...]
Places = Mapping[Path, Token]
GEOMETRY_KEYS = ("coordinates", "geometries", "bbox")
_PREFIX_CALLS = frozenset({"date", "timestamp", "interval"})
_INFIX = frozenset(
    {"and", "or", "not", "in", "like", "between", "isNull", "div"}
    | {"=", "<>", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "^"}
)


def locate(tree: Json, found: list[Token]) -> dict[Path, Token]:
    """Return the token of each leaf and each function of the tree, by its path.

    Parameters
    ----------
    tree
        CQL2 JSON as the parser gave it.
    found
        The tokens of the text.

    Returns
    -------
    Empty where tree and text do not agree.
    """
    walk = _Walk(list(_leaves(found)))
    try:
        walk.visit(tree, ())
    except _DisagreeError:
        return {}
    return walk.places if walk.next == len(walk.leaves) else {}


class _DisagreeError(Exception):
    """Tree and text are not about the same."""


def _leaves(found: list[Token]) -> Iterator[Token]:
    """Yield what becomes a leaf or a function; a geometry is one leaf with its numbers."""
    i = 0
    while i < len(found):
        token = found[i]
        if token.kind == "geometry":
            i, numbers = _skip_geometry(found, i + 1)
            yield Token("geometry", token.at, numbers)
            continue
        after = found[i + 1] if i + 1 < len(found) else None
        if token.kind == "prefix" and token.value == "-":
            if after is None or after.kind != "number":
                yield token
        elif token.kind in {"text", "name", "call", "number", "constant"}:
            yield token
        i += 1


def _skip_geometry(found: list[Token], i: int) -> tuple[int, tuple[int, ...]]:
    numbers, depth = [], 0
    while i < len(found):
        token = found[i]
        depth += (token.kind == "open") - (token.kind == "close")
        if token.kind == "number":
            numbers.append(found[i - 1].at if found[i - 1].value == "-" else token.at)
        i += 1
        if depth == 0 and token.kind in {"close", "name"}:
            if token.kind == "name" and str(token.value).lower() in {"z", "m", "zm"}:
                continue
            break
    return i, tuple(numbers)


class _Walk:
    def __init__(self, leaves: list[Token]) -> None:
        self.leaves = leaves
        self.next = 0
        self.places: dict[Path, Token] = {}

    def visit(self, node: Json, path: Path) -> None:
        if isinstance(node, dict):
            self._visit_object(node, path)
        elif isinstance(node, list):
            for i, item in enumerate(node):
                self.visit(item, (*path, i))
        elif isinstance(node, bool) or node is None:
            self._take(path, "constant", node)
        elif isinstance(node, str):
            self._take(path, "text", node)
        else:
            self._take_number(path, float(node))

    def _visit_object(self, node: Mapping[str, Json], path: Path) -> None:
        if "property" in node:
            self._take(path, "name", node["property"])
        elif any(key in node for key in GEOMETRY_KEYS):
            self._take(path, "geometry", None)
        elif "op" in node:
            self._visit_operation(node, path)
        else:
            for key in _PREFIX_CALLS & set(node):
                self._take(path, "call", key)
                self._visit_instants(node[key], (*path, key))

    def _visit_operation(self, node: Mapping[str, Json], path: Path) -> None:
        op, args = node["op"], node.get("args", [])
        coming = self._peek()
        is_call = coming is not None and coming.kind == "call" and coming.value == op.lower()
        if op not in _INFIX or (is_call and op == "div"):
            self._take(path, "call", op.lower())
        elif op == "*" and args and args[0] == -1.0 and coming and coming.kind == "prefix":
            self.next += 1
            self.places[*path, "args", 0] = coming
            self.visit(args[1], (*path, "args", 1))
            return
        for i, item in enumerate(args):
            self.visit(item, (*path, "args", i))
        # IS NULL ends in a word that is no value.
        last = self._peek()
        if op == "isNull" and last and last.kind == "constant" and last.value is None:
            self.next += 1

    def _visit_instants(self, node: Json, path: Path) -> None:
        """Take text of any kind: the parser writes some instants in its own way."""
        if isinstance(node, str):
            self._take(path, "text", None)
        elif isinstance(node, list):
            for i, item in enumerate(node):
                self._visit_instants(item, (*path, i))
        else:
            self.visit(node, path)

    def _peek(self) -> Token | None:
        return self.leaves[self.next] if self.next < len(self.leaves) else None

    def _take(self, path: Path, kind: str, value: object) -> None:
        """Note the next leaf; ``value`` None: whatever it says."""
        token = self._peek()
        if token is None or token.kind != kind or value not in {None, token.value}:
            raise _DisagreeError
        self.places[path] = token
        self.next += 1

    def _take_number(self, path: Path, value: float) -> None:
        while (token := self._peek()) is not None and token.kind == "prefix":
            self.next += 1
        if token is None or token.kind != "number" or abs(float(str(token.value))) != abs(value):
            raise _DisagreeError
        self.places[path] = token
        self.next += 1


def whole(token: Token, value: float) -> int | None:
    """Return the number as it was written, if it was written as a whole one."""
    digits = str(token.value)
    return (-1 if value < 0 else 1) * int(digits) if digits.isdecimal() else None
