"""Raster cells by parcel."""

import numpy as np
import pytest
import shapely
from affine import Affine

from gis_core.merge.fabric import ParcelFabric
from gis_core.merge.zonal import ZonalAccumulator

METRE = Affine(1, 0, 0, 0, -1, 10)  # one cell a square metre, row 0 at y = 9 to 10


def values(statistics, position):
    return [float(v[position]) for v in (statistics.mean, statistics.min, statistics.max)]


def test_each_cell_counts_for_the_parcel_its_centre_lies_in(street):
    ramp = np.broadcast_to(np.arange(30.0), (10, 30))  # the value is the column
    got = ZonalAccumulator(street).add(ramp, METRE).result()
    assert got.cells.tolist() == [100, 100, 100]
    assert values(got, 1) == [14.5, 10.0, 19.0]
    assert got.std == pytest.approx(np.std(np.arange(10)))


def test_cells_without_a_value_do_not_count(street):
    holed = np.full((10, 30), 7.0)
    holed[:, 4:12] = np.nan
    holed[:, 20:] = np.nan
    got = ZonalAccumulator(street).add(holed, METRE).result()
    assert got.cells.tolist() == [40, 80, 0]
    assert got.mean.tolist()[:2] == [7.0, 7.0]
    assert np.isnan([got.mean[2], got.min[2], got.max[2], got.std[2]]).all()


def test_a_parcel_too_small_for_a_cell_takes_the_one_under_its_label_point():
    tiny = ParcelFabric.build(np.array(["A"], object), np.array([shapely.box(3.0, 3.0, 3.2, 3.2)]))
    statistics = ZonalAccumulator(tiny).add(np.arange(300.0).reshape(10, 30), METRE)
    parcel, place = statistics.without_cells()
    assert parcel.tolist() == [0]
    assert place == pytest.approx(np.array([[3.1, 3.1]]), abs=0.01)
    got = statistics.result(np.array([183.0]))
    assert got.cells.tolist() == [0]  # says that it is not an average
    assert values(got, 0) == [183.0] * 3
    assert got.std.tolist() == [0.0]


def test_every_cut_into_blocks_gives_the_same_answer(quilt):
    rng = np.random.default_rng(1)
    town = quilt(6)
    size = 260
    place = Affine(0.5, 0, 323_995, 0, -0.5, 5_690_125)
    height = rng.normal(40, 5, (size, size)).astype(np.float32)
    height[rng.random((size, size)) < 0.05] = np.nan

    whole = ZonalAccumulator(town).add(height, place).result()
    blocks = ZonalAccumulator(town)
    for row in range(0, size, 70):
        for column in range(0, size, 90):
            shifted = Affine(0.5, 0, place.c + column / 2, 0, -0.5, place.f - row / 2)
            blocks.add(height[row : row + 70, column : column + 90], shifted)
    cut = blocks.result()
    assert (cut.cells == whole.cells).all()
    assert (cut.min == whole.min).all()
    assert (cut.max == whole.max).all()
    assert cut.mean == pytest.approx(whole.mean, rel=1e-12)
    assert cut.std == pytest.approx(whole.std, rel=1e-9)

    # The oracle: every cell centre asked one by one.
    column, row = np.meshgrid(np.arange(size) + 0.5, np.arange(size) + 0.5)
    x, y = place.c + column / 2, place.f - row / 2
    for parcel in (0, 17, 35):
        inside = shapely.contains_xy(town.geometry[parcel], x, y) & ~np.isnan(height)
        assert whole.cells[parcel] == inside.sum()
        assert whole.mean[parcel] == pytest.approx(height[inside].astype(float).mean())
        assert whole.std[parcel] == pytest.approx(height[inside].astype(float).std())
