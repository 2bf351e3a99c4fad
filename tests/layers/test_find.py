"""The search: a small town whose parcels and streets can be kept in the head."""

from contextlib import closing

import numpy as np
import orjson
import pandas as pd
import pytest
import shapely
from typer.testing import CliRunner

from api.cli import app
from gis_core.keys import Confidence
from gis_core.store import Store
from layers.access import CITIZEN, Actor
from layers.errors import UnknownCollectionError
from layers.find import FindResult, find
from layers.find.book import AddressBook
from layers.find.words import SENTENCES
from layers.reader import open_reader
from layers.registry import find_layers
from layers.schema import table_schemas

KREFELD_12, KREFELD_13, HUELS_56 = "053049012", "053049013", "053244056"
PARCELS = {
    f"{KREFELD_12}001230004__": "Ostwall 3; Am Hang 7",
    f"{KREFELD_12}001230005__": "Ostwall 5, 5a",
    f"{KREFELD_12}00124______": "Ostwall 7-11",
    f"{KREFELD_12}00125______": "Ostwall",
    f"{KREFELD_12}00007______": "Konrad-Reuter-Straße 1",
    f"{KREFELD_13}00007______": "Hauptstraße 5",
    f"{HUELS_56}00007______": "Hauptstraße 5",
    f"{HUELS_56}00008______": "Hauptstraße 6; B 9",
    f"{HUELS_56}00009______": None,
}
ENDED = f"{KREFELD_12}00123______"


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("town") / "data"
    main, ended = table_schemas(find_layers().layer("alkis").collection("flurstueck"), 25832)
    ids = [f"DENW42AL1000{i:04}" for i in range(len(PARCELS))]
    columns = {
        "feature_id": ids,
        "oid": [f"{i}FL" for i in ids],
        "idflurst": ids,
        "flstkennz": list(PARCELS),
        "lagebeztxt": list(PARCELS.values()),
    }
    squares = shapely.box(np.arange(len(ids)), 0, np.arange(len(ids)) + 1, 1)
    with Store.open(folder, create=True) as store, store.stage("alkis") as writer:
        writer.table(main).append(pd.DataFrame(columns), squares.astype(object))
        former = pd.DataFrame(
            {"feature_id": ["old"], "flstkennz": [ENDED], "endet": ["2019-05-07"]}
        )
        writer.table(ended).append(former, np.array([None], dtype=object))
        writer.publish({}, None)
    return folder


@pytest.fixture(scope="module")
def town(data_dir):
    with closing(open_reader(data_dir)) as reader:
        yield reader


def found(town, text, **options):
    result = find(town, CITIZEN, text, **options)
    return [(hit.kind, hit.parcel_key, hit.confidence) for hit in result.hits]


FIRST = f"{KREFELD_12}001230004__"


@pytest.mark.parametrize(
    ("text", "key", "confidence"),
    [
        pytest.param(FIRST, FIRST, Confidence.EXACT, id="canonical"),
        pytest.param("3049-12-123/4", FIRST, Confidence.NORMALISED, id="short"),
        pytest.param("Gem. Krefeld Fl. 12 Flst. 123/4", FIRST, Confidence.TEXT, id="words"),
        pytest.param("DENW42AL10000000", FIRST, Confidence.EXACT, id="object-id"),
        pytest.param("urn:adv:oid:DENW42AL10000000", FIRST, Confidence.EXACT, id="urn"),
        pytest.param("DENW42AL10000000FL", FIRST, Confidence.EXACT, id="object-id-with-FL"),
        pytest.param("Krefeld 123/4", FIRST, Confidence.GUESSED, id="only-one-fits-no-section"),
    ],
)
def test_a_parcel_is_found_by_its_key(town, text, key, confidence):
    assert found(town, text) == [("parcel", key, confidence)]


def test_what_was_let_pass_is_said(town):
    result = find(town, CITIZEN, "3049-12-123-4")
    assert [hit.parcel_key for hit in result.hits] == [FIRST]
    assert (result.problem, "ohne Schrägstrich" in result.explanation) == ("", True)


def test_a_hit_says_what_it_is(town):
    [hit] = find(town, CITIZEN, "3049-12-123/4", lang="en").hits
    assert hit.label == "District Krefeld, section 12, parcel 123/4"
    assert hit.address == "Ostwall 3; Am Hang 7"


