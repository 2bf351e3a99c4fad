"""Two generations of parcels side by side: which versions ended, which began."""

from dataclasses import dataclass
from datetime import UTC

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_core.lifetimes import ParcelVersions
from gis_core.store import FEATURE_ID, GenerationInfo, Query, Snapshot, Store
from gis_core.store.differences import differences, ids_near
from layers.history.record import VALID_FROM, lineage_table, looked_up, version_ids, version_table
from layers.spec import ENDED, CollectionSpec

ROLE, SHAPE = "_role", "_shape"  # no field is called so: names of fields begin with a letter
KEY, BEGINS, ENDS, SEEN, SAID = "_key", "_begins", "_ends", "_seen", "_said"
GONE, CAME, FORMER, AROUND = "gone", "came", "former", "around"


@dataclass(frozen=True)
class Comparison:
    """What may take part in events.

    Attributes
    ----------
    versions
        n versions.
    rows
        (n rows) what is stored of them, and beside it ``_key``, ``_shape``, ``_begins``, ``_ends``,
        ``_seen`` (NaT where the end is stated), ``_said`` (the begin that the source states) and
        ``_role``: ``gone`` since the generation before, ``came`` with the later one, ``former``
        (the source says that it ended, and the generation before did not hold it), ``around``
        (unchanged).
    since
        Moment of the generation before; None where there is none.
    now
        Moment of the later one.
    """

    versions: ParcelVersions
    rows: pd.DataFrame
    since: np.datetime64 | None
    now: np.datetime64


def moment(info: GenerationInfo, before: np.datetime64 | None) -> np.datetime64:
    """Return the moment that a delivery describes: its date, if that is later than the former's.

    Else that of its import: something changed, and nobody says when.
    """
    if info.data_date is not None:
        day = np.datetime64(info.data_date, "s")
        if before is None or day > before:
            return day
    imported = np.datetime64(info.imported_at.astimezone(UTC).replace(tzinfo=None), "s")
    return imported if before is None else max(imported, before + np.timedelta64(1, "s"))


def compare(
    store: Store,
    spec: CollectionSpec,
    before: GenerationInfo | None,
    after: GenerationInfo,
    record: Snapshot | None,
    since: np.datetime64 | None,
) -> Comparison:
    """Find what changed between two generations of parcels.

    Parameters
    ----------
    before
        None for the first one: then only what the source itself says of the past is told.
    record
        The history so far.
    since
        Moment of the generation before.
    """
    now = moment(after, since)
    current = store.open_generation(after)
    former = _former(current, spec, record)
    if before is None or since is None:
        gone = came = _nothing(spec)
        around = _read(current, spec, Query()) if len(former) else gone
    else:
        gone, came = _changed(store, spec, before, after)
        gone, former = _claim(gone, former, since, now)
        around = _around(current, spec, former, came)
        gone[BEGINS] = gone[BEGINS].fillna(_told_begins(gone, spec, record))
        # What the former delivery held was there, and what it did not hold has come since,
        # whatever the source says: a delivery's date is but a day.
        gone[BEGINS] = gone[BEGINS].where(~(gone[BEGINS] > since), pd.Timestamp(since))
        came[BEGINS] = came[BEGINS].where(came[BEGINS] > since, pd.Timestamp(now))
    roles = ((gone, GONE), (came, CAME), (former, FORMER), (around, AROUND))
    parts = [part.assign(**{ROLE: role}) for part, role in roles if len(part)]
    nothing = _nothing(spec).assign(**{ROLE: pd.Series(dtype=object)})
    rows = pd.concat(parts, ignore_index=True) if parts else nothing
    return Comparison(_versions(rows, spec), rows, None if before is None else since, now)


def reused_keys(
    compared: Comparison, record: Snapshot | None, spec: CollectionSpec
) -> tuple[str, ...]:
    """Return keys that came back for another piece of ground than they were recorded for."""
    rows = compared.rows
    before = set(rows.loc[rows[ROLE] != CAME, KEY])
    came = rows[(rows[ROLE] == CAME) & ~rows[KEY].isin(before) & rows[SHAPE].notna()]
    if record is None or came.empty:
        return ()
    key = spec.relation.key or ""
    query = Query(among={key: tuple(came[KEY])}, columns=(key,))
    held = record.frame(version_table(spec.id), query)
    if not isinstance(held, gpd.GeoDataFrame) or held.empty:
        return ()
    pairs = came[[KEY, SHAPE]].merge(held.rename(columns={key: KEY}), on=KEY)
    apart = ~shapely.intersects(
        shapely.point_on_surface(pairs[SHAPE].to_numpy(object)),
        pairs["geometry"].to_numpy(object),
    )
    return tuple(sorted(set(pairs.loc[apart, KEY]) - set(pairs.loc[~apart, KEY])))


