"""Points and stem discs to parcels."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_core.errors import GeometryTypeError
from gis_core.merge.discs import disc_area_inside
from gis_core.merge.fabric import ParcelFabric
from gis_core.merge.links import COLUMNS, CONFIDENCES, METHODS, link_table
from gis_core.merge.points import place_points


def words(links):
    return [
        (int(f), p, METHODS[m].value, CONFIDENCES[c].value)
        for f, p, m, c in zip(
            links.feature, links.parcel.tolist(), links.method, links.confidence, strict=True
        )
    ]


@pytest.mark.parametrize(
    ("x", "y", "parcel", "confidence"),
    [
        pytest.param(5, 5, 0, "certain", id="inside"),
        pytest.param(10, 5, 0, "boundary_possible", id="on-the-common-border-the-lower-key"),
        pytest.param(10, 10, 0, "boundary_possible", id="on-a-common-corner"),
        pytest.param(0, 0, 0, "certain", id="on-the-outer-corner"),
        pytest.param(10.000001, 5, 1, "certain", id="a-micrometre-behind-the-border"),
        pytest.param(30, 5, 2, "certain", id="on-the-outer-border"),
    ],
)
def test_a_point_has_one_parcel(street, x, y, parcel, confidence):
    links = place_points(shapely.points([[x, y]]), street)
    assert words(links) == [(0, parcel, "within", confidence)]
    assert links.share.tolist() == [1.0]
    assert not links.boundary.any()


@pytest.mark.parametrize(
    ("x", "shares", "confidence"),
    [
        pytest.param(5, {0: 1.0}, "certain", id="inside"),
        pytest.param(9, {0: 1.0}, "certain", id="touches-the-border-from-inside"),
        pytest.param(10, {0: 0.5, 1: 0.5}, "certain", id="cut-in-half"),
        # Chord at half the radius: the smaller segment is 1/3 - sqrt(3)/(4 pi) of the disc.
        pytest.param(9.5, {0: 0.8045, 1: 0.1955}, "certain", id="chord-at-half-the-radius"),
        pytest.param(30.5, {2: 0.1955}, "certain", id="mostly-outside-the-town"),
    ],
)
def test_a_disc_stands_on_every_parcel_under_it(street, x, shares, confidence):
    links = place_points(shapely.points([[x, 5]]), street, radius=np.array([1.0]))
    assert dict(zip(links.parcel.tolist(), links.share, strict=True)) == pytest.approx(
        shares, abs=5e-5
    )
    assert links.boundary.tolist() == [len(shares) > 1] * len(shares)
    assert {w[3] for w in words(links)} == {confidence}
    assert links.area_m2.sum() == pytest.approx(np.pi * sum(shares.values()), abs=5e-4)


@pytest.mark.parametrize(
    ("x", "radius", "accuracy", "confidence"),
    [
        pytest.param(5, 0.3, 1.0, "certain", id="far-from-any-border"),
        pytest.param(8.9, 0.3, 1.0, "boundary_possible", id="could-reach-the-neighbour"),
        pytest.param(9.9, 0.3, 1.0, "boundary_possible", id="cut-but-could-stand-clear"),
        pytest.param(9.9, 0.3, 0.05, "certain", id="cut-wherever-it-stands"),
        pytest.param(9.9, np.nan, 0.05, "certain", id="a-point-further-off-than-its-accuracy"),
        pytest.param(9.9, np.nan, 0.2, "boundary_possible", id="a-point-nearer-than-its-accuracy"),
        pytest.param(0.5, 0.3, 1.0, "certain", id="nobody-lives-beyond-the-town"),
    ],
)
def test_accuracy_decides_what_is_certain(street, x, radius, accuracy, confidence):
    links = place_points(
        shapely.points([[x, 5]]), street, radius=np.array([radius]), accuracy_m=accuracy
    )
    assert {w[3] for w in words(links)} == {confidence}


def test_what_no_parcel_covers_goes_to_the_nearest():
    gap = ParcelFabric.build(
        np.array(["A", "B"], object),
        np.array([shapely.box(0, 0, 10, 10), shapely.box(14, 0, 24, 10)]),
    )
    spots = shapely.points([[12, 5], [12.5, 5], [30, 5], [11, 5]])
    links = place_points(spots, gap, nearest_m=5.0)
    assert words(links) == [
        (0, 0, "nearest", "near"),
        (1, 1, "nearest", "near"),
        (3, 0, "nearest", "near"),
    ]
    assert links.distance_m.tolist() == [2.0, 1.5, 1.0]
    assert links.unlinked(4).tolist() == [2]
    assert len(place_points(spots, gap)) == 0


def test_damage_goes_to_the_street_next_to_the_garden_it_was_measured_in(street):
    only_b = np.array([False, True, False])
    spots = shapely.points([[15, 5], [8, 5], [1, 5], [33, 5]])
    links = place_points(spots, street, accuracy_m=3, nearest_m=5, preferred=only_b)
    assert words(links) == [
        (0, 1, "within", "certain"),  # no other street within three metres
        (1, 1, "nearest", "near"),
        (2, 0, "within", "certain"),  # no street near: the garden it is
        (3, 2, "nearest", "near"),
    ]


def test_missing_and_empty_points_have_no_parcel(street):
    points = np.array([None, shapely.Point(), shapely.Point(5, 5)], object)
    links = place_points(points, street, radius=np.array([1.0, np.nan, np.nan]), nearest_m=9)
    assert links.feature.tolist() == [2]


def test_rows_of_one_key_are_one_parcel():
    pieces = np.array(
        [shapely.box(0, 0, 5, 5), shapely.box(9, 0, 12, 5), shapely.box(5, 0, 9, 5), None], object
    )
    fabric = ParcelFabric.build(np.array(["B", "A", "B", "C"], object), pieces)
    assert fabric.key.tolist() == ["A", "B"]
    assert fabric.area_m2.tolist() == [15, 45]
    assert fabric.row.tolist() == [1, 0, 1, -1]
    with pytest.raises(GeometryTypeError, match="parcel A is not an area"):
        ParcelFabric.build(np.array(["A"], object), shapely.points([[0, 0]]))


@settings(max_examples=60, deadline=None)
@given(
    radius=st.floats(1e-3, 20),
    x=st.floats(-15, 25),
    y=st.floats(-15, 25),
)
def test_disc_area_agrees_with_a_finely_drawn_circle(radius, x, y):
    shape = shapely.Polygon(
        [(0, 0), (12, -3), (10, 11), (4, 6), (-2, 9)], [[(3, 2), (6, 2), (5, 4)]]
    )
    shape = shapely.union(shape, shapely.box(13, 0, 15, 15))
    area = disc_area_inside(np.array([[x, y]]), np.array([radius]), np.array([shape]))[0]
    drawn = shapely.Point(x, y).buffer(radius, quad_segs=2000).intersection(shape).area
    assert area == pytest.approx(drawn, rel=1e-5, abs=1e-6 * radius**2)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_point_in_a_gapless_town_has_one_parcel_and_every_disc_adds_up(quilt, seed):
    rng = np.random.default_rng(seed)
    town = quilt(5)
    # Some points exactly on corners, all deep enough that their discs stay in the town.
    corners = shapely.get_coordinates(town.geometry)
    inner = shapely.box(324_015, 5_690_015, 324_085, 5_690_085)
    corners = corners[shapely.intersects(inner, shapely.points(corners))]
    spots = np.vstack([rng.uniform((324_015, 5_690_015), (324_085, 5_690_085), (60, 2)), corners])
    points = shapely.points(spots)
    radius = np.where(rng.random(len(spots)) < 0.3, np.nan, rng.uniform(0.05, 3, len(spots)))

    placed = place_points(points, town)
    assert placed.feature.tolist() == list(range(len(points)))

    links = place_points(points, town, radius=radius, accuracy_m=1.0)
    assert np.bincount(links.feature, links.share) == pytest.approx(1.0, abs=1e-9)
    parcels = np.bincount(links.feature)
    assert (links.boundary == (parcels[links.feature] > 1)).all()


@pytest.mark.parametrize("seed", range(3))
def test_any_order_of_the_input_gives_the_same_links_to_the_last_bit(quilt, seed):
    rng = np.random.default_rng(seed)
    spots = rng.uniform((324_000, 5_690_000), (324_120, 5_690_120), (500, 2))
    radius = rng.uniform(0.05, 2, 500)
    name = np.array([f"t{i:03d}" for i in range(500)], object)
    tables = []
    for order in (np.arange(500), rng.permutation(500)):
        town = quilt(6, shuffle=int(order[0]))
        links = place_points(
            shapely.points(spots[order]), town, radius=radius[order], accuracy_m=1, nearest_m=3
        )
        tables.append(link_table(links, name[order], town.key))
    assert list(tables[0].columns) == list(COLUMNS)
    assert tables[0].equals(tables[1])
    assert not tables[0].duplicated(["feature_id", "parcel_key"]).any()


def test_agrees_with_geopandas_where_borders_are_not_hit(quilt):
    rng = np.random.default_rng(7)
    town = quilt(20)
    points = shapely.points(rng.uniform((323_990, 5_689_990), (324_410, 5_690_410), (4000, 2)))
    frame = gpd.GeoDataFrame(geometry=points, crs=25832)
    parcels = gpd.GeoDataFrame({"position": range(len(town))}, geometry=town.geometry, crs=25832)

    theirs = gpd.sjoin(frame, parcels, predicate="within")
    ours = place_points(points, town)
    assert dict(zip(ours.feature, ours.parcel, strict=True)) == theirs["position"].to_dict()

    near = gpd.sjoin_nearest(frame, parcels, max_distance=5, distance_col="d").sort_values(
        "position"
    )
    near = near[~near.index.duplicated()]
    ours = place_points(points, town, nearest_m=5)
    assert dict(zip(ours.feature, ours.parcel, strict=True)) == near["position"].to_dict()
    assert ours.distance_m == pytest.approx(near["d"].sort_index().to_numpy())
