"""Amending: a changed copy of the former generation is what writing it anew would have been."""

import sqlite3
import stat
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gis_core.errors import StoreError
from gis_core.store import Column, ColumnType, Query, Store, TableSchema, touched
from gis_core.store.differences import differences

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
PLOTS = TableSchema(
    "plot",
    (Column("use"), Column("key", ColumnType.PARCEL_KEY), Column("owner", sealed=True)),
    "polygon",
    25832,
)
SECRET = TableSchema("secret", (Column("text"),), sealed_rows=True)
LINKS = TableSchema(
    "link", (Column("feature_id"), Column("parcel")), keyed=False, indexed=("feature_id",)
)


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "data", create=True, clock=lambda: NOON) as opened:
        yield opened


def plots(ids, stamp=""):
    """Return a square for each id, whose place follows from the id; every fifth has none."""
    frame = pd.DataFrame(
        {
            "feature_id": [f"P{i}" for i in ids],
            "use": [f"use {i}{stamp}" for i in ids],
            "key": [f"05304900100{i:05d}____" for i in ids],
            "owner": [f"owner {i}{stamp}" if i % 3 else None for i in ids],
        }
    )
    shapes = [None if i % 5 == 4 else square(i, stamp) for i in ids]
    return frame, np.array(shapes, dtype=object)


