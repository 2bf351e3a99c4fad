"""`apportion`: what is known by one division of the land, by parcel."""

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_core.errors import QueryError
from gis_core.geometry import repair_polygons
from gis_core.merge.frame_inputs import (
    FrameParcels,
    column,
    numbers,
    refuse_flat,
    repaired,
    shapes_of,
)
from gis_core.merge.frame_plane import Geo, check_plane
from gis_core.merge.largest_remainder import share_out
from gis_core.merge.links import Links
from gis_core.merge.shares import SMALLEST_AREA_M2, overlap

COVERED = "covered_share"
LARGEST_WHOLE = 1e12
"""Beyond it the parts of a whole number, taken as floats, no longer tell units apart."""


def apportion(
    sources: gpd.GeoDataFrame,
    parcels: Geo,
    *,
    extensive: Sequence[str] = (),
    intensive: Sequence[str] = (),
    key: str | None = None,
    whole: bool = False,
    spread: bool = False,
    engine: str = "auto",
) -> pd.DataFrame:
    """Carry figures from areas, such as census cells, over to parcels: areal interpolation.

    Parameters
    ----------
    sources
        n areas with the figures, in a projected CRS in metres. What is not valid is repaired
        in a copy.
    parcels
        Areas in the same CRS; they need not be parcels.
    extensive
        Columns of amounts (people, litres, euros): each is split by the share of the source's
        area that lies on each parcel. Missing counts as none.
    intensive
        Columns of rates (people per km², degrees, €/m²): averaged over the covered part of the
        parcel, by area. Missing ones are left out of the average.
    key
        Column of the parcels' keys; None: the index. The rows of one key are one parcel.
    whole
        Amounts are whole numbers and stay so: each source's is cut by largest remainder.
    spread
        What lies outside all parcels goes to the parcels that share the source, not to ``lost``.
    engine
        "shapely", "kernels", or "auto": kernels from 10,000 parcels on.

    Returns
    -------
    DataFrame
        A row for each key in the order of the parcels, indexed by it, so that
        ``parcels.join(result)`` fits: the extensive columns (float64, with ``whole`` int64; 0
        where nothing reaches), the intensive columns (float64, NaN where nothing is known) and
        ``covered_share``, the sources' area on the parcel by the parcel's (above 1 where sources
        overlap; NaN for parcels without a geometry).

        ``attrs["lost"]`` holds by extensive column what reached no parcel, ``lost_m2`` the
        area of the sources outside.

    Raises
    ------
    CRSMismatchError
        The CRS differ, one is missing, or it is not projected in metres.
    GeometryTypeError
        A source or parcel is no area.
    QueryError
        An unknown column, one that is not of numbers, or with ``whole`` not of whole ones.

    Notes
    -----
    The sum of an extensive column over the parcels and ``lost`` is the sum over the sources: to
    rounding (1e-12 of the sum of the absolute amounts), with ``whole`` exactly. That holds where
    parcels overlap, too: the parts of a source are cut down where they would exceed it. A source
    that is covered but for a square millimetre by parcel loses nothing.

    The method takes amounts for evenly spread within each source. ``whole`` with many sources
    of a few units each favours the parcel with the largest part of each.

    The semantics are those of ``tobler.area_weighted.area_interpolate``, which takes missing
    for 0 in rates as well and has ``spread`` on by default (there ``allocate_total``).

    Cost: that of :func:`~gis_core.merge.frames.merge` with ``how="share"``, and O(k) by column.

    Source: areal weighting, Goodchild and Lam (1980); largest remainder, Hare and Niemeyer.

    Examples
    --------
    A census cell with 100 people over two plots and, for a fifth, a lake:

    >>> cells = gpd.GeoDataFrame(
    ...     {"people": [100], "income": [31.5]}, geometry=[shapely.box(0, 0, 10, 5)], crs=25832
    ... )
    >>> plots = gpd.GeoDataFrame(
    ...     geometry=[shapely.box(0, 0, 3, 5), shapely.box(3, 0, 8, 10)],
    ...     index=["A", "B"],
    ...     crs=25832,
    ... )
    >>> apportion(cells, plots, extensive=["people"], intensive=["income"])
       people  income  covered_share
    A    30.0    31.5            1.0
    B    50.0    31.5            0.5

    >>> apportion(cells, plots, extensive=["people"]).attrs["lost"]
    {'people': 20.0}
    >>> apportion(cells, plots, extensive=["people"], whole=True, spread=True)["people"].tolist()
    [38, 62]
    """
    _check_names((*extensive, *intensive))
    check_plane(parcels, sources, ("parcels", "sources"))
    amounts = {name: _amounts(sources, name, whole=whole) for name in extensive}
    rates = {name: numbers(column(sources, name, "sources"), name) for name in intensive}
    known = FrameParcels.read(parcels, key, engine)
    mended = repair_polygons(shapes_of(sources))
    refuse_flat(
        mended.geometry,
        sources.index,
        "sources",
        'Count points by parcel: merge(parcels, points, how="point").',
    )
    links = overlap(mended.geometry, known.fabric)
    size = np.nan_to_num(shapely.area(mended.geometry))
    weight, outside = _weights(links, size, spread=spread)

    found: dict[str, NDArray[np.generic]] = {}
    lost: dict[str, float | int] = {}
    for name, amount in amounts.items():
        by_parcel, rest = _split(amount, weight, outside, links, len(known.fabric), whole=whole)
        found[name] = known.by_key(by_parcel, 0)
        lost[name] = rest.sum().item()
    for name, rate in rates.items():
        found[name] = known.by_key(_average(rate, links, len(known.fabric)), np.nan)
    covered = _sum(links.area_m2, links, len(known.fabric)) / known.fabric.area_m2
    covered = np.where(np.abs(covered - 1) < 1e-9, 1.0, covered)  # no noise beside a full cover
    found[COVERED] = known.by_key(covered, np.nan)

    order = pd.unique(known.code[known.code >= 0])
    index = known.keys.take(order).rename(parcels.index.name if key is None else key)
    result = pd.DataFrame({name: values[order] for name, values in found.items()}, index=index)
    result.attrs = {
        "lost": lost,
        "lost_m2": float((outside * size).sum()),
        "sources_repaired": repaired(mended.changed, mended.geometry),
        "sources_without_geometry": int(shapely.is_missing(mended.geometry).sum()),
        **known.counts,
    }
    return result


