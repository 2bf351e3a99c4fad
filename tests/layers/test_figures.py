"""Parcels with their figures: the links added up, for those who may read them."""

import json
import sqlite3
from contextlib import closing

import numpy as np
import pandas as pd
import pytest
import shapely

from gis_core.filters import Places, checked, parse
from gis_core.offered_crs import CRS84
from gis_core.store import MERGE, Query, Store
from layers.access import CITIZEN, Actor
from layers.errors import AccessError, UnknownCollectionError, UnknownFieldError
from layers.figures import figures
from layers.merging import merge
from layers.municipality import load_municipality
from layers.queryables import filter_schema
from layers.reader import open_reader
from layers.registry import find_layers

ALL, KEY = "flurstueck_merkmale", "flstkennz"
FOUND = figures(find_layers())
STORAGE = Places("EPSG:25832", geographic=False)
ACTORS = (
    *(Actor(role, "", "x") for role in ("planner", "property_tax_clerk", "trade_tax_clerk")),
    *(Actor(role, "test 1", "x") for role in ("planner", "property_tax_clerk", "trade_tax_clerk")),
    *(Actor(role, "test 1", "x") for role in ("tree_inspector", "cemetery_clerk", "auditor")),
    CITIZEN,
)


@pytest.fixture(scope="module")
def reader(demo_store):
    opened = open_reader(demo_store)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def stored(demo_store):
    """Return every figure of every parcel, past all access rules, and the links."""
    with Store.open(demo_store) as store:
        yield store.snapshot(MERGE)


def wanted(reader, actor, text):
    view = reader.view(actor, ALL)
    asked = checked(parse(text, "cql2-text"), filter_schema(view), STORAGE)
    return Query(where=asked, geometry=False)


def test_figures_are_the_links_added_up(stored):
    rows = stored.frame(ALL).set_index(KEY)
    assert rows.index.is_unique
    compared = 0
    for figure in FOUND:
        table = stored.info.table(f"link_{figure.source}")
        if table is None or figure.column not in {"n", "boundary", "area_m2"}:
            continue
        links = stored.frame(f"link_{figure.source}")
        one = {"n": links["feature_id"].notna(), "boundary": links["boundary"]}
        value = one.get(figure.column, links["area_m2"]).astype(float)
        expected = value.groupby(links["parcel_key"]).sum().reindex(rows.index).fillna(0)
        found = rows[figure.field.name].astype(float)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-9, err_msg=figure.source)
        compared += bool(expected.any())
    assert compared > 10


def test_sums_uses_areas_and_heights_are_those_of_the_summaries(stored, reader):
    rows = stored.frame(ALL).set_index(KEY)
    parcels = reader.frame(CITIZEN, "flurstueck", Query(geometry=False)).set_index(KEY)
    assert rows["flaeche"].equals(parcels["flaeche"].groupby(level=0).max().loc[rows.index])
    cents = stored.frame("summary_grundsteuer").set_index("parcel_key")["sum_annual_tax_cents"]
    told = rows["grundsteuer_summe_annual_tax_cents"].astype(float)
    assert (told == cents.astype(float).reindex(rows.index).fillna(0)).all()
    assert told.sum() == cents.sum() > 0
    mean = stored.frame("summary_terrain").set_index("parcel_key")["mean"]
    pd.testing.assert_series_equal(
        rows["gelaende_mittel"], mean.reindex(rows.index), check_names=False
    )
    areas = stored.frame("link_nutzung")
    uses = reader.frame(CITIZEN, "nutzung", Query(columns=("nutzart",), geometry=False))["nutzart"]
    kinds = areas.assign(kind=uses.reindex(areas["feature_id"]).to_numpy())
    main = kinds.groupby(["parcel_key", "kind"])["area_m2"].sum()
    most = main.groupby(level=0).max()
    for key, use in rows["nutzung_ueberwiegend"].dropna().items():
        # Slivers and ties go to another use; by less than a square metre and a half.
        assert main[key, use] > most[key] - 1.5


