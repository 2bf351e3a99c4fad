"""Links brought up to date are those of a merge from scratch."""

import shutil
import zlib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.affinity import translate

from gis_core.fabric_quality import AreaBound
from gis_core.keys import TextKeys
from gis_core.store import MERGE, Query, Store
from layers.merging import merge
from layers.merging.changes import rules_digest
from layers.municipality import load_municipality
from layers.registry import find_layers

REGISTRY, KREFELD = find_layers(), load_municipality("krefeld")


@pytest.fixture
def city(demo_store, tmp_path):
    """A copy of the demo city's store."""
    shutil.copytree(demo_store, tmp_path / "data")
    with Store.open(tmp_path / "data") as store:
        yield store


def tables(store):
    snapshot = store.snapshot(MERGE)
    found = {}
    for info in snapshot.info.tables:
        frame = snapshot.frame(info.schema.name, sealed=info.schema.sealed_rows)
        by = [c for c in frame.columns if c != "candidates"]
        found[info.schema.name, info.schema.sealed_rows] = pd.DataFrame(
            frame.sort_values(by, ignore_index=True)
        )
    return found


def same_as_from_scratch(store):
    update = merge(store, REGISTRY, KREFELD)
    assert update.changed is not None
    updated = tables(store)
    scratch = merge(store, REGISTRY, KREFELD, whole=True)
    assert scratch.changed is None
    again = tables(store)
    assert updated.keys() == again.keys()
    for name in again:
        pd.testing.assert_frame_equal(updated[name], again[name], check_exact=True, obj=str(name))
    for ours, theirs in zip(update.collections, scratch.collections, strict=True):
        assert ours.reassigned_m2 == pytest.approx(theirs.reassigned_m2, abs=0.002)
        assert replace(ours, seconds=0, reassigned_m2=0) == replace(
            theirs, seconds=0, reassigned_m2=0
        )
    assert (update.parcels, update.parcel_rows, update.beyond_bound, update.rasters) == (
        scratch.parcels,
        scratch.parcel_rows,
        scratch.beyond_bound,
        scratch.rasters,
    )
    return update


def edit(store, layer, table, change, how_many, seed):
    """Give rows of a table to ``change`` and store what it makes of them instead."""
    snapshot = store.snapshot(layer)
    frame = snapshot.frame(table)
    rng = np.random.default_rng(zlib.crc32(str(seed).encode()))
    rows = frame.loc[sorted(rng.choice(sorted(frame.index), how_many, replace=False))]
    new = change(rows.copy(), rng)
    with store.amend(layer) as writer:
        amended = writer.amend(table)
        amended.delete(rows.index)
        attributes = pd.DataFrame(new.reset_index(names="feature_id"))
        if "geometry" in attributes:
            geometry = attributes.pop("geometry").to_numpy(object)
            amended.append(attributes, geometry)
        else:
            amended.append(attributes)
        writer.publish({}, None)


def split(rows, rng):
    """Cut each parcel in two; the halves get denominators of their own."""
    halves = []
    for name, row in rows.iterrows():
        xmin, ymin, xmax, ymax = row.geometry.bounds
        middle = xmin + (xmax - xmin) * rng.uniform(0.3, 0.7)
        for i, box in enumerate(
            [(xmin - 1, ymin - 1, middle, ymax + 1), (middle, ymin - 1, xmax + 1, ymax + 1)]
        ):
            piece = shapely.intersection(row.geometry, shapely.box(*box))
            if piece.is_empty:
                continue
            key = row["flstkennz"][:14] + f"{9000 + i:04d}__"
            halves.append(
                row.to_dict() | {"geometry": piece, "flstkennz": key, "name": f"{name}-{i}"}
            )
    return pd.DataFrame(halves).set_index("name")


def gone(rows, _):
    return rows.iloc[:0]


def moved(rows, rng):
    rows["geometry"] = [translate(g, *rng.uniform(-40, 40, 2)) for g in rows.geometry]
    return rows


def thicker(rows, _):
    rows["trunk_circumference_cm"] = 300.0
    return rows


