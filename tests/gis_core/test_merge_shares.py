"""Areas and lines to parcels by share."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_core.errors import GeometryTypeError
from gis_core.merge.links import link_table
from gis_core.merge.shares import overlap


def test_a_guest_over_three_parcels(street):
    links = overlap(np.array([shapely.box(5, 0, 25, 4)]), street)
    assert links.parcel.tolist() == [0, 1, 2]
    assert links.area_m2.tolist() == [20, 40, 20]
    assert links.share.tolist() == [0.25, 0.5, 0.25]
    assert links.boundary.all()


@pytest.mark.parametrize(
    ("guest", "expected"),
    [
        pytest.param(shapely.box(1, 1, 3, 3), {0: 1.0}, id="inside-one"),
        pytest.param(shapely.box(10, 0, 20, 10), {1: 1.0}, id="the-parcel-itself"),
        pytest.param(shapely.box(-5, -5, 35, 15), dict.fromkeys((0, 1, 2), 0.125), id="around-all"),
        pytest.param(shapely.box(28, 0, 32, 10), {2: 0.5}, id="half-beyond-the-town"),
        pytest.param(shapely.box(30, 0, 40, 10), {}, id="touches-only"),
        pytest.param(shapely.box(10 - 1e-9, 0, 12, 5), {1: 1.0}, id="a-hair-of-rounding"),
        pytest.param(shapely.LineString([(5, 5), (15, 5)]), {0: 0.5, 1: 0.5}, id="a-line"),
        pytest.param(shapely.Polygon(), {}, id="empty"),
        pytest.param(None, {}, id="missing"),
        pytest.param(
            shapely.box(4, 4, 26, 6) - shapely.box(10, 0, 20, 10), {0: 0.5, 2: 0.5}, id="two-parts"
        ),
    ],
)
def test_shares_are_of_the_guest(street, guest, expected):
    links = overlap(np.array([guest], object), street)
    assert dict(zip(links.parcel.tolist(), links.share, strict=True)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("over", "accuracy", "sliver"),
    [
        pytest.param(0.1, 0.15, True, id="thinner-than-twice-the-accuracy"),
        pytest.param(0.1, 0.04, False, id="wider-than-the-accuracy-explains"),
        pytest.param(0.1, 0.0, False, id="no-accuracy-no-sliver"),
        pytest.param(0.19, 0.5, True, id="just-below-two-percent"),
        pytest.param(0.3, 0.5, False, id="too-much-of-the-parcel"),
    ],
)
def test_slivers_are_flagged_and_never_dropped(street, over, accuracy, sliver):
    guest = np.array([shapely.box(0, 0, 10 + over, 10)])
    links = overlap(guest, street, accuracy_m=accuracy)
    assert links.parcel.tolist() == [0, 1]
    assert links.sliver.tolist() == [False, sliver]
    assert links.area_m2.sum() == pytest.approx(guest[0].area)


def test_points_have_no_share(street):
    with pytest.raises(GeometryTypeError, match="no area"):
        overlap(shapely.points([[5, 5]]), street)


def pads(rng, n, low, high):
    """Return n random convex areas of 5 to 60 m, with a hole in every third."""
    made = []
    for i in range(n):
        corners = rng.uniform(low, high, (1, 2)) + rng.normal(0, rng.uniform(2, 20), (9, 2))
        area = shapely.convex_hull(shapely.MultiPoint(np.round(corners, 3)))
        hole = shapely.buffer(shapely.centroid(area), 1.0)
        made.append(area - hole if i % 3 == 0 else area)
    return np.array(made, object)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_shares_of_a_full_cover_sum_to_one(quilt, seed):
    town = quilt(8)
    guests = pads(np.random.default_rng(seed), 25, (324_060, 5_690_060), (324_100, 5_690_100))
    guests = shapely.intersection(guests, shapely.union_all(town.geometry))
    guests = guests[shapely.area(guests) > 1]
    links = overlap(guests, town, accuracy_m=0.3)
    # a piece below a square millimetre is none, and the guests have more than a square metre
    assert np.bincount(links.feature, links.share) == pytest.approx(1.0, abs=1e-5)
    covered = np.bincount(links.feature, links.area_m2)
    assert covered == pytest.approx(shapely.area(guests), abs=1e-5)


def test_agrees_with_geopandas_overlay(quilt):
    town = quilt(12)
    guests = pads(np.random.default_rng(3), 150, (324_000, 5_690_000), (324_240, 5_690_240))
    links = overlap(guests, town)
    pieces = gpd.overlay(
        gpd.GeoDataFrame({"guest": range(150)}, geometry=guests, crs=25832),
        gpd.GeoDataFrame({"parcel": range(len(town))}, geometry=town.geometry, crs=25832),
    )
    pieces = pieces[pieces.area > 1e-6]
    theirs = dict(zip(zip(pieces.guest, pieces.parcel, strict=True), pieces.area, strict=True))
    ours = dict(zip(zip(links.feature, links.parcel, strict=True), links.area_m2, strict=True))
    assert ours.keys() == theirs.keys()
    assert ours == pytest.approx(theirs, abs=1e-7)


def test_any_order_of_the_input_gives_the_same_shares_to_the_last_bit(quilt):
    rng = np.random.default_rng(5)
    guests = pads(rng, 60, (324_000, 5_690_000), (324_120, 5_690_120))
    name = np.array([f"g{i:02d}" for i in range(60)], object)
    tables = []
    for order in (np.arange(60), rng.permutation(60)):
        town = quilt(6, shuffle=int(order[0]) + 1)
        links = overlap(guests[order], town, accuracy_m=0.5)
        tables.append(link_table(links, name[order], town.key))
    assert tables[0].equals(tables[1])
