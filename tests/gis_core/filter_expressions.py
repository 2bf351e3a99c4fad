"""Filters made by chance: trees in CQL2 JSON, of the right types, and the same in text."""

from typing import Any

from hypothesis import strategies as st

Tree = Any
_TEXTS = st.sampled_from(["Aachen", "Hüls", "huls", "straße", "it's", "50%", "", "x", "\\", "_"])
_WHOLE = st.sampled_from([-7, -1, 0, 1, 2, 4, 10, 20, 9007199254740993])
_BROKEN = st.sampled_from([-0.5, 0.0, 0.5, 1.5, 2.25, 10.0, 1e20])
_DAYS = st.sampled_from(["1999-12-31", "2000-01-01", "2020-02-29", "2020-12-31", "2022-04-16"])
_INSTANTS = st.sampled_from(
    ["1999-12-31T23:00:00Z", "2022-04-16T10:13:19Z", "2022-04-16T23:59:59.999Z"]
)
_PATTERNS = st.sampled_from(["A%", "%a%", "H_ls", "%", "", "%\\%%", "\\_", "%s", "str%e", "%\\\\"])
_NUMBER = st.integers(-30, 130)
TEMPORAL = (
    *("t_after", "t_before", "t_contains", "t_disjoint", "t_during", "t_equals", "t_finishedby"),
    *("t_finishes", "t_intersects", "t_meets", "t_metby", "t_overlappedby", "t_overlaps"),
    *("t_startedby", "t_starts"),
)
SPATIAL = ("contains", "crosses", "disjoint", "equals", "intersects", "overlaps", "touches")
SPATIAL = tuple(f"s_{word}" for word in (*SPATIAL, "within"))
_COMPARE = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])


def _op(name: str, *args: Tree) -> Tree:
    return {"op": name, "args": list(args)}


def _prop(*names: str) -> st.SearchStrategy[Tree]:
    return st.sampled_from(names).map(lambda name: {"property": name})


def _text() -> st.SearchStrategy[Tree]:
    plain = _TEXTS | _prop("name")
    folded = st.builds(_op, st.sampled_from(["casei", "accenti", "lower", "upper", "trim"]), plain)
    return plain | folded


def _number() -> st.SearchStrategy[Tree]:
    leaf = _WHOLE | _BROKEN | _prop("n", "h")
    sign = st.sampled_from(["+", "-", "*", "/", "div", "%"])
    made = st.builds(_op, st.sampled_from(["abs", "floor", "round"]), _prop("h"))
    return leaf | made | st.builds(_op, sign, leaf, leaf)


def _instant() -> st.SearchStrategy[Tree]:
    days, instants = _DAYS.map(lambda d: {"date": d}), _INSTANTS.map(lambda t: {"timestamp": t})
    return days | instants | _prop("founded", "seen", "starts", "ends")


@st.composite
def _interval(draw: st.DrawFn) -> Tree:
    if draw(st.booleans()):
        return {"interval": [*draw(st.permutations([{"property": "starts"}, ".."]))]}
    ends = sorted([draw(_DAYS), draw(_DAYS)])
    start, end = draw(st.sampled_from([ends, [ends[0], ".."], ["..", ends[1]]]))
    return {"interval": [start, end]}


@st.composite
def _shape(draw: st.DrawFn) -> Tree:
    x, y, w, h = draw(_NUMBER), draw(_NUMBER), draw(st.integers(1, 60)), draw(st.integers(1, 60))
    ring = [[x, y], [x + w, y], [x + w, y + h], [x, y + h], [x, y]]
    return draw(
        st.sampled_from(
            [
                {"type": "Point", "coordinates": [x, y]},
                {"type": "LineString", "coordinates": [[x, y], [x + w, y + h]]},
                {"type": "Polygon", "coordinates": [ring]},
                {"type": "MultiPoint", "coordinates": [[x, y], [x + w, y + h]]},
                {"type": "MultiPolygon", "coordinates": [[ring]]},
                {"bbox": [x, y, x + w, y + h]},
            ]
        )
    )


def _tags() -> st.SearchStrategy[Tree]:
    words = st.lists(st.sampled_from(["x", "y", "z", "ä"]), min_size=1, max_size=3)
    return words | _prop("tags")


