"""The features of a collection within a distance of a place, the nearest first."""

import math
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from layers.access import Actor
from layers.errors import TooMuchError
from layers.query import Query
from layers.reader import Reader
from layers.spec import GeometryKind
from layers.view import CollectionView, no_collection

MOST_FEATURES = 20_000
_QUADRANT = 16  # segments by which a quarter of a circle is drawn
_OUTSIDE = 1 / math.cos(math.pi / (4 * _QUADRANT))  # so that the drawn circle holds the true one
_TOLERANCE_M = 0.001


@dataclass(frozen=True)
class Nearby:
    """What was found.

    Attributes
    ----------
    features
        In the storage CRS, index ``feature_id``, the nearest first, at most as many as asked for.
    distance_m
        (n,) metres in the storage CRS; 0 where they meet the place.
    matched
        How many features are near enough in all.
    """

    view: CollectionView
    features: gpd.GeoDataFrame
    distance_m: NDArray[np.float64]
    matched: int


def find_nearby(
    reader: Reader,
    actor: Actor,
    collection: str,
    place: BaseGeometry,
    distance_m: float,
    limit: int,
) -> Nearby:
    """Find the features whose distance to a place is at most ``distance_m``.

    Parameters
    ----------
    place
        In the storage CRS.

    Raises
    ------
    UnknownCollectionError
        No such collection with a place, or none that the actor may know of.
    TooMuchError
        More than 20,000 features are near.

    Notes
    -----
    The distance is exact: between the shapes themselves, not their boxes or centres.
    """
    view = spatial_view(reader, actor, collection)
    reach = distance_m * _OUTSIDE + _TOLERANCE_M
    area = shapely.buffer(place, reach, quad_segs=_QUADRANT)
    frame = read_at_most(reader, actor, view, Query(intersects=area), MOST_FEATURES)
    shapes = np.asarray(frame.geometry.array, dtype=object)
    distances = np.asarray(shapely.distance(shapes, place), dtype=np.float64)
    near = np.flatnonzero(distances <= distance_m)
    order = near[np.lexsort((frame.index.to_numpy(dtype=str)[near], distances[near]))][:limit]
    return Nearby(view, frame.iloc[order], distances[order], len(near))


def spatial_view(reader: Reader, actor: Actor, collection: str) -> CollectionView:
    """Return a collection that has a place; one without is as unknown as one that is not there."""
    view = reader.view(actor, collection)
    if view.spec.geometry is GeometryKind.NONE:
        raise no_collection(collection)
    return view


def read_at_most(
    reader: Reader, actor: Actor, view: CollectionView, query: Query, most: int
) -> gpd.GeoDataFrame:
    """Return features, unless they are too many to be measured while somebody waits."""
    number = reader.count(actor, view.id, query)
    if number > most:
        raise TooMuchError(
            f"{number} features of {view.id} are to be measured, expected at most {most}",
            advice="Ask about a smaller place.",
            collection=view.id,
        )
    frame = reader.frame(actor, view.id, query)
    if not isinstance(frame, gpd.GeoDataFrame):
        raise no_collection(view.id)
    return frame
