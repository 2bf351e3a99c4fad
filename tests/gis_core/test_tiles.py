"""A merge in tiles is the merge of the whole, bit by bit, however the parcels are dealt out."""

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_core.merge.engine_name import EngineName
from gis_core.merge.fabric import ParcelFabric
from gis_core.merge.links import Links
from gis_core.merge.points import place_points
from gis_core.merge.residence import NOWHERE, Footprints
from gis_core.merge.shares import overlap
from gis_core.merge.tiles import (
    TileRule,
    links_to_arrow,
    measure_tile,
    measures_from_arrow,
    measures_to_arrow,
    resolve_tile,
    tile_fabric,
)

X, Y, SIDE, PLOT = 324_000.0, 5_690_000.0, 9, 20.0


def plots(seed):
    """Return 9 × 9 plots that fit without a gap, corners moved, and keys in no order of place."""
    rng = np.random.default_rng(seed)
    corner = np.stack(np.meshgrid(np.arange(SIDE + 1), np.arange(SIDE + 1), indexing="ij"), -1)
    corner = corner * PLOT + np.round(rng.uniform(-6, 6, corner.shape), 3) + np.array([X, Y])
    rings = np.stack(
        [corner[:-1, :-1], corner[1:, :-1], corner[1:, 1:], corner[:-1, 1:], corner[:-1, :-1]], -2
    )
    keys = np.array([f"K{i:04}" for i in rng.permutation(SIDE * SIDE)], object)
    return keys, shapely.polygons(rings.reshape(-1, 5, 2)), corner.reshape(-1, 2)


def guests_of(kind, seed, corners):
    """Return points (some on corners, some outside), discs, areas of any size, or lines."""
    rng = np.random.default_rng(seed + 1)
    place = rng.uniform(-30, SIDE * PLOT + 30, (120, 2)) + np.array([X, Y])
    place[:20] = corners[rng.integers(0, len(corners), 20)]
    spots = shapely.points(place)
    radius = np.where(rng.random(120) < 0.6, rng.uniform(0, 3, 120), np.nan)
    if kind == "areas":
        shapes = shapely.buffer(spots, rng.choice([0.5, 8, 70], 120), quad_segs=3)
    elif kind == "mixed":
        lines = shapely.linestrings(np.stack([place, place[::-1]], axis=1))
        shapes = np.where(rng.random(120) < 0.4, spots, lines)
    else:
        shapes = spots
    shapes[5] = None
    return (
        pa.table(
            {
                "feature_id": [f"f{i:03}" for i in range(120)],
                "geometry": pa.array(shapely.to_wkb(shapes), pa.binary()),
                "radius_m": pa.array(radius, from_pandas=True),
            }
        ),
        shapes,
        radius,
    )


RULES = {
    "points": TileRule(by_share=False, accuracy_m=1.0, nearest_m=5.0),
    "areas": TileRule(by_share=True, accuracy_m=0.5, nearest_m=0.0),
    "mixed": TileRule(by_share=True, accuracy_m=0.5, nearest_m=4.0),
    "surface": TileRule(by_share=False, accuracy_m=0.0, nearest_m=2.0),
}


def whole(rule, fabric, shapes, radius, preferred):
    """Return the links of a merge that knows no tiles."""
    if not rule.by_share:
        spots = np.where(shapely.get_type_id(shapes) == 0, shapes, shapely.point_on_surface(shapes))
        return place_points(
            spots,
            fabric,
            radius=radius,
            accuracy_m=rule.accuracy_m,
            nearest_m=rule.nearest_m,
            preferred=preferred,
        )
    spot = shapely.get_dimensions(shapes) == 0
    solid, dots = shapes.copy(), shapes.copy()
    solid[spot], dots[~spot] = None, None
    placed = place_points(
        dots, fabric, accuracy_m=rule.accuracy_m, nearest_m=rule.nearest_m, preferred=preferred
    )
    return Links.join([overlap(solid, fabric, accuracy_m=rule.accuracy_m), placed])


