"""Measures by compiled loops over flat arrays; no geometry object is made."""

from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gis_core.merge.engines import Near, Touching
from gis_core.merge.kernels.discs import disc_areas
from gis_core.merge.kernels.edges import Edges, edges_of
from gis_core.merge.kernels.grid import Grid, box_pairs, build_grid
from gis_core.merge.kernels.lengths import line_lengths, piece_perimeters
from gis_core.merge.kernels.overlap import overlap_areas
from gis_core.merge.kernels.points import near_points
from gis_core.merge.shapes import Shapes

_AT_ONCE = 2_048  # guests whose candidates are in memory at once


type PairMeasure = Callable[
    ["KernelEngine", "KernelEngine", NDArray[np.intp], NDArray[np.intp]], NDArray[np.float64]
]
"""A measure of (k,) pairs, of guests and parcels by their positions."""


class KernelEngine:
    """Parcels, or guests, as flat arrays; each index is made when it is first needed."""

    def __init__(self, shapes: Shapes) -> None:
        self.flat = shapes.flat
        self._guests: tuple[Shapes, KernelEngine] | None = None

    @cached_property
    def grid(self) -> Grid:
        """The boxes in grids of cells."""
        return build_grid(self.flat.box)

    @cached_property
    def edges(self) -> Edges:
        """The edges by place."""
        return edges_of(self.flat)

    def meeting(self, boxes: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return pairs of one of (k, 4) boxes and a parcel whose box touches it, sorted."""
        return box_pairs(self.grid, self.flat.box, boxes)

    def near(self, xy: NDArray[np.float64], reach: NDArray[np.float64]) -> Near:
        """See `Engine.near`; exact by adaptive orientation tests."""
        return near_points(xy, reach, self.grid, self.edges)

    def disc_areas(
        self, xy: NDArray[np.float64], radius: NDArray[np.float64], parcel: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """See `Engine.disc_areas`."""
        return disc_areas(xy, radius, parcel, self.edges)

    def pieces(self, guests: Shapes) -> Touching:
        """See `Engine.pieces`; areas by signed edges, so that no input can fail."""
        asking = self._engine_of(guests)
        found = [
            self._pieces(asking, slice(start, start + _AT_ONCE))
            for start in range(0, max(len(guests), 1), _AT_ONCE)
        ]
        guest, parcel, measure = (np.concatenate(column) for column in zip(*found, strict=True))
        return guest, parcel, measure

    def _pieces(self, guests: "KernelEngine", some: slice) -> Touching:
        """Measure some of the guests."""
        guest, parcel = self.meeting(guests.flat.box[some])
        guest += some.start
        measure = common_sizes(guests, self, guest, parcel)
        common = measure > 0
        return guest[common], parcel[common], measure[common]

    def perimeters(
        self, guests: Shapes, guest: NDArray[np.intp], parcel: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """See `Engine.perimeters`."""
        return common_perimeters(self._engine_of(guests), self, guest, parcel)

    def _engine_of(self, guests: Shapes) -> "KernelEngine":
        """Index the guests' edges once for their areas and perimeters."""
        if self._guests is None or self._guests[0] is not guests:
            self._guests = (guests, KernelEngine(guests))
        return self._guests[1]


def common_sizes(
    guests: KernelEngine,
    parcels: KernelEngine,
    guest: NDArray[np.intp],
    parcel: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Return the common area in m² of (k,) pairs; where the guest is a line, the length in m."""
    linear = guests.flat.dimension[guest] == 1
    if not linear.any():
        return overlap_areas(guest, parcel, guests.edges, parcels.edges)
    measure = np.empty(len(guest))
    line, area = np.flatnonzero(linear), np.flatnonzero(~linear)
    measure[line] = line_lengths(guest[line], parcel[line], guests.edges, parcels.edges)
    measure[area] = overlap_areas(guest[area], parcel[area], guests.edges, parcels.edges)
    return measure


def common_perimeters(
    guests: KernelEngine,
    parcels: KernelEngine,
    guest: NDArray[np.intp],
    parcel: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Return the length in metres of the boundary of (k,) common pieces of areas."""
    return piece_perimeters(guest, parcel, guests.edges, parcels.edges)
