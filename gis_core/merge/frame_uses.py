"""`use_areas`: how much of each parcel is used for what, from GeoDataFrames."""

import geopandas as gpd
import numpy as np
import pandas as pd

from gis_core.geometry import repair_polygons
from gis_core.merge.frame_inputs import (
    FrameParcels,
    column,
    link_areas,
    numbers,
    refuse_flat,
    repaired,
    shapes_of,
)
from gis_core.merge.frame_plane import Geo, check_plane
from gis_core.merge.land_use import use_parts
from gis_core.merge.shares import overlap


def use_areas(
    parcels: Geo,
    uses: gpd.GeoDataFrame,
    *,
    use: str,
    key: str | None = None,
    official_m2: str | None = None,
    accuracy_m: float = 0.0,
    engine: str = "auto",
) -> pd.DataFrame:
    """Cut each parcel's area into parts by land use that add up to it.

    Parameters
    ----------
    parcels
        Areas in a projected CRS in metres.
    uses
        Areas with a use each, in the same CRS.
    use
        Column of the uses that says what they are; missing is "".
    key
        Column of the parcels' keys; None: the index. The rows of one key are one parcel.
    official_m2
        Column of the parcels' official areas; where missing, or None, the drawn area counts.
    accuracy_m
        Positional accuracy of the uses; decides what is a sliver. 0: nothing is.
    engine
        "shapely", "kernels", or "auto": kernels from 10,000 parcels on.

    Returns
    -------
    DataFrame
        ``parcel_key`` (as given), ``use``, ``planar_m2`` as drawn, ``area_m2``: the part of the
        official area, ``share`` of it, ``sliver_m2``: slivers of other uses, counted with this
        one. By key, the largest part first. A gap of more than 2 % is a part with the use "".
        The ``area_m2`` of a parcel add up to its area, in whole m² where that is whole, else in
        0.01 m².

        ``attrs["sliver_m2"]`` is the area reassigned in all, ``overlap_m2`` what uses
        have on more than one parcel.

    Raises
    ------
    CRSMismatchError, GeometryTypeError, QueryError
        As for :func:`~gis_core.merge.frames.merge`.

    Notes
    -----
    Parcels that no use touches have no row; nor have those without a geometry. Of several rows
    of one key the largest official area counts. Cost: that of `merge` with ``how="share"``.

    Source: areas of use sections in official extracts, by largest remainder; slivers by width,
    see `gis_core.merge.shares`.

    Examples
    --------
    The wood was drawn 10 cm over the border; that strip is meadow, as is the rest of plot B:

    >>> import shapely
    >>> plots = gpd.GeoDataFrame(
    ...     {"key": ["A", "B"], "official": [101, 99]},
    ...     geometry=[shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)],
    ...     crs=25832,
    ... )
    >>> uses = gpd.GeoDataFrame(
    ...     {"kind": ["path", "wood", "meadow"]},
    ...     geometry=[
    ...         shapely.box(0, 0, 3, 10),
    ...         shapely.box(3, 0, 10.1, 10),
    ...         shapely.box(10.1, 0, 20, 10),
    ...     ],
    ...     crs=25832,
    ... )
    >>> parts = use_areas(
    ...     plots, uses, use="kind", key="key", official_m2="official", accuracy_m=0.3
    ... )
    >>> parts[["parcel_key", "use", "area_m2"]]
      parcel_key     use  area_m2
    0          A    wood     71.0
    1          A    path     30.0
    2          B  meadow     99.0
    >>> round(parts.attrs["sliver_m2"], 3)
    1.0
    """
    check_plane(parcels, uses, ("parcels", "uses"))
    kind = column(uses, use, "uses").astype(object).to_numpy()
    known = FrameParcels.read(parcels, key, engine)
    official = np.full(len(known.fabric), np.nan)
    if official_m2 is not None:
        stated = numbers(column(parcels, official_m2, "parcels"), official_m2)
        row = known.fabric.row
        np.fmax.at(official, row[row >= 0], stated[row >= 0])
    mended = repair_polygons(shapes_of(uses))
    refuse_flat(mended.geometry, uses.index, "uses", "Leave out what is no area.")
    links = overlap(mended.geometry, known.fabric, accuracy_m=accuracy_m)
    parts = use_parts(links, kind, planar_m2=known.fabric.area_m2, official_m2=official)
    parcel = parts["parcel"].to_numpy(np.intp)
    parts.insert(0, "parcel_key", known.named(parcel))
    whole = parts.groupby("parcel")["area_m2"].transform("sum")
    parts["share"] = parts["area_m2"] / whole.where(whole > 0)
    parts.attrs = {
        **link_areas(links),
        "uses_repaired": repaired(mended.changed, mended.geometry),
        **known.counts,
    }
    return parts[["parcel_key", "use", "planar_m2", "area_m2", "share", "sliver_m2"]]
