"""The parcels of a city as the merge sees them: one geometry per key, in key order, indexed."""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_core.errors import GeometryTypeError


@dataclass(frozen=True, slots=True)
class ParcelFabric:
    """m parcels in the order of their keys, ready for repeated spatial questions.

    A position in the fabric is a position in key order. Every tie is given to the lower
    position, so no answer depends on the order in which a source delivers its parcels.

    Attributes
    ----------
    key
        (m,) object, parcel keys as text, ascending, unique.
    geometry
        (m,) object, valid polygons or multipolygons in one projected CRS (metre), prepared.
    area_m2
        (m,) float64, planar area.
    row
        (n,) intp, for each row given to :meth:`build` its position, -1 where it was left out.
    """

    key: NDArray[np.object_]
    geometry: NDArray[np.object_]
    area_m2: NDArray[np.float64]
    row: NDArray[np.intp]
    tree: shapely.STRtree = field(repr=False)

    def __len__(self) -> int:
        """Return the number of parcels."""
        return len(self.key)

    @classmethod
    def build(cls, key: NDArray[np.object_], geometry: NDArray[np.object_]) -> Self:
        """Sort parcels by key, join rows that share a key, and index them.

        Parameters
        ----------
        key
            (n,) text, missing as None or "": such rows are left out.
        geometry
            (n,) polygons, valid. Missing and empty ones are left out.

        Raises
        ------
        GeometryTypeError
            A geometry is a point or a line.

        Notes
        -----
        Some sources deliver one parcel as several rows; their union is that parcel. O(n log n).
        """
        used = np.array([bool(k) for k in key], np.bool_) & ~(
            shapely.is_missing(geometry) | shapely.is_empty(geometry)
        )
        kind = shapely.get_dimensions(geometry[used])
        if (kind != 2).any():
            first = key[used][np.flatnonzero(kind != 2)[0]]
            raise GeometryTypeError(
                f"parcel {first} is not an area", expected="polygon", found=str(first)
            )
        row = np.full(len(key), -1, np.intp)
        names, row[used] = np.unique(key[used].astype(str), return_inverse=True)
        shapes = _one_per_key(geometry, row, len(names))
        shapely.prepare(shapes)
        return cls(names.astype(object), shapes, shapely.area(shapes), row, shapely.STRtree(shapes))

    def near(
        self, points: NDArray[np.object_], reach: NDArray[np.float64]
    ) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
        """Return all (point, parcel) pairs with the parcel at most ``reach`` metres away.

        Parameters
        ----------
        points
            (n,) points; missing and empty ones have no pair.
        reach
            (n,) metres, 0 or more; 0 asks for the parcels that cover the point.

        Returns
        -------
        point, parcel : (k,) intp
            Sorted by point, then parcel.
        covered : (k,) bool
            Whether the point lies in the parcel or exactly on its border.
        """
        place = coordinates(points)
        there = np.flatnonzero(np.isfinite(place).all(axis=1))
        low, high = (place - reach[:, None])[there], (place + reach[:, None])[there]
        point, parcel = self.tree.query(shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1]))
        point = there[point]
        # Ordered by parcel, each prepared parcel answers all its points in one run.
        order = np.lexsort((point, parcel))
        point, parcel = point[order], parcel[order]
        covered = shapely.intersects(self.geometry[parcel], points[point])
        close = covered.copy()
        ask = ~covered & (reach[point] > 0)
        close[ask] = is_near(self.geometry[parcel[ask]], points[point[ask]], reach[point[ask]])
        order = np.flatnonzero(close)[np.lexsort((parcel[close], point[close]))]
        return point[order], parcel[order], covered[order]


def coordinates(points: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return (n, 2) coordinates of points, NaN for missing and empty ones."""
    return np.asarray(shapely.bounds(points)[:, :2])


def is_near(
    shape: NDArray[np.object_], place: NDArray[np.object_], distance_m: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return which shapes are at most that far from the place beside them, (k,) each."""
    # The stubs know one distance for all pairs only; the function takes one for each.
    near = shapely.dwithin(shape, place, distance_m)  # type: ignore[call-overload]
    return np.asarray(near, np.bool_)


def _one_per_key(
    geometry: NDArray[np.object_], row: NDArray[np.intp], parcels: int
) -> NDArray[np.object_]:
    """Return the union of the rows of each parcel; rows that stand alone stay as they are."""
    shapes = np.empty(parcels, object)
    used = row >= 0
    shapes[row[used]] = geometry[used]
    for parcel in np.flatnonzero(np.bincount(row[used], minlength=parcels) > 1):
        pieces = geometry[row == parcel]
        # Union in a fixed order, so that its vertices do not depend on the order of the rows.
        shapes[parcel] = shapely.union_all(pieces[np.argsort(shapely.to_wkb(pieces))])
    return shapes
