"""Statistics of raster cells by parcel."""

from dataclasses import fields

import geopandas as gpd
import numpy as np
import pytest
import shapely
from affine import Affine

from gis_core.errors import CRSMismatchError, GeometryTypeError, QueryError
from gis_core.merge.flat import FlatShapes
from gis_core.merge.slopes import angles, slope_and_aspect
from gis_core.merge.zonal import zonal_statistics, zonal_statistics_of
from gis_core.merge.zonal_engines import CellEngine, choose_cell_engine
from gis_core.merge.zonal_sums import as_values
from gis_core.merge.zones import PANEL, STRIP, Zones

METRE = Affine(1, 0, 0, 0, -1, 10)  # one cell a square metre, row 0 at y = 9 to 10
ENGINES = ("numpy", "kernels")

both = pytest.mark.parametrize("engine", ENGINES)


def flat(*shapes):
    return FlatShapes.from_shapely(np.array(shapes, object))


def figures(statistics):
    """Return all arrays of the statistics, by name."""
    got = {}
    for f in fields(statistics):
        value = getattr(statistics, f.name)
        if isinstance(value, np.ndarray):
            got[f.name] = value
        elif value is not None:
            got |= {f"{f.name}.{name}": array for name, array in figures(value).items()}
    return got


def world(place, column, row):
    """Return the coordinates of places in a raster."""
    return place.a * column + place.b * row + place.c, place.d * column + place.e * row + place.f


def turned_by(degrees, cell, x, y):
    """Return the transform of a raster that was turned counter-clockwise about its origin."""
    sine, cosine = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
    return Affine(cell * cosine, cell * sine, x, cell * sine, -cell * cosine, y)


def same_bits(one, two, pick=slice(None)):
    ours, theirs = figures(one), figures(two)
    assert ours.keys() == theirs.keys()
    for name, array in ours.items():
        mine = array if name == "classes.code" else array[pick]
        np.testing.assert_array_equal(mine, theirs[name], err_msg=name)


@pytest.fixture(scope="module")
def hills():
    """Return 260 by 260 heights over the quilt, with gaps, and their place."""
    rng = np.random.default_rng(1)
    height = rng.normal(40, 5, (260, 260)).astype(np.float32)
    height[rng.random(height.shape) < 0.05] = np.nan
    return height, Affine(0.5, 0, 323_995, 0, -0.5, 5_690_125)


@both
def test_each_cell_counts_for_the_parcel_its_centre_lies_in(street, engine):
    ramp = np.broadcast_to(np.arange(30.0), (10, 30))  # the value is the column
    got = zonal_statistics(street.shapes.flat, ramp, METRE, engine=engine)
    assert got.cells.tolist() == got.covered.tolist() == [100, 100, 100]
    assert [got.mean[1], got.min[1], got.max[1]] == [14.5, 10.0, 19.0]
    assert got.std == pytest.approx(np.std(np.arange(10)))


@both
@pytest.mark.parametrize("exact", [False, True])
def test_cells_without_a_value_do_not_count(street, engine, exact):
    holed = np.full((10, 30), 7.0)
    holed[:, 4:12] = np.nan
    holed[:, 20:25], holed[:, 25:] = np.inf, -np.inf
    got = zonal_statistics(street.shapes.flat, holed, METRE, exact=exact, engine=engine)
    assert got.cells.tolist() == [40, 80, 0]
    assert got.mean.tolist()[:2] == [7.0, 7.0]
    assert np.isnan([got.mean[2], got.min[2], got.max[2], got.std[2]]).all()


def test_masked_cells_of_whole_numbers_do_not_count(street):
    masked = np.ma.masked_equal(np.full((10, 30), 7, np.uint8), 7)
    masked[:, :5] = 9
    got = zonal_statistics(street.shapes.flat, masked, METRE)
    assert got.cells.tolist() == [50, 0, 0]
    assert got.mean[0] == 9


