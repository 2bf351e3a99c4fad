"""Geometry to flat arrays: from objects, from well-known binary, and back."""

import pickle
from dataclasses import fields

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_core.errors import GeometryTypeError
from gis_core.merge.flat import FlatShapes
from gis_core.store import gpkg
from gis_core.store.schema import Shape

HOLED = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0), (1 1, 2 1, 2 2, 1 1), (4 4, 4 5, 5 5, 4 4))"
KINDS = [
    "POINT (3 4)",
    "LINESTRING (0 0, 1 1, 1 1)",
    HOLED,
    "MULTIPOINT (1 1, 2 2)",
    "MULTILINESTRING ((0 0, 1 1), (2 2, 3 3, 4 4))",
    "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5), (5.5 5, 5.6 5, 5.6 5.1, 5.5 5)))",
    "GEOMETRYCOLLECTION (POINT (1 2), GEOMETRYCOLLECTION (MULTIPOINT (3 4, 5 6)), POINT EMPTY)",
    "POINT EMPTY",
    "POLYGON EMPTY",
    "MULTIPOLYGON EMPTY",
    "GEOMETRYCOLLECTION (POLYGON EMPTY, LINESTRING (0 0, 2 0))",
]
WORLD = np.array([*map(shapely.from_wkt, KINDS), None], object)


def same(left, right):
    for field in fields(FlatShapes):
        np.testing.assert_array_equal(
            getattr(left, field.name), getattr(right, field.name), field.name
        )


def finite():
    return st.floats(-1e7, 1e7).map(lambda x: x + 0.0)


def xy(least, most=6):
    return st.lists(st.tuples(finite(), finite()), min_size=least, max_size=most)


def areas():
    rings = xy(3).map(lambda r: [*r, r[0]])
    return st.builds(shapely.Polygon, rings, st.lists(rings, max_size=2))


def shapes():
    points, lines = xy(1, 1).map(shapely.Point), xy(2).map(shapely.LineString)
    single = [points, lines, areas()]
    return st.one_of(
        st.none(),
        *single,
        *(st.lists(kind, max_size=3).map(shapely.GeometryCollection) for kind in single),
        st.lists(areas(), min_size=2, max_size=3).map(shapely.MultiPolygon),
    )


@settings(max_examples=150, deadline=None)
@given(
    st.lists(shapes(), max_size=5),
    st.sampled_from(["iso", "extended"]),
    st.integers(0, 1),
    st.sampled_from([2, 3]),
    st.booleans(),
)
def test_binary_in_any_form_is_what_the_objects_are(rows, flavor, order, dimensions, srid):
    world = np.array([*rows, None], object)[:-1]
    deep = shapely.force_3d(world, 7.0) if dimensions == 3 else world
    if srid and flavor == "extended":
        deep = shapely.set_srid(deep, 25832)
    wkb = shapely.to_wkb(
        deep,
        flavor=flavor,
        byte_order=order,
        output_dimension=dimensions,
        include_srid=srid and flavor == "extended",
    )
    same(FlatShapes.from_blobs(list(wkb)), FlatShapes.from_shapely(world))


def test_there_and_back():
    back = FlatShapes.from_shapely(WORLD).to_shapely()
    kept = np.array([0, 1, 2, 3, 4, 5])
    assert shapely.equals_exact(back[kept], WORLD[kept], 0).all()
    assert back[6] == shapely.MultiPoint([(1, 2), (3, 4), (5, 6)])
    assert back[[7, 8, 9, 11]].tolist() == [None] * 4
    assert back[10].wkt == "LINESTRING (0 0, 2 0)"


def test_the_roles_of_rings():
    flat = FlatShapes.from_shapely(WORLD[[2, 5]])
    assert flat.role.tolist() == [1, -1, -1, 1, 1, -1]
    assert flat.shape.tolist() == [0, 3, 6]
    assert flat.box.tolist() == [[0, 0, 9, 9], [0, 0, 6, 6]]
    assert flat.area() == pytest.approx(shapely.area(WORLD[[2, 5]]), abs=1e-12)


def test_large_coordinates_cost_the_area_no_digits():
    plot = shapely.box(32_324_000.001, 5_690_000.002, 32_324_030.004, 5_690_020.002)
    x0, y0, x1, y1 = plot.bounds
    # In another ring order the sum runs another way round.
    for start in range(4):
        ring = np.roll(np.array(plot.exterior.coords)[:-1], start, axis=0)
        flat = FlatShapes.from_shapely(np.array([shapely.Polygon(ring)]))
        assert flat.area()[0] == (x1 - x0) * (y1 - y0)


def test_no_rows():
    none = FlatShapes.from_shapely(np.array([], object))
    same(none, FlatShapes.from_blobs([]))
    assert len(none) == 0
    assert none.to_shapely().tolist() == []
    assert none.area().tolist() == []
    assert FlatShapes.from_blobs([None]).area().tolist() == [0.0]


@pytest.mark.parametrize("index", [[4, 0, 0, 11], [], list(range(12))])
def test_take(index):
    flat = FlatShapes.from_shapely(WORLD)
    index = np.array(index, int)
    same(flat.take(index), FlatShapes.from_shapely(WORLD[index]))
    mask = np.isin(np.arange(len(flat)), index)
    same(flat.take(mask), FlatShapes.from_shapely(WORLD[mask]))


