"""Successors that the source names: for former parcels of which no drawing is left."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from gis_core.lineage import EventKind
from layers.history.comparing import ENDS, KEY, Comparison
from layers.history.record import STATED
from layers.spec import CollectionSpec


def stated_links(
    compared: Comparison, spec: CollectionSpec, told: frozenset[int]
) -> pd.DataFrame | None:
    """Return links from former parcels to the successors that the source names.

    Parameters
    ----------
    told
        Positions of the versions whose successors were found on their ground: those count more.

    Returns
    -------
    As they are stored, ``event`` as a number below 0; area and shares are not known. None where
    nothing is named.
    """
    field, rows = spec.relation.successors, compared.rows
    if field is None or field not in rows:
        return None
    named = rows[rows[field].notna() & rows[ENDS].notna()]
    named = named[~named.index.isin(list(told))]
    if named.empty:
        return None
    links = pd.DataFrame({"old_key": named[KEY], "at": named[ENDS], "new_key": named[field]})
    links["new_key"] = links["new_key"].astype(object).str.split(" ")
    links = links.explode("new_key", ignore_index=True)
    links = links[links["new_key"] != links["old_key"]].reset_index(drop=True)
    links["event"] = list(_events(links))
    sides = links.groupby("event")[["old_key", "new_key"]].transform("nunique")
    links["kind"] = [
        _kind(old, new) for old, new in zip(sides["old_key"], sides["new_key"], strict=True)
    ]
    unknown = dict.fromkeys(("area_m2", "share_old", "share_new"), np.nan)
    return links.assign(basis=STATED, **unknown)


def _events(links: pd.DataFrame) -> Iterator[int]:
    """Yield for each link the number of its event: what hangs together by a parcel and a day."""
    days = links["at"].dt.floor("D")
    number: dict[tuple[str, str, object], int] = {}
    members: dict[int, list[int]] = {}
    event = np.arange(len(links))
    for i, (old, new, day) in enumerate(zip(links["old_key"], links["new_key"], days, strict=True)):
        members[i] = [i]
        for side in (("old", old, day), ("new", new, day)):
            first = int(event[number.setdefault(side, i)])
            here = int(event[i])
            if first != here:
                event[members[here]] = first
                members[first] += members.pop(here)
    yield from (-1 - event).tolist()


def _kind(old: int, new: int) -> str:
    if old == 1 and new == 1:
        return EventKind.RENUMBER.value
    if new == 1:
        return EventKind.MERGE.value
    return EventKind.SPLIT.value if old == 1 else EventKind.REARRANGEMENT.value
