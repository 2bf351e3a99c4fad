"""Putting a parcel's dossier together from what the reader releases."""

from functools import cache

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from gis_core.crs import Operation, plan_operation, transform_xy
from gis_core.errors import ParcelKeyError
from gis_core.geometry import label_point
from gis_core.neighbours import TOUCHING_M, find_neighbours
from layers.access import Actor
from layers.dossier.facts import (
    address_facts,
    hint_facts,
    key_facts,
    key_label,
    read_value,
    short_key,
    size_facts,
    tax_hint,
    use_facts,
)
from layers.dossier.model import Dossier, Fact, Neighbour
from layers.dossier.sections import feature_sections, raster_sections, visible_views
from layers.errors import NotMergedError, UnknownCollectionError, UnknownParcelError
from layers.object_ids import keys_of_object
from layers.query import Query
from layers.reader import Reader
from layers.spec import Title
from layers.view import CollectionView

MOST_ROWS = 100
"""Features listed per register; a cemetery has thousands, the totals always count all."""


def build_dossier(
    reader: Reader, actor: Actor, key_text: str, *, limit: int = MOST_ROWS
) -> Dossier:
    """Gather everything on a parcel that the actor may see.

    Parameters
    ----------
    reader, actor
        The door to the data, and who asks for what purpose. What the actor may not see is not
        in the dossier, not even as an empty section.
    key_text
        The parcel key in any spelling, or the cadastre's object identifier.
    limit
        Most features to list per register.

    Raises
    ------
    ParcelKeyError
        The text is no parcel key; the advice names what may have been meant.
    UnknownParcelError
        No current parcel has the key; where it is a former one the message says since when.
    UnknownCollectionError
        No parcels are imported.

    Notes
    -----
    With a tax purpose the dossier holds tax and cadastre and no other register, see
    `layers.dossier.sections.visible_views`. Before the first merge it holds no sections, and
    says so in a hint.
    """
    parcels = reader.parcels(actor)
    key = read_parcel_key(reader, actor, parcels, key_text)
    rows = _parcel_rows(reader, actor, parcels, key)
    geometry = _whole(rows)
    centre = label_point(np.array([geometry], object))[0]
    views, left_out = visible_views(reader, actor, parcels)
    facts = _facts(reader, actor, parcels, views, key, rows)
    keys, crs = reader.municipality.keys, reader.municipality.storage_crs
    return Dossier(
        parcel_key=key,
        label=key_label(key, keys),
        short_key=short_key(key, keys),
        layer=parcels.layer,
        data_date=parcels.generation.data_date,
        facts=(*facts, tax_hint()) if left_out else facts,
        geometry=geometry,
        crs=crs,
        position=(round(centre.x, 3), round(centre.y, 3)),
        position_wgs84=_wgs84(centre, crs),
        address=next((str(f.value) for f in facts if f.group == "address"), ""),
        neighbours=_neighbours(reader, actor, parcels, key, geometry),
        sections=(
            *feature_sections(reader, actor, views, key, limit),
            *raster_sections(reader, actor, key),
        ),
    )


def _facts(
    reader: Reader,
    actor: Actor,
    parcels: CollectionView,
    views: tuple[CollectionView, ...],
    key: str,
    rows: gpd.GeoDataFrame,
) -> tuple[Fact, ...]:
    """Return what is said of the parcel itself, in the order of the domain's handbook."""
    record = {str(name): value for name, value in rows.iloc[0].items()}
    relation = parcels.spec.relation
    area, use, address = (
        read_value(record[name], parcels.spec.field(name)) if name in parcels.names else None
        for name in (relation.area, relation.use, relation.address)
    )
    areas, geometry = _areas(reader, actor, parcels, key), _whole(rows)
    return (
        *key_facts(key, reader.municipality.keys),
        *size_facts(area, areas, geometry),
        *use_facts(use, _use_areas(reader, actor, views, key)),
        *address_facts(str(address or "")),
        *hint_facts(parcels, record, areas, geometry, _stale(reader, parcels, views)),
    )


def _whole(rows: gpd.GeoDataFrame) -> BaseGeometry:
    """Return the parcel's geometry; some sources deliver it in several rows."""
    pieces = rows.geometry.to_numpy()
    whole: BaseGeometry = pieces[0] if len(pieces) == 1 else shapely.union_all(pieces)
    return whole


