"""Points and stem discs to parcels: exactly one parcel for a point, every one a disc stands on."""

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_core.merge.discs import disc_area_inside
from gis_core.merge.fabric import ParcelFabric, coordinates, is_near
from gis_core.merge.links import CONFIDENCES, LinkConfidence, Links, Method

SMALLEST_SHARE = 1e-9
"""A part of a disc below this is rounding noise of a border that only touches it."""

TIE_M = 1e-6
"""Distances that differ by less than a micrometre are equal; the lower parcel key wins."""


def place_points(
    points: NDArray[np.object_],
    fabric: ParcelFabric,
    *,
    radius: NDArray[np.float64] | None = None,
    accuracy_m: float = 0.0,
    nearest_m: float = 0.0,
    preferred: NDArray[np.bool_] | None = None,
) -> Links:
    """Link points to the parcel that covers them and discs to every parcel they stand on.

    Parameters
    ----------
    points
        (n,) points, same projected CRS as the fabric (metre). Missing and empty ones get no link.
    fabric
        m parcels.
    radius
        (n,) metres; NaN or 0 where the feature is a point. None: all are points.
    accuracy_m
        Positional accuracy of the points, one sigma in metres.
    nearest_m
        What no parcel covers goes to the nearest one up to this distance; 0: to none.
    preferred
        (m,) bool, parcels that points should lie on, such as streets for road damage. A
        preferred parcel within ``nearest_m`` then goes before a covering one that is not.

    Returns
    -------
    Links
        One link for each point that has a parcel; for a disc one per parcel under it, with its
        share of the disc, flagged ``boundary`` where there are two or more. The confidence is
        ``boundary_possible`` where another position within ``accuracy_m`` would give other
        parcels, ``near`` where no parcel covers the point.

    Notes
    -----
    A point exactly on a border belongs to the parcel with the lowest key of those it touches;
    of parcels equally near (within a micrometre), likewise. O((n + k) log m) for k candidates.

    Source: § 923 BGB counts a tree by its stem where it leaves the ground, hence the disc.

    Examples
    --------
    >>> fabric = ParcelFabric.build(
    ...     np.array(["A", "B"], object),
    ...     np.array([shapely.box(0, 0, 9, 9), shapely.box(9, 0, 18, 9)]),
    ... )
    >>> trees = shapely.points([[4, 4], [9, 4], [9, 4]])
    >>> links = place_points(trees, fabric, radius=np.array([np.nan, np.nan, 0.2]))
    >>> fabric.key[links.parcel].tolist(), links.share.round(9).tolist()
    (['A', 'A', 'A', 'B'], [1.0, 1.0, 0.5, 0.5])
    """
    size = np.zeros(len(points)) if radius is None else np.nan_to_num(radius, nan=0.0)
    found = [_discs(points, size, fabric, accuracy_m), _covered(points, size, fabric, accuracy_m)]
    links = Links.join(found)
    if preferred is not None:
        links = _preferred(points, fabric, links, preferred, accuracy_m, nearest_m)
    if nearest_m > 0:
        rest = links.unlinked(len(points))
        links = Links.join([links, _nearest(points, rest, fabric, nearest_m, None)])
    return links


def _discs(
    points: NDArray[np.object_],
    radius: NDArray[np.float64],
    fabric: ParcelFabric,
    accuracy_m: float,
) -> Links:
    """Return a link for every parcel that carries a part of a disc."""
    disc = np.flatnonzero(radius > 0)
    if not len(disc):
        return Links.none()
    place, size = points[disc], radius[disc]
    # A disc that only touches a border does not stand behind it: strictly below the sum.
    point, parcel, covered = fabric.near(place, np.nextafter(size + accuracy_m, 0))
    confidence = _confidence(place, size, fabric, accuracy_m, point, parcel)

    share = _disc_shares(place, size, fabric, point, parcel, covered)
    keep = share > SMALLEST_SHARE
    point, parcel, covered, share = point[keep], parcel[keep], covered[keep], share[keep]
    distance = np.zeros(len(point))
    distance[~covered] = shapely.distance(fabric.geometry[parcel[~covered]], place[point[~covered]])
    parcels = np.bincount(point, minlength=len(disc))
    return Links.build(
        disc[point],
        parcel,
        Method.DISC,
        confidence[point],
        share=share,
        distance_m=distance,
        area_m2=share * np.pi * size[point] ** 2,
        boundary=parcels[point] > 1,
    )


