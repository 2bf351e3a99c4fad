"""Points, discs and areas: exact sides, all near pairs, against fractions and GEOS."""

from fractions import Fraction

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gis_core.merge.discs import disc_area_inside
from gis_core.merge.flat import FlatShapes
from gis_core.merge.kernels.discs import disc_areas
from gis_core.merge.kernels.grid import build_grid
from gis_core.merge.kernels.orientation import orientation
from gis_core.merge.kernels.points import BORDER, INSIDE, OUTSIDE, near_points


def near(plots, xy, reach):
    flat = FlatShapes.from_shapely(np.asarray(plots, object))
    reach = np.broadcast_to(np.asarray(reach, float), len(xy))
    return near_points(np.asarray(xy, float), reach, build_grid(flat.box), flat)


def place(plot, x, y):
    """Ask the plot and all the rest of the plane: a border belongs to both."""
    around = shapely.box(x - 1e4, y - 1e4, x + 1e4, y + 1e4)
    rest = shapely.multipolygons([around, *shapely.get_parts(plot)])  # counts edges, so not plot
    _, area, covered, _ = near([plot, rest], [[x, y]], 0)
    assert covered.all()
    return {(0,): INSIDE, (1,): OUTSIDE, (0, 1): BORDER}[tuple(area.tolist())]


def true_turn(ax, ay, bx, by, cx, cy):
    ax, ay, bx, by, cx, cy = map(Fraction, (ax, ay, bx, by, cx, cy))
    turn = (ax - cx) * (by - cy) - (ay - cy) * (bx - cx)
    return (turn > 0) - (turn < 0)


magnitudes = st.one_of(
    st.floats(-1e7, 1e7, allow_subnormal=False).filter(lambda x: x == 0 or abs(x) > 1e-100),
    st.integers(-9, 9).map(float),
    st.sampled_from([5_690_000.0, 324_000.001, 1e-9, 1e80, -1e80]),
)


@settings(max_examples=500, deadline=None)
@given(*[magnitudes] * 6)
def test_orientation_is_exact(ax, ay, bx, by, cx, cy):
    assert orientation(ax, ay, bx, by, cx, cy) == true_turn(ax, ay, bx, by, cx, cy)


@settings(max_examples=500, deadline=None)
@given(
    st.tuples(*[st.floats(3e5, 6e6)] * 4),
    st.floats(0, 1),
    st.integers(-2, 2),
    st.integers(-2, 2),
)
def test_orientation_is_exact_within_some_ulps_of_the_line(ends, t, dx, dy):
    ax, ay, bx, by = ends
    cx, cy = ax + t * (bx - ax), ay + t * (by - ay)
    cx, cy = cx + dx * np.spacing(cx), cy + dy * np.spacing(cy)
    turn = orientation(ax, ay, bx, by, cx, cy)
    assert turn == true_turn(ax, ay, bx, by, cx, cy)
    assert turn == orientation(bx, by, cx, cy, ax, ay) == -orientation(bx, by, ax, ay, cx, cy)


TOWN = np.array([324_000.0, 5_690_000.0])
HOLED = shapely.from_wkt("POLYGON ((0 0, 10 0, 10 10, 0 10, 0 0), (0 5, 4 4, 4 6, 0 5))")
PARTS = shapely.from_wkt(
    "MULTIPOLYGON (((0 0, 8 0, 8 8, 0 8, 0 0), (2 2, 6 2, 6 6, 2 6, 2 2)),"
    " ((3 3, 5 3, 5 5, 3 5, 3 3)))"
)


