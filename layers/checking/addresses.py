"""Addresses that no parcel carries: of buildings, and of every register that is no secret."""

from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_core.fabric_quality import Code, Finding, Severity, Unit
from gis_core.merge.addresses import AddressIndex, index_addresses, join_addresses
from gis_core.merge.unmatched import Reason
from gis_core.store import Query, Snapshot
from layers.access import link_access
from layers.checking.reading import CheckedRows
from layers.registry import Registry
from layers.spec import CollectionSpec, Join

_FAULTS = frozenset({Reason.UNKNOWN_HOUSE_NUMBER, Reason.UNKNOWN_STREET})
"""A register that states no address at all, or a street only, is not at fault here."""


def address_fields(registry: Registry, parcels: CollectionSpec) -> Iterator[tuple[str, str, str]]:
    """Yield layer, collection and field of every address that may be compared with parcels.

    It is the field that a relation names, or one called like the parcels' own address.
    """
    for layer, spec in registry.collections():
        if spec.relation.by is Join.SELF:
            continue
        names = {f.name for f in spec.fields}
        name = spec.relation.address or parcels.relation.address
        if name in names:
            yield layer.id, spec.id, str(name)


def is_open(spec: CollectionSpec, field: str) -> bool:
    """Whether an address may stand in a report: it and its rows are public or internal."""
    return not (spec.access.sealed or spec.field(field).access.sealed or link_access(spec).sealed)


def check_addresses(
    snapshot: Snapshot,
    spec: CollectionSpec,
    field: str,
    parcels: CheckedRows,
    tree: shapely.STRtree,
) -> Iterator[Finding]:
    """Find the features of a collection whose address no parcel carries.

    Parameters
    ----------
    tree
        Index of the parcels' geometry.

    Returns
    -------
    The row of a finding is the parcel that the feature lies on, the others carry the same house
    number with another suffix.
    """
    frame = snapshot.frame(spec.id, Query(columns=(field,)))
    frame = frame[frame[field].notna().to_numpy()]
    frame = frame.iloc[np.argsort(frame.index.to_numpy(dtype=object), kind="stable")]
    text = frame[field].to_numpy(dtype=object)
    _, unmatched = join_addresses(text, _index(parcels), parcels.rows.key)
    places = _places(frame)
    position = {key: row for row, key in enumerate(parcels.rows.key) if key}
    for at, reason, beside in zip(
        unmatched.feature.tolist(), unmatched.reason, unmatched.candidates, strict=True
    ):
        if reason not in _FAULTS:
            continue
        on = [] if places[at] is None else tree.query(places[at], predicate="intersects").tolist()
        row = min(on, default=-1)
        yield Finding(
            Code.ADDRESS,
            Severity.WARNING,
            row,
            tuple(position[key] for key in beside if position[key] != row),
            1,
            Unit.COUNT,
            places[at],
            "street" if reason == Reason.UNKNOWN_STREET else "number",
            {"address": str(text[at]), "feature": str(frame.index[at]), "collection": spec.id},
        )


def _index(parcels: CheckedRows) -> AddressIndex:
    rows = np.where(parcels.rows.key.astype(np.bool_), np.arange(len(parcels.rows)), -1)
    return index_addresses(parcels.address, rows.astype(np.intp))


def _places(frame: pd.DataFrame) -> NDArray[np.object_]:
    if not isinstance(frame, gpd.GeoDataFrame):
        return np.full(len(frame), None, object)
    shapes = np.asarray(frame.geometry.array, dtype=object)
    return np.asarray(shapely.point_on_surface(shapes), dtype=object)