def simple() -> st.SearchStrategy[Tree]:
    """Conditions on one field and literals: what pandas can be asked, too."""
    return st.one_of(
        st.builds(_op, _COMPARE, _prop("n"), _WHOLE),
        st.builds(_op, _COMPARE, _prop("h"), _BROKEN),
        st.builds(_op, _COMPARE, _prop("name"), _TEXTS),
        st.builds(_op, st.just("isNull"), _prop("name", "n", "h")),
        st.builds(_op, st.just("between"), _prop("n"), _WHOLE, _WHOLE),
        st.builds(_op, st.just("in"), _prop("name"), st.lists(_TEXTS, min_size=1, max_size=3)),
    )


def _conditions() -> st.SearchStrategy[Tree]:
    geometry = st.just({"property": "geometry"})
    sides = st.tuples(geometry, _shape()) | st.tuples(_shape(), geometry)
    arrays = st.sampled_from(["a_contains", "a_containedby", "a_equals", "a_overlaps"])
    return st.one_of(
        simple(),
        st.booleans(),
        _prop("capital"),
        st.builds(_op, _COMPARE, _text(), _text()),
        st.builds(_op, _COMPARE, _number(), _number()),
        st.builds(_op, _COMPARE, _instant(), _instant()),
        st.builds(_op, st.just("like"), _text(), _PATTERNS | _text()),
        st.builds(_op, st.just("between"), _number(), _number(), _number()),
        st.builds(_op, st.just("in"), _number(), st.lists(_number(), min_size=1, max_size=4)),
        st.builds(_op, st.just("in"), _instant(), st.lists(_instant(), min_size=1, max_size=3)),
        st.builds(_op, st.just("isNull"), _text() | _number() | _instant() | geometry),
        st.builds(
            _op, st.sampled_from(TEMPORAL), _instant() | _interval(), _instant() | _interval()
        ),
        st.builds(lambda op, pair: _op(op, *pair), st.sampled_from(SPATIAL), sides),
        st.builds(_op, arrays, _tags(), _tags()),
    )


def _joined(below: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    several = st.lists(below, min_size=2, max_size=4)
    return st.one_of(
        st.builds(lambda parts: _op("and", *parts), several),
        st.builds(lambda parts: _op("or", *parts), several),
        st.builds(_op, st.just("not"), below),
    )


def trees() -> st.SearchStrategy[Tree]:
    """Conditions of every class, joined by AND, OR and NOT."""
    return st.recursive(_conditions(), _joined, max_leaves=8)


def simple_trees() -> st.SearchStrategy[Tree]:
    """Simple conditions, joined by AND, OR and NOT."""
    return st.recursive(simple(), _joined, max_leaves=6)


def text_of(tree: Tree) -> str:
    """Write a tree as CQL2 text, every operator in parentheses."""
    if isinstance(tree, bool):
        return str(tree).upper()
    if isinstance(tree, int | float):
        return str(tree)
    if isinstance(tree, str):
        return "'" + tree.replace("'", "''") + "'"
    if isinstance(tree, list):
        return f"({', '.join(map(text_of, tree))})"
    if "property" in tree:
        return f'"{tree["property"]}"'
    if "bbox" in tree:
        return f"BBOX{text_of(tree['bbox'])}"
    if "coordinates" in tree:
        return tree["type"].upper() + _wkt(tree["coordinates"], tree["type"] == "Point")
    for kind in ("date", "timestamp", "interval"):
        if kind in tree:
            ends = tree[kind] if kind == "interval" else [tree[kind]]
            return f"{kind.upper()}{text_of(ends)}"
    return _operation(tree["op"], [text_of(arg) for arg in tree["args"]])


def _operation(op: str, args: list[str]) -> str:
    if op in {"and", "or"}:
        return f"({f' {op.upper()} '.join(args)})"
    if op == "not":
        return f"NOT ({args[0]})"
    if op == "isNull":
        return f"{args[0]} IS NULL"
    if op == "between":
        return f"{args[0]} BETWEEN {args[1]} AND {args[2]}"
    if op in {"like", "in"}:
        return f"{args[0]} {op.upper()} {args[1]}"
    if op in {"+", "-", "*", "/", "div", "%", "^"}:
        return f"({args[0]} {op} {args[1]})"
    if op in {"=", "<>", "<", "<=", ">", ">="}:
        return f"{args[0]} {op} {args[1]}"
    return f"{op.upper()}({', '.join(args)})"


def _wkt(coordinates: Tree, is_point: bool) -> str:
    if is_point:
        return f"({coordinates[0]} {coordinates[1]})"
    if isinstance(coordinates[0][0], list):
        return f"({', '.join(_wkt(part, False) for part in coordinates)})"
    return f"({', '.join(f'{x} {y}' for x, y in coordinates)})"
