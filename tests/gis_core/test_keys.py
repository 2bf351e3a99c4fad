"""Parcel keys: every spelling is read, no digit ever changed, the rest refused with reason."""

import gzip
import re
import string
import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from gis_core.districts import District, DistrictCatalogue
from gis_core.errors import ParcelKeyError
from gis_core.key_messages import PROBLEMS, WARNINGS, problem_text, warning_text
from gis_core.keys import (
    AlkisKeys,
    Confidence,
    KeyParts,
    TextKeys,
    format_key,
    join_parts,
    parts,
    read_key,
    read_keys,
)
from gis_core.numerals import digits_for_words, number_words

CATALOGUES = Path(__file__).parents[2] / "gis_core" / "catalogues"
KREFELD = DistrictCatalogue.from_toml((CATALOGUES / "krefeld.toml").read_text("utf-8"))
HAMBURG = DistrictCatalogue(
    "02", (District("020107", "Finkenwerder Süd"),), "Hamburg", has_sections=False
)
SAXONY = DistrictCatalogue(
    "14", (District("146325", "Leipzig"),), "Leipzig", has_sections=False, no_sequence="00"
)

EXACT, NORMALISED, TEXT = Confidence.EXACT, Confidence.NORMALISED, Confidence.TEXT
ONE_TWO_THREE_FOUR = "053049012001230004__"
ONE_TWO_THREE = "05304901200123______"


