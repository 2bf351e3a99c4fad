"""What there is for an actor: the data sets, and what their imports say of them."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from gis_core.store import GenerationInfo
from gis_core.store.schema import Box
from layers.access import Actor
from layers.reader.merged import Merged
from layers.reader.tiles import tiled
from layers.spec import FieldSpec, GeometryKind, LayerSpec, Title


@dataclass(frozen=True)
class DataSet:
    """A collection or a raster, as one actor may know of it.

    Attributes
    ----------
    bounds
        xmin, ymin, xmax, ymax in the storage CRS; None without a place.
    tiled
        Whether it is offered as tiles.
    fields
        The fields that the actor may read; none of a raster.
    count
        How many features; None of a raster.
    generation
        The served import.
    first
        The first import, None when it is no longer kept.
    """

    id: str
    title: Title
    description: Title
    layer: LayerSpec
    geometry: GeometryKind | None
    tiled: bool
    bounds: Box | None
    fields: tuple[FieldSpec, ...]
    count: int | None
    generation: GenerationInfo
    first: GenerationInfo | None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the fields that the actor may read."""
        return tuple(field.name for field in self.fields)


class Catalogue(Merged):
    """Answers what data sets there are."""

    def data_sets(self, actor: Actor) -> tuple[DataSet, ...]:
        """Return the data sets that the actor may know of, in the order of the layers.

        Notes
        -----
        Without a purpose: what needs one is in no catalogue, so nothing of this is logged.
        """
        plain = Actor(role=actor.role, name=actor.name)
        sets = [
            DataSet(
                id=view.id,
                title=view.spec.title,
                description=view.spec.description,
                layer=view.layer,
                geometry=view.spec.geometry,
                tiled=tiled(view),
                bounds=view.table.bounds,
                fields=view.fields,
                count=view.count,
                generation=view.generation,
                first=self._first(view.generation),
            )
            for view in self.collections(plain)
        ]
        rasters = (self._raster_set(plain, layer) for layer in self.registry.layers.values())
        return (*sets, *(found for found in rasters if found is not None))

    def _raster_set(self, actor: Actor, layer: LayerSpec) -> DataSet | None:
        path = self.raster(actor, layer.id)
        info = self._store.served().get(layer.id)
        if path is None or info is None or layer.raster is None:
            return None
        return DataSet(
            id=layer.id,
            title=layer.raster.title,
            description=layer.description,
            layer=layer,
            geometry=None,
            tiled=False,
            bounds=_raster_bounds(path),
            fields=(),
            count=None,
            generation=info,
            first=self._first(info),
        )

    def _first(self, served: GenerationInfo) -> GenerationInfo | None:
        """Return the first import of a layer while it is kept."""
        if served.number == 1:
            return served
        kept = self._store.generations(served.layer)
        return next((info for info in kept if info.number == 1), None)


@lru_cache(maxsize=64)
def _raster_bounds(path: Path) -> Box:
    """Return the bounds of an imported raster; the file of an import never changes."""
    # Loading rasterio takes longer than most answers: only who has a raster pays for it, once.
    import rasterio  # noqa: PLC0415

    with rasterio.open(path) as raster:
        west, south, east, north = raster.bounds
    return west, south, east, north
