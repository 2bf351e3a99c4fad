"""Vector tiles against the specification's own examples, exact geometry, and GDAL."""

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_core.crs import plan_operation, transform_xy
from gis_core.errors import GeometryTypeError
from gis_core.mvt import BUFFER, EXTENT, FULL, Detail, Kind, Strokes, encode_layer, fit
from gis_core.mvt.layer import _commands
from gis_core.mvt.protobuf import varint, varint_sizes, varints
from gis_core.tiling import ADV_25832, WEB_MERCATOR_QUAD
from tests.mvt_reading import doubled_area, read_tile

TOWN = (324_000.0, 5_690_000.0)
SIDE = 900.0
COARSE = Detail(grid=4, pixel=8)
WINDOW = shapely.box(-BUFFER, -BUFFER, EXTENT + BUFFER, EXTENT + BUFFER)
SETS = pytest.mark.parametrize(
    ("matrix_set", "z"),
    [
        pytest.param(WEB_MERCATOR_QUAD, 16, id="mercator-16"),
        pytest.param(WEB_MERCATOR_QUAD, 15, id="mercator-15"),
        pytest.param(WEB_MERCATOR_QUAD, 13, id="mercator-13"),
        pytest.param(ADV_25832, 11, id="utm-11"),
        pytest.param(ADV_25832, 8, id="utm-8"),
    ],
)
_TO_MERCATOR = plan_operation("EPSG:25832", "EPSG:3857")


def carrier(matrix_set):
    if matrix_set is ADV_25832:
        return lambda x, y: (x, y)
    return lambda x, y: transform_xy(x, y, _TO_MERCATOR)


def exact(shapes, tile):
    carry = carrier(tile.matrix_set)
    corner = np.array([tile.x, tile.y]) * EXTENT
    return shapely.transform(
        shapes, lambda xy: tile.parts(*carry(xy[:, 0], xy[:, 1]), EXTENT) - corner
    )


def tiles_over(matrix_set, z):
    x, y = carrier(matrix_set)(np.array([0, SIDE]) + TOWN[0], np.array([0, SIDE]) + TOWN[1])
    limits = matrix_set.limits((x[0], y[0], x[1], y[1]), z)
    return [
        matrix_set.tile(z, column, row)
        for column in range(limits.first_column, limits.last_column + 1)
        for row in range(limits.first_row, limits.last_row + 1)
    ]


def read(shapes, tile, keep=None):
    strokes = fit(shapes, tile, carrier(tile.matrix_set), keep)
    ids = np.arange(len(shapes))
    data = encode_layer("plots", strokes, ids, {"row": ids.tolist()})
    found = {f.id: f for f in read_tile(data)["plots"].features} if data else {}
    assert all(f.tags == {"row": i} for i, f in found.items())
    return found


@pytest.fixture(scope="module")
def plots():
    """Return a gapless fabric of 900 crooked plots, some of them a few metres wide."""
    places = np.random.default_rng(4).uniform(0, SIDE, (900, 2)) + TOWN
    town = shapely.box(*TOWN, TOWN[0] + SIDE, TOWN[1] + SIDE)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(places)))
    fabric = shapely.set_precision(shapely.intersection(cells, town), 0.001)
    assert shapely.coverage_is_valid(fabric)
    return fabric


# -- the specification's own examples ----------------------------------------------------


def strokes(kind, *features):
    parts = [(row, part) for row, feature in enumerate(features) for part in feature]
    return Strokes(
        kind,
        np.array([v for _, part in parts for v in part], np.int64),
        np.cumsum([0, *(len(part) for _, part in parts)]),
        np.array([doubled_area(part) > 0 for _, part in parts]),
        np.array([row for row, _ in parts], np.int64),
    )


