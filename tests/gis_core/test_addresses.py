"""Addresses: every spelling of one address is equal, different addresses stay different."""

import json
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis_core.addresses import _list_any, fold_street, list_addresses, split_address
from gis_core.folding import fold_name, fold_words, plain_text


@pytest.mark.parametrize(
    ("text", "street", "number", "suffix"),
    [
        pytest.param("Ostwall 12", "Ostwall", "12", "", id="plain"),
        pytest.param("Hauptstr.5", "Hauptstr.", "5", "", id="missing-blank"),
        pytest.param("Hauptstraße 007 B", "Hauptstraße", "7", "b", id="padding-and-capital-suffix"),
        pytest.param("Hauptstr. Nr. 7", "Hauptstr.", "7", "", id="number-word"),
        pytest.param("Hauptstr. 5 1/2", "Hauptstr.", "5", "1/2", id="half-number"),
        pytest.param("Hauptstr. 5, 47798 Krefeld", "Hauptstr.", "5", "", id="town-after"),
        pytest.param("Hauptstr. 5 47798 Krefeld", "Hauptstr.", "5", "", id="town-without-comma"),
        pytest.param("47798 Krefeld, Hauptstr. 5", "Hauptstr.", "5", "", id="town-before"),
        pytest.param("Krefeld, Hauptstr. 5", "Hauptstr.", "5", "", id="town-without-postcode"),
        pytest.param("Hauptstr. 5 (Hinterhaus)", "Hauptstr.", "5", "", id="remark-in-brackets"),
        pytest.param("Straße des 17. Juni", "Straße des 17. Juni", "", "", id="number-in-name"),
        pytest.param("Straße des 17. Juni 135", "Straße des 17. Juni", "135", "", id="both"),
        pytest.param("B 265", "B 265", "", "", id="federal-road-is-no-house"),
        pytest.param("Aachener Str. *", "Aachener Str.", "", "", id="street-without-number"),
        pytest.param("  ", "", "", "", id="blank"),
    ],
)
def test_an_address_is_taken_apart(text, street, number, suffix):
    assert split_address(text) == (street, number, suffix)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Kehr 3, 4", ["Kehr 3", "Kehr 4"], id="one-street-two-houses"),
        pytest.param(
            "A-Weg 3; B-Weg 25, 27", ["A-Weg 3", "B-Weg 25", "B-Weg 27"], id="two-streets"
        ),
        pytest.param("Am Katzenbruch; Kehr 12", ["Am Katzenbruch", "Kehr 12"], id="field-name-too"),
        pytest.param("Neuhof 13, 13 a", ["Neuhof 13", "Neuhof 13a"], id="letter-suffix"),
        pytest.param("Ring 12-16", ["Ring 12", "Ring 14", "Ring 16"], id="range-on-one-side"),
        pytest.param(
            "Ring 5 bis 8", ["Ring 5", "Ring 6", "Ring 7", "Ring 8"], id="range-both-sides"
        ),
        pytest.param("Ring 12 a–c", ["Ring 12a", "Ring 12b", "Ring 12c"], id="range-of-letters"),
        pytest.param("Ring 12/14 u. 16", ["Ring 12", "Ring 14", "Ring 16"], id="list-with-slash"),
        pytest.param("Ring 12 und 14", ["Ring 12", "Ring 14"], id="list-with-und"),
        pytest.param("Ring 12a-14c", ["Ring 12a", "Ring 14c"], id="range-with-suffixes"),
        pytest.param("Ring 112-14", ["Ring 112", "Ring 14"], id="falling-range-is-not-guessed"),
        pytest.param("Feld, Ortsteil Au; Au 6", ["Feld", "Au 6"], id="quarter-left-out"),
        pytest.param("Dorfstraße; K 63", ["Dorfstraße", "K 63"], id="street-and-road"),
    ],
)
def test_every_address_of_a_field_is_listed(text, expected):
    assert [address.text for address in list_addresses(text)] == expected


@pytest.mark.parametrize(
    "spelling",
    ["Konrad-Reuter-Straße", "KONRAD REUTER STR.", "Konrad-Reuterstr", "konradreuterstrasse"],
)
def test_spellings_of_a_street_are_equal(spelling):
    assert fold_street(spelling) == "konradreuterstrasse"


def test_different_houses_stay_different():
    texts = ["Ring 1", "Ring 11", "Ring 1a", "Ring 1 1/2", "Ring 1; Ring 2", "Ringstr. 1", "Ring"]
    keys = [tuple(address.key for address in list_addresses(text)) for text in texts]
    assert len(set(keys)) == len(texts)


def test_two_spellings_of_a_house_have_one_key():
    one, other = (
        list_addresses("Haupt-Str. 5, 5 A"),
        list_addresses("hauptstraße 05; Hauptstrasse 5a"),
    )
    assert [a.key for a in one] == [a.key for a in other] == ["hauptstrasse 5", "hauptstrasse 5a"]


def test_saint_is_one_word_in_two_spellings():
    assert fold_name("St.Tönis") == fold_name("Sankt Toenis") == fold_name("ST. TO\u0308NIS")


@given(st.text(max_size=40))
def test_any_text_is_survived(text):
    assert plain_text(plain_text(text)) == plain_text(text)
    assert all(address.street for address in list_addresses(text))


@pytest.mark.real
def test_all_of_essen_is_taken_apart_as_the_city_does(shared_data):
    """102,981 addresses; the city gives street, number and suffix beside the joined text."""
    [archive] = (shared_data / "essen-addresses").glob("hauskoordinaten*4647.zip")
    with zipfile.ZipFile(archive) as folder:
        [name] = [n for n in folder.namelist() if n.endswith(".geojson")]
        rows = [f["properties"] for f in json.loads(folder.read(name))["features"]]
    assert len(rows) == 102_981
    for row in rows:
        city = (row["strname"], row.get("hsnr", ""), row.get("hsnrzu", "").lower())
        assert split_address(row["adresse"]) == city


WORDS = [
    "Haupt",
    "Am",
    "Alte",
    "Straße",
    "str.",
    "Nr.",
    "Haus",
    "weg",
    "bis",
    "und",
    "u.",
    "OT",
    "B",
    "des",
    "17.",
    "Juni",
    "Sankt",
    "Nr",
    "No",
    "5a",
]


@given(
    st.lists(st.sampled_from(WORDS), max_size=4),
    st.sampled_from([" ", "-", "  ", ", "]),
    st.from_regex(r"0?[0-9]{0,5} ?[a-zA-Z]?", fullmatch=True),
)
def test_plain_addresses_are_read_like_any_other(words, gap, house):
    text = " ".join([gap.join(words), house])
    assert list_addresses(text) == _list_any(text)


def test_words_are_runs_of_letters_and_numbers_in_any_script():
    words = fold_words("Am_Weg 7b \u2013 \u010capek/\u0436\u00b7\u05d0")
    assert words == ["am", "weg", "7b", "capek", "\u0436", "\u05d0"]