def test_arrays_stay_as_they_are():
    flat = pickle.loads(pickle.dumps(FlatShapes.from_shapely(WORLD)))  # noqa: S301
    same(flat, FlatShapes.from_shapely(WORLD))
    with pytest.raises(ValueError, match="read-only"):
        flat.xy[0, 0] = 1.0


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary()])
def test_arrow(kind):
    wkb = [None if g is None else g.wkb for g in WORLD]
    whole = FlatShapes.from_shapely(WORLD)
    same(FlatShapes.from_arrow(pa.array(wkb, kind)), whole)
    same(FlatShapes.from_arrow(pa.array([b"x", *wkb, b"x"], kind).slice(1, 12)), whole)
    same(FlatShapes.from_arrow(pa.chunked_array([wkb[:3], wkb[3:]], kind)), whole)
    same(FlatShapes.from_arrow(pa.array([], kind)), FlatShapes.from_blobs([]))


def test_an_arrow_column_of_text_is_refused():
    with pytest.raises(GeometryTypeError, match="no well-known binary") as error:
        FlatShapes.from_arrow(pa.array(["POINT (0 0)"]))
    assert error.value.fields["found"] == "string"


@pytest.mark.parametrize("shape", list(Shape))
def test_blobs_of_the_store(shape):
    wanted = {Shape.POINT: [0, 11, 0], Shape.LINE: [1, 4, 11], Shape.POLYGON: [2, 11, 5]}[shape]
    blobs = gpkg.encode(WORLD[wanted], shape, 25832)
    same(FlatShapes.from_blobs(blobs, geopackage=True), FlatShapes.from_shapely(WORLD[wanted]))


@pytest.mark.parametrize(("contents", "doubles"), [(0, 0), (1, 4), (2, 6), (3, 6), (4, 8)])
def test_any_box_of_a_geopackage_header_is_passed_over(contents, doubles):
    header = b"GP\0" + bytes([1 | contents << 1]) + bytes(4 + 8 * doubles)
    found = FlatShapes.from_blobs([header + WORLD[2].wkb], geopackage=True)
    same(found, FlatShapes.from_shapely(WORLD[[2]]))


@pytest.mark.parametrize("header", [b"", b"PG\0\x01" + bytes(4), b"GP\0\x21" + bytes(4)])
def test_a_foreign_header_is_refused(header):
    with pytest.raises(GeometryTypeError, match="row 0"):
        FlatShapes.from_blobs([header + WORLD[0].wkb[:1]], geopackage=True)


@pytest.mark.parametrize("text", KINDS)
@pytest.mark.parametrize("order", [0, 1])
def test_cut_short_anywhere(text, order):
    whole = shapely.to_wkb(shapely.from_wkt(text), byte_order=order)
    good = WORLD[0].wkb
    for end in range(len(whole)):
        # What follows is another row: bytes that are there, but not this row's.
        with pytest.raises(GeometryTypeError, match="row 1 ends before") as error:
            FlatShapes.from_blobs([good, whole[:end], good])
        assert error.value.fields["row"] == 1


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(WORLD[:-1].tolist()), st.data())
def test_damaged_bytes_are_read_like_geos_or_refused(geometry, data):
    blob = bytearray(geometry.wkb)
    for _ in range(data.draw(st.integers(1, 3))):
        blob[data.draw(st.integers(0, len(blob) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = FlatShapes.from_blobs([bytes(blob)])
    except GeometryTypeError:
        return
    assert np.isfinite(found.xy).all()
    assert found.ring[-1] == len(found.xy)
    assert found.shape[-1] == len(found.role)


@pytest.mark.parametrize(
    ("wkb", "what"),
    [
        pytest.param("GEOMETRYCOLLECTION (POINT (1 1), LINESTRING (0 0, 1 1))", "mixes", id="mix"),
        pytest.param(bytes([1, 8, 0, 0, 0]) + bytes(4), "of a kind", id="arc"),
        pytest.param(bytes([7, 1, 0, 0, 0]) + bytes(16), "byte order", id="order"),
        pytest.param(
            bytes([1, 3, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0]) + np.arange(6.0).tobytes(),
            "does not close",
            id="open",
        ),
        pytest.param(
            bytes([1, 2, 0, 0, 0, 1, 0, 0, 0]) + bytes(16), "line of one vertex", id="line-of-one"
        ),
        pytest.param(
            bytes([1, 3, 0, 0, 0, 2, 0, 0, 0]) + bytes(4) + bytes([3, 0, 0, 0]) + bytes(48),
            "empty shell",
            id="hole-in-nothing",
        ),
        pytest.param(
            bytes([1, 2, 0, 0, 0, 2, 0, 0, 0]) + np.array([0, 0, np.inf, 1]).tobytes(),
            "not finite",
            id="infinite",
        ),
    ],
)
def test_what_cannot_be_merged_is_refused_by_row(wkb, what):
    if isinstance(wkb, str):
        geometry = shapely.from_wkt(wkb)
        wkb = geometry.wkb
        with pytest.raises(GeometryTypeError, match=f"row 1 .*{what}"):
            FlatShapes.from_shapely(np.array([None, geometry]))
    with pytest.raises(GeometryTypeError, match=f"row 1 .*{what}"):
        FlatShapes.from_blobs([None, wkb])


@pytest.mark.parametrize("offset", [[-1, 5], [5, 0], [0, 6], [0, 3, 2]])
def test_offsets_beyond_the_bytes_are_refused(offset):
    with pytest.raises(GeometryTypeError, match="offsets"):
        FlatShapes.from_wkb(np.zeros(5, np.uint8), np.array(offset))
