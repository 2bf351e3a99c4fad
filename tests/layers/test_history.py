"""What became of parcels: three deliveries of a small street, and what everybody is told of it."""

import json
from contextlib import closing
from datetime import date
from pathlib import Path

import httpx
import jsonschema
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from typer.testing import CliRunner

import layers.dossier
from api.cli import app
from gis_core.store import HISTORY, MERGE, Store
from gis_core.store.catalogue import Catalogue
from layers.access import CITIZEN, Actor
from layers.dossier import build_dossier
from layers.errors import AccessError, EndedParcelError, UnknownParcelError
from layers.find import find
from layers.history import update_history
from layers.history.former_fabric import merge_as_of
from layers.history.work_items import work_items
from layers.merging import merge
from layers.municipality import load_municipality
from layers.query import Query
from layers.reader import open_reader
from layers.registry import find_layers
from layers.schema import table_schemas
from tests.demo import serving

X, Y = 324_000, 5_690_000
CLERK = Actor("property_tax_clerk", "Fortschreibung", "n. n.")
CANARY = "4711000815"
SCHEMA = json.loads(
    Path(layers.dossier.__file__).with_name("dossier.schema.json").read_text(encoding="utf-8")
)
REGISTRY, TOWN = find_layers(), load_municipality("krefeld")


def key(number, part=None):
    return f"053049012{number:05d}{'____' if part is None else f'{part:04d}'}__"


def plot(x0, x1):
    return shapely.box(X + x0, Y, X + x1, Y + 20)


ONE, ONE_A, ONE_B, TWO, THREE, FOUR = key(1), key(1, 1), key(1, 2), key(2), key(3), key(4)
STREET = {ONE: plot(0, 20), TWO: plot(20, 40), THREE: plot(40, 60)}
SPLIT = {ONE_A: plot(0, 5), ONE_B: plot(5, 20), TWO: plot(20, 40), THREE: plot(40, 60)}
MERGED = {ONE_A: plot(0, 5), FOUR: plot(5, 40), THREE: plot(40, 60)}
DELIVERIES = [(date(2020, 1, 1), STREET), (date(2021, 1, 1), SPLIT), (date(2022, 1, 1), MERGED)]


def deliver(store, day, parcels, *, begins=None, former=(), names=None):
    """Import parcels: {key: shape}; ``former`` are (key, shape, begins, ends) of ended ones."""
    spec = REGISTRY.layer("alkis").collection("flurstueck")
    main, ended = table_schemas(spec, 25832)
    rows = pd.DataFrame(
        {
            "feature_id": [f"id-{(names or {}).get(k, k)}" for k in parcels],
            "oid": [f"id-{(names or {}).get(k, k)}" for k in parcels],
            "flstkennz": list(parcels),
            "flaeche": [shape.area for shape in parcels.values()],
            "lagebeztxt": [f"Ostwall {k[9:14].lstrip('0')}" for k in parcels],
            "beginnt": pd.to_datetime([(begins or {}).get(k) for k in parcels]),
        }
    )
    with store.stage("alkis") as writer:
        writer.table(main).append(rows, np.array(list(parcels.values()), object))
        past = writer.table(ended)
        for k, shape, since, until, *after in former:
            row = {"feature_id": [f"{k}-{until}"], "flstkennz": [k]}
            row["nachfolger"] = [" ".join(after[0]) if after else None]
            row |= {"beginnt": pd.to_datetime([since]), "endet": pd.to_datetime([until])}
            past.append(pd.DataFrame(row), np.array([shape], object))
        writer.publish({}, day)
    return update_history(store, REGISTRY, TOWN)