@pytest.mark.parametrize(
    ("plot", "x", "y", "where"),
    [
        pytest.param(HOLED, 8, 5, INSIDE, id="inside"),
        pytest.param(HOLED, 2, 5, OUTSIDE, id="in-the-hole"),
        pytest.param(HOLED, 0, 5, BORDER, id="where-the-hole-touches-the-shell"),
        pytest.param(HOLED, 10, 10, BORDER, id="corner"),
        pytest.param(HOLED, 10, 4, BORDER, id="upright-edge"),
        pytest.param(HOLED, 5, 10, BORDER, id="level-edge"),
        pytest.param(HOLED, 2, 5.5, BORDER, id="sloping-edge"),
        pytest.param(HOLED, 10, 11, OUTSIDE, id="beyond-the-end-of-an-upright-edge"),
        pytest.param(HOLED, 4, 5, BORDER, id="edge-of-the-hole"),
        pytest.param(HOLED, 4, 8, INSIDE, id="above-an-upright-edge-of-the-hole"),
        pytest.param(PARTS, 4, 4, INSIDE, id="part-in-a-hole"),
        pytest.param(PARTS, 2.5, 4, OUTSIDE, id="between-part-and-hole"),
        pytest.param(PARTS, 3, 4, BORDER, id="border-of-the-inner-part"),
    ],
)
def test_sides(plot, x, y, where):
    for turned, sign in ((plot, 1), (shapely.reverse(plot), 1), (plot, -1)):
        mirrored = shapely.transform(turned, lambda c, s=sign: c * [s, 1])
        assert place(mirrored, sign * x, y) == where
        swapped = shapely.transform(mirrored, lambda c: c[:, ::-1])
        assert place(swapped, y, sign * x) == where


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32), st.floats(0, 1))
def test_a_point_a_nanometre_off_a_long_edge_is_on_its_true_side(seed, t):
    rng = np.random.default_rng(seed)
    ring = TOWN + rng.uniform(0, 1000, (3, 2))
    assume(true_turn(*ring.ravel()) != 0)
    (ax, ay), (bx, by), (cx, cy) = ring
    x = ax + t * (bx - ax) + rng.uniform(-1e-9, 1e-9)
    y = ay + t * (by - ay) + rng.uniform(-1e-9, 1e-9)
    turns = {
        true_turn(ax, ay, bx, by, x, y),
        true_turn(bx, by, cx, cy, x, y),
        true_turn(cx, cy, ax, ay, x, y),
    }
    wanted = OUTSIDE if {1, -1} <= turns else BORDER if 0 in turns else INSIDE
    assert place(shapely.Polygon(ring), x, y) == wanted


