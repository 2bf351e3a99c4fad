"""The one door: everything of everybody in it, and only what is theirs comes out."""

import dataclasses
import itertools
import json
import sqlite3
from contextlib import closing

import numpy as np
import pandas as pd
import pytest
import shapely

from gis_core.errors import FlurbuchError, StoreError
from gis_core.filters import Filter
from gis_core.filters.ast import IsNull, Prop
from gis_core.store import MERGE, Column, Store, TableSchema
from layers.access import CITIZEN, Actor, link_access, load_policy
from layers.errors import (
    AccessError,
    NotMergedError,
    UnknownCollectionError,
    UnknownFieldError,
)
from layers.merging.tables import unmatched_schema
from layers.query import Query
from layers.reader import open_reader
from layers.registry import find_layers
from layers.schema import table_schemas
from layers.spec import Access, FieldType, GeometryKind, Join

REGISTRY = find_layers()
POLICY = load_policy()
COLLECTIONS = {spec.id: (layer, spec) for layer, spec in REGISTRY.collections()}
WHY = "Az. 12/345"
N = 3
KEY = "053049012000010000__"
CRS = 25832


# -- a world in which every value tells where it comes from --------------------------------


def canaries():
    """Return {(collection, field): number}, each number as rare as a bird of paradise."""
    numbers = itertools.count(7_310_001, 1013)
    return {(c, f.name): next(numbers) for c, (_, s) in COLLECTIONS.items() for f in s.fields}


NUMBER = canaries()
DAYS = {
    k: f"{1300 + i // 300:04d}-{i % 300 // 28 + 1:02d}-{i % 28 + 1:02d}"
    for i, k in enumerate(NUMBER)
}


def canary(collection, field):
    number = NUMBER[collection, field.name]
    if field.type in {FieldType.DATE, FieldType.DATETIME}:
        return DAYS[collection, field.name]
    if field.type is FieldType.BOOLEAN:
        return None  # true and false sing for everybody
    return number if field.type in {FieldType.INTEGER, FieldType.NUMBER} else f"bird{number}"


def songs(collection, fields):
    """Return the texts by which the values of these fields are recognised."""
    values = {canary(collection, f) for f in fields} - {None}
    return {str(v).removeprefix("bird") for v in values}


def rows(spec):
    frame = pd.DataFrame({"feature_id": [f"{spec.id}-{i}" for i in range(N)]})
    schema = table_schemas(spec, CRS)[0]
    for field in spec.fields:
        frame[field.name] = canary(spec.id, field)
    for column in schema.columns:
        if column.name not in frame:  # what the import keeps beside a key
            owner = next(f for f in spec.fields if column.name.startswith(f.name))
            frame[column.name] = f"bird{NUMBER[spec.id, owner.name]}"
    place = shapely.points(330_000 + np.arange(N) * 10.0, 5_690_000)
    shapes = {
        GeometryKind.NONE: None,
        GeometryKind.POINT: place,
        GeometryKind.POLYGON: shapely.buffer(place, 3),
    }
    return schema, frame, shapes[spec.geometry]


def import_layer(store, layer_id):
    with store.stage(layer_id) as writer:
        for spec in REGISTRY.layers[layer_id].collections:
            schema, frame, shapes = rows(spec)
            writer.table(schema).append(frame, shapes)
        return writer.publish({}, None)


def merge_by_hand(store, inputs):
    """Write links, sums and leftovers whose values are those of the fields they rest on."""
    with store.stage(MERGE) as writer:
        leftovers = {False: [], True: []}
        for name, (_, spec) in COLLECTIONS.items():
            if spec.relation.by in {Join.SELF, Join.NONE}:
                continue
            sealed = link_access(spec).sealed
            ids = [f"{name}-{i}" for i in range(N)]
            text = ("feature_id", "parcel_key", "method", "confidence")
            links = TableSchema(
                f"link_{name}", tuple(map(Column, text)), sealed_rows=sealed, keyed=False
            )
            writer.table(links).append(
                pd.DataFrame({"feature_id": ids, "parcel_key": KEY, "method": "key"})
            )
            sums = {f"sum_{f}": str(NUMBER[name, f]) for f in spec.relation.sums}
            if spec.relation.counts_by:
                sums["counts"] = json.dumps({str(NUMBER[name, spec.relation.counts_by]): N})
            summary = pd.DataFrame({"parcel_key": [KEY], "n": [str(N)], **sums})
            columns = tuple(Column(c) for c in summary)
            own = TableSchema(f"summary_{name}", columns, sealed_rows=sealed, keyed=False)
            writer.table(own).append(summary)
            stated = spec.relation.key or spec.relation.address
            found = str(NUMBER[name, stated]) if stated else "nothing"
            leftovers[sealed].append({"collection": name, "feature_id": ids[0], "found": found})
        for sealed, cases in leftovers.items():
            writer.table(unmatched_schema(sealed=sealed)).append(pd.DataFrame(cases))
        writer.publish({"inputs": inputs}, None)