def test_a_parcel_too_small_for_a_cell_takes_the_one_under_its_label_point():
    tiny = flat(shapely.box(3.0, 3.0, 3.2, 3.2), shapely.box(3.8, 3.0, 4.2, 3.2), None)
    ramp = np.arange(300.0).reshape(10, 30)
    got = zonal_statistics(tiny, ramp, METRE)
    assert got.cells.tolist() == [0, 0, 0]  # says that it is not an average
    assert [got.mean[0], got.min[0], got.max[0], got.std[0]] == [183.0, 183.0, 183.0, 0.0]
    assert np.isnan(got.mean[2])
    # By fraction it has a value of its own: half of it on cell 183, half on 184.
    exact = zonal_statistics(tiny, ramp, METRE, exact=True)
    assert exact.cells.tolist() == [1, 2, 0]
    assert exact.mean[:2] == pytest.approx([183.0, 183.5])
    assert exact.covered[:2] == pytest.approx([0.04, 0.08])


@both
@pytest.mark.parametrize("exact", [False, True])
def test_strips_order_and_neighbours_change_no_bit(quilt, hills, engine, exact):
    parcels = quilt(6).shapes.flat
    height, place = hills
    codes = np.where(np.isnan(height), np.nan, np.rint(height))
    step = 1 if engine == "kernels" or not exact else 5  # GEOS takes its time
    parcels = parcels.take(np.arange(0, len(parcels), step))

    def ask(shapes, strip):
        def read(block):
            return as_values(codes[block.top : block.bottom, block.left : block.right])

        return zonal_statistics_of(
            shapes,
            read,
            place,
            codes.shape,
            exact=exact,
            metres=1.0,
            classes=True,
            engine=engine,
            strip=strip,
        )

    whole = ask(parcels, 1000)
    for strip in (1, 7, 64):
        same_bits(whole, ask(parcels, strip))
    some = np.random.default_rng(3).permutation(len(parcels))[: len(parcels) // 2]
    alone = ask(parcels.take(some), 64)
    np.testing.assert_array_equal(whole.mean[some], alone.mean)
    np.testing.assert_array_equal(whole.slope.aspect[some], alone.slope.aspect)


def test_engines_agree_to_the_last_bit_by_centre_and_to_rounding_by_fraction(quilt, hills):
    parcels = gpd.GeoSeries(quilt(6).geometry, crs=25832)
    height, place = hills
    for heights in (height, height / 40, height / 2000):  # steep, middling and gentle
        numpy, kernels = (
            zonal_statistics(parcels, heights, place, slope=True, engine=e) for e in ENGINES
        )
        same_bits(numpy, kernels)
    for more in ({"exact": True}, {"slope": True, "exact": True}):
        numpy, kernels = (zonal_statistics(parcels, *hills, engine=e, **more) for e in ENGINES)
        for name, array in figures(numpy).items():
            assert array == pytest.approx(figures(kernels)[name], rel=1e-9, abs=1e-9), name


@both
def test_every_cell_centre_asked_one_by_one(quilt, hills, engine):
    town, (height, place) = quilt(6), hills
    got = zonal_statistics(town.shapes.flat, height, place, engine=engine)
    row, column = np.indices(height.shape) + 0.5
    x, y = world(place, column, row)
    for parcel in (0, 17, 35):
        inside = shapely.contains_xy(town.geometry[parcel], x, y) & ~np.isnan(height)
        values = height[inside].astype(float)
        assert got.cells[parcel] == inside.sum()
        assert got.mean[parcel] == pytest.approx(values.mean())
        assert got.std[parcel] == pytest.approx(values.std())
        assert (got.min[parcel], got.max[parcel]) == (values.min(), values.max())


@both
def test_fractions_weigh_the_cells(engine):
    plot = flat(shapely.box(0.5, 0, 2.25, 10))
    ramp = np.broadcast_to(np.arange(30.0), (10, 30))
    got = zonal_statistics(plot, ramp, METRE, exact=True, engine=engine)
    weights = [0.5, 1.0, 0.25]
    mean = np.average([0, 1, 2], weights=weights)
    assert (got.cells[0], got.covered[0]) == (30, 17.5)
    assert got.mean[0] == pytest.approx(mean)
    assert got.std[0] == pytest.approx(
        np.sqrt(np.average((np.arange(3) - mean) ** 2, weights=weights))
    )
    assert (got.min[0], got.max[0]) == (0, 2)


@both
def test_a_turned_raster_is_asked_in_its_own_pixels(quilt, engine):
    town = quilt(4)
    upright = Affine(0.7, 0, 323_990, 0, -0.7, 5_690_100)
    turned = turned_by(30, 0.7, 323_940, 5_690_040)
    for place in (upright, turned):
        shape = (200, 200)
        row, column = np.indices(shape) + 0.5
        x, y = world(place, column, row)
        got = zonal_statistics(town.shapes.flat, x, place, engine=engine)
        expected = [shapely.contains_xy(g, x, y).sum() for g in town.geometry]
        assert got.cells.tolist() == expected
        means = [x[shapely.contains_xy(g, x, y)].mean() for g in town.geometry]
        assert got.mean == pytest.approx(np.array(means))


@both
def test_parcels_wider_than_a_panel(engine):
    wide = np.zeros((4, PANEL + 40))
    wide[:, PANEL:] = 1.0
    plot = flat(shapely.box(PANEL - 30.0, 6.4, PANEL + 10, 9.4))
    for exact, rows in ((False, 3), (True, 3.0)):
        got = zonal_statistics(plot, wide, METRE, exact=exact, engine=engine)
        assert got.covered[0] == pytest.approx(40 * rows)
        assert got.mean[0] == pytest.approx(0.25)


@both
@pytest.mark.parametrize("facing", [0, 45, 100, 260])
def test_slope_and_aspect_of_a_plane(engine, facing):
    turned = turned_by(17, 2, 0, 0)
    row, column = np.indices((30, 30)) + 0.5
    for place in (Affine(2, 0, 0, 0, -2, 60), turned):
        x, y = world(place, column, row)
        angle = np.radians(facing)
        height = -np.tan(np.radians(10)) * (x * np.sin(angle) + y * np.cos(angle))
        rim = np.transpose(world(place, np.array([0, 30, 30, 0]), np.array([0, 0, 30, 30])))
        parcels = gpd.GeoSeries([shapely.Polygon(rim)], crs=25832)
        got = zonal_statistics(parcels, height, place, slope=True, engine=engine).slope
        assert got.mean[0] == pytest.approx(10)
        assert got.max[0] == pytest.approx(10)
        assert (got.aspect[0] - facing + 180) % 360 == pytest.approx(180)
        slope, aspect = slope_and_aspect(height, place)
        assert np.isnan(slope[0]).all()
        assert np.isnan(slope[:, -1]).all()
        assert slope[1:-1, 1:-1] == pytest.approx(10)
        assert (aspect[1:-1, 1:-1] - facing + 180) % 360 == pytest.approx(180)


def test_angles_are_those_of_the_library():
    rise = np.concatenate(([0.0, 0.66, 1, 1e300], np.geomspace(1e-9, 1e9, 5000)))
    assert angles(rise) == pytest.approx(np.degrees(np.arctan(rise)), rel=5e-16, abs=0)


@both
def test_slopes_need_all_neighbours_and_a_way_down(engine):
    bowl = gpd.GeoSeries([shapely.box(0, 0, 10, 10), shapely.box(12, 0, 20, 10)], crs=25832)
    column, row = np.meshgrid(np.arange(20) + 0.5, np.arange(10) + 0.5)
    height = np.where(column < 10, np.hypot(column - 5, row - 5), 3.0)
    got = zonal_statistics(bowl, height, METRE, slope=True, engine=engine).slope
    assert got.mean[0] > 30
    assert got.mean[1] == 0
    assert np.isnan(got.aspect[1])
    height[4, 15] = np.nan
    gone = zonal_statistics(bowl, height, METRE, slope=True, engine=engine)
    assert gone.cells.tolist() == [100, 79]
    assert gone.slope.max[1] == 0
    no_cell = zonal_statistics(bowl[1:], np.full((10, 20), np.nan), METRE, slope=True).slope
    assert np.isnan([no_cell.mean[0], no_cell.max[0], no_cell.aspect[0]]).all()


@both
def test_classes_are_counted(street, engine):
    cover = np.full((10, 30), 41)
    cover[:5, :10], cover[:, 25:] = 7, 50_000
    got = zonal_statistics(street.shapes.flat, cover, METRE, classes=True, engine=engine).classes
    assert got.code.tolist() == [7, 41, 50_000]
    assert got.cells.tolist() == [[50, 50, 0], [0, 100, 0], [0, 50, 50]]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        pytest.param(np.array([[1.5, 2.0]]), "1.5", id="measurements"),
        pytest.param(np.arange(300.0).reshape(10, 30), "more than 256", id="too-many"),
    ],
)
def test_measurements_are_no_classes(street, values, says):
    with pytest.raises(QueryError, match=says):
        zonal_statistics(street.shapes.flat, values, METRE, classes=True)


