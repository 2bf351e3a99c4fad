"""Who measures: GEOS by shapely for small merges and as the oracle, compiled kernels for others."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gis_core.merge.engine_name import EngineName
from gis_core.merge.shapes import Shapes

type Near = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_], NDArray[np.float64]]
"""Point, parcel, covered, distance in metres; (k,) each, sorted by point, then parcel."""

type Touching = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]
"""Guest, parcel, common area in m² (of a line: length in metres); sorted likewise."""

KERNELS_FROM = 10_000
"""Parcels from which compiled kernels pay for the second that loading them takes."""


class PointEngine(Protocol):
    """Takes measures of points and stem discs against its parcels, see `Engine`."""

    def near(self, xy: NDArray[np.float64], reach: NDArray[np.float64]) -> Near:
        """Return all pairs of a point (n, 2) and a parcel at most ``reach`` (n,) metres away.

        Points that are NaN have none.
        """

    def disc_areas(
        self, xy: NDArray[np.float64], radius: NDArray[np.float64], parcel: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Return for (k,) discs the area in m² that lies on the parcel beside it."""


class Engine(PointEngine, Protocol):
    """Takes measures of features against the parcels it was made for.

    Each answer is a function of the two geometries of its pair alone. Both engines find the same
    pairs; their areas and distances differ by rounding (1e-6 m² and 1e-9 m at most).
    """

    def pieces(self, guests: Shapes) -> Touching:
        """Return the pairs of an area or line and a parcel that have something in common."""

    def perimeters(
        self, guests: Shapes, guest: NDArray[np.intp], parcel: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Return the length in metres of the boundary of (k,) common pieces of areas."""


def choose_engine(name: EngineName | str, parcels: int) -> EngineName:
    """Return the engine that ``auto`` means for so many parcels; other names stay.

    The choice belongs to a whole merge: its tiles and later changes keep it, so that they add
    up to the same bits.
    """
    wanted = EngineName(name)
    if wanted is not EngineName.AUTO:
        return wanted
    return EngineName.KERNELS if parcels >= KERNELS_FROM else EngineName.SHAPELY


def make_engine(name: EngineName | str, parcels: Shapes) -> Engine:
    """Index parcels for an engine; O(m log m) for shapely, O(m) for kernels."""
    if choose_engine(name, len(parcels)) is EngineName.KERNELS:
        # Loading compiled code takes a second: only who merges much pays for it.
        from gis_core.merge.engine_kernels import KernelEngine  # noqa: PLC0415

        return KernelEngine(parcels)
    from gis_core.merge.engine_shapely import ShapelyEngine  # noqa: PLC0415

    return ShapelyEngine(parcels)