def _read(snapshot: Snapshot, spec: CollectionSpec, query: Query, table: str = "") -> pd.DataFrame:
    """Read parcels; those in several rows become one."""
    frame = snapshot.frame(table or spec.id, query)
    shapes = np.full(len(frame), None, object)
    if isinstance(frame, gpd.GeoDataFrame):
        shapes = np.asarray(frame.geometry.array, object)
    rows = pd.DataFrame(frame.drop(columns="geometry", errors="ignore")).reset_index()
    rows[KEY], rows[SHAPE] = rows[spec.relation.key].astype(object), shapes
    rows[BEGINS], rows[ENDS] = (
        pd.to_datetime(rows[name]).astype("datetime64[s]") if name in rows else pd.NaT
        for name in (spec.source.begins_at, spec.source.ends_after)
    )
    if not table:
        rows[ENDS] = pd.NaT
    rows[SEEN], rows[SAID] = pd.NaT, rows[BEGINS]
    for name in (BEGINS, ENDS, SEEN, SAID):
        rows[name] = rows[name].astype("datetime64[s]")
    return _whole(rows[rows[KEY].notna()], [KEY, BEGINS, ENDS] if table else [KEY])


def _nothing(spec: CollectionSpec) -> pd.DataFrame:
    names = [FEATURE_ID, *(f.name for f in spec.fields), KEY, SHAPE]
    rows = pd.DataFrame({name: pd.Series(dtype=object) for name in names})
    return rows.assign(
        **dict.fromkeys((BEGINS, ENDS, SEEN, SAID), pd.Series(dtype="datetime64[s]"))
    )


