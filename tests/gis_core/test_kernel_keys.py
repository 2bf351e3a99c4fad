"""Keys read by their shapes: never another answer than the reader's, and all usual ones read."""

import random
import re
import string

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.city.spelling import BAD, GOOD, Key
from gis_core.districts import District, DistrictCatalogue
from gis_core.key_columns import COMPILED_FROM, key_positions, read_shapes
from gis_core.key_reading import SURENESS
from gis_core.key_shapes import STAND_IN, read_prefix
from gis_core.key_text import is_plain_word
from gis_core.keys import _learn, format_key, read_key, read_key_bytes, read_keys
from tests.gis_core.test_keys import HAMBURG, KREFELD, STYLES, valid_keys

AWKWARD = DistrictCatalogue(
    "05",
    (
        District("051001", "Drei", frozenset({1, 2, 12})),
        District("051002", "Flurdorf Land", frozenset({1, 2, 12})),
        District("051003", "Dehlen", frozenset({1, 2, 12})),
        District("051004", "Alt-Neu", frozenset({1, 2, 12})),
        District("051005", "Alt Neu", frozenset({3})),
        District("051006", "Sankt Hubert in der Heide"),
        District("051007", "U", frozenset({1, 12})),
        District("051008", "Strich"),
        District("051009", "Außen", municipality=False),
        District("051010", "Außen", frozenset({1})),
        District("051011", "Gemarkung Nord", frozenset({1})),
    ),
    "Drei",
)


def read(texts, catalogue):
    return read_shapes(pa.array(texts, pa.large_string()), catalogue, _learn)


def agrees(texts, catalogue):
    """Compare what the loops read with the reader; return how many they read."""
    keys, confidence = read(texts, catalogue)
    for text, key, sure in zip(texts, keys.tolist(), confidence.tolist(), strict=True):
        if sure >= 0:
            expected = read_key(text, catalogue)
            assert (key.decode(), SURENESS[sure]) == (expected.key, expected.confidence), text
        else:
            assert key == b"", text
    return int((confidence >= 0).sum())


def alike(text, seed):
    """Return texts of the same shape: some runs of digits changed, padded, or made zeros."""
    dice = random.Random(seed)  # noqa: S311 - test data

    def other(run):
        if dice.random() < 0.6:
            return run[0]
        pool = dice.choice(["0123456789", "000001", "0", string.digits[1:]])
        return "".join(dice.choice(pool) for _ in run[0])

    return [text] * 3 + [re.sub("[0-9]+", other, text) for _ in range(9)]


# --- the same answers -----------------------------------------------------------------------

_usual_gap = st.sampled_from(["-", "/", " ", ", ", "_", " - ", " / ", ":", "\u00a0", "–"])
_odd_gap = st.sampled_from(
    [
        "",
        ".",
        ";",
        "__",
        "(",
        ") ",
        ",",
        " u. ",
        " und ",
        " Nr. ",
        " Folge ",
        " Nenner ",
        " Land ",
        "\u0301",
        "\u200b",
        " zwei ",
        " bei ",
    ]
)
_gap = st.one_of(_usual_gap, _usual_gap, _usual_gap, _odd_gap)
_head = st.sampled_from(["", "", "", " ", "DE", "05", "05 ", "05-", "5/", "Gemarkung ", "Gem. "])
_odd_head = st.sampled_from(
    [
        "Gmkg.",
        "FSK: ",
        "Land 05 ",
        "zwei ",
        "Gemarkung Nr. ",
        "von ",
        "\ufeff",
        "²",
        "Fu\u0308r ",
        "Strich ",
        "Flur ",
        "Kennzeichen: ",
    ]
)
_section_label = st.sampled_from(["", "", "Flur ", "Fl. ", "Fl.", "FLUR-NR. ", "section "])
_number_label = st.sampled_from(["", "", "Flurstück ", "Flst. ", "Flst ", "Flurst.-Nr. ", "FS "])
_tail = st.sampled_from(
    ["", "", "", ".00", ".01", "__", "______", " ", " Krefeld", ".", "/0", "/000"]
)


