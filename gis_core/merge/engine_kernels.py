"""Measures by compiled loops over flat arrays; no geometry object is made."""

import numpy as np
from numpy.typing import NDArray

from gis_core.merge.engines import Near, Touching
from gis_core.merge.kernels.discs import disc_areas
from gis_core.merge.kernels.edges import Edges, edges_of
from gis_core.merge.kernels.grid import box_pairs, build_grid
from gis_core.merge.kernels.lengths import line_lengths, piece_perimeters
from gis_core.merge.kernels.overlap import overlap_areas
from gis_core.merge.kernels.points import near_points
from gis_core.merge.shapes import Shapes

_AT_ONCE = 2_048  # guests whose candidates are in memory at once


class KernelEngine:
    """Parcels in grids of cells; their edges are indexed when the first area asks."""

    def __init__(self, parcels: Shapes) -> None:
        self._flat = parcels.flat
        self._grid = build_grid(self._flat.box)
        self._edges: Edges | None = None
        self._guests: tuple[Shapes, Edges] | None = None

    def near(self, xy: NDArray[np.float64], reach: NDArray[np.float64]) -> Near:
        """See `Engine.near`; exact by adaptive orientation tests."""
        return near_points(xy, reach, self._grid, self._ground)

    def disc_areas(
        self, xy: NDArray[np.float64], radius: NDArray[np.float64], parcel: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """See `Engine.disc_areas`."""
        return disc_areas(xy, radius, parcel, self._ground)

    def pieces(self, guests: Shapes) -> Touching:
        """See `Engine.pieces`; areas by signed edges, so that no input can fail."""
        boxes, edges, linear = guests.boxes, self._edges_of(guests), guests.dimension == 1
        found = [
            self._pieces(boxes[start : start + _AT_ONCE], start, edges, linear)
            for start in range(0, max(len(boxes), 1), _AT_ONCE)
        ]
        guest, parcel, measure = (np.concatenate(column) for column in zip(*found, strict=True))
        return guest, parcel, measure

    def _pieces(
        self, boxes: NDArray[np.float64], start: int, edges: Edges, linear: NDArray[np.bool_]
    ) -> Touching:
        """Measure the guests from ``start`` on whose boxes are given."""
        guest, parcel = box_pairs(self._grid, self._flat.box, boxes)
        guest += start
        measure = np.empty(len(guest))
        line, area = np.flatnonzero(linear[guest]), np.flatnonzero(~linear[guest])
        if len(line):
            measure[line] = line_lengths(guest[line], parcel[line], edges, self._ground)
            measure[area] = overlap_areas(guest[area], parcel[area], edges, self._ground)
        else:
            measure = overlap_areas(guest, parcel, edges, self._ground)
        common = measure > 0
        return guest[common], parcel[common], measure[common]

    def perimeters(
        self, guests: Shapes, guest: NDArray[np.intp], parcel: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """See `Engine.perimeters`."""
        return piece_perimeters(guest, parcel, self._edges_of(guests), self._ground)

    @property
    def _ground(self) -> Edges:
        if self._edges is None:
            self._edges = edges_of(self._flat)
        return self._edges

    def _edges_of(self, guests: Shapes) -> Edges:
        """Index the guests' edges once for their areas and perimeters."""
        if self._guests is None or self._guests[0] is not guests:
            self._guests = (guests, edges_of(guests.flat))
        return self._guests[1]
