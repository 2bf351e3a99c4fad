"""Which cells belong to which shape: both engines, against GEOS and against each other."""

import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_core.merge.flat import FlatShapes
from gis_core.merge.zonal_engines import CellEngine, cell_functions
from gis_core.merge.zones import Zones

SIZE = 24
PIXELS = Affine(1, 0, 0, 0, 1, 0)  # coordinates are columns and rows
ENGINES = [pytest.param(CellEngine.NUMPY, id="numpy"), pytest.param(CellEngine.KERNELS, id="jit")]


def centres(engine, shapes, window=(0, SIZE, 0, SIZE)):
    """Return the cells of each shape, a (shapes, rows, columns) count of how often it has them."""
    zones = Zones.build(FlatShapes.from_shapely(np.asarray(shapes)), PIXELS, (SIZE, SIZE))
    flat = zones.shapes
    run = cell_functions(engine).centre_runs(
        flat.xy, flat.ring, flat.shape, zones.owned, np.arange(len(zones)), np.array(window)
    )
    return spread(run, np.ones(len(run), int), len(zones))


def fractions(engine, shapes, window=(0, SIZE, 0, SIZE)):
    zones = Zones.build(FlatShapes.from_shapely(np.asarray(shapes)), PIXELS, (SIZE, SIZE))
    flat = zones.shapes
    run, fraction = cell_functions(engine).covered_runs(
        flat.xy,
        flat.ring,
        zones.sense,
        flat.shape,
        zones.touched,
        np.arange(len(zones)),
        np.array(window),
    )
    return spread(run, fraction, len(zones))


def spread(run, amount, n):
    cells = np.zeros((n, SIZE, SIZE))
    for (shape, row, first, stop), value in zip(run.tolist(), amount.tolist(), strict=True):
        cells[shape, row, first:stop] += value
    return cells


def cell_boxes():
    row, column = np.indices((SIZE, SIZE))
    return shapely.box(column, row, column + 1, row + 1)


@st.composite
def polygons(draw, low=-4, high=SIZE + 4):
    """Draw a valid polygon, now and then with holes, several parts, and edges on cell borders."""
    steps = draw(st.sampled_from([1, 2, 7, 1000]))
    at = st.integers(low * steps, high * steps).map(lambda k: k / steps)
    corners = draw(st.lists(st.tuples(at, at), min_size=3, max_size=9))
    shape = shapely.make_valid(shapely.Polygon(corners), method="structure")
    if draw(st.booleans()):
        hole = shapely.Point(draw(at), draw(at)).buffer(draw(st.sampled_from([0.3, 2, 6])))
        shape = shapely.difference(shape, hole)
    parts = [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon" and p.area > 1e-9]
    return shapely.multipolygons(parts) if parts else shapely.box(1, 1, 3.25, 2)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("shape", "cells"),
    [
        pytest.param(shapely.box(0, 0, 2, 1), [(0, 0), (0, 1)], id="whole-cells"),
        pytest.param(shapely.box(0.5, 0.5, 1.5, 1.5), [(0, 0)], id="border-on-centres"),
        pytest.param(shapely.box(0.6, 0.6, 1.4, 1.4), [], id="between-centres"),
        pytest.param(shapely.box(-9, -9, 0.7, 0.7), [(0, 0)], id="over-the-edge"),
        pytest.param(shapely.box(30, 30, 40, 40), [], id="beside-the-raster"),
        pytest.param(
            shapely.box(0, 0, 3, 1).difference(shapely.box(1.2, 0.2, 1.8, 0.8)),
            [(0, 0), (0, 2)],
            id="hole-round-a-centre",
        ),
        pytest.param(
            shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(3, 0, 4, 1)]),
            [(0, 0), (0, 3)],
            id="two-parts",
        ),
        pytest.param(shapely.Polygon(), [], id="empty"),
        pytest.param(None, [], id="missing"),
    ],
)
def test_a_cell_belongs_where_its_centre_lies(engine, shape, cells):
    got = centres(engine, [shape])[0]
    assert [tuple(c) for c in np.argwhere(got).tolist()] == cells


