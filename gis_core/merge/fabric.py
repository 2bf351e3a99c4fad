"""The parcels of a city as the merge sees them: one geometry per key, in key order, indexed."""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_core.errors import GeometryTypeError
from gis_core.merge.engine_name import EngineName
from gis_core.merge.engines import Engine, make_engine
from gis_core.merge.shapes import AnyShapes, Shapes


@dataclass(frozen=True, slots=True)
class ParcelFabric:
    """m parcels in the order of their keys, ready for repeated spatial questions.

    A position in the fabric is a position in key order. Every tie is given to the lower
    position, so no answer depends on the order in which a source delivers its parcels.

    Attributes
    ----------
    key
        (m,) object, parcel keys as text, ascending, unique.
    shapes
        m valid polygons or multipolygons in one projected CRS (metre).
    area_m2
        (m,) float64, planar area.
    row
        (n,) intp, for each row given to :meth:`build` its position, -1 where it was left out.
    engine
        Measures features against these parcels.
    """

    key: NDArray[np.object_]
    shapes: Shapes = field(repr=False)
    area_m2: NDArray[np.float64]
    row: NDArray[np.intp]
    engine: Engine = field(repr=False)

    def __len__(self) -> int:
        """Return the number of parcels."""
        return len(self.key)

    @property
    def geometry(self) -> NDArray[np.object_]:
        """(m,) the parcels as shapely geometries."""
        return self.shapes.objects

    @classmethod
    def build(
        cls,
        key: NDArray[np.object_],
        geometry: AnyShapes,
        *,
        engine: EngineName | str = EngineName.AUTO,
    ) -> Self:
        """Sort parcels by key, join rows that share a key, and index them.

        Parameters
        ----------
        key
            (n,) text, missing as None or "": such rows are left out.
        geometry
            (n,) polygons, valid, as shapely objects or flat arrays. Missing and empty ones are
            left out.
        engine
            Who measures: "shapely", "kernels", or "auto", by the number of parcels.

        Raises
        ------
        GeometryTypeError
            A geometry is a point or a line.

        Notes
        -----
        Some sources deliver one parcel as several rows; their union is that parcel. O(n log n).
        """
        given = Shapes.of(geometry)
        kind = given.dimension
        used = key.astype(np.bool_) & (kind >= 0)
        flat_ones = np.flatnonzero(used & (kind != 2))
        if len(flat_ones):
            first = str(key[flat_ones[0]])
            raise GeometryTypeError(
                f"parcel {first} is not an area", expected="polygon", found=first
            )
        row = np.full(len(key), -1, np.intp)
        known = key[used]
        distinct, row[used] = np.unique(_sortable(known), return_inverse=True)
        names = np.empty(len(distinct), object)
        names[row[used]] = known
        shapes = _one_per_key(given, row, len(names))
        return cls(names, shapes, shapes.size(), row, make_engine(engine, shapes))


def _sortable(key: NDArray[np.object_]) -> NDArray[np.generic]:
    """Return keys as bytes, which sort twice as fast, unless they are not ASCII."""
    try:
        return key.astype(bytes)
    except UnicodeEncodeError:
        return key.astype(str)


def _one_per_key(given: Shapes, row: NDArray[np.intp], parcels: int) -> Shapes:
    """Return the union of the rows of each parcel; rows that stand alone stay as they are."""
    used = np.flatnonzero(row >= 0)
    if len(used) == parcels:
        first = np.empty(parcels, np.intp)
        first[row[used]] = used
        return given.take(first)
    geometry = given.objects
    shapes = np.empty(parcels, object)
    shapes[row[used]] = geometry[used]
    by_parcel = used[np.argsort(row[used], kind="stable")]
    end = np.cumsum(np.bincount(row[used], minlength=parcels))
    for parcel in np.flatnonzero(np.diff(end, prepend=0) > 1):
        pieces = geometry[by_parcel[end[parcel - 1] if parcel else 0 : end[parcel]]]
        # Union in a fixed order, so that its vertices do not depend on the order of the rows.
        shapes[parcel] = shapely.union_all(pieces[np.argsort(shapely.to_wkb(pieces))])
    return Shapes(objects=shapes)
