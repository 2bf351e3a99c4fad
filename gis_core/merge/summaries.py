"""What a parcel's links add up to: numbers, areas, sums, counts by value."""

import json
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_core.merge.largest_remainder import share_out
from gis_core.merge.links import Links, Method


def summarise(
    links: Links,
    *,
    parcel_key: NDArray[np.object_],
    sums: dict[str, NDArray[np.generic]] | None = None,
    values: NDArray[np.object_] | None = None,
    with_areas: bool = False,
) -> pd.DataFrame:
    """Add up links by parcel.

    Parameters
    ----------
    links
        k links of one collection; features in an order that does not depend on the source.
    parcel_key
        (m,) text, the fabric's keys.
    sums
        Name to (n,) numbers of the features, missing as NaN. A feature on several parcels is
        shared out by its shares; integers so that the parts are whole and add up exactly.
    values
        (n,) text to count by, missing as None.
    with_areas
        Whether to add up the areas by value, too.

    Returns
    -------
    DataFrame
        One row per parcel that has a link, in key order: ``parcel_key``, ``n`` features,
        ``area_m2`` on the parcel, ``boundary`` and ``nearest`` links among them, ``sum_NAME``,
        and with ``values`` the column ``counts`` ({value: features}), with ``with_areas``
        ``areas`` ({value: m²}), as JSON text, keys sorted, "" for missing.

    Notes
    -----
    Addends are put in order of size first, so sums are the same to the last bit for any order of
    the input. O(k log k).
    """
    here, group, n = np.unique(links.parcel, return_inverse=True, return_counts=True)
    table = pd.DataFrame(
        {
            "parcel_key": parcel_key[here],
            "n": n,
            "area_m2": _sum(links.area_m2, group, len(here)),
            "boundary": np.bincount(group, links.boundary, len(here)).astype(np.int64),
            "nearest": np.bincount(group, links.has(Method.NEAREST), len(here)).astype(np.int64),
        }
    )
    for name, amount in (sums or {}).items():
        table[f"sum_{name}"] = _sum(_shared_out(amount, links), group, len(here))
    if values is not None:
        value = as_text(values)[links.feature]
        table["counts"] = _by_value(group, value, np.ones(len(links), np.int64), len(here))
        if with_areas:
            table["areas"] = _by_value(group, value, links.area_m2, len(here))
    return table


def as_text(values: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return values as text, missing ones as ""."""
    codes, distinct = pd.factorize(values)
    return np.array([*map(str, distinct), ""], object)[codes]


def json_by_group(
    group: NDArray[np.intp], name: NDArray[np.object_], amount: NDArray[np.generic], groups: int
) -> NDArray[np.object_]:
    """Return {name: amount} of each group as JSON text, in the order given."""
    encode = json.JSONEncoder(ensure_ascii=False).encode
    order = np.argsort(group, kind="stable")
    codes, distinct = pd.factorize(name[order])
    begun = np.array([encode(n) + ": " for n in distinct], object)[codes].tolist()
    # Whole numbers and decimals are written as JSON writes them.
    parts = [f"{key}{n!r}" for key, n in zip(begun, amount[order].tolist(), strict=True)]
    end = np.cumsum(np.bincount(group, minlength=groups)).tolist()
    texts = np.empty(groups, object)
    texts[:] = ["{" + ", ".join(parts[first:last]) + "}" for first, last in pairwise([0, *end])]
    return texts


def _shared_out(amount: NDArray[np.generic], links: Links) -> NDArray[np.generic]:
    """Return the part of each feature's amount that goes to each link."""
    if np.issubdtype(amount.dtype, np.integer):
        return share_out(amount.astype(np.int64), links.share, links.feature)
    part = np.nan_to_num(amount.astype(np.float64))[links.feature] * links.share
    return np.asarray(part)


def _sum(amount: NDArray[np.generic], group: NDArray[np.intp], groups: int) -> NDArray[np.generic]:
    """Add up by group, in order of group and size."""
    if np.issubdtype(amount.dtype, np.integer):
        total = np.zeros(groups, np.int64)
        np.add.at(total, group, amount)
        return total
    value = amount.astype(np.float64)
    order = np.lexsort((value, group))
    return np.asarray(np.bincount(group[order], value[order], groups))


def _by_value(
    group: NDArray[np.intp],
    value: NDArray[np.object_],
    amount: NDArray[np.generic],
    groups: int,
) -> NDArray[np.object_]:
    """Return for each group the sums by value as JSON text, sorted by value."""
    codes, names = pd.factorize(value, sort=True)
    width = max(len(names), 1)
    pair, place = np.unique(group * width + codes, return_inverse=True)
    total = _sum(amount, place, len(pair))
    if not np.issubdtype(total.dtype, np.integer):
        total = np.round(total.astype(np.float64), 3)
    return json_by_group(pair // width, names[pair % width], total, groups)
