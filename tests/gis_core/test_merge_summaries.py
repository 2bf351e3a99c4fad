"""What links add up to by parcel."""

import json

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis_core.merge.land_use import use_parts
from gis_core.merge.largest_remainder import share_out
from gis_core.merge.links import Links
from gis_core.merge.points import place_points
from gis_core.merge.shares import overlap
from gis_core.merge.summaries import summarise


def test_points_are_counted_by_value(street):
    spots = shapely.points([[1, 1], [2, 2], [3, 3], [10, 5], [31, 5]])
    links = place_points(spots, street, radius=np.array([np.nan] * 3 + [0.5, np.nan]), nearest_m=2)
    kind = np.array(["Tilia", "Acer", "Tilia", "Acer", None], object)
    table = summarise(links, parcel_key=street.key, values=kind)
    assert table["parcel_key"].tolist() == ["A", "B", "C"]
    assert table["n"].tolist() == [4, 1, 1]
    assert table["boundary"].tolist() == [1, 1, 0]
    assert table["nearest"].tolist() == [0, 0, 1]
    assert [json.loads(c) for c in table["counts"]] == [
        {"Acer": 2, "Tilia": 2},
        {"Acer": 1},
        {"": 1},
    ]
    assert list(json.loads(table["counts"][0])) == ["Acer", "Tilia"]


def test_sums_are_shared_out_and_cents_stay_whole(street):
    guests = np.array([shapely.box(5, 0, 20, 3), shapely.box(0, 0, 1, 1)])  # a third, two thirds
    links = overlap(guests, street)
    table = summarise(
        links,
        parcel_key=street.key,
        sums={"cents": np.array([100, 7]), "height": np.array([3.0, np.nan])},
    )
    assert table["sum_cents"].tolist() == [40, 67]
    assert table["sum_height"].tolist() == [1.0, 2.0]
    assert table["area_m2"].tolist() == [16.0, 30.0]


def test_nothing_adds_up_to_nothing(street):
    table = summarise(
        Links.none(), parcel_key=street.key, values=np.array([], object), with_areas=True
    )
    assert len(table) == 0
    assert {"n", "counts", "areas"} <= set(table.columns)


@given(
    st.lists(
        st.tuples(st.integers(0, 10**12), st.lists(st.floats(0, 1e6), min_size=1, max_size=9)),
        min_size=1,
        max_size=20,
    )
)
def test_parts_add_up_and_no_part_is_off_by_one(worlds):
    total = np.array([t for t, _ in worlds])
    group = np.concatenate([np.full(len(w), i) for i, (_, w) in enumerate(worlds)])
    weight = np.concatenate([w for _, w in worlds])
    parts = share_out(total, weight, group)
    assert np.bincount(group, parts).tolist() == total.tolist()
    whole = np.bincount(group, weight)[group]
    ideal = np.where(
        whole > 0, weight / np.where(whole > 0, whole, 1), 1 / np.bincount(group)[group]
    )
    assert np.abs(parts - ideal * total[group]).max() < 1 + 1e-3


def test_land_use_adds_up_to_the_official_area(street):
    uses = np.array(
        [shapely.box(0, 0, 3, 10), shapely.box(3, 0, 10.1, 10), shapely.box(10.1, 0, 20, 10)]
    )
    kind = np.array(["Weg", "Wald", "Wiese"], object)
    parts = use_parts(
        overlap(uses, street, accuracy_m=0.3),
        kind,
        planar_m2=street.area_m2,
        official_m2=np.array([101.0, np.nan, 55.0]),
    )
    # The sliver of wood on B goes to B's meadow.
    assert parts.drop(columns=["planar_m2", "sliver_m2"]).to_dict("split")["data"] == [
        [0, "Wald", 71.0],
        [0, "Weg", 30.0],
        [1, "Wiese", 100.0],
    ]
    assert parts["sliver_m2"].tolist() == pytest.approx([0, 0, 1.0])


def test_a_gap_in_the_land_use_is_a_part_of_its_own(street):
    links = overlap(np.array([shapely.box(0, 0, 6, 10)]), street)
    parts = use_parts(
        links,
        np.array(["Wald"], object),
        planar_m2=street.area_m2,
        official_m2=np.array([0.25, 1, 1]),
    )
    assert parts[["use", "area_m2"]].to_numpy().tolist() == [["Wald", 0.15], ["", 0.1]]
