"""The rows of the parcels' collection as a check needs them: as they are stored, in key order."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_core.fabric_quality import ParcelRows
from gis_core.keys import AlkisKeys, KeyScheme
from gis_core.store import GenerationInfo, Query, Snapshot
from layers.access import link_access
from layers.errors import NotMergedError
from layers.municipality import Municipality
from layers.registry import Registry
from layers.spec import CollectionSpec, LayerSpec

DISTRICT, SECTION = 6, 9
"""Leading characters of a key that name its district, and its section in that."""


@dataclass(frozen=True)
class CheckedRows:
    """The rows of a city's parcels, ordered by key and identifier.

    Attributes
    ----------
    rows
        What is checked, n rows.
    ids
        (n,) text, the features' identifiers.
    address
        (n,) text, missing as None.
    section
        (n,) text, the section that the key names; None where keys name none.
    """

    rows: ParcelRows
    ids: NDArray[np.object_]
    address: NDArray[np.object_]
    section: NDArray[np.object_]


def parcels_with_data(
    registry: Registry, served: dict[str, GenerationInfo]
) -> tuple[LayerSpec, CollectionSpec]:
    """Return the collection of parcels that was imported and is no secret.

    Raises
    ------
    NotMergedError
        There is none.
    """
    for layer, spec in registry.parcels():
        info = served.get(layer.id)
        if info and info.table(spec.id) is not None and not link_access(spec).sealed:
            return layer, spec
    wanted = ", ".join(layer.id for layer, _ in registry.parcels())
    raise NotMergedError(
        "there are no parcels to check",
        advice=f"Import them first: flurbuch ingest {wanted} FILE...",
    )


def read_rows(snapshot: Snapshot, spec: CollectionSpec, municipality: Municipality) -> CheckedRows:
    """Read the parcels of a generation."""
    relation = spec.relation
    names = (relation.key, relation.area, relation.address, relation.district)
    wanted = tuple(dict.fromkeys(n for n in names if n and not spec.field(n).access.sealed))
    frame = snapshot.frame(spec.id, Query(columns=wanted))
    key, ids = _texts(frame, relation.key), frame.index.to_numpy(dtype=object)
    order = np.lexsort((ids.astype(str), np.array([k or "" for k in key], str)))
    frame, key, ids = frame.iloc[order], key[order], ids[order]
    geometry = np.full(len(frame), None, object)
    if isinstance(frame, gpd.GeoDataFrame):
        geometry = np.asarray(frame.geometry.array, dtype=object)
    rows = ParcelRows(
        key=key,
        geometry=geometry,
        district=_beginning(key, DISTRICT, municipality.keys),
        stated_district=_texts(frame, relation.district),
        official_m2=_numbers(frame, relation.area),
        crs=municipality.storage_crs,
    )
    section = _beginning(key, SECTION, municipality.keys)
    return CheckedRows(rows, ids, _texts(frame, relation.address), section)


def _beginning(key: NDArray[np.object_], length: int, scheme: KeyScheme) -> NDArray[np.object_]:
    """Return the first characters of keys that are made of parts; None for other keys."""
    if not isinstance(scheme, AlkisKeys):
        return np.full(len(key), None, object)
    return np.array([k[:length] if k else None for k in key], object)


def _texts(frame: pd.DataFrame, column: str | None) -> NDArray[np.object_]:
    out = np.full(len(frame), None, object)
    if column is not None and column in frame:
        there = frame[column].notna().to_numpy()
        out[there] = frame[column].to_numpy(dtype=object)[there]
    return out


def _numbers(frame: pd.DataFrame, column: str | None) -> NDArray[np.float64]:
    if column is None or column not in frame:
        return np.full(len(frame), np.nan)
    return np.asarray(frame[column].to_numpy(dtype=np.float64, na_value=np.nan))
