"""GPX by fiona, which opens a file with one driver of our choice and no other.

XML that looks like GPX to us may be instructions to another of GDAL's drivers, and those
would be followed; naming the driver closes that door.
"""

from collections.abc import Iterator
from typing import Final

import fiona
import fiona.errors
import numpy as np
import pandas as pd
import shapely.geometry

from layers.formats.archive import SourceFile
from layers.formats.detect import Format
from layers.formats.rows import feature_table, unreadable
from layers.formats.vector import linked
from layers.source import SourceCRS, SourceTable

_LAYERS: Final = ("waypoints", "routes", "tracks", "route_points", "track_points")
_CRS: Final = SourceCRS("OGC:CRS84", stated="WGS 84, by the standard")


def read_gpx(file: SourceFile) -> Iterator[SourceTable]:
    """Read waypoints, routes and tracks; layers without rows are left out.

    Raises
    ------
    SourceFileError
        The file is no whole GPX document.
    """
    with linked(file, Format.GPX) as link:
        for name in _LAYERS:
            try:
                with fiona.open(link, layer=name, driver="GPX") as layer:
                    table = _table(layer, file)
            except (fiona.errors.FionaError, ValueError) as error:
                raise unreadable(file, Format.GPX, str(error)) from error
            if len(table):
                yield table


def _table(layer: fiona.Collection, file: SourceFile) -> SourceTable:
    features = list(layer)
    names = list(layer.schema["properties"])
    values = [[feature.properties[name] for name in names] for feature in features]
    geometry = np.empty(len(features), dtype=object)
    geometry[:] = [f.geometry and shapely.geometry.shape(f.geometry) for f in features]
    attributes = pd.DataFrame(values, columns=names).dropna(axis="columns", how="all")
    lost = np.zeros(len(features), dtype=bool)
    return feature_table(file, layer.name, attributes, geometry, _CRS, lost)
