"""Geometry as flat arrays: what the kernels read instead of geometry objects."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from gis_core.errors import GeometryTypeError
from gis_core.merge.flattening import flatten, unflatten

if TYPE_CHECKING:
    import pyarrow as pa

type Arrays = tuple[
    NDArray[np.float64],
    NDArray[np.int64],
    NDArray[np.int8],
    NDArray[np.int64],
    NDArray[np.int8],
    NDArray[np.float64],
]
"""xy, ring, role, shape, dimension, box, in the order of the fields of :class:`FlatShapes`."""

_AT_ONCE = 1 << 15  # vertices whose areas are summed up at once
_TYPES = {"xy": "f8", "ring": "i8", "role": "i1", "shape": "i8", "dimension": "i1", "box": "f8"}


def read_only(array: NDArray[Any], dtype: DTypeLike) -> NDArray[Any]:
    """Return the array as kernels take it: contiguous, of that type, not to be written to.

    A kernel is compiled for each kind of array it meets; what comes in one kind is compiled once.
    """
    kept = np.ascontiguousarray(array, dtype).view()
    kept.flags.writeable = False
    return kept


@dataclass(frozen=True, slots=True, eq=False)
class FlatShapes:
    """n shapes (points, lines, polygons, also of several parts) without a geometry object.

    Shape i has the rings ``shape[i]`` to ``shape[i + 1]``; ring j has the vertices ``ring[j]`` to
    ``ring[j + 1]``. A line is a ring that need not close, a point a ring of one vertex. The holes
    of a part follow its shell. The arrays are read only; those of :meth:`take` are copies.

    Attributes
    ----------
    xy
        (v, 2) float64, coordinates in one projected CRS (metre), all finite.
    ring
        (r + 1,) int64, offsets into ``xy``. No ring is empty.
    role
        (r,) int8: 1 shell, -1 hole, 0 line or point. The role says what is inside, not the
        direction, which is as stored.
    shape
        (n + 1,) int64, offsets into the rings.
    dimension
        (n,) int8: 0 points, 1 lines, 2 areas, -1 missing or empty.
    box
        (n, 4) float64 xmin, ymin, xmax, ymax; NaN where missing.

    Examples
    --------
    >>> import shapely
    >>> plots = FlatShapes.from_shapely(np.array([shapely.box(0, 0, 4, 2), None]))
    >>> len(plots), plots.dimension.tolist(), plots.area().tolist()
    (2, [2, -1], [8.0, 0.0])
    """

    xy: NDArray[np.float64]
    ring: NDArray[np.int64]
    role: NDArray[np.int8]
    shape: NDArray[np.int64]
    dimension: NDArray[np.int8]
    box: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Fix the arrays, see :func:`read_only`."""
        for name, dtype in _TYPES.items():
            object.__setattr__(self, name, read_only(getattr(self, name), dtype))

    def __len__(self) -> int:
        """Return the number of shapes."""
        return len(self.dimension)

    def __reduce__(self) -> tuple[type[Self], tuple[NDArray[Any], ...]]:
        """Come out of a pickle with arrays as fixed as they went in."""
        return type(self), tuple(getattr(self, f.name) for f in fields(self))

    @classmethod
    def from_shapely(cls, geometry: NDArray[np.object_]) -> Self:
        """Return the shapes of geometry objects.

        Parameters
        ----------
        geometry
            (n,) geometries of any kind; Z and M are left out. Missing and empty ones are kept as
            such, and so is the point whose coordinates are NaN.

        Raises
        ------
        GeometryTypeError
            A collection mixes points, lines and areas, or a coordinate is not finite.

        Notes
        -----
        O(v) for v vertices, without numba.
        """
        return cls(*flatten(np.asarray(geometry, object)))

    @classmethod
    def from_wkb(
        cls,
        data: NDArray[np.uint8],
        offset: NDArray[np.int64],
        valid: NDArray[np.bool_] | None = None,
        *,
        geopackage: bool = False,
    ) -> Self:
        """Return the shapes of well-known binary, without making an object of any.

        Parameters
        ----------
        data
            Bytes of all rows.
        offset
            (n + 1,) positions in ``data``: row i is ``offset[i]`` to ``offset[i + 1]``.
        valid
            (n,) bool, False where the geometry is missing. None: none is.
        geopackage
            Whether each row begins with the header of a GeoPackage blob.

        Raises
        ------
        GeometryTypeError
            A row is damaged or cut short, is a curve or surface, mixes points, lines and areas,
            or has a coordinate that is not finite. The error names the row.

        Notes
        -----
        ISO and extended forms, either byte order; Z, M and SRID are passed over. O(bytes).

        Source: OGC 06-103r4, clause 8; OGC 12-128r18, clause 2.1.3.
        """
        # numba is loaded by those only who need it.
        from gis_core.merge.kernels.wkb import decode  # noqa: PLC0415

        n = len(offset) - 1
        present = np.ones(n, np.bool_) if valid is None else valid
        return cls(*decode(data, offset, present, geopackage=geopackage))

    @classmethod
    def from_blobs(cls, blobs: Sequence[bytes | None], *, geopackage: bool = False) -> Self:
        """Return the shapes of one well-known binary (None: missing) a row, see `from_wkb`.

        Examples
        --------
        >>> import shapely
        >>> FlatShapes.from_blobs([shapely.Point(3, 4).wkb, None]).box[0].tolist()
        [3.0, 4.0, 3.0, 4.0]
        """
        offset = np.zeros(len(blobs) + 1, np.int64)
        np.cumsum([0 if b is None else len(b) for b in blobs], out=offset[1:])
        data = np.frombuffer(b"".join(b for b in blobs if b is not None), np.uint8)
        valid = np.array([b is not None for b in blobs], np.bool_)
        return cls.from_wkb(data, offset, valid, geopackage=geopackage)

    @classmethod
    def from_arrow(cls, column: "pa.Array | pa.ChunkedArray") -> Self:
        """Return the shapes of an Arrow column of well-known binary, see `from_wkb`.

        Raises
        ------
        GeometryTypeError
            The column is not of type binary, or a row cannot be read.
        """
        if hasattr(column, "combine_chunks"):
            column = column.combine_chunks()
        column = getattr(column, "storage", column)
        kind = str(column.type)
        if kind not in {"binary", "large_binary"}:
            raise GeometryTypeError(
                "the column is no well-known binary", expected="binary, large_binary", found=kind
            )
        n = len(column)
        _, offsets, values = column.buffers()
        width = np.int64 if kind == "large_binary" else np.int32
        offset = np.zeros(n + 1, np.int64)
        if n:
            offset[:] = np.frombuffer(offsets, width)[column.offset : column.offset + n + 1]
        data = np.frombuffer(b"" if values is None else values, np.uint8)
        valid = np.asarray(column.is_valid().to_numpy(zero_copy_only=False), np.bool_)
        return cls.from_wkb(data, offset, valid)

    def to_shapely(self) -> NDArray[np.object_]:
        """Return (n,) geometry objects: one part as single, several as multi, none as None."""
        return unflatten(self.xy, self.ring, self.role, self.shape, self.dimension)

    def take(self, index: NDArray[np.integer | np.bool_] | slice) -> Self:
        """Return the shapes at those positions, in that order; a position may come twice."""
        whole_numbers = not isinstance(index, slice) and index.dtype != np.bool_
        at = np.asarray(index, np.intp) if whole_numbers else np.arange(len(self))[index]
        rings, shape = _runs(self.shape, at)
        vertices, ring = _runs(self.ring, rings)
        # `take` moves whole rows, three times as fast as an index does.
        return type(self)(
            self.xy.take(vertices, axis=0),
            ring,
            self.role[rings],
            shape,
            self.dimension[at],
            self.box.take(at, axis=0),
        )

    @classmethod
    def concat(cls, parts: "Sequence[FlatShapes]") -> Self:
        """Return the shapes of all parts, one after the other."""
        rings = np.cumsum([0, *(len(p.role) for p in parts)])
        vertices = np.cumsum([0, *(len(p.xy) for p in parts)])
        ring = [p.ring[1:] + start for p, start in zip(parts, vertices, strict=False)]
        shape = [p.shape[1:] + start for p, start in zip(parts, rings, strict=False)]
        return cls(
            np.concatenate([p.xy for p in parts]),
            np.concatenate([[0], *ring]),
            np.concatenate([p.role for p in parts]),
            np.concatenate([[0], *shape]),
            np.concatenate([p.dimension for p in parts]),
            np.concatenate([p.box for p in parts]),
        )

    def area(self) -> NDArray[np.float64]:
        """Return (n,) planar areas in m²: shells less holes; 0 for points, lines and missing ones.

        Counted from the lower left corner of each shape's box, so that large coordinates cost
        no digits.
        """
        first = self.ring[self.shape]
        # What is at hand at once stays in the processor's cache, which is twice as fast.
        cuts = np.searchsorted(first, np.arange(0, len(self.xy), _AT_ONCE)).tolist()
        cuts = sorted({0, *cuts, len(self)})
        parts = [self._areas(slice(*cut), first) for cut in pairwise(cuts)]
        return np.concatenate([np.zeros(0), *parts])

    def _areas(self, part: slice, first: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the areas of some shapes; ``first`` (n + 1,) is the first vertex of each."""
        start, shape = first[part.start], self.shape[part.start : part.stop + 1]
        xy, box = self.xy[start : first[part.stop]], self.box[part]
        ring = self.ring[shape[0] : shape[-1] + 1] - start
        vertices = np.diff(first[part.start : part.stop + 1])
        # Column by column: arithmetic on every other number takes twice as long.
        x = xy[:, 0] - np.repeat(box[:, 0], vertices)
        y = xy[:, 1] - np.repeat(box[:, 1], vertices)
        twice = np.zeros(len(x))
        np.multiply(x[:-1], y[1:], out=twice[:-1])
        twice[:-1] -= x[1:] * y[:-1]
        total = np.zeros(len(box))
        if len(twice):
            twice[ring[1:] - 1] = 0.0
            role = self.role[shape[0] : shape[-1]]
            signed = 0.5 * np.abs(np.add.reduceat(twice, ring[:-1])) * role
            some = np.flatnonzero(np.diff(shape))
            total[some] = np.add.reduceat(signed, shape[some] - shape[0])
        return total


def _runs(
    offset: NDArray[np.int64], index: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Return the members of the runs at ``index`` one after the other, and their new offsets."""
    length = offset[index + 1] - offset[index]
    new = np.zeros(len(index) + 1, np.int64)
    np.cumsum(length, out=new[1:])
    member = np.arange(new[-1]) + np.repeat(offset[index] - new[:-1], length)
    return member, new