@st.composite
def likely(draw):
    """Draw a text that is nearly a key: its parts in their order, oddly joined."""
    district = draw(st.sampled_from([*KREFELD.districts[:11], *AWKWARD.districts]))
    named = draw(st.sampled_from(["number", "key", "name", "name", "both"]))
    name = draw(st.sampled_from([str, str.upper, str.lower, lambda n: n.replace("ü", "ue")]))(
        district.name
    )
    place = {
        "number": district.key[2:],
        "key": district.key,
        "name": name,
        "both": f"{name} ({district.key[2:]})",
    }[named]
    section = draw(st.sampled_from(sorted(district.sections) or [1]))
    numerator = draw(st.sampled_from([1, 7, 12, 123, 1234, 99_999, 123_456]))
    texts = [
        draw(_head | _head | _odd_head) + place,
        draw(_section_label) + draw(st.sampled_from([f"{section}", f"{section:03}"])),
        draw(_number_label) + draw(st.sampled_from([f"{numerator}", f"{numerator:05}"])),
    ]
    if draw(st.booleans()):
        texts[2] += draw(st.sampled_from(["/", " / ", "-", "\u2044"])) + draw(
            st.sampled_from(["4", "12", "004", "0004", "0", "000", "12345"])
        )
    if draw(st.integers(0, 9)) == 0:
        texts.reverse()
    return texts[0] + draw(_gap) + texts[1] + draw(_gap) + texts[2] + draw(_tail)


@settings(deadline=None)  # the first call compiles
@given(texts=st.lists(likely(), min_size=1, max_size=4), seed=st.integers(0, 9999))
def test_a_likely_text_is_read_as_the_reader_does_or_left_to_it(texts, seed):
    column = [t for text in texts for t in alike(text, seed)]
    agrees(column, KREFELD)
    agrees(column, AWKWARD)


@settings(deadline=None)  # the first call compiles
@given(
    texts=st.lists(
        st.text(max_size=40) | st.text("0123456789-_/. OlFflurKkrefeld", max_size=30),
        min_size=1,
        max_size=4,
    ),
    seed=st.integers(0, 9999),
)
def test_so_is_any_text(texts, seed):
    agrees([t for text in texts for t in alike(text, seed)], KREFELD)


@settings(deadline=None)  # the first call compiles
@given(key=valid_keys(), style=st.sampled_from(STYLES), seed=st.integers(0, 9999))
def test_so_is_every_form_of_every_key(key, style, seed):
    agrees(alike(format_key(key, style[0], KREFELD, style[1]), seed), KREFELD)


@pytest.mark.parametrize("spelling", GOOD)
@pytest.mark.parametrize("number", [(12, 123, 4), (1, 7, 0), (76, 12345, 1234)], ids=str)
def test_every_usual_spelling_is_read_by_the_loops(spelling, number):
    names = [d for d in KREFELD.districts if d.municipality and number[0] in d.sections]
    keys = [Key(d.key, d.name, *number) for d in names]
    texts = [GOOD[spelling](key) for key in keys] * 4
    assert agrees(texts, KREFELD) == len(texts)


@pytest.mark.parametrize("spelling", BAD)
def test_every_wrong_spelling_is_left_to_the_reader(spelling):
    texts = [BAD[spelling](Key("053049", "Krefeld", s, z, 4)) for s in (1, 2, 12) for z in (5, 77)]
    assert agrees(texts * 4, KREFELD) == 0


# --- names ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "skeleton", "district"),
    [
        pytest.param("Gmkg. Huels, Flur ", f"Gmkg. {STAND_IN}, Flur ", 3244, id="umlaut"),
        pytest.param("Gellep-Stratum-", f"{STAND_IN}-", 3051, id="two-words"),
        pytest.param("Krefeld-Hüls ", f"{STAND_IN} ", 3244, id="town-in-front"),
        pytest.param("Gemarkung ", "Gemarkung ", -1, id="no-name"),
        pytest.param("Gemarkung Hülz ", "Gemarkung Hülz ", -1, id="no-such-name"),
        pytest.param("Kempen ", "Kempen ", -1, id="neighbour"),
        pytest.param("Hu\u0308ls ", "Hu\u0308ls ", -1, id="not-composed"),
    ],
)
def test_a_name_is_set_aside_if_any_other_would_be_read_alike(text, skeleton, district):
    prefix = read_prefix(text, KREFELD)
    assert (prefix.skeleton, prefix.district) == (skeleton, district)


@pytest.mark.parametrize("text", ["Drei ", "Dehlen ", "Strich ", "U ", "Außen in ", "Alt Neu "])
def test_a_name_that_the_grammar_may_take_for_something_else_stays(text):
    assert read_prefix(text, AWKWARD).district in {-1, 1010}


