"""A search area decides what the exact area decides, in every system, at any size."""

import numpy as np
import pytest
import shapely

from gis_core.offered_crs import (
    CRS84,
    OFFERED,
    box_to_storage,
    crs_uri,
    northing_first,
    to_crs,
    turned_box,
)
from gis_core.search_area import search_area

WITHIN = (328_000.0, 5_681_000.0, 340_000.0, 5_695_000.0)
RNG = np.random.default_rng(5)


def scattered(count):
    low = RNG.uniform(WITHIN[:2], np.array(WITHIN[2:]) - 60, (count, 2))
    boxes = np.hstack([low, low + RNG.uniform(0, 60, (count, 2))])
    squares = shapely.box(*boxes.T)
    turned = [
        shapely.affinity.rotate(s, a)
        for s, a in zip(squares, RNG.uniform(0, 90, count), strict=True)
    ]
    return np.array([*turned, *shapely.points(low)], dtype=object)


SHAPES = scattered(3_000)
BOXES = shapely.bounds(SHAPES)
FIRST = np.array([shapely.get_coordinates(shape)[0] for shape in SHAPES])


def outlines(some):
    xy, of = shapely.get_coordinates(SHAPES[some], return_index=True)
    return xy, np.searchsorted(of, np.arange(len(some)))


def as_asked(box, uri):
    """Return a box in the storage system as a client writes one that is about as large."""
    corners = to_crs(shapely.points(np.array(box).reshape(2, 2)), 25832, uri)
    (x0, y0), (x1, y1) = shapely.get_coordinates(corners)
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


@pytest.mark.parametrize("uri", [CRS84, *map(crs_uri, OFFERED)], ids=lambda u: u.rsplit("/")[-1])
def test_it_finds_what_the_exact_area_meets(uri):
    for half in (0.4, 3, 40, 250, 2000, 6000, 9000):
        for _ in range(3):
            at = RNG.uniform(WITHIN[:2], WITHIN[2:])
            size = half * RNG.uniform(0.6, 1, 2)
            box = as_asked((*(at - size), *(at + size)), uri)
            area = search_area(box, uri, 25832, WITHIN)
            if area is None:
                assert half < 1
                continue
            exact = box_to_storage(box, uri, 25832, WITHIN)
            shapely.prepare(exact)
            found = area.meets(BOXES, lambda some: FIRST[some], outlines, lambda some: SHAPES[some])
            assert (found == shapely.intersects(exact, SHAPES)).all()
            near = shapely.intersects(shapely.box(*area.outer), SHAPES)
            assert near[found].all()
            whole = area.around(WITHIN)
            assert whole is None or whole == exact.covers(shapely.box(*WITHIN))


def test_what_touches_an_edge_in_the_storage_system_counts():
    uri = crs_uri(25832)
    square = shapely.box(330_000.1, 5_690_000.3, 330_020.7, 5_690_030.9)
    xmin, ymin, xmax, ymax = square.bounds
    shapes = np.array([square])
    boxes, first = np.array([square.bounds]), shapely.get_coordinates(square)[:1]
    for box, meets in (
        ((xmax, ymin, xmax + 5, ymax), True),
        ((xmax, ymax, xmax + 5, ymax + 5), True),
        ((np.nextafter(xmax, np.inf), ymin, xmax + 5, ymax), False),
        ((xmin - 5, ymin - 5, xmin, ymin), True),
    ):
        area = search_area(box, uri, 25832, WITHIN)
        found = area.meets(
            boxes,
            lambda n: first[: len(n)],
            lambda _: (shapely.get_coordinates(square), np.array([0])),
            lambda n: shapes[: len(n)],
        )
        assert found.tolist() == [meets]


def test_what_cannot_be_told_so_is_left_to_the_exact_way():
    assert search_area((170, 50, -170, 52), CRS84, 25832, WITHIN) is None
    assert search_area((6.5, 51.3, 6.5, 51.4), CRS84, 25832, WITHIN) is None
    assert search_area((10, 10, 11, 11), CRS84, 25832, WITHIN) is None
    world = search_area((-180, -90, 180, 90), CRS84, 25832, WITHIN)
    assert world.around(WITHIN)
    axes = crs_uri(4326)
    assert northing_first(axes)
    same = search_area(turned_box((6.5, 51.3, 6.6, 51.4)), axes, 25832, WITHIN)
    other = search_area((6.5, 51.3, 6.6, 51.4), CRS84, 25832, WITHIN)
    assert np.allclose(same.corners, other.corners, atol=0.01)
