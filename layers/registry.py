"""All layers that are known: built-in folders and the city's own, each checked on reading."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError

from layers.errors import LayerSpecError, UnknownCollectionError, UnknownLayerError
from layers.spec import Access, CollectionSpec, FieldType, GeometryKind, Join, LayerSpec

BUILT_IN = Path(__file__).resolve().parent
FILE = "layer.toml"
RESERVED = frozenset({"merge"})  # the store keeps links and summaries under this name

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
            for collection in layer.collections:
                if collection.id in owners:
                    raise _repeated(path, "collection", collection.id, owners[collection.id])
                owners[collection.id] = path
            layers[layer.id], found[layer.id] = layer, path.parent
    return Registry(MappingProxyType(layers), MappingProxyType(found))


def read_layer(path: Path) -> LayerSpec:
    """Read one ``layer.toml``.

    Raises
    ------
    LayerSpecError
        With file, key, value and what is allowed.
    """
    try:
        record = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise LayerSpecError(
            f"{path}: cannot be read as TOML in UTF-8: {fault}", file=str(path)
        ) from fault
    try:
        layer = LayerSpec.model_validate(record)
    except ValidationError as fault:
        raise _spec_error(path, record, fault) from fault
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


def _spec_error(path: Path, record: Mapping[str, object], fault: ValidationError) -> LayerSpecError:
    """Say the first fault in the words of the file; the others are counted."""
    first = fault.errors()[0]
    where = first["loc"]
    key = _key(record, where)
    last = str(where[-1]) if where else ""
    missing = first["type"] == "missing"
    found = "nothing" if missing else _short(first["input"])
    allowed = ", ".join(_ALLOWED[last]) if last in _ALLOWED else ""
    says = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        says, found = "no such key is known", last
    expected = f"one of {allowed}" if allowed else says
    more = len(fault.errors()) - 1
    text = f"{path}: {key or 'file'}: found {found}, expected {expected}"
    if not missing and not allowed:
        text = f"{path}: {key or 'file'}: {says}" + (f" (found {found})" if key else "")
    return LayerSpecError(
        text + (f"; {more} more" if more else ""),
        advice="Correct the file; docs name every key and its values.",
        file=str(path),
        key=key,
        found=found,
        expected=expected,
    )


def _key(record: object, where: Sequence[int | str]) -> str:
    """Name a place in the file by ids and names rather than by positions."""
    parts: list[str] = []
    for step in where:
        if isinstance(record, list) and isinstance(step, int):
            record = record[step] if step < len(record) else None
            name = record.get("id", record.get("name")) if isinstance(record, dict) else None
            parts[-1] += f"[{name or step + 1}]"
        else:
            parts.append(str(step))
            record = record.get(step) if isinstance(record, dict) else None
    return ".".join(parts)


def _short(value: object, limit: int = 60) -> str:
    text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
