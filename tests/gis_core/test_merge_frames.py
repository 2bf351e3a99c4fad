"""The merge for GeoDataFrames: the same links as arrays and geopandas, by the caller's names."""

import re
import subprocess
import sys

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import gis_core.merge as public
from gis_core.errors import CRSMismatchError, GeometryTypeError, QueryError
from gis_core.merge import apportion, merge, use_areas, zonal_statistics
from gis_core.merge.fabric import ParcelFabric
from gis_core.merge.links import link_table
from gis_core.merge.points import place_points
from gis_core.merge.shares import overlap
from tests.gis_core.test_engines import FAR, guests, town

ENGINES = pytest.mark.parametrize("engine", ["shapely", "kernels"])


def frame(geometry, crs=25832, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(geometry), crs=crs)


@pytest.fixture
def plots():
    """Return three plots of 10 m in a row; rows not in the order of their keys."""
    x = np.array([20, 0, 10])
    return frame(shapely.box(x, 0, x + 10, 10), key=["C", "A", "B"])


def world(seed):
    """Return parcels with keys in any order, areas and points with labels of their own."""
    ground, rng = town(seed)
    ground = ground[rng.permutation(len(ground))]
    shapes = guests(rng)
    corners = shapely.get_coordinates(ground)
    xy = np.vstack([rng.uniform(-5, 205, (80, 2)), corners[rng.integers(0, len(corners), 20)]])
    moved = [shapely.transform(g, lambda c: c + FAR) for g in (ground, shapes, shapely.points(xy))]
    key = rng.permutation(len(ground)) + 95  # of two and three digits
    parcels = frame(moved[0], key=key, text=[f"{k:04d}" for k in key])
    areas = frame(moved[1]).set_axis(rng.permutation(len(shapes)) * 7)
    spots = frame(moved[2], r=np.where(rng.random(100) < 0.5, rng.uniform(0, 1.5, 100), np.nan))
    return parcels, areas, spots.set_axis([f"t{i}" for i in rng.permutation(100)])


def same_table(table, links, index, fabric):
    """Compare a table with links by arrays, which are sorted by other names."""
    other = link_table(links, np.asarray(index.astype(str), object), fabric.key)
    table = table.assign(
        feature=table["feature"].astype(str), parcel_key=table["parcel_key"].astype(str)
    )
    table = table.astype({"method": object, "confidence": object})
    mine = table.sort_values(["feature", "parcel_key"], ignore_index=True)
    mine = mine.rename(columns={"feature": "feature_id"})
    mine.attrs = {}
    pd.testing.assert_frame_equal(mine, other, check_dtype=False, check_exact=True)


@ENGINES
@given(seed=st.integers(0, 10_000))
@settings(max_examples=12, deadline=None)
def test_the_table_is_what_arrays_say(engine, seed):
    parcels, areas, spots = world(seed)
    fabric = ParcelFabric.build(
        parcels["text"].to_numpy(object), parcels.geometry.to_numpy(), engine=engine
    )
    how = {"accuracy_m": 0.3, "nearest_m": 3.0}
    table = merge(parcels, spots, how="disc", key="text", radius="r", engine=engine, **how)
    links = place_points(spots.geometry.to_numpy(), fabric, radius=spots["r"].to_numpy(), **how)
    same_table(table, links, spots.index, fabric)
    table = merge(parcels, areas, how="share", key="text", accuracy_m=0.3, engine=engine)
    same_table(
        table, overlap(areas.geometry.to_numpy(), fabric, accuracy_m=0.3), areas.index, fabric
    )
    assert not table.duplicated(["feature", "parcel_key"]).any()
    assert table.attrs["unlinked"] == len(areas) - table["feature"].nunique()


