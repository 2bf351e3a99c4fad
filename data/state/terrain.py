"""The terrain of the state: one file per city, and an index over them that opens as one raster."""

from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.transform import from_origin

from data.state.place import Place

Height = tuple[NDArray[np.float32], float, float, float]

BLOCK = 512


def write_terrain(folder: Path, height: Height, place: Place) -> int:
    """Write the terrain of one city; return its bytes on disk.

    All copies have the same heights, so they are compressed once and copied.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file, first = folder / _name(place.number), folder / _name(0)
    cells, west, north, cell = height
    transform = from_origin(west + place.shift[0], north + place.shift[1], cell, cell)
    if place.number == 0:
        profile = {
            "driver": "GTiff",
            "height": cells.shape[0],
            "width": cells.shape[1],
            "count": 1,
            "dtype": "float32",
            "crs": "EPSG:25832",
            "transform": transform,
            "tiled": True,
            "blockxsize": BLOCK,
            "blockysize": BLOCK,
            "compress": "DEFLATE",
            "zlevel": 1,
            "predictor": 3,
        }
        with rasterio.open(file, "w", **profile) as raster:
            raster.write(cells, 1)
    else:
        file.write_bytes(first.read_bytes())
        with rasterio.open(file, "r+") as raster:
            raster.transform = transform
    return file.stat().st_size


def write_terrain_index(folder: Path, height: Height, places: list[Place]) -> None:
    """Write ``terrain.vrt``: all files as one raster, -9999 between the cities."""
    cells, west, north, cell = height
    rows, columns = cells.shape
    x = np.asarray([west + place.shift[0] for place in places])
    y = np.asarray([north + place.shift[1] for place in places])
    across = np.round((x - x.min()) / cell).astype(int)
    down = np.round((y.max() - y) / cell).astype(int)
    sources = "".join(
        f"<ComplexSource><SourceFilename relativeToVRT='1'>{escape(_name(place.number))}"
        "</SourceFilename><SourceBand>1</SourceBand>"
        f"<SrcRect xOff='0' yOff='0' xSize='{columns}' ySize='{rows}'/>"
        f"<DstRect xOff='{a}' yOff='{d}' xSize='{columns}' ySize='{rows}'/></ComplexSource>\n"
        for place, a, d in zip(places, across.tolist(), down.tolist(), strict=True)
    )
    text = (
        f"<VRTDataset rasterXSize='{across.max() + columns}' rasterYSize='{down.max() + rows}'>"
        "<SRS>EPSG:25832</SRS>"
        f"<GeoTransform>{x.min()}, {cell}, 0, {y.max()}, 0, {-cell}</GeoTransform>\n"
        "<VRTRasterBand dataType='Float32' band='1'><NoDataValue>-9999</NoDataValue>\n"
        f"{sources}</VRTRasterBand></VRTDataset>\n"
    )
    (folder / "terrain.vrt").write_text(text, encoding="utf-8")


def _name(number: int) -> str:
    return f"city-{number:03d}.tif"
