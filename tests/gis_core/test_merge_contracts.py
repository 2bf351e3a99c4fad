"""What the merge promises of any finite input, by either engine; worlds made to break it."""

import subprocess
import sys
import time

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_core.merge.fabric import ParcelFabric
from gis_core.merge.links import Links
from gis_core.merge.points import place_points
from gis_core.merge.shares import overlap

ENGINES = pytest.mark.parametrize("engine", ["shapely", "kernels"])
box, polygon = shapely.box, shapely.Polygon
CORNER = np.array([321_000.0, 5_690_000.0])

ODD = {
    "bow-tie": polygon([(2, 2), (8, 8), (8, 2), (2, 8)]),
    "loop-over-itself": polygon([(0, 0), (6, 0), (6, 6), (2, 6), (2, 2), (8, 2), (8, 8), (0, 8)]),
    "ring-twice": shapely.MultiPolygon([box(1, 1, 6, 5), box(1, 1, 6, 5)]),
    "parts-that-overlap": shapely.MultiPolygon([box(1, 1, 6, 5), box(3, 3, 8, 8)]),
    "part-in-a-part": shapely.MultiPolygon([box(0, 0, 9, 9), box(2, 2, 7, 4)]),
    "hole-outside": polygon(box(1, 1, 3, 3).exterior, [box(5, 5, 7, 7).exterior]),
    "hole-like-its-shell": polygon(box(1, 1, 8, 3).exterior, [box(1, 1, 8, 3).exterior]),
    "hole-around-its-shell": polygon(box(2, 2, 3, 3).exterior, [box(1, 1, 8, 8).exterior]),
    "hole-on-a-side": polygon(box(0, 0, 9, 9).exterior, [[(0, 3), (6, 2), (6, 4)]]),
    "hole-along-a-side": polygon(box(0, 0, 9, 9).exterior, [[(0, 3), (3, 3), (3, 5), (0, 5)]]),
    "spike": polygon([(0, 0), (8, 0), (8, 5), (8, 50), (8, 5), (0, 5)]),
    "out-and-back": polygon([(3, 0), (3, 9), (3, 0)]),
    "in-line": polygon([(0, 0), (9, 9), (2, 2)]),
    "one-place": polygon([(5, 5), (5, 5), (5, 5)]),
    "doubled-vertices": polygon([(0, 0), (0, 0), (9, 0), (9, 0), (9, 5), (0, 5), (0, 5)]),
    "a-billionth-apart": polygon([(0, 0), (1e-9, 0), (9, 0), (9, 1e-9), (9, 5), (9 - 1e-9, 5)]),
    "larger-than-the-globe": polygon([(-1e9, -1e9), (1e9, -1e9), (0, 1e9)]),
    "beyond-all-measure": polygon([(0, 0), (1e60, 0), (0, 1e60)]),
    "below-all-measure": polygon([(5, 5), (5 + 1e-15, 5), (5, 5 + 1e-15)]),
    "empty": polygon(),
    "missing": None,
}
HALVES = np.array([box(0, 0, 5, 10), box(5, 0, 10, 10)], object)
GUESTS = np.array([box(1, 1, 6, 6), box(0, 0, 10, 10), shapely.LineString([(0, 1), (9, 8)])])
PLACES = np.array(
    [[1, 1], [5, 5], [0, 0], [5, 0], [5, 1e-9], [3, 3], [1e9, -1], [1e300, 1e300],
     [np.inf, 0], [-np.inf, np.inf], [np.nan, 3], [3, np.nan], [5, 12]]
)  # fmt: skip


def fabric(shapes, engine, key=None):
    named = [f"{i:06d}" for i in range(len(shapes))] if key is None else key
    return ParcelFabric.build(np.array(named, object), np.asarray(shapes, object), engine=engine)


def sound(links: Links) -> Links:
    pairs = np.stack([links.feature, links.parcel], 1)
    assert len(np.unique(pairs, axis=0)) == len(links)
    for figure in (links.share, links.area_m2, links.distance_m):
        assert np.isfinite(figure).all()
        assert (figure >= 0).all()
    assert (links.share <= 1).all()
    return links


