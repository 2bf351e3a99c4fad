"""Geometry in the form that is asked for: flat arrays for kernels, objects for GEOS."""

from typing import Self

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_core.merge.flat import FlatShapes

type AnyShapes = "Shapes | FlatShapes | NDArray[np.object_]"


class Shapes:
    """n geometries in one projected CRS (metre); the other form is made when first needed."""

    def __init__(
        self, *, flat: FlatShapes | None = None, objects: NDArray[np.object_] | None = None
    ) -> None:
        self._flat = flat
        self._objects = objects

    @classmethod
    def of(cls, shapes: AnyShapes) -> "Shapes":
        """Wrap what a caller has: shapely geometries (None for missing) or flat arrays."""
        if isinstance(shapes, Shapes):
            return shapes
        if isinstance(shapes, FlatShapes):
            return cls(flat=shapes)
        return cls(objects=np.asarray(shapes, dtype=object))

    def __len__(self) -> int:
        """Return the number of geometries."""
        return len(self.flat if self._objects is None else self._objects)

    @property
    def flat(self) -> FlatShapes:
        """The flat arrays."""
        if self._flat is None:
            self._flat = FlatShapes.from_shapely(self.objects)
        return self._flat

    @property
    def objects(self) -> NDArray[np.object_]:
        """The shapely geometries, None or empty where there is none."""
        if self._objects is None:
            self._objects = self.flat.to_shapely()
        return self._objects

    @property
    def dimension(self) -> NDArray[np.int8]:
        """(n,) 0 point, 1 line, 2 area, -1 missing or empty."""
        if self._flat is not None:
            return self._flat.dimension
        empty = shapely.is_missing(self.objects) | shapely.is_empty(self.objects)
        return np.where(empty, -1, shapely.get_dimensions(self.objects)).astype(np.int8)

    @property
    def single_point(self) -> NDArray[np.bool_]:
        """(n,) whether the geometry is one point."""
        if self._flat is not None:
            one_ring = np.diff(self._flat.shape) == 1
            return np.asarray((self._flat.dimension == 0) & one_ring, np.bool_)
        return np.asarray(shapely.get_type_id(self.objects) == shapely.GeometryType.POINT)

    @property
    def xy(self) -> NDArray[np.float64]:
        """(n, 2) coordinates of points (of others the corner of the box), NaN where missing."""
        if self._flat is not None:
            return self._flat.box[:, :2]
        return np.asarray(shapely.bounds(self.objects)[:, :2])

    @property
    def boxes(self) -> NDArray[np.float64]:
        """(n, 4) xmin, ymin, xmax, ymax, NaN where missing."""
        return (
            self._flat.box if self._flat is not None else np.asarray(shapely.bounds(self.objects))
        )

    def size(self) -> NDArray[np.float64]:
        """Return (n,) areas in m², of lines the lengths in metres; 0 for points and missing."""
        size = self.flat.area()
        lines = np.flatnonzero(self.dimension == 1)
        if len(lines):
            size[lines] = shapely.length(self.take(lines).objects)
        return size

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_]) -> Self:
        """Return the geometries at these positions."""
        where = np.flatnonzero(index) if index.dtype == np.bool_ else index
        if self._objects is not None:
            return type(self)(objects=self._objects[where])
        return type(self)(flat=self.flat.take(where))