def _disc_shares(
    place: NDArray[np.object_],
    size: NDArray[np.float64],
    fabric: ParcelFabric,
    point: NDArray[np.intp],
    parcel: NDArray[np.intp],
    covered: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Return for each pair the part of the disc on the parcel; exact areas only where it is cut."""
    border = shapely.boundary(fabric.geometry)
    shapely.prepare(border)
    cut = is_near(border[parcel], place[point], size[point])
    share = np.where(covered & ~cut, 1.0, 0.0)
    centre = coordinates(place)
    area = disc_area_inside(centre[point[cut]], size[point[cut]], fabric.geometry[parcel[cut]])
    share[cut] = area / (np.pi * size[point[cut]] ** 2)
    return share


def _confidence(
    place: NDArray[np.object_],
    size: NDArray[np.float64],
    fabric: ParcelFabric,
    accuracy_m: float,
    point: NDArray[np.intp],
    parcel: NDArray[np.intp],
) -> NDArray[np.int8]:
    """Return certain where every position within the accuracy would give the same parcels.

    That is so when one parcel only is in reach, or when each one in reach is cut so deeply that
    the disc cannot leave it.
    """
    reached = np.bincount(point, minlength=len(place))
    deep = size - accuracy_m
    ask = (deep[point] > 0) & (reached[point] > 1)
    held = np.zeros(len(point), np.bool_)
    held[ask] = is_near(
        fabric.geometry[parcel[ask]],
        place[point[ask]],
        np.nextafter(deep[point[ask]], 0),
    )
    sure = (reached <= 1) | (np.bincount(point, held, minlength=len(place)) == reached)
    return np.where(
        sure,
        np.int8(CONFIDENCES.index(LinkConfidence.CERTAIN)),
        np.int8(CONFIDENCES.index(LinkConfidence.BOUNDARY_POSSIBLE)),
    )


def _covered(
    points: NDArray[np.object_],
    radius: NDArray[np.float64],
    fabric: ParcelFabric,
    accuracy_m: float,
    allowed: NDArray[np.bool_] | None = None,
) -> Links:
    """Link each point without a radius to the first parcel that covers it."""
    bare = np.flatnonzero(~(radius > 0))
    place, size = points[bare], np.zeros(len(bare))
    point, parcel, covered = fabric.near(place, np.full(len(bare), accuracy_m))
    if allowed is not None:
        fits = allowed[parcel]
        point, parcel, covered = point[fits], parcel[fits], covered[fits]
    confidence = _confidence(place, size, fabric, accuracy_m, point, parcel)
    point, parcel = point[covered], parcel[covered]
    point, first = np.unique(point, return_index=True)
    return Links.build(bare[point], parcel[first], Method.WITHIN, confidence[point])


def _preferred(
    points: NDArray[np.object_],
    fabric: ParcelFabric,
    links: Links,
    preferred: NDArray[np.bool_],
    accuracy_m: float,
    nearest_m: float,
) -> Links:
    """Put preferred parcels, covering or near, before the other covering ones."""
    bare = np.zeros(len(points))
    better = _covered(points, bare, fabric, accuracy_m, preferred)
    if nearest_m > 0:
        rest = better.unlinked(len(points))
        better = Links.join([better, _nearest(points, rest, fabric, nearest_m, preferred)])
    keep = ~np.isin(links.feature, better.feature)
    return Links.join([better, links.take(keep)])


def _nearest(
    points: NDArray[np.object_],
    rest: NDArray[np.intp],
    fabric: ParcelFabric,
    nearest_m: float,
    allowed: NDArray[np.bool_] | None,
) -> Links:
    """Link the points at ``rest`` to the nearest parcel within reach."""
    place = points[rest]
    point, parcel, _ = fabric.near(place, np.full(len(rest), nearest_m))
    if allowed is not None:
        point, parcel = point[allowed[parcel]], parcel[allowed[parcel]]
    distance = shapely.distance(fabric.geometry[parcel], place[point])
    order = np.lexsort((parcel, np.round(distance / TIE_M), point))
    point, first = np.unique(point[order], return_index=True)
    best = order[first]
    return Links.build(
        rest[point], parcel[best], Method.NEAREST, LinkConfidence.NEAR, distance_m=distance[best]
    )
