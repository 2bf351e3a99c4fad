"""Which boxes meet a box, by a tree of two levels over rows that lie near each other."""

import numpy as np
from numpy.typing import NDArray

from gis_core.store.schema import Box

_LEAF = 64
_OF_LEAF = np.arange(_LEAF)
Boxes = NDArray[np.float64]


class BoxTree:
    """Boxes in Hilbert order, searched by the boxes around every 64 of them.

    Parameters
    ----------
    boxes
        (n, 4) xmin, ymin, xmax, ymax; NaN where there is no place. Any order is searched
        rightly; one that follows the ground is searched fast.

    Notes
    -----
    Building is linear (3 ms for 80,000). A search looks at n / 4096 boxes, then at those below
    the ones that meet: 20 µs for a window of 200 parcels among 80,000.
    """

    def __init__(self, boxes: Boxes) -> None:
        self._levels = [boxes]
        while len(self._levels[-1]) > _LEAF:
            self._levels.append(_around(self._levels[-1]))

    def search(self, box: Box) -> NDArray[np.intp]:
        """Return the positions of the boxes that have a point in common with a box, ascending."""
        found = _meets(self._levels[-1], box)
        for level in reversed(self._levels[:-1]):
            below = (found[:, None] * _LEAF + _OF_LEAF).ravel()
            if len(below) and below[-1] >= len(level):
                below = below[below < len(level)]
            found = below[_meets(level.take(below, axis=0), box)]
        return found


def _meets(boxes: Boxes, box: Box) -> NDArray[np.intp]:
    xmin, ymin, xmax, ymax = box
    low_x, low_y, high_x, high_y = boxes.T
    meets = (low_x <= xmax) & (high_x >= xmin) & (low_y <= ymax) & (high_y >= ymin)
    return np.flatnonzero(meets)


def _around(boxes: Boxes) -> Boxes:
    """Return the boxes around every 64; what has no place is passed over."""
    starts = np.arange(0, len(boxes), _LEAF)
    low = np.fmin.reduceat(boxes[:, :2], starts, axis=0)
    high = np.fmax.reduceat(boxes[:, 2:], starts, axis=0)
    return np.hstack([low, high])
