"""pygeoapi's view of one raster: a provider of coverages and one of maps, over the one door."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson
from pygeoapi.provider.base import ProviderInvalidQueryError

from api.coverages.asking import MOST_VALUES, read_coverage, read_map
from api.coverages.documents import schema
from api.coverages.files import coverage_json, geotiff
from api.coverages.picture import png
from api.ogc.provider import OverReader
from gis_core.cell_grid import CellGrid
from gis_core.errors import FlurbuchError
from layers.reader.rasters import RasterView

if TYPE_CHECKING:
    from layers.rasters.cells import Cells


class _OverRaster(OverReader):
    """One raster as a role may read it."""

    @property
    def view(self) -> RasterView:
        """The raster as the role may read it."""
        return self.reader.raster_view(self.actor, self.collection)

    def get_fields(self) -> dict[str, dict[str, Any]]:
        """Return the only field."""
        fields: dict[str, dict[str, Any]] = schema("", self.view, self.language)["properties"]
        self._fields = fields
        return fields

    def _grid(self, crs: str) -> CellGrid:
        return self.reader.raster_grid(self.view, crs)


class CoverageProvider(_OverRaster):
    """Cells of a raster; refuses what the service itself refuses."""

    def __init__(self, provider_def: dict[str, Any]) -> None:
        super().__init__(provider_def)
        grid = self._grid(self.view.crs)
        self.axes = ["E", "N"]
        self.filename = f"{self.collection}.tif"
        self._coverage_properties = {
            "width": grid.width,
            "height": grid.height,
            "resx": grid.dx,
            "resy": grid.dy,
        }

    def query(
        self,
        properties: Sequence[str] = (),
        subsets: Mapping[str, Sequence[float]] | None = None,
        bbox: Sequence[float] = (),
        bbox_crs: str | None = None,
        format_: str = "json",
        **_: object,
    ) -> Any:  # noqa: ANN401 - a dictionary, or the bytes of a file, as pygeoapi expects
        """Return cells as CoverageJSON, or as a GeoTIFF file; subsets are in the storage CRS.

        Raises
        ------
        ProviderInvalidQueryError
            A parameter is not allowed, or the answer would be too large.
        """
        given = {"properties": ",".join(properties), "subset-crs": self.view.crs}
        if bbox:
            given["bbox"] = ",".join(map(str, bbox))
        if bbox_crs:
            given["bbox-crs"] = bbox_crs
        ranges = [f"{axis}({':'.join(map(str, ends))})" for axis, ends in (subsets or {}).items()]
        cells = _asked(lambda: self._cells(given, ranges, text=format_ != "tif"))
        if format_ == "tif":
            return geotiff(cells)
        return orjson.loads(coverage_json(cells, self.view))

    def _cells(self, given: Mapping[str, str], ranges: Sequence[str], *, text: bool) -> "Cells":
        view = self.view
        most = {"most": MOST_VALUES} if text else {}
        asked = read_coverage(given, ranges, view.id, view.crs, self._grid, **most)
        if asked.own is not None:
            return self.reader.own_cells(view, asked.own)
        return self.reader.cells_on(view, asked.crs, asked.grid)


class MapProvider(_OverRaster):
    """Pictures of a raster."""

    def query(
        self,
        bbox: Sequence[float] = (),
        width: int = 500,
        height: int = 300,
        crs: str | None = None,
        *,
        transparent: str | bool = True,
        **_: object,
    ) -> bytes:
        """Return a picture; pygeoapi has carried the box to the picture's CRS.

        Raises
        ------
        ProviderInvalidQueryError
            A parameter is not allowed, or the picture would be too large.
        """
        crs = (crs or self.view.crs).replace("/epsg/", "/EPSG/")  # as pygeoapi spells it
        given = {
            "crs": crs,
            "bbox-crs": crs,
            "bbox": ",".join(map(str, bbox)),
            "width": str(width),
            "height": str(height),
            "transparent": str(transparent),
        }
        view = self.view
        asked = _asked(lambda: read_map(given, (), view.crs, self._grid))
        return png(self.reader, view, asked)


def _asked[T](ask: Callable[[], T]) -> T:
    try:
        return ask()
    except FlurbuchError as error:
        raise ProviderInvalidQueryError(str(error)) from error
