"""Filters: what they find among six places, what they mean in both encodings, what is refused."""

import json
import subprocess
import sys
from random import Random

import pytest
import shapely
from hypothesis import given, settings

from gis_core.errors import FilterError
from gis_core.filters import Filter, Places, Schema, Type, checked, evaluate, parse
from gis_core.filters.functions import accenti, casei, like
from tests.gis_core.filter_expressions import text_of, trees
from tests.gis_core.filter_world import FOUND, PAIRS, REFUSED, ROWS, SCHEMA


def found(text: str, lang="cql2-text") -> str:
    asked = checked(parse(text, lang), SCHEMA)
    return "".join(key for key, row in ROWS.items() if evaluate(asked, row) is True)


@pytest.mark.parametrize("text", FOUND)
def test_what_a_filter_finds(text):
    assert found(text) == FOUND[text]


@pytest.mark.parametrize("text", FOUND)
def test_its_opposite_finds_no_place_that_it_finds_and_none_that_is_unknown(text):
    asked = checked(parse(text), SCHEMA)
    truths = {key: evaluate(asked, row) for key, row in ROWS.items()}
    assert found(f"NOT ({text})") == "".join(k for k, t in truths.items() if t is False)


@pytest.mark.parametrize(("text", "as_json"), PAIRS)
def test_text_and_json_are_one_filter(text, as_json):
    assert parse(text) == parse(as_json, "cql2-json")


@pytest.mark.parametrize(("text", "position", "expected"), REFUSED)
def test_a_refusal_says_where_and_what_was_expected(text, position, expected):
    lang = "cql2-json" if text[:1] in {"{", "["} else "cql2-text"
    with pytest.raises(FilterError) as refused:
        checked(parse(text, lang), SCHEMA)
    assert refused.value.fields["position"] == position
    assert expected in str(refused.value.fields["expected"])
    assert refused.value.fields["found"]


def test_an_unknown_name_is_refused_alike_whatever_it_is():
    def problem(name: str) -> str:
        with pytest.raises(FilterError) as refused:
            checked(parse(f"{name} = 1"), SCHEMA)
        return f"{refused.value} {refused.value.fields} {refused.value.advice}".replace(name, "")

    assert problem("owner") == problem("never_heard_of")


def test_names_are_known_in_the_order_of_the_text():
    asked = parse("b = 1 AND a = b AND S_INTERSECTS(g, POINT(1 2)) AND T_AFTER(INTERVAL(c, d), e)")
    assert asked.fields() == ("b", "a", "g", "c", "d", "e")


def test_aliases_become_the_names_of_the_fields():
    assert checked(parse("label = 'x'"), SCHEMA).fields() == ("name",)


def test_the_search_box_is_what_all_conditions_share():
    def box(text: str):
        return checked(parse(text), SCHEMA).boxes()

    here, there = "S_INTERSECTS(geometry, BBOX(0,0,9,9))", "S_WITHIN(geometry, BBOX(5,5,20,20))"
    assert box(here) == (0, 0, 9, 9)
    assert box(f"{here} AND {there} AND n > 1") == (5, 5, 9, 9)
    assert box(f"{here} OR {there}") is None
    assert box(f"NOT {here}") is None
    assert box("S_DISJOINT(geometry, POINT(1 2))") is None
    assert box("n = 1") is None


def test_the_repr_is_the_whole_request():
    shape = f"S_INTERSECTS(geometry, LINESTRING({', '.join(f'{i} 0' for i in range(200))}))"
    assert shape in repr(parse(shape))


# -- places ----------------------------------------------------------------------------

DEGREES = Schema({"geometry": Type.GEOMETRY})
LON_LAT = Places(crs="CRS84", geographic=True)
LAT_LON = Places(crs="EPSG:4326", geographic=True, northing_first=True)


def meets(text: str, places: Places, x: float, y: float) -> bool:
    asked = checked(parse(text), DEGREES, places)
    return evaluate(asked, {"geometry": shapely.Point(x, y)}) is True