@ENGINES
@pytest.mark.parametrize("name", ODD)
def test_no_finite_input_fails(engine, name):
    """Invalid on either side: an answer, between nothing and the smaller of the two."""
    odd = np.array([ODD[name]], object)
    as_guest = fabric(HALVES, engine)
    as_parcel = fabric([ODD[name], box(0, 0, 10, 10)], engine)
    for accuracy in (0.0, 0.5):
        links = sound(overlap(odd, as_guest, accuracy_m=accuracy))
        assert (links.area_m2 <= as_guest.area_m2[links.parcel] + 1e-6).all()
        links = sound(overlap(GUESTS, as_parcel, accuracy_m=accuracy))
        assert (links.area_m2 <= as_parcel.area_m2[links.parcel] + 1e-6).all()
    for radius in (0.3, 1e9, 1e-200, np.inf, np.nan):
        for nearest in (0.0, 3.0):
            sound(
                place_points(
                    PLACES, as_parcel, radius=np.full(len(PLACES), radius), nearest_m=nearest
                )
            )


@pytest.mark.parametrize("name", ODD)
def test_both_engines_agree_on_what_is_invalid(name):
    odd = np.array([ODD[name]], object)
    pairs = [(odd, HALVES), (GUESTS, [ODD[name], box(0, 0, 10, 10)])]
    for guests, parcels in pairs:
        slow, fast = (overlap(guests, fabric(parcels, e)) for e in ("shapely", "kernels"))
        assert slow.parcel.tolist() == fast.parcel.tolist()
        np.testing.assert_allclose(slow.area_m2, fast.area_m2, rtol=1e-9, atol=1e-6)


@ENGINES
def test_nothing_on_either_side(engine):
    none = np.array([None, polygon()], object)
    for parcels in (HALVES, HALVES[:1], HALVES[:0], none):
        ground = fabric(parcels, engine)
        for guests in (GUESTS[:0], none):
            assert len(overlap(guests, ground, accuracy_m=0.3)) == 0
        assert len(place_points(np.full((2, 2), np.nan), ground, nearest_m=9.0)) == 0
        assert len(place_points(np.empty((0, 2)), ground, nearest_m=9.0)) == 0
    assert len(overlap(GUESTS, fabric(none, engine))) == 0
    assert fabric([None, *HALVES], engine).row.tolist() == [-1, 0, 1]


@ENGINES
def test_a_point_has_one_parcel_whatever_overlaps(engine):
    """Three parcels on one another, and the ends, corners and sides of a fourth."""
    parcels = [box(0, 0, 9, 9), box(0, 0, 9, 9), box(3, 3, 12, 12), box(9, 0, 18, 3)]
    places = np.array([[4, 4], [9, 2], [9, 3], [3, 3], [12, 12], [9, 0], [13, 3], [0, 9]], float)
    first = place_points(places, fabric(parcels, engine), nearest_m=2.0)
    assert first.feature.tolist() == list(range(8))
    assert first.parcel.tolist() == [0, 0, 0, 0, 2, 0, 3, 0]
    backwards = fabric(parcels[::-1], engine, key=["000003", "000002", "000001", "000000"])
    assert place_points(places, backwards, nearest_m=2.0).parcel.tolist() == first.parcel.tolist()


@ENGINES
@given(seed=st.integers(0, 9999))
@settings(max_examples=15, deadline=None)
def test_order_moves_no_bit_and_a_move_of_the_world_no_link(engine, quilt, seed):
    rng = np.random.default_rng(seed)
    base = quilt(6, seed=seed)
    ground, key = base.geometry, base.key
    middle = rng.uniform(0, 120, (20, 2)) + np.array([324_000, 5_690_000])
    guests = shapely.buffer(
        shapely.points(np.round(middle, 3)), rng.uniform(1, 40, 20), quad_segs=3
    )
    guests = shapely.transform(guests, lambda xy: np.round(xy, 3))
    corners = shapely.get_coordinates(ground)[rng.integers(0, 180, 30)]
    places = np.vstack([np.round(middle, 3), corners])

    def merged(parcels, shapes, points, order):
        made = fabric(parcels[order], engine, key=key[order])
        return (
            sound(overlap(shapes, made, accuracy_m=0.3)),
            sound(place_points(points, made, accuracy_m=0.5, nearest_m=5.0)),
        )

    straight = np.arange(36)
    shares, spots = merged(ground, guests, places, straight)
    for one, other in zip(
        (shares, spots), merged(ground, guests, places, rng.permutation(36)), strict=True
    ):
        for name in Links.__slots__:
            assert getattr(one, name).tobytes() == getattr(other, name).tobytes()

    def moved(xy):
        return xy + 1e6

    def mirrored(xy):
        return xy * [-1, 1]

    def turned(xy):
        return np.column_stack([-xy[:, 1], xy[:, 0]])

    for change in (moved, mirrored, turned):
        world = [shapely.transform(shapes, change) for shapes in (ground, guests)]
        again, placed = merged(*world, change(places), straight)
        clear = shares.take(shares.area_m2 > 1e-5)
        kept = again.take(again.area_m2 > 1e-5)
        assert kept.parcel.tolist() == clear.parcel.tolist()
        np.testing.assert_allclose(kept.area_m2, clear.area_m2, rtol=0, atol=1e-6)
        assert placed.feature.tolist() == spots.feature.tolist()
        if change is not moved:  # a move rounds coordinates; a turn and a mirror do not
            assert placed.parcel.tolist() == spots.parcel.tolist()
    inside = np.flatnonzero(np.isin(np.arange(20), shares.feature))
    whole = shapely.covers(shapely.union_all(ground), guests[inside])
    total = np.bincount(shares.feature, shares.share, 20)[inside]
    np.testing.assert_allclose(total[whole], 1, atol=1e-9)