@pytest.mark.parametrize(
    ("text", "key", "confidence"),
    [
        pytest.param("053049012001230004__", ONE_TWO_THREE_FOUR, EXACT, id="canonical"),
        pytest.param("053049012001230004", ONE_TWO_THREE_FOUR, NORMALISED, id="tail-cut-18"),
        pytest.param("05304901200123", ONE_TWO_THREE, NORMALISED, id="tail-cut-14"),
        pytest.param("05304901200123____", ONE_TWO_THREE, NORMALISED, id="tail-half-cut"),
        pytest.param("05304901200123000400", ONE_TWO_THREE_FOUR, NORMALISED, id="sequence-00"),
        pytest.param("053049012001230000__", ONE_TWO_THREE, NORMALISED, id="sub-number-0000"),
        pytest.param("05304901200123000401", "05304901200123000401", EXACT, id="sequence-01"),
        pytest.param("DE053049012001230004__", ONE_TWO_THREE_FOUR, NORMALISED, id="DE-in-front"),
        pytest.param("05-3049-012-00123/004", ONE_TWO_THREE_FOUR, NORMALISED, id="dashes"),
        pytest.param("053049-012-00123/004.00", ONE_TWO_THREE_FOUR, NORMALISED, id="alb"),
        pytest.param("053049-012-00123/000", ONE_TWO_THREE, NORMALISED, id="alb-no-sub-number"),
        pytest.param("053049-012-00123/0.00", ONE_TWO_THREE, NORMALISED, id="alb-short-zero"),
        pytest.param("3049-12-123/4", ONE_TWO_THREE_FOUR, NORMALISED, id="short"),
        pytest.param("05 3049-12-123/4", ONE_TWO_THREE_FOUR, NORMALISED, id="short-with-state"),
        pytest.param("05/3049/012/00123/0004", ONE_TWO_THREE_FOUR, NORMALISED, id="slashes"),
        pytest.param("05 3049 012 00123 0004 __", ONE_TWO_THREE_FOUR, NORMALISED, id="blanks"),
        pytest.param("05-3049-012-00123-____-__", ONE_TWO_THREE, NORMALISED, id="absent-parts"),
        pytest.param("053049012-123/4", ONE_TWO_THREE_FOUR, NORMALISED, id="section-key-in-front"),
        pytest.param("05304901200123/4", ONE_TWO_THREE_FOUR, NORMALISED, id="compact-and-slash"),
        pytest.param("53049-12-123/4", ONE_TWO_THREE_FOUR, NORMALISED, id="lost-leading-zero"),
        pytest.param(
            "Flurstückskennzeichen: 053049-012-00123/004.00",
            ONE_TWO_THREE_FOUR,
            NORMALISED,
            id="announced",
        ),
        pytest.param(
            "Gemarkung Krefeld, Flur 12, Flurstück 123/4", ONE_TWO_THREE_FOUR, TEXT, id="in-words"
        ),
        pytest.param(
            "Gem. Krefeld Fl. 12 Flst. 123/4", ONE_TWO_THREE_FOUR, TEXT, id="abbreviations"
        ),
        pytest.param("krefeld 12 123/4", ONE_TWO_THREE_FOUR, TEXT, id="short-text"),
        pytest.param("Krefeld-12-123/4", ONE_TWO_THREE_FOUR, TEXT, id="short-text-with-dashes"),
        pytest.param(
            "Flurstück 123/4, Flur 12, Gemarkung Krefeld", ONE_TWO_THREE_FOUR, TEXT, id="reversed"
        ),
        pytest.param("Krefeld Flur 12/123", ONE_TWO_THREE, TEXT, id="slash-after-the-section"),
        pytest.param("Krefeld/12/123", ONE_TWO_THREE, TEXT, id="slashes-throughout"),
        pytest.param("Krefeld Fl.12 Flst.123/4", ONE_TWO_THREE_FOUR, TEXT, id="no-blank-after-dot"),
        pytest.param(
            "Gemarkung 3049 Flur 12 Flurstück 123/4", ONE_TWO_THREE_FOUR, NORMALISED, id="number"
        ),
        pytest.param(
            "Krefeld district, section 12, parcel 123/4", ONE_TWO_THREE_FOUR, TEXT, id="english"
        ),
        pytest.param(
            "Gemarkung Krefeld, Flur zwölf, Flurstück einhundertdreiundzwanzig Strich vier",
            ONE_TWO_THREE_FOUR,
            TEXT,
            id="spoken",
        ),
        pytest.param(
            "Gemarkung Hüls (3244) Flur 56 Flurstück 7", "05324405600007______", TEXT, id="both"
        ),
        pytest.param("Gmkg. Huels, Flur 56, Flst 7", "05324405600007______", TEXT, id="ue"),
        pytest.param("Krefeld-Hüls, Flur 56, 7", "05324405600007______", TEXT, id="town-in-front"),
        pytest.param(
            "Gellep-Stratum, Flur 2, 815", "05305100200815______", TEXT, id="name-with-dash"
        ),
    ],
)
def test_every_spelling_is_read(text, key, confidence):
    reading = read_key(text, KREFELD)
    assert (reading.key, reading.confidence, reading.problem) == (key, confidence, "")
    assert reading.text == text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("", "empty", id="nothing"),
        pytest.param("Gemarkung Hüls (3049) Flur 56 Flurstück 7", "name-key-disagree", id="hüls"),
        pytest.param("05-4200-012-00123/004", "unknown-district", id="no-such-district"),
        pytest.param("Verberg, Flur 3, 12", "unknown-section", id="no-such-section"),
        pytest.param("Flur 12 Flurstück 123/4", "missing-district", id="no-district"),
        pytest.param("Gemarkung Kempen, Flur 3, Flurstück 9", "outside-municipality", id="kempen"),
        pytest.param("053049___001230004__", "missing-section", id="key-of-a-state-without"),
        pytest.param("12345/6", "too-short", id="number-only"),
        pytest.param("3049-123/4", "missing-section", id="number-and-sub-number-no-section"),
        pytest.param("Krefeld 12/4", "missing-section", id="fraction-after-the-name"),
        pytest.param("Gem. Krefeld Flst. 12/4", "missing-section", id="fraction-after-its-label"),
        pytest.param("Krefeld 12", "missing-number", id="no-number"),
        pytest.param("06-3049-12-123/4", "other-state", id="another-state"),
        pytest.param("146325___00121000100", "other-state", id="saxony"),
        pytest.param("05304901200000______", "numerator-zero", id="number-zero"),
        pytest.param("3049-12-123456", "number-too-long", id="six-digit-number"),
        pytest.param("1234567890123", "bare-number", id="tax-file-number"),
        pytest.param("5304901200123", "bare-number", id="key-that-lost-its-zero"),
        pytest.param("4711", "bare-number", id="tree-number"),
        pytest.param("0530490120012300040", "wrong-length", id="19-characters"),
        pytest.param("053049012001230004_", "wrong-length", id="19-with-underscore"),
        pytest.param("053049012001230004__0", "wrong-length", id="21-characters"),
        pytest.param("053049O12001230004__", "letter-for-digit", id="O-for-0"),
        pytest.param("05304901200l230004__", "letter-for-digit", id="l-for-1"),
        pytest.param("053049012001230004O1", "letter-for-digit", id="O-in-sequence"),
        pytest.param("053049012001230004AB", "sequence-letters", id="letters-in-sequence"),
        pytest.param("Krefeld 12 123a", "letters-in-number", id="suffix-letter"),
        pytest.param("Krefeld 12 123²", "odd-digit", id="superscript"),
        pytest.param("Krefeld 12 123½", "odd-digit", id="fraction"),
        pytest.param("٣٠٤٩-12-123/4", "odd-digit", id="arabic-digits"),
        pytest.param("5.3049012001230E+18", "rounded-number", id="spreadsheet"),
        pytest.param("Krefeld 12 123, 124", "several-parcels", id="list"),
        pytest.param("Flur 12 Flurstücke 123 und 124", "several-parcels", id="list-in-words"),
        pytest.param("Krefeld, Flur 12, Flurstück 123-125", "unclear-number", id="range"),
        pytest.param("3049-12-123/4-6", "unclear-number", id="range-of-sub-numbers"),
        pytest.param("3049-12-123/4/5/6", "unclear-number", id="too-many-parts"),
        pytest.param("Hulz, Flur 56, 7", "unknown-district-name", id="no-such-name"),
        pytest.param("Foo (3049), Flur 12, 7", "unknown-district-name", id="name-beside-number"),
        pytest.param("Flur 12 Flur 13 Krefeld 7", "not-understood", id="two-sections"),
        pytest.param("DENW42AL1000NscuFL", "object-id", id="object-id"),
        pytest.param("urn:adv:oid:DENW42AL1000Nscu", "object-id", id="object-id-as-urn"),
        pytest.param("–––", "not-a-key", id="dashes-only"),
        pytest.param("x" * 1000, "not-a-key", id="very-long"),
    ],
)
def test_what_is_no_key_is_refused_with_its_reason(text, problem):
    reading = read_key(text, KREFELD)
    assert (reading.key, reading.confidence, reading.problem) == (None, None, problem)
    assert reading.message
    assert reading.explain("de") != reading.explain("en")


