"""Registers that state parcel keys, joined in pieces: by key, then by feature.

A key finds its parcel wherever both lie, so places do not help: rows are dealt out to buckets
by a hash of the key, parcels likewise, and each bucket is joined alone. Features that state
several keys are dealt out once more, by a hash of their ids, to share them out by area.
"""

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gis_core.districts import DistrictCatalogue
from gis_core.key_reading import KeyReading
from gis_core.keys import read_key_bytes
from gis_core.merge.links import Links, Method
from gis_core.merge.tiles import links_to_arrow
from gis_core.merge.unmatched import Reason
from layers.merging.distributed.parts import (
    Counts,
    Done,
    Parts,
    Shared,
    bucket_of,
    one_allocator,
    read_shared,
)
from layers.merging.distributed.plan import PlanKey, make_plan

_STATED = ["feature_id", "parcel_key", "sure"]
_ELSEWHERE = frozenset({"outside-municipality", "other-state", "unknown-district"})


@dataclass(frozen=True)
class ReadKeysTask:
    """Read the stated keys of one file and deal them out to buckets."""

    plan: PlanKey
    run: str
    collection: str
    file: str
    number: int


@dataclass(frozen=True)
class JoinKeysTask:
    """Join the parcels and the stated keys of one bucket."""

    plan: PlanKey
    run: str
    bucket: int
    parcels: tuple[Shared, ...]
    stated: dict[str, tuple[Shared, ...]]


@dataclass(frozen=True)
class ShareOutTask:
    """Share out the features of one bucket that state several keys."""

    plan: PlanKey
    run: str
    bucket: int
    matched: dict[str, tuple[Shared, ...]]


@one_allocator()
def read_keys(task: ReadKeysTask) -> Done:
    """Do a `ReadKeysTask`; all rows of a feature must stand in one file."""
    plan = make_plan(task.plan)
    storage = plan.layout.storage
    table = storage.read_table(task.file, ["feature_id", "stated_key"])
    ids = table["feature_id"].combine_chunks().cast(pa.string())
    found = read_key_bytes(table["stated_key"], _catalogue(task.plan))
    feature = _numbered(ids)
    rows = np.bincount(feature)
    alone = rows[feature] == 1
    good = np.flatnonzero(found.confidence >= 0)
    key = _texts(found.key[good])
    done = Done(task.number)
    parts = Parts(storage, task.run, task.collection, f"file-{task.number:05}", done)
    stated = pa.table(
        {
            "feature_id": ids.take(pa.array(good)),
            "parcel_key": key,
            "sure": found.confidence[good],
            "alone": alone[good],
        }
    )
    parts.write_shared("stated", stated, bucket_of(key, len(plan.tiles)))
    reason = np.array([_unread(why).value for why in found.why], object)
    parts.write_unmatched(ids.take(pa.array(found.refused)), reason)
    done.counts[task.collection] = Counts(features=len(rows), unmatched=_counted(reason))
    return done


@one_allocator()
def join_keys(task: JoinKeysTask) -> Done:
    """Do a `JoinKeysTask`."""
    plan = make_plan(task.plan)
    storage = plan.layout.storage
    done = Done(task.bucket)
    if task.parcels:
        parcels = read_shared(storage, task.parcels)
    else:
        parcels = pa.table({"parcel_key": pa.array([], pa.string()), "parcel_m2": np.empty(0)})
    keys = parcels["parcel_key"].combine_chunks()
    area = parcels["parcel_m2"].to_numpy()
    for name, places in task.stated.items():
        stated = read_shared(storage, places)
        found = pc.index_in(stated["parcel_key"].combine_chunks(), keys)
        parcel = found.fill_null(-1).to_numpy().astype(np.intp)
        parts = Parts(storage, task.run, name, f"bucket-{task.bucket:05}", done)
        ids = stated["feature_id"].combine_chunks()
        alone = stated["alone"].to_numpy()
        sure = stated["sure"].to_numpy()
        at = np.flatnonzero(alone & (parcel >= 0))
        links = Links.build(np.arange(len(at)), parcel[at], Method.KEY, sure[at])
        parts.write_links(links_to_arrow(links, ids.take(pa.array(at)), keys))
        lost = np.flatnonzero(parcel < 0)
        reason = np.full(len(lost), Reason.NOT_EXISTING.value, object)
        parts.write_unmatched(ids.take(pa.array(lost)), reason)
        rest = np.flatnonzero(~alone & (parcel >= 0))
        matched = stated.select(_STATED).take(pa.array(rest))
        matched = matched.append_column("parcel_m2", pa.array(area[parcel[rest]]))
        homes = bucket_of(ids.take(pa.array(rest)), len(plan.tiles))
        parts.write_shared("matched", matched, homes)
        done.counts[name] = Counts(linked=len(at), links=len(at), unmatched=_counted(reason))
    return done