def in_tiles(rule, keys, ground, table, boxes, tile, streets, order):
    """Return the links of a merge of the same by tiles, worked on in any order."""
    prints = Footprints.build(shapely.bounds(ground), tile)
    links, border, homes, strays = [], [], np.full(len(table), NOWHERE), []
    for t in order:
        mine = tile == t
        stay = prints.reside(boxes, rule.reach_m, t)
        near = np.flatnonzero(stay.here)
        fabric = tile_fabric(
            pa.array(keys[mine]), pa.array(shapely.to_wkb(ground[mine])), EngineName.SHAPELY
        )
        preferred = None if streets is None else np.isin(fabric.key.astype(str), streets)
        alone = stay.alone[near]
        measured = measure_tile(
            rule,
            fabric,
            table.take(near),
            alone,
            engine=EngineName.SHAPELY,
            preferred=preferred,
        )
        settled = resolve_tile(rule, measured.of(alone))
        links.append(links_to_arrow(settled, measured.guests.id, measured.ground.key))
        border.append(measures_to_arrow(measured.of(~alone), ~alone & (stay.home[near] == t)))
        known = near[homes[near] != NOWHERE]
        assert (homes[known] == stay.home[known]).all()
        homes[near], strays = stay.home[near], np.flatnonzero(stay.stray)
    joined = measures_from_arrow(border)
    rest = resolve_tile(rule, joined)
    links.append(links_to_arrow(rest, joined.guests.id, joined.ground.key))
    return pa.concat_tables(links), homes, strays


@pytest.mark.parametrize("kind", RULES)
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 999), tiles=st.integers(1, 9), prefer=st.booleans())
def test_any_tiles_in_any_order_give_the_links_of_the_whole(kind, seed, tiles, prefer):
    keys, ground, corners = plots(seed)
    rule = RULES[kind]
    table, shapes, radius = guests_of("areas" if kind == "surface" else kind, seed, corners)
    if kind != "points":
        radius, table = None, table.drop_columns(["radius_m"])
    rng = np.random.default_rng(seed)
    tile = rng.integers(0, tiles, len(keys))
    streets = np.sort(keys.astype(str))[::7] if prefer and kind == "points" else None
    boxes = shapely.bounds(shapes)
    if radius is not None:
        boxes = boxes + np.nan_to_num(radius)[:, None] * np.array([-1, -1, 1, 1])
    got, homes, strays = in_tiles(
        rule, keys, ground, table, boxes, tile, streets, rng.permutation(np.unique(tile))
    )

    fabric = ParcelFabric.build(keys, ground, engine="shapely")
    preferred = None if streets is None else np.isin(fabric.key.astype(str), streets)
    links = whole(rule, fabric, shapes, radius, preferred)
    wanted = links_to_arrow(links, table["feature_id"].combine_chunks(), pa.array(fabric.key))
    order = [("feature_id", "ascending"), ("parcel_key", "ascending")]
    assert got.sort_by(order).equals(wanted.sort_by(order))
    # Every guest has one home, or none and then no parcel.
    linked = np.unique(links.feature)
    assert (homes[linked] != NOWHERE).all()
    assert ((homes == NOWHERE) == np.isin(np.arange(len(table)), strays)).all()
    assert 5 in strays
    assert not np.isin(strays, linked).any()


@given(
    seed=st.integers(0, 999),
    size=st.sampled_from([3.0, 40.0, 900.0]),
    reach=st.sampled_from([0.0, 7.5]),
)
@settings(max_examples=30, deadline=None)
def test_who_meets_whom_is_counted_in_cells(seed, size, reach):
    """However it is looked up, it is the overlap of cells, tile by tile."""
    rng = np.random.default_rng(seed)

    def boxes(count, side):
        low = rng.uniform(0, 2000, (count, 2))
        return np.hstack([low, low + rng.uniform(0, side, (count, 2))]) + X

    runs, tile = boxes(40, 200), rng.integers(0, 4, 40)
    prints = Footprints.build(runs, tile)
    guests = boxes(50, size)
    guests[3] = np.nan
    wide = guests + reach * np.array([-1, -1, 1, 1])
    cells, theirs = (np.floor(b / prints.cell_m) for b in (wide, runs))
    touch = (cells[:, None, :2] <= theirs[:, 2:]) & (cells[:, None, 2:] >= theirs[:, :2])
    met = np.array([[touch.all(axis=2)[:, tile == t].any(axis=1)] for t in range(4)])[:, 0].T
    for t in range(4):
        stay = prints.reside(guests, reach, t)
        assert (stay.here == met[:, t]).all()
        assert (stay.alone == (met[:, t] & (met.sum(axis=1) == 1))).all()
        assert (stay.stray == ~met.any(axis=1)).all()
        assert (stay.home[stay.here] == met.argmax(axis=1)[stay.here]).all()
        far = np.vstack([guests, [[0, 0, 1, 1]]])  # a window too large for a table
        assert (prints.reside(far, reach, t).home[:-1] == stay.home).all()