def square(i, stamp=""):
    x, y = 330_000 + 37.3 * (i % 10) + len(stamp), 5_690_000.1 + 41.7 * (i // 10)
    return shapely.box(x, y, x + 20, y + 30)


def begin(store, ids):
    with store.stage("land") as writer:
        frame, shapes = plots(ids)
        writer.table(PLOTS).append(frame, shapes)
        writer.table(SECRET).append(pd.DataFrame({"feature_id": ["s"], "text": ["x"]}))
        links = pd.DataFrame({"feature_id": ["a", "a", "b"], "parcel": ["1", "2", "1"]})
        writer.table(LINKS).append(links)
        return writer.publish({}, None)


def content(store, name="plot"):
    frame = store.snapshot("land").frame(name)
    if isinstance(frame, gpd.GeoDataFrame):
        wkb = shapely.to_wkb(frame.geometry.array, hex=True)
        frame = pd.DataFrame(frame.drop(columns="geometry")).assign(wkb=wkb)
    return frame.sort_index() if frame.index.name else frame


steps = st.lists(
    st.tuples(
        st.lists(st.integers(0, 60), max_size=12, unique=True),
        st.lists(st.integers(0, 60), max_size=12, unique=True),
    ),
    min_size=1,
    max_size=4,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(first=st.sets(st.integers(0, 60)), steps=steps)
def test_it_is_what_writing_anew_would_have_been(tmp_path_factory, first, steps):
    """Whatever is taken out and put in: content, box, count, searches are those of a new file."""
    with Store.open(tmp_path_factory.mktemp("amend"), create=True) as store:
        begin(store, sorted(first))
        there = dict.fromkeys(sorted(first), "")
        for number, (gone, come) in enumerate(steps):
            stamp = f"+{number}"
            with store.amend("land") as writer:
                table = writer.amend("plot")
                taken = table.delete([f"P{i}" for i in {*gone, *come}])
                assert taken == len(there.keys() & {*gone, *come})
                table.append(*plots(come, stamp))
                writer.publish({}, None)
            for i in gone:
                there.pop(i, None)
            there |= dict.fromkeys(come, stamp)
        amended, table = content(store), store.snapshot("land").table("plot")
        with store.stage("land") as writer:
            again = writer.table(PLOTS)
            for stamp in sorted(set(there.values())):
                again.append(*plots([i for i in there if there[i] == stamp], stamp))
            writer.publish({}, None)
        pd.testing.assert_frame_equal(amended, content(store))
        assert table == store.snapshot("land").table("plot")
        former = store.generations("land")[-2].number
        for i in there:
            box = square(i).bounds
            found = [
                set(store.snapshot("land", number).frame("plot", Query(bbox=box)).index)
                for number in (former, None)
            ]
            assert found[0] == found[1]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=steps, whole=st.integers(-4, 3), most=st.sampled_from([10, 20_000]))
def test_differences_that_are_known_are_those_that_are_found(
    tmp_path_factory, monkeypatch, steps, whole, most
):
    """Between any two generations of a chain, some rows rewritten as they were, one replaced."""
    monkeypatch.setattr(touched, "MOST", most)
    with Store.open(tmp_path_factory.mktemp("amend"), create=True) as store:
        chain = [begin(store, range(0, 60, 2))]
        there = dict.fromkeys(range(0, 60, 2), "")
        for number, (gone, come) in enumerate(steps):
            with store.amend("land", keep=9) as writer:
                if number == whole:
                    writer.table(PLOTS).append(*plots(come, "whole"))
                    there = {}
                else:
                    table = writer.amend("plot")
                    table.delete([f"P{i}" for i in gone])
                    table.delete([f"05304900100{i:05d}____" for i in come], by="key")
                    again = [i for i in gone[:3] if i not in come and i in there]
                    for i in again:
                        table.append(*plots([i], there[i]))
                    table.append(*plots(come, f"+{number}"))
                    there = {i: t for i, t in there.items() if i not in gone or i in again}
                there |= dict.fromkeys(come, "whole" if number == whole else f"+{number}")
                chain.append(writer.publish({}, None))
        pairs = list(product(chain, chain))
        known = [[differences(*pair, "plot", c) for c in (["use", "owner"], [])] for pair in pairs]
        if whole < 0 and most > 10:
            table = chain[-1].table("plot")
            assert all(touched.touched_since(info, chain[-1], table) for info in chain[:-1])
        for info in chain:
            (info.path / touched.TOUCHED_FILE).unlink(missing_ok=True)
        found = [[differences(*pair, "plot", c) for c in (["use", "owner"], [])] for pair in pairs]
        assert known == found


def test_what_was_touched_is_known_of_tables_that_stay_and_only_to_the_owner(store):
    before = begin(store, range(40))
    for i in (7, 8):
        with store.amend("land") as writer:
            writer.amend("plot").delete([f"P{i}"])
            info = writer.publish({}, None)
    found = touched.read_steps(info.path)
    assert found[True, "secret"] == ((1, ()), (2, ()))
    assert found[False, "plot"] == ((1, ("P7",)), (2, ("P8",)))
    assert (False, "link") not in found  # its rows have no identity
    file = info.path / touched.TOUCHED_FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert differences(before, info, "plot", ["use"]).gone == ("P7", "P8")
    file.write_text("[")
    assert differences(before, info, "plot", ["use"]).gone == ("P7", "P8")


def test_other_tables_stay_and_the_former_generation_never_changes(store):
    former = begin(store, range(40))
    before = {p.name: p.read_bytes() for p in former.path.iterdir()}
    with store.amend("land") as writer:
        assert writer.former == former
        writer.amend("plot").delete(["P3"])
        info = writer.publish({"why": "test"}, None)
    assert {p.name: p.read_bytes() for p in former.path.iterdir()} == before
    assert info.number == former.number + 1
    assert len(content(store)) == 39
    assert content(store, "secret")["text"].tolist() == ["x"]
    assert len(content(store, "link")) == 3
    assert stat.S_IMODE((info.path / "sealed.sqlite").stat().st_mode) == 0o600
    assert b"owner 3" not in (info.path / "open.gpkg").read_bytes()


def test_a_row_that_comes_back_keeps_its_place(store):
    begin(store, range(40))
    order = store.snapshot("land").frame("plot").index.tolist()
    with store.amend("land") as writer:
        table = writer.amend("plot")
        table.delete(["P7", "P8"])
        table.append(*plots([8, 7, 99], "new"))
        writer.publish({}, None)
    assert store.snapshot("land").frame("plot").index.tolist() == [*order, "P99"]


def test_links_are_taken_out_by_any_open_column(store):
    begin(store, [1])
    with store.amend("land") as writer:
        links = writer.amend("link")
        assert links.delete(["a"], by="feature_id") == 2
        links.append(pd.DataFrame({"feature_id": ["a"], "parcel": ["9"]}))
        with pytest.raises(StoreError, match="no column 'owner'"):
            writer.amend("plot").delete(["x"], by="owner")
        writer.publish({}, None)
    rows = content(store, "link")[["feature_id", "parcel"]].to_numpy().tolist()
    assert sorted(rows) == [["a", "9"], ["b", "1"]]


def test_rows_in_order_are_written_as_others_are(store):
    """The same table, its sealed part included, whether its rows waited to be sorted or not."""
    columns = (Column("a"), Column("b"), Column("key", ColumnType.PARCEL_KEY))
    schema = TableSchema(
        "pair", (*columns, Column("tax", "integer", sealed=True)), keyed=False, order=("a", "b")
    )
    hidden = replace(schema, name="hidden", sealed_rows=True)
    names = sorted(["", "a", "Z", "ä", "ÿ", "\ue000", "\U00010000", "a b"])
    frame = pd.DataFrame([(a, b) for a in names for b in names], columns=["a", "b"])
    frame["key"] = frame["a"] + frame["b"]
    frame["tax"] = [i if i % 3 else None for i in range(len(frame))]
    frame["tax"] = frame["tax"].astype("Int64")
    with store.stage("land") as writer:
        for table in (schema, hidden):
            writer.table(replace(table, name=f"{table.name}_staged")).append(frame[::-1])
            ordered = writer.table(table, in_order=True)
            for chunk in (frame[:0], frame[:7], frame[7:]):
                ordered.append(chunk)
        info = writer.publish({}, None)
    for name in ("pair", "hidden"):
        rows = content(store, name)
        pd.testing.assert_frame_equal(rows, content(store, f"{name}_staged"))
        assert len(rows) == info.table(name).count == 64
        query = Query(equals={"key": "ää"})
        assert len(store.snapshot("land").frame(name, query)) == 1
    with closing(sqlite3.connect(info.path / "open.gpkg")) as db:
        assert db.execute("SELECT name FROM pragma_table_info('pair')").fetchall()[-1] == ("key",)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with closing(sqlite3.connect(info.path / "sealed.sqlite")) as db:
        assert db.execute("SELECT count(*) FROM pair").fetchone() == (42,)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_rows_that_do_not_come_in_order_are_refused(store, monkeypatch):
    monkeypatch.setattr("gis_core.store.tables._AT_ONCE", 1)  # each row in a part of its own
    pair = replace(LINKS, name="pair", order=("feature_id", "parcel"))
    before = begin(store, [1])
    wrong = [[("b", "1"), ("a", "1")], [("a", "1"), ("a", "1")], [("a", None)], [(None, "1")]]
    for rows in wrong:
        with store.amend("land") as writer:
            table = writer.table(pair, in_order=True)
            table.append(pd.DataFrame([("a", "1")], columns=["feature_id", "parcel"]))
            with pytest.raises(StoreError, match="in order of feature_id, parcel"):
                table.append(pd.DataFrame(rows, columns=["feature_id", "parcel"], dtype=object))
            with pytest.raises(StoreError, match="'owner' was not declared"):
                table.append(pd.DataFrame({"owner": ["x"]}))
    with store.stage("land") as writer, pytest.raises(StoreError, match="ordered by columns"):
        writer.table(PLOTS, in_order=True)
    assert store.served()["land"] == before
    with store.amend("land") as writer:
        rows = pd.DataFrame({"feature_id": ["a", "b"], "parcel": ["7", "8"]})
        writer.table(replace(LINKS, order=("feature_id",)), in_order=True).append(rows)
        writer.table(pair, in_order=True).append(rows)
        writer.publish({}, None)
    for name in ("link", "pair"):
        assert content(store, name)["parcel"].tolist() == ["7", "8"]


def test_tables_come_anew_and_whole(store):
    begin(store, range(20))
    other = TableSchema("more", (Column("text"),), "point", 25832)
    with store.amend("land") as writer:
        writer.table(PLOTS).append(*plots([70], "new"))
        point = np.array([shapely.Point(330_000, 5_690_000)], dtype=object)
        writer.table(other).append(pd.DataFrame({"feature_id": ["m"], "text": ["t"]}), point)
        with pytest.raises(StoreError, match="replaced as a whole"):
            writer.amend("plot")
        writer.amend("secret")
        with pytest.raises(StoreError, match="being amended"):
            writer.table(SECRET)
        info = writer.publish({}, None)
    assert content(store).index.tolist() == ["P70"]
    assert [t.schema.name for t in info.tables] == ["link", "more", "plot", "secret"]
    file = info.path / "open.gpkg"
    assert {name for name, _ in pyogrio.list_layers(file)} == {"link", "more", "plot"}


def test_other_programs_open_it_and_can_go_on_editing(store):
    begin(store, range(30))
    with store.amend("land") as writer:
        table = writer.amend("plot")
        table.delete(["P0", "P29"])
        table.append(*plots([55]))
        info = writer.publish({}, None)
    file = info.path / "open.gpkg"
    assert len(gpd.read_file(file, layer="plot")) == 29
    box = square(55).bounds
    assert len(gpd.read_file(file, layer="plot", bbox=box)) == 1
    facts = pyogrio.read_info(file, layer="plot", force_total_bounds=True)
    assert tuple(facts["total_bounds"]) == store.snapshot("land").table("plot").bounds
    with closing(sqlite3.connect(file)) as db:
        verdict = db.execute("SELECT rtreecheck('rtree_plot_geometry')").fetchone()[0]
        triggers = db.execute("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'")
        assert verdict == "ok"
        assert triggers.fetchone()[0] == 6


def test_an_id_that_is_there_already_is_refused_and_nothing_changes(store):
    former = begin(store, range(5))
    with pytest.raises(StoreError, match="given twice"), store.amend("land") as writer:
        writer.amend("plot").append(*plots([3]))
    with store.amend("land") as writer:
        writer.amend("plot").delete(["P1"])  # and nobody publishes it
    assert store.served()["land"] == former
    assert [p.name for p in former.path.parent.iterdir() if p.is_dir()] == ["1"]


def test_nothing_to_amend_says_what_to_do(store):
    with pytest.raises(StoreError, match="nothing is stored") as caught, store.amend("land"):
        pass
    assert "flurbuch ingest land" in caught.value.advice
    begin(store, [1])
    with store.amend("land") as writer, pytest.raises(StoreError, match="no table 'other'"):
        writer.amend("other")
    with store.stage("land"):  # the lock was given back
        pass