def test_what_cannot_be_asked(street):
    values = np.zeros((10, 30))
    with pytest.raises(GeometryTypeError, match="row 2"):
        zonal_statistics(flat(shapely.box(0, 0, 1, 1), shapely.Point(0, 0)), values, METRE)
    with pytest.raises(QueryError, match="inverse"):
        zonal_statistics(street.shapes.flat, values, Affine(0, 0, 5, 0, 0, 5))
    degrees = gpd.GeoSeries([shapely.box(6.5, 51.3, 6.6, 51.4)], crs=4326)
    with pytest.raises(CRSMismatchError, match="projected"):
        zonal_statistics(degrees, values, METRE, slope=True)


def test_a_large_raster_is_read_in_small_blocks_and_only_where_parcels_are():
    asked = []

    def read(block):
        asked.append(block)
        return np.zeros((block.bottom - block.top, block.right - block.left))

    size = (40 * STRIP, 40 * PANEL)
    place = Affine(1, 0, -3 * PANEL, 0, -1, 5 * STRIP)
    corner = flat(shapely.box(-5, -5, 5, 5))  # where four blocks meet
    got = zonal_statistics_of(corner, read, place, size, metres=1.0)
    assert got.cells.tolist() == [100]
    assert len(asked) == 4
    assert max(b.bottom - b.top for b in asked) == STRIP + 2
    assert max(b.right - b.left for b in asked) == PANEL + 2


def test_a_raster_elsewhere_and_no_parcels_at_all(street):
    far = Affine(1, 0, 5000, 0, -1, 5000)
    got = zonal_statistics(street.shapes.flat, np.zeros((10, 30)), far)
    assert got.cells.tolist() == [0, 0, 0]
    assert np.isnan(got.mean).all()
    assert len(zonal_statistics(flat(), np.zeros((10, 30)), METRE).cells) == 0
    assert np.isnan(zonal_statistics(flat(None), np.zeros((10, 30)), METRE).mean).all()


def test_the_kernels_are_for_many_cells(street):
    small = Zones.build(street.shapes.flat, METRE, (10, 30))
    assert choose_cell_engine("auto", small, exact=False) is CellEngine.NUMPY
    fine = Affine(0.001, 0, 0, 0, -0.001, 10)
    large = Zones.build(street.shapes.flat, fine, (10_000, 30_000))
    assert choose_cell_engine("auto", large, exact=False) is CellEngine.KERNELS
    assert choose_cell_engine("numpy", large, exact=True) is CellEngine.NUMPY
