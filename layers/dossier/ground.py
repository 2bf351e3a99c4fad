"""What lies today on the ground of a parcel that is no more, or was another."""

from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from layers.access import Actor
from layers.dossier.facts import read_value
from layers.dossier.model import Fact, Link, Row, Section
from layers.dossier.words import words
from layers.query import Query
from layers.reader import Reader
from layers.spec import GeometryKind, Join
from layers.view import CollectionView

_SLIVER_SHARE = 0.02


def ground_sections(
    reader: Reader,
    actor: Actor,
    views: tuple[CollectionView, ...],
    geometry: BaseGeometry,
    limit: int,
) -> Iterator[Section]:
    """Yield one section per register that is related to parcels by place.

    What is related by a stated key or an address belongs to today's parcels, and is not moved.
    """
    for view in views:
        by_place = view.spec.relation.by not in {Join.KEY, Join.ADDRESS}
        if view.spec.geometry is GeometryKind.NONE or not by_place:
            continue
        found = reader.frame(actor, view.id, Query(intersects=geometry))
        if not isinstance(found, gpd.GeoDataFrame):
            continue
        rows = list(_rows(view, found.sort_index(), geometry))
        yield Section(
            id=view.id,
            title=view.spec.title,
            layer=view.layer,
            data_date=view.generation.data_date,
            total=len(rows),
            facts=(Fact("n", words("fact", "n"), len(rows)),) if rows else (),
            fields=view.fields,
            rows=tuple(rows[:limit]),
        )


def _rows(view: CollectionView, found: gpd.GeoDataFrame, geometry: BaseGeometry) -> Iterator[Row]:
    """Yield the features on the ground; those that only touch it are left out."""
    shapes = np.asarray(found.geometry.array, object)
    common, size = shapely.intersection(shapes, geometry), shapely.area(shapes)
    area = shapely.area(common)
    solid = size > 0
    share = np.where(solid, area / np.where(solid, size, 1.0), 1.0)
    small = solid & (share < _SLIVER_SHARE) & (area < _SLIVER_SHARE * geometry.area)
    for at, (name, record) in enumerate(found.drop(columns="geometry").to_dict("index").items()):
        if small[at]:
            continue
        link = Link(
            method=("share" if solid[at] else "within"),
            confidence="certain",
            share=round(float(share[at]), 6),
            distance_m=0.0,
            area_m2=round(float(area[at]), 3),
            boundary=bool(solid[at] and share[at] < 1 - _SLIVER_SHARE),
            sliver=False,
        )
        values = {f.name: read_value(record.get(f.name), f) for f in view.fields}
        yield Row(str(name), values, link)