CHANGES = {
    "parcels-split": [("alkis", "flurstueck", split, 8)],
    "parcels-gone": [("alkis", "flurstueck", gone, 5)],
    "points": [
        ("trees", "baum", moved, 30),
        ("trees", "baum", gone, 20),
        ("trees", "baum", thicker, 20),
        ("road_damage", "strassenschaden", moved, 6),
    ],
    "areas": [
        ("alkis", "gebaeude_bauwerk", moved, 15),
        ("alkis", "nutzung", gone, 4),
        ("cemetery", "grab", moved, 5),
    ],
    "tables": [
        ("property_tax", "grundsteuer", gone, 10),
        ("trade_tax", "gewerbesteuer", gone, 3),
    ],
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_update_is_a_merge_from_scratch(city, change):
    for layer, table, how, many in CHANGES[change]:
        edit(city, layer, table, how, many, seed=change)
    assert same_as_from_scratch(city).changed >= CHANGES[change][0][3]


def test_many_changes_at_once_and_one_after_the_other(city):
    for layer, table, how, many in [c for several in CHANGES.values() for c in several]:
        edit(city, layer, table, how, max(1, many // 2), seed=1)
    merge(city, REGISTRY, KREFELD)
    edit(city, "trees", "baum", moved, 5, seed=2)
    edit(city, "alkis", "flurstueck", split, 2, seed=2)
    same_as_from_scratch(city)


def test_nothing_changed_changes_nothing(city):
    """The same rows imported again are noted, with the same links; no import leaves all as it is.

    What is told of the links is the same each time.
    """
    before, served = tables(city), city.served()[MERGE]
    edit(city, "trees", "baum", lambda rows, _: rows, 3, seed=1)
    report = merge(city, REGISTRY, KREFELD)
    assert report.changed == 0
    assert report.generation == served.number + 1
    assert city.served()[MERGE].inputs["trees"] == served.inputs["trees"] + 1
    again = merge(city, REGISTRY, KREFELD)
    assert replace(again, seconds=0, collections=()) == replace(report, seconds=0, collections=())
    for one, other in zip(again.collections, report.collections, strict=True):
        assert replace(one, seconds=0) == replace(other, seconds=0)
    assert city.served()[MERGE].number == report.generation
    after = tables(city)
    for name, frame in before.items():
        pd.testing.assert_frame_equal(frame, after[name], check_exact=True)


def test_a_large_change_is_merged_from_scratch(city):
    trees = city.served()["trees"].table("baum").count
    edit(city, "trees", "baum", gone, trees // 2, 1)
    assert merge(city, REGISTRY, KREFELD).changed is None


def test_other_rules_are_merged_from_scratch(city):
    """A wider bound, another CRS, another statistic: the served links do not follow them."""
    same = dict(REGISTRY.layers)
    terrain = same["terrain"]
    raster = terrain.raster.model_copy(update={"exact": not terrain.raster.exact})
    same["terrain"] = terrain.model_copy(update={"raster": raster})
    now = rules_digest(REGISTRY, KREFELD)
    others = [
        rules_digest(REGISTRY, replace(KREFELD, area_bound=AreaBound(a=9.0))),
        rules_digest(REGISTRY, replace(KREFELD, storage_crs=25833)),
        rules_digest(REGISTRY, replace(KREFELD, keys=TextKeys())),
        rules_digest(replace(REGISTRY, layers=same), KREFELD),
    ]
    assert len({now, *others}) == 5
    wider = replace(KREFELD, area_bound=AreaBound(a=9.0))
    assert merge(city, REGISTRY, wider).changed is None
    assert merge(city, REGISTRY, wider).changed == 0


def test_links_follow_the_ground_and_tax_objects_their_keys(city):
    """A split parcel's trees go to its halves; its tax object waits for the tax office."""
    linked = city.snapshot(MERGE).frame("link_baum")
    tax = city.snapshot(MERGE).frame("link_grundsteuer")
    both = set(linked["parcel_key"]) & set(tax["parcel_key"])
    key = min(both)
    row = city.snapshot("alkis").frame("flurstueck", Query(equals={"flstkennz": key}))
    with city.amend("alkis") as writer:
        table = writer.amend("flurstueck")
        table.delete(row.index)
        halves = pd.DataFrame(split(row, np.random.default_rng(1)).reset_index(names="feature_id"))
        table.append(halves.drop(columns="geometry"), halves["geometry"].to_numpy(object))
        writer.publish({}, None)
    same_as_from_scratch(city)
    now = city.snapshot(MERGE)
    trees = now.frame("link_baum")
    follow = trees[trees["feature_id"].isin(linked.loc[linked["parcel_key"] == key, "feature_id"])]
    assert np.isin(follow["parcel_key"].str[:14], key[:14]).any()
    assert key not in set(trees["parcel_key"])
    assert key not in set(now.frame("link_grundsteuer")["parcel_key"])
    assert key in set(now.frame("unmatched", sealed=True)["found"])