@one_allocator()
def share_out(task: ShareOutTask) -> Done:
    """Do a `ShareOutTask`; shares as `gis_core.merge.keys.join_keys`."""
    storage = make_plan(task.plan).layout.storage
    done = Done(task.bucket)
    for name, places in task.matched.items():
        matched = read_shared(storage, places).sort_by([(c, "ascending") for c in _STATED])
        # A key that a feature states twice counts once, as surely as it was read at best.
        pair = [_first(matched[c].combine_chunks()) for c in _STATED[:2]]
        matched = matched.filter(pa.array(pair[0] | pair[1])).combine_chunks()
        ids, area = matched["feature_id"].combine_chunks(), matched["parcel_m2"].to_numpy()
        feature, row = _numbered(ids), np.arange(len(ids))
        share = area / np.bincount(feature, area)[feature]
        links = Links.build(row, row, Method.KEY, matched["sure"].to_numpy(), share=share)
        parts = Parts(storage, task.run, name, f"features-{task.bucket:05}", done)
        parts.write_links(links_to_arrow(links, ids, matched["parcel_key"].combine_chunks()))
        done.counts[name] = Counts(linked=int(feature[-1]) + 1, links=len(links))
    return done


@lru_cache(maxsize=2)
def _catalogue(key: PlanKey) -> DistrictCatalogue:
    layout = make_plan(key).layout
    return DistrictCatalogue.from_toml(layout.storage.read(layout.file.districts).decode())


def _numbered(ids: pa.Array) -> NDArray[np.integer]:
    """Return a number for each row, from 0 on; rows with the same id have the same."""
    if len(ids) > 1 and pc.all(pc.greater_equal(ids[1:], ids[:-1])).as_py():
        # In order, as an export writes them: rows of one feature are neighbours.
        return np.cumsum(_first(ids)) - 1
    return np.asarray(ids.dictionary_encode().indices.to_numpy())


def _first(texts: pa.Array) -> NDArray[np.bool_]:
    """Return which rows differ from the one before."""
    new = pc.not_equal(texts[1:], texts[:-1]).to_numpy(zero_copy_only=False)
    return np.concatenate([np.ones(min(len(texts), 1), np.bool_), new])


def _texts(keys: NDArray[np.bytes_]) -> pa.StringArray:
    """Return keys, all of full length, as a column that has their bytes as they are."""
    end = np.arange(len(keys) + 1, dtype=np.int32) * keys.itemsize
    return pa.StringArray.from_buffers(len(keys), pa.py_buffer(end), pa.py_buffer(keys))


def _unread(why: KeyReading) -> Reason:
    if why.problem in _ELSEWHERE:
        return Reason.OTHER_MUNICIPALITY
    return Reason.AMBIGUOUS if len(why.candidates) > 1 else Reason.UNREADABLE


def _counted(reason: NDArray[np.object_]) -> dict[str, int]:
    return dict(sorted(Counter(reason.tolist()).items()))
