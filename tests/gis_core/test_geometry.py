"""Repair with a report, label points, areas; oracles are squares and sampling."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import wkt

from gis_core.errors import CRSMismatchError, GeometryTypeError
from gis_core.geometry import (
    as_multipolygon,
    beyond_limits,
    corrected_area,
    label_point,
    repair_polygons,
)

SQUARE = "POLYGON ((0 0, 10 0, 10 10, 0 10, 0 0))"

# Grids of small integers make touching, crossing and doubled edges likely.
corner = st.tuples(st.integers(0, 8), st.integers(0, 8))
rings = st.lists(corner, min_size=3, max_size=12)


def column(*shapes):
    out = np.empty(len(shapes), dtype=object)
    out[:] = [wkt.loads(shape) if isinstance(shape, str) else shape for shape in shapes]
    return out


@pytest.mark.parametrize(
    ("shape", "area", "reason"),
    [
        pytest.param(SQUARE, 100, "", id="valid"),
        pytest.param(
            "POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))", 2, "Self-intersection[1 1]", id="bow-tie"
        ),
        pytest.param(
            "POLYGON ((0 0, 10 0, 10 10, 0 10, 0 0), (20 20, 21 20, 21 21, 20 20))",
            100.5,
            "Hole lies outside shell",
            id="hole-outside",
        ),
        pytest.param(
            "POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0, 4 0, 4 4, 0 4, 0 0))", 16, "", id="drawn-twice"
        ),
        pytest.param(
            "MULTIPOLYGON (((0 0, 4 0, 4 4, 0 4, 0 0)), ((2 0, 6 0, 6 4, 2 4, 2 0)))",
            24,
            "Self-intersection",
            id="parts-overlap",
        ),
        pytest.param("POLYGON ((0 0, 5 5, 10 10, 0 0))", None, "", id="collapsed"),
        pytest.param("POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0, -3 0, 0 0))", 16, "", id="spike"),
        pytest.param("POLYGON EMPTY", None, "Empty geometry", id="empty"),
    ],
)
def test_repair_keeps_the_area_that_was_meant(shape, area, reason):
    done = repair_polygons(column(shape))
    assert reason in done.reason[0]
    if area is None:
        assert done.geometry[0] is None
    else:
        assert shapely.is_valid(done.geometry[0])
        assert done.geometry[0].area == pytest.approx(area)


@pytest.mark.parametrize("vertex", [(np.nan, np.nan), (np.inf, 4), (4, np.nan)])
def test_a_vertex_that_is_nowhere_costs_the_geometry(vertex):
    ring = np.array([(0, 0), (4, 0), vertex, (0, 4), (0, 0)])
    done = repair_polygons(column(shapely.set_coordinates(shapely.box(0, 0, 4, 4), ring)))
    assert done.geometry[0] is None
    assert done.reason[0] == "Coordinates are not finite"


def test_what_is_valid_is_the_same_object():
    shapes = column(SQUARE, None, "POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))")
    done = repair_polygons(shapes)
    assert done.geometry[0] is shapes[0]
    assert done.changed.tolist() == [False, False, True]
    assert shapes[2].area == 0  # the input is not touched


@given(st.lists(rings, min_size=1, max_size=4))
def test_any_ring_becomes_polygons_or_nothing(corners):
    shapes = column(*(shapely.Polygon(ring) for ring in corners))
    done = repair_polygons(shapes)
    for was, shape in zip(shapes, done.geometry, strict=True):
        if shape is not None:
            assert shape.geom_type in {"Polygon", "MultiPolygon"}
            assert shape.is_valid
            assert 0 < shape.area <= was.convex_hull.area + 1e-9
    again = repair_polygons(done.geometry)
    assert not again.changed.any()


def test_one_type_for_a_collection():
    got = as_multipolygon(column(SQUARE, None, f"MULTIPOLYGON ({SQUARE[8:]})"))
    assert got[1] is None
    assert got[0].equals_exact(got[2], 0)
    with pytest.raises(GeometryTypeError) as caught:
        as_multipolygon(column(SQUARE, "POINT (1 1)"))
    assert (caught.value.fields["row"], caught.value.fields["found"]) == (2, "Point")


@pytest.mark.parametrize(
    ("shape", "x", "y"),
    [
        pytest.param(SQUARE, 5, 5, id="square"),
        pytest.param("POLYGON ((0 0, 30 0, 30 4, 10 4, 10 10, 0 10, 0 0))", 5, 5, id="l-shape"),
        pytest.param(
            "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 1, 0 0)), ((10 0, 20 0, 20 10, 10 10, 10 0)))",
            15,
            5,
            id="largest-part",
        ),
    ],
)
def test_the_label_stands_where_there_is_room(shape, x, y):
    point = label_point(column(shape))[0]
    assert (point.x, point.y) == pytest.approx((x, y), abs=0.2)


def test_the_label_avoids_the_hole():
    ring = shapely.Point(0, 0).buffer(10).difference(shapely.Point(0, 0).buffer(8))
    point = label_point(column(ring))[0]
    assert ring.contains(point)
    assert ring.boundary.distance(point) == pytest.approx(1, abs=0.05)


def test_every_kind_of_geometry_has_a_label_point_on_it():
    shapes = column(
        SQUARE,
        None,
        "POINT (1 2)",
        "LINESTRING (0 0, 5 5)",
        "POLYGON EMPTY",
        "POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))",
        "POLYGON ((0 0, 10000 0.001, 10000 0, 0 0))",
    )
    points = label_point(shapes)
    assert [p is None for p in points] == [False, True, False, False, True, False, False]
    some = np.flatnonzero(~shapely.is_missing(points))
    assert shapely.distance(points[some], shapes[some]).max() < 1e-9


@given(rings)
def test_no_place_is_much_roomier(corners):
    shape = repair_polygons(column(shapely.Polygon(corners))).geometry[0]
    if shape is None:
        return
    point = label_point(column(shape))[0]
    assert shape.covers(point)
    largest = max(shapely.get_parts(shape), key=lambda part: part.area)
    grid = shapely.points(*np.meshgrid(np.linspace(0, 8, 33), np.linspace(0, 8, 33))).ravel()
    room = shapely.distance(grid[shapely.contains(largest, grid)], largest.boundary)
    assert largest.boundary.distance(point) >= room.max(initial=0) - 0.1


def test_the_area_of_the_register_comes_out():
    """A real parcel of 684 m²: 683.56 m² on the map, 683.67 m² on the ground (domain.md §1.5)."""
    side = np.sqrt(683.56)
    x, y = 338_146, 5_706_258  # Duisburg-Baerl
    plot = shapely.box(x, y, x + side, y + side)
    assert corrected_area(column(plot, None), 25832)[0] == pytest.approx(683.61, abs=0.06)
    assert np.isnan(corrected_area(column(plot, None), 25832)[1])
    with pytest.raises(CRSMismatchError):
        corrected_area(column(plot), 4258)


def test_limits_of_size_and_depth():
    nested = shapely.Point(1, 1)
    for _ in range(12):
        nested = shapely.GeometryCollection([nested])
    shapes = column(SQUARE, None, nested, shapely.Point(0, 0).buffer(1, quad_segs=30))
    assert beyond_limits(shapes).tolist() == [False, False, True, False]
    assert beyond_limits(shapes, vertices=50, depth=20).tolist() == [False, False, False, True]