@pytest.mark.parametrize(
    ("kind", "parts", "commands"),
    [
        pytest.param(Kind.POINT, [[(25, 17)]], [9, 50, 34], id="point"),
        pytest.param(Kind.POINT, [[(5, 7)], [(3, 2)]], [17, 10, 14, 3, 9], id="points"),
        pytest.param(
            Kind.LINE, [[(2, 2), (2, 10), (10, 10)]], [9, 4, 4, 18, 0, 16, 16, 0], id="line"
        ),
        pytest.param(
            Kind.LINE,
            [[(2, 2), (2, 10), (10, 10)], [(1, 1), (3, 5)]],
            [9, 4, 4, 18, 0, 16, 16, 0, 9, 17, 17, 10, 4, 8],
            id="lines",
        ),
        pytest.param(
            Kind.AREA, [[(3, 6), (8, 12), (20, 34)]], [9, 6, 12, 18, 10, 12, 24, 44, 15], id="area"
        ),
        pytest.param(
            Kind.AREA,
            [
                [(0, 0), (10, 0), (10, 10), (0, 10)],
                [(11, 11), (20, 11), (20, 20), (11, 20)],
                [(13, 13), (13, 17), (17, 17), (17, 13)],
            ],
            [
                *(9, 0, 0, 26, 20, 0, 0, 20, 19, 0, 15),
                *(9, 22, 2, 26, 18, 0, 0, 18, 17, 0, 15),
                *(9, 4, 13, 26, 0, 8, 8, 0, 0, 7, 15),
            ],
            id="areas-and-a-hole",
        ),
    ],
)
def test_the_commands_are_those_of_the_specification(kind, parts, commands):
    found, start = _commands(strokes(kind, parts, parts))
    assert found.tolist() == commands * 2  # every feature starts from the corner again
    assert start.tolist() == [0, len(commands), 2 * len(commands)]


@given(st.lists(st.integers(0, 2**62), min_size=1, max_size=30))
def test_numbers_are_written_alike_one_by_one_and_together(numbers):
    together = np.array(numbers)
    assert varints(together, varint_sizes(together)).tobytes() == b"".join(map(varint, numbers))
    assert varint(300) == b"\xac\x02"


# -- plots in tiles --------------------------------------------------------------------


@SETS
def test_a_tile_has_the_plots_that_meet_it_where_they_are(plots, matrix_set, z):
    seen = set()
    for tile in tiles_over(matrix_set, z):
        truth, found = exact(plots, tile), read(plots, tile, FULL)
        seen |= set(found)
        meets = np.flatnonzero(shapely.intersects(truth, shapely.box(0, 0, EXTENT, EXTENT)))
        assert set(meets.tolist()) <= set(found)
        assert shapely.dwithin(truth[list(found)], WINDOW, 1).all()
        for row, feature in found.items():
            there = shapely.intersection(truth[row], WINDOW)
            assert feature.shape.is_valid
            assert WINDOW.covers(feature.shape)
            # A corner is rounded by 0.71 at most, where the buffer cuts by another 0.5.
            assert shapely.symmetric_difference(there, feature.shape).buffer(-0.61).is_empty
    assert seen == set(range(len(plots)))


@SETS
@pytest.mark.parametrize("keep", [FULL, COARSE], ids=["full", "coarse"])
def test_neighbours_share_their_border(plots, matrix_set, z, keep):
    for tile in tiles_over(matrix_set, z):
        shapes = np.array([f.shape for f in read(plots, tile, keep).values()])
        assert shapely.is_valid(shapes).all()
        assert shapely.coverage_is_valid(shapes)


@pytest.mark.parametrize(
    ("matrix_set", "z"), [(WEB_MERCATOR_QUAD, 15), (WEB_MERCATOR_QUAD, 16), (ADV_25832, 11)]
)
@pytest.mark.parametrize("keep", [FULL, COARSE], ids=["full", "coarse"])
def test_a_border_goes_on_in_the_next_tile(plots, matrix_set, z, keep):
    first = tiles_over(matrix_set, z)[0]
    for x, y in ((1, 0), (0, 1)):
        beside = matrix_set.tile(z, first.x + x, first.y + y)
        here, there = read(plots, first, keep), read(plots, beside, keep)
        # Both tiles hold a strip on either side of their common edge.
        strip = shapely.intersection(
            shapely.transform(WINDOW, lambda xy, by=(x, y): xy + np.array(by) * EXTENT), WINDOW
        ).buffer(-1)
        shared = set(here) & set(there)
        assert shared
        for row in shared:
            moved = shapely.transform(
                there[row].shape, lambda xy, by=(x, y): xy + np.array(by) * EXTENT
            )
            corners = [
                {
                    c
                    for c in map(tuple, shapely.get_coordinates(s))
                    if strip.contains_properly(shapely.Point(c))
                }
                for s in (here[row].shape, moved)
            ]
            assert corners[0] == corners[1]
            apart = shapely.symmetric_difference(here[row].shape, moved).intersection(strip)
            assert apart.buffer(-0.5).is_empty


