"""What a merge reads: the parcels as a fabric, and the rows of each collection in id order."""

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_core.folding import fold_name
from gis_core.merge.engine_name import EngineName
from gis_core.merge.engines import choose_engine
from gis_core.merge.fabric import ParcelFabric
from gis_core.merge.shapes import Shapes
from gis_core.store import Query, Snapshot
from layers.errors import NotMergedError
from layers.spec import AS_FILED, CONFIDENCE, ENDED, CollectionSpec
from layers.uses import main_use


@dataclass(frozen=True)
class Parcels:
    """The parcels of a city, with what the merge needs to know of them.

    Attributes
    ----------
    spec
        Their collection.
    fabric
        m parcels in key order.
    rows
        (m,) int64, rows of the source that make up each parcel; mostly 1.
    official_m2
        (m,) float64, official area; NaN where the source states none.
    use
        (m,) text, folded: the largest use that the source states; where it states none at all,
        the largest of the collection that covers the ground; "" where neither does.
    address, address_parcel
        (n,) texts of the source's rows and the parcel of each.
    ended
        Keys of former parcels and, where known, the day (ISO) of their end.
    engine
        Who measures in this merge.
    """

    spec: CollectionSpec
    fabric: ParcelFabric
    rows: NDArray[np.int64]
    official_m2: NDArray[np.float64]
    use: NDArray[np.object_]
    address: NDArray[np.object_]
    address_parcel: NDArray[np.intp]
    ended: dict[str, str]
    engine: EngineName


@dataclass(frozen=True)
class Features:
    """The rows of one collection, in the order of their ids.

    Attributes
    ----------
    ids
        (n,) text, unique.
    frame
        (n rows) the columns that the relation names.
    shapes
        n geometries; missing ones for a table without places.
    """

    ids: NDArray[np.object_]
    frame: pd.DataFrame
    shapes: Shapes

    def __len__(self) -> int:
        """Return the number of features."""
        return len(self.ids)


def read_parcels(
    snapshot: Snapshot,
    spec: CollectionSpec,
    engine: EngineName = EngineName.AUTO,
    keys: Sequence[str] | None = None,
) -> Parcels:
    """Read the parcels of a generation, or those with certain keys, indexed for an engine.

    Raises
    ------
    NotMergedError
        There is no single parcel to merge by.
    """
    relation = spec.relation
    key = relation.key
    if key is None:
        raise NotMergedError(
            f"collection {spec.id} names no field with the parcel key",
            advice=f"Add key = … to the relation of {spec.id} in its layer.toml.",
            collection=spec.id,
        )
    engine = choose_engine(engine, snapshot.table(spec.id).count)
    among = {} if keys is None else {key: keys}
    query = Query(columns=tuple(parcel_columns(spec)), among=among)
    features = read_features(snapshot, spec.id, query, engine)
    fabric = ParcelFabric.build(texts(features.frame, key), features.shapes, engine=engine)
    if not len(fabric) and keys is None:
        raise NotMergedError(
            f"none of {len(features)} parcels has both a key and a geometry to merge by",
            advice=f"Import the parcels first: flurbuch ingest {snapshot.info.layer} FILE...",
            collection=spec.id,
        )
    return Parcels(
        spec=spec,
        fabric=fabric,
        rows=np.bincount(fabric.row[fabric.row >= 0], minlength=len(fabric)),
        official_m2=_largest(features.frame, relation.area, fabric),
        use=_main_uses(features.frame, relation.use, fabric),
        address=texts(features.frame, relation.address),
        address_parcel=fabric.row,
        ended=_ended(snapshot, spec),
        engine=engine,
    )


def read_features(snapshot: Snapshot, table: str, query: Query, engine: EngineName) -> Features:
    """Read rows of a table, sorted by id, their geometry in the form that the engine likes."""
    frame, shapes = _read(snapshot, table, query, engine)
    ids = frame.index.to_numpy(dtype=object)
    order = np.argsort(ids, kind="stable")
    return Features(ids[order], frame.iloc[order], shapes.take(order))


def _read(
    snapshot: Snapshot, table: str, query: Query, engine: EngineName
) -> tuple[pd.DataFrame, Shapes]:
    if engine is EngineName.KERNELS:
        attributes, flat = snapshot.flat(table, query)
        return attributes, Shapes(flat=flat)
    frame = snapshot.frame(table, query)
    if not isinstance(frame, gpd.GeoDataFrame):
        return frame, Shapes(objects=np.full(len(frame), None, object))
    objects = np.asarray(frame.geometry.array, dtype=object)
    return pd.DataFrame(frame.drop(columns=frame.geometry.name)), Shapes(objects=objects)


def parcel_columns(spec: CollectionSpec) -> list[str]:
    """Return the stored columns of parcels that a merge reads."""
    relation = spec.relation
    return [n for n in (relation.key, relation.area, relation.use, relation.address) if n]


def needed_columns(spec: CollectionSpec) -> list[str]:
    """Return the stored columns that a collection's relation asks for."""
    relation = spec.relation
    names = [relation.address, relation.circumference_cm, relation.counts_by, *relation.sums]
    if relation.key:
        names += [relation.key, relation.key + AS_FILED, relation.key + CONFIDENCE]
    return list(dict.fromkeys(n for n in names if n))


def preferred(parcels: Parcels, uses: tuple[str, ...]) -> NDArray[np.bool_] | None:
    """Return which parcels have one of these main uses; None where that decides nothing."""
    wanted = {fold_name(use) for use in uses}
    mask = np.array([use in wanted for use in parcels.use], np.bool_)
    return mask if mask.any() else None


def texts(frame: pd.DataFrame, column: str | None) -> NDArray[np.object_]:
    """Return a column as texts, missing as None; without a column all are."""
    out = np.full(len(frame), None, object)
    if column is not None:
        there = frame[column].notna().to_numpy()
        out[there] = frame[column].to_numpy(dtype=object)[there]
    return out


def _largest(frame: pd.DataFrame, column: str | None, fabric: ParcelFabric) -> NDArray[np.float64]:
    """Return the largest value of each parcel's rows: rows of one parcel repeat its area."""
    result = np.full(len(fabric), -np.inf)
    if column is not None:
        value = frame[column].to_numpy(dtype=np.float64, na_value=np.nan)
        some = (fabric.row >= 0) & ~np.isnan(value)
        np.maximum.at(result, fabric.row[some], value[some])
    return np.where(np.isinf(result), np.nan, result)


def _main_uses(
    frame: pd.DataFrame, column: str | None, fabric: ParcelFabric
) -> NDArray[np.object_]:
    result = np.full(len(fabric), "", object)
    stated = texts(frame, column)
    some = (fabric.row >= 0) & np.array([t is not None for t in stated], np.bool_)
    codes, distinct = pd.factorize(stated[some])
    folded = np.array([fold_name(main_use(str(t))) for t in distinct], object)
    if len(folded):
        result[fabric.row[some]] = folded[codes]
    return result


def _ended(snapshot: Snapshot, spec: CollectionSpec) -> dict[str, str]:
    """Return the keys of former parcels with the day of their end, if the source says."""
    table, key, day = spec.id + ENDED, spec.relation.key, spec.source.ends_after
    if key is None or day is None or snapshot.info.table(table) is None:
        return {}
    frame = snapshot.frame(table, Query(columns=(key, day), geometry=False))
    frame = frame[frame[key].notna()].sort_values([key, day])
    days = pd.to_datetime(frame[day]).dt.strftime("%Y-%m-%d").fillna("")
    return dict(zip(frame[key], days, strict=True))
