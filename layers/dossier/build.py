"""Putting a parcel's dossier together from what the reader releases."""

from datetime import date
from functools import cache

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

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
from layers.dossier.ground import ground_sections
from layers.dossier.looking_up import Shown, look_up, record_of, whole
from layers.dossier.model import Dossier, Fact, Neighbour, Value
from layers.dossier.sections import feature_sections, raster_sections, visible_views
from layers.errors import NotMergedError
from layers.object_ids import keys_of_object
from layers.query import Query
from layers.reader import Reader
from layers.spec import Title
from layers.view import CollectionView

MOST_ROWS = 100
"""Features listed per register; a cemetery has thousands, the totals always count all."""


def build_dossier(
    reader: Reader,
    actor: Actor,
    key_text: str,
    *,
    limit: int = MOST_ROWS,
    as_of: date | None = None,
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
    as_of
        Show the parcel and its neighbours as they were on that day. Registers stay those of
        today; the dossier says so.

    Returns
    -------
    Dossier
        Of a former parcel as it was last, with ``ended`` and its successors.

    Raises
    ------
    ParcelKeyError
        The text is no parcel key; the advice names what may have been meant.
    EndedParcelError
        The key is that of a former parcel of which no drawing is kept, or that had ended by the
        day asked for; the fields name its successors.
    UnknownParcelError
        No parcel has the key, or none had it on that day.
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
    shown = look_up(reader, actor, parcels, key, as_of)
    geometry = shown.geometry
    centre = label_point(np.array([geometry], object))[0]
    views, left_out = visible_views(reader, actor, parcels)
    if shown.current:
        facts = _facts(reader, actor, parcels, views, key, shown.rows)
        sections = (
            *feature_sections(reader, actor, views, key, limit),
            *raster_sections(reader, actor, key),
        )
    else:
        facts = _former_facts(reader, parcels, key, shown.rows)
        sections = tuple(ground_sections(reader, actor, views, geometry, limit))
    hints = (*shown.hints(sections), *((tax_hint(),) if left_out else ()))
    keys, crs = reader.municipality.keys, reader.municipality.storage_crs
    return Dossier(
        parcel_key=key,
        label=key_label(key, keys),
        short_key=short_key(key, keys),
        layer=parcels.layer,
        data_date=parcels.generation.data_date,
        facts=(*facts, *hints),
        geometry=geometry,
        crs=crs,
        position=(round(centre.x, 3), round(centre.y, 3)),
        position_wgs84=_wgs84(centre, crs),
        address=next((str(f.value) for f in facts if f.group == "address"), ""),
        neighbours=_neighbours(reader, actor, parcels, key, shown),
        sections=sections,
        as_of=shown.on,
        ended=shown.ended,
        history=shown.history,
    )


def _former_facts(
    reader: Reader, parcels: CollectionView, key: str, rows: gpd.GeoDataFrame
) -> tuple[Fact, ...]:
    """Return what is known of a parcel as it was: nothing that was made of today's parcels."""
    area, use, address = _stated(parcels, rows)
    geometry = whole(rows)
    drawn = pd.DataFrame({"geometric_area_m2": [geometry.area]})
    return (
        *key_facts(key, reader.municipality.keys),
        *size_facts(area, drawn, geometry),
        *use_facts(use, None),
        *address_facts(str(address or "")),
        *hint_facts(parcels, record_of(rows), pd.DataFrame(), geometry, ()),
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
    area, use, address = _stated(parcels, rows)
    areas, geometry = _areas(reader, actor, parcels, key), whole(rows)
    return (
        *key_facts(key, reader.municipality.keys),
        *size_facts(area, areas, geometry),
        *use_facts(use, _use_areas(reader, actor, views, key)),
        *address_facts(str(address or "")),
        *hint_facts(parcels, record_of(rows), areas, geometry, _stale(reader, parcels, views)),
    )


def _stated(parcels: CollectionView, rows: gpd.GeoDataFrame) -> tuple[Value, Value, Value]:
    """Return official area, use and address of the parcel's first row."""
    record, relation = record_of(rows), parcels.spec.relation
    area, use, address = (
        read_value(record[name], parcels.spec.field(name)) if name in record else None
        for name in (relation.area, relation.use, relation.address)
    )
    return area, use, address


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
    shown: Shown,
) -> tuple[Neighbour, ...]:
    """Return the parcels with a common border, their directions as seen from the centroid."""
    geometry = shown.geometry
    field = parcels.spec.relation.key or ""
    xmin, ymin, xmax, ymax = geometry.bounds
    reach = 2 * TOUCHING_M
    query = Query(bbox=(xmin - reach, ymin - reach, xmax + reach, ymax + reach), columns=(field,))
    around = shown.read(reader, actor, parcels, query)
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