def test_a_box_over_the_antimeridian():
    text = "S_INTERSECTS(geometry, BBOX(150,-90,-150,90))"
    assert [meets(text, LON_LAT, x, 0) for x in (-170, -150, -149, 0, 149, 150, 180)] == [
        *(True, True), *(False, False, False), *(True, True)
    ]  # fmt: skip
    turned = "S_INTERSECTS(geometry, BBOX(-90,150,90,-150))"
    assert meets(turned, LAT_LON, 170, 3)
    assert not meets(turned, LAT_LON, 0, 3)


def test_the_axis_order_of_the_crs():
    text = "S_INTERSECTS(geometry, POINT(51 6))"
    assert meets(text, LON_LAT, 51, 6)
    assert meets(text, LAT_LON, 6, 51)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("S_INTERSECTS(geometry, POINT(90 180))", 33),
        ("S_INTERSECTS(geometry, LINESTRING(0 0, 181 0))", 40),
        ("S_INTERSECTS(geometry, POLYGON((0 0, 1 0, 1 -91, 0 0)))", 45),
        ("S_INTERSECTS(geometry, BBOX(0, -91, 1, 1))", 32),
        ("S_INTERSECTS(geometry, BBOX(0, 0, -5, 1, 91, 6))", 42),
        ("S_INTERSECTS(geometry, BBOX(0, 5, 1, 1))", 24),
    ],
)
def test_an_impossible_coordinate_is_named_by_its_place(text, position):
    with pytest.raises(FilterError) as refused:
        checked(parse(text), DEGREES, LON_LAT)
    assert refused.value.fields["position"] == position


REGION = Places(crs="plane", region=(-50.0, -50.0, 200.0, 200.0))
OPS = ("CONTAINS", "CROSSES", "DISJOINT", "EQUALS", "INTERSECTS", "OVERLAPS", "TOUCHES", "WITHIN")
FAR = (
    "POLYGON((-900 -900, 900 -900, 900 900, -900 900, -900 -900))",
    "LINESTRING(-900 5, 900 5)",
    "MULTIPOINT(3 3, 900 900)",
    "MULTIPOLYGON(((2 2, 4 2, 4 4, 2 4, 2 2)), ((800 0, 900 0, 900 9, 800 0)))",
    "POLYGON((0 0, 900 0, 900 10, 0 10, 0 0))",
    "POINT(900 900)",
)


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("shape", FAR)
def test_what_reaches_far_away_is_cut_and_nothing_changes(op, shape):
    asked = parse(f"S_{op}(geometry, {shape})")
    for row in ROWS.values():
        cut, whole = (evaluate(checked(asked, SCHEMA, p), row) for p in (REGION, Places()))
        assert cut == whole


# -- limits ----------------------------------------------------------------------------

MANY = range(1, 10_001)
TOO_LARGE = {
    "parentheses": "(" * 33 + "n = 1" + ")" * 33,
    "thousands of parentheses": "(" * 200_000,
    "NOT": "NOT " * 40 + "capital",
    "signs": "n = " + "-" * 60_000 + "1",
    "comparisons": "n" + " = n" * 5000,
    "sums": "n = " + "1 + " * 5000 + "1",
    "powers": "n = " + "2 ^ " * 5000 + "2",
    "functions": "abs(" * 5000 + "n" + ")" * 5000 + " = 1",
    "lists": "n IN (" * 5000 + "1" + ")" * 5000,
    "geometries": "S_INTERSECTS(geometry, " + "GEOMETRYCOLLECTION(" * 5000,
    "alternatives": " OR ".join(f"n = {i}" for i in range(600)),
    "vertices": f"S_INTERSECTS(geometry, LINESTRING({', '.join(f'{i} 0' for i in range(10_002))}))",
    "items": f"n IN ({', '.join(map(str, range(10_001)))})",
    "a sum in a geometry": "S_INTERSECTS(geometry, POINT(1" + " -1" * 50_000 + "))",
    "negations in a geometry": "S_INTERSECTS(geometry, POINT(" + "NOT " * 50_000 + "true))",
    "length": "n = " + "1" * 300_000,
    "quoted identifiers": '"' + "(" * 99_000 + '" = 1 AND ' + "(" * 99_000,
    "a quote in a quote": "name = '\"' AND " + "(" * 99_000,
    "text that looks closed": "name = ')))))' AND " + "(" * 99_000,
}


