"""The parcels that were valid on a day: of the current ones and of those that ended."""

from dataclasses import replace
from datetime import date

import geopandas as gpd
import pandas as pd

from gis_core.store import Query, Rows
from layers.history.record import VALID_FROM, VALID_TO, lineage_table, looked_up, version_table
from layers.spec import CollectionSpec


def valid_on(
    current: Rows, record: Rows | None, spec: CollectionSpec, on: date, query: Query
) -> gpd.GeoDataFrame | pd.DataFrame:
    """Return the parcels that were valid on a day, in the order of their keys.

    Parameters
    ----------
    current, record
        The served parcels, and the history; None: it was not told yet.
    on
        Valid from that day or before, and ended later: on the day of a change the new parcels
        are valid. Days are those of UTC.
    query
        Which of them; its columns are to be given, its order and page don't count.

    Notes
    -----
    A current parcel of which nobody says when it began was always there. Of a former one the
    columns that the record does not have are missing. Linear in the rows that the query names.
    """
    key = spec.relation.key or ""
    wanted = query.columns or ()
    stored = {c.name for c in current.table(spec.id).schema.columns}
    extra = [n for n in (key, spec.source.begins_at) if n in stored and n not in wanted]
    asked = replace(query, columns=(*wanted, *extra), sort=(), limit=None, offset=0)
    now = current.frame(spec.id, asked)
    parts = [now[~(_begins(now, record, spec) > pd.Timestamp(on))]]
    if record is not None:
        parts.append(_versions(record, spec, asked, on))
    parts = [part for part in parts if len(part)] or parts[:1]
    return pd.concat(parts).sort_values(key, kind="stable").drop(columns=extra)


def _begins(rows: pd.DataFrame, record: Rows | None, spec: CollectionSpec) -> pd.Series:
    """Return the day from which current parcels are valid; NaT: since ever."""
    name = spec.source.begins_at
    begins = pd.Series(pd.NaT, rows.index, dtype="datetime64[s]")
    if name in rows:
        begins = pd.to_datetime(rows[name]).astype("datetime64[s]")
    keys = rows[spec.relation.key or ""]
    if record is not None and begins.isna().any():
        unknown = Query(
            among={"new_key": tuple(keys[begins.isna()].dropna())}, columns=("new_key", "at")
        )
        links = record.frame(lineage_table(spec.id), unknown)
        begins = begins.fillna(looked_up(keys, links.groupby("new_key")["at"].max()))
    days: pd.Series = begins.dt.floor("D")
    return days


def _versions(
    record: Rows, spec: CollectionSpec, asked: Query, on: date
) -> gpd.GeoDataFrame | pd.DataFrame:
    table = version_table(spec.id)
    names = {c.name for c in record.table(table).schema.columns}
    kept = tuple(n for n in asked.columns or () if n in names)
    query = replace(asked, columns=(*kept, VALID_FROM, VALID_TO))
    if not {*asked.equals, *asked.among} <= names:
        query = replace(query, equals={}, among={}, ids=())  # asked for what former ones lack
    rows = record.frame(table, query)
    day = pd.Timestamp(on)
    first, last = (pd.to_datetime(rows[n]).dt.floor("D") for n in (VALID_FROM, VALID_TO))
    return rows[~(first > day) & ~(last <= day)].drop(columns=[VALID_FROM, VALID_TO])
