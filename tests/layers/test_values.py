"""Texts of registers become typed values, or keep their place with the reason."""

import datetime as dt
import string
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.column_names import fold_column
from layers.ingest.mapping import map_columns, route
from layers.ingest.moments import read_boolean, read_date
from layers.ingest.numbers import Mark, decimal_mark, read_number
from layers.ingest.values import as_written, expectation, read_column, shared_mark
from layers.spec import CollectionSpec, FieldSpec


def field(kind="text", **more):
    title = {"de": "Feld", "en": "field"}
    return FieldSpec(name="f", title=title, access="public", type=kind, **more)


def read(values, kind="text", mark=Mark.UNKNOWN, **more):
    column = read_column(pd.Series(values), field(kind, **more), mark)
    return column.typed.tolist(), column.problem.tolist()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        pytest.param("80", "80", id="plain"),
        pytest.param("1.234,50", "1234.50", id="german"),
        pytest.param("1,234.50", "1234.50", id="english"),
        pytest.param("1'234.5", "1234.5", id="swiss"),
        pytest.param("1\u202f234,5", "1234.5", id="thin-blank"),
        pytest.param("1.234.567", "1234567", id="two-groups-leave-no-doubt"),
        pytest.param("0,125", "0.125", id="leading-zero-is-no-group"),
        pytest.param("1234,567", "1234.567", id="four-digits-are-no-group"),
        pytest.param("12 cm", "12", id="own-unit"),
        pytest.param("\u22125", "-5", id="true-minus"),
        pytest.param("12,5-", "-12.5", id="minus-behind"),
        pytest.param("12,-", "12", id="no-cents"),
        pytest.param("1.5e3", "1.5E+3", id="exponent"),
    ],
)
def test_one_meaning(text, number):
    assert read_number(text, unit="cm")[0] == Decimal(number)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("1.234", "ambiguous-number"),
        ("1,234", "ambiguous-number"),
        ("80-100", "range-value"),
        ("80 bis 100", "range-value"),
        ("80..100 cm", "range-value"),
        ("inf", "not-finite"),
        ("-Infinity", "not-finite"),
        ("2,5 m", "not-a-number"),
        ("ca. 80", "not-a-number"),
        ("1.23.4", "not-a-number"),
        ("1,2,3", "not-a-number"),
        ("12a", "not-a-number"),
        ("1e99999", "not-a-number"),
    ],
)
def test_no_guess(text, problem):
    assert read_number(text, unit="cm") == (None, problem)


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2, allow_nan=False))
def test_what_a_german_office_writes_comes_back(amount):
    german = f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))
    assert read_number(german)[0] == amount
    assert read([f"{german} €"], "integer", unit="ct", factor=100)[0] == [int(amount * 100)]


@given(st.text(string.digits + ".,-+eE '€cmx", max_size=12))
def test_any_text_is_a_number_or_a_reason(text):
    number, problem = read_number(text, unit="cm")
    assert (number is None) == (problem != "")


def test_the_column_decides_what_a_point_means():
    assert read(["1.234", "77,50"], "number") == ([1234.0, 77.5], ["", ""])
    assert read(["1.234", "77.50"], "number") == ([1.234, 77.5], ["", ""])
    assert read(["1.234", "15"], "number")[1] == ["ambiguous-number", ""]
    assert read(["1.234", "15"], "number", Mark.COMMA)[0] == [1234.0, 15.0]
    assert read(["1.234", "15"], "integer")[0] == [1234, 15]
    assert read(["1,5", "2.5", "1.234"], "number")[1] == ["", "", "ambiguous-number"]


def test_columns_of_one_file_share_the_mark():
    area, tax = field("number"), field("integer", unit="ct", factor=100)
    table = {"area": pd.Series(["1.234", "12"]), "tax": pd.Series(["77,50 €", "1.000,00"])}
    assert shared_mark(table, {"area": area, "tax": tax}) is Mark.COMMA
    table["area"] = pd.Series(["1.5", "12"])
    assert shared_mark(table, {"area": area, "tax": tax}) is Mark.UNKNOWN


def test_figures_from_typed_files_are_never_ambiguous():
    assert read([1.234, 2.0, np.nan], "number") == ([1.234, 2.0, None], ["", "", ""])
    assert read([12.0, 13.0]) == (["12", "13"], ["", ""])
    assert read([77.5], "integer", factor=100)[0] == [7750]
    assert read([1.234, None], "number", mark=Mark.COMMA)[0] == [1.234, None]
    assert read([np.inf], "number")[1] == ["not-finite"]


def test_money_is_exact_to_the_cent():
    euros = ["0,29", "1.234.567,89", "0,285", "19,99"]
    assert read(euros, "integer", unit="ct", factor=100) == (
        [29, 123456789, None, 1999],
        ["", "", "not-whole", ""],
    )