@pytest.mark.parametrize(
    ("text", "problem", "said", "candidates"),
    [
        pytest.param("3049-12-999", "parcel-unknown", "Flurstück 999 gibt es", [], id="unknown"),
        pytest.param(
            "3049-12-123",
            "parcel-ended",
            "ist am 07.05.2019 untergegangen",
            [f"{KREFELD_12}001230004__", f"{KREFELD_12}001230005__"],
            id="ended-successors-are-named",
        ),
        pytest.param(
            "053049___00007______",
            "missing-section",
            "2 Flurstücke passen",
            [f"{KREFELD_12}00007______", f"{KREFELD_13}00007______"],
            id="several-sections-fit",
        ),
        pytest.param(
            "3O49-12-123/4", "letter-for-digit", "O statt 0", [FIRST], id="letter-for-digit"
        ),
        pytest.param("Verberg, Flur 3, 12", "unknown-section", "keine Flur 3", [], id="section"),
        pytest.param("Kempen 3 9", "outside-municipality", "nicht in Krefeld", 1, id="outside"),
        pytest.param("DENW42AL1000zzzz", "object-unknown", "DENW42AL1000zzzz", [], id="no-object"),
        pytest.param("Ostwal", "", "", [], id="a-beginning-is-enough"),
        pytest.param("Ostwald 3", "street-similar", "Ostwall?", [], id="misspelt-street"),
        pytest.param("Nirgendwo 3", "nothing-known", "Nirgendwo 3", [], id="nothing"),
        pytest.param("", "empty", "kein Flurstück", [], id="empty"),
    ],
)
def test_what_is_not_found_is_explained(town, text, problem, said, candidates):
    result = find(town, CITIZEN, text)
    assert result.problem == problem
    assert said in result.explanation
    if candidates == 1:
        assert len(result.candidates) == 1
    else:
        assert list(result.candidates) == candidates
    assert bool(result.hits) == (problem == "")


@pytest.mark.parametrize(
    ("text", "keys", "confidence"),
    [
        pytest.param("Ostwall 3", [FIRST], Confidence.EXACT, id="as-stored"),
        pytest.param("ostwall 003", [FIRST], Confidence.NORMALISED, id="padding"),
        pytest.param("Ostwall 3, 47798 Krefeld", [FIRST], Confidence.NORMALISED, id="town"),
        pytest.param("Krefeld Ostwall 3", [FIRST], Confidence.NORMALISED, id="town-in-front"),
        pytest.param(
            "Ostwall 5 A", [f"{KREFELD_12}001230005__"], Confidence.NORMALISED, id="suffix"
        ),
        pytest.param(
            "Ostwall 9", [f"{KREFELD_12}00124______"], Confidence.EXACT, id="within-a-range"
        ),
        pytest.param(
            "KONRAD REUTER STR.1",
            [f"{KREFELD_12}00007______"],
            Confidence.NORMALISED,
            id="abbreviated-street-missing-blank",
        ),
        pytest.param(
            "Hauptstr. 5, Hüls", [f"{HUELS_56}00007______"], Confidence.NORMALISED, id="district"
        ),
        pytest.param(
            "Krefeld-Hüls Hauptstr. 5",
            [f"{HUELS_56}00007______"],
            Confidence.NORMALISED,
            id="district-in-front",
        ),
        pytest.param(
            "Konrad-R 1",
            [f"{KREFELD_12}00007______"],
            Confidence.GUESSED,
            id="beginning-and-number",
        ),
        pytest.param("B 9", [f"{HUELS_56}00008______"], Confidence.EXACT, id="federal-road"),
    ],
)
def test_a_parcel_is_found_by_its_address(town, text, keys, confidence):
    assert found(town, text) == [("address", key, confidence) for key in keys]


def test_a_street_in_two_districts_is_shown_twice_and_said(town):
    result = find(town, CITIZEN, "Hauptstraße 5")
    assert [h.parcel_key for h in result.hits] == [
        f"{KREFELD_13}00007______",
        f"{HUELS_56}00007______",
    ]
    assert "mehreren Gemarkungen: Hüls; Krefeld" in result.explanation


def test_an_unknown_house_number_shows_the_nearest_as_guesses(town):
    result = find(town, CITIZEN, "Ostwall 6a", limit=2, lang="en")
    assert result.problem == "house-unknown"
    assert "number 6a is not known, the nearest are 5; 5a; 7;" in result.explanation
    assert {hit.confidence for hit in result.hits} == {Confidence.GUESSED}
    assert len(result.hits) == 2