@pytest.fixture(scope="module")
def aviary(tmp_path_factory):
    """Return a data directory where every field of every layer holds its own canary."""
    root = tmp_path_factory.mktemp("aviary") / "data"
    with Store.open(root, create=True) as store:
        inputs = {y: import_layer(store, y).number for y in REGISTRY.layers if y != "terrain"}
        (root / "dem.tif").write_bytes(b"cells")
        with store.stage("terrain") as writer:
            writer.attach(root / "dem.tif", "dem.tif")
            writer.publish({}, None)
        merge_by_hand(store, inputs)
    return root


@pytest.fixture(scope="module")
def reader(aviary):
    opened = open_reader(aviary)
    yield opened
    opened.close()


# -- the matrix: role × collection × every way of asking ------------------------------------


def asked_about(column):
    """Return a filter that asks for a field, as if it had been checked."""
    return Filter(IsNull(Prop(column)), f"{column} IS NULL")


def questions(reader, actor, name, spec):
    """Yield every way of asking for something of a collection."""
    yield lambda: reader.frame(actor, name)
    yield lambda: reader.frame(actor, name, Query(bbox=(0, 0, 1e7, 1e7), limit=2, offset=1))
    yield lambda: reader.frame(actor, name, Query(geometry=False), as_merged=True)
    yield lambda: reader.links(actor, name)
    yield lambda: reader.links(actor, name, parcel_keys=[KEY])
    yield lambda: reader.summaries(actor, name)
    yield lambda: reader.unmatched(actor, name)
    yield lambda: [f.name for f in reader.view(actor, name).fields]
    plain = Query(columns=(), geometry=False, limit=1)
    for field in spec.fields:
        column, value = field.name, canary(name, field)
        ways = {"columns": (column,)}, {"equals": {column: value}}
        more = (
            {"among": {column: [value]}},
            {"sort": ((column, True),)},
            {"where": asked_about(column)},
        )
        for way in ways:
            query = dataclasses.replace(plain, **way)
            yield lambda query=query: reader.frame(actor, name, query)
        for way in (*ways, *more):
            query = dataclasses.replace(plain, **way)
            yield lambda query=query: reader.count(actor, name, query)


def everything_said(reader, actor, name, spec):
    """Ask everything; return all answers as one text, errors with all they tell included."""
    said = []
    for ask in questions(reader, actor, name, spec):
        try:
            answer = ask()
        except FlurbuchError as error:
            said.append(f"{error} {error.advice} {error.fields}")
        else:
            said.append(answer.to_csv() if isinstance(answer, pd.DataFrame) else str(answer))
    return "\n".join(said)


@pytest.mark.parametrize("purpose", ["", WHY], ids=["no-purpose", "purpose"])
@pytest.mark.parametrize("role", POLICY.roles)
@pytest.mark.parametrize("name", COLLECTIONS)
def test_exactly_the_allowed_canaries_come_out(reader, role, purpose, name):
    layer, spec = COLLECTIONS[name]
    actor = Actor(role, purpose)

    def allowed(access):
        return POLICY.allowed(actor, layer.id, access, name)

    readable = allowed(spec.access)
    free = [f for f in spec.fields if readable and allowed(f.access)]
    said = everything_said(reader, actor, name, spec)
    every = songs(name, spec.fields)
    assert {s for s in every if s in said} == songs(name, free)
    assert (f"{name}-0" in said) == readable


@pytest.mark.parametrize("role", POLICY.roles)
def test_the_list_of_collections_holds_what_may_be_read(reader, role):
    for actor in (Actor(role), Actor(role, WHY)):
        listed = {v.id: {f.name for f in v.fields} for v in reader.collections(actor)}
        assert listed == {
            name: {f.name for f in spec.fields if POLICY.allowed(actor, layer.id, f.access, name)}
            for name, (layer, spec) in COLLECTIONS.items()
            if POLICY.allowed(actor, layer.id, spec.access, name)
        }


@pytest.mark.parametrize("name", [n for n, (_, s) in COLLECTIONS.items() if s.access.sealed])
def test_a_hidden_collection_is_as_absent_as_one_that_never_was(reader, name):
    for ask in (reader.view, reader.frame, reader.count, reader.bounds, reader.links):
        told = []
        for asked in (name, "never_was"):
            with pytest.raises(UnknownCollectionError) as caught:
                ask(CITIZEN, asked)
            error = caught.value
            told.append(f"{error} {error.advice} {error.fields}".replace(asked, "X"))
        assert told[0] == told[1]