def test_far_up_only_what_is_smaller_than_a_pixel_goes(plots):
    (tile,) = tiles_over(WEB_MERCATOR_QUAD, 10)[:1]
    truth, found = exact(plots, tile), read(plots, tile)
    assert 0 < len(found) < len(plots)
    large = shapely.area(truth) >= COARSE.pixel**2
    assert large[list(found)].all()
    # What is wider than a step of the grid and a pixel large is kept.
    wide = ~shapely.is_empty(shapely.buffer(truth, -COARSE.grid))
    assert set(np.flatnonzero(wide & large)) <= set(found)
    assert read(plots, tiles_over(WEB_MERCATOR_QUAD, 4)[0]) == {}


# -- shapes that give trouble ------------------------------------------------------------


def here(*rings):
    """Return a tile of level 14 and an area given in its parts."""
    tile = ADV_25832.tile(14, 4848, 7999)
    left, _, _, top = tile.box
    part = tile.side / EXTENT
    shell, *holes = [[(left + x * part, top - y * part) for x, y in ring] for ring in rings]
    return tile, np.array([shapely.Polygon(shell, holes)])


SQUARE = [(100, 100), (900, 100), (900, 900), (100, 900)]


@pytest.mark.parametrize("back", [False, True], ids=["as-is", "reversed"])
def test_shells_turn_right_and_holes_left_however_they_are_stored(back):
    rings = [SQUARE, [(200, 200), (200, 800), (800, 800), (800, 200)]]
    tile, shape = here(*(r[::-1] if back else r for r in rings))
    shell, hole = read(shape, tile)[0].strokes
    assert doubled_area(shell) == 2 * 800**2
    assert doubled_area(hole) == -2 * 600**2


@pytest.mark.parametrize(
    ("rings", "area"),
    [
        pytest.param([[(0, 0), (500, 0.4), (500, 0.2), (0, 0.3)]], 0, id="sliver-is-gone"),
        pytest.param(
            [SQUARE, [(5e2, 5e2), (500.3, 500), (500, 500.3)]], 640_000, id="hole-is-gone"
        ),
        pytest.param(
            [[(0, 0), (1000, 0), (1000, 500), (500.2, 0.3), (500, 0.2), (0, 500)]],
            250_000,
            id="waist-narrower-than-a-part",
        ),
        pytest.param([[(0, 0), (800, 800), (800, 0), (0, 400)]], 266_667, id="bow-tie"),
        pytest.param(
            [SQUARE, [(100.3, 500), (500, 400), (500, 600)]], 600_000, id="hole-comes-to-touch"
        ),
        pytest.param(
            [[(-9e4, -9e4), (9e4, -9e4), (9e4, 9e4), (-9e4, 9e4)]], 4224**2, id="covers-the-tile"
        ),
        pytest.param(
            [
                [
                    *((-500, 0), (4e3, 0), (4e3, 4e3), (-500, 4e3)),
                    *((-500, 3e3), (3e3, 3e3), (3e3, 1e3), (-500, 1e3)),
                ]
            ],
            4e3 * 4064 - 2e3 * 3064,
            id="horseshoe-comes-in-two-parts",
        ),
    ],
)
def test_what_comes_out_is_valid_and_has_the_area_that_is_left(rings, area):
    tile, shape = here(*rings)
    found = read(shape, tile, FULL)
    shapes = [f.shape for f in found.values()]
    assert all(s.is_valid for s in shapes)
    assert sum(s.area for s in shapes) == pytest.approx(area, abs=1100)


POINTS = st.tuples(st.floats(-300, 4500), st.floats(-300, 4500))


