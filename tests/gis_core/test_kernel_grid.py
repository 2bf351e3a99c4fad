"""Pairs of touching boxes, against a comparison of all with all."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_core.merge.kernels.grid import box_pairs, build_grid


def all_with_all(indexed, asking):
    a, b = asking[:, None], indexed[None]
    touch = (b[..., 0] <= a[..., 2]) & (b[..., 2] >= a[..., 0])
    return np.nonzero(touch & (b[..., 1] <= a[..., 3]) & (b[..., 3] >= a[..., 1]))


def agree(indexed, asking):
    found = box_pairs(build_grid(indexed), indexed, asking)
    for got, wanted in zip(found, all_with_all(indexed, asking), strict=True):
        np.testing.assert_array_equal(got, wanted)


@st.composite
def boxes(draw):
    """Boxes of any mixture of sizes on a grid of round numbers, so that many only touch."""
    n = draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    step = 10.0 ** draw(st.integers(-3, 4))
    low = rng.integers(0, draw(st.sampled_from([1, 5, 50, 5000])), (n, 2))
    size = rng.integers(0, draw(st.sampled_from([1, 3])), (n, 2)) * 8 ** rng.integers(0, 5, (n, 1))
    box = np.hstack([low, low + size]) * step + draw(st.sampled_from([0.0, 1e6, -1e6]))
    box[rng.random(n) < 0.1] = np.nan
    return box


@settings(max_examples=300, deadline=None)
@given(boxes(), boxes())
def test_every_touching_pair_once_in_order(indexed, asking):
    agree(indexed, asking)


PLOT = np.array([0.0, 0.0, 30.0, 30.0])


@pytest.mark.parametrize(
    "indexed",
    [
        pytest.param(np.zeros((0, 4)), id="none"),
        pytest.param(np.full((3, 4), np.nan), id="all-missing"),
        pytest.param(PLOT[None], id="one"),
        pytest.param(np.repeat(PLOT[None], 500, 0), id="all-the-same"),
        pytest.param(np.zeros((1, 4)), id="one-point"),
        pytest.param(np.zeros((500, 4)), id="one-point-often"),
        pytest.param(np.arange(300.0)[:, None] * [1, 0, 1, 0], id="points-in-a-row"),
        pytest.param(np.array([[0, 0, 1e6, 0], [0, 0, 0, 1e6], [5, 5, 5, 5]]), id="two-axes"),
    ],
)
def test_odd_worlds(indexed):
    agree(indexed, np.array([PLOT, [0, 0, 0, 0], [-1e7, -1e7, 1e7, 1e7], [np.nan] * 4]))
    agree(indexed, indexed)


def city(n):
    """Return n * n plots of 30 m."""
    y, x = np.divmod(np.arange(n * n), n)
    return 30.0 * np.stack([x, y, x + 1, y + 1], axis=1)


@pytest.mark.parametrize(
    "stranger",
    [
        pytest.param([0.0, 0.0, 1500.0, 1500.0], id="forest"),
        pytest.param([-5000.0, 700.0, 5000.0, 712.0], id="street-of-ten-kilometres"),
        pytest.param([5.7e6, 3.2e5, 5.7e6, 3.2e5], id="point-with-swapped-axes"),
    ],
)
def test_a_stranger_leaves_the_cells_of_the_plots_as_they_are(stranger):
    plots = city(50)
    alone, world = build_grid(plots), np.vstack([plots, [stranger]])
    grid = build_grid(world)
    assert grid.per_m[0] > 0.7 * alone.per_m[0]
    assert len(grid.item) <= len(alone.item) + 81
    agree(world, world[::-1].copy())


def test_small_boxes_far_apart_need_no_more_cells_than_there_are_boxes():
    rng = np.random.default_rng(5)
    corner = rng.uniform(0, 1e6, (2000, 2))
    grid = build_grid(np.hstack([corner, corner + 1]))
    assert grid.first[-1] <= 4 * 2000 + 64
    agree(np.hstack([corner, corner + 1]), np.hstack([corner - 9, corner + 9]))


def test_cells_are_in_ascending_order():
    plots = city(20)
    grid = build_grid(plots)
    for c in range(grid.first[-1]):
        assert (np.diff(grid.item[grid.start[c] : grid.start[c + 1]]) > 0).all()
