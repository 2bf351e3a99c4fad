"""The demo city merged: its makers know where everything belongs. About 15 seconds."""

import csv
import json

import pytest
import shapely

from data.make_city import make_city
from gis_core.store import MERGE, Store
from layers.ingest.pipeline import ingest
from layers.merging import merge
from layers.municipality import load_municipality
from layers.registry import find_layers

REGISTERS = (
    "alkis",
    "property_tax",
    "trade_tax",
    "trees",
    "road_damage",
    "cemetery",
    "terrain",
)


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """Return a city's folder, its store, the report of its merge, and what was planted."""
    folder = tmp_path_factory.mktemp("city")
    truth = make_city(folder / "files", 600)
    registry, krefeld = find_layers(), load_municipality("krefeld")
    with Store.open(folder / "data", create=True) as store:
        for layer in REGISTERS:
            files = sorted((folder / "files" / layer).iterdir())
            ingest(store, registry, krefeld, layer, files)
        yield folder / "files", store, merge(store, registry, krefeld), truth


def known(city, register):
    """Return what the makers know of a register's rows."""
    with (city[0] / "truth" / f"{register}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def linked(city, collection, identity, layer):
    """Return {the source's own identifier: parcels} of the rows that were imported."""
    store = city[1]
    ids = store.snapshot(layer).frame(collection)[identity]
    links = store.snapshot(MERGE).frame(f"link_{collection}")
    parcels = links.groupby("feature_id")["parcel_key"].agg(set).to_dict()
    return {name: parcels.get(feature, set()) for feature, name in ids.items()}


def test_every_tree_stands_on_its_parcels_and_boundary_trees_on_both(city):
    got = linked(city, "baum", "tree_number", "trees")
    rows = [r for r in known(city, "baum") if r["expected"] != "quarantined"]
    assert len(rows) > 100
    for row in rows:
        assert got[row["tree_number"]] == set(row["parcel_keys"].split()), row
    links = city[1].snapshot(MERGE).frame("link_baum")
    cut = links.loc[links["boundary"], "feature_id"].nunique()
    assert cut == sum(r["boundary"] == "1" for r in rows) > 0


@pytest.mark.parametrize(
    ("collection", "identity", "layer"),
    [
        ("grundsteuer", "tax_file_number", "property_tax"),
        ("gewerbesteuer", "tax_number", "trade_tax"),
    ],
)
def test_tax_rows_find_all_their_parcels_or_none(city, collection, identity, layer):
    got = linked(city, collection, identity, layer)
    rows = known(city, collection)
    for row in rows:
        expected = set(row["parcel_keys"].split()) if row["expected"] == "matched" else set()
        assert got[row[identity]] == expected, row
    lost = {r[identity] for r in rows if r["expected"] == "unmatched"}
    cases = city[1].snapshot(MERGE).frame("unmatched", sealed=True)
    cases = cases[cases["collection"] == collection]
    names = city[1].snapshot(layer).frame(collection)[identity]
    assert set(names.loc[cases["feature_id"]]) == lost
    assert (cases["reason"] != "").all()


def test_damages_go_to_the_street_they_were_seen_on(city):
    got = linked(city, "strassenschaden", "damage_id", "road_damage")
    areas = city[1].snapshot(MERGE).frame("summary_nutzung").set_index("parcel_key")["areas"]
    main = {key: next(iter(json.loads(uses))) for key, uses in areas.items()}
    beside = 0
    for row in known(city, "strassenschaden"):
        street = row["road_parcel_key"]
        if row["damage_id"] in got and main[street] == "Straßenverkehr":
            at = got[row["damage_id"]]
            assert at == {street} or main[row["covering_parcel_key"]] in {"Platz", "Weg"}
            beside += row["covering_parcel_key"] != street
    assert beside > 3


def test_land_use_adds_up_to_every_official_area(city):
    merged = city[1].snapshot(MERGE)
    official = merged.frame("summary_flurstueck").set_index("parcel_key")["official_area_m2"]
    uses = merged.frame("summary_nutzung").set_index("parcel_key")["areas"]
    assert len(uses) == len(official) == 600
    total = uses.map(lambda text: sum(json.loads(text).values()))
    assert (total.round(2) == official.loc[total.index]).all()


def test_every_feature_is_linked_or_a_case(city):
    report = city[2]
    merged = city[1].snapshot(MERGE)
    assert {c.collection for c in report.collections} == {
        "gebaeude_bauwerk",
        "nutzung",
        "flurstueck_eigentuemer",
        "grundsteuer",
        "gewerbesteuer",
        "strassenschaden",
        "grab",
        "baum",
    }
    for c in report.collections:
        assert c.features == c.linked + c.unlinked
        links = merged.frame(f"link_{c.collection}")
        assert not links.duplicated(["feature_id", "parcel_key"]).any()
        assert links["share"].between(0, 1).all()
        if c.collection not in {"flurstueck_eigentuemer", "baum"}:
            assert links.groupby("feature_id")["share"].sum().to_numpy() == pytest.approx(1)
    assert report.rasters == {"terrain": 600}


def test_wrong_official_areas_are_noticed_and_no_others(city):
    areas = city[1].snapshot(MERGE).frame("summary_flurstueck").set_index("parcel_key")
    planted = {p.row for p in city[3].of_kind("area_deviation")}
    assert set(areas.index[areas["beyond_bound"]]) == planted
    assert len(planted) > 3


def test_buildings_over_the_border_stand_on_both_parcels(city):
    links = city[1].snapshot(MERGE).frame("link_gebaeude_bauwerk")
    ids = city[1].snapshot("alkis").frame("gebaeude_bauwerk")["oid"]
    planted = {p.row: set(p.parcels) for p in city[3].of_kind("overbuilt")}
    cut = links[links["boundary"]].groupby("feature_id")["parcel_key"].agg(set)
    assert {ids[feature][:16]: parcels for feature, parcels in cut.items()} == planted


def test_tax_by_parcel_adds_up_to_the_cent(city):
    objects = city[1].snapshot("property_tax").frame("grundsteuer")["annual_tax_cents"]
    merged = city[1].snapshot(MERGE)
    linked = merged.frame("link_grundsteuer")["feature_id"].unique()
    by_parcel = merged.frame("summary_grundsteuer")["sum_annual_tax_cents"]
    assert by_parcel.sum() == objects.loc[linked].sum() > 0


def test_graves_lie_in_their_cemetery(city):
    merged, cadastre = city[1].snapshot(MERGE), city[1].snapshot("alkis")
    parcels = cadastre.frame("flurstueck").set_index("flstkennz").geometry
    graves = city[1].snapshot("cemetery").frame("grab").geometry
    links = merged.frame("link_grab")
    touching = shapely.intersects(
        parcels.loc[links["parcel_key"]].array, graves.loc[links["feature_id"]].array
    )
    assert touching.all()
    assert links["parcel_key"].nunique() < 10