@given(
    st.lists(POINTS, min_size=3, max_size=9), st.floats(0.0005, 1), st.sampled_from([FULL, COARSE])
)
@settings(max_examples=300)
def test_any_ring_at_all_comes_out_valid(ring, scale, keep):
    tile, shape = here([(x * scale, y * scale) for x, y in ring])
    for feature in read(shape, tile, keep).values():
        assert feature.shape.is_valid
        assert WINDOW.covers(feature.shape)


# -- lines, points, values ---------------------------------------------------------------


def test_lines_are_cut_and_points_thinned():
    tile = ADV_25832.tile(9, 151, 249)
    left, bottom, right, top = tile.box
    road = shapely.LineString([(left - 900, bottom + 9), (right + 900, bottom + 9)])
    stub = shapely.LineString([(left + 9, bottom + 9), (left + 10, bottom + 9)])
    found = read(np.array([road, stub, None, shapely.MultiLineString([road, stub])]), tile)
    y = EXTENT - round(9 / tile.side * EXTENT / 4) * 4
    assert {i: f.strokes for i, f in found.items()} == {
        0: [[(-BUFFER, y), (EXTENT + BUFFER, y)]],
        3: [[(-BUFFER, y), (EXTENT + BUFFER, y)]],
    }
    trees = shapely.points(np.full(9, left + 50), np.linspace(top - 50, top - 51, 9))
    assert list(read(trees, tile)) == [0]
    assert len(read(trees, tile, FULL)) == 9
    assert read(shapely.points([left - 500], [top]), tile) == {}


def test_points_lines_and_areas_are_not_mixed():
    tile, shape = here(SQUARE)
    with pytest.raises(GeometryTypeError):
        fit(np.array([shape[0], shape[0].boundary]), tile, carrier(ADV_25832))


def test_a_table_without_shapes_is_in_no_tile():
    tile, _ = here(SQUARE)
    assert read(np.array([None, shapely.Polygon()]), tile) == {}
    assert read(np.array([], object), tile) == {}


def test_values_keep_their_type_and_missing_ones_are_left_out():
    tile, shape = here(SQUARE)
    shapes = np.repeat(shape, 5)
    rows = fit(shapes, tile, carrier(ADV_25832))
    columns = {
        "text": ["Straße", "", "x" * 200, None, "Straße"],
        "mixed": [1, 1.0, True, "1", None],
        "number": [0.1, float("nan"), -2.5, 1e300, None],
        "whole": [0, -1, 2**53, -(2**53), None],
        "flag": [True, False, None, None, None],
        "nothing": [None] * 5,
    }
    data = encode_layer("Ä", rows, np.array([0, 1, 2**53, 3, 4]), columns)
    layer = read_tile(data)["Ä"]
    assert (layer.version, layer.extent) == (2, EXTENT)
    assert [f.id for f in layer.features] == [0, 1, 2**53, 3, 4]
    for row, feature in enumerate(layer.features):
        wanted = {k: v[row] for k, v in columns.items() if v[row] is not None and v[row] == v[row]}
        assert feature.tags == wanted
        assert [*map(type, feature.tags.values())] == [*map(type, wanted.values())]


def test_gdal_reads_the_same(plots, tmp_path):
    tile = tiles_over(WEB_MERCATOR_QUAD, 15)[0]
    strokes = fit(plots, tile, carrier(WEB_MERCATOR_QUAD))
    names = [f"Flurstück {i}" for i in range(len(plots))]
    data = encode_layer("plots", strokes, np.arange(len(plots)), {"name": names})
    path = tmp_path / str(tile.z) / str(tile.x) / f"{tile.y}.pbf"
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    frame = pyogrio.read_dataframe(path, CLIP="NO")
    ours = read(plots, tile)
    assert [*frame["name"]] == [names[i] for i in ours]
    assert frame.crs.to_epsg() == 3857
    left, _, _, top = tile.box
    part = tile.side / EXTENT
    wanted = shapely.transform(
        np.array([f.shape for f in ours.values()]), lambda xy: xy * [part, -part] + [left, top]
    )
    assert shapely.area(shapely.symmetric_difference(frame.geometry.array, wanted)).max() < 0.01
