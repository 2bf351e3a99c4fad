"""Which parcels a point or disc touches: the oracle behind every link in the truth."""

import numpy as np
import shapely
from numpy.typing import NDArray

from data.city.shapes import Floats, Ints, Objects


class Ground:
    """All parcels, ready to be asked."""

    def __init__(self, geometry: Objects) -> None:
        """Index the parcels."""
        self.geometry = geometry
        self.tree = shapely.STRtree(geometry)

    def touched(self, xy: Floats, reach: float | Floats) -> tuple[Ints, Ints]:
        """Return pairs (point, parcel) no farther apart than ``reach`` metres, sorted."""
        points = shapely.points(xy)
        pairs = self.tree.query(points, predicate="dwithin", distance=reach)
        order = np.lexsort((pairs[1], pairs[0]))
        return pairs[0][order], pairs[1][order]

    def clear(self, xy: Floats, margin: float) -> tuple[NDArray[np.bool_], Ints]:
        """Say which points keep ``margin`` metres from every border, and the parcel of each.

        The parcel is -1 outside the city and where the point is not clear.
        """
        near = np.bincount(self.touched(xy, margin)[0], minlength=len(xy))
        point, parcel = self.tree.query(np.asarray(shapely.points(xy)), predicate="intersects")
        found = np.full(len(xy), -1)
        found[point] = parcel
        good = (near == 1) & (found >= 0)
        found[~good] = -1
        return good, found
