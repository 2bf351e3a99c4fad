"""From a source's geometry to checked geometry in the storage CRS."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gis_core.crs import Operation, transform_geometry, transform_xy
from gis_core.geometry import as_multipolygon, has_lost_vertex, repair_polygons
from gis_core.window import Verdict, Window
from layers.spec import GeometryKind

_POINT, _MULTIPOINT, _COLLECTION = 0, 4, 7
_DIMENSION = {GeometryKind.POINT: 0, GeometryKind.LINE: 1, GeometryKind.POLYGON: 2}
_SHOWN = 120  # characters of a validity reason

MISPLACED = {
    Verdict.SWAPPED: "axes-swapped",
    Verdict.PREFIXED: "zone-prefix",
    Verdict.SHIFTED: "false-easting",
    Verdict.OUTSIDE: "outside-window",
    Verdict.NOT_FINITE: "not-transformable",
}


@dataclass(slots=True)
class Placed:
    """Geometries after all checks.

    Attributes
    ----------
    geometry
        (n,) object, storage CRS; None where ``problem`` is not empty.
    problem
        (n,) object: fault code of rows that cannot be used, else empty.
    repaired
        (n,) object: fault code of rows whose geometry was changed, else empty.
    found
        (n,) object: what was found, for either kind of fault.
    """

    geometry: NDArray[np.object_]
    problem: NDArray[np.object_]
    repaired: NDArray[np.object_]
    found: NDArray[np.object_]

    def refuse(self, row: int, code: str, found: str) -> None:
        """Give up one row, unless that happened before."""
        if not self.problem[row]:
            self.found[row], self.problem[row] = found, code
            self.geometry[row], self.repaired[row] = None, ""

    def mend(self, row: int, code: str, found: str) -> None:
        """Record that the geometry of one row was changed."""
        self.repaired[row], self.found[row] = code, found


def place(
    geometry: NDArray[np.object_], operation: Operation, window: Window, kind: GeometryKind
) -> Placed:
    """Carry geometries into the storage CRS and keep those that can be true.

    Parameters
    ----------
    geometry
        (n,) shapely geometries or None in the operation's source CRS.
    window
        Where positions can be, in the operation's target CRS.
    kind
        What the collection holds.

    Notes
    -----
    A polygon is judged by the middle of its box. Polygons are repaired as they are filed,
    and once more where the transformation made them invalid: what is stored is valid.
    """
    blank = partial(np.full, len(geometry), "", dtype=object)
    placed = Placed(np.array(geometry, dtype=object), blank(), blank(), blank())
    was = placed.geometry.copy()
    for row in np.flatnonzero(shapely.is_missing(was)).tolist():
        placed.refuse(row, "geometry-missing", "")
    for row in np.flatnonzero(shapely.is_empty(was)).tolist():
        placed.refuse(row, "geometry-empty", str(was[row]))
    for row in np.flatnonzero(has_lost_vertex(was)).tolist():
        placed.refuse(row, "not-finite", _brief(was[row]))
    _keep_kind(placed, kind)
    _mend(placed, kind)
    _move(placed, was, operation, window)
    if operation.source != operation.target:
        _mend(placed, kind)
    return placed


def source_positions(geometry: NDArray[np.object_]) -> tuple[NDArray[np.float64], ...]:
    """Return x and y of the middle of each geometry's box, NaN where there is none."""
    box = shapely.bounds(geometry)
    return (box[:, 0] + box[:, 2]) / 2, (box[:, 1] + box[:, 3]) / 2


def _brief(shape: BaseGeometry) -> str:
    points = shapely.get_coordinates(shape)
    x, y = points[~np.isfinite(points).all(axis=1)][0]
    return f"{shape.geom_type} with {x}, {y}"


def _keep_kind(placed: Placed, kind: GeometryKind) -> None:
    """Refuse geometry of another kind; take the fitting parts out of collections."""
    shapes = placed.geometry
    for row in np.flatnonzero(shapely.get_type_id(shapes) == _COLLECTION).tolist():
        parts = shapely.get_parts(shapes[row])
        fitting = parts[shapely.get_dimensions(parts) == _DIMENSION[kind]]
        if len(fitting):
            placed.mend(row, "geometry-collection", f"GeometryCollection of {len(parts)}")
            shapes[row] = shapely.union_all(fitting) if len(fitting) > 1 else fitting[0]
    lone = (shapely.get_type_id(shapes) == _MULTIPOINT) & (shapely.get_num_geometries(shapes) == 1)
    shapes[lone] = shapely.get_geometry(shapes[lone], 0)
    wrong = shapely.get_dimensions(shapes) != _DIMENSION[kind]
    wrong |= shapely.get_type_id(shapes) == (_MULTIPOINT if kind is GeometryKind.POINT else -2)
    for row in np.flatnonzero(wrong & ~shapely.is_missing(shapes)).tolist():
        placed.refuse(row, "geometry-kind", shapes[row].geom_type)


def _move(placed: Placed, was: NDArray[np.object_], operation: Operation, window: Window) -> None:
    """Transform what is left and hold it against the window."""
    left = np.flatnonzero(placed.problem == "")
    shapes = placed.geometry[left]
    if operation.source == operation.target:
        moved = shapely.force_2d(shapes)
    else:
        moved = transform_geometry(shapes, operation)
    placed.geometry[left] = moved
    x, y = source_positions(moved)
    torn = has_lost_vertex(moved)
    verdict = window.judge(np.where(torn, np.inf, x), y)
    off = np.flatnonzero(verdict != Verdict.INSIDE)
    if not len(off):
        return
    source_x, source_y = source_positions(was[left[off]])
    turned = window.judge(*transform_xy(source_y, source_x, operation)) == Verdict.INSIDE
    verdict[off[turned]] = Verdict.SWAPPED
    for i, sx, sy in zip(off.tolist(), source_x, source_y, strict=True):
        where = f"{sx:.3f}, {sy:.3f}"
        if operation.source != operation.target and np.isfinite(x[i]):
            where += f" (transformed: {x[i]:.2f}, {y[i]:.2f})"
        placed.refuse(int(left[i]), MISPLACED[verdict[i]], where)


def _mend(placed: Placed, kind: GeometryKind) -> None:
    """Repair what is invalid; refuse what has neither length nor area afterwards."""
    left = np.flatnonzero(placed.problem == "")
    if kind is GeometryKind.POINT or not len(left):
        return
    shapes = placed.geometry[left]
    if kind is GeometryKind.LINE:
        gone, reason = shapely.length(shapes) == 0, np.full(len(left), "length 0", dtype=object)
    else:
        repair = repair_polygons(shapes)
        gone, reason = shapely.is_missing(repair.geometry), repair.reason
        for i in np.flatnonzero(repair.changed & ~gone):
            placed.mend(int(left[i]), "geometry-repaired", str(reason[i])[:_SHOWN])
        placed.geometry[left] = as_multipolygon(repair.geometry)
    for i in np.flatnonzero(gone):
        placed.refuse(int(left[i]), "geometry-collapsed", str(reason[i])[:_SHOWN])