def _check_names(names: tuple[str, ...]) -> None:
    seen = (*names, COVERED)
    for name in names:
        if seen.count(name) > 1:
            raise QueryError(
                f"the column {name!r} is asked for twice, or the result's own is called so",
                advice="Name each column once, extensive or intensive; rename your own.",
                found=name,
            )


def _amounts(
    sources: gpd.GeoDataFrame, name: str, *, whole: bool
) -> NDArray[np.float64] | NDArray[np.int64]:
    """Return the amounts of the sources, missing as 0; with ``whole`` as int64."""
    value = numbers(column(sources, name, "sources"), name)
    value = np.where(np.isnan(value), 0.0, value)
    if not whole:
        return value
    broken = np.flatnonzero((value != np.round(value)) | (np.abs(value) > LARGEST_WHOLE))
    if len(broken):
        row, found = sources.index[broken[0]], float(value[broken[0]])
        raise QueryError(
            f"{name}: row {row} has {found}, no whole number up to {LARGEST_WHOLE:.0e}",
            advice="Leave out whole=True, or round the column.",
            row=str(row),
            field=name,
            found=found,
            expected="a whole number",
        )
    return value.astype(np.int64)


def _weights(
    links: Links, size: NDArray[np.float64], *, spread: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (k,) the part of its source that each link gets, and (n,) the part left outside."""
    n = len(size)
    covered = np.bincount(links.feature, links.area_m2, n)
    pieces = np.bincount(links.feature, minlength=n)
    rest = size - covered
    full = (pieces > 0) & (rest <= SMALLEST_AREA_M2 * pieces)
    if spread:
        full = pieces > 0
    base = np.where(full, covered, size)
    weight = links.area_m2 / base[links.feature]
    outside = np.where(full, 0.0, np.where(size > 0, rest / np.where(size > 0, size, 1), 1.0))
    return weight, outside


def _split(
    amount: NDArray[np.float64] | NDArray[np.int64],
    weight: NDArray[np.float64],
    outside: NDArray[np.float64],
    links: Links,
    parcels: int,
    *,
    whole: bool,
) -> tuple[NDArray[np.float64] | NDArray[np.int64], NDArray[np.float64] | NDArray[np.int64]]:
    """Return (m,) what each parcel gets of the amounts, and (n,) what of each is lost."""
    if not whole:
        return _sum(amount[links.feature] * weight, links, parcels), amount * outside
    source = np.arange(len(outside))
    none = outside == 0  # a part of nothing must not get a unit of the remainder
    part = share_out(
        amount.astype(np.int64),
        np.concatenate([weight, outside[~none]]),
        np.concatenate([links.feature, source[~none]]),
    )
    by_parcel = np.zeros(parcels, np.int64)
    np.add.at(by_parcel, links.parcel, part[: len(links)])
    return by_parcel, part[len(links) :]


def _average(rate: NDArray[np.float64], links: Links, parcels: int) -> NDArray[np.float64]:
    """Return (m,) the mean of the known rates on each parcel, by area."""
    there = ~np.isnan(rate[links.feature])
    on, value = links.take(there), rate[links.feature[there]]
    area = _sum(on.area_m2, on, parcels)
    # Differences from the lowest: where all rates are equal the mean is that rate to the bit.
    low = np.full(parcels, np.inf)
    np.minimum.at(low, on.parcel, value)
    above = _sum(on.area_m2 * (value - low[on.parcel]), on, parcels)
    return np.where(area > 0, low + above / np.where(area > 0, area, 1), np.nan)


def _sum(amount: NDArray[np.float64], links: Links, parcels: int) -> NDArray[np.float64]:
    """Add up by parcel, in order of size: the same bits for any order of the sources."""
    order = np.lexsort((amount, links.parcel))
    return np.asarray(np.bincount(links.parcel[order], amount[order], parcels))
