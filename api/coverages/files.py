"""Cells as files: GeoTIFF and CoverageJSON."""

from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from api.negotiation import LANGUAGES
from gis_core.offered_crs import definition, is_geographic, northing_first
from layers.reader.rasters import RasterView

if TYPE_CHECKING:  # rasterio is loaded by who asks for cells
    from layers.rasters.cells import Cells

GEOTIFF = "image/tiff; application=geotiff"
COVERAGE_JSON = "application/vnd.cov+json"


def geotiff(cells: "Cells") -> bytes:
    """Return cells as a GeoTIFF in tiles, cloud-optimised, without overviews.

    Notes
    -----
    Values are as they are stored; a scale and an offset are told in the file.
    """
    import rasterio.shutil  # noqa: PLC0415
    from rasterio.crs import CRS  # noqa: PLC0415
    from rasterio.io import MemoryFile  # noqa: PLC0415
    from rasterio.transform import from_origin  # noqa: PLC0415

    grid, values = cells.grid, cells.values
    profile = {
        "driver": "GTiff",
        "dtype": values.dtype.name,
        "count": 1,
        "width": grid.width,
        "height": grid.height,
        "crs": CRS.from_user_input(definition(cells.crs)),
        "transform": from_origin(grid.west, grid.north, grid.dx, grid.dy),
        "nodata": cells.empty,
    }
    with rasterio.Env(GDAL_PAM_ENABLED="NO"), MemoryFile() as plain, MemoryFile() as ready:
        with plain.open(**profile) as target:
            if (cells.scale, cells.offset) != (1.0, 0.0):
                target.scales, target.offsets = (cells.scale,), (cells.offset,)
            target.write(values, 1)
        with plain.open() as source:
            rasterio.shutil.copy(
                source,
                ready.name,
                driver="COG",
                compress="DEFLATE",
                predictor="YES",
                overviews="NONE",
                blocksize=256,
            )
        return bytes(ready.read())


def coverage_json(cells: "Cells", view: RasterView) -> bytes:
    """Return cells as CoverageJSON; numbers are as short as the stored precision allows.

    Source: OGC 21-069r2, Coverage JSON.
    """
    grid, values = cells.grid, cells.measured()
    if cells.values.dtype == np.float32 and (cells.scale, cells.offset) == (1.0, 0.0):
        values = values.astype(np.float32)
    return orjson.dumps(
        {
            "type": "Coverage",
            "domain": {
                "type": "Domain",
                "domainType": "Grid",
                "axes": {
                    "x": _axis(grid.west + grid.dx / 2, grid.dx, grid.width),
                    "y": _axis(grid.north - grid.dy / 2, -grid.dy, grid.height),
                },
                "referencing": [
                    {
                        "coordinates": ["y", "x"] if northing_first(cells.crs) else ["x", "y"],
                        "system": {
                            "type": "GeographicCRS" if is_geographic(cells.crs) else "ProjectedCRS",
                            "id": cells.crs,
                        },
                    }
                ],
            },
            "parameters": {view.id: _parameter(view)},
            "ranges": {
                view.id: {
                    "type": "NdArray",
                    "dataType": "float",
                    "axisNames": ["y", "x"],
                    "shape": [grid.height, grid.width],
                    "values": values.ravel(),
                }
            },
        },
        option=orjson.OPT_SERIALIZE_NUMPY,
    )


def one_value(cells: "Cells") -> bytes:
    """Return the value of a single cell as JSON, ``null`` where there is none."""
    value = cells.measured()[0, 0]
    if cells.values.dtype == np.float32 and (cells.scale, cells.offset) == (1.0, 0.0):
        value = np.float32(value)
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)


def _axis(first: float, step: float, count: int) -> dict[str, Any]:
    if count == 1:
        return {"values": [first]}
    return {"start": first, "stop": first + step * (count - 1), "num": count}


def _parameter(view: RasterView) -> dict[str, Any]:
    title = {language: view.spec.title[language] for language in LANGUAGES}
    told: dict[str, Any] = {"type": "Parameter", "observedProperty": {"label": title}}
    if view.spec.unit:
        told["unit"] = {"symbol": view.spec.unit}
    if view.spec.codes:
        categories: list[dict[str, Any]] = [
            {"id": str(code), "label": said} for code, said in view.spec.codes.items()
        ]
        told["observedProperty"]["categories"] = categories
        told["categoryEncoding"] = {str(code): int(code) for code in view.spec.codes}
    return told
