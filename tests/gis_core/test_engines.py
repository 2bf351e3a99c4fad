"""Both engines find the same links, and so does geopandas."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import affine_transform

from gis_core.merge.engines import KERNELS_FROM, choose_engine
from gis_core.merge.fabric import ParcelFabric
from gis_core.merge.points import place_points
from gis_core.merge.shares import overlap

FAR = np.array([321_000.0, 5_690_000.0])


def town(seed, plots=40, size=200.0):
    """A gapless fabric of Voronoi cells; some are joined to multipart or ring-shaped parcels."""
    rng = np.random.default_rng(seed)
    cells = shapely.get_parts(
        shapely.voronoi_polygons(
            shapely.multipoints(rng.uniform(0, size, (plots, 2))),
            extend_to=shapely.box(0, 0, size, size),
        )
    )
    cells = shapely.intersection(cells, shapely.box(0, 0, size, size))
    cells = shapely.make_valid(shapely.set_precision(cells, 0.001))
    cells = cells[shapely.get_type_id(cells) == 3]
    joined = [shapely.union(cells[0], cells[-1]), *cells[1:-1]]
    middle = joined[len(joined) // 2]
    hole = shapely.buffer(shapely.point_on_surface(middle), 0.5, quad_segs=2)
    joined[len(joined) // 2] = shapely.difference(middle, hole)
    return np.array([*joined, hole], object), rng


def guests(rng, n=25, size=200.0):
    """Areas and lines of every kind: stars, boxes on borders, with holes, in parts."""
    made = []
    for i in range(n):
        x, y, r = *rng.uniform(-10, size + 10, 2), rng.uniform(1, 60)
        turn = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 40)))
        ring = np.column_stack(
            [x + r * rng.uniform(0.3, 1, len(turn)) * np.cos(turn), y + r * np.sin(turn)]
        )
        shape = shapely.make_valid(shapely.Polygon(ring), method="structure", keep_collapsed=False)
        if i % 5 == 1:
            shape = shapely.difference(shape, shapely.Point(x, y).buffer(r / 5))
        if i % 5 == 2:
            shape = shapely.union(
                shape, shapely.box(*rng.uniform(0, 20, 2), *rng.uniform(30, 50, 2))
            )
        if i % 5 == 3:
            shape = shapely.LineString(ring)
        made.append(shape)
    return np.array(made, object)


def both(geometry, shift=FAR):
    moved = shapely.transform(geometry, lambda xy: xy + shift)
    keys = np.array([f"{i:04d}" for i in range(len(moved))], object)
    return [ParcelFabric.build(keys, moved, engine=name) for name in ("shapely", "kernels")]


def same(one, other, area=1e-6):
    for name in ("feature", "parcel", "method", "confidence", "boundary", "sliver"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), name)
    for name, limit in (("share", 1e-9), ("distance_m", 1e-8), ("area_m2", area)):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), atol=limit, rtol=0)


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_points_and_discs(seed):
    parcels, rng = town(seed)
    slow, fast = both(parcels)
    corners = shapely.get_coordinates(parcels)
    xy = np.vstack([rng.uniform(-5, 205, (200, 2)), corners[rng.integers(0, len(corners), 40)]])
    xy = np.vstack([xy + FAR, [[np.nan, np.nan]]])
    radius = np.where(rng.random(len(xy)) < 0.5, rng.uniform(0, 1.5, len(xy)), np.nan)
    preferred = rng.random(len(slow)) < 0.3
    for wanted in (None, preferred):
        options = {"radius": radius, "accuracy_m": 0.5, "nearest_m": 3.0, "preferred": wanted}
        same(place_points(xy, slow, **options), place_points(xy, fast, **options))


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_areas_and_lines(seed):
    parcels, rng = town(seed)
    slow, fast = both(parcels)
    shapes = shapely.transform(guests(rng), lambda xy: xy + FAR)
    shares = [overlap(shapes, fabric, accuracy_m=0.3) for fabric in (slow, fast)]
    # A share is a ratio: what differs by 1e-6 m² of a small guest may differ more in it.
    keep = [np.isin(links.feature, np.flatnonzero(shapely.area(shapes) > 10)) for links in shares]
    same(shares[0].take(keep[0]), shares[1].take(keep[1]))


@given(st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_order_and_place_change_no_bit_but_rounding(seed):
    parcels, rng = town(seed)
    shapes = guests(rng)
    slow, fast = both(parcels)
    first = overlap(shapely.transform(shapes, lambda xy: xy + FAR), fast)
    order = rng.permutation(len(parcels))
    moved = shapely.transform(parcels, lambda xy: xy + FAR)
    shuffled = ParcelFabric.build(fast.key[order], moved[order], engine="kernels")
    again = overlap(shapely.transform(shapes, lambda xy: xy + FAR), shuffled)
    for name in ("feature", "parcel", "share", "area_m2"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    backwards = overlap(shapely.transform(shapes[::-1], lambda xy: xy + FAR), fast)
    swapped = np.lexsort((backwards.parcel, len(shapes) - 1 - backwards.feature))
    np.testing.assert_array_equal(first.area_m2, backwards.area_m2[swapped])
    turned = [affine_transform(g, [0, -1, 1, 0, *FAR]) for g in shapes]
    ground = np.array([affine_transform(g, [0, -1, 1, 0, *FAR]) for g in parcels], object)
    rotated = overlap(
        np.array(turned, object), ParcelFabric.build(fast.key, ground, engine="kernels")
    )
    large = first.area_m2 > 1e-5
    pairs = {
        (f, p): a for f, p, a in zip(rotated.feature, rotated.parcel, rotated.area_m2, strict=True)
    }
    for f, p, a in zip(
        first.feature[large], first.parcel[large], first.area_m2[large], strict=True
    ):
        assert pairs[f, p] == pytest.approx(a, abs=1e-6)
    assert slow.area_m2.tolist() == fast.area_m2.tolist()


def test_shares_of_a_full_cover_add_up():
    parcels, _ = town(7, plots=300)
    _, fast = both(parcels)
    cover, _ = town(8, plots=90)
    links = overlap(shapely.transform(cover, lambda xy: xy + FAR), fast)
    np.testing.assert_allclose(np.bincount(links.feature, links.share), 1, atol=1e-9)
    np.testing.assert_allclose(np.bincount(links.parcel, links.area_m2), fast.area_m2, atol=1e-5)


def test_geopandas_finds_the_same():
    parcels, rng = town(9, plots=200)
    _, fast = both(parcels, shift=np.zeros(2))
    ground = gpd.GeoDataFrame({"p": range(len(parcels))}, geometry=parcels, crs=25832)
    shapes = guests(rng, 60)
    shapes = shapes[shapely.get_dimensions(shapes) == 2]
    frame = gpd.GeoDataFrame({"f": range(len(shapes))}, geometry=shapes, crs=25832)
    pieces = gpd.overlay(frame, ground, how="intersection", keep_geom_type=True)
    theirs = {(f, p): a for f, p, a in zip(pieces["f"], pieces["p"], pieces.area, strict=True)}
    links = overlap(shapes, fast)
    ours = {(f, p): a for f, p, a in zip(links.feature, links.parcel, links.area_m2, strict=True)}
    assert {k for k, a in theirs.items() if a > 1e-5} <= set(ours)
    assert {k for k, a in ours.items() if a > 1e-5} <= set(theirs)
    assert all(ours[k] == pytest.approx(a, abs=1e-6) for k, a in theirs.items() if k in ours)
    xy = rng.uniform(0, 200, (500, 2))
    points = gpd.GeoDataFrame({"t": range(500)}, geometry=gpd.points_from_xy(*xy.T), crs=25832)
    joined = gpd.sjoin(points, ground, predicate="intersects").groupby("t")["p"].min()
    placed = place_points(xy, fast)
    assert dict(zip(placed.feature, placed.parcel, strict=True)) == joined.to_dict()


def test_auto_goes_by_size():
    assert choose_engine("auto", KERNELS_FROM - 1) == "shapely"
    assert choose_engine("auto", KERNELS_FROM) == "kernels"
    assert choose_engine("shapely", 10**7) == "shapely"
    with pytest.raises(ValueError, match="duckdb"):
        choose_engine("duckdb", 1)