@ENGINES
@given(seed=st.integers(0, 10_000))
@settings(max_examples=8, deadline=None)
def test_geopandas_finds_the_same(engine, seed):
    parcels, areas, spots = world(seed)
    joined = spots.sjoin(parcels[["key", "geometry"]], predicate="intersects")
    lowest = joined.groupby(level=0)["key"].min()
    placed = merge(parcels, spots, key="key", engine=engine).set_index("feature")["parcel_key"]
    pd.testing.assert_series_equal(placed.sort_index(), lowest.sort_index(), check_names=False)

    areas = areas[areas.area > 0]
    pieces = gpd.overlay(
        areas.reset_index(names="feature"), parcels[["key", "geometry"]], keep_geom_type=True
    )
    theirs = pieces.assign(area=pieces.area).set_index(["feature", "key"])["area"]
    shares = merge(parcels, areas, how="share", key="key", engine=engine)
    ours = shares.set_index(["feature", "parcel_key"])["area_m2"]
    both = pd.concat([theirs, ours], axis=1).fillna(0.0)
    assert (both["area"] - both["area_m2"]).abs().max() < 2e-6


@given(seed=st.integers(0, 10_000))
@settings(max_examples=8, deadline=None)
def test_no_order_of_rows_changes_a_bit(seed):
    parcels, areas, spots = world(seed)
    shuffled = parcels.sample(frac=1, random_state=seed)
    for features, how in ((areas, "share"), (spots, "point")):
        first = merge(parcels, features, how=how, key="key")
        again = merge(shuffled, features.sample(frac=1, random_state=1), how=how, key="key")
        order = ["feature", "parcel_key"]
        pd.testing.assert_frame_equal(
            first.sort_values(order, ignore_index=True),
            again.sort_values(order, ignore_index=True),
            check_exact=True,
        )


def test_names_come_back_as_they_were_given(plots):
    trees = frame(shapely.points([[25, 5], [10, 5]]), id=[7, 3]).set_index("id")
    by_text = merge(plots, trees, key="key")
    assert by_text["feature"].tolist() == [7, 3]
    assert by_text["parcel_key"].tolist() == ["C", "A"]
    # Numbers are compared as numbers: 9 comes before 10, and so it has the tree on the border.
    by_number = merge(plots.assign(key=[11, 10, 9]), trees, key="key")
    assert by_number["parcel_key"].tolist() == [11, 9]
    assert by_number["parcel_key"].dtype == np.int64
    assert merge(plots, trees)["parcel_key"].tolist() == [0, 1]
    assert by_text.columns.tolist() == merge(plots, trees.iloc[:0], key="key").columns.tolist()


def test_what_is_left_out_is_counted(plots):
    plots.loc[3] = {"key": "D", "geometry": None}
    plots.loc[4] = {"key": None, "geometry": shapely.box(90, 0, 99, 9)}
    plots.loc[5] = {"key": "A", "geometry": shapely.box(-5, 0, 0, 10)}
    plots.loc[6] = {"key": "E", "geometry": shapely.from_wkt("POLYGON((50 0,60 9,60 0,50 9,50 0))")}
    trees = frame(
        [None, shapely.Point(), shapely.Point(-3, 3), shapely.Point(95, 5), shapely.Point(51, 2)]
    )
    links = merge(plots, trees, key="key")
    assert links[["feature", "parcel_key"]].to_numpy().tolist() == [[2, "A"], [4, "E"]]
    assert (
        links.attrs.items()
        >= {
            "features": 5,
            "unlinked": 3,
            "parcels": 4,
            "parcels_without_geometry": 1,
            "parcel_rows_without_key": 1,
            "parcels_of_several_rows": 1,
            "parcel_rows_repaired": 1,
            "engine": "shapely",
        }.items()
    )


def test_overlapping_parcels_are_reported_and_the_lowest_key_has_the_point(plots):
    plots.loc[3] = {"key": "0", "geometry": shapely.box(5, 0, 15, 10)}
    assert merge(plots, frame(shapely.points([[7, 5]])), key="key")["parcel_key"].tolist() == ["0"]
    links = merge(plots, frame([shapely.box(6, 0, 8, 1), shapely.box(22, 1, 23, 2)]), how="share")
    assert links["share"].tolist() == [1, 1, 1]
    assert links.attrs["overlap_m2"] == 2


def test_preferred_parcels_by_column_or_mask(plots):
    damage = frame(shapely.points([[12, 5], [8, 5]]))
    street = plots["key"].eq("B")
    for prefer in (street, street.to_numpy()):
        links = merge(plots, damage, key="key", prefer=prefer, nearest_m=5)
        assert links["parcel_key"].tolist() == ["B", "B"]
        assert links["distance_m"].tolist() == [0, 2]
    again = merge(plots.assign(street=street), damage, key="key", prefer="street", nearest_m=5)
    pd.testing.assert_frame_equal(again, links)