def add(store, layer, collection, columns, shapes=None):
    schema = table_schemas(REGISTRY.layer(layer).collection(collection), 25832)[0]
    with store.stage(layer) as writer:
        geometry = None if shapes is None else np.array(shapes, object)
        writer.table(schema).append(pd.DataFrame(columns), geometry)
        writer.publish({}, date(2021, 6, 1))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Return a data directory with three deliveries, trees and tax objects, merged."""
    folder = tmp_path_factory.mktemp("street") / "data"
    with Store.open(folder, create=True) as store:
        for day, parcels in DELIVERIES:
            deliver(store, day, parcels)
        trees = {"feature_id": ["t1", "t2"], "tree_number": ["1", "2"]}
        add(store, "trees", "baum", trees, shapely.points([[X + 3, Y + 5], [X + 30, Y + 5]]))
        stated = [ONE, f"{TWO} {THREE}", THREE]
        tax = {
            "feature_id": [CANARY, "b", "c"],
            "tax_file_number": [CANARY, "b", "c"],
            "parcel_key": stated,
            "parcel_key_as_filed": stated,
            "parcel_key_confidence": ["exact", "exact exact", "exact"],
        }
        add(store, "property_tax", "grundsteuer", tax)
        merge(store, REGISTRY, TOWN)
    return folder


@pytest.fixture(scope="module")
def reader(data):
    with closing(open_reader(data)) as opened:
        yield opened


@pytest.fixture(scope="module")
def web(data):
    with serving(data) as url, httpx.Client(base_url=url) as client:
        yield client


def parcels_on(reader, day):
    return reader.history(CITIZEN).frame(Query(), day)["flstkennz"].tolist()


def test_a_key_that_ended_through_three_deliveries_finds_todays_parcels(reader):
    fate = reader.history(CITIZEN).fate(ONE)
    assert fate.ended_on == date(2021, 1, 1)
    assert (fate.event.kind, fate.event.new_keys) == ("split", (ONE_A, ONE_B))
    assert [(s.parcel_key, s.share) for s in fate.successors] == [(FOUR, 0.75), (ONE_A, 0.25)]
    assert not fate.event.stated
    between = reader.history(CITIZEN).fate(ONE_B)
    assert (between.event.kind, between.event.old_keys) == ("merge", (ONE_B, TWO))
    assert between.successor_keys == (FOUR,)


def test_what_did_not_end_has_no_fate_and_what_never_was_neither(reader):
    history = reader.history(CITIZEN)
    assert history.fate(THREE) is history.fate(key(99)) is None
    assert history.events(THREE) == ()


@pytest.mark.parametrize(
    ("day", "keys"),
    [
        (date(2020, 12, 31), sorted(STREET)),
        (date(2021, 1, 1), sorted(SPLIT)),
        (date(2021, 12, 31), sorted(SPLIT)),
        (date(2022, 1, 1), sorted(MERGED)),
        (date(1999, 1, 1), sorted(STREET)),
    ],
    ids=["before", "the-day-of-a-change-has-the-new", "between", "after", "before-the-record"],
)
def test_the_parcels_of_a_day(reader, day, keys):
    assert parcels_on(reader, day) == keys


def test_a_box_finds_what_was_in_it(reader):
    there = Query(bbox=(X + 1, Y + 1, X + 2, Y + 2), columns=("flaeche",))
    found = reader.history(CITIZEN).frame(there, date(2020, 6, 1))
    assert list(found.columns) == ["flaeche", "geometry"]
    assert found["flaeche"].tolist() == [400]
    assert found.crs.to_epsg() == 25832


# -- the record -------------------------------------------------------------------------


def test_the_history_outlives_the_deliveries_that_it_was_told_from(tmp_path):
    with Store.open(tmp_path, create=True) as store:
        for day, parcels in DELIVERIES:
            deliver(store, day, parcels)
        for month in range(1, 9):
            deliver(store, date(2023, month, 1), MERGED)
        assert [g.number for g in store.generations("alkis")] == [7, 8, 9, 10, 11]
    with closing(open_reader(tmp_path)) as reader:
        assert reader.history(CITIZEN).fate(ONE).successor_keys == (FOUR, ONE_A)
        assert parcels_on(reader, date(2020, 6, 1)) == sorted(STREET)


def test_deliveries_that_were_missed_are_made_up_for(tmp_path, monkeypatch):
    """A killed import publishes parcels without their history; the next one tells both."""
    with Store.open(tmp_path, create=True) as store:
        with monkeypatch.context() as patched:
            patched.setitem(deliver.__globals__, "update_history", lambda *_: None)
            for day, parcels in DELIVERIES[:2]:
                deliver(store, day, parcels)
        report = deliver(store, *DELIVERIES[2])
        assert report.events == {"split": 1, "merge": 1}
        assert update_history(store, REGISTRY, TOWN) is None


def test_the_delivery_that_the_history_was_last_told_of_is_kept_for_the_next_step(tmp_path):
    with Store.open(tmp_path, create=True) as store:
        deliver(store, *DELIVERIES[0])
        for _ in range(7):
            with store.stage("alkis") as writer:
                writer.publish({}, None)
        assert store.generations("alkis")[0].number == 1
        assert store.served()[HISTORY].inputs == {"alkis": 1}


def test_a_gap_is_never_silent(tmp_path):
    """Somebody threw the former generations away: what happened in between is not known."""
    with Store.open(tmp_path, create=True) as store:
        deliver(store, *DELIVERIES[0])
        with store.stage("alkis", keep=1) as writer:
            writer.publish({}, None)
        with Catalogue(tmp_path).writing() as db:
            db.execute("DELETE FROM generation WHERE layer = 'alkis' AND number = 1")
        report = deliver(store, *DELIVERIES[1])
        assert (report.gap, report.events) == (True, {})
        assert "not known" in report.notes()[0]
        assert store.served()[HISTORY].provenance["gaps"] == ["2021-01-01T00:00:00"]


def test_new_identifiers_alone_are_no_history(tmp_path):
    with Store.open(tmp_path, create=True) as store:
        deliver(store, date(2020, 1, 1), STREET)
        report = deliver(store, date(2021, 1, 1), STREET, names={ONE: "x", TWO: "y"})
        assert (report.events, report.versions) == ({}, 0)


def test_what_the_source_states_counts_more_than_what_is_noticed(tmp_path):
    """The delivery says when the old parcel ended; the day of the delivery is another."""
    change = "2020-07-15 09:00"
    with Store.open(tmp_path, create=True) as store:
        since = dict.fromkeys(STREET, "2001-05-07 00:00")
        deliver(store, date(2020, 1, 1), STREET, begins=since)
        former = [(ONE, STREET[ONE], "2001-05-07 00:00", change)]
        begins = since | {ONE_A: change, ONE_B: change}
        for day in (date(2021, 1, 1), date(2022, 1, 1)):  # the second one repeats the end
            deliver(store, day, SPLIT, begins=begins, former=former)
        assert store.snapshot(HISTORY).table("version_flurstueck").count == 1
    with closing(open_reader(tmp_path)) as reader:
        fate = reader.history(CITIZEN).fate(ONE)
        assert (fate.ended_on, fate.event.stated) == (date(2020, 7, 15), True)
        assert parcels_on(reader, date(2020, 7, 14)) == sorted(STREET)
        assert parcels_on(reader, date(2020, 7, 15)) == sorted(SPLIT)


def test_a_first_delivery_tells_the_past_that_it_holds(tmp_path):
    """Historic parcels come with the first import; one has no place any more."""
    former = [(ONE, STREET[ONE], None, "2015-03-02"), (key(77), None, None, "2003-01-01")]
    with Store.open(tmp_path, create=True) as store:
        deliver(store, date(2020, 1, 1), SPLIT, former=former)
    with closing(open_reader(tmp_path)) as reader:
        history = reader.history(CITIZEN)
        assert history.fate(ONE).successor_keys == (ONE_B, ONE_A)
        assert history.fate(key(77)).ended_on == date(2003, 1, 1)
        assert history.fate(key(77)).successors == ()
        with pytest.raises(EndedParcelError, match="2003-01-01"):
            build_dossier(reader, CITIZEN, key(77))


def test_successors_that_the_source_names_count_where_there_is_no_drawing(tmp_path):
    """Two parcels of paper days became one, and that was split."""
    former = [
        (key(70), None, None, "2003-01-01", [key(72)]),
        (key(71), None, None, "2003-01-01", [key(72)]),
        (key(72), None, None, "2010-01-01", [ONE_A, ONE_B]),
    ]
    with Store.open(tmp_path, create=True) as store:
        report = deliver(store, date(2020, 1, 1), SPLIT, former=former)
        assert report.events == {"merge": 1, "split": 1}
    with closing(open_reader(tmp_path)) as reader:
        fate = reader.history(CITIZEN).fate(key(70))
        assert (fate.event.kind, fate.event.old_keys) == ("merge", (key(70), key(71)))
        assert [(s.parcel_key, s.share) for s in fate.successors] == [(ONE_A, None), (ONE_B, None)]
        with pytest.raises(EndedParcelError) as caught:
            build_dossier(reader, CITIZEN, key(70))
        assert caught.value.fields["successors"] == (ONE_A, ONE_B)
        today = build_dossier(reader, CITIZEN, ONE_A)
        jsonschema.validate(json.loads(json.dumps(today.as_json())), SCHEMA)


def test_a_number_that_is_used_again_is_a_finding(tmp_path):
    with Store.open(tmp_path, create=True) as store:
        for day, parcels in DELIVERIES:
            deliver(store, day, parcels)
        report = deliver(store, date(2023, 1, 1), MERGED | {TWO: plot(60, 80)})
        assert report.reused == (TWO,)
        assert report.notes()[0] == "what happened to parcels: 1 new"
        assert TWO in report.notes()[1]
        deliver(store, date(2024, 1, 1), MERGED | {TWO: plot(60, 80)})
        assert store.served()[HISTORY].provenance["reused"] == [TWO]


# -- what everybody is told -------------------------------------------------------------


def test_the_search_names_successors(reader):
    result = find(reader, CITIZEN, "3049-12-1", lang="en")
    assert (result.hits, result.problem, result.candidates) == ((), "parcel-ended", (FOUR, ONE_A))
    assert (result.former, result.successors) == (ONE, (FOUR, ONE_A))
    assert "ended on 1 January 2021" in result.explanation
    then = find(reader, CITIZEN, "3049-12-1", as_of=date(2020, 6, 1))
    assert [(h.parcel_key, h.address) for h in then.hits] == [(ONE, "Ostwall 1")]
    street = find(reader, CITIZEN, "Ostwall 2", as_of=date(2020, 6, 1))
    assert [h.parcel_key for h in street.hits] == [TWO]


def test_the_dossier_of_a_former_parcel_shows_it_as_it_was_last(reader):
    dossier = build_dossier(reader, CITIZEN, ONE)
    assert dossier.as_of == date(2020, 12, 31)
    assert [(s.parcel_key, s.share) for s in dossier.ended.successors] == [
        (FOUR, 0.75),
        (ONE_A, 0.25),
    ]
    assert dossier.geometry.equals(STREET[ONE])
    assert [n.parcel_key for n in dossier.neighbours] == [TWO]
    assert {s.id: s.total for s in dossier.sections}["baum"] == 1
    assert {h.name for h in dossier.hints} == {"ended", "as_of", "of_today"}
    assert [h.kind for h in dossier.history] == ["split"]
    for lang in ("de", "en"):
        jsonschema.validate(json.loads(json.dumps(dossier.as_json(lang))), SCHEMA)


def test_the_dossier_of_a_day(reader):
    then = build_dossier(reader, CITIZEN, TWO, as_of=date(2020, 6, 1))
    assert [n.parcel_key for n in then.neighbours] == [THREE, ONE]
    still = build_dossier(reader, CITIZEN, THREE, as_of=date(2020, 6, 1))
    assert still.ended is None
    assert [n.parcel_key for n in still.neighbours] == [TWO]
    assert "of_today" in {h.name for h in still.hints}
    early = build_dossier(reader, CITIZEN, THREE, as_of=date(1999, 1, 1))
    assert "before_record" in {h.name for h in early.hints}
    with pytest.raises(EndedParcelError) as caught:
        build_dossier(reader, CITIZEN, ONE, as_of=date(2021, 6, 1))
    assert caught.value.fields["successors"] == (FOUR, ONE_A)
    with pytest.raises(UnknownParcelError, match="on 2020-06-01"):
        build_dossier(reader, CITIZEN, FOUR, as_of=date(2020, 6, 1))


def test_the_web_says_gone_and_names_successors(web):
    answer = web.get(f"/parcels/{ONE}?f=json")
    assert answer.status_code == 410
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["type"] == "/problems/parcel-ended"
    assert (body["ended_on"], body["event"]) == ("2021-01-01", "split")
    assert body["successors"] == [FOUR, ONE_A]
    assert f'/parcels/{FOUR}>; rel="successor-version"' in answer.headers["link"]
    page = web.get(f"/parcels/{ONE}?f=html&lang=en")
    assert page.status_code == 410
    assert "ended on 1 January 2021" in page.text
    assert f"/parcels/{FOUR}?f=html" in page.text
    then = web.get(f"/parcels/{ONE}?f=json&as_of=2020-06-01")
    assert (then.status_code, then.json()["as_of"]) == (200, "2020-06-01")
    assert web.get(f"/parcels/{ONE}?f=json&as_of=June").status_code == 400
    for name in (ONE, f"id-{ONE}"):
        item = web.get(f"/collections/flurstueck/items/{name}?f=json")
        assert (item.status_code, item.json()["successors"]) == (410, [FOUR, ONE_A])


def test_the_command_line_tells_it(data, tmp_path):
    run = CliRunner().invoke(app, ["--data", str(data), "history", "3049-12-1"])
    assert run.exit_code == 0
    assert f"split            {ONE} → {ONE_A}, {ONE_B}  (noticed)" in run.stdout
    out = tmp_path / "akte.pdf"
    asked = ["--data", str(data), "dossier", ONE, "--out", str(out), "--as-of", "2020-06-01"]
    assert CliRunner().invoke(app, asked).exit_code == 0
    assert out.read_bytes().startswith(b"%PDF")
    nothing = CliRunner().invoke(app, ["--data", str(data), "history", "3049-12-3"])
    assert nothing.exit_code == 1


# -- links ------------------------------------------------------------------------------


def test_a_tax_link_does_not_move_and_its_successors_are_named(reader):
    cases = reader.unmatched(CLERK, "grundsteuer").set_index("found")
    assert cases.loc[ONE, "reason"] == "ended"
    assert cases.loc[ONE, "detail"] == "2021-01-01"
    assert cases.loc[ONE, "candidates"] == [FOUR, ONE_A]
    assert reader.links(CLERK, "grundsteuer", parcel_keys=[FOUR]).empty


def test_the_tax_office_gets_its_work(reader):
    items = work_items(reader, CLERK)
    assert [(i.feature_id, i.parcel_key, i.event.kind, i.successors) for i in items] == [
        (CANARY, ONE, "split", (FOUR, ONE_A)),
        ("b", TWO, "merge", (FOUR,)),
    ]
    assert [i.day for i in items] == [date(2021, 1, 1), date(2022, 1, 1)]


def test_a_parcel_that_changed_and_kept_its_key_is_work_until_the_register_is_newer(tmp_path):
    with Store.open(tmp_path, create=True) as store:
        deliver(store, date(2020, 1, 1), STREET)
        keys = {"feature_id": ["a"], "tax_file_number": ["a"], "parcel_key": [ONE]}
        add(store, "property_tax", "grundsteuer", keys)
        deliver(store, date(2021, 1, 1), STREET | {ONE: plot(-1, 20)})
        with closing(open_reader(tmp_path)) as reader:
            assert work_items(reader, CLERK) == ()  # the register is of June 2021
        deliver(store, date(2022, 1, 1), STREET | {ONE: plot(-9, 20)})
    with closing(open_reader(tmp_path)) as reader:
        [item] = work_items(reader, CLERK)
        assert (item.ended, item.event.kind, item.day) == (False, "resurvey", date(2022, 1, 1))


@pytest.mark.parametrize(
    "actor",
    [CITIZEN, Actor("property_tax_clerk"), Actor("planner", "a plan"), Actor("auditor", "a look")],
    ids=["citizen", "no-purpose", "planner", "auditor"],
)
def test_nobody_else_sees_work_items(reader, actor):
    with pytest.raises(AccessError) as caught:
        work_items(reader, actor)
    assert CANARY not in str(caught.value)
    assert CANARY not in caught.value.advice


def test_no_open_file_of_the_history_holds_the_canary(data):
    with Store.open(data) as store:
        for path in store.served()[HISTORY].path.iterdir():
            assert CANARY.encode() not in path.read_bytes()
    run = CliRunner().invoke(app, ["--data", str(data), "history", "work-items"])
    assert run.exit_code != 0
    assert CANARY not in run.output


def test_a_merge_by_the_parcels_of_a_day_goes_to_a_file_and_changes_nothing(data, tmp_path):
    with Store.open(data) as store:
        before = store.served()[MERGE].number
    out = tmp_path / "then.gpkg"
    report = merge_as_of(data, REGISTRY, TOWN, date(2020, 6, 1), out)
    assert report.parcels == 3
    assert sorted(pyogrio.read_dataframe(out, layer="flurstueck")["flstkennz"]) == sorted(STREET)
    links = pyogrio.read_dataframe(out, layer="link_baum")
    assert links.set_index("feature_id")["parcel_key"].to_dict() == {"t1": ONE, "t2": TWO}
    assert CANARY.encode() not in out.read_bytes()
    again = ["--data", str(data), "merge", "--as-of", "2020-06-01"]
    assert CliRunner().invoke(app, [*again, "--out", str(tmp_path / "too.gpkg")]).exit_code == 0
    assert CliRunner().invoke(app, again).exit_code == 2
    assert (tmp_path / "too.gpkg").stat().st_size == out.stat().st_size
    with Store.open(data) as store:
        assert store.served()[MERGE].number == before
