"""A parcel's official area, cut into parts by actual land use."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_core.merge.largest_remainder import share_out
from gis_core.merge.links import Links
from gis_core.merge.summaries import as_text


def use_parts(
    links: Links,
    values: NDArray[np.object_],
    *,
    planar_m2: NDArray[np.float64],
    official_m2: NDArray[np.float64],
    gap_share: float = 0.02,
) -> pd.DataFrame:
    """Cut each parcel's official area into parts by land use.

    Parameters
    ----------
    links
        k area shares of the uses.
    values
        (n,) text, each use's kind; missing as None.
    planar_m2, official_m2
        (m,) float64, the parcels' areas; where no official one is known (NaN) the planar counts.
    gap_share
        A part of the parcel that no use covers, above this share, becomes a part "".

    Returns
    -------
    DataFrame
        ``parcel`` (position), ``use``, ``planar_m2`` (as drawn), ``area_m2`` (scaled),
        ``sliver_m2`` (other uses' slivers, counted with this one); largest part first.
        The ``area_m2`` of a parcel add up to its official area: in whole m², or in whole
        0.01 m² where the official area has decimals.

    Notes
    -----
    Slivers come from drawing differences; their area goes to the parcel's largest use, so parts
    still add up. Source: areas of use sections in official extracts (domain: largest remainder).
    """
    # Uses are numbered in the order of their names, "" first.
    names, number = np.unique(np.append(as_text(values), ""), return_inverse=True)
    use = number[links.feature]
    table = pd.DataFrame(
        {"parcel": links.parcel, "use": use, "planar_m2": links.area_m2, "sliver": links.sliver}
    ).sort_values(["parcel", "use", "planar_m2"], ignore_index=True)
    parts = _with_gaps(_without_slivers(table), planar_m2, gap_share)
    parts = parts.sort_values(
        ["parcel", "planar_m2", "use"], ascending=[True, False, True], ignore_index=True
    )
    parcel = parts["parcel"].to_numpy(np.intp)
    area = np.where(np.isnan(official_m2), planar_m2, official_m2)
    unit = np.where(area == np.round(area), 1.0, 0.01)
    total = np.round(area / unit).astype(np.int64)
    parts["area_m2"] = np.round(
        share_out(total, parts["planar_m2"].to_numpy(), parcel) * unit[parcel], 2
    )
    parts["use"] = names[parts["use"]]
    return parts[["parcel", "use", "planar_m2", "area_m2", "sliver_m2"]]


def _without_slivers(table: pd.DataFrame) -> pd.DataFrame:
    """Add up the parts of each use; slivers go to the largest use that is not one."""
    solid = table[~table["sliver"]].groupby(["parcel", "use"])[["planar_m2"]].sum().reset_index()
    largest = solid.sort_values(["parcel", "planar_m2", "use"], ascending=[True, False, True])
    owner = dict(
        zip(*(largest.drop_duplicates("parcel")[c] for c in ("parcel", "use")), strict=True)
    )
    use = table["use"].to_numpy(copy=True)
    # A parcel that has nothing but slivers keeps them as they are.
    sliver = np.flatnonzero(table["sliver"])
    use[sliver] = [
        owner.get(parcel, own)
        for parcel, own in zip(table["parcel"].to_numpy()[sliver], use[sliver], strict=True)
    ]
    table = table.assign(
        use=use,
        sliver_m2=table["planar_m2"].where(table["sliver"], 0.0),
    )
    total = table.groupby(["parcel", "use"])[["planar_m2", "sliver_m2"]].sum()
    return total.reset_index()


def _with_gaps(
    parts: pd.DataFrame, planar_m2: NDArray[np.float64], gap_share: float
) -> pd.DataFrame:
    """Add a part without a use where the uses leave more than ``gap_share`` of a parcel open."""
    covered = parts.groupby("parcel")["planar_m2"].sum()
    parcel = covered.index.to_numpy(np.intp)
    gap = planar_m2[parcel] - covered.to_numpy()
    open_ = gap > gap_share * planar_m2[parcel]
    rest = pd.DataFrame(
        {"parcel": parcel[open_], "use": 0, "planar_m2": gap[open_], "sliver_m2": 0.0}
    )
    joined = pd.concat([parts, rest], ignore_index=True) if len(rest) else parts
    total = joined.groupby(["parcel", "use"])[["planar_m2", "sliver_m2"]].sum()
    return total.reset_index()
