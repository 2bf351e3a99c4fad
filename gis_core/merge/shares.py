"""Areas and lines to parcels: every parcel they cover, with the share that lies on it."""

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_core.errors import GeometryTypeError
from gis_core.merge.fabric import ParcelFabric
from gis_core.merge.links import LinkConfidence, Links, Method

SMALLEST_AREA_M2 = 1e-6
"""Coordinates are good to a millimetre: an overlap below a square millimetre is no overlap."""

SMALLEST_LENGTH_M = 1e-3
SLIVER_SHARE = 0.02
_CHUNK = 50_000  # pairs whose pieces are in memory at once


def overlap(guests: NDArray[np.object_], fabric: ParcelFabric, *, accuracy_m: float = 0.0) -> Links:
    """Link areas and lines to every parcel they cover, with the share of each.

    Parameters
    ----------
    guests
        (n,) valid polygons or lines, same projected CRS as the fabric (metre). Missing and empty
        ones get no link.
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
    A piece's geometry is made only where neither side contains the other. A line along a border
    lies on both parcels and is counted on both. O((n + k) log m) for k pairs, and the overlay of
    each pair that cuts; memory for 50,000 pieces at a time.

    Source: areal weighting, Goodchild and Lam (1980). A share is a ratio of two plane areas at
    one place, so the scale factor of the projection cancels.

    Examples
    --------
    >>> fabric = ParcelFabric.build(
    ...     np.array(["A", "B"], object),
    ...     np.array([shapely.box(0, 0, 9, 9), shapely.box(9, 0, 18, 9)]),
    ... )
    >>> links = overlap(np.array([shapely.box(8, 0, 12, 3)]), fabric)
    >>> fabric.key[links.parcel].tolist(), links.share.tolist(), links.area_m2.tolist()
    (['A', 'B'], [0.25, 0.75], [3.0, 9.0])
    """
    kind = shapely.get_dimensions(guests)
    filled = ~(shapely.is_missing(guests) | shapely.is_empty(guests))
    if (filled & (kind == 0)).any():
        raise GeometryTypeError("points have no area to share out", expected="polygon or line")
    linear = kind == 1
    size = np.where(linear, shapely.length(guests), shapely.area(guests))

    guest, parcel = fabric.tree.query(guests, predicate="intersects")
    order = np.lexsort((parcel, guest))
    guest, parcel = guest[order], parcel[order]
    measure, width = np.empty(len(guest)), np.empty(len(guest))
    for start in range(0, len(guest), _CHUNK):
        part = slice(start, start + _CHUNK)
        measure[part], width[part] = _pieces(guests, fabric, guest[part], parcel[part], linear)

    keep = measure > np.where(linear[guest], SMALLEST_LENGTH_M, SMALLEST_AREA_M2)
    guest, parcel, measure, width = guest[keep], parcel[keep], measure[keep], width[keep]
    share = np.minimum(measure / size[guest], 1.0)
    small = (share < SLIVER_SHARE) & (measure < SLIVER_SHARE * fabric.area_m2[parcel])
    sliver = small & (width < 2 * accuracy_m) & ~linear[guest]
    solid = np.bincount(guest, ~sliver, len(guests))
    return Links.build(
        guest,
        parcel,
        Method.SHARE,
        LinkConfidence.CERTAIN,
        share=share,
        area_m2=np.where(linear[guest], 0.0, measure),
        boundary=(solid[guest] > 1) & ~sliver,
        sliver=sliver,
    )


def _pieces(
    guests: NDArray[np.object_],
    fabric: ParcelFabric,
    guest: NDArray[np.intp],
    parcel: NDArray[np.intp],
    linear: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return area (lines: length) and mean width of each pair's common piece."""
    shape, ground = guests[guest], fabric.geometry[parcel]
    inside = _covers(ground, shape)
    around = ~inside & _covers(shape, ground)
    cut = ~inside & ~around
    piece = np.where(inside, shape, ground)
    piece[cut] = shapely.intersection(shape[cut], ground[cut])
    area, length = shapely.area(piece), shapely.length(piece)
    width = 2 * area / np.where(length > 0, length, 1.0)
    return np.where(linear[guest], length, area), width


def _covers(outer: NDArray[np.object_], inner: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Return where ``outer`` covers ``inner``; asked exactly only where the boxes allow it."""
    a, b = shapely.bounds(outer), shapely.bounds(inner)
    result = (a[:, :2] <= b[:, :2]).all(axis=1) & (a[:, 2:] >= b[:, 2:]).all(axis=1)
    result[result] = shapely.covers(outer[result], inner[result])
    return np.asarray(result, np.bool_)