def _whole(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Join rows of one parcel; the first one speaks for all, and begins when the last one did."""
    rows = rows.sort_values(FEATURE_ID, kind="stable")
    several = rows.duplicated(by, keep=False)
    if not several.any():
        return rows.reset_index(drop=True)
    joined = []
    for _, pieces in rows[several].groupby(by, sort=True, dropna=False):
        whole = pieces.iloc[[0]].copy()
        shapes = pieces.loc[pieces[SHAPE].notna(), SHAPE].to_numpy(object)
        whole[SHAPE] = np.array([shapely.union_all(shapes) if len(shapes) else None], object)
        whole[BEGINS] = whole[SAID] = pieces[BEGINS].max()
        joined.append(whole)
    return pd.concat([rows[~several], *joined], ignore_index=True)


def _changed(
    store: Store, spec: CollectionSpec, before: GenerationInfo, after: GenerationInfo
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the parcels that are not as they were: as they were, and as they are."""
    key = spec.relation.key or ""
    old, new = store.open_generation(before), store.open_generation(after)
    known = [{c.name for c in s.table(spec.id).schema.columns} for s in (old, new)]
    wanted = (key, spec.relation.area, spec.source.begins_at)
    columns = [name for name in wanted if name and all(name in names for names in known)]
    found = differences(before, after, spec.id, columns)
    if found is None:
        return _read(old, spec, Query()), _read(new, spec, Query())
    keys: set[str] = set()
    for snapshot, ids in ((old, found.gone), (new, found.came)):
        query = Query(ids=ids, columns=(key,), geometry=False)
        keys |= set(snapshot.frame(spec.id, query)[key].dropna())
    # All rows of a key: one that lost a piece has not ended.
    query = Query(among={key: tuple(sorted(keys))})
    return _read(old, spec, query), _read(new, spec, query)


def _former(current: Snapshot, spec: CollectionSpec, record: Snapshot | None) -> pd.DataFrame:
    """Return what the source says has ended, as far as the record does not hold it."""
    table = spec.id + ENDED
    info = current.info.table(table)
    if info is None or not info.count:
        return _nothing(spec)
    if record is None:
        return _read(current, spec, Query(), table)
    names = [n for n in (spec.source.begins_at, spec.source.ends_after) if n]
    there = {c.name for c in info.schema.columns}
    light = current.frame(
        table, Query(columns=tuple(n for n in names if n in there), geometry=False)
    )
    ends = light[spec.source.ends_after]
    begins = light.get(spec.source.begins_at, pd.Series(pd.NaT, light.index))
    ids = version_ids(light.index, begins, ends)
    query = Query(ids=tuple(ids), columns=(), geometry=False)
    held = set(record.frame(version_table(spec.id), query).index)
    unknown = [name for name, full in zip(light.index, ids, strict=True) if full not in held]
    rows = _read(current, spec, Query(ids=tuple(unknown)), table)
    return rows[~_noticed_before(rows, spec, record)].reset_index(drop=True)


def _noticed_before(
    rows: pd.DataFrame, spec: CollectionSpec, record: Snapshot
) -> NDArray[np.bool_]:
    """Return which versions were recorded before the source said that they had ended."""
    key = spec.relation.key or ""
    query = Query(among={key: tuple(rows[KEY].unique())}, columns=(key, VALID_FROM), geometry=False)
    held = record.frame(version_table(spec.id), query)
    known = set(zip(held[key], held[VALID_FROM], strict=True))
    pairs = zip(rows[KEY], rows[BEGINS], strict=True)
    return np.array([pd.notna(begin) and (key, begin) in known for key, begin in pairs], np.bool_)


def _claim(
    gone: pd.DataFrame, former: pd.DataFrame, since: np.datetime64, now: np.datetime64
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give parcels that are gone the end that the source states, else that of the delivery."""
    by_key: dict[str, list[int]] = {}
    for at, key in enumerate(former[KEY]):
        by_key.setdefault(key, []).append(at)
    stated: dict[int, int] = {}
    for at, (key, begin) in enumerate(zip(gone[KEY], gone[BEGINS], strict=True)):
        for other in by_key.get(key, []):
            first = former[BEGINS].iloc[other]
            if pd.isna(begin) or pd.isna(first) or first == begin:
                stated[at] = other
    rows, others = list(stated), list(stated.values())
    gone = gone.assign(**{ENDS: pd.Timestamp(now), SEEN: pd.Timestamp(since)})
    for name in (ENDS, FEATURE_ID):
        values = gone[name].copy()
        values.iloc[rows] = former[name].iloc[others].to_numpy()
        gone[name] = values
    gone.loc[gone.index[rows], SEEN] = pd.NaT
    return gone, former.drop(index=former.index[others]).reset_index(drop=True)


def _around(
    current: Snapshot, spec: CollectionSpec, former: pd.DataFrame, came: pd.DataFrame
) -> pd.DataFrame:
    """Return unchanged parcels on the ground of former ones that were not known before."""
    if former.empty:
        return _nothing(spec)
    boxes = shapely.bounds(former[SHAPE].to_numpy(object))
    near = _read(current, spec, Query(ids=ids_near(current.info, spec.id, boxes)))
    return near[~near[KEY].isin(came[KEY])].reset_index(drop=True)


def _told_begins(gone: pd.DataFrame, spec: CollectionSpec, record: Snapshot | None) -> pd.Series:
    """Return when the history says that parcels began, for sources that don't say."""
    unknown = gone.loc[gone[BEGINS].isna(), KEY]
    if record is None or unknown.empty:
        return pd.Series(pd.NaT, gone.index, dtype="datetime64[s]")
    query = Query(among={"new_key": tuple(unknown)}, columns=("new_key", "at"))
    links = record.frame(lineage_table(spec.id), query)
    return looked_up(gone[KEY], links.groupby("new_key")["at"].max())


def _versions(rows: pd.DataFrame, spec: CollectionSpec) -> ParcelVersions:
    area = spec.relation.area
    return ParcelVersions.of(
        rows[KEY].to_numpy(object),
        rows[SHAPE].to_numpy(object),
        official_m2=None if area is None else pd.to_numeric(rows[area]).to_numpy(float),
        begins=rows[BEGINS].to_numpy("datetime64[s]"),
        ends=rows[ENDS].to_numpy("datetime64[s]"),
        seen=rows[SEEN].to_numpy("datetime64[s]"),
    )
