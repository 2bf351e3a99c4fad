"""How many features of a collection lie in a zone, and how much of the zone they cover."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from layers.access import Actor
from layers.analysis.nearby import read_at_most, spatial_view
from layers.errors import TooMuchError
from layers.query import Query
from layers.reader import Reader
from layers.spec import FieldSpec, GeometryKind
from layers.view import CollectionView

MOST_MEASURED = 200_000


@dataclass(frozen=True)
class Zone:
    """A place with a name; its shape is in the storage CRS."""

    name: str
    shape: BaseGeometry

    @property
    def area_m2(self) -> float:
        """Square metres in the plane of the storage CRS."""
        return float(self.shape.area)


@dataclass(frozen=True)
class Group:
    """The features with one value of a field; None: without a value."""

    value: object
    count: int
    size: float | None


@dataclass(frozen=True)
class Figures:
    """What a zone has of a collection.

    Attributes
    ----------
    size
        Square metres of the parts of areas in the zone, metres of lines; None of points.
        Features that overlap count each.
    field, groups
        The field by which the layer file groups the features, and the groups, largest first.
    """

    view: CollectionView
    count: int
    size: float | None
    field: FieldSpec | None
    groups: tuple[Group, ...]

    @property
    def kind(self) -> GeometryKind:
        """What the features are: only areas and lines have a size."""
        return self.view.spec.geometry


def measure_zones(
    reader: Reader, actor: Actor, collections: Sequence[str], zones: Sequence[Zone]
) -> Iterator[tuple[Zone, list[Figures]]]:
    """Measure what each zone has of each collection, exactly, in the plane of the storage CRS.

    A feature that only touches a zone from outside does not count.

    Yields
    ------
    The zones in their order, each as soon as it is measured.

    Raises
    ------
    UnknownCollectionError
        No such collection with a place, or none that the actor may know of.
    TooMuchError
        More than 200,000 features would be measured in all.
    """
    views = [spatial_view(reader, actor, name) for name in collections]
    left = MOST_MEASURED
    for zone in zones:
        found = []
        for view in views:
            figures, measured = _figures(reader, actor, view, zone, left)
            left -= measured
            found.append(figures)
        yield zone, found


def _figures(
    reader: Reader, actor: Actor, view: CollectionView, zone: Zone, most: int
) -> tuple[Figures, int]:
    by = view.spec.relation.counts_by
    field = next((f for f in view.fields if f.name == by), None)
    query = Query(intersects=zone.shape, columns=(field.name,) if field else ())
    if most <= 0:
        raise TooMuchError(
            f"more than {MOST_MEASURED} features are to be measured",
            advice="Ask about fewer or smaller places.",
        )
    frame = read_at_most(reader, actor, view, query, most)
    shapes = np.array(frame.geometry.array, dtype=object)
    sizes = _sizes(shapes, zone.shape, view.spec.geometry)
    inside = np.ones(len(frame), bool) if sizes is None else sizes > 0
    groups: tuple[Group, ...] = ()
    if field is not None:
        values = frame[field.name].to_numpy(dtype=object)[inside]
        groups = _groups(values, None if sizes is None else sizes[inside])
    total = None if sizes is None else float(sizes.sum())
    return Figures(view, int(inside.sum()), total, field, groups), len(frame)


def _sizes(
    shapes: NDArray[np.object_], zone: BaseGeometry, kind: GeometryKind
) -> NDArray[np.float64] | None:
    if kind is GeometryKind.POINT:
        return None
    invalid = ~shapely.is_valid(shapes)
    shapes[invalid] = shapely.make_valid(shapes[invalid])
    shapely.prepare(zone)
    whole = shapely.contains_properly(zone, shapes)
    parts = shapes.copy()
    parts[~whole] = shapely.intersection(shapes[~whole], zone)
    measure = shapely.area if kind is GeometryKind.POLYGON else shapely.length
    return np.asarray(measure(parts), dtype=np.float64)


def _groups(values: NDArray[np.object_], sizes: NDArray[np.float64] | None) -> tuple[Group, ...]:
    measured = np.ones(len(values)) if sizes is None else sizes
    told = pd.DataFrame({"value": values, "size": measured})
    found = []
    for value, size in told.groupby("value", dropna=False, sort=True)["size"]:
        missing = bool(pd.isna(value))
        total = None if sizes is None else float(size.sum())
        found.append(Group(None if missing else value, len(size), total))
    return tuple(sorted(found, key=lambda g: (-(g.size or 0.0), -g.count, str(g.value))))