def test_stated_keys(plots):
    rows = pd.DataFrame({"k": [["C", "A", "A"], "B", None, "X", []]}, index=list("vwxyz"))
    links = merge(plots, rows, how="key", key="key", stated_key="k")
    assert links[["feature", "parcel_key"]].to_numpy().tolist() == [
        ["v", "A"],
        ["v", "C"],
        ["w", "B"],
    ]
    assert links["share"].tolist() == [0.5, 0.5, 1.0]
    assert set(links["confidence"]) == {"exact"}
    assert links.attrs["unlinked"] == 3
    with pytest.raises(QueryError, match="are numbers"):
        merge(plots, pd.DataFrame({"k": [1, 2]}), how="key", key="key", stated_key="k")


UTM, LAEA, DEGREES, FEET = 25832, 3035, 4326, 2263


@pytest.mark.parametrize(
    ("left", "right", "says", "advises"),
    [
        pytest.param(
            UTM, LAEA, "EPSG:25832, features in EPSG:3035", "to_crs(parcels.crs)", id="two"
        ),
        pytest.param(UTM, None, "features in no CRS", "set_crs('EPSG:25832')", id="one-missing"),
        pytest.param(None, UTM, "parcels are in no CRS", "parcels.set_crs", id="other-missing"),
        pytest.param(DEGREES, DEGREES, "degree", "to_crs('EPSG:25832')", id="degrees"),
        pytest.param(FEET, FEET, "foot", "to_crs(", id="feet"),
    ],
)
def test_frames_lie_in_one_plane_in_metres(left, right, says, advises):
    parcels, trees = frame([shapely.box(6, 50, 7, 51)], left), frame([shapely.Point(6, 50)], right)
    for call in (
        lambda: merge(parcels, trees),
        lambda: merge(parcels, trees, how="disc", radius=1),
    ):
        with pytest.raises(CRSMismatchError) as caught:
            call()
        assert says in str(caught.value)
        assert advises in caught.value.advice


def test_metres_that_are_called_degrees_are_seen():
    plots = frame([shapely.box(329_000, 5_690_000, 329_010, 5_690_010)], DEGREES)
    with pytest.raises(CRSMismatchError) as caught:
        merge(plots, plots, how="share")
    assert "set_crs('EPSG:25832', allow_override=True)" in caught.value.advice


@pytest.mark.parametrize(
    "crs",
    [
        pytest.param("EPSG:5555", id="with-heights"),
        pytest.param("+proj=utm +zone=32 +ellps=GRS80 +units=m", id="no-authority"),
    ],
)
def test_any_crs_in_metres_will_do(crs):
    plots = frame([shapely.box(0, 0, 9, 9)], crs)
    assert merge(plots, plots, how="share")["area_m2"].tolist() == [81]


def test_keys_of_pandas_own_types(plots):
    trees = frame(shapely.points([[10, 5], [25, 5]]))
    for keys in (["C", "", None], [3, None, 1]):
        typed = plots.assign(key=pd.array(keys))
        assert merge(typed, trees, key="key").attrs["parcel_rows_without_key"] > 0
        assert merge(typed, trees, key="key")["parcel_key"].dtype == typed["key"].dtype


def test_no_parcels_no_links(plots):
    for how in ("point", "share"):
        features = frame([shapely.Point(1, 1) if how == "point" else shapely.box(0, 0, 1, 1)])
        links = merge(plots.iloc[:0], features, how=how, key="key")
        assert len(links) == 0
        assert links.attrs["unlinked"] == 1
    cell = frame([shapely.box(0, 0, 1, 1)], people=[3])
    got = apportion(cell, plots.iloc[:0], extensive=["people"], whole=True, spread=True)
    assert got.attrs["lost"] == {"people": 3}