@pytest.mark.parametrize(
    ("text", "candidates"),
    [
        pytest.param("053049O12001230004__", {ONE_TWO_THREE_FOUR}, id="O-for-0"),
        pytest.param("3049-l2-123/4", {ONE_TWO_THREE_FOUR}, id="l-for-1"),
        pytest.param("053049012001230004O1", {"05304901200123000401"}, id="O-in-sequence"),
        pytest.param("053049012001230004_", {ONE_TWO_THREE_FOUR}, id="lost-underscore"),
        pytest.param("0530490120012300040", set(), id="lost-digit-is-nobodys-guess"),
        pytest.param("Uerdigen 5 3", {"05306100500003______"}, id="name-misspelt"),
        pytest.param("Kempen 3 9", {"05324600300009______"}, id="neighbour"),
        pytest.param("DENW42AL1000NscuFL", {"DENW42AL1000Nscu"}, id="object-id"),
    ],
)
def test_a_refused_text_offers_what_may_be_meant(text, candidates):
    reading = read_key(text, KREFELD)
    assert reading.key is None
    assert set(reading.candidates) == candidates


@pytest.mark.parametrize("text", ["3049-123/4", "Krefeld 123/4", "053049___001230004__"])
def test_a_missing_section_leaves_a_pattern_to_look_for(text):
    assert read_key(text, KREFELD).facts["pattern"] == "053049???001230004__"


def test_what_was_let_pass_is_said():
    assert read_key("3049-12-123-4", KREFELD).warnings == ("no-slash",)
    assert read_key("Krefeld 12 123/4 tlw.", KREFELD).warnings == ("words-ignored",)


def test_all_problems_and_warnings_have_sentences_in_both_languages():
    facts = dict.fromkeys(re.findall(r"{(\w+)}", str(PROBLEMS)), "x")
    for problem in PROBLEMS:
        assert problem_text(problem, facts, "de") != problem_text(problem, facts, "en")
    for warning in WARNINGS:
        assert warning_text(warning, "de") != warning_text(warning, "en")


# --- states without sections ------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "catalogue", "key"),
    [
        pytest.param("020107___01758______", HAMBURG, "020107___01758______", id="hamburg"),
        pytest.param("020107___01758", HAMBURG, "020107___01758______", id="tail-cut"),
        pytest.param("0107-1758", HAMBURG, "020107___01758______", id="short"),
        pytest.param("107-1758/2", HAMBURG, "020107___017580002__", id="district-unpadded"),
        pytest.param("Finkenwerder Süd 1758", HAMBURG, "020107___01758______", id="name"),
        pytest.param("146325___00121000100", SAXONY, "146325___00121000100", id="saxony-20-used"),
        pytest.param("146325___001210001__", SAXONY, "146325___00121000100", id="one-form-of-none"),
        pytest.param("146325-000-00121/0001.00", SAXONY, "146325___00121000100", id="alb"),
        pytest.param(
            "Gemarkung Leipzig Flurstück 121/1", SAXONY, "146325___00121000100", id="text"
        ),
    ],
)
def test_a_state_without_sections_is_a_matter_of_its_catalogue(text, catalogue, key):
    assert read_key(text, catalogue).key == key