def test_what_was_not_merged_is_unknown_and_what_is_not_there_is_0(tmp_path, put):
    with Store.open(tmp_path, create=True) as store:
        box = shapely.box(324_000, 5_690_000, 324_020, 5_690_020)
        plot = {"feature_id": ["p"], KEY: ["05304901200001______"], "flaeche": [400.0]}
        tree = {"feature_id": ["t"], "tree_number": ["t"], "trunk_circumference_cm": [90.0]}
        put(store, "alkis", {"flurstueck": (plot, [box])})
        put(store, "trees", {"baum": (tree, [shapely.Point(324_090, 5_690_000)])})
        merge(store, find_layers(), load_municipality("krefeld"))
        row = store.snapshot(MERGE).frame(ALL).iloc[0]
    assert row["baum_anzahl"] == row["baum_grenzbaeume"] == 0
    assert row[["strassenschaden_anzahl", "gelaende_mittel", "gebaeude_flaeche"]].isna().all()


@pytest.mark.parametrize("actor", ACTORS, ids=lambda a: f"{a.role}-{bool(a.purpose)}")
def test_what_is_put_together_is_what_the_actor_may_read(reader, actor):
    try:
        view = reader.view(actor, ALL)
    except (UnknownCollectionError, AccessError):
        return
    ready = reader.ready(actor, ALL)
    if view.classes(view.names):
        assert ready is None
        return
    matched, found = ready.page(Query(), None, 3, 50)
    [text] = ready.texts(ready.variant(CRS84), found, None, placed=True)
    frame = reader.frame(actor, ALL, Query(limit=50, offset=3))
    features = json.loads(b"[%s]" % text)
    assert matched == view.count
    assert [feature["id"] for feature in features] == frame.index.tolist()
    assert {tuple(feature["properties"]) for feature in features} == {view.names}


@pytest.mark.parametrize("actor", ACTORS, ids=lambda a: f"{a.role}-{bool(a.purpose)}")
@pytest.mark.parametrize("figure", FOUND, ids=lambda f: f.field.name)
def test_a_figure_is_known_to_those_who_may_read_its_layer(reader, actor, figure):
    try:
        view = reader.view(actor, ALL)
    except UnknownCollectionError:
        with pytest.raises(UnknownCollectionError):
            reader.view(actor, "flurstueck")
        return
    name, allowed = figure.field.name, figure.allowed(reader.policy, actor)
    if name in view.names:
        assert allowed
        assert name in reader.frame(actor, ALL, Query(limit=1))
        return
    taxed = any(n.startswith(("grundsteuer_", "gewerbesteuer_")) for n in view.names)
    assert not allowed or taxed  # tax stands beside the cadastre alone
    assert name not in reader.frame(actor, ALL, Query(limit=1))
    assert name not in filter_schema(view).fields
    if figure.entitled(reader.policy, actor):
        return  # is told to state a purpose, or that it may not be had together
    for query in (
        Query(columns=(name,)),
        Query(equals={name: 1}),
        Query(among={name: [1]}),
        Query(sort=((name, False),)),
    ):
        for ask in (reader.frame, reader.count):
            if ask is reader.count and (query.columns or query.sort):
                continue
            with pytest.raises(UnknownFieldError) as refused:
                ask(actor, ALL, query)
            assert name not in str(refused.value.advice)


def test_secret_figures_are_in_the_sealed_file_alone(stored):
    schema = stored.table(ALL).schema
    apart = {c.name for c in schema.sealed_columns}
    assert apart == {f.field.name for f in FOUND if f.field.access.sealed} != set()
    open_file = (stored.info.path / "open.gpkg").read_bytes()
    assert not any(name.encode() in open_file for name in apart)