def test_no_crs_on_both_sides_is_a_plane(plots):
    plots = plots.set_crs(None, allow_override=True)
    assert len(merge(plots, frame([shapely.Point(1, 1)], crs=None))) == 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        pytest.param({"how": "within"}, "no how='within'", id="how"),
        pytest.param({"engine": "duckdb"}, "no engine 'duckdb'", id="engine"),
        pytest.param({"radius": 1}, "radius has no meaning", id="option-of-another-how"),
        pytest.param({"how": "disc"}, "needs radius", id="option-missing"),
        pytest.param(
            {"how": "disc", "radius": "stem"}, "features have no column 'stem'", id="column"
        ),
        pytest.param({"how": "disc", "radius": [1, 2]}, "shape (2,)", id="length"),
        pytest.param({"how": "disc", "radius": "name"}, "numbers", id="text-for-numbers"),
        pytest.param({"prefer": "key"}, "true or false", id="prefer-no-bool"),
        pytest.param({"key": "flstkennz"}, "parcels have no column 'flstkennz'", id="key"),
        pytest.param({"accuracy_m": -1}, "0 or more", id="negative"),
    ],
)
def test_a_wrong_question_is_named(plots, options, says):
    trees = frame([shapely.Point(1, 1)], name=["oak"])
    with pytest.raises(QueryError, match=re.escape(says)):
        merge(plots, trees, **options)


def test_labels_must_tell_rows_apart(plots):
    trees = frame(shapely.points([[1, 1], [2, 2]])).set_axis([4, 4])
    with pytest.raises(QueryError, match="more than one row 4") as caught:
        merge(plots, trees)
    assert "reset_index" in caught.value.advice


def test_kinds_of_geometry_that_do_not_fit(plots):
    areas = frame([shapely.box(0, 0, 1, 1)]).set_axis(["pond"])
    with pytest.raises(GeometryTypeError, match="pond is a polygon"):
        merge(plots, areas)
    with pytest.raises(GeometryTypeError, match="row 0 is a point"):
        merge(frame([shapely.Point(1, 1)]), areas, how="share")
    with pytest.raises(GeometryTypeError, match="no area"):
        merge(plots, frame([shapely.Point(1, 1)]), how="share")
    for bare in (pd.DataFrame({"x": [1]}), gpd.GeoDataFrame({"x": [1]})):
        with pytest.raises(GeometryTypeError, match="features have no geometry"):
            merge(plots, bare)
        with pytest.raises(GeometryTypeError, match="parcels have no geometry"):
            merge(bare, bare, how="key", stated_key="x")
    one = frame([shapely.MultiPoint([(25, 5)])])
    assert merge(plots, one, key="key")["parcel_key"].tolist() == ["C"]


@ENGINES
@given(seed=st.integers(0, 10_000))
@settings(max_examples=12, deadline=None)
def test_nothing_is_gained_or_lost_by_apportioning(engine, seed):
    parcels, sources, _ = world(seed)
    sources = sources[sources.area > 0]
    rng = np.random.default_rng(seed)
    sources["people"] = rng.integers(-5, 10 ** rng.integers(1, 9), len(sources))
    sources["heat"] = rng.normal(0, 1e6, len(sources))
    total = sources[["people", "heat"]].sum()
    options = {"extensive": ["people", "heat"], "key": "key", "engine": engine}
    for spread in (False, True):
        got = apportion(sources, parcels, spread=spread, **options)
        lost = pd.Series(got.attrs["lost"])
        rounding = 1e-12 * sources[["people", "heat"]].abs().sum()
        assert ((got[["people", "heat"]].sum() + lost - total).abs() <= rounding).all()
    whole = apportion(sources, parcels, whole=True, **options | {"extensive": ["people"]})
    assert whole["people"].sum() + whole.attrs["lost"]["people"] == total["people"]
    assert (whole["people"] - apportion(sources, parcels, **options)["people"]).abs().max() < len(
        sources
    )


@ENGINES
def test_apportion_is_areal_weighting(engine):
    ground, _ = town(3, plots=60)
    cells, _ = town(4, plots=15)
    rough = frame(ground)
    # A precision grid would round the pieces that GEOS makes; the worlds carry one.
    ground, cells = (shapely.set_precision(g, 0, mode="pointwise") for g in (ground, cells))
    parcels, cells = frame(ground), frame(cells, people=np.arange(len(cells)) * 10.0)
    cells["density"] = cells["people"] / cells.area
    got = apportion(cells, parcels, extensive=["people"], intensive=["density"], engine=engine)
    pieces = gpd.overlay(cells.reset_index(names="c"), parcels.reset_index(names="p"))
    pieces["part"] = pieces["people"] * pieces.area / cells.area.reindex(pieces["c"]).to_numpy()
    expected = pieces.groupby("p")["part"].sum()
    # Cells of whole millimetres overlap by a hair; what exceeds them is taken off.
    np.testing.assert_allclose(got["people"], expected.reindex(got.index), atol=1e-2)
    cover = got["density"] * parcels.area * got["covered_share"]
    np.testing.assert_allclose(cover, got["people"], atol=1e-2)
    np.testing.assert_allclose(got["covered_share"], 1, atol=1e-3)
    again = apportion(cells, rough, extensive=["people"], intensive=["density"], engine=engine)
    pd.testing.assert_frame_equal(got, again, check_exact=True)


