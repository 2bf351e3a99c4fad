"""Stated parcel keys to parcels, n to m: a hash join that keeps what it cannot join."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_core.merge.fabric import ParcelFabric
from gis_core.merge.links import CONFIDENCES, LinkConfidence, Links, Method


def join_keys(
    feature: NDArray[np.intp],
    key: NDArray[np.object_],
    confidence: NDArray[np.object_],
    fabric: ParcelFabric,
) -> tuple[Links, NDArray[np.bool_]]:
    """Link features to the parcels whose keys they state.

    Parameters
    ----------
    feature
        (k,) intp, position of the feature that states the key; repeated for several keys.
    key
        (k,) canonical keys as text, missing as None or "".
    confidence
        (k,) text, how the key was read: exact, normalised, text or guessed.
    fabric
        m parcels.

    Returns
    -------
    links : Links
        A key that a feature states twice gives one link, with the surer confidence. The share
        of a feature on its parcels is by their area: registers of economic units state which
        parcels belong to them, rarely how much of each.
    matched : (k,) bool
        Which of the stated keys belong to a parcel.

    Notes
    -----
    Keys are compared as they are; reading and normalising is the import's work. O(k + m).

    Examples
    --------
    >>> import shapely
    >>> fabric = ParcelFabric.build(
    ...     np.array(["A", "B"], object),
    ...     np.array([shapely.box(0, 0, 1, 3), shapely.box(1, 0, 2, 1)]),
    ... )
    >>> stated = np.array(["B", "A", "Z"], object)
    >>> links, matched = join_keys(
    ...     np.array([0, 0, 1]), stated, np.array(["exact"] * 3, object), fabric
    ... )
    >>> links.parcel.tolist(), links.share.tolist(), matched.tolist()
    ([0, 1], [0.75, 0.25], [True, True, False])
    """
    parcel = pd.Index(fabric.key).get_indexer(pd.Index(key, dtype=object))
    matched = np.asarray(parcel >= 0, np.bool_)
    order = {c.value: rank for rank, c in enumerate(CONFIDENCES)}
    worst = order[LinkConfidence.GUESSED]
    sure = np.array([order.get(c, worst) for c in confidence], np.int8)
    table = (
        pd.DataFrame({"feature": feature, "parcel": parcel, "sure": sure})[matched]
        .sort_values(["feature", "parcel", "sure"])
        .drop_duplicates(["feature", "parcel"])
    )
    pair, ground = table["feature"].to_numpy(np.intp), table["parcel"].to_numpy(np.intp)
    area = fabric.area_m2[ground]
    whole = np.bincount(pair, area)[pair] if len(pair) else area
    links = Links.build(
        pair, ground, Method.KEY, table["sure"].to_numpy(np.int8), share=area / whole
    )
    return links, matched


def starting_with(stem: str, keys: NDArray[np.object_], limit: int = 5) -> tuple[str, ...]:
    """Return the first few of the sorted ``keys`` that begin with ``stem``.

    A split keeps the number before the fraction stroke, so the parcels that share it are
    where a key that has gone may have come to.

    Examples
    --------
    >>> starting_with("12", np.array(["11", "12/1", "12/2", "13"], object))
    ('12/1', '12/2')
    """
    first = int(np.searchsorted(keys, stem))
    return tuple(k for k in keys[first : first + limit] if k.startswith(stem))
