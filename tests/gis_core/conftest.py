"""Small worlds for the merge: a street of three plots, and a quilt of crooked ones."""

import numpy as np
import pytest
import shapely

from gis_core.merge.fabric import ParcelFabric


@pytest.fixture(scope="session")
def street():
    """Return three plots of 10 m by 10 m in a row from x = 0, keys A, B, C."""
    plots = shapely.box(np.array([0, 10, 20]), 0, np.array([10, 20, 30]), 10)
    return ParcelFabric.build(np.array(["A", "B", "C"], object), plots)


@pytest.fixture(scope="session")
def quilt():
    """Return a function that makes a gapless fabric of n by n crooked quadrangles."""

    def make(n, seed=0, shuffle=0):
        rng = np.random.default_rng(seed)
        x, y = np.meshgrid(np.arange(n + 1) * 20.0, np.arange(n + 1) * 20.0)
        # Whole millimetres; less than half a cell, so that no quadrangle turns inside out.
        x = np.round(x + rng.uniform(-6, 6, x.shape), 3) + 324_000
        y = np.round(y + rng.uniform(-6, 6, y.shape), 3) + 5_690_000
        ring = np.stack([np.stack((x[c], y[c]), -1) for c in _corners(n)], axis=1)
        plots = shapely.polygons(ring)
        key = np.array([f"{i:06d}" for i in range(n * n)], object)
        order = np.random.default_rng(shuffle).permutation(n * n)
        return ParcelFabric.build(key[order], plots[order])

    return make


def _corners(n):
    i, j = np.meshgrid(np.arange(n), np.arange(n), indexing="ij")
    i, j = i.ravel(), j.ravel()
    return [(i, j), (i, j + 1), (i + 1, j + 1), (i + 1, j)]