def test_apportion_keeps_every_parcel_and_says_what_is_unknown(plots):
    plots.loc[3] = {"key": "D", "geometry": None}
    cells = frame(
        [shapely.box(5, 0, 15, 10), shapely.box(10, 0, 20, 10), shapely.box(40, 0, 50, 9), None],
        people=[100, np.nan, 7, 3],
        rent=[8.0, np.nan, 9.0, 9.0],
    )
    got = apportion(cells, plots, extensive=["people"], intensive=["rent"], key="key")
    assert got.index.tolist() == ["C", "A", "B", "D"]
    assert got["people"].tolist() == [0, 50, 50, 0]
    assert got["rent"].tolist() == pytest.approx([np.nan, 8, 8, np.nan], nan_ok=True)
    assert got["covered_share"].tolist() == pytest.approx([0, 0.5, 1.5, np.nan], nan_ok=True)
    assert got.attrs["lost"] == {"people": 10.0}
    assert got.attrs["lost_m2"] == 90.0
    assert plots.set_index("key").join(got)["people"].tolist() == [0, 50, 50, 0]


def test_what_lies_on_two_parcels_is_not_counted_twice(plots):
    double = pd.concat([plots, plots.assign(key=["F", "D", "E"])])
    cell = frame([shapely.box(0, 0, 20, 10)], people=[80])
    got = apportion(cell, double, extensive=["people"], key="key")
    assert got["people"].tolist() == [0, 20, 20, 0, 20, 20]


def test_wrong_sources_are_named(plots):
    cell = frame([shapely.box(0, 0, 20, 10)], people=[80.5], town=["x"], flow=[np.inf]).set_axis(
        ["c1"]
    )
    for options, says in (
        ({"extensive": ["peple"]}, "sources have no column 'peple'"),
        ({"intensive": ["flow"]}, "flow has an infinite value"),
        ({"extensive": ["town"]}, "town is not a column of numbers"),
        ({"extensive": ["people"], "whole": True}, "row c1 has 80.5"),
        ({"extensive": ["people"], "intensive": ["people"]}, "asked for twice"),
    ):
        with pytest.raises(QueryError, match=says):
            apportion(cell, plots, **options)
    with pytest.raises(GeometryTypeError, match="sources: row 0 is a point"):
        apportion(frame([shapely.Point(1, 1)]), plots)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_land_use_adds_up_to_the_official_area(seed):
    ground, rng = town(seed, plots=30)
    cover, _ = town(seed + 1, plots=20)
    parcels = frame(ground, official=np.round(shapely.area(ground) * rng.uniform(0.98, 1.02)))
    uses = frame(cover, kind=rng.choice(["wood", "road", "farm"], len(cover)))
    parts = use_areas(parcels, uses, use="kind", official_m2="official", accuracy_m=0.3)
    area = parts.groupby("parcel_key")["area_m2"].sum()
    assert area.tolist() == parcels["official"].tolist()
    assert parts.groupby("parcel_key")["share"].sum().tolist() == pytest.approx([1.0] * len(area))
    assert parts["sliver_m2"].sum() == pytest.approx(parts.attrs["sliver_m2"])


def test_public_names_are_there_and_cost_nothing_before_they_are_used():
    assert public.zonal_statistics is zonal_statistics
    assert set(public.__all__) <= set(dir(public))
    with pytest.raises(AttributeError, match="no attribute 'marge'"):
        _ = public.marge
    code = (
        "import sys, gis_core.merge.engine_name; print(*{'numpy', 'geopandas'} & set(sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == ""