@st.composite
def fabrics(draw):
    """A gapless fabric with hostile corners, and points on, near and off its borders."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n = draw(st.integers(1, 12))
    offset = draw(st.sampled_from([0.0, 1e6, -1e6]))
    step = draw(st.sampled_from([1e-9, 1e-3, 1.0]))
    seeds = shapely.multipoints(np.round(rng.uniform(0, 50, (max(n, 2), 2))))
    cells = shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=shapely.box(0, 0, 50, 50)))
    cells = shapely.set_precision(cells, 0.125)
    cells = [c for c in cells if c.geom_type == "Polygon" and not c.is_empty]
    # A forest with a clearing whose edge touches its border, and a plot of two parts.
    forest = HOLED.buffer(0)
    twin = shapely.union(shapely.box(60, 0, 61, 1), shapely.box(61, 1, 62, 2))
    plots = np.array([*cells, shapely.transform(forest, lambda c: c * 8), twin, None], object)
    corner = shapely.get_coordinates(plots)
    middle = (corner[1:] + corner[:-1]) / 2
    close = corner[rng.integers(0, len(corner), 10)] + rng.integers(-2, 3, (10, 2)) * step
    xy = np.vstack([corner, middle, close, rng.uniform(-5, 85, (20, 2)), [[np.nan, 1.0]]])
    return shapely.transform(plots, lambda c: c + offset), xy + offset


@settings(max_examples=120, deadline=None)
@given(fabrics(), st.sampled_from([0.0, 1e-9, 0.5, 3.0, 200.0]))
def test_near_pairs_are_those_of_geos(world, reach):
    plots, xy = world
    point, plot, covered, distance = near(plots, xy, reach)
    assert (np.diff(point * len(plots) + plot) > 0).all()
    there = np.flatnonzero(np.isfinite(xy[:, 0]))
    p, a = (m.ravel() for m in np.meshgrid(there, np.arange(len(plots) - 1), indexing="ij"))
    wanted = shapely.intersects(plots[a], shapely.points(xy[p]))
    far = shapely.distance(plots[a], shapely.points(xy[p]))
    # Distances are floats in both: at the very edge of the reach either answer is right.
    sure = wanted | (np.abs(far - reach) > 1e-8)
    got = np.full((len(xy), len(plots)), np.inf)
    got[point, plot] = distance
    assert ((got[p, a] <= reach) == (wanted | (far <= reach)))[sure].all()
    inside = np.zeros(got.shape, bool)
    inside[point, plot] = covered
    assert (inside[p, a] == wanted).all()
    kept = np.isfinite(got[p, a])
    assert got[p, a][kept] == pytest.approx(far[kept], abs=1e-8)
    assert (distance[covered] == 0).all()


def test_the_answer_for_a_pair_does_not_depend_on_the_others(quilt):
    plots = quilt(12).geometry
    rng = np.random.default_rng(3)
    xy = TOWN + rng.uniform(0, 240, (300, 2))
    reach = rng.uniform(0, 30, 300)
    point, plot, _, distance = near(plots, xy, reach)
    order, turn = rng.permutation(len(plots)), rng.permutation(len(xy))
    p, a, _, d = near(plots[order], xy[turn], reach[turn])
    assert dict(zip(zip(turn[p], order[a], strict=True), d, strict=True)) == dict(
        zip(zip(point, plot, strict=True), distance, strict=True)
    )
    half = plot < 70
    p, a, _, d = near(plots[:70], xy, reach)
    assert (p == point[half]).all()
    assert (a == plot[half]).all()
    assert (d == distance[half]).all()


def test_a_reach_is_closed_and_each_point_has_its_own():
    plots = shapely.box([0, 20], 0, [10, 30], 10)
    xy = [[15, 5]] * 5
    point, plot, covered, distance = near(plots, xy, [5.0, np.nextafter(5, 0), 0, -1, np.nan])
    assert (point.tolist(), plot.tolist()) == ([0, 0], [0, 1])
    assert (covered.tolist(), distance.tolist()) == ([False] * 2, [5.0] * 2)


def test_no_points_and_no_plots():
    assert len(near(shapely.box([0], 0, [1], 1), np.zeros((0, 2)), 1.0)[0]) == 0
    assert len(near([None], np.zeros((2, 2)), 1.0)[0]) == 0
    assert len(near([], np.zeros((2, 2)), 1.0)[0]) == 0


def discs(plots, xy, radius, plot):
    flat = FlatShapes.from_shapely(np.asarray(plots, object))
    return disc_areas(np.asarray(xy, float), np.asarray(radius, float), np.asarray(plot), flat)


SEGMENT = 1 / 3 - np.sqrt(3) / (4 * np.pi)  # of the disc, beyond a chord at half the radius


@pytest.mark.parametrize(
    ("x", "y", "share"),
    [
        pytest.param(5, 5, 1.0, id="inside"),
        pytest.param(1, 5, 1.0, id="touches-from-inside"),
        pytest.param(-1, 5, 0.0, id="touches-from-outside"),
        pytest.param(0, 5, 0.5, id="centre-on-an-edge"),
        pytest.param(10, 10, 0.25, id="centre-on-a-corner"),
        pytest.param(0.5, 5, 1 - SEGMENT, id="upright-chord"),
        pytest.param(5, -0.5, SEGMENT, id="level-chord"),
        pytest.param(30, 30, 0.0, id="elsewhere"),
    ],
)
def test_parts_of_discs(x, y, share):
    for plot in (shapely.box(0, 0, 10, 10), shapely.reverse(shapely.box(0, 0, 10, 10))):
        area = discs([plot], [[x, y]], [1.0], [0])[0]
        assert area == pytest.approx(share * np.pi, abs=1e-15)
        if share in {0, 1} and abs(x) != 1:
            assert area == share * np.pi


def test_a_small_plot_lies_in_a_large_disc():
    assert discs([HOLED], [[5, 5]], [100.0], [0])[0] == pytest.approx(HOLED.area, rel=1e-12)


def test_what_is_no_disc_has_no_area():
    plot = shapely.box(0, 0, 10, 10)
    xy = [[5, 5], [5, 5], [5, 5], [np.nan, 5]]
    assert discs([plot], xy, [0, -1, np.nan, 1], [0] * 4).tolist() == [0.0] * 4


@settings(max_examples=150, deadline=None)
@given(fabrics(), st.sampled_from([1e-3, 0.3, 4.0, 70.0]))
def test_discs_are_those_of_numpy(world, radius):
    plots, xy = world
    point, plot, _, _ = near(plots, xy, radius)
    size = np.full(len(point), radius)
    area = discs(plots, xy[point], size, plot)
    valid = shapely.make_valid(plots)
    wanted = disc_area_inside(xy[point], size, valid[plot])
    assert np.abs(area - wanted).max() <= 1e-11 * np.pi * radius**2
    assert area.min() >= 0


def test_a_fabric_takes_up_the_whole_disc(quilt):
    plots = quilt(12).geometry
    centre = TOWN + np.random.default_rng(4).uniform(60, 180, (200, 2))
    radius = np.geomspace(1e-3, 50, 200)
    point, plot, _, _ = near(plots, centre, radius)
    area = discs(plots, centre[point], radius[point], plot)
    whole = np.pi * radius**2
    assert np.bincount(point, area) == pytest.approx(whole, rel=1e-9)