@pytest.mark.parametrize("kind", TOO_LARGE)
def test_what_would_be_too_much_is_refused_before_it_is_read(kind):
    text = TOO_LARGE[kind]
    with pytest.raises(FilterError):
        checked(parse(text), SCHEMA)


def test_nothing_that_passes_the_limits_ends_the_process():
    """Try the deepest filters that pass and texts made of the grammar's own pieces."""
    child = "from tests.gis_core.test_filters import survive; survive(); print('alive')"
    command = [sys.executable, "-c", child]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "alive"), done.stderr[-2000:]


PIECES = (
    *"()'\"=<>+-*/^%,.;{}[]\\ \n_:",
    *(" AND ", " OR ", "NOT ", "n", "name", " IN (", " BETWEEN ", " LIKE ", " IS NULL", "1", "2.5"),
    *("'x'", "CASEI(", "S_INTERSECTS(", "POINT(1 2)", "BBOX(1,2,3,4)", "POLYGON((", "INTERVAL("),
    *("DATE('2020-01-01')", "TIMESTAMP('x')", "T_AFTER(", "A_EQUALS(", "true", "ä", "''", "div "),
)


def survive(rounds: int = 2000) -> None:
    """Parse everything that the limits let through, and every refused text besides."""
    deep = [
        "(" * 32 + "n = 1" + ")" * 32,
        "NOT " * 31 + "capital",
        "n = " + "1 + " * 78 + "1",
        "n = " + "1 + " * 498 + "1",
        "n" + " = n" * 499,
        "n = " + "2 ^ " * 498 + "2",
        "n = " + "-" * 30 + "1",
        " OR ".join(f"n = {i}" for i in range(240)),
        " AND ".join(["NOT (capital)"] * 160),
        *TOO_LARGE.values(),
    ]
    random = Random(4)  # noqa: S311
    deep += ["".join(random.choices(PIECES, k=random.randint(1, 40))) for _ in range(rounds)]
    known = list(FOUND)
    for _ in range(rounds):
        text = list(random.choice(known))
        for _ in range(random.randint(1, 3)):
            text[random.randrange(len(text))] = random.choice(PIECES)
        deep.append("".join(text))
    for text in deep:
        for lang in ("cql2-text", "cql2-json"):
            try:
                checked(parse(text, lang), SCHEMA)
            except FilterError:
                continue


def test_ten_thousand_vertices_and_items_are_read():
    ring = ", ".join(f"{x} {0 if x < 9999 else 5}" for x in range(9_999)) + ", 0 0"
    near = f"S_INTERSECTS(geometry, POLYGON(({ring.replace('9998 0', '9998 9', 1)})))"
    assert "a" in found(near)
    assert found(f"n IN ({', '.join(map(str, MANY))})") == "ab"


def test_the_same_limits_hold_for_json():
    deep = '{"op":"not","args":[' * 60 + "true" + "]}" * 60
    items = '{"op":"in","args":[{"property":"n"},[' + ",".join(map(str, range(10_001))) + "]]}"
    wide = '{"op":"or","args":[' + ",".join(['{"property":"capital"}'] * 600) + "]}"
    for text in (deep, items, wide, "[" * 100_000, " " * 300_000):
        with pytest.raises(FilterError):
            checked(parse(text, "cql2-json"), SCHEMA)


# -- text ------------------------------------------------------------------------------


def test_a_pattern_cannot_make_the_match_slow():
    assert not like("a" * 5000, "%a" * 200 + "%b")
    assert not like("a" * 5000, "%_a" * 100 + "b")


def test_folding():
    assert casei("ẞß") == "ssss"
    assert casei("ÄÖÜ") == "äöü"
    assert accenti("Ä\u0308é") == "Ae"
    assert accenti("ß") == "ß"


def test_a_filter_is_plain_data():
    asked = parse("n = 1")
    assert isinstance(asked, Filter)
    assert hash(asked) == hash(parse("n  =  1"))


@settings(max_examples=300, deadline=None)
@given(trees())
def test_whatever_is_said_in_json_is_the_same_in_text(tree):
    text = text_of(tree)
    said, written = parse(text), parse(json.dumps(tree), "cql2-json")
    assert said == written
    assert found(text) == found(json.dumps(tree), "cql2-json")
