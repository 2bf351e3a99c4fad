"""Whole numbers shared out so that the parts add up."""

import numpy as np
from numpy.typing import NDArray


def share_out(
    total: NDArray[np.int64], weight: NDArray[np.float64], group: NDArray[np.intp]
) -> NDArray[np.int64]:
    """Cut whole totals into whole parts by weight, so that the parts of each add up exactly.

    Parameters
    ----------
    total
        (g,) int64, what is to be shared out in each group.
    weight
        (k,) float64, 0 or more; a group with no positive weight is shared out evenly.
    group
        (k,) intp, position in ``total``.

    Returns
    -------
    (k,) int64
        For each group that occurs the sum is its total, and no part is off by 1 or more.

    Notes
    -----
    Source: largest remainder (Hare and Niemeyer). Equal remainders: the one that comes first.

    Examples
    --------
    >>> share_out(np.array([100]), np.array([1.0, 1.0, 1.0]), np.array([0, 0, 0])).tolist()
    [34, 33, 33]
    """
    count = np.bincount(group, minlength=len(total))
    whole = np.bincount(group, weight, len(total))
    part = np.where(whole[group] > 0, weight / np.where(whole > 0, whole, 1)[group], 0)
    part = np.where(whole[group] > 0, part, 1 / np.maximum(count, 1)[group])
    quota = part * total[group]
    result = np.floor(quota).astype(np.int64)
    got = np.zeros(len(total), np.int64)
    np.add.at(got, group, result)
    order = np.lexsort((np.arange(len(group)), -(quota - result), group))
    start = np.cumsum(count) - count
    rank = np.arange(len(group)) - start[group[order]]
    result[order] += rank < (total - got)[group[order]]
    return result
