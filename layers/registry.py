"""All layers that are known: built-in folders and the city's own, each checked on reading."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from layers.errors import LayerSpecError, UnknownCollectionError, UnknownLayerError
from layers.spec import Access, CollectionSpec, FieldType, GeometryKind, Join, LayerSpec
from layers.toml_file import read_toml

BUILT_IN = Path(__file__).resolve().parent
FILE = "layer.toml"
RESERVED = frozenset({"merge", "history"})  # the store keeps links and lineage under these names

_ALLOWED: Mapping[str, type[StrEnum]] = MappingProxyType(
    {"access": Access, "type": FieldType, "geometry": GeometryKind, "by": Join}
)


@dataclass(frozen=True)
class Registry:
    """The layers by id, and the folder that each one comes from."""

    layers: Mapping[str, LayerSpec]
    folders: Mapping[str, Path]

    def layer(self, layer_id: str) -> LayerSpec:
        """Return a layer; UnknownLayerError names those there are."""
        try:
            return self.layers[layer_id]
        except KeyError:
            raise UnknownLayerError(
                f"there is no layer {layer_id!r}",
                advice=f"Known layers: {', '.join(sorted(self.layers))}.",
                layer=layer_id,
            ) from None

    def collection(self, collection_id: str) -> tuple[LayerSpec, CollectionSpec]:
        """Return a collection and its layer; UnknownCollectionError when there is none."""
        for layer, collection in self.collections():
            if collection.id == collection_id:
                return layer, collection
        raise UnknownCollectionError(
            f"there is no collection {collection_id!r}", collection=collection_id
        )

    def collections(self) -> tuple[tuple[LayerSpec, CollectionSpec], ...]:
        """Return every collection with its layer, in the order of the layers."""
        return tuple((layer, c) for layer in self.layers.values() for c in layer.collections)

    def parcels(self) -> tuple[tuple[LayerSpec, CollectionSpec], ...]:
        """Return the collections whose features are parcels; one of them has a city's data."""
        return tuple((y, c) for y, c in self.collections() if c.relation.by is Join.SELF)


def find_layers(folders: Iterable[Path] = ()) -> Registry:
    """Read every ``layer.toml`` in the built-in folders and in the given ones.

    Parameters
    ----------
    folders
        Directories whose sub-directories are layers.

    Raises
    ------
    LayerSpecError
        A file cannot be read, contradicts itself, or repeats an id. The message names
        file, key, value and what is allowed.
    """
    layers: dict[str, LayerSpec] = {}
    found: dict[str, Path] = {}
    owners: dict[str, Path] = {}
    for folder in (BUILT_IN, *folders):
        if not folder.is_dir():
            raise LayerSpecError(
                f"{folder}: no such directory", advice="Name a directory of layer folders."
            )
        for path in sorted(folder.glob(f"*/{FILE}")):
            layer = read_layer(path)
            if layer.id in layers:
                raise _repeated(path, "layer", layer.id, found[layer.id] / FILE)
            # Summaries of rasters are stored beside those of collections, under their ids.
            for name in [c.id for c in layer.collections] or [layer.id]:
                if name in owners:
                    raise _repeated(path, "collection", name, owners[name])
                owners[name] = path
            layers[layer.id], found[layer.id] = layer, path.parent
    return Registry(MappingProxyType(layers), MappingProxyType(found))


def read_layer(path: Path) -> LayerSpec:
    """Read one ``layer.toml``.

    Raises
    ------
    LayerSpecError
        With file, key, value and what is allowed.
    """
    layer = read_toml(path, LayerSpec, LayerSpecError, allowed=_ALLOWED)
    if layer.id in RESERVED:
        raise LayerSpecError(f"{path}: id: {layer.id!r} is reserved", file=str(path), key="id")
    return layer


def _repeated(path: Path, kind: str, name: str, first: Path) -> LayerSpecError:
    return LayerSpecError(
        f"{path}: the {kind} id {name!r} is already used by {first}",
        advice="Give it another id.",
        file=str(path),
        key="id",
        found=name,
    )
