"""The demo city's parcels change, delivery by delivery: the history tells what was done."""

import shutil
from contextlib import closing
from datetime import date

import numpy as np
import pandas as pd
import pytest
import shapely

from data.changes.events import Kind
from data.make_changes import make_changes
from gis_core.store import Store
from layers.access import CITIZEN, Actor
from layers.history import update_history
from layers.history.work_items import work_items
from layers.ingest.directory import import_files
from layers.municipality import load_municipality
from layers.query import Query
from layers.reader import open_reader
from layers.registry import find_layers

KINDS = {kind.value: kind.value for kind in Kind} | {"area": "area_correction"}


@pytest.fixture(scope="module")
def changed(demo_city, tmp_path_factory):
    """Return a data directory after the first delivery and two of changes, and what they did."""
    folder = tmp_path_factory.mktemp("changed")
    told = make_changes(
        demo_city.path, folder / "nba", dict.fromkeys(Kind, 3), deliveries=2, seed=4
    )
    registry, profile = find_layers(), load_municipality("krefeld")
    batches = [demo_city.files("alkis"), *([folder / "nba" / d.file] for d in told)]
    for files in batches:
        import_files(folder / "data", registry, profile, "alkis", files)
    with closing(open_reader(folder / "data")) as reader:
        yield reader, told


def test_the_history_tells_every_event_and_nothing_else(changed):
    reader, told = changed
    history = reader.history(CITIZEN)
    keys = {k for d in told for e in d.events for k in (*e.ended, *e.successors, *e.kept)}
    found = {event for key in keys for event in history.events(key)}
    assert sorted(
        (event.kind, event.day, event.old_keys, event.new_keys, event.stated) for event in found
    ) == sorted(
        (
            KINDS[event.kind],
            date.fromisoformat(delivery.when[:10]),
            tuple(sorted((*event.ended, *event.kept))),
            tuple(sorted((*event.successors, *event.kept))),
            True,
        )
        for delivery in told
        for event in delivery.events
    )
    assert len(history.links().at) == sum(len(event.links) for event in found)


def test_every_ended_key_leads_to_its_successors(changed):
    reader, told = changed
    history = reader.history(CITIZEN)
    for delivery in told:
        for event in delivery.events:
            for key in event.ended:
                fate = history.fate(key)
                assert fate.ended_on == date.fromisoformat(delivery.when[:10])
                assert fate.successors
                assert set(fate.successor_keys) <= set(event.successors)
                assert sum(s.share for s in fate.successors) == pytest.approx(1, abs=1e-3)


def test_the_parcels_before_the_changes_are_those_of_the_first_delivery(changed, demo_store):
    reader, told = changed
    query = Query(columns=("flstkennz",), geometry=False)
    before = reader.history(CITIZEN).frame(query, date(2026, 1, 31))["flstkennz"]
    with closing(open_reader(demo_store)) as first:
        assert sorted(before) == sorted(first.frame(CITIZEN, "flurstueck", query)["flstkennz"])
    now = set(reader.frame(CITIZEN, "flurstueck", query)["flstkennz"])
    gone = {key for delivery in told for event in delivery.events for key in event.ended}
    assert not gone & now
    assert gone <= set(before)


def test_the_ended_keys_in_the_tax_files_lead_to_what_they_were_split_into(
    demo_city, demo_store, tmp_path
):
    """Before the demo city's day the split parcels were whole: that delivery came first."""
    ended = {p.found for p in demo_city.truth.planted if p.kind == "key_ended"}
    assert ended
    shutil.copytree(demo_store, tmp_path / "data")
    with Store.open(tmp_path / "data") as store:
        snapshot = store.snapshot("alkis")
        rows, schema = snapshot.frame("flurstueck"), snapshot.table("flurstueck").schema
        shapes = np.asarray(rows.geometry.array, object)
        rows = pd.DataFrame(rows.drop(columns="geometry")).reset_index()
        stem = rows["flstkennz"].str[:14] + "______"
        parts = {key: sorted(rows.loc[stem == key, "flstkennz"]) for key in ended}
        first = rows[~stem.isin(ended)]
        whole = rows[stem.isin(ended)].assign(flstkennz=stem).drop_duplicates("flstkennz")
        joined = [shapely.union_all(shapes[(stem == key).to_numpy()]) for key in whole["flstkennz"]]
        before = pd.concat([first, whole])
        for day, frame, places in (
            (date(2024, 1, 1), before, [*shapes[first.index], *joined]),
            (date(2025, 1, 1), rows, shapes),
        ):
            with store.stage("alkis") as writer:
                unknown = frame.assign(beginnt=pd.NaT)
                writer.table(schema).append(unknown, np.array(places, object))
                writer.publish({}, day)
            update_history(store, find_layers(), load_municipality("krefeld"))
    clerk = Actor("property_tax_clerk", "Fortschreibung", "n. n.")
    with closing(open_reader(tmp_path / "data")) as reader:
        cases = reader.unmatched(clerk, "grundsteuer").set_index("found")
        items = work_items(reader, clerk)
    for key in ended:
        assert len(parts[key]) > 1
        case = cases.loc[[key]].iloc[0]
        assert case["reason"] == "ended"
        assert sorted(case["candidates"]) == parts[key]
    assert {item.parcel_key for item in items} == ended
    assert {item.event.kind for item in items} == {"split"}
