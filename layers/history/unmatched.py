"""Stated keys that found no parcel, seen in the light of the history."""

import pandas as pd

from gis_core.merge.unmatched import Reason
from layers.history.reading import ParcelHistory

_TOLD_LATER = (Reason.ENDED.value, Reason.NOT_EXISTING.value)


def with_successors(cases: pd.DataFrame, history: ParcelHistory) -> pd.DataFrame:
    """Name the successors of keys that ended, also of those that ended after the merge.

    Parameters
    ----------
    cases
        found, reason, detail, candidates: keys that a merge found no parcel for.

    Returns
    -------
    The cases, with reason ``ended``, the day as detail and the successors as candidates where the
    history knows the key. Where it knows no successors, the candidates stay what they were.
    """
    asked = cases["reason"].isin(_TOLD_LATER)
    fates = history.fates(sorted(set(cases.loc[asked, "found"].dropna())))
    if not fates:
        return cases
    told = cases.copy()
    reasons, details, candidates = (
        told[name].astype(object).tolist() for name in ("reason", "detail", "candidates")
    )
    for at, (key, known) in enumerate(zip(told["found"], asked, strict=True)):
        fate = fates.get(key) if known else None
        if fate is None:
            continue
        reasons[at] = Reason.ENDED.value
        details[at] = fate.ended_on.isoformat() if fate.ended_on else ""
        candidates[at] = list(fate.successor_keys) or candidates[at]
    return told.assign(reason=reasons, detail=details, candidates=candidates)
