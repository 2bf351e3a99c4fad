"""What slants part is apart, by GEOS."""

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import rotate

from gis_core.merge.flat import FlatShapes
from gis_core.merge.kernels.compiled import kernel
from gis_core.merge.kernels.slants import apart, out_of_reach, slants_of

TOWN = np.array([324_000.0, 5_690_000.0])


@kernel
def parted(a, b):
    found = np.zeros((len(a), len(b)), np.bool_)
    for i in range(len(a)):
        for j in range(len(b)):
            found[i, j] = apart(a, i, b, j)
    return found


@kernel
def unreached(xy, far, b):
    found = np.zeros((len(xy), len(b)), np.bool_)
    for i in range(len(xy)):
        for j in range(len(b)):
            found[i, j] = out_of_reach(xy[i, 0], xy[i, 1], far, b, j)
    return found


def slants(shapes):
    flat = FlatShapes.from_shapely(np.array(shapes, object))
    return slants_of(flat.xy, flat.ring, flat.shape)


def plots(seed, turn, step):
    """A quarter of plots that fill the plane, turned, on coordinates of some step or none."""
    rng = np.random.default_rng(seed)
    corner = rng.integers(0, 12, (30, 2)) * 10.0
    c, s = np.cos(turn), np.sin(turn)
    quads = (corner[:, None] + 10.0 * np.array([[0, 0], [1, 0], [1, 1], [0, 1]])) @ [
        [c, s],
        [-s, c],
    ]
    quads = TOWN + (np.round(quads / step) * step if step else quads)
    return shapely.polygons(quads)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32), st.floats(0, 3.2), st.sampled_from([0.0, 1.0, 1e-3]))
def test_what_is_parted_has_no_point_in_common(seed, turn, step):
    some = plots(seed, turn, step)
    found = parted(slants(some), slants(some))
    assert not (found & shapely.intersects(some[:, None], some[None])).any()
    at = shapely.get_coordinates(some)[::3]
    for far in (0.0, 0.25, 7.0):
        near = shapely.distance(shapely.points(at)[:, None], some[None]) <= far
        assert not (unreached(at, far, slants(some)) & near).any()


@given(st.floats(0, 7))
def test_long_plots_in_a_row_are_told_apart_however_they_lie(turn):
    plot = shapely.box(0, 10.0 * np.arange(4), 20, 10.0 * np.arange(4) + 5)
    turned = np.array([rotate(each, turn, (0, 0), use_radians=True) for each in plot])
    boxes = shapely.box(*shapely.bounds(turned).T)
    boxes_meet = shapely.intersects(boxes[:, None], boxes[None])
    found = parted(slants(turned), slants(turned))
    assert (found | ~boxes_meet == ~np.eye(4, dtype=bool)).all()


def test_missing_shapes_are_never_parted_by_a_comparison():
    here = slants([None, shapely.box(0, 0, 1, 1)])
    assert np.isnan(here[0]).all()
    assert not parted(here, here)[0].any()
