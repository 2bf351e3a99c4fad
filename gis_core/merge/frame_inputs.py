"""Columns, keys and shapes of GeoDataFrames as the merge wants them, or a reason why not."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray

from gis_core.errors import GeometryTypeError, QueryError
from gis_core.geometry import repair_polygons
from gis_core.merge.engine_name import EngineName
from gis_core.merge.engines import choose_engine
from gis_core.merge.fabric import ParcelFabric
from gis_core.merge.frame_plane import Geo
from gis_core.merge.links import Links

type Counts = dict[Hashable, Any]
"""What goes into the ``attrs`` of a result."""


@dataclass(frozen=True, slots=True)
class FrameParcels:
    """The parcels of a GeoDataFrame, indexed, with their keys as they were given.

    Attributes
    ----------
    fabric
        m parcels in the order of their keys; its own keys are ranks.
    keys
        The (u,) different keys, ascending, of parcels without a geometry too.
    code
        (n,) position in ``keys`` of each row, -1 where it has no key.
    of_parcel
        (m,) position in ``keys`` of each parcel of the fabric.
    counts
        What was left out or changed, for the result's ``attrs``.
    """

    fabric: ParcelFabric
    keys: pd.Index
    code: NDArray[np.intp]
    of_parcel: NDArray[np.intp]
    counts: Counts

    @classmethod
    def read(cls, parcels: Geo, key: str | None, engine: str) -> "FrameParcels":
        """Join the rows of each key, repair what is not valid, and index; O(n log n).

        Parameters
        ----------
        parcels
            n areas; a geometry or key may be missing.
        key
            The column with the parcel keys, of text or numbers; None: the index.
        """
        if engine not in tuple(EngineName):
            raise QueryError(
                f"there is no engine {engine!r}", found=engine, expected=tuple(EngineName)
            )
        named = pd.Series(parcels.index if key is None else column(parcels, key, "parcels"))
        named = named.mask(named.eq("").fillna(value=False)) if named.dtype.kind in "OU" else named
        code, keys = pd.Index(named).factorize(sort=True)
        mended = repair_polygons(shapes_of(parcels))
        # Ranks of fixed width sort as the keys themselves do, be they text or numbers.
        rank = np.char.mod("%09d", code).astype(object)
        rank[code < 0] = None
        refuse_flat(
            mended.geometry,
            parcels.index,
            "parcels",
            "Leave out what is no area: parcels[parcels.area > 0].",
        )
        fabric = ParcelFabric.build(rank, mended.geometry, engine=engine)
        rows = np.bincount(code[code >= 0], minlength=len(keys))
        counts: Counts = {
            "engine": choose_engine(engine, len(fabric)).value,
            "parcels": len(fabric),
            "parcels_without_geometry": len(keys) - len(fabric),
            "parcels_of_several_rows": int((rows > 1).sum()),
            "parcel_rows_without_key": int((code < 0).sum()),
            "parcel_rows_repaired": repaired(mended.changed, mended.geometry),
        }
        return cls(fabric, keys, code, fabric.key.astype(np.intp), counts)

    def named(self, parcel: NDArray[np.intp]) -> pd.Index:
        """Return the keys of the fabric's parcels at these positions."""
        return self.keys.take(self.of_parcel[parcel])

    def by_key[T: np.generic](self, amount: NDArray[T], missing: float) -> NDArray[T]:
        """Spread (m,) amounts of the fabric's parcels over all (u,) keys."""
        spread = np.full(len(self.keys), missing, amount.dtype)
        spread[self.of_parcel] = amount
        return spread

    def of_rows(self, marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which of the fabric's m parcels have a marked row."""
        found = np.zeros(len(self.fabric), np.bool_)
        row = self.fabric.row[marked]
        found[row[row >= 0]] = True
        return found


def check_index(frame: pd.DataFrame | pd.Series, name: str) -> None:
    """Refuse an index that names two rows alike: links could not be told apart.

    Raises
    ------
    QueryError
        A label occurs twice.
    """
    if not frame.index.is_unique:
        twice = frame.index[frame.index.duplicated()][0]
        raise QueryError(
            f"{name}: the index names more than one row {twice}",
            advice=f"Number the rows: {name} = {name}.reset_index(drop=True).",
            found=str(twice),
            expected="a unique index",
        )


def column(frame: pd.DataFrame | pd.Series, name: str, of: str) -> "pd.Series[Any]":
    """Return a column of a frame.

    Raises
    ------
    QueryError
        It has none of that name.
    """
    there = list(frame.columns) if isinstance(frame, pd.DataFrame) else []
    if name not in there:
        raise QueryError(
            f"{of} have no column {name!r}",
            advice="Columns: " + ", ".join(map(str, there)) if there else "",
            found=name,
        )
    return frame[name]


def row_values(
    frame: pd.DataFrame | pd.Series, given: str | ArrayLike, of: str, what: str
) -> NDArray[np.generic]:
    """Return a value for each row: from a column, an array in the order of the rows, or a number.

    Raises
    ------
    QueryError
        There is no such column, or the array is of another length or order.
    """
    if isinstance(given, str):
        return column(frame, given, of).to_numpy()
    if isinstance(given, pd.Series) and not given.index.equals(frame.index):
        raise QueryError(
            f"{what} and {of} are not indexed alike",
            advice=f"Give the name of a column, or {what}.reindex({of}.index).",
        )
    values = np.asarray(given)
    if values.ndim and values.shape != (len(frame),):
        raise QueryError(
            f"{what} has the shape {values.shape}, {of} have {len(frame)} rows",
            found=str(values.shape),
            expected=str((len(frame),)),
        )
    return np.broadcast_to(values, (len(frame),))


def numbers(values: NDArray[np.generic] | pd.Series, what: str) -> NDArray[np.float64]:
    """Return values as float64, missing as NaN.

    Raises
    ------
    QueryError
        They are not numbers, or one is infinite.
    """
    try:
        found = pd.Series(values).to_numpy(np.float64, na_value=np.nan)
    except (TypeError, ValueError) as fault:
        raise QueryError(
            f"{what} is not a column of numbers",
            advice="Read it with pandas.to_numeric first.",
            found=str(pd.Series(values).dtype),
            expected="numbers",
        ) from fault
    if np.isinf(found).any():
        raise QueryError(f"{what} has an infinite value", found="inf", expected="numbers")
    return found


def shapes_of(frame: Geo) -> NDArray[np.object_]:
    """Return the geometries of a frame, None for missing; a copy that may be changed.

    A precision grid (`shapely.set_precision`) goes with a geometry and would round what GEOS
    makes of it, and with it all areas; it is taken off here.
    """
    shapes = np.array(frame.geometry.array, dtype=object)
    gridded = shapely.get_precision(shapes) > 0
    if gridded.any():
        shapes[gridded] = shapely.set_precision(shapes[gridded], 0, mode="pointwise")
    return shapes


def repaired(changed: NDArray[np.bool_], geometry: NDArray[np.object_]) -> int:
    """Return how many geometries a repair changed and did not lose."""
    return int((changed & ~shapely.is_missing(geometry)).sum())


def link_areas(links: Links) -> Counts:
    """Return the area of slivers, and by how much parcels that overlap are counted twice."""
    whole = np.bincount(links.feature, links.share)
    area = np.bincount(links.feature, links.area_m2)
    over = whole > 1
    return {
        "sliver_m2": float(np.sort(links.area_m2[links.sliver]).sum()),
        "overlap_m2": round(float(np.sort(area[over] * (1 - 1 / whole[over])).sum()), 6),
    }


def refuse_flat(geometry: NDArray[np.object_], index: pd.Index, name: str, advice: str) -> None:
    """Refuse points and lines where areas are needed, by the row's label.

    Raises
    ------
    GeometryTypeError
        One of the (n,) geometries is a point or a line.
    """
    flat = np.flatnonzero(np.isin(shapely.get_dimensions(geometry), (0, 1)))
    if len(flat):
        row, kind = index[flat[0]], shapely.GeometryType(shapely.get_type_id(geometry[flat[0]]))
        raise GeometryTypeError(
            f"{name}: row {row} is a {kind.name.lower()} and has no area",
            advice=advice,
            row=str(row),
            found=kind.name.lower(),
            expected="polygon",
        )