def test_reading_a_secret_figure_is_logged(reader, monkeypatch):
    told = []
    monkeypatch.setattr(reader._audit, "record", lambda _, reading: told.append(reading))
    clerk = Actor("property_tax_clerk", "test 1", "x")
    reader.frame(clerk, ALL, Query(columns=("flaeche",), limit=1))
    assert told == []
    reader.count(clerk, ALL, wanted(reader, clerk, "grundsteuer_anzahl > 1"))
    assert [(r.collection, set(r.classes)) for r in told] == [(ALL, {"tax_secret"})]


def test_places_and_figures_decide_together(reader):
    whole = reader.frame(CITIZEN, ALL)
    stored = reader.frame(CITIZEN, "flurstueck").set_index(KEY)
    assert (whole.geometry == stored.geometry.loc[whole.index]).all()
    x, y = whole.geometry.iloc[100].centroid.coords[0]
    area = shapely.box(x - 150, y - 150, x + 150, y + 150)
    here = whole.intersects(area)
    assert 3 < here.sum() < len(whole) / 2
    large, built = whole["flaeche"] > 800, whole["gebaeude_anzahl"] > 0
    inside = f"s_intersects(geometry, {area.wkt})"
    for text, expected in (
        ("flaeche > 800 AND gebaeude_anzahl = 0", large & ~built),
        (f"{inside} AND flaeche > 800", here & large),
        (f"{inside} OR flaeche > 800", here | large),
        (f"NOT ({inside} AND gebaeude_anzahl > 0)", ~(here & built)),
        (f"s_disjoint(geometry, {area.wkt})", ~here),
        ("geometry IS NULL", whole["flaeche"] < 0),
    ):
        query = wanted(reader, CITIZEN, text)
        ids = reader.frame(CITIZEN, ALL, query).index
        assert set(ids) == set(whole.index[expected.astype(bool)]), text
        assert reader.count(CITIZEN, ALL, query) == len(ids)
    box = Query(bbox=area.bounds, sort=(("baum_anzahl", True), ("flaeche", False)))
    found = reader.frame(CITIZEN, ALL, box)
    assert set(found.index) == set(whole.index[here])
    assert found["baum_anzahl"].is_monotonic_decreasing
    rows = reader._rows(reader.view(CITIZEN, ALL))
    near = rows.near(ALL, area.bounds, ["baum_anzahl"], released=["baum_anzahl"])
    assert set(found.index) <= set(near.feature_id) < set(whole.index)
    told = whole["baum_anzahl"].loc[list(near.feature_id)]
    assert list(near.values["baum_anzahl"]) == told.tolist()  # noqa: PD011
    ids = tuple(found.index[:5])
    both = Query(ids=(*ids, "nobody"), bbox=area.bounds, within=area)
    assert set(reader.frame(CITIZEN, ALL, both).index) <= set(ids)


def test_figures_belong_to_the_merge_and_its_parcels(reader):
    view = reader.view(CITIZEN, ALL)
    assert view.generation == reader.merged()
    assert view.count == len(reader.frame(CITIZEN, ALL, Query(columns=(), geometry=False)))
    assert reader.view(CITIZEN, ALL, number=view.generation.number).names == view.names
    with pytest.raises(UnknownCollectionError):
        reader.view(CITIZEN, ALL, number=10_000)
    assert reader.ready(CITIZEN, ALL).view == view


def test_conditions_on_numbers_of_features_read_an_index_alone(stored):
    with closing(sqlite3.connect(stored.info.path / "open.gpkg")) as db:
        asked = "WHERE flaeche > 2000 AND gebaeude_anzahl = 0 AND baum_anzahl >= 3"
        (plan,) = db.execute(f"EXPLAIN QUERY PLAN SELECT count(*) FROM {ALL} {asked}")  # noqa: S608
    assert "USING COVERING INDEX" in plan[3]
    assert "flaeche>?" in plan[3]
    apart = {f.field.name for f in FOUND if f.field.access.sealed}
    assert stored.table(ALL).schema.together[0] == "flaeche"
    assert not apart & set(stored.table(ALL).schema.together)
