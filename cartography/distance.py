"""How far the points of a lattice are from strokes and outlines: signs and letters as pictures."""

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


def lattice(width: int, height: int) -> Points:
    """Return the middles of the cells of a picture, row by row: (width · height, 2)."""
    y, x = np.mgrid[0:height, 0:width] + 0.5
    return np.stack([x.ravel(), y.ravel()], axis=-1)


def to_segments(point: Points, start: Points, end: Points) -> NDArray[np.float64]:
    """Return how far n points are from the nearest of m segments: (n,).

    O(n m) time and memory.
    """
    along = end - start
    length = np.maximum((along**2).sum(axis=1), 1e-12)
    apart = point[:, None, :] - start[None]
    part = np.clip((apart * along).sum(axis=2) / length, 0, 1)
    left = apart - part[:, :, None] * along
    return np.asarray(np.sqrt((left**2).sum(axis=2).min(axis=1)))


def within(point: Points, start: Points, end: Points) -> NDArray[np.bool_]:
    """Tell which of n points lie within closed outlines of m segments, by winding number."""
    x, y = point[:, 0, None], point[:, 1, None]
    x0, y0, x1, y1 = start[:, 0], start[:, 1], end[:, 0], end[:, 1]
    side = (x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)
    upward = (y0 <= y) & (y < y1) & (side > 0)
    downward = (y1 <= y) & (y < y0) & (side < 0)
    return np.asarray(upward.sum(axis=1) != downward.sum(axis=1))
