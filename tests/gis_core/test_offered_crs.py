"""The reference systems offered, each in both directions against pyproj in its own axis order."""

import numpy as np
import pyproj.datadir
import pytest
import shapely

from gis_core.offered_crs import (
    CRS84,
    OFFERED,
    box_to_storage,
    crs_uri,
    decimals,
    is_geographic,
    northing_first,
    supported_crs,
    to_crs,
)

STORAGE = 25832
NORTHING_FIRST = {4326: True, 4258: True, 3857: False, 25832: False, 25833: False, 4647: False}
TOWN = (322_000.0, 5_678_000.0, 338_000.0, 5_698_000.0)
PLACES = np.random.default_rng(4).uniform(TOWN[:2], TOWN[2:], (500, 2))


def told_by_pyproj(code, xy):
    """Return positions as PROJ writes them: in the axis order of the system itself."""
    target = "OGC:CRS84" if code == CRS84 else f"EPSG:{code}"
    carrier = pyproj.Transformer.from_crs(f"EPSG:{STORAGE}", target, always_xy=False)
    return np.column_stack(carrier.transform(xy[:, 0], xy[:, 1]))


def check_both_ways(uri, code):
    tolerance = 1e-7 if is_geographic(uri) else 1e-3
    got = shapely.get_coordinates(to_crs(shapely.points(PLACES), STORAGE, uri))
    expected = told_by_pyproj(code, PLACES)
    assert np.abs(got - expected).max() < tolerance
    around = 1.0 if not is_geographic(uri) else 1e-5
    for place, there in zip(PLACES[:40], expected, strict=False):
        box = (*(there - around), *(there + around))
        area = box_to_storage(box, uri, STORAGE, TOWN)
        assert area is not None
        assert shapely.distance(shapely.centroid(area), shapely.Point(place)) < 1e-3


def test_every_system_is_in_the_table():
    assert set(OFFERED) == set(NORTHING_FIRST)
    assert {code: northing_first(crs_uri(code)) for code in OFFERED} == NORTHING_FIRST
    assert not northing_first(CRS84)
    assert [decimals(crs_uri(code)) for code in (4326, 4647)] == [8, 3]


@pytest.mark.parametrize("code", [CRS84, *OFFERED])
def test_positions_are_those_of_pyproj_in_the_order_of_the_axes(code):
    check_both_ways(code if code == CRS84 else crs_uri(code), code)


def test_the_zone_stands_before_the_easting():
    [moved] = to_crs(shapely.points([[330_000.0, 5_690_000.0]]), STORAGE, crs_uri(4647))
    assert np.abs(shapely.get_coordinates(moved) - [32_330_000.0, 5_690_000.0]).max() < 1e-6


def test_a_system_whose_grid_is_absent_is_not_offered():
    assert crs_uri(31466) not in supported_crs(STORAGE)


@pytest.mark.real
def test_a_system_is_offered_once_its_grid_is_there(shared_data):
    without = pyproj.datadir.get_data_dir()
    pyproj.datadir.append_data_dir(str(shared_data / "datum-grids"))
    assert supported_crs(STORAGE)[-1] == crs_uri(31466)
    assert northing_first(crs_uri(31466))
    check_both_ways(crs_uri(31466), 31466)
    pyproj.datadir.set_data_dir(without)
    assert crs_uri(31466) not in supported_crs(STORAGE)
