"""One collection of one layer through the merge: read, join, add up, report."""

import time
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_core.folding import fold_name
from gis_core.keys import KeyScheme
from gis_core.merge.land_use import use_parts
from gis_core.merge.links import CONFIDENCES, LinkConfidence, Links, Method, link_table
from gis_core.merge.summaries import json_by_group, summarise
from gis_core.store import Query, Snapshot
from layers.merging.inputs import Features, Parcels, needed_columns, read_features
from layers.merging.joins import Joined, Linker, join
from layers.merging.tables import unmatched_table
from layers.spec import CollectionSpec, FieldType, Join
from layers.uses import main_use


@dataclass(frozen=True)
class CollectionReport:
    """What became of one collection's features: features = linked + unlinked.

    Attributes
    ----------
    links
        Pairs of feature and parcel.
    boundary, nearest, slivers, guessed
        Features cut by a border; features linked to a parcel beside them; links that are
        slivers; links on a reading or an address that is not certain.
    unmatched
        Cases by reason. A feature that states several keys may be linked and a case as well.
    parcels_without
        Parcels that have no link of this collection.
    reassigned_m2
        Area of slivers that was counted with the parcel's main use; 0 where uses don't matter.
    seconds
        Wall time.
    """

    collection: str
    layer: str
    features: int
    linked: int
    unlinked: int
    links: int
    boundary: int
    nearest: int
    slivers: int
    guessed: int
    unmatched: dict[str, int]
    parcels_without: int
    reassigned_m2: float
    seconds: float


@dataclass(frozen=True)
class Merged:
    """The tables of one collection, ready to be written, and its report.

    ``main_use`` is, for a collection that covers the ground, each parcel's largest value, (m,)
    text as in ``Parcels.use``.
    """

    spec: CollectionSpec
    links: pd.DataFrame
    summary: pd.DataFrame
    unmatched: pd.DataFrame
    report: CollectionReport
    main_use: NDArray[np.object_] | None


def merge_collection(
    snapshot: Snapshot,
    spec: CollectionSpec,
    parcels: Parcels,
    keys: KeyScheme,
    link: Linker = join,
) -> Merged | None:
    """Merge one collection; None where it has no table or no relation to parcels."""
    if snapshot.info.table(spec.id) is None:
        return None
    query = Query(columns=tuple(needed_columns(spec)))
    features = read_features(snapshot, spec.id, query, parcels.engine)
    return merge_features(snapshot.info.layer, spec, features, parcels, keys, link)


def merge_features(
    layer: str,
    spec: CollectionSpec,
    features: Features,
    parcels: Parcels,
    keys: KeyScheme,
    link: Linker = join,
) -> Merged | None:
    """Merge features with parcels; the answer for a feature needs only the parcels around it."""
    begun = time.perf_counter()
    joined = link(spec, features, parcels, keys)
    if joined is None:
        return None
    links, fabric = joined.links, parcels.fabric
    summary = summarise(
        links,
        parcel_key=fabric.key,
        sums={name: _amounts(features, spec, name) for name in spec.relation.sums},
        values=_values(features, spec),
        with_areas=spec.relation.by is Join.SHARE and not spec.relation.covers,
    )
    reassigned, uses = 0.0, None
    if spec.relation.covers:  # its areas are the official ones
        parts = _official_parts(links, features, parcels, spec)
        summary = summary.assign(areas=_as_json(parts))
        reassigned, uses = float(parts["sliver_m2"].sum()), _largest(parts, len(fabric))
    return Merged(
        spec=spec,
        links=link_table(links, features.ids, fabric.key),
        summary=summary,
        unmatched=unmatched_table(spec, features, joined),
        report=_report(
            layer,
            spec,
            features,
            joined,
            parcels_without=len(fabric) - len(summary),
            reassigned_m2=round(reassigned, 3),
            seconds=round(time.perf_counter() - begun, 3),
        ),
        main_use=uses,
    )


def _report(
    layer: str,
    spec: CollectionSpec,
    features: Features,
    joined: Joined,
    *,
    parcels_without: int,
    reassigned_m2: float,
    seconds: float,
) -> CollectionReport:
    links = joined.links
    unlinked = len(links.unlinked(len(features)))
    guessed = links.confidence == CONFIDENCES.index(LinkConfidence.GUESSED)
    reasons = pd.Series(joined.unmatched.reason, dtype=object).value_counts().sort_index()
    return CollectionReport(
        collection=spec.id,
        layer=layer,
        features=len(features),
        linked=len(features) - unlinked,
        unlinked=unlinked,
        links=len(links),
        boundary=len(np.unique(links.feature[links.boundary])),
        nearest=int(links.has(Method.NEAREST).sum()),
        slivers=int(links.sliver.sum()),
        guessed=int(guessed.sum()),
        unmatched={str(reason): int(n) for reason, n in reasons.items()},
        parcels_without=parcels_without,
        reassigned_m2=reassigned_m2,
        seconds=seconds,
    )


def _amounts(features: Features, spec: CollectionSpec, name: str) -> np.ndarray:
    """Return a numeric field; whole numbers (money in cents) stay whole, missing counts 0."""
    column = features.frame[name]
    if spec.field(name).type is FieldType.INTEGER:
        return column.to_numpy(dtype=np.int64, na_value=0)
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _values(features: Features, spec: CollectionSpec) -> np.ndarray | None:
    name = spec.relation.counts_by
    return None if name is None else features.frame[name].to_numpy(dtype=object)


def _official_parts(
    links: Links, features: Features, parcels: Parcels, spec: CollectionSpec
) -> pd.DataFrame:
    """Return parts by value that add up to each parcel's official area."""
    values = _values(features, spec)
    return use_parts(
        links,
        np.full(len(features), None, object) if values is None else values,
        planar_m2=parcels.fabric.area_m2,
        official_m2=parcels.official_m2,
    )


def _as_json(parts: pd.DataFrame) -> NDArray[np.object_]:
    """Return each parcel's parts as {value: m²}, in the order of the parcels."""
    here, group = np.unique(parts["parcel"].to_numpy(np.intp), return_inverse=True)
    use, area = parts["use"].to_numpy(dtype=object), parts["area_m2"].to_numpy()
    return json_by_group(group, use, area, len(here))


def _largest(parts: pd.DataFrame, parcels: int) -> NDArray[np.object_]:
    """Return each parcel's largest value, folded; "" where it has none."""
    first = parts.drop_duplicates("parcel")
    result = np.full(parcels, "", object)
    result[first["parcel"].to_numpy(np.intp)] = [folded_use(use) for use in first["use"]]
    return result


@cache
def folded_use(use: str) -> str:
    """Return a use's name in the form in which ``Relation.prefer`` is compared."""
    return fold_name(main_use(use))