@pytest.mark.parametrize("word", ["Flur", "zwölf", "einundzwanzigtausend", "und", "von", "Strich"])
def test_words_of_the_grammar_are_not_plain(word):
    assert is_plain_word(STAND_IN)
    assert not is_plain_word(word)


# --- columns --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def many():
    """A register as long as pays for the loops: usual, wrong, empty and unlike all others."""
    dice = random.Random(7)  # noqa: S311 - test data
    inside = [d for d in KREFELD.districts if d.municipality]
    styles = [*GOOD.values(), *BAD.values()]
    texts = []
    for i in range(COMPILED_FROM):
        d = inside[i % len(inside)]
        key = Key(d.key, d.name, min(d.sections), 1 + i % 40, i % 3)
        texts.append(dice.choice(styles)(key) if i % 2 else key.canonical)
    texts[5], texts[6], texts[7] = None, "", "Flurstück"
    return texts


def test_a_long_column_is_read_as_its_texts_one_by_one(many):
    column = read_keys(many, KREFELD)
    known = {text: read_key(text or "", KREFELD) for text in set(many)}
    expected = [known[text] for text in many]
    assert column.key.tolist() == [r.key for r in expected]
    assert column.confidence.tolist() == [r.confidence for r in expected]
    assert column.problem.tolist() == [r.problem for r in expected]
    odd = {text or "" for text in many if str(known[text].confidence) != "exact"}
    assert set(column.readings) == odd
    assert len(column.readings) == len(odd)
    assert all(column.readings[text] == read_key(text, KREFELD) for text in odd)
    with pytest.raises(KeyError):
        column.readings["not there"]


@pytest.mark.parametrize("rows", [500, COMPILED_FROM])
@pytest.mark.parametrize(
    "type_", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())]
)
def test_arrow_columns_give_bytes(many, rows, type_):
    texts = pa.chunked_array([many[: rows // 3], many[rows // 3 : rows]], pa.string()).cast(type_)
    found, expected = read_key_bytes(texts, KREFELD), read_keys(many[:rows], KREFELD)
    assert [key.decode() or None for key in found.key.tolist()] == expected.key.tolist()
    sure = [None if c < 0 else SURENESS[c] for c in found.confidence.tolist()]
    assert sure == expected.confidence.tolist()
    assert found.refused.tolist() == [i for i, key in enumerate(expected.key) if key is None]
    assert [r.problem for r in found.why] == expected.problem[found.refused].tolist()


def test_a_slice_of_a_column_and_states_without_sections(many):
    whole = pa.array(many, pa.large_string())
    assert read_key_bytes(whole.slice(11, 900), KREFELD).key.tolist() == (
        read_key_bytes(whole, KREFELD).key[11:911].tolist()
    )
    keys = ["020107___017580002__"] * COMPILED_FROM
    assert set(read_key_bytes(pa.array(keys), HAMBURG).key.tolist()) == {keys[0].encode()}
    assert len(read_key_bytes(pa.array([], pa.string()), KREFELD)) == 0


# --- finding parcels ------------------------------------------------------------------------

_keys = st.lists(st.binary(max_size=9).filter(lambda b: not b.endswith(b"\0")), max_size=30)


@pytest.mark.parametrize("compiled", [False, True])
@settings(deadline=None)  # the first call compiles
@given(keys=_keys, asked=_keys)
def test_keys_are_found_where_they_stand_first(compiled, keys, asked):
    stated = np.asarray([*asked, *keys[:5], b"", b"longer than any key of all"], np.bytes_)
    parcels = np.asarray(keys, "S9")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gis_core.key_columns.COMPILED_FROM", 0 if compiled else 10**9)
        found = key_positions(stated, parcels)
    known = keys.index
    expected = [known(s) if s and s in keys else -1 for s in stated.tolist()]
    assert found.tolist() == expected


def test_positions_are_those_of_pandas():
    dice = np.random.default_rng(3)
    keys = np.char.mod("05304901%012d", dice.permutation(60_000)).astype("S20")
    stated = np.char.mod("05304901%012d", dice.integers(0, 90_000, 80_000)).astype("S20")
    expected = pd.Index(keys.astype(str)).get_indexer(stated.astype(str))
    assert (key_positions(stated, keys) == expected).all()
