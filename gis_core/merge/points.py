"""Points and stem discs to parcels: exactly one parcel for a point, every one a disc stands on."""

import numpy as np
from numpy.typing import NDArray

from gis_core.merge.engines import PointEngine
from gis_core.merge.fabric import ParcelFabric
from gis_core.merge.links import CONFIDENCES, LinkConfidence, Links, Method
from gis_core.merge.measures import PointMeasures
from gis_core.merge.shapes import Shapes

SMALLEST_SHARE = 1e-9
"""A part of a disc below this is rounding noise of a border that only touches it."""

TIE_M = 1e-6
"""Distances that differ by less than a micrometre are equal; the lower parcel key wins."""

_AT_ONCE = 100_000  # points whose candidates are in memory at once


def place_points(
    points: NDArray[np.object_] | NDArray[np.float64],
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
        (n,) shapely points or (n, 2) float64 coordinates, same projected CRS as the fabric
        (metre). Missing and empty ones and those not finite get no link.
    fabric
        m parcels.
    radius
        (n,) metres; what is not finite or below a micrometre is a point. None: all are points.
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
    of parcels equally near (within a micrometre), likewise. O(n + k) for k candidates.

    Source: § 923 BGB counts a tree by its stem where it leaves the ground, hence the disc.

    Examples
    --------
    >>> import shapely
    >>> fabric = ParcelFabric.build(
    ...     np.array(["A", "B"], object),
    ...     np.array([shapely.box(0, 0, 9, 9), shapely.box(9, 0, 18, 9)]),
    ... )
    >>> trees = np.array([[4.0, 4.0], [9.0, 4.0], [9.0, 4.0]])
    >>> links = place_points(trees, fabric, radius=np.array([np.nan, np.nan, 0.2]))
    >>> fabric.key[links.parcel].tolist(), links.share.round(9).tolist()
    (['A', 'A', 'A', 'B'], [1.0, 1.0, 0.5, 0.5])
    """
    xy = points_xy(points)
    size = np.zeros(len(xy)) if radius is None else disc_radius(radius)
    found = [Links.none()]
    for start in range(0, len(xy), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        measures = measure_points(
            xy[part],
            size[part],
            fabric.engine,
            accuracy_m=accuracy_m,
            nearest_m=nearest_m,
            preferred=preferred,
        )
        links = resolve_points(
            measures, size[part], accuracy_m=accuracy_m, nearest_m=nearest_m, preferred=preferred
        )
        found.append(links.replaced(feature=links.feature + start, parcel=links.parcel))
    return Links.join(found)


def points_xy(points: NDArray[np.object_] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (n, 2) coordinates of points given as objects or as coordinates, NaN for no place."""
    if points.dtype == object:
        return Shapes(objects=points.astype(object, copy=False)).xy
    xy = points.astype(np.float64, copy=False)
    return np.where(np.isfinite(xy).all(axis=1)[:, None], xy, np.nan)


def disc_radius(stated: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (n,) radii of discs in metres, 0 for what is a point."""
    return np.where(np.isfinite(stated) & (stated > TIE_M), stated, 0.0)


def measure_points(
    xy: NDArray[np.float64],
    radius: NDArray[np.float64],
    engine: PointEngine,
    *,
    accuracy_m: float,
    nearest_m: float,
    preferred: NDArray[np.bool_] | None,
    alone: NDArray[np.bool_] | None = None,
) -> PointMeasures:
    """Take the measures that `resolve_points` needs.

    Parameters
    ----------
    xy, radius
        (n, 2) metres, NaN for missing; (n,) metres, 0 for none.
    preferred
        (m,) bool over the engine's parcels.
    alone
        (n,) bool, points all of whose parcels are this engine's. Those that a parcel covers need
        not be asked for others up to ``nearest_m``. None: all are alone.
    """
    reach = radius + accuracy_m
    first = measure_reach(xy, radius, reach, engine)
    if nearest_m <= 0:
        return first
    settled = np.zeros(len(xy), np.bool_)
    settled[first.feature[holding(first, radius, preferred)]] = True
    if alone is not None:
        settled &= alone
    wider = np.flatnonzero(~settled & (nearest_m > reach))
    if not len(wider):
        return first
    second = measure_reach(xy[wider], radius[wider], np.full(len(wider), nearest_m), engine)
    again = np.zeros(len(xy), np.bool_)
    again[wider] = True
    return PointMeasures.join(
        [
            first.take(~again[first.feature]),
            PointMeasures(
                feature=wider[second.feature],
                parcel=second.parcel,
                covered=second.covered,
                distance_m=second.distance_m,
                disc_m2=second.disc_m2,
            ),
        ]
    )


def measure_reach(
    xy: NDArray[np.float64],
    radius: NDArray[np.float64],
    reach: NDArray[np.float64],
    engine: PointEngine,
) -> PointMeasures:
    """Take the measures of points and the parcels at most ``reach`` (n,) metres away."""
    point, parcel, covered, distance = engine.near(xy, reach)
    size = radius[point]
    under = np.flatnonzero((size > 0) & (distance < size))
    area = np.zeros(len(point))
    if len(under):
        area[under] = engine.disc_areas(xy[point[under]], size[under], parcel[under])
    return PointMeasures(
        feature=point, parcel=parcel, covered=covered, distance_m=distance, disc_m2=area
    )


def holding(
    measures: PointMeasures, radius: NDArray[np.float64], preferred: NDArray[np.bool_] | None
) -> NDArray[np.bool_]:
    """Return which pairs (k,) are of a parcel that holds the point: none further off matters."""
    if preferred is not None:
        return measures.covered & preferred[measures.parcel]
    smallest = SMALLEST_SHARE * np.pi * radius[measures.feature] ** 2
    return np.asarray(measures.covered | (measures.disc_m2 > smallest), np.bool_)


def resolve_points(
    measures: PointMeasures,
    radius: NDArray[np.float64],
    *,
    accuracy_m: float,
    nearest_m: float,
    preferred: NDArray[np.bool_] | None,
) -> Links:
    """Decide the parcels of each point from all its measures; see `place_points`. O(k log k)."""
    size = radius[measures.feature]
    disc = size > 0
    # A disc that only touches a border does not stand behind it: strictly below the sum.
    reached = np.where(
        disc, measures.distance_m < size + accuracy_m, measures.distance_m <= accuracy_m
    )
    close = measures.take(reached)
    links = Links.join(
        [_discs(close, radius, accuracy_m), _covered(close, radius, accuracy_m, None)]
    )
    if preferred is not None:
        better = _preferred(measures, len(radius), preferred, accuracy_m, nearest_m)
        decided = np.zeros(len(radius), np.bool_)
        decided[better.feature] = True
        links = Links.join([better, links.take(~decided[links.feature])])
    if nearest_m > 0:
        rest = _nearest(measures, links.unlinked(len(radius)), nearest_m, None)
        links = Links.join([links, rest])
    return links


def _discs(close: PointMeasures, radius: NDArray[np.float64], accuracy_m: float) -> Links:
    """Return a link for every parcel that carries a part of a disc."""
    size = radius[close.feature]
    confidence = _confidence(close, radius, accuracy_m)
    share = np.minimum(close.disc_m2 / np.where(size > 0, np.pi * size**2, 1.0), 1.0)
    keep = (size > 0) & (share > SMALLEST_SHARE)
    disc = close.take(keep)
    parcels = np.bincount(disc.feature, minlength=len(radius))
    return Links.build(
        disc.feature,
        disc.parcel,
        Method.DISC,
        confidence[keep],
        share=share[keep],
        distance_m=disc.distance_m,
        area_m2=disc.disc_m2,
        boundary=parcels[disc.feature] > 1,
    )


def _confidence(
    close: PointMeasures, radius: NDArray[np.float64], accuracy_m: float
) -> NDArray[np.int8]:
    """Return certain where every position within the accuracy would give the same parcels.

    That is so when one parcel only is in reach, or when each one in reach is cut so deeply that
    the disc cannot leave it.
    """
    reached = np.bincount(close.feature, minlength=len(radius))
    held = close.distance_m < radius[close.feature] - accuracy_m
    sure = (reached <= 1) | (np.bincount(close.feature, held, len(radius)) == reached)
    return np.where(
        sure,
        np.int8(CONFIDENCES.index(LinkConfidence.CERTAIN)),
        np.int8(CONFIDENCES.index(LinkConfidence.BOUNDARY_POSSIBLE)),
    )[close.feature]


def _covered(
    close: PointMeasures,
    radius: NDArray[np.float64],
    accuracy_m: float,
    allowed: NDArray[np.bool_] | None,
) -> Links:
    """Link each point without a radius to the first parcel that covers it."""
    bare = close.take(radius[close.feature] <= 0)
    if allowed is not None:
        bare = bare.take(allowed[bare.parcel])
    confidence = _confidence(bare, radius, accuracy_m)
    inside = np.flatnonzero(bare.covered)
    point, first = np.unique(bare.feature[inside], return_index=True)
    at = inside[first]
    return Links.build(point, bare.parcel[at], Method.WITHIN, confidence[at])


def _preferred(
    measures: PointMeasures,
    points: int,
    preferred: NDArray[np.bool_],
    accuracy_m: float,
    nearest_m: float,
) -> Links:
    """Link to preferred parcels, covering or near, as if nothing had a radius."""
    bare = np.zeros(points)
    close = measures.take(measures.distance_m <= accuracy_m)
    links = _covered(close, bare, accuracy_m, preferred)
    if nearest_m > 0:
        rest = _nearest(measures, links.unlinked(points), nearest_m, preferred)
        links = Links.join([links, rest])
    return links


def _nearest(
    measures: PointMeasures,
    rest: NDArray[np.intp],
    nearest_m: float,
    allowed: NDArray[np.bool_] | None,
) -> Links:
    """Link the points at ``rest`` to the nearest parcel within reach."""
    if not len(rest):
        return Links.none()
    ask = np.isin(measures.feature, rest) & (measures.distance_m <= nearest_m)
    if allowed is not None:
        ask &= allowed[measures.parcel]
    near = measures.take(ask)
    order = np.lexsort((near.parcel, np.round(near.distance_m / TIE_M), near.feature))
    point, first = np.unique(near.feature[order], return_index=True)
    best = order[first]
    return Links.build(
        point,
        near.parcel[best],
        Method.NEAREST,
        LinkConfidence.NEAR,
        distance_m=near.distance_m[best],
    )
