"""Measures by GEOS through shapely's vectorised functions."""

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_core.merge.discs import disc_area_inside
from gis_core.merge.engines import Near, Touching
from gis_core.merge.shapes import Shapes

if TYPE_CHECKING:
    from gis_core.merge.engine_kernels import KernelEngine

_CHUNK = 50_000  # pairs whose pieces are in memory at once


class ShapelyEngine:
    """Parcels in an STR-tree, prepared for repeated questions."""

    def __init__(self, parcels: Shapes) -> None:
        self._parcels = parcels
        self._ground = parcels.objects
        self._invalid = ~shapely.is_valid(self._ground)
        shapely.prepare(self._ground)
        self._tree = shapely.STRtree(self._ground)

    def near(self, xy: NDArray[np.float64], reach: NDArray[np.float64]) -> Near:
        """See `Engine.near`; O((n + k) log m) for k candidates."""
        there = np.flatnonzero(np.isfinite(xy).all(axis=1))
        place = np.full(len(xy), None, object)
        place[there] = shapely.points(xy[there])
        low, high = (xy - reach[:, None])[there], (xy + reach[:, None])[there]
        point, parcel = self._tree.query(shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1]))
        point = there[point]
        # Ordered by parcel, each prepared parcel answers all its points in one run.
        order = np.lexsort((point, parcel))
        point, parcel = point[order], parcel[order]
        covered = shapely.intersects(self._ground[parcel], place[point])
        close = covered.copy()
        ask = ~covered & (reach[point] > 0)
        close[ask] = _is_near(self._ground[parcel[ask]], place[point[ask]], reach[point[ask]])
        order = np.flatnonzero(close)[np.lexsort((parcel[close], point[close]))]
        point, parcel, covered = point[order], parcel[order], covered[order]
        distance = np.zeros(len(point))
        apart = ~covered
        distance[apart] = shapely.distance(self._ground[parcel[apart]], place[point[apart]])
        return point, parcel, np.asarray(covered, np.bool_), distance

    def disc_areas(
        self, xy: NDArray[np.float64], radius: NDArray[np.float64], parcel: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """See `Engine.disc_areas`; exact segments only where the border cuts the disc."""
        place = np.asarray(shapely.points(xy), object)
        which, ground = np.unique(parcel, return_inverse=True)
        border = shapely.boundary(self._ground[which])
        shapely.prepare(border)
        cut = _is_near(border[ground], place, radius)
        area = np.where(shapely.intersects(self._ground[parcel], place), np.pi * radius**2, 0.0)
        area[cut] = disc_area_inside(xy[cut], radius[cut], self._ground[parcel[cut]])
        return area

    def pieces(self, guests: Shapes) -> Touching:
        """See `Engine.pieces`; makes a piece only where neither side contains the other.

        GEOS has no answer for invalid areas: their pairs are measured by edges, as kernels do.
        """
        shape = guests.objects
        guest, parcel = self._tree.query(shape, predicate="intersects")
        order = np.lexsort((parcel, guest))
        guest, parcel = guest[order], parcel[order]
        invalid = ~shapely.is_valid(shape)
        doubtful = invalid[guest] | self._invalid[parcel]
        if doubtful.any():
            return _joined(
                self._measured(guests, guest[~doubtful], parcel[~doubtful]),
                self._by_edges(guests, invalid),
            )
        return self._measured(guests, guest, parcel)

    def _measured(
        self, guests: Shapes, guest: NDArray[np.intp], parcel: NDArray[np.intp]
    ) -> Touching:
        shape, linear = guests.objects, guests.dimension == 1
        measure = np.empty(len(guest))
        for start in range(0, len(guest), _CHUNK):
            part = slice(start, start + _CHUNK)
            piece = self._pieces(shape[guest[part]], parcel[part])
            length = linear[guest[part]]
            measure[part] = np.where(length, shapely.length(piece), shapely.area(piece))
        return guest, parcel, measure

    def perimeters(
        self, guests: Shapes, guest: NDArray[np.intp], parcel: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """See `Engine.perimeters`; borders that the two merely share are no part of a piece."""
        length = np.zeros(len(guest))
        shape = guests.objects[guest]
        doubtful = self._invalid[parcel] | ~shapely.is_valid(shape)
        if doubtful.any():
            length[doubtful] = self._edges.perimeters(guests, guest[doubtful], parcel[doubtful])
        sound = np.flatnonzero(~doubtful)
        piece = self._pieces(shape[sound], parcel[sound])
        parts, owner = shapely.get_parts(piece, return_index=True)
        solid = shapely.get_dimensions(parts) == 2
        length[sound] = np.bincount(owner[solid], shapely.length(parts[solid]), len(piece))
        return length

    @cached_property
    def _edges(self) -> "KernelEngine":
        # Loading compiled code takes a second: only who has invalid areas pays for it.
        from gis_core.merge.engine_kernels import KernelEngine  # noqa: PLC0415

        return KernelEngine(self._parcels)

    def _by_edges(self, guests: Shapes, invalid: NDArray[np.bool_]) -> Touching:
        """Measure the pairs of which one side is invalid."""
        guest, parcel, measure = self._edges.pieces(guests)
        keep = invalid[guest] | self._invalid[parcel]
        return guest[keep], parcel[keep], measure[keep]

    def _pieces(self, shape: NDArray[np.object_], parcel: NDArray[np.intp]) -> NDArray[np.object_]:
        ground = self._ground[parcel]
        inside = _covers(ground, shape)
        around = ~inside & _covers(shape, ground)
        cut = ~inside & ~around
        piece = np.where(inside, shape, ground)
        piece[cut] = shapely.intersection(shape[cut], ground[cut])
        return piece


def _joined(one: Touching, other: Touching) -> Touching:
    guest, parcel, measure = (np.concatenate(c) for c in zip(one, other, strict=True))
    order = np.lexsort((parcel, guest))
    return guest[order], parcel[order], measure[order]


def _covers(outer: NDArray[np.object_], inner: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Return where ``outer`` covers ``inner``; asked exactly only where the boxes allow it."""
    a, b = shapely.bounds(outer), shapely.bounds(inner)
    result = (a[:, :2] <= b[:, :2]).all(axis=1) & (a[:, 2:] >= b[:, 2:]).all(axis=1)
    result[result] = shapely.covers(outer[result], inner[result])
    return np.asarray(result, np.bool_)


def _is_near(
    shape: NDArray[np.object_], place: NDArray[np.object_], distance_m: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return which shapes are at most that far from the place beside them, (k,) each."""
    # The stubs know one distance for all pairs only; the function takes one for each.
    near = shapely.dwithin(shape, place, distance_m)  # type: ignore[call-overload]
    return np.asarray(near, np.bool_)