def comb(teeth, lying=False):
    x = np.linspace(0, 100, 2 * teeth)
    y = np.tile([1.0, 100.0, 100.0, 1.0], teeth)
    ring = np.vstack([np.column_stack([np.repeat(x, 2), y]), [[100, 0], [0, 0]]])
    return polygon(ring[:, ::-1] if lying else ring)


def zigzag(vertices, upside_down=False):
    x, y = np.linspace(0, 100, vertices), np.where(np.arange(vertices) % 2, 100.0, 1.0)
    ring = np.vstack([np.column_stack([x, y]), [[100, 0], [0, 0]]])
    return polygon(ring * [1, -1] + [0, 100] if upside_down else ring)


@pytest.mark.parametrize(
    ("guest", "parcel", "area"),
    [
        pytest.param(comb(2000), comb(2000), comb(2000).area, id="comb-itself"),
        pytest.param(comb(2000, lying=True), comb(2000, lying=True), comb(2000).area, id="lying"),
        pytest.param(comb(2000), box(-1, -1, 101, 50), None, id="teeth-through-a-side"),
        pytest.param(zigzag(8000), box(-1, -1, 101, 50), None, id="zigzag-through-a-side"),
        pytest.param(zigzag(8000), zigzag(8000, upside_down=True), None, id="zigzags-crossing"),
    ],
)
def test_thousands_of_edges_on_one_another_take_no_square_of_time(guest, parcel, area):
    """Each took seconds where all edges of a box were paired or sorted by moving them."""
    ground, guests = fabric([parcel], "kernels"), np.array([guest], object)
    overlap(guests, ground)  # compiled before the clock runs
    began = time.process_time()
    links = overlap(guests, ground)
    assert time.process_time() - began < 0.5
    wanted = shapely.intersection(guest, parcel).area if area is None else area
    assert links.area_m2[0] == pytest.approx(wanted, abs=1e-6)


def test_candidates_of_many_guests_are_not_all_in_memory(monkeypatch):
    """Chunks of guests and points change no bit."""
    rng = np.random.default_rng(4)
    low = rng.uniform(0, 90, (300, 2))
    ground = fabric(box(*low.T, *(low + 15).T), "kernels")
    guests, places = box(*(low + 3).T, *(low + 8).T), rng.uniform(0, 100, (500, 2))
    at_once = overlap(guests, ground), place_points(places, ground, nearest_m=5.0)
    monkeypatch.setattr("gis_core.merge.engine_kernels._AT_ONCE", 7)
    monkeypatch.setattr("gis_core.merge.points._AT_ONCE", 7)
    again = overlap(guests, ground), place_points(places, ground, nearest_m=5.0)
    for one, other in zip(at_once, again, strict=True):
        for name in Links.__slots__:
            assert getattr(one, name).tobytes() == getattr(other, name).tobytes()


COMMAND = """
import sys
from api.cli import main
sys.argv = ["flurbuch", *{arguments}, "--help"]
try:
    main()
except SystemExit as end:
    assert not end.code
"""
SMALL_MERGE = """
import numpy as np, shapely
from gis_core.merge.fabric import ParcelFabric
from gis_core.merge.points import place_points
from gis_core.merge.shares import overlap
ground = ParcelFabric.build(np.array(["A"], object), np.array([shapely.box(0, 0, 9, 9)]))
assert len(overlap(ground.geometry, ground, accuracy_m=0.3)) == 1
assert len(place_points(np.ones((1, 2)), ground)) == 1
"""


@pytest.mark.parametrize(
    "work",
    [SMALL_MERGE, *(COMMAND.format(arguments=a) for a in ([], ["ingest"], ["serve"], ["merge"]))],
    ids=["small-merge", "help", "ingest", "serve", "merge"],
)
def test_who_merges_little_does_not_load_compiled_code(work):
    script = f"{work}\nimport sys\nassert 'numba' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60, capture_output=True)