def test_ranges_bounds_and_tokens_for_unknown():
    girth = {"unit": "cm", "range": (1, 1200), "empty": ("0",)}
    values = ["0", "0,0", "1200", "1201", "-3", "k.A.", "  ", None, "?"]
    assert read(values, "number", **girth)[0] == [None, None, 1200.0] + [None] * 6
    assert [p for p in read(values, "number", **girth)[1] if p] == ["out-of-range"] * 2
    assert read(["9223372036854775808"], "integer")[1] == ["out-of-range"]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-05-07", "2024-05-07"),
        ("7.5.2024", "2024-05-07"),
        ("07.05.2024", "2024-05-07"),
        ("20240507", "2024-05-07"),
        ("2024/05/07", "2024-05-07"),
        ("2009-07-24Z", "2009-07-24"),
        ("2009-07-24+02:00", "2009-07-24"),
        ("2024-05-07T23:59:59Z", "2024-05-07"),
        ("07.05.2024 8:15", "2024-05-07"),
        ("1600-01-01", "1600-01-01"),
    ],
)
def test_days(text, day):
    assert read_date(text) == (day, "")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("31.04.2024", "not-a-date"),
        ("16000000", "not-a-date"),
        ("2024", "not-a-date"),
        ("7/5/2005", "ambiguous-date"),
        ("07-05-05", "ambiguous-date"),
    ],
)
def test_no_such_day(text, problem):
    assert read_date(text) == (None, problem)


@given(st.dates())
def test_every_day_comes_back_from_every_notation(day):
    for pattern in ("%d.%m.%Y", "%Y-%m-%d"):
        text = day.strftime(pattern).replace(f"{day.year}", f"{day.year:04}")
        if len(text) == len("01.01.2000"):
            assert read_date(text) == (day.isoformat(), "")
    assert read_date(f"{day:%m/%d}/{day.year:04}", ["%m/%d/%Y"]) == (day.isoformat(), "")


def test_dates_of_typed_files_need_no_parsing():
    stamps = [pd.Timestamp("2024-05-07 08:15", tz="Europe/Berlin"), None, dt.date(2024, 5, 8)]
    assert read(stamps, "date")[0] == ["2024-05-07", None, "2024-05-08"]
    assert read(stamps[:1], "datetime")[0] == ["2024-05-07T06:15:00Z"]
    assert read(pd.to_datetime(["2024-05-07", None]), "date")[0] == ["2024-05-07", None]


def test_yes_and_no():
    words = ["ja", "N", "Wahr", "0", "x", True]
    assert [read_boolean(as_written(w))[0] for w in words] == [True, False, True, False, True, True]
    assert read(["vielleicht"], "boolean") == ([None], ["not-a-boolean"])


def test_codes_by_code_label_or_synonym():
    kinds = {
        "codes": {
            "row_grave": {"de": "Reihengrab", "en": "Row grave"},
            "urn_grave": {"de": "Urnengrab", "en": "Urn grave"},
        },
        "synonyms": {"UG": "urn_grave"},
    }
    values = ["row_grave", "REIHENGRAB", "urn  grave", "ug", "Kolumbarium", ""]
    assert read(values, **kinds) == (
        ["row_grave", "row_grave", "urn_grave", "urn_grave", None, None],
        ["", "", "", "", "unknown-code", ""],
    )
    assert expectation(field(**kinds)) == "one of row_grave, urn_grave"


def test_texts_keep_their_letters():
    assert read([" 20", "Hu\u0308ls", "a\x00b", ["x", "y"], "-"])[0] == [
        "20",
        "Hüls",
        "a b",
        "x; y",
        "-",
    ]


def collection(*fields, **more):
    title = {"de": "Ding", "en": "thing"}
    base = {"id": "c", "title": title, "geometry": "none", "access": "public"}
    specs = [{"access": "public", "title": title, **f} for f in fields]
    return CollectionSpec(**{**base, "relation": {"by": "none"}, "field": specs, **more})


def test_columns_are_found_in_any_spelling():
    trees = collection(
        {"name": "tree_number", "source": ["Baum-Nr."]},
        {"name": "height_m", "source": ["Höhe"]},
        {"name": "species", "source": ["art", "height_m"], "required": True},
    )
    found = ["BAUM_NR,C,20", "HOEHE", "Bemerkung"]
    mapping = map_columns(trees, found)
    assert mapping.columns == {"tree_number": "BAUM_NR,C,20", "height_m": "HOEHE"}
    assert mapping.unused == ("Bemerkung",)
    assert [f.name for f in mapping.missing] == ["species"]
    # A column that is called like a field belongs to that field.
    assert "species" not in map_columns(trees, ["height_m"]).columns
    assert fold_column("Straße") == fold_column("STRASSE")


def test_the_most_telling_pattern_wins():
    anything = collection(id="grab")
    anonymous = collection(id="grab_anonym", source={"kinds": ["*anonym*"]})
    parcels = collection(id="flurstueck", source={"kinds": ["!Nutzung*", "*Flurstueck"]})
    assert route("grab_anonym_2024", (anything, anonymous)).id == "grab_anonym"
    assert route("grab_2024", (anything, anonymous)).id == "grab"
    assert route("AX_Flurstueck", (parcels,)).id == "flurstueck"
    assert route("NutzungFlurstueck", (parcels,)) is None
    assert route("FlurstueckPunkt", (parcels,)) is None


def test_evidence_for_a_mark():
    assert decimal_mark(["12", "1.234"]) is Mark.UNKNOWN
    assert decimal_mark(["12,5 cm"], "cm") is Mark.COMMA