def read_parcel_key(reader: Reader, actor: Actor, parcels: CollectionView, key_text: str) -> str:
    """Return the canonical key that a text means.

    Raises
    ------
    ParcelKeyError
        It means none.
    """
    reading = reader.municipality.keys.read(key_text)
    if reading.key is not None:
        return reading.key
    if reading.problem == "object-id":
        keys = keys_of_object(reader, actor, parcels, reading.candidates[0])
        if keys:
            return keys[0]
    candidates = ", ".join(reading.candidates)
    raise ParcelKeyError(
        reading.message,
        advice=f"Did you mean {candidates}?" if candidates else "Search with: flurbuch find TEXT",
        found=key_text,
    )


def _parcel_rows(
    reader: Reader, actor: Actor, parcels: CollectionView, key: str
) -> gpd.GeoDataFrame:
    query = Query(equals={parcels.spec.relation.key or "": key})
    rows = reader.frame(actor, parcels.id, query)
    if isinstance(rows, gpd.GeoDataFrame) and len(rows):
        return rows.sort_index()
    ended = reader.ended_on(actor, key)
    if ended is not None:
        raise UnknownParcelError(
            f"parcel {key} ended on {ended.isoformat()}; no current parcel has its key",
            advice="Look for its successors near its place: flurbuch find TEXT",
            parcel_key=key,
            ended_on=ended.isoformat(),
        )
    raise UnknownParcelError(
        f"no current parcel has the key {key}",
        advice="Search with: flurbuch find TEXT",
        parcel_key=key,
    )


def _areas(reader: Reader, actor: Actor, parcels: CollectionView, key: str) -> pd.DataFrame:
    try:
        return reader.summaries(actor, parcels.id, [key])
    except NotMergedError:
        return pd.DataFrame()


def _use_areas(
    reader: Reader, actor: Actor, views: tuple[CollectionView, ...], key: str
) -> str | None:
    """Return the parcel's uses by the collection that covers the ground, as JSON text."""
    for view in views:
        if view.spec.relation.covers:
            try:
                summary = reader.summaries(actor, view.id, [key])
            except NotMergedError:
                return None
            if len(summary) and "areas" in summary:
                return str(summary["areas"].iloc[0])
    return None


def _stale(
    reader: Reader, parcels: CollectionView, views: tuple[CollectionView, ...]
) -> tuple[Title, ...] | None:
    """Return the layers that the links are too old for; None when there are no links at all.

    Only of layers that the actor sees: that a tax file was imported is not for everybody.
    """
    if reader.merged() is None:
        return None
    seen = {v.layer.id: v.layer.title for v in (parcels, *views)}
    return tuple(seen[name] for name in reader.stale_links() if name in seen)


def _neighbours(
    reader: Reader,
    actor: Actor,
    parcels: CollectionView,
    key: str,
    geometry: BaseGeometry,
) -> tuple[Neighbour, ...]:
    """Return the parcels with a common border, their directions as seen from the centroid."""
    field = parcels.spec.relation.key or ""
    xmin, ymin, xmax, ymax = geometry.bounds
    reach = 2 * TOUCHING_M
    query = Query(bbox=(xmin - reach, ymin - reach, xmax + reach, ymax + reach), columns=(field,))
    around = reader.frame(actor, parcels.id, query)
    if not isinstance(around, gpd.GeoDataFrame):
        raise UnknownCollectionError(f"collection {parcels.id} has no geometry")
    around = around[around[field].ne(key).fillna(False)].sort_values(field)
    shapes = np.asarray(around.geometry.array, object)
    found = find_neighbours(geometry, shapes, shapely.centroid(geometry))
    names = around[field].to_numpy(dtype=object)[found.position]
    return tuple(
        Neighbour(str(name), key_label(str(name), reader.municipality.keys), way, round(length, 2))
        for name, way, length in zip(
            names, found.direction.tolist(), found.border_m.tolist(), strict=True
        )
    )


@cache
def _to_wgs84(crs: int) -> Operation:
    """Plan once for a process: to WGS 84 no datum grid matters that could be installed later."""
    return plan_operation(f"EPSG:{crs}", "OGC:CRS84")


def _wgs84(point: shapely.Point, crs: int) -> tuple[float, float]:
    lon, lat = transform_xy(np.array([point.x]), np.array([point.y]), _to_wgs84(crs))
    return round(float(lon[0]), 8), round(float(lat[0]), 8)