@pytest.mark.parametrize(
    "text", ["020107-012-01758", "020107-012-01758/2", "Finkenwerder Süd, Flur 12, 1758"]
)
def test_a_section_in_a_state_without_is_never_dropped(text):
    assert read_key(text, HAMBURG).key in {None, "020107___000121758__"}
    assert read_key("Finkenwerder Süd, Flur 12, 1758", HAMBURG).problem == "section-not-used"


def test_sequence_letters_must_be_allowed():
    lax = DistrictCatalogue("05", KREFELD.districts, "Krefeld", sequence_letters=True)
    assert read_key("053049012001230004A1", lax).key == "053049012001230004A1"


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "state", "none"), [("hamburg", "02", "__"), ("sachsen", "14", "00")]
)
def test_real_keys_of_states_without_sections_are_canonical(shared_data, name, state, none):
    path = shared_data / "alkis-other-laender" / f"{name}_page_0_alkis-vereinfacht-2.0.xml"
    keys = re.findall("flstkennz>([0-9_]+)<", path.read_text("utf-8"))
    districts = tuple(District(d, d) for d in sorted({key[:6] for key in keys}))
    catalogue = DistrictCatalogue(state, districts, has_sections=False, no_sequence=none)
    assert len(keys) == 10
    assert read_keys(keys, catalogue).confidence.tolist() == [EXACT] * 10


@pytest.mark.real
def test_a_thousand_real_keys_are_canonical_and_their_short_forms_lead_back(shared_data):
    path = shared_data / "alkis-nrw-wfs" / "nrw_1000_flurstuecke_alkis-vereinfacht-2.0.xml.gz"
    keys = re.findall("flstkennz>([0-9_]+)<", gzip.decompress(path.read_bytes()).decode("utf-8"))
    state = shared_data / "gemarkungen" / "katasteraemter-gemarkungen-fluren-nrw.json"
    nrw = DistrictCatalogue.from_nrw_json(state.read_text("utf-8"))
    column = read_keys(keys, nrw)
    assert len(set(keys)) == 1000
    assert column.key.tolist() == keys
    assert set(column.confidence) == {EXACT}
    assert read_keys([format_key(key, "short", nrw) for key in keys], nrw).key.tolist() == keys


# --- over all keys ----------------------------------------------------------------------

STYLES = [("canonical", "de"), ("alb", "de"), ("short", "de")]
STYLES += [(style, lang) for style in ("label", "spoken") for lang in ("de", "en")]


@st.composite
def valid_keys(draw, catalogue=KREFELD):
    district = draw(st.sampled_from([d for d in catalogue.districts if d.municipality]))
    section = draw(st.sampled_from(sorted(district.sections))) if district.sections else None
    sequence = draw(st.none() | st.integers(1, 99))
    key = KeyParts(
        state=catalogue.state_code,
        district=district.key,
        section=section,
        numerator=draw(st.integers(1, 99_999)),
        denominator=draw(st.none() | st.integers(1, 9_999)),
        sequence=f"{sequence:02}" if sequence else "",
    )
    return join_parts(key, catalogue.no_sequence)


@pytest.mark.parametrize(("style", "lang"), STYLES)
@pytest.mark.parametrize("catalogue", [KREFELD, HAMBURG, SAXONY], ids=lambda c: c.name)
@given(data=st.data())
def test_what_is_written_is_read_back(catalogue, style, lang, data):
    key = data.draw(valid_keys(catalogue))
    written = format_key(key, style, catalogue, lang)
    reading = read_key(written, catalogue)
    assert reading.key == key, written
    assert not reading.warnings


@given(valid_keys())
def test_parts_are_put_together_again(key):
    assert join_parts(parts(key)) == key


@given(
    key=valid_keys(), style=st.sampled_from(["canonical", "alb", "short", "label"]), data=st.data()
)
def test_another_digit_is_another_parcel(key, style, data):
    written = format_key(key, style, KREFELD)
    places = [i for i, c in enumerate(written) if c.isdigit()]
    place = data.draw(st.sampled_from(places))
    digit = data.draw(st.sampled_from(string.digits + "OoIl²x"))
    assume(digit != written[place])
    edited = written[:place] + digit + written[place + 1 :]
    assert read_key(edited, KREFELD).key != key


