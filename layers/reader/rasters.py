"""Rasters: what an actor may see of them, and their cells.

Loading rasterio takes longer than most answers: only who asks for cells pays for it, once.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gis_core.cell_grid import CellGrid, Span
from gis_core.offered_crs import crs_uri
from gis_core.store import GenerationInfo
from layers.access import Actor
from layers.reader.merged import Merged
from layers.spec import LayerSpec, RasterKind, RasterSpec
from layers.view import no_collection

if TYPE_CHECKING:
    from layers.rasters.cells import Cells
    from layers.rasters.file import Survey


@dataclass(frozen=True)
class RasterView:
    """A raster as one actor sees it.

    Attributes
    ----------
    crs
        URI of the storage CRS.
    generation
        The served import.
    """

    layer: LayerSpec
    spec: RasterSpec
    generation: GenerationInfo
    path: Path
    crs: str

    @property
    def id(self) -> str:
        """The collection's id, which is the layer's."""
        return self.layer.id

    @property
    def names(self) -> tuple[str, ...]:
        """The name of its only field."""
        return (self.layer.id,)

    @property
    def classes(self) -> bool:
        """Whether its values are codes."""
        return self.spec.kind is RasterKind.CLASSES


class Rasters(Merged):
    """Answers the cells of rasters: none of a sealed class, so nothing of this is logged."""

    def raster_ids(self) -> tuple[str, ...]:
        """Name the layers that are rasters, whether or not anything is imported."""
        return tuple(layer.id for layer in self.registry.layers.values() if layer.raster)

    def rasters(self, actor: Actor) -> tuple[RasterView, ...]:
        """Return the rasters that the actor may read now, in the order of the layers."""
        found = (self._raster_view(actor, name) for name in self.raster_ids())
        return tuple(view for view in found if view is not None)

    def raster_view(self, actor: Actor, collection: str) -> RasterView:
        """Return what the actor may see of a raster.

        Raises
        ------
        UnknownCollectionError
            No such raster, nothing imported, or the actor may not know of it: alike.
        AccessError
            The role is unknown.
        """
        view = self._raster_view(actor, collection)
        if view is None:
            raise no_collection(collection)
        return view

    def raster_grid(self, view: RasterView, crs: str) -> CellGrid:
        """Return the grid that a raster has by itself in an offered CRS, x east."""
        from layers.rasters.file import grid_in  # noqa: PLC0415

        return grid_in(view.path, crs)

    def raster_survey(self, view: RasterView) -> "Survey":
        """Return the smallest and greatest value of a raster, about, and where they are."""
        from layers.rasters.file import survey  # noqa: PLC0415

        return survey(view.path)

    def own_cells(self, view: RasterView, span: Span) -> "Cells":
        """Return some of a raster's cells exactly as they are stored."""
        from layers.rasters.cells import own_cells  # noqa: PLC0415

        return own_cells(view.path, view.crs, span)

    def cells_on(self, view: RasterView, crs: str, grid: CellGrid) -> "Cells":
        """Return a raster's values on another grid, which may reach beyond it."""
        from layers.rasters.cells import cells_on  # noqa: PLC0415

        return cells_on(view.path, crs, grid, classes=view.classes)

    def _raster_view(self, actor: Actor, name: str) -> RasterView | None:
        layer, info = self.registry.layers.get(name), self._store.served().get(name)
        allowed = self._may_read_raster(actor, layer)
        if layer is None or layer.raster is None or info is None:
            return None
        if not allowed or not info.attachments:
            return None
        path = self._store.open_generation(info).attachment(info.attachments[0])
        crs = crs_uri(self.municipality.storage_crs)
        return RasterView(layer, layer.raster, info, path, crs)
