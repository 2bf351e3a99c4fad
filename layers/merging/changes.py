"""What changed since the served links were made, and whether bringing them up to date pays."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from gis_core.store import MERGE, GenerationInfo, Store
from gis_core.store.differences import Difference, differences
from layers.figures import figures
from layers.merging.inputs import needed_columns, parcel_columns
from layers.municipality import Municipality
from layers.registry import Registry
from layers.spec import ENDED, CollectionSpec, Join, LayerSpec

SMALL = 0.1
"""Part of a collection above which links are made from scratch: it is then about as fast."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What an update has to look at.

    Attributes
    ----------
    merged
        The served links.
    before
        For each layer the generation that they were made from.
    collections
        By id what became of the features since then; the parcels are one of them.
    ended
        What became of the table of former parcels.
    """

    merged: GenerationInfo
    before: dict[str, GenerationInfo]
    collections: dict[str, Difference]
    ended: Difference = field(default_factory=lambda: Difference((), ()))

    def __bool__(self) -> bool:
        """Return whether anything changed at all."""
        return any(map(len, (*self.collections.values(), self.ended)))


def find_changes(
    store: Store,
    registry: Registry,
    municipality: Municipality,
    served: Mapping[str, GenerationInfo],
    parcels: tuple[LayerSpec, CollectionSpec],
) -> Changes | None:
    """Compare what is served with what the links were made from; None: make them from scratch.

    That is so where there are no links, where they follow other rules, where an input is no
    longer kept or is a raster, and where a collection changed by more than ``SMALL``.
    """
    merged = served.get(MERGE)
    inputs = {name: served[name].number for name in registry.layers if name in served}
    if merged is None or merged.provenance.get("rules") != rules_digest(registry, municipality):
        return None
    made_from = merged.provenance.get("inputs")
    if not isinstance(made_from, dict) or set(made_from) != set(inputs):
        return None
    before: dict[str, GenerationInfo] = {}
    for name, number in made_from.items():
        kept = [g for g in store.generations(name) if g.number == number]
        if not kept or (number != inputs[name] and registry.layers[name].raster is not None):
            return None
        before[name] = kept[0]
    found: dict[str, Difference] = {}
    for layer, spec in registry.collections():
        if layer.id not in served or served[layer.id].table(spec.id) is None:
            continue
        if spec.relation.by is Join.NONE:
            continue
        difference = _small(before[layer.id], served[layer.id], spec)
        if difference is None:
            return None
        found[spec.id] = difference
    layer, spec = parcels
    ended = _ended(before[layer.id], served[layer.id], spec)
    return None if ended is None else Changes(merged, before, found, ended)


def rules_digest(registry: Registry, municipality: Municipality) -> str:
    """Return a hash of all that decides how collections and rasters are related to parcels.

    The statistics that a raster layer wants are part of it, and so are the municipality's kind
    of keys, its storage CRS and the bound up to which areas may differ.
    """
    rules: list[list[object]] = [
        [spec.id, spec.accuracy_m, spec.relation.model_dump(mode="json")]
        for _, spec in registry.collections()
    ]
    rules += [
        [layer.id, layer.raster.model_dump(mode="json")]
        for layer in registry.layers.values()
        if layer.raster is not None
    ]
    rules += [[f.field.name, f.source, f.column, f.field.access.value] for f in figures(registry)]
    rules.sort(key=lambda rule: str(rule[0]))
    ground = [
        type(municipality.keys).__name__,
        municipality.storage_crs,
        asdict(municipality.area_bound),
    ]
    text = json.dumps([ground, *rules], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _small(before: GenerationInfo, now: GenerationInfo, spec: CollectionSpec) -> Difference | None:
    columns = parcel_columns(spec) if spec.relation.by is Join.SELF else needed_columns(spec)
    difference = differences(before, now, spec.id, columns)
    table = now.table(spec.id)
    if difference is None or table is None or len(difference) > SMALL * table.count:
        return None
    return difference


def _ended(before: GenerationInfo, now: GenerationInfo, spec: CollectionSpec) -> Difference | None:
    """Compare the tables of former parcels; where there never was one, nothing changed."""
    table, key, day = spec.id + ENDED, spec.relation.key, spec.source.ends_after
    if now.table(table) is None and before.table(table) is None:
        return Difference((), ())
    return differences(before, now, table, [n for n in (key, day) if n])
