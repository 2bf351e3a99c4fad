"""GeoJSON text: what RFC 7946 asks, exactly the positions that were given."""

import json

import numpy as np
import orjson
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis_core.geojson import feature_texts, geometry_texts, property_texts, turned
from gis_core.offered_crs import CRS84, OFFERED, crs_uri, decimals, northing_first, to_crs

RING = [(0, 0), (0, 9), (9, 9), (9, 0), (0, 0)]  # clockwise
HOLE = [(2, 2), (4, 2), (4, 4), (2, 4), (2, 2)]  # counter-clockwise: both the wrong way
WRONG = shapely.MultiPolygon([shapely.Polygon(RING, [HOLE])])


def area(ring):
    """Return the signed area: positive is counter-clockwise."""
    x, y = np.array(ring).T
    return float(x[:-1] @ y[1:] - x[1:] @ y[:-1]) / 2


def test_outer_rings_run_left_and_inner_rings_right():
    both = np.array([WRONG, shapely.reverse(WRONG)], dtype=object)
    for text in geometry_texts(turned(both), 3):
        (outer, inner) = json.loads(text)["coordinates"][0]
        assert area(outer) == 81
        assert area(inner) == -4


def test_turning_keeps_the_shape_and_what_is_no_area():
    given = np.array([WRONG, None, shapely.Point(1, 2), shapely.LineString(RING)], dtype=object)
    kept = turned(given)
    assert shapely.equals(kept[0], WRONG)
    assert kept[1] is None
    assert [kept[2], kept[3]] == [given[2], given[3]]


def test_the_map_is_turned_before_the_axes_are():
    """A latitude first mirrors what is seen, not what is meant."""
    place = shapely.transform(WRONG, lambda xy: xy + np.array([331_000.0, 5_689_000.0]))
    for uri in (CRS84, *map(crs_uri, OFFERED)):
        [text] = geometry_texts(to_crs(turned(np.array([place])), 25832, uri), decimals(uri))
        outer, inner = json.loads(text)["coordinates"][0]
        sign = -1 if northing_first(uri) else 1
        assert area(outer) * sign > 0 > area(inner) * sign


@given(
    st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), min_size=1, max_size=9),
    st.sampled_from([3, 8]),
)
def test_positions_are_rounded_and_nothing_else(places, digits):
    texts = geometry_texts(np.array([shapely.Point(p) for p in places], dtype=object), digits)
    for text, place in zip(texts, places, strict=True):
        found = np.array(json.loads(text)["coordinates"])
        assert np.abs(found - place).max() <= 0.5 * 10.0**-digits + 1e-12
        assert len(text) < 80


def test_a_feature_is_the_sum_of_its_texts():
    columns = {"name": ['a"b', None], "list": [["x"], None], "n": [1, None]}
    texts = feature_texts(["1", "ü"], [b"null", b"null"], property_texts(columns, 2))
    first, second = map(orjson.loads, texts)
    assert first["properties"] == {"name": 'a"b', "list": ["x"], "n": 1}
    assert second["properties"] == {"name": None, "list": None, "n": None}
    assert (first["id"], second["id"], second["geometry"]) == ("1", "ü", None)
    assert property_texts({}, 2) == [b"{}", b"{}"]