@pytest.mark.parametrize("engine", ENGINES)
@given(shape=polygons())
@settings(max_examples=60, deadline=None)
def test_centres_agree_with_geos(engine, shape):
    row, column = np.indices((SIZE, SIZE)) + 0.5
    place = shapely.points(column, row)
    got = centres(engine, [shape])[0]
    inside, border = shapely.contains(shape, place), shapely.distance(shape.boundary, place) < 1e-9
    assert (got == inside)[~border].all()


@given(shape=polygons(), other=polygons())
@settings(max_examples=60, deadline=None)
def test_both_engines_find_the_same_cells(shape, other):
    one, two = (centres(e.values[0], [shape, other]) for e in ENGINES)
    assert (one == two).all()


@pytest.mark.parametrize("engine", ENGINES)
@given(st.lists(st.tuples(*[st.integers(0, 2 * SIZE)] * 2), min_size=4, max_size=30, unique=True))
@settings(max_examples=60, deadline=None)
def test_neighbours_share_out_every_centre(engine, half_cells):
    # Corners on half cells: edges run through as many centres as they can.
    place = np.array(half_cells) / 2
    mesh = shapely.delaunay_triangles(shapely.multipoints(place))
    triangles = shapely.get_parts(mesh)
    if not len(triangles):
        return
    count = centres(engine, triangles).sum(axis=0)
    assert count.max() <= 1
    row, column = np.indices((SIZE, SIZE)) + 0.5
    hull = shapely.union_all(triangles)
    assert (count[shapely.contains_xy(hull, column, row)] == 1).all()


@pytest.mark.parametrize("engine", ENGINES)
@given(shape=polygons())
@settings(max_examples=40, deadline=None)
def test_fractions_agree_with_geos(engine, shape):
    expected = shapely.area(shapely.intersection(shape, cell_boxes()))
    assert fractions(engine, [shape])[0] == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("engine", ENGINES)
def test_fractions_add_up_to_the_area(engine, quilt):
    plots = shapely.transform(quilt(5).geometry, lambda xy: (xy - (323_990, 5_689_990)) / 5.3)
    got = fractions(engine, plots)
    assert got.sum(axis=(1, 2)) == pytest.approx(shapely.area(plots), rel=1e-12)
    assert got.sum(axis=0).max() <= 1 + 1e-12


@pytest.mark.parametrize("engine", ENGINES)
@given(shape=polygons(), cut=st.integers(1, SIZE - 1))
@settings(max_examples=40, deadline=None)
def test_windows_of_rows_change_no_bit_and_windows_of_columns_no_cell(engine, shape, cut):
    for ask in (centres, fractions):
        whole = ask(engine, [shape])
        rows = ask(engine, [shape], (0, cut, 0, SIZE)) + ask(engine, [shape], (cut, SIZE, 0, SIZE))
        assert (rows == whole).all()
        left, right = (0, SIZE, 0, cut), (0, SIZE, cut, SIZE)
        columns = ask(engine, [shape], left) + ask(engine, [shape], right)
        assert columns == pytest.approx(whole, abs=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_comb_with_a_thousand_crossings_in_a_row(engine):
    teeth = [shapely.box(k / 50 + 0.005, 0, k / 50 + 0.015, SIZE) for k in range(50 * SIZE // 2)]
    comb = shapely.union_all([*teeth, shapely.box(0, SIZE - 0.7, SIZE, SIZE)])
    expected = shapely.area(shapely.intersection(comb, cell_boxes()))
    assert fractions(engine, [comb])[0] == pytest.approx(expected, abs=1e-10)
    row, column = np.indices((SIZE, SIZE)) + 0.5
    assert (centres(engine, [comb])[0] == shapely.contains_xy(comb, column, row)).all()
