"""The merge over a store: small registers whose links can be checked by hand."""

import json

import pandas as pd
import pytest
import shapely

from gis_core.errors import StoreError
from gis_core.store import MERGE, Store
from layers.access import Actor
from layers.errors import NotMergedError
from layers.merging import merge
from layers.municipality import load_municipality
from layers.reader import open_reader
from layers.registry import find_layers

X, Y = 324_000, 5_690_000
GARDEN, STREET, YARD = "05304901200001______", "05304901200002______", "053049012000030001__"
GONE = "053049012000030002__"
CLERK = Actor("property_tax_clerk", "assessment 12/345", "n. n.")


def run(folder, **options):
    with Store.open(folder) as store:
        return merge(store, find_layers(), load_municipality("krefeld"), **options)


def table(folder, name, **options):
    with Store.open(folder) as store:
        return store.snapshot(MERGE).frame(name, **options)


def links(folder, collection):
    frame = table(folder, f"link_{collection}")
    columns = ["feature_id", "parcel_key", "method", "confidence"]
    return list(frame[columns].itertuples(index=False, name=None))


def test_trees_stand_where_their_stems_do(town):
    report = run(town)
    assert links(town, "baum") == [
        ("t1", GARDEN, "within", "certain"),
        ("t2", GARDEN, "disc", "boundary_possible"),
        ("t2", STREET, "disc", "boundary_possible"),
        ("t3", YARD, "nearest", "near"),
    ]
    frame = table(town, "link_baum")
    assert frame["share"].tolist() == pytest.approx([1, 0.5, 0.5, 1])
    assert frame["boundary"].tolist() == [False, True, True, False]
    trees = next(c for c in report.collections if c.collection == "baum")
    assert (trees.features, trees.linked, trees.unlinked, trees.boundary) == (4, 3, 1, 1)
    assert trees.unmatched == {"outside": 1}
    summary = table(town, "summary_baum").set_index("parcel_key")
    assert summary.loc[GARDEN, ["n", "boundary"]].tolist() == [2, 1]
    assert json.loads(summary.loc[GARDEN, "counts"]) == {"Acer": 1, "Tilia": 1}


def test_damages_belong_to_the_street_unless_there_is_none_near(town):
    run(town)
    assert links(town, "strassenschaden") == [
        ("d1", STREET, "within", "certain"),
        ("d2", STREET, "nearest", "near"),
        ("d3", YARD, "within", "certain"),
    ]


def test_buildings_and_uses_are_shared_out(town):
    report = run(town)
    frame = table(town, "link_gebaeude_bauwerk")
    assert frame["area_m2"].tolist() == pytest.approx([20, 40, 20])
    assert frame["share"].tolist() == pytest.approx([0.25, 0.5, 0.25])
    # The garden's use reaches 0.1 m over the street: a sliver, kept as a link, and counted with
    # the street. The yard has no use at all.
    uses = table(town, "link_nutzung")
    assert uses["sliver"].tolist() == [False, True, False]
    areas = table(town, "summary_nutzung").set_index("parcel_key")["areas"].map(json.loads)
    assert areas.to_dict() == {GARDEN: {"Garten": 421.0}, STREET: {"Straßenverkehr": 200.0}}
    use = next(c for c in report.collections if c.collection == "nutzung")
    assert (use.slivers, use.reassigned_m2, use.parcels_without) == (1, 2.0, 1)


def test_tax_objects_keep_every_parcel_and_every_reason(town):
    report = run(town)
    assert links(town, "grundsteuer") == [
        ("a", GARDEN, "key", "exact"),
        ("a", YARD, "key", "normalised"),
    ]
    # Equal areas share 300.01 euros to the cent.
    summary = table(town, "summary_grundsteuer").set_index("parcel_key")
    assert summary["sum_annual_tax_cents"].to_dict() == {GARDEN: 15_001, YARD: 15_000}
    cases = table(town, "unmatched", sealed=True).set_index("feature_id")
    assert cases.loc["b", ["reason", "detail"]].tolist() == ["unreadable", "unknown-section"]
    assert cases.loc["c", "reason"] == "no-key"
    assert cases.loc["d", ["found", "reason"]].tolist() == [GONE, "not-existing"]
    assert cases.loc["d", "candidates"] == [YARD]
    tax = next(c for c in report.collections if c.collection == "grundsteuer")
    assert tax.unmatched == {"no-key": 1, "not-existing": 1, "unreadable": 1}
    assert tax.parcels_without == 1


