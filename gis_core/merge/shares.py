"""Areas and lines to parcels: every parcel they cover, with the share that lies on it."""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from gis_core.errors import GeometryTypeError
from gis_core.merge.engines import Engine, Touching
from gis_core.merge.fabric import ParcelFabric
from gis_core.merge.links import LinkConfidence, Links, Method
from gis_core.merge.measures import PieceMeasures
from gis_core.merge.shapes import AnyShapes, Shapes

SMALLEST_AREA_M2 = 1e-6
"""Coordinates are good to a millimetre: an overlap below a square millimetre is no overlap."""

SMALLEST_LENGTH_M = 1e-3
SLIVER_SHARE = 0.02


def overlap(guests: AnyShapes, fabric: ParcelFabric, *, accuracy_m: float = 0.0) -> Links:
    """Link areas and lines to every parcel they cover, with the share of each.

    Parameters
    ----------
    guests
        (n,) valid polygons or lines, or flat arrays of them, same projected CRS as the fabric
        (metre). Missing and empty ones get no link.
    fabric
        m parcels.
    accuracy_m
        Positional accuracy of the guests, for the sliver flag; 0: nothing is a sliver.

    Returns
    -------
    Links
        One link per pair that overlaps by more than a square millimetre (lines: a millimetre).
        The shares of a guest that parcels cover fully sum to 1. ``sliver`` marks a piece whose
        mean width (twice its area by its perimeter) is below twice the accuracy and whose share
        is below 2 % of the guest and of the parcel; it is never dropped. ``boundary`` marks the
        pieces of a guest that has two or more beside its slivers.

    Raises
    ------
    GeometryTypeError
        A guest is a point and so has nothing to share out.

    Notes
    -----
    A line along a border lies on both parcels and is counted on both. O(n + k) for k pairs, and
    the edges of both sides in the box that a pair has in common.

    Source: areal weighting, Goodchild and Lam (1980). A share is a ratio of two plane areas at
    one place, so the scale factor of the projection cancels.

    Examples
    --------
    >>> import shapely
    >>> fabric = ParcelFabric.build(
    ...     np.array(["A", "B"], object),
    ...     np.array([shapely.box(0, 0, 9, 9), shapely.box(9, 0, 18, 9)]),
    ... )
    >>> links = overlap(np.array([shapely.box(8, 0, 12, 3)]), fabric)
    >>> fabric.key[links.parcel].tolist(), links.share.tolist(), links.area_m2.tolist()
    (['A', 'B'], [0.25, 0.75], [3.0, 9.0])
    """
    shapes = Shapes.of(guests)
    if (shapes.dimension == 0).any():
        raise GeometryTypeError("points have no area to share out", expected="polygon or line")
    size = shapes.size()
    measures = measure_pieces(shapes, size, fabric.engine, fabric.area_m2, accuracy_m=accuracy_m)
    return resolve_pieces(
        measures, size, shapes.dimension == 1, fabric.area_m2, accuracy_m=accuracy_m
    )


def measure_pieces(
    guests: Shapes,
    size: NDArray[np.float64],
    engine: Engine,
    parcel_m2: NDArray[np.float64],
    *,
    accuracy_m: float,
) -> PieceMeasures:
    """Take the measures that `resolve_pieces` needs.

    Parameters
    ----------
    guests, size
        n areas or lines; (n,) their areas in m², of lines lengths in metres.
    engine, parcel_m2
        m parcels and (m,) their areas in m².
    """
    return measure_touching(
        engine.pieces(guests),
        partial(engine.perimeters, guests),
        guests.dimension == 1,
        size,
        parcel_m2,
        accuracy_m=accuracy_m,
    )


def measure_touching(
    touching: Touching,
    perimeters: Callable[[NDArray[np.intp], NDArray[np.intp]], NDArray[np.float64]],
    linear: NDArray[np.bool_],
    size: NDArray[np.float64],
    parcel_m2: NDArray[np.float64],
    *,
    accuracy_m: float,
) -> PieceMeasures:
    """Take the measures of pairs whose common size is known; see `measure_pieces`.

    Parameters
    ----------
    touching, perimeters
        k pairs of a guest and a parcel; who measures the boundary of those that need it.
    linear
        (n,) whether a guest is a line.
    """
    guest, parcel, measure = touching
    keep = measure > np.where(linear[guest], SMALLEST_LENGTH_M, SMALLEST_AREA_M2)
    guest, parcel, measure = guest[keep], parcel[keep], measure[keep]
    width = np.full(len(guest), np.inf)
    if accuracy_m > 0:
        small = (measure < SLIVER_SHARE * size[guest]) & (
            measure < SLIVER_SHARE * parcel_m2[parcel]
        )
        # No piece is wider than a circle of its area: most slivers need no perimeter.
        widest = np.sqrt(measure / np.pi)
        small &= ~linear[guest]
        narrow = small & (widest < 2 * accuracy_m)
        width[narrow] = widest[narrow]
        ask = np.flatnonzero(small & ~narrow)
        length = perimeters(guest[ask], parcel[ask])
        width[ask] = 2 * measure[ask] / np.where(length > 0, length, np.inf)
    return PieceMeasures(feature=guest, parcel=parcel, measure=measure, width_m=width)


def resolve_pieces(
    measures: PieceMeasures,
    size: NDArray[np.float64],
    linear: NDArray[np.bool_],
    parcel_m2: NDArray[np.float64],
    *,
    accuracy_m: float,
) -> Links:
    """Make links of the pieces of each guest, from all its measures; see `overlap`. O(k log k)."""
    guest, parcel = measures.feature, measures.parcel
    # An invalid guest, crossing itself, can have pieces and yet no area in all.
    whole = np.maximum(size[guest], measures.measure)
    share = np.minimum(measures.measure / whole, 1.0)
    small = (share < SLIVER_SHARE) & (measures.measure < SLIVER_SHARE * parcel_m2[parcel])
    sliver = small & (measures.width_m < 2 * accuracy_m)
    solid = np.bincount(guest, ~sliver, len(size))
    return Links.build(
        guest,
        parcel,
        Method.SHARE,
        LinkConfidence.CERTAIN,
        share=share,
        area_m2=np.where(linear[guest], 0.0, measures.measure),
        boundary=(solid[guest] > 1) & ~sliver,
        sliver=sliver,
    )
