"""`merge`: GeoDataFrames in, a table of links out."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Literal

import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray

from gis_core.errors import GeometryTypeError, QueryError
from gis_core.geometry import repair_polygons
from gis_core.merge.frame_inputs import (
    Counts,
    FrameParcels,
    check_index,
    column,
    link_areas,
    numbers,
    repaired,
    row_values,
    shapes_of,
)
from gis_core.merge.frame_plane import Geo, check_metres, check_plane, with_geometry
from gis_core.merge.keys import join_keys
from gis_core.merge.links import CONFIDENCES, METHODS, LinkConfidence, Links
from gis_core.merge.points import place_points
from gis_core.merge.shares import overlap

type How = Literal["point", "disc", "share", "key"]

_TAKES: dict[str, set[str]] = {
    "point": {"accuracy_m", "nearest_m", "prefer"},
    "disc": {"accuracy_m", "nearest_m", "prefer", "radius"},
    "share": {"accuracy_m"},
    "key": {"stated_key"},
}
_NEEDS = {"disc": "radius", "key": "stated_key"}


def merge(
    parcels: Geo,
    features: Geo | pd.DataFrame,
    *,
    how: How = "point",
    key: str | None = None,
    radius: str | ArrayLike | None = None,
    accuracy_m: float = 0.0,
    nearest_m: float = 0.0,
    prefer: str | ArrayLike | None = None,
    stated_key: str | None = None,
    engine: str = "auto",
) -> pd.DataFrame:
    """Link features to parcels.

    Parameters
    ----------
    parcels
        n areas in a projected CRS in metres. What is not valid is repaired in a copy.
    features
        Points for "point" and "disc", areas or lines for "share", any table for "key"; in the
        same CRS, with a unique index. Missing and empty geometries get no link.
    how
        "point": the parcel that covers the point, exactly one. "disc": every parcel that a disc
        around the point stands on, such as the stem of a tree. "share": every parcel that the
        feature covers, with its share. "key": the parcels whose keys the feature states.
    key
        Column of the parcels' keys, text or numbers; None: the index. The rows of one key are
        one parcel, their union.
    radius
        For "disc": metres, as a column of the features, an array or a number. Features without
        one (missing or 0) are placed as points.
    accuracy_m
        Positional accuracy of the features, one sigma in metres. Decides which links of points
        are ``boundary_possible`` and which pieces are slivers.
    nearest_m
        A point that no parcel covers goes to the nearest one up to so far away.
    prefer
        Parcels on which points should lie, such as streets for road damage, as a column of the
        parcels or an array of bool. One within ``nearest_m`` goes before a covering parcel.
    stated_key
        For "key": the column of the features that holds a key or a list of keys, spelt as the
        parcels' (`gis_core.keys.read_keys` evens out spellings).
    engine
        "shapely", "kernels", or "auto": kernels from 10,000 parcels on. Both find the same
        links; areas differ by 1e-6 m² at most.

    Returns
    -------
    DataFrame
        A row for each link, in the order of the features, then of the keys; (feature,
        parcel_key) is unique. The index is a plain count.

        ========== ======== ================================================================
        feature    as given label of the feature in its index
        parcel_key as given
        method     category disc, within, nearest, share, key
        share      float64  part of the feature on that parcel, 0 to 1; 1 for points
        distance_m float64  from a point to its nearest parcel; 0 where it lies on it
        area_m2    float64  area of the feature on that parcel; 0 for points, lines and keys
        confidence category certain, boundary_possible, near; exact for keys
        boundary   bool     the border cuts the feature
        sliver     bool     the piece is most likely a drawing difference; never dropped
        ========== ======== ================================================================

        ``attrs`` counts what was met on the way: ``unlinked`` features, ``sliver_m2``,
        ``overlap_m2`` (by so much the features' areas on parcels exceed their own: the parcels
        overlap), ``parcels_without_geometry`` (linked to nothing), ``parcel_rows_repaired`` …

    Raises
    ------
    CRSMismatchError
        The CRS differ, one is missing, or it is not projected in metres. Two frames without a
        CRS are taken for metres of one plane.
    GeometryTypeError
        A feature or parcel is of a kind that ``how`` has no use for.
    QueryError
        An unknown column or engine, an index that is not unique, an option of another ``how``.

    Notes
    -----
    A point on a border, or where parcels overlap, belongs to the lowest key of those that cover
    it; of parcels equally near, likewise. So no answer depends on the order of the rows. For
    "share", parts on overlapping parcels are linked to each of them.

    O((n + f) log n + k) for f features and k links. Kernels take a second to load, then about
    another for 80,000 parcels and as many features; most of it goes into taking the parcels'
    geometry objects apart, which every call does anew.

    Source: areal weighting, Goodchild and Lam (1980); stem discs, § 923 BGB; slivers by width,
    see `gis_core.merge.shares`.

    Examples
    --------
    Two plots; a tree on the first, and one whose stem the border cuts in half:

    >>> import geopandas as gpd
    >>> plots = gpd.GeoDataFrame(
    ...     {"key": ["A", "B"]},
    ...     geometry=[shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)],
    ...     crs=25832,
    ... )
    >>> trees = gpd.GeoDataFrame(
    ...     {"stem_m": [0.3, 0.2]}, geometry=gpd.points_from_xy([4, 10], [5, 5]), crs=25832
    ... )
    >>> links = merge(plots, trees, how="disc", key="key", radius="stem_m")
    >>> links[["feature", "parcel_key", "share", "boundary"]].round(3)
       feature parcel_key  share  boundary
    0        0          A    1.0     False
    1        1          A    0.5      True
    2        1          B    0.5      True

    As a point that tree has one parcel, the one with the lower key:

    >>> merge(plots, trees, key="key")["parcel_key"].tolist()
    ['A', 'A']

    A meadow over both plots, and 8 m² beyond them:

    >>> meadow = gpd.GeoSeries([shapely.box(8, 0, 22, 4)], crs=25832)
    >>> merge(plots, meadow, how="share", key="key")["area_m2"].tolist()
    [8.0, 40.0]

    Register rows state one key or several; the one that nobody carries is counted:

    >>> rows = pd.DataFrame({"parcel": ["B", ["A", "B"], "C"]})
    >>> links = merge(plots, rows, how="key", key="key", stated_key="parcel")
    >>> links["parcel_key"].tolist(), links["share"].tolist(), links.attrs["unlinked"]
    (['B', 'A', 'B'], [1.0, 0.5, 0.5], 1)
    """
    options = {
        "radius": radius,
        "accuracy_m": accuracy_m or None,
        "nearest_m": nearest_m or None,
        "prefer": prefer,
        "stated_key": stated_key,
    }
    _check_options(how, {name for name, value in options.items() if value is not None})
    if not (accuracy_m >= 0 and nearest_m >= 0):
        raise QueryError("accuracy_m and nearest_m are lengths in metres, 0 or more")
    check_index(features, "features")
    if stated_key is not None:
        check_metres(parcels, "parcels")
        known = FrameParcels.read(parcels, key, engine)
        return _table(_by_key(features, stated_key, known), features.index, known)
    placed = with_geometry(features, "features")
    check_plane(parcels, placed, ("parcels", "features"))
    known = FrameParcels.read(parcels, key, engine)
    if how == "share":
        links, mended = _by_share(placed, known, accuracy_m)
        return _table(links, features.index, known, {"features_repaired": mended})
    links = place_points(
        _places(placed),
        known.fabric,
        radius=None if radius is None else numbers(_rows(placed, radius, "radius"), "radius"),
        accuracy_m=accuracy_m,
        nearest_m=nearest_m,
        preferred=None if prefer is None else known.of_rows(_marks(parcels, prefer)),
    )
    return _table(links, features.index, known)


def _check_options(how: str, given: set[str]) -> None:
    """Refuse an option that the kind of merge would overlook, and miss one that it needs."""
    if how not in _TAKES:
        raise QueryError(f"there is no how={how!r}", found=how, expected=tuple(_TAKES))
    for name in sorted(given - _TAKES[how]):
        fits = tuple(kind for kind, takes in _TAKES.items() if name in takes)
        raise QueryError(
            f"{name} has no meaning for how={how!r}",
            advice=f"It belongs to how={' or '.join(map(repr, fits))}.",
            found=name,
            expected=tuple(sorted(_TAKES[how])),
        )
    if how in _NEEDS and _NEEDS[how] not in given:
        raise QueryError(f"how={how!r} needs {_NEEDS[how]}", expected=_NEEDS[how])


def _rows(features: Geo, given: str | ArrayLike, what: str) -> NDArray[np.generic]:
    return row_values(features, given, "features", what)


def _marks(parcels: Geo, prefer: str | ArrayLike) -> NDArray[np.bool_]:
    """Return which rows of the parcels are preferred; missing is no."""
    marks = pd.Series(row_values(parcels, prefer, "parcels", "prefer"))
    marks = marks.mask(marks.isna(), other=False)
    if not marks.isin([True, False]).all():
        raise QueryError(
            "prefer is not true or false in every row",
            advice="Compare it with what you look for: prefer=parcels['use'] == 'street'.",
            expected="bool",
        )
    return marks.to_numpy(np.bool_)


def _places(features: Geo) -> NDArray[np.float64]:
    """Return (n, 2) coordinates of points, NaN for missing ones.

    A multipoint of one point, as some formats have it, is a point.
    """
    shapes = shapes_of(features)
    present = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    single = np.isin(shapely.get_type_id(shapes), (0, 4)) & (shapely.get_num_geometries(shapes) < 2)
    wrong = np.flatnonzero(present & ~single)
    if len(wrong):
        row = features.index[wrong[0]]
        found = shapely.GeometryType(shapely.get_type_id(shapes[wrong[0]])).name.lower()
        raise GeometryTypeError(
            f"features: row {row} is a {found}, not a single point",
            advice='Areas and lines: how="share", or features.representative_point(); '
            "multipoints: features.explode(ignore_index=True).",
            row=str(row),
            found=found,
            expected="point",
        )
    xy = shapely.bounds(shapes)[:, :2]
    xy[~np.isfinite(xy).all(axis=1)] = np.nan
    return np.asarray(xy)


def _by_share(features: Geo, known: FrameParcels, accuracy_m: float) -> tuple[Links, int]:
    """Link areas and lines; also return how many had to be repaired."""
    mended = repair_polygons(shapes_of(features))
    links = overlap(mended.geometry, known.fabric, accuracy_m=accuracy_m)
    return links, repaired(mended.changed, mended.geometry)


def _by_key(features: pd.DataFrame | pd.Series, name: str, known: FrameParcels) -> Links:
    """Link features by the keys that they state; a cell may hold a list of them."""
    cells = pd.Series(column(features, name, "features").array, index=range(len(features)))
    stated = cells.explode() if cells.dtype == object else cells
    stated = stated[stated.notna()]
    of_text, text = (
        not pd.api.types.is_numeric_dtype(v.infer_objects()) for v in (known.keys, stated)
    )
    if len(stated) and len(known.keys) and of_text != text:
        raise QueryError(
            f"the parcels' keys are {_words(of_text)}, those in {name!r} are {_words(text)}",
            advice="Read keys as text on both sides: numbers have lost their leading zeros.",
            found=_words(text),
            expected=_words(of_text),
        )
    code = known.keys.get_indexer(pd.Index(stated))
    here = np.flatnonzero(code >= 0)
    links, _ = join_keys(
        stated.index.to_numpy(np.intp)[here],
        np.char.mod("%09d", code[here]).astype(object),
        np.full(len(here), LinkConfidence.EXACT.value, object),
        known.fabric,
    )
    return links


def _words(text: bool) -> str:
    return "text" if text else "numbers"


def _table(
    links: Links, index: pd.Index, known: FrameParcels, counts: Counts | None = None
) -> pd.DataFrame:
    """Return links by the labels that the caller gave, and what was counted."""
    table = pd.DataFrame(
        {
            "feature": index.take(links.feature),
            "parcel_key": known.named(links.parcel),
            "method": _words_of(links.method, METHODS),
            "share": links.share,
            "distance_m": links.distance_m,
            "area_m2": links.area_m2,
            "confidence": _words_of(links.confidence, CONFIDENCES),
            "boundary": links.boundary,
            "sliver": links.sliver,
        }
    )
    table.attrs = {
        "features": len(index),
        "unlinked": len(links.unlinked(len(index))),
        **link_areas(links),
        **(counts or {}),
        **known.counts,
    }
    return table


def _words_of(code: NDArray[np.int8], words: Sequence[StrEnum]) -> "pd.Categorical[str]":
    return pd.Categorical.from_codes(code.astype(np.intp), pd.Index([w.value for w in words]))
