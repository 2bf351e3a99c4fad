"""Common areas, perimeters and lengths of pairs without overlay geometry, held against GEOS."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity

from gis_core.merge.flat import FlatShapes
from gis_core.merge.kernels.edges import SIZE, Edges, edges_of
from gis_core.merge.kernels.lengths import line_lengths, piece_perimeters
from gis_core.merge.kernels.overlap import overlap_areas

KREFELD = (324_000.0, 5_690_000.0)
AREA_M2, LENGTH_M = 1e-6, 1e-6


def edges(*shapes) -> Edges:
    return edges_of(FlatShapes.from_shapely(np.array(shapes, object)))


def one(measure, a, b):
    pair = np.zeros(1, np.intp)
    return measure(pair, pair, edges(a), edges(b))[0]


def at_krefeld(shape):
    return affinity.translate(shape, *KREFELD)


def polygon(points):
    """Return what is inside an odd number of times, whatever the order of the points."""
    return shapely.make_valid(shapely.Polygon(points), method="structure", keep_collapsed=False)


def areas_only(shape):
    kept = [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon" and p.area > 0]
    return shapely.MultiPolygon(kept)


millimetre = st.integers(0, 60_000).map(lambda mm: mm / 1000)
metre = st.integers(0, 12).map(float)  # many common vertices and edges on one another


@st.composite
def areas(draw, coordinate):
    """Draw an area at Krefeld with holes and parts, as rounding leaves them."""
    point = st.tuples(coordinate, coordinate)
    parts = [polygon(draw(st.lists(point, min_size=3, max_size=9))) for _ in range(3)]
    shape = parts[0].union(parts[1]).difference(parts[2])
    shape = shapely.transform(areas_only(shape), lambda xy: np.round(xy + KREFELD, 3))
    if draw(st.booleans()):
        shape = shapely.reverse(shape)
    return areas_only(shape) if shape.is_valid else areas_only(shape.buffer(0))


@given(areas(millimetre) | areas(metre), areas(millimetre) | areas(metre))
@settings(max_examples=80, deadline=None)
def test_geos_finds_the_same_area(a, b):
    piece = areas_only(shapely.intersection(a, b))
    assert one(overlap_areas, a, b) == pytest.approx(piece.area, abs=AREA_M2)


@given(areas(metre), areas(metre))
@settings(max_examples=80, deadline=None)
def test_common_borders_count_once_or_not_at_all(a, b):
    """Whole metres at the origin: GEOS and we see exactly the same edges on one another."""
    a, b = (shapely.transform(s, lambda xy: np.round(xy - KREFELD)) for s in (a, b))
    if not (a.is_valid and b.is_valid):
        return
    piece = areas_only(shapely.intersection(a, b))
    assert one(overlap_areas, a, b) == pytest.approx(piece.area, abs=AREA_M2)
    assert one(piece_perimeters, a, b) == pytest.approx(piece.length, abs=LENGTH_M)


@given(st.lists(st.tuples(metre, metre), min_size=2, max_size=8), areas(metre))
@settings(max_examples=80, deadline=None)
def test_geos_finds_the_same_length_of_line(points, area):
    line = shapely.LineString(points)
    area = shapely.transform(area, lambda xy: np.round(xy - KREFELD))
    if not (area.is_valid and line.is_simple):
        return
    wanted = shapely.intersection(line, area).length
    assert one(line_lengths, line, area) == pytest.approx(wanted, abs=LENGTH_M)


SQUARE = shapely.box(0, 0, 10, 10)


@pytest.mark.parametrize(
    ("guest", "area", "perimeter"),
    [
        pytest.param(SQUARE, 100, 40, id="itself"),
        pytest.param(shapely.box(10, 0, 20, 10), 0, 0, id="next-door"),
        pytest.param(shapely.box(10, 10, 20, 20), 0, 0, id="at-the-corner"),
        pytest.param(shapely.box(5, 0, 15, 10), 50, 30, id="along-two-sides"),
        pytest.param(shapely.box(2, 2, 4, 4), 4, 8, id="within"),
        pytest.param(shapely.box(-5, -5, 15, 15), 100, 40, id="around"),
        pytest.param(
            shapely.box(-5, -5, 15, 15) - shapely.box(2, 2, 8, 8), 64, 64, id="around-with-a-hole"
        ),
        pytest.param(shapely.box(-5, -5, 15, 15) - SQUARE, 0, 0, id="a-hole-for-it"),
        pytest.param(
            shapely.MultiPolygon([shapely.box(-1, 1, 1, 2), shapely.box(9, 1, 11, 2)]),
            2, 8, id="two-parts",
        ),
        pytest.param(shapely.Polygon([(5, 0), (10, 5), (5, 10), (0, 5)]), 50, 8 * 50**0.5 / 2,
                     id="corners-on-its-sides"),
        pytest.param(shapely.box(10 - 1e-9, 0, 20, 10), 1e-8, 20, id="a-billionth-over"),
        pytest.param(shapely.Polygon([(2, 2), (4, 2), (4, 4), (4, 9), (4, 4), (2, 4)]), 4, None,
                     id="with-a-spike"),
        pytest.param(shapely.Polygon([(2, 2), (8, 2), (5, 2)]), 0, None, id="without-width"),
        pytest.param(shapely.Polygon([(2, 2), (4, 4), (4, 2), (2, 4)]), None, None, id="bow-tie"),
        pytest.param(shapely.Polygon(), 0, 0, id="empty"),
        pytest.param(None, 0, 0, id="missing"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", [lambda s: s, at_krefeld], ids=["origin", "krefeld"])
@pytest.mark.parametrize("turned", [False, True], ids=["as-stored", "reversed"])
def test_pairs_that_can_be_checked_in_the_head(guest, area, perimeter, place, turned):
    ground = place(SQUARE)
    if guest is not None and not guest.is_empty:
        guest = place(shapely.reverse(guest) if turned else guest)
    got = one(overlap_areas, guest, ground), one(overlap_areas, ground, guest)
    if area is None:
        assert 0 <= min(got) <= max(got) <= 100
    else:
        assert got == pytest.approx((area, area), abs=AREA_M2)
    if perimeter is not None:
        assert one(piece_perimeters, guest, ground) == pytest.approx(perimeter, abs=LENGTH_M)


@pytest.mark.parametrize(
    ("points", "length"),
    [
        pytest.param([(-5, 5), (15, 5)], 10, id="across"),
        pytest.param([(10, 2), (10, 8)], 6, id="along-the-right-side"),
        pytest.param([(0, 8), (0, 2)], 6, id="along-the-left-side"),
        pytest.param([(2, 0), (8, 0)], 6, id="along-the-lower-side"),
        pytest.param([(-2, 10), (8, 10)], 8, id="along-the-upper-side"),
        pytest.param([(5, -5), (5, 5), (5, 15)], 10, id="upright"),
        pytest.param([(10, 5), (15, 5)], 0, id="from-the-border-outwards"),
        pytest.param([(5, 5), (5, 5)], 0, id="without-length"),
        pytest.param([(-1, 1), (1, -1)], 0, id="past-the-corner"),
    ],
)
def test_lines_are_cut_by_a_closed_area(points, length):
    for place in (lambda s: s, at_krefeld):
        line = place(shapely.LineString(points))
        assert one(line_lengths, line, place(SQUARE)) == pytest.approx(length, abs=LENGTH_M)


@pytest.fixture(scope="module")
def town():
    """Return guests across a crooked fabric of 20 m plots, and all pairs whose boxes meet."""
    rng = np.random.default_rng(3)
    x, y = np.meshgrid(np.arange(16) * 20.0, np.arange(16) * 20.0)
    x = np.round(x + rng.uniform(-6, 6, x.shape) + KREFELD[0], 3)
    y = np.round(y + rng.uniform(-6, 6, y.shape) + KREFELD[1], 3)
    corner = [(slice(None, -1),) * 2, (slice(None, -1), slice(1, None)),
              (slice(1, None),) * 2, (slice(1, None), slice(None, -1))]  # fmt: skip
    plots = shapely.polygons(
        np.stack([np.stack((x[c], y[c]), -1).reshape(-1, 2) for c in corner], 1)
    )
    guests = [forest(2_000, 120)] + [at_krefeld(star(rng)) for _ in range(60)]
    guest, plot = shapely.STRtree(plots).query(np.array(guests))
    order = np.lexsort((plot, guest))
    return np.array(guests), plots, guest[order], plot[order]


def star(rng):
    angle = np.sort(rng.uniform(0, 2 * np.pi, 30))
    radius = rng.uniform(5, 40, 30)
    x, y = rng.uniform(60, 240, 2)
    return shapely.Polygon(
        np.round(np.c_[x + radius * np.cos(angle), y + radius * np.sin(angle)], 3)
    ).buffer(0)


def forest(vertices, radius):
    """Return a ragged disc with a clearing."""
    angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    ragged = 1 + 0.05 * np.sin(37 * angle) + 0.01 * np.random.default_rng(5).uniform(size=vertices)
    ring = np.c_[np.cos(angle), np.sin(angle)] * ragged[:, None]
    ring, centre = ring * radius, (KREFELD[0] + 150, KREFELD[1] + 150)
    return shapely.Polygon(np.round(ring + centre, 3), [np.round(ring[::-1] / 4 + centre, 3)])


def test_a_town_agrees_with_geos(town):
    guests, plots, guest, plot = town
    sides = edges(*guests), edges(*plots)
    area = overlap_areas(guest, plot, *sides)
    piece = shapely.intersection(guests[guest], plots[plot])
    assert np.abs(area - shapely.area(piece)).max() < AREA_M2
    perimeter = piece_perimeters(guest, plot, *sides)
    assert np.abs(perimeter - shapely.length(piece)).max() < LENGTH_M

    lines = shapely.boundary(guests)
    length = line_lengths(guest, plot, edges(*lines), sides[1])
    cut = shapely.length(shapely.intersection(lines[guest], plots[plot]))
    assert np.abs(length - cut).max() < LENGTH_M


def test_no_piece_is_wider_than_a_circle_of_its_area(town):
    """On this rests that slivers of little area are told without their perimeter."""
    guests, plots, guest, plot = town
    sides = edges(*guests), edges(*plots)
    area, perimeter = (f(guest, plot, *sides) for f in (overlap_areas, piece_perimeters))
    solid = area > AREA_M2
    width = 2 * area[solid] / perimeter[solid]
    assert solid.sum() > 500
    assert (width < np.sqrt(area[solid] / np.pi)).all()


def test_what_parcels_cover_fully_adds_up(town):
    guests, plots, guest, plot = town
    total = np.bincount(guest, overlap_areas(guest, plot, edges(*guests), edges(*plots)))
    assert np.abs(total - shapely.area(guests)).max() < AREA_M2


@pytest.mark.parametrize("measure", [overlap_areas, piece_perimeters])
def test_a_pair_has_the_same_bits_in_any_company(town, measure):
    guests, plots, guest, plot = town
    whole = measure(guest, plot, edges(*guests), edges(*plots))
    rng = np.random.default_rng(1)

    shuffled = rng.permutation(len(guest))
    again = measure(guest[shuffled], plot[shuffled], edges(*guests), edges(*plots))
    assert np.array_equal(whole[shuffled], again)

    for part in np.array_split(shuffled, 5):  # a tile has its own arrays
        i, guest_here = np.unique(guest[part], return_inverse=True)
        j, plot_here = np.unique(plot[part], return_inverse=True)
        tile = measure(guest_here, plot_here, edges(*guests[i]), edges(*plots[j]))
        assert np.array_equal(whole[part], tile)


def test_where_it_lies_and_how_it_turns_makes_no_difference(town):
    guests, plots, guest, plot = town
    here = overlap_areas(guest, plot, edges(*guests), edges(*plots))
    for move in (
        lambda s: affinity.translate(s, 1e6, -1e6),
        lambda s: affinity.rotate(s, 30, origin=KREFELD),
        lambda s: affinity.rotate(s, 90, origin=KREFELD),
        shapely.reverse,
    ):
        moved = [edges(*(move(s) for s in side)) for side in (guests, plots)]
        # Moving rounds each coordinate to a nanometre, a forest's border is 750 m long.
        assert np.abs(overlap_areas(guest, plot, *moved) - here).max() < AREA_M2


def test_a_forest_is_looked_at_only_around_each_parcel():
    """20,000 vertices against themselves shifted: halved boxes instead of 400 million pairs."""
    wood = forest(20_000, 900)
    moved = shapely.transform(wood, lambda xy: np.round(xy + np.array([31.3, 17.9]), 3))
    wanted = shapely.intersection(wood, moved)
    assert one(overlap_areas, wood, moved) == pytest.approx(wanted.area, abs=AREA_M2)
    assert one(piece_perimeters, wood, moved) == pytest.approx(wanted.length, abs=LENGTH_M)

    strips = [shapely.box(x, 0, x + 1, 9e6) for x in KREFELD[0] + np.arange(-1000.0, 1300.0)]
    pair = np.zeros(len(strips), np.intp), np.arange(len(strips))
    area = overlap_areas(*pair, edges(wood), edges(*strips))
    assert area.sum() == pytest.approx(wood.area, abs=AREA_M2)


@pytest.mark.parametrize("turn", [0, 90, 30])
def test_a_comb_of_ten_thousand_teeth(turn):
    x = np.arange(20_001.0) / 100
    comb = shapely.Polygon(np.c_[np.r_[x, 200, 0], np.r_[np.arange(20_001) % 2 * 50, -5, -5]])
    comb = at_krefeld(affinity.rotate(comb, turn, origin=(0, 0)))
    for plot, area in (
        (shapely.box(20, 10, 180, 30), 160 * 12),  # of each metre 0.8 at 10 m, 0.4 at 30 m
        (shapely.box(-300, -300, 300, 20), 200 * 5 + 200 * 16),
    ):
        place = at_krefeld(affinity.rotate(plot, turn, origin=(0, 0)))
        # Each of 20,000 corners is off by up to a nanometre, on teeth of 50 m.
        assert one(overlap_areas, comb, place) == pytest.approx(area, abs=1e-3)


def test_no_input_stops_it_and_no_area_exceeds_either_side():
    rng = np.random.default_rng(7)
    knots = [shapely.Polygon(rng.integers(0, 9, (12, 2))) for _ in range(40)]
    knots += [
        shapely.Polygon(rng.choice([0, 1e-300, 1e-9, 1, 1e9, 1e150], (6, 2))) for _ in range(40)
    ]
    pair = np.divmod(np.arange(len(knots) ** 2), len(knots))
    sides = edges(*knots), edges(*knots)
    area = overlap_areas(*pair, *sides)
    size = sides[0].about[:, SIZE]
    assert (area >= 0).all()
    assert (area <= np.minimum(size[pair[0]], size[pair[1]])).all()
    assert (piece_perimeters(*pair, *sides) >= 0).all()