def test_a_hidden_field_is_as_absent_as_one_that_never_was(reader):
    for build in (
        lambda f: Query(columns=(f,)),
        lambda f: Query(equals={f: "x"}),
        lambda f: Query(among={f: ["x"]}),
        lambda f: Query(sort=((f, False),)),
        lambda f: Query(where=asked_about(f)),
    ):
        told = []
        for field in ("inspector", "never_was"):
            for ask in (reader.frame, reader.count):
                with pytest.raises(UnknownFieldError) as caught:
                    ask(CITIZEN, "baum", build(field))
                error = caught.value
                told.append(f"{error} {error.advice} {error.fields}".replace(field, "X"))
        assert len(set(told)) == 1


def test_who_may_but_does_not_say_why_is_told_so(reader):
    with pytest.raises(AccessError, match="only with a purpose"):
        reader.frame(Actor("property_tax_clerk"), "grundsteuer")
    with pytest.raises(AccessError, match="only with a purpose"):
        reader.frame(Actor("tree_inspector"), "baum", Query(columns=("inspector",)))
    assert "inspector" not in reader.frame(Actor("tree_inspector"), "baum").columns


@pytest.mark.parametrize("ask", ["view", "frame", "count", "links", "summaries", "unmatched"])
def test_an_unknown_role_is_refused_everywhere(reader, ask):
    with pytest.raises(AccessError, match="no role"):
        getattr(reader, ask)(Actor("root", WHY), "baum")
    with pytest.raises(AccessError, match="no role"):
        reader.collections(Actor("root", WHY))
    with pytest.raises(AccessError, match="no role"):
        reader.raster(Actor("root", WHY), "terrain")


# -- answers ---------------------------------------------------------------------------------


def test_answers_have_the_promised_shape(reader):
    frame = reader.frame(CITIZEN, "baum", Query(columns=("genus", "tree_number"), limit=2))
    assert frame.columns.tolist() == ["genus", "tree_number", "geometry"]
    assert (frame.index.name, len(frame), frame.crs.to_epsg()) == ("feature_id", 2, CRS)
    plain = reader.frame(CITIZEN, "baum", Query(columns=(), geometry=False))
    assert plain.columns.tolist() == []
    assert len(plain) == N
    assert reader.count(CITIZEN, "baum", Query(limit=1)) == N
    assert reader.bounds(CITIZEN, "baum") == (330_000, 5_690_000, 330_020, 5_690_000)
    clerk = Actor("property_tax_clerk", WHY)
    assert reader.bounds(clerk, "grundsteuer") is None
    assert "geometry" not in reader.frame(clerk, "grundsteuer").columns
    summary = reader.summaries(CITIZEN, "baum", parcel_keys=[KEY, "none"])
    assert (summary.index.name, summary.index.tolist()) == ("parcel_key", [KEY])
    assert reader.links(CITIZEN, "baum", feature_ids=["baum-1"])["parcel_key"].tolist() == [KEY]
    assert reader.links(CITIZEN, "baum", parcel_keys=["none"]).empty
    assert reader.unmatched(CITIZEN, "baum")["feature_id"].tolist() == ["baum-0"]
    assert reader.parcels(CITIZEN).id == "flurstueck"


def test_the_raster_is_given_to_who_may_see_it(reader):
    assert reader.raster(CITIZEN, "terrain").read_bytes() == b"cells"
    assert reader.raster(Actor("auditor", WHY), "terrain") is None
    assert reader.raster(CITIZEN, "trees") is None
    assert reader.raster(CITIZEN, "never_was") is None


# -- imports and merges at different times ----------------------------------------------------


@pytest.fixture
def town(tmp_path):
    root = tmp_path / "data"
    with Store.open(root, create=True) as store:
        import_layer(store, "trees")
    return root


def test_before_the_first_merge_there_are_no_links(town):
    reader = open_reader(town)
    assert reader.stale_links() == ("trees",)
    assert reader.merged() is None
    for ask in (reader.links, reader.summaries, reader.unmatched):
        with pytest.raises(NotMergedError) as caught:
            ask(CITIZEN, "baum")
        assert "flurbuch merge" in caught.value.advice
    with pytest.raises(NotMergedError):
        reader.frame(CITIZEN, "baum", as_merged=True)
    reader.close()


