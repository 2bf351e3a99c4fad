"""What no field takes is neither lost nor shown to those who may not read the unknown."""

import json
import sqlite3
from contextlib import closing

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.access import CITIZEN, Actor, unmapped_access
from layers.errors import AccessError, UnknownCollectionError
from layers.ingest.unmapped import CUT, LIMIT, is_cut, unmapped_texts
from layers.reader import open_reader
from layers.registry import find_layers
from layers.source import SourceTable
from layers.spec import Access
from tests.layers.registers import GARDEN, TREES, City, balance, box, codes, parcels
from tests.layers.test_nas import extract, parcel

INSPECTOR = Actor("tree_inspector", "Az. 12/345", "n. n.")


@pytest.fixture
def city(tmp_path):
    return City(tmp_path)


@pytest.fixture
def reader(city):
    opened = []

    def at():
        opened.append(open_reader(city.data))
        return opened[0]

    yield at
    for one in opened:
        one.close()


def test_columns_without_a_field_are_kept_with_their_rows(city, reader):
    city.trees()
    kept = reader().unmapped(INSPECTOR, "baum")
    assert kept.to_dict() == {"1": '{"Farbe":"grün"}'}  # the others say nothing there
    assert reader().unmapped(INSPECTOR, "baum", ["2"]).empty
    assert "Farbe" not in reader().frame(INSPECTOR, "baum").columns


def test_elements_of_an_object_that_nobody_knows_are_kept(city, reader):
    rest = (
        "<zeitpunktDerEntstehung>1999</zeitpunktDerEntstehung>"
        "<sonder><XX_Sonder><a>7</a><a>8</a></XX_Sonder></sonder>"
    )
    city.ingest("alkis", city.write("auszug.xml", extract(parcel(key=GARDEN, rest=rest))))
    kept = reader().unmapped(Actor("cadastre_clerk", "Az. 1"), "flurstueck")
    (bag,) = map(json.loads, kept)
    assert bag["zeitpunktDerEntstehung"] == "1999"  # known to the reader, of no use to the layer
    assert bag["sonder.a"] == ["7", "8"]  # unknown altogether
    assert not {"flurstueckskennzeichen", "gml_id", "amtlicheFlaeche"} & set(bag)


def test_lists_and_figures_of_a_spatial_file_keep_their_form(city, reader):
    more = {"tags": ["a", "b"], "sizes": [1, 2], "height": 2.5, "n": 7, "void": None}
    file = city.write("p.geojson", parcels(("a", GARDEN, box(0, 0, 9, 9), more)))
    city.ingest("alkis", file)
    (bag,) = map(json.loads, reader().unmapped(Actor("cadastre_clerk", "Az. 1"), "flurstueck"))
    assert bag == {"tags": ["a", "b"], "sizes": [1, 2], "height": 2.5, "n": 7}


def test_the_unknown_is_for_those_who_read_personal_data_and_say_why(city, reader):
    city.trees()
    for actor in (CITIZEN, Actor("planner", "why"), Actor("tree_inspector")):
        with pytest.raises(AccessError, match="personal"):
            reader().unmapped(actor, "baum")
    with pytest.raises(UnknownCollectionError):
        reader().unmapped(Actor("auditor", "why"), "baum")


def test_every_look_at_it_is_logged(city, reader):
    city.trees()
    reader().unmapped(INSPECTOR, "baum", ["1", "2"])
    (entry,) = [row.entry for row in reader()._audit._file.rows()]
    assert (entry["action"], entry["classes"], entry["ids"]) == ("unmapped", ["personal"], ["1"])


def test_it_is_sealed_and_absent_where_there_is_nothing(city, reader):
    city.trees()
    (generation,) = (city.data / "layers/trees").glob("[0-9]*")
    assert b"gr\xc3\xbcn" not in (generation / "open.gpkg").read_bytes()
    with closing(sqlite3.connect(generation / "sealed.sqlite")) as db:
        assert db.execute("SELECT feature_id, unmapped FROM baum_unmapped").fetchall() == [
            ("1", '{"Farbe":"grün"}')
        ]
    city.trees(TREES.replace(";Farbe", "").replace(";grün", "").replace(";;", ";"))
    with closing(sqlite3.connect(generation.with_name("2") / "sealed.sqlite")) as db:
        assert not db.execute("SELECT 1 FROM sqlite_master WHERE name LIKE '%unmapped'").fetchall()
    assert reader().unmapped(INSPECTOR, "baum").empty


def test_what_is_too_long_is_cut_and_the_row_is_told(city, reader):
    report = city.trees(TREES.replace("grün", "ü" * 3000))
    assert balance(report) == (3, 3, 0, 0)
    assert codes(report) == {("unmapped-cut", "noted"): 1}
    assert reader().unmapped(INSPECTOR, "baum").to_dict() == {"1": f'{{"{CUT}":1}}'}


def test_the_unknown_is_as_secret_as_the_most_secret_field():
    of = {spec.id: unmapped_access(spec) for _, spec in find_layers().collections()}
    assert of["grundsteuer"] is of["gewerbesteuer"] is Access.TAX_SECRET
    assert set(of.values()) == {Access.PERSONAL, Access.TAX_SECRET}


VALUES = st.one_of(
    st.none(),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=600),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=True, allow_infinity=False),
    st.lists(st.sampled_from(["a", "ä" * 500])),
)


@given(st.lists(st.lists(VALUES, min_size=9, max_size=9), min_size=1, max_size=4))
def test_whatever_the_values_a_row_is_json_within_its_limit(rows):
    names = [f"column {i}" for i in range(9)]
    frame = pd.DataFrame(
        dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)), dtype=object
    )
    table = SourceTable("a.csv", "a", np.arange(len(rows)), frame)
    for row, text in zip(rows, unmapped_texts(table, names), strict=True):
        said = {n: v for n, v in zip(names, row, strict=True) if v not in (None, "", []) and v == v}
        if text is None:
            assert not said
            continue
        assert len(text.encode()) <= LIMIT
        found = json.loads(text)
        left_out = found.pop(CUT, 0)
        assert is_cut(text) == bool(left_out)
        assert len(said) == len(found) + left_out
        assert all(said[name] == value for name, value in found.items())
