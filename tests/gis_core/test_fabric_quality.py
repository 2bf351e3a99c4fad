"""Every fault of a fabric is found, and nothing else is: hand-made worlds and GEOS as oracle."""

from collections import Counter

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_core.errors import GeometryTypeError
from gis_core.fabric_quality import AreaBound, Code, ParcelRows, check_fabric, examine_coverage
from gis_core.fabric_quality.edges import Edges, directed_edges, match
from gis_core.fabric_quality.faces import max_width, polygons_of
from gis_core.fabric_quality.rings import flat_rings

EAST, NORTH = 330_000.0, 5_690_000.0


def fabric(columns, rows, seed=0, size=20.0):
    """Return a full cover of bent quadrangles in whole millimetres, row by row."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(columns + 1) * size, np.arange(rows + 1) * size)
    xy = np.stack([x, y], axis=-1) + rng.uniform(-size / 5, size / 5, (rows + 1, columns + 1, 2))
    xy = np.round(xy + np.array([EAST, NORTH]), 3)
    rings = np.stack([xy[:-1, :-1], xy[:-1, 1:], xy[1:, 1:], xy[1:, :-1]], axis=2)
    return shapely.polygons(rings.reshape(-1, 4, 2))


def city(geometry, *, key=None, district=None, stated=None, official=None):
    n = len(geometry)
    nobody = np.full(n, None, object)
    return ParcelRows(
        np.array([f"p{i:04}" for i in range(n)], object) if key is None else key,
        np.asarray(geometry, object),
        nobody if district is None else district,
        nobody if stated is None else stated,
        np.full(n, np.nan) if official is None else official,
        25832,
    )


def found(rows, *, bound=AreaBound()):  # noqa: B008 - frozen
    return [
        (f.code.value, f.row, f.others)
        for f in sorted(check_fabric(rows, bound), key=lambda f: (f.code, f.row, f.others))
    ]


def only(rows, code):
    return [f for f in check_fabric(rows, AreaBound()) if f.code == code]


# -- what is sound raises nothing -----------------------------------------------------------


@pytest.mark.parametrize(
    "shapes",
    [
        pytest.param([], id="empty"),
        pytest.param([shapely.box(0, 0, 5, 5)], id="one-parcel"),
        pytest.param(list(fabric(6, 5)), id="bent-quadrangles"),
        pytest.param(list(fabric(6, 5)[::-1]), id="in-another-order"),
        pytest.param(list(shapely.reverse(fabric(6, 5))), id="clockwise"),
        pytest.param(
            [shapely.box(0, 0, 9, 9) - shapely.box(3, 3, 6, 6), shapely.box(3, 3, 6, 6)],
            id="an-enclave-in-its-hole",
        ),
        pytest.param(
            [shapely.box(0, 0, 9, 9) - shapely.box(0, 0, 3, 3), shapely.box(0, 0, 3, 3)],
            id="hole-on-the-border",
        ),
        pytest.param([shapely.box(0, 0, 5, 5), shapely.box(5, 5, 9, 9)], id="corner-to-corner"),
        pytest.param([shapely.box(0, 0, 5, 5), shapely.box(50, 0, 55, 5)], id="two-islands"),
        pytest.param([shapely.box(0, 0, 5, 5), shapely.box(5.2, 0, 9, 5)], id="a-real-lane"),
    ],
)
def test_a_sound_fabric_has_no_findings(shapes):
    assert found(city(np.array(shapes, object))) == []


# -- each fault by itself --------------------------------------------------------------------


def test_two_centimetres_of_overlap_with_their_area_and_width():
    plots = np.array([shapely.box(0, 0, 5, 10), shapely.box(4.98, 0, 9, 10)], object)
    (fault,) = check_fabric(city(plots), AreaBound())
    assert (fault.code, fault.severity, fault.row, fault.others) == ("overlap", "error", 0, (1,))
    assert fault.measure == pytest.approx(0.2)
    assert fault.facts["width"] == pytest.approx(0.02, rel=0.03)
    assert fault.geometry.equals(shapely.box(4.98, 0, 5, 10))


def test_an_enclosed_gap_of_two_centimetres():
    frame = shapely.box(0, 0, 20, 20) - shapely.box(5, 5, 15, 15)
    (fault,) = only(city(np.array([frame, shapely.box(5, 5, 14.98, 15)])), Code.GAP)
    assert (fault.code, fault.severity, fault.row, fault.others) == ("gap", "error", 0, (1,))
    assert fault.measure == pytest.approx(0.2)
    assert fault.facts["width"] == pytest.approx(0.02, rel=0.03)


def test_a_slit_that_opens_to_the_outside_is_found_though_it_encloses_nothing():
    plots = np.array([shapely.box(0, 0, 5, 10), shapely.box(5.02, -1, 9, 11)], object)
    (fault,) = check_fabric(city(plots), AreaBound())
    assert (fault.code, fault.row, fault.others) == ("open-gap", 0, (1,))
    assert fault.geometry.symmetric_difference(shapely.box(5, 0, 5.02, 10)).area < 1e-6


def test_below_a_millimetre_there_is_no_fault_and_below_a_centimetre_a_warning():
    for width, severity in ((0.0004, None), (0.004, "warning"), (0.04, "error")):
        plots = np.array([shapely.box(0, 0, 5, 9), shapely.box(5 - width, 0, 9, 9)], object)
        assert [f.severity.value for f in check_fabric(city(plots), AreaBound())] == (
            [severity] if severity else []
        )


def test_a_missing_parcel_is_a_gap_to_look_at_and_the_outer_border_is_none():
    shapes = fabric(5, 5)
    (fault,) = check_fabric(city(np.delete(shapes, 12)), AreaBound())
    assert (fault.code, fault.severity, fault.case) == ("gap", "warning", "wide")
    assert fault.measure == pytest.approx(shapes[12].area)
    assert {fault.row, *fault.others} == {7, 11, 12, 16}
    assert found(city(np.delete(shapes, 0))) == []


def test_a_vertex_on_one_side_only_is_no_gap_but_told():
    left = shapely.Polygon([(0, 0), (5, 0), (5.0005, 4), (5, 9), (0, 9)])
    (fault,) = check_fabric(city(np.array([left, shapely.box(5, 0, 9, 9)])), AreaBound())
    assert (fault.code, fault.severity, fault.row, fault.others) == (
        "t-junction",
        "information",
        1,
        (0,),
    )
    assert fault.geometry.distance(shapely.Point(5, 4)) < 0.0011
    corner = [shapely.box(0, 0, 5, 4), shapely.box(0, 4, 5, 9), shapely.box(5, 0, 9, 9)]
    assert found(city(np.array(corner))) == [("t-junction", 2, (0,))]


def test_the_same_parcel_twice_under_two_keys_and_under_one():
    shapes = fabric(3, 3)
    twice = np.append(shapes, shapes[4])
    (fault,) = check_fabric(city(twice), AreaBound())
    assert (fault.code, fault.case, fault.row, fault.others) == ("overlap", "whole", 4, (9,))
    assert fault.measure == pytest.approx(shapes[4].area)

    key = np.array([f"p{i}" for i in (*range(9), 4)], object)
    (fault,) = check_fabric(city(twice, key=key), AreaBound())
    assert (fault.code, fault.severity, fault.case) == ("duplicate-key", "error", "upon")


def test_rows_that_make_up_one_parcel_beside_each_other_are_a_warning():
    key = np.array(["a", "a", "b"], object)
    plots = np.array([shapely.box(0, 0, 5, 5), shapely.box(5, 0, 9, 5), shapely.box(9, 0, 12, 5)])
    official = np.array([45.0, 45.0, 15.0])
    (fault,) = check_fabric(city(plots, key=key, official=official), AreaBound())
    assert (fault.code, fault.severity, fault.measure) == ("duplicate-key", "warning", 2)


def test_crossed_corners_and_touching_rings():
    bow_tie = shapely.Polygon([(0, 0), (4, 4), (4, 0), (0, 4)])
    (fault,) = only(city(np.array([bow_tie])), Code.INVALID)
    assert (fault.severity, fault.geometry) == ("error", shapely.Point(2, 2))
    eight = shapely.Polygon([(0, 0), (2, 2), (4, 0), (4, 4), (2, 2), (0, 4)])
    faults = check_fabric(city(np.array([eight])), AreaBound())
    assert {f.code.value for f in faults} == {"self-touch", "multi-part"}


def test_no_key_no_geometry_parts_and_slivers():
    key = np.array(["a", None, "c", "d", "e", "f"], object)
    two = shapely.multipolygons([shapely.box(40, 0, 45, 5), shapely.box(50, 0, 55, 5)])
    shapes = [None, shapely.box(0, 0, 5, 5), two, shapely.Polygon(), shapely.box(90, 0, 99, 0.08)]
    shapes += [shapely.box(80, 0, 80.6, 0.6)]
    assert found(city(np.array(shapes, object), key=key)) == [
        ("multi-part", 2, ()),
        ("no-geometry", 0, ()),
        ("no-geometry", 3, ()),
        ("no-key", 1, ()),
        ("sliver", 4, ()),
        ("sliver", 5, ()),
    ]


def test_a_parcel_and_a_part_amid_another_district():
    shapes = fabric(7, 5)
    district = np.array(["053049"] * len(shapes), object)
    district[[10, 24]] = "053050"
    faults = only(city(shapes, district=district), Code.TWO_DISTRICTS)
    assert [(f.row, f.case, f.facts["other"]) for f in faults] == [
        (10, "surrounded", "053049"),
        (24, "surrounded", "053049"),
    ]
    # As one parcel of the west with a part in the east, only that part is out of place.
    west = np.where(np.arange(len(shapes)) % 7 < 4, "053050", "053049").astype(object)
    shapes[8] = shapely.multipolygons([shapes[8], shapes[19]])
    rows = city(np.delete(shapes, 19), district=np.delete(west, 19))
    (fault,) = only(rows, Code.TWO_DISTRICTS)
    assert (fault.row, fault.case, len(fault.others)) == (8, "part", 4)


def test_the_district_of_the_key_against_the_field():
    district = np.array(["053049", "053049", "053049", None], object)
    stated = np.array(["053049", "3049", "053050", "053050"], object)
    shapes = fabric(4, 1)
    (fault,) = only(city(shapes, district=district, stated=stated), Code.TWO_DISTRICTS)
    assert (fault.row, fault.case, fault.severity) == (2, "field", "error")


def test_areas_are_compared_after_the_projection_is_taken_out():
    shapes = np.array([shapely.box(EAST, NORTH, EAST + 100, NORTH + 100)] * 1)
    scale = 0.9999  # about 20 km west of the central meridian's middle zone
    for official, codes in ((1e4, []), (1e4 / scale + 20, []), (1e4 + 40, ["area-beyond-bound"])):
        faults = check_fabric(city(shapes, official=np.array([official])), AreaBound())
        assert [f.code.value for f in faults] == codes
    assert check_fabric(city(shapes, official=np.array([1e4 + 40])), AreaBound(a=0.5)) == []
    assert AreaBound().at(np.array([100.0, 684.0, 12_404.0, 1e5])).round(1).tolist() == [
        2.5,
        5.9,
        26.5,
        93.7,
    ]


# -- many faults at once ---------------------------------------------------------------------


def pull(shapes, i, depth):
    """Push a corner out of the right side of parcel i (depth > 0) or cut one into it."""
    ring = shapely.get_coordinates(shapes[i])
    low, high = ring[1], ring[2]
    middle, along = (low + high) / 2, (high - low) / np.hypot(*(high - low))
    out = np.array([along[1], -along[0]])
    tip = np.round(middle + depth * out, 3)
    shapes[i] = shapely.Polygon([*ring[:2], tip, *ring[2:]])


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    kinds=st.permutations(["drop", "bulge", "dent", "double", "again", "amid", "area"]),
    depth=st.sampled_from([0.02, 0.05, 0.5, 2.0]),
)
def test_what_was_broken_is_found_and_nothing_else(seed, kinds, depth):
    columns = 25
    shapes = fabric(columns, 5, seed)
    district = np.full(len(shapes), "053049", object)
    official = np.round(shapely.area(shapes) / 0.99994)
    key = np.array([f"p{i:04}" for i in range(len(shapes))], object)
    expected, extra, gone = Counter(), [], []
    # one fault in every third column of the middle row, so that none meets another
    for i, kind in zip(2 * columns + 2 + 3 * np.arange(len(kinds)), kinds, strict=True):
        if kind in {"bulge", "dent"}:
            pull(shapes, i, depth if kind == "bulge" else -depth)
            expected["overlap" if kind == "bulge" else "gap", key[i], key[i + 1]] += 1
            official[i] = np.nan
        elif kind == "drop":
            gone.append(i)
            expected["gap", key[i - columns], ""] += 1
        elif kind == "amid":
            district[i] = "053050"
            expected["two-districts", key[i], ""] += 1
        elif kind == "area":
            official[i] *= 1.1
            expected["area-beyond-bound", key[i], ""] += 1
        else:
            extra.append((i, key[i] if kind == "again" else f"q{i:04}"))
            code = "duplicate-key" if kind == "again" else "overlap"
            expected[code, key[i], "" if kind == "again" else f"q{i:04}"] += 1

    take = np.concatenate([np.delete(np.arange(len(shapes)), gone), [i for i, _ in extra]])
    take = take.astype(np.intp)
    names = np.concatenate([np.delete(key, gone), np.array([k for _, k in extra], object)])
    order = np.random.default_rng(seed).permutation(len(take))
    take, names = take[order], names[order]
    rows = city(shapes[take], key=names, district=district[take], official=official[take])
    got = Counter()
    for f in check_fabric(rows, AreaBound()):
        about = sorted(names[[f.row, *f.others]])
        several = f.code in {Code.OVERLAP, Code.GAP} and len(about) == 2
        got[f.code.value, about[0], about[1] if several else ""] += 1
    for f in list(got):
        if f[0] == "two-districts":  # named by the parcel, not by the lowest around it
            del got[f]
    for f in only(rows, Code.TWO_DISTRICTS):
        got["two-districts", names[f.row], ""] += 1
    assert got == expected


def brute_force(shapes):
    """Return overlapping pairs with their areas, and the gaps of a fabric, as GEOS sees them."""
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    one, other = one[one < other], other[one < other]
    common = polygons_of(shapely.intersection(shapes[one], shapes[other]))
    wide = max_width(common) >= 0.001
    pairs = dict(
        zip(
            zip(one[wide].tolist(), other[wide].tolist(), strict=True),
            shapely.area(common[wide]),
            strict=True,
        )
    )
    union = shapely.union_all(shapes)
    rings = [r for part in shapely.get_parts(union) for r in part.interiors]
    holes = shapely.difference(shapely.polygons(rings), union) if rings else np.empty(0, object)
    return pairs, holes[max_width(holes) >= 0.0025]


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    share=st.sampled_from([0.05, 0.3, 1.0]),
    far=st.sampled_from([0.004, 0.02, 0.3, 5.0]),
)
def test_moved_parcels_overlap_and_gape_as_geos_says(seed, share, far):
    shapes = fabric(6, 5, seed)
    rng = np.random.default_rng(seed)
    for i in np.flatnonzero(rng.uniform(size=len(shapes)) < share):
        angle = rng.uniform(0, 2 * np.pi)
        ring = shapely.get_coordinates(shapes[i])
        shapes[i] = shapely.Polygon(
            np.round(ring + far * np.array([np.cos(angle), np.sin(angle)]), 3)
        )
    coverage = examine_coverage(shapes)
    pairs, holes = brute_force(shapes)
    mine = {(o.one, o.other): o.geometry.area for o in coverage.overlaps}
    # Below two millimetres a border passes for the neighbour's, or a slit for closed.
    for one, other in pairs.keys() - mine.keys():
        (width,) = max_width(polygons_of(np.array([shapes[one] & shapes[other]])))
        assert width < 0.0025
    assert mine.keys() <= pairs.keys()
    for pair, area in mine.items():
        assert area == pytest.approx(pairs[pair])
    gaps = shapely.union_all([g.geometry for g in coverage.gaps])
    told = shapely.union_all([gaps, *(s.geometry for s in coverage.slits)])
    # A gap's border is right to the two millimetres by which an edge may be bent.
    assert (gaps & shapely.union_all(shapes)).area < 0.002 * (1 + gaps.length)
    assert all((hole - told).area < 0.002 * (1 + hole.length) for hole in holes)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_neither_order_nor_place_nor_direction_matters(seed):
    shapes = fabric(5, 4, seed)
    pull(shapes, 7, 0.5)
    pull(shapes, 13, -0.5)
    shapes = np.delete(shapes, 6)

    def verdict(some):
        found = check_fabric(city(some), AreaBound())
        return {(f.code.value, round(f.measure), len(f.others)) for f in found}

    told = verdict(shapes)
    assert {code for code, *_ in told} == {"overlap", "gap"}
    order = np.random.default_rng(seed).permutation(len(shapes))
    assert verdict(shapes[order]) == told
    assert verdict(shapely.reverse(shapes)) == told
    far = shapely.transform(shapes, lambda xy: np.round(xy + 1_000_000, 3))
    assert verdict(far) == told


# -- the parts ------------------------------------------------------------------------------


def test_rings_of_every_kind_come_out_as_they_went_in():
    holed = shapely.box(0, 0, 9, 9) - shapely.box(1, 1, 2, 2)
    touching = shapely.Polygon(
        [(0, 0), (9, 0), (9, 9), (0, 9)], [[(0, 0), (2, 1), (1, 2)]]
    )  # the hole begins where the shell does
    shapes = np.array([shapely.box(0, 0, 1, 1), None, holed, touching], object)
    rings = flat_rings(shapes)
    assert rings.hole.tolist() == [False, False, True, False, True]
    assert rings.row[rings.part].tolist() == [0, 2, 2, 3, 3]
    assert len(rings.xy) == shapely.get_num_coordinates(shapes).sum()


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=30))
def test_what_is_left_is_the_sum_of_the_directions(pairs):
    ends = np.array([p for p in pairs if p[0] != p[1]], np.uint64).reshape(-1, 2)
    edges = Edges(ends[:, 0], ends[:, 1], np.arange(len(ends)))
    matched = match(edges)
    net = Counter()
    for a, b in ends.tolist():
        net[min(a, b), max(a, b)] += 1 if a < b else -1
    left = edges.take(matched.left)
    kept = Counter()
    for a, b in zip(left.start.tolist(), left.end.tolist(), strict=True):
        kept[min(a, b), max(a, b)] += 1 if a < b else -1
    assert {k: v for k, v in net.items() if v} == kept
    assert len(left) == sum(map(abs, kept.values()))
    one, other = edges.take(matched.one), edges.take(matched.other)
    assert (one.start == other.end).all()
    assert (one.end == other.start).all()


def test_equal_hashes_of_different_edges_are_told_apart(monkeypatch):
    monkeypatch.setattr("gis_core.fabric_quality.edges._MIX", (np.uint64(0), np.uint64(0)))
    edges = directed_edges(fabric(4, 4)).edges
    matched = match(edges)
    assert len(matched.left) == 16
    assert len(matched.one) == 24
    assert (edges.start[matched.one] == edges.end[matched.other]).all()


def test_points_and_lines_are_no_fabric():
    with pytest.raises(GeometryTypeError, match="polygons"):
        examine_coverage(np.array([shapely.Point(0, 0)], object))


@pytest.mark.parametrize(
    ("shape", "width"),
    [
        pytest.param(shapely.box(0, 0, 100, 0.02), 0.02, id="needle"),
        pytest.param(shapely.box(0, 0, 7, 7), 7, id="square"),
        pytest.param(shapely.Point(0, 0).buffer(3), 6, id="disc"),
        pytest.param(
            shapely.MultiPolygon([shapely.box(0, 0, 9, 1), shapely.box(0, 5, 9, 7)]), 2, id="two"
        ),
        pytest.param(shapely.Polygon(), 0, id="empty"),
    ],
)
def test_width_is_that_of_the_widest_spot(shape, width):
    turned = shapely.affinity.rotate(shape, 33) if not shape.is_empty else shape
    assert max_width(np.array([turned], object)).tolist() == pytest.approx([width], rel=0.03)