def test_links_keep_their_features_after_a_later_import(town):
    reader = open_reader(town)
    with Store.open(town) as store:
        merge_by_hand(store, {"trees": 1})
        assert reader.stale_links() == ()
        schema, frame, shapes = rows(COLLECTIONS["baum"][1])
        for _ in range(8):
            with store.stage("trees") as writer:
                writer.table(schema).append(frame.assign(feature_id=["a", "b", "c"]), shapes)
                writer.publish({}, None)
    assert reader.stale_links() == ("trees",)
    assert reader.state()["trees"].number == 9
    assert set(reader.frame(CITIZEN, "baum").index) == {"a", "b", "c"}
    linked = reader.links(CITIZEN, "baum")["feature_id"].tolist()
    found = reader.frame(CITIZEN, "baum", Query(ids=tuple(linked)), as_merged=True)
    assert set(found.index) == set(linked) == {"baum-0", "baum-1", "baum-2"}
    reader.close()


def test_what_was_not_imported_is_absent(town):
    reader = open_reader(town)
    assert [v.id for v in reader.collections(CITIZEN)] == ["baum"]
    with pytest.raises(UnknownCollectionError):
        reader.frame(CITIZEN, "flurstueck")
    with pytest.raises(UnknownCollectionError, match="no parcels"):
        reader.parcels(CITIZEN)
    reader.close()


def test_a_field_that_became_secret_is_hidden_in_old_imports_too(town):
    """The layer file decides, not what the import of last year thought of it."""
    reader = open_reader(town)
    layer, spec = COLLECTIONS["baum"]
    fields = tuple(
        f.model_copy(update={"access": Access.PERSONAL}) if f.name == "site" else f
        for f in spec.fields
    )
    stricter = spec.model_copy(update={"fields": fields})
    layers = {"trees": layer.model_copy(update={"collections": (stricter,)})}
    reader.registry = dataclasses.replace(reader.registry, layers=layers)
    assert "site" not in reader.frame(CITIZEN, "baum").columns
    with pytest.raises(UnknownFieldError):
        reader.count(CITIZEN, "baum", Query(equals={"site": "x"}))
    reader.close()


# -- the log -----------------------------------------------------------------------------------


def log_of(reader):
    return [r.entry for r in reader._audit.entries(Actor("auditor"), POLICY)]


def test_every_read_of_a_secret_is_logged_and_no_other(aviary):
    reader = open_reader(aviary)
    before = len(log_of(reader))
    reader.frame(CITIZEN, "baum")
    reader.links(CITIZEN, "baum")
    inspector = Actor("tree_inspector", WHY, "n. n.")
    reader.frame(inspector, "baum", Query(columns=("genus",)))
    reader.count(inspector, "baum")
    assert len(log_of(reader)) == before
    clerk = Actor("property_tax_clerk", WHY, "m. m.")
    asked = [
        ("frame", lambda: reader.frame(inspector, "baum")),
        ("frame", lambda: reader.frame(inspector, "baum", Query(sort=(("inspector", True),)))),
        ("count", lambda: reader.count(inspector, "baum", Query(equals={"inspector": "x"}))),
        ("count", lambda: reader.count(inspector, "baum", Query(where=asked_about("inspector")))),
        ("frame", lambda: reader.frame(clerk, "grundsteuer", Query(columns=(), limit=1))),
        ("count", lambda: reader.count(clerk, "grundsteuer")),
        ("bounds", lambda: reader.bounds(clerk, "grundsteuer")),
        ("links", lambda: reader.links(clerk, "grundsteuer")),
        ("summaries", lambda: reader.summaries(clerk, "grundsteuer")),
        ("unmatched", lambda: reader.unmatched(clerk, "grundsteuer")),
    ]
    for action, ask in asked:
        ask()
        entry = log_of(reader)[-1]
        assert entry["action"] == action
        assert entry["purpose"] == WHY
        assert entry["classes"]
    entries = log_of(reader)
    assert len(entries) == before + len(asked)
    assert set(entries[before]["ids"]) == {"baum-0", "baum-1", "baum-2"}
    assert entries[before + 4]["count"] == 1
    assert reader._audit.first_break() is None
    reader.close()


def test_without_the_log_there_is_no_answer(town):
    reader = open_reader(town)
    with closing(sqlite3.connect(town / "state.sqlite", isolation_level=None)) as db:
        db.execute("CREATE VIEW audit AS SELECT 1 AS number, '' AS chain")
    inspector = Actor("tree_inspector", WHY)
    with pytest.raises(StoreError, match="access log"):
        reader.frame(inspector, "baum")
    assert len(reader.frame(inspector, "baum", Query(columns=("genus",)))) == N
    reader.close()