@given(key=valid_keys(), place=st.integers(0, 19), digit=st.sampled_from(string.digits))
def test_a_digit_more_or_less_is_never_evened_out(key, place, digit):
    assert read_key(key[:place] + digit + key[place:], KREFELD).key is None
    shorter = key[:place] + key[place + 1 :]
    assert read_key(shorter, KREFELD).key is None


@given(
    key=valid_keys(),
    gap=st.sampled_from(["-", "/", " ", " - ", "_", "–", "\u00a0", "\u2212", " / ", ":"]),
    widths=st.tuples(*[st.integers(0, 1)] * 4),
    state=st.booleans(),
)
@example(ONE_TWO_THREE_FOUR, "_", (1, 1, 1, 1), True)
def test_separators_and_padding_are_noise(key, gap, widths, state):
    known = parts(key)
    full = [known.district[2:], f"{known.section:03}", f"{known.numerator:05}"]
    bare = [known.district[2:], str(known.section), str(known.numerator)]
    written = [(full, bare)[w][i] for i, w in enumerate(widths[:3])]
    text = gap.join([known.state, *written] if state else written)
    if known.denominator:
        text += f"/{known.denominator:04}" if widths[3] else f" / {known.denominator}"
    assume(not known.sequence)
    assert read_key(text, KREFELD).key == key, text


@given(key=valid_keys(), lang=st.sampled_from(["de", "en"]), data=st.data())
def test_case_umlauts_and_invisible_characters_are_noise(key, lang, data):
    text = format_key(key, "label", KREFELD, lang)
    change = data.draw(
        st.sampled_from(
            [
                str.upper,
                str.lower,
                lambda t: unicodedata.normalize("NFD", t),
                lambda t: t.replace("ü", "ue"),
                lambda t: t.replace(" ", "\u00a0"),
                lambda t: t.replace(" ", "  \n"),
                lambda t: t.replace(",", ""),
                lambda t: t.replace("/", "\u2044"),
                lambda t: f"\ufeff {t}\u200b.",
                lambda t: t.translate({ord(d): ord(d) + 0xFEE0 for d in string.digits}),
            ]
        )
    )
    assert read_key(change(text), KREFELD).key == key


@given(st.text(max_size=40) | st.text("0123456789-_/. OlFflurKkrefeld", max_size=30))
def test_any_text_gets_an_answer_and_only_canonical_keys_come_out(text):
    reading = read_key(text, KREFELD)
    if reading.key is None:
        assert reading.problem in PROBLEMS
        assert reading.message
    else:
        assert read_key(reading.key, KREFELD).confidence is EXACT
        digits = unicodedata.normalize("NFKC", digits_for_words(text))
        assert re.sub("[^1-9]", "", parts(reading.key).number) in re.sub("[^1-9]", "", digits)


# --- columns ----------------------------------------------------------------------------

_odd = st.sampled_from(
    [ONE_TWO_THREE_FOUR, "053049O12001230004__", "Hüls 56 7", "05304901200123000400", "", "x"]
)
_near = st.from_regex(r"\A05(3049|3048|3246|9999)(012|007|___)[0-9_]{5}[0-9_]{4}(00|01|__|A1)\Z")


@given(st.lists(valid_keys() | _odd | _near | st.text(max_size=25), max_size=12))
def test_a_column_is_read_as_its_texts_one_by_one(texts):
    column = read_keys(texts, KREFELD)
    readings = [read_key(text, KREFELD) for text in texts]
    assert column.key.tolist() == [r.key for r in readings]
    assert column.confidence.tolist() == [r.confidence for r in readings]
    assert column.problem.tolist() == [r.problem for r in readings]
    for text, reading in zip(texts, readings, strict=True):
        assert reading.confidence is EXACT or column.readings[text] == reading


@given(st.lists(valid_keys(SAXONY) | st.from_regex(r"\A146325___0012[0-9_]{7}\Z"), max_size=9))
def test_a_column_of_a_state_without_sections_too(texts):
    column = read_keys(texts, SAXONY)
    assert column.key.tolist() == [read_key(text, SAXONY).key for text in texts]


