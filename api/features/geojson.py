"""Frames as GeoJSON."""

from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.extensions import ExtensionArray
from pandas.arrays import DatetimeArray, NumpyExtensionArray

from gis_core.geojson import feature_texts, geometry_texts, property_texts
from layers.spec import FieldType
from layers.view import CollectionView

Days = frozenset[str]


def days(view: CollectionView) -> Days:
    """Name the fields that hold days without a time."""
    return frozenset(field.name for field in view.fields if field.type is FieldType.DATE)


def property_columns(frame: pd.DataFrame, dates: Days) -> dict[str, list[object]]:
    """Return the frame's columns as lists of JSON values; missing is None.

    Works on the columns' arrays: what pandas does around them costs more than a page of
    features.
    """
    place = frame.geometry.name if isinstance(frame, gpd.GeoDataFrame) else None
    return {
        str(name): _json_values(column.array, "D" if name in dates else "s")
        for name, column in frame.items()
        if name != place
    }


def _json_values(values: ExtensionArray, unit: Literal["D", "s"]) -> list[object]:
    plain = values.to_numpy() if isinstance(values, NumpyExtensionArray) else values
    if isinstance(plain, DatetimeArray):
        instants = plain.to_numpy().astype(f"datetime64[{unit}]")
        ending = "" if unit == "D" else "Z"
        texts = np.datetime_as_string(instants).tolist()
        gone = np.isnat(instants).tolist()
        return [None if g else t + ending for g, t in zip(gone, texts, strict=True)]
    if isinstance(plain, ExtensionArray):
        cells, missing = plain.to_numpy(dtype=object).tolist(), plain.isna().tolist()
        return [None if g else cell for g, cell in zip(missing, cells, strict=True)]
    return [None if v != v else v for v in plain.tolist()]  # NaN differs from itself


def feature_bytes(
    frame: pd.DataFrame, geometry: NDArray[np.object_] | None, digits: int, dates: Days
) -> list[bytes]:
    """Return each row as the bytes of a GeoJSON feature.

    Parameters
    ----------
    frame
        n rows, indexed by feature id.
    geometry
        (n,) shapely geometries in the CRS of the answer; None for features without place.
    digits
        Decimals of coordinates.
    dates
        Columns that hold days without a time.
    """
    properties = property_texts(property_columns(frame, dates), len(frame))
    shapes = None if geometry is None else geometry_texts(geometry, digits)
    return feature_texts(frame.index.tolist(), shapes, properties)
