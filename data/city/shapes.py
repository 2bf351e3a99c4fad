"""Many rings or lines at once as shapely geometries."""

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

Objects = NDArray[np.object_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def polygons_of(rings: Sequence[Floats]) -> Objects:
    """Return one polygon per ring (k, 2), given without its closing point."""
    xy, owner = _flat(rings)
    return np.asarray(shapely.polygons(shapely.linearrings(xy, indices=owner)))


def lines_of(lines: Sequence[Floats]) -> Objects:
    """Return one line per run of vertices (k, 2)."""
    xy, owner = _flat(lines)
    return np.asarray(shapely.linestrings(xy, indices=owner))


def _flat(runs: Sequence[Floats]) -> tuple[Floats, Ints]:
    sizes = np.asarray([len(run) for run in runs], dtype=np.int64)
    return np.concatenate(runs), np.repeat(np.arange(len(sizes)), sizes)


def lengths_of(lines: Sequence[Floats]) -> Floats:
    """Return the length of every line, metre."""
    return np.asarray(shapely.length(lines_of(lines)))
