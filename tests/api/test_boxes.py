"""Boxes against shapely: none missed, none too many, in every reference system."""

import numpy as np
import pytest
import shapely

from layers.access import CITIZEN
from tests.api.public import CRS, EPSG, LATITUDE_FIRST, PUBLIC, SPECS, carry

STORAGE = f"{EPSG}25832"


@pytest.fixture(scope="module")
def shapes(reader):
    """Return ids and geometries (x east) of a collection in an offered CRS."""
    known = {}

    def of(collection, crs):
        if collection not in known:
            frame = reader.frame(CITIZEN, collection)
            known[collection] = frame.index.to_numpy(), np.asarray(frame.geometry.array, object)
        ids, geometry = known[collection]
        return ids, geometry if crs == STORAGE else carry(geometry, STORAGE, crs)

    return of


@pytest.fixture
def found(client):
    def ask(collection, crs, window):
        if crs in LATITUDE_FIRST:
            window = (window[1], window[0], window[3], window[2])
        named = {"bbox": ",".join(map(repr, map(float, window))), "bbox-crs": crs}
        more = {"limit": 10_000, "skipGeometry": "true"}
        document = client.get(f"/collections/{collection}/items", params=named | more).json()
        assert document["numberMatched"] == len(document["features"])
        return {feature["id"] for feature in document["features"]}

    return ask


def windows(geometry, rng):
    """Yield windows from a point to half the town, on and off the features."""
    west, south, east, north = shapely.total_bounds(geometry)
    size = np.array([east - west, north - south])
    for scale in (0, 0, 1e-4, 1e-3, 0.01, 0.05, 0.5):
        at = shapely.get_coordinates(shapely.point_on_surface(rng.choice(geometry)))[0]
        half = size * scale * rng.random(2)
        if scale == 1e-4:
            half[rng.integers(2)] = 0  # a line
        yield (*(at - half), *(at + half))
    yield west, south, east, north
    yield east + size[0], south, east + 2 * size[0], north


def barely_meets(geometry, box):
    """Say which geometries meet a box, or do not, by a tenth of a millimetre."""
    little = 1e-9 if max(map(abs, box.bounds)) < 400 else 1e-4
    deep = shapely.intersects(shapely.buffer(geometry, -little), box)
    return ~deep & (shapely.distance(geometry, box) < little)


@pytest.mark.parametrize("collection", PUBLIC)
@pytest.mark.parametrize("crs", CRS, ids=lambda uri: uri.rsplit("/")[-1])
def test_a_box_finds_what_meets_it_and_nothing_else(shapes, found, collection, crs):
    ids, geometry = shapes(collection, crs)
    rng = np.random.default_rng(len(collection) + CRS.index(crs))
    for window in windows(geometry, rng):
        box = shapely.box(*window)
        expected = shapely.intersects(geometry, box)
        off = expected != np.isin(ids, list(found(collection, crs, window)))
        if SPECS[collection].parts_of:  # straight in one system is not straight in another
            off[off] = ~barely_meets(geometry[off], box)
        assert not ids[off].tolist(), window


@pytest.mark.parametrize("collection", PUBLIC)
def test_the_extent_holds_everything(client, collection):
    document = client.get(f"/collections/{collection}").json()
    box = ",".join(map(repr, document["extent"]["spatial"]["bbox"][0]))
    counts = [
        client.get(f"/collections/{collection}/items", params=asked).json()["numberMatched"]
        for asked in ({}, {"bbox": box})
    ]
    assert counts[0] == counts[1]


def test_a_corner_that_touches_counts(shapes, found):
    ids, geometry = shapes("flurstueck", STORAGE)
    _, ymin, xmax, ymax = geometry[0].bounds
    corner = shapely.get_coordinates(geometry[0])
    at = corner[corner[:, 0] == xmax][0]
    assert ids[0] in found("flurstueck", STORAGE, (*at, at[0] + 1, at[1] + 1))
    assert ids[0] not in found("flurstueck", STORAGE, (xmax + 0.001, ymin, xmax + 1, ymax))


def test_an_empty_corner_of_a_parcels_box_does_not_count(shapes, found):
    ids, geometry = shapes("flurstueck", STORAGE)
    empty = shapely.difference(shapely.envelope(geometry), geometry)
    i = int(np.argmax(shapely.area(empty)))
    x, y = shapely.get_coordinates(shapely.point_on_surface(empty[i]))[0]
    assert ids[i] not in found("flurstueck", STORAGE, (x, y, x, y))