@pytest.mark.parametrize(
    "column",
    [
        pytest.param([ONE_TWO_THREE, None, float("nan"), 7, ""], id="list"),
        pytest.param(np.array([ONE_TWO_THREE, None, np.nan, 7, ""], dtype=object), id="array"),
        pytest.param(pd.Series([ONE_TWO_THREE, None, None, "7", None]), id="series"),
        pytest.param(pd.Series([ONE_TWO_THREE, None, pd.NA, 7, ""], dtype=object), id="objects"),
        pytest.param(
            pd.Series([ONE_TWO_THREE, None, None, "7", None], dtype="category"), id="category"
        ),
    ],
)
def test_missing_values_and_numbers_in_a_column(column):
    read = read_keys(column, KREFELD)
    assert read.key.tolist() == [ONE_TWO_THREE, None, None, None, None]
    assert read.problem.tolist() == ["", "empty", "empty", "bare-number", "empty"]


def test_the_source_column_is_left_alone():
    source = pd.Series([ONE_TWO_THREE, "3049-12-7"], dtype=object)
    read_keys(source, KREFELD)
    array = source.to_numpy()
    read_keys(array, KREFELD)
    assert array.tolist() == [ONE_TWO_THREE, "3049-12-7"]


def test_broken_text_spoils_only_itself():
    read = read_keys([ONE_TWO_THREE, "Flur \udc80 7"], KREFELD)
    assert read.key.tolist() == [ONE_TWO_THREE, None]
    assert read.confidence.tolist() == [EXACT, None]


def test_an_empty_column():
    assert len(read_keys([], KREFELD)) == 0


# --- writing ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("style", "lang", "written"),
    [
        ("canonical", "de", "053049012001230004__"),
        ("alb", "de", "053049-012-00123/004.00"),
        ("short", "de", "3049-12-123/4"),
        ("label", "de", "Gemarkung Krefeld, Flur 12, Flurstück 123/4"),
        ("label", "en", "District Krefeld, section 12, parcel 123/4"),
        (
            "spoken",
            "de",
            "Gemarkung Krefeld, Flur zwölf, Flurstück einhundertdreiundzwanzig Strich vier",
        ),
        (
            "spoken",
            "en",
            "District Krefeld, section twelve, parcel one hundred and twenty-three stroke four",
        ),
    ],
)
def test_a_key_is_written(style, lang, written):
    assert format_key(ONE_TWO_THREE_FOUR, style, KREFELD, lang) == written


def test_saxony_writes_four_digit_sub_numbers():
    assert format_key("146325___00121000100", "alb", SAXONY) == "146325-000-00121/0001.00"


@pytest.mark.parametrize("text", ["", "3049-12-123/4", "05304901200123", "053049012001230004__ "])
def test_only_canonical_keys_are_taken_apart(text):
    with pytest.raises(ParcelKeyError, match="canonical"):
        parts(text)


@pytest.mark.parametrize(
    ("number", "de", "en"),
    [
        (0, "null", "zero"),
        (1, "eins", "one"),
        (21, "einundzwanzig", "twenty-one"),
        (101, "einhunderteins", "one hundred and one"),
        (1_001, "eintausendeins", "one thousand and one"),
        (
            31_217,
            "einunddreißigtausendzweihundertsiebzehn",
            "thirty-one thousand two hundred and seventeen",
        ),
    ],
)
def test_numbers_in_words(number, de, en):
    assert (number_words(number, "de"), number_words(number, "en")) == (de, en)


@given(st.integers(0, 999_999), st.sampled_from(["de", "en"]))
def test_numbers_in_words_are_read_back(number, lang):
    assert digits_for_words(number_words(number, lang)) == str(number)


# --- schemes ----------------------------------------------------------------------------


def test_the_alkis_scheme_reads_and_names():
    scheme = AlkisKeys(KREFELD)
    assert scheme.read("krefeld 12 123/4").key == ONE_TWO_THREE_FOUR
    assert scheme.read_column(["3049-12-123"]).key.tolist() == [ONE_TWO_THREE]
    assert scheme.label(ONE_TWO_THREE, "en") == "District Krefeld, section 12, parcel 123"


def test_the_text_scheme_takes_any_text_as_it_is():
    scheme = TextKeys()
    column = scheme.read_column([" 12a-7\u00a0 x", "12A-7 X", "", None, "12A-7 X"])
    assert column.key.tolist() == ["12A-7 X", "12A-7 X", None, None, "12A-7 X"]
    assert column.confidence.tolist() == [NORMALISED, EXACT, None, None, EXACT]
    assert column.problem.tolist() == ["", "", "empty", "empty", ""]
    assert scheme.label("12A-7 X", "de") == "12A-7 X"