def test_establishments_are_found_by_street_and_number(town):
    run(town)
    assert links(town, "gewerbesteuer") == [("x", GARDEN, "address", "text")]
    cases = table(town, "unmatched", sealed=True).set_index("feature_id")
    assert cases.loc["y", "reason"] == "unknown-house-number"
    assert cases.loc["y", "candidates"] == [YARD]
    assert cases.loc["z", "reason"] == "unknown-street"


def test_areas_and_heights_of_every_parcel(town):
    report = run(town)
    area = table(town, "summary_flurstueck").set_index("parcel_key")
    assert area.loc[GARDEN, "geometric_area_m2"] == 400
    # At Krefeld the projection shrinks areas by less than 0.01 %.
    assert area["corrected_area_m2"].to_list() == pytest.approx([400, 200, 400], rel=1.2e-4)
    assert area["beyond_bound"].tolist() == [True, False, False]  # 21 m² too many, 4 allowed
    assert report.beyond_bound == 1
    height = table(town, "summary_terrain").set_index("parcel_key")
    assert height.loc[GARDEN, ["cells", "mean", "min", "max", "std"]].tolist() == [
        400,
        0.5,
        0,
        1,
        0.5,
    ]
    assert height.loc[STREET, "mean"] == 2


def test_secrets_are_sealed_and_the_reader_keeps_them(town):
    run(town)
    with Store.open(town) as store:
        open_file = store.snapshot(MERGE).info.path / "open.gpkg"
    assert GONE.encode() not in open_file.read_bytes()
    reader = open_reader(town)
    assert len(reader.links(CLERK, "grundsteuer", parcel_keys=[YARD])) == 1
    assert len(reader.unmatched(CLERK, "grundsteuer")) == 3
    assert "areas" in reader.summaries(CLERK, "nutzung")
    reader.close()


def test_the_same_input_gives_the_same_tables_and_names_what_it_was_made_from(town):
    first = run(town)
    before = {n: table(town, n) for n in ("link_baum", "summary_baum", "summary_grundsteuer")}
    second = run(town, whole=True)
    assert (first.generation, second.generation) == (1, 2)
    assert second.inputs == {
        "alkis": 1,
        "property_tax": 1,
        "road_damage": 1,
        "terrain": 1,
        "trade_tax": 1,
        "trees": 1,
    }
    for name, frame in before.items():
        pd.testing.assert_frame_equal(frame, table(town, name), check_exact=True)


def test_any_order_of_the_sources_gives_the_same_tables_to_the_last_bit(town, shuffled_town):
    report = run(town)
    run(shuffled_town)
    names = [f"{kind}_{c.collection}" for c in report.collections for kind in ("link", "summary")]
    for name in (*names, "summary_flurstueck", "summary_terrain"):
        ours, theirs = table(town, name), table(shuffled_town, name)
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)
    for sealed in (False, True):
        pd.testing.assert_frame_equal(
            table(town, "unmatched", sealed=sealed),
            table(shuffled_town, "unmatched", sealed=sealed),
        )


def test_a_new_import_makes_the_links_stale_until_the_next_merge(town, put):
    run(town)
    with Store.open(town) as store:
        put(store, "trees", {"baum": ({"feature_id": ["t9"]}, shapely.points([[X + 5, Y + 5]]))})
    reader = open_reader(town)
    assert reader.stale_links() == ("trees",)
    steps = []
    run(town, progress=lambda *step: steps.append(step))
    assert reader.stale_links() == ()
    assert {s[0] for s in steps} == {"parcels", "collections", "terrain", "publish"}
    assert links(town, "baum") == [("t9", GARDEN, "within", "certain")]
    reader.close()


def test_without_parcels_there_is_nothing_to_merge_by(tmp_path, put):
    with Store.open(tmp_path, create=True) as store:
        put(store, "trees", {"baum": ({"feature_id": ["t9"]}, shapely.points([[X, Y]]))})
        with pytest.raises(NotMergedError, match="no parcels") as caught:
            merge(store, find_layers(), load_municipality("krefeld"))
        assert "flurbuch ingest alkis" in caught.value.advice
        put(store, "alkis", {"flurstueck": ({"feature_id": ["p"]}, [shapely.box(0, 0, 1, 1)])})
        with pytest.raises(NotMergedError, match="none of 1 parcels has both a key"):
            merge(store, find_layers(), load_municipality("krefeld"))
        with pytest.raises(StoreError):
            store.snapshot(MERGE)