def test_a_street_lists_its_parcels_by_house_number_each_once(town):
    result = find(town, CITIZEN, "Ostwall")
    assert [hit.address for hit in result.hits] == [
        "Ostwall",
        "Ostwall 3",
        "Ostwall 5",
        "Ostwall 7",
    ]
    few = find(town, CITIZEN, "Ostwall", limit=2)
    assert len(few.hits) == 2
    assert "4 Treffer" in few.explanation


ESTATES = """
id = "estates"
title = { de = "Güter", en = "Estates" }
steward = "Gutshof"
licence = "none"

[[collection]]
id = "estate"
title = { de = "Güter", en = "Estates" }
geometry = "polygon"
access = "public"
identity = ["plot"]
relation = { by = "self", key = "plot", address = "lies_at" }
field = [
  { name = "plot", access = "public", type = "parcel_key", title = { de = "Nr.", en = "No." } },
  { name = "lies_at", access = "internal", title = { de = "Lage", en = "Address" } },
]
"""
SURVEYOR = """
[roles.surveyor]
title = { de = "Vermessung", en = "Surveyor" }
reads = { "*" = ["public", "internal"] }
"""


def test_addresses_are_searched_only_by_those_who_may_read_them(tmp_path):
    (tmp_path / "own" / "estates").mkdir(parents=True)
    (tmp_path / "own" / "estates" / "layer.toml").write_text(ESTATES, "utf-8")
    (tmp_path / "own" / "roles.toml").write_text(SURVEYOR, "utf-8")
    spec = find_layers([tmp_path / "own"]).layer("estates").collection("estate")
    rows = {"feature_id": ["e"], "plot": [FIRST], "lies_at": ["Ostwall 3"]}
    with Store.open(tmp_path / "data", create=True) as store, store.stage("estates") as writer:
        square = np.array([shapely.box(0, 0, 1, 1)], dtype=object)
        writer.table(table_schemas(spec, 25832)[0]).append(pd.DataFrame(rows), square)
        writer.publish({}, None)
    with closing(open_reader(tmp_path / "data", layer_dirs=[tmp_path / "own"])) as reader:
        surveyor, citizen = (find(reader, a, "Ostwall 3") for a in (Actor("surveyor"), CITIZEN))
        assert [hit.parcel_key for hit in surveyor.hits] == [FIRST]
        assert citizen == FindResult((), citizen.explanation, (), "nothing-known")
        [hit] = find(reader, CITIZEN, "3049-12-123/4").hits
        assert hit.address == ""


def test_without_parcels_the_search_says_so(tmp_path):
    Store.open(tmp_path / "empty", create=True).close()
    with (
        closing(open_reader(tmp_path / "empty")) as reader,
        pytest.raises(UnknownCollectionError, match="no parcels"),
    ):
        find(reader, CITIZEN, "Ostwall 3")


def test_all_sentences_are_there_in_both_languages():
    assert all(set(sentence) == {"de", "en"} for sentence in SENTENCES.values())


def test_the_book_finds_whatever_the_fold_of_a_street_finds():
    streets = ["St.-Anton-Straße", "Sankt-Anton-Str.", "Rathauspl.", "Café-Weg", "Ñandú-Gasse"]
    book = AddressBook.of([str(i) for i in range(5)], [f"{s} {i}" for i, s in enumerate(streets)])
    for entry in (e for street in ["", "s", "r", "c", "n"] for e in book.on_street(street)):
        assert list(book.on_street(entry.street))
    assert {e.parcel_key for e in book.on_street("stantonstrasse")} == {"0", "1"}
    assert [e.parcel_key for e in book.on_street("rathausplatz")] == ["2"]
    assert [e.parcel_key for e in book.on_street("cafeweg")] == ["3"]


# --- the command ------------------------------------------------------------------------


def run(data_dir, *arguments):
    return CliRunner().invoke(app, ["--data", str(data_dir), "find", *arguments])


def test_the_command_prints_key_label_and_address(data_dir):
    result = run(data_dir, "ostwall 3")
    assert result.exit_code == 0
    assert FIRST in result.stdout
    assert "Gemarkung Krefeld, Flur 12, Flurstück 123/4" in result.stdout


def test_the_command_as_json(data_dir):
    result = run(data_dir, "3049-12-123/4", "--json")
    document = orjson.loads(result.stdout)
    assert [hit["parcel_key"] for hit in document["hits"]] == [FIRST]
    assert document["problem"] == ""


def test_the_command_explains_and_fails_when_nothing_is_found(data_dir):
    result = run(data_dir, "Verberg, Flur 3, 12")
    assert result.exit_code == 1
    assert "keine Flur 3" in result.stderr
    assert result.stdout == ""
