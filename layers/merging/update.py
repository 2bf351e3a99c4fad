"""Bringing the served links up to date after a small change: only what it reaches is joined anew.

The link of a feature rests on the feature and the parcels around it alone. So the features that
a change reaches are joined by the same functions as in a whole merge, to the parcels around
them, and their rows take the place of the former ones in a copy of the served links. The answer
is that of a merge from scratch.
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from gis_core.keys import KeyScheme
from gis_core.merge.links import LinkConfidence, Method, link_table, read_link_table
from gis_core.merge.unmatched import Unmatched
from gis_core.store import MERGE, GenerationInfo, Query, Store
from gis_core.store.amend import Amendment
from layers.access import link_access
from layers.merging.changes import Changes
from layers.merging.collection import CollectionReport, merge_features
from layers.merging.figures import Figures
from layers.merging.inputs import Features, Parcels
from layers.merging.joins import Joined, Linker, join
from layers.merging.parcel_areas import area_table
from layers.merging.report import MergeReport
from layers.merging.surroundings import (
    PARCEL_KEY,
    Ground,
    StoredLinks,
    Surroundings,
    features_of,
    look_around,
)
from layers.merging.tables import UNMATCHED, unmatched_schema, unmatched_table
from layers.municipality import Municipality
from layers.progress import Progress
from layers.registry import Registry
from layers.spec import CollectionSpec, Join, LayerSpec


def as_served(
    registry: Registry,
    changes: Changes,
    served: Mapping[str, GenerationInfo],
    parcels: CollectionSpec,
) -> MergeReport | None:
    """Return what the served links are where they are made from all that is served; else None."""
    merged, told = changes.merged, changes.merged.provenance
    if any(served[name].number != number for name, number in merged.inputs.items()):
        return None
    count = {t.schema.name: t.count for t in merged.tables}
    rasters = [n for n in registry.layers if registry.layers[n].raster and f"summary_{n}" in count]
    return MergeReport(
        generation=merged.number,
        inputs=dict(merged.inputs),
        parcels=count[f"summary_{parcels.id}"],
        parcel_rows=int(str(told["parcel_rows"])),
        beyond_bound=int(str(told["beyond_bound"])),
        collections=tuple(_reports(merged).values()),
        rasters={name: count[f"summary_{name}"] for name in rasters},
        changed=0,
        seconds=0.0,
    )


def update(
    store: Store,
    registry: Registry,
    municipality: Municipality,
    changes: Changes,
    parcels: tuple[LayerSpec, CollectionSpec],
    progress: Progress,
) -> MergeReport:
    """Publish the served links as they are after the changes.

    Notes
    -----
    Reads what the changes reach, by R-tree and index; writes a copy of the served links (by
    reference where the file system can) with the rows in question replaced. An address joins
    the texts of all parcels' addresses, and only where a parcel with an address changed.
    """
    begun = time.perf_counter()
    served = dict(store.served())
    layer, spec = parcels
    with store.amend(MERGE) as writer:
        ground = Ground(store, changes, served[layer.id], spec)
        run = _Update(store, registry, municipality, changes, ground, served, writer, progress)
        beyond = run.compare_areas()
        rasters = dict(run.count_cells())
        reports = list(run.join_collections())
        run.replace_unmatched()
        run.replace_figures()
        inputs = {name: served[name].number for name in registry.layers if name in served}
        dates = [served[name].data_date for name in inputs]
        former = changes.merged.provenance
        provenance = {
            **former,
            "inputs": inputs,
            "collections": [asdict(r) for r in reports],
            "parcel_rows": run.parcel_rows,
            "beyond_bound": beyond,
            "updates": int(str(former.get("updates", 0))) + 1,
        }
        progress("publish", 0, 1)
        info = writer.publish(provenance, max((d for d in dates if d), default=None))
        progress("publish", 1, 1)
    return MergeReport(
        generation=info.number,
        inputs=inputs,
        parcels=run.parcels,
        parcel_rows=run.parcel_rows,
        beyond_bound=beyond,
        collections=tuple(reports),
        rasters=rasters,
        changed=sum(map(len, changes.collections.values())),
        seconds=round(time.perf_counter() - begun, 3),
    )


@dataclass
class _Update:
    """One update in progress."""

    store: Store
    registry: Registry
    municipality: Municipality
    changes: Changes
    ground: Ground
    served: dict[str, GenerationInfo]
    writer: Amendment
    progress: Progress
    parcels: int = 0
    parcel_rows: int = 0

    def __post_init__(self) -> None:
        self._unmatched: dict[bool, list[tuple[str, tuple[str, ...], pd.DataFrame]]] = {
            False: [],
            True: [],
        }
        self._merged = self.store.open_generation(self.changes.merged)
        self._figures = Figures(self.registry, self.ground.spec)
        self._gone: frozenset[str] = frozenset()

    def compare_areas(self) -> int:
        """Compare the areas of changed parcels; return how many parcels are beyond the bound."""
        name, profile = f"summary_{self.ground.spec.id}", self.municipality
        keys = tuple(self.ground.keys)
        former = self._merged.frame(name, Query(among={PARCEL_KEY: keys}))
        table = self.writer.amend(name)
        table.delete(keys, by=PARCEL_KEY)
        told = self.changes.merged.provenance
        rows = int(str(told["parcel_rows"])) - int(former["n"].sum())
        beyond = int(str(told["beyond_bound"])) - int(former["beyond_bound"].sum())
        changed = self.ground.read(keys)
        self._gone = self.ground.keys.difference(changed.fabric.key)
        self._figures.of_parcels(changed)
        if len(changed.fabric):
            areas = area_table(changed, profile.storage_crs, profile.area_bound)
            table.append(areas)
            rows += int(areas["n"].sum())
            beyond += int(areas["beyond_bound"].sum())
        self.parcels, self.parcel_rows = table.totals().count, rows
        return beyond

    def count_cells(self) -> Iterator[tuple[str, int]]:
        """Count the cells of changed parcels; yield each raster and its parcels with a value."""
        for layer in self.registry.layers.values():
            info = self.served.get(layer.id)
            if layer.raster is None or info is None or not info.attachments:
                continue
            table = self.writer.amend(f"summary_{layer.id}")
            table.delete(self.ground.keys, by=PARCEL_KEY)
            parcels = self.ground.read(self.ground.keys)
            if len(parcels.fabric):
                # Loading rasterio takes longer than most updates.
                from layers.merging.terrain import zonal_table  # noqa: PLC0415

                path = self.store.open_generation(info).attachment(info.attachments[0])
                crs = self.municipality.storage_crs
                told = partial(self.progress, layer.id)
                values = zonal_table(path, layer.raster, parcels, crs, told)
                table.append(values)
                self._figures.of_source(layer.id, parcels.fabric.key, values)
            yield layer.id, table.totals().count

    def join_collections(self) -> Iterator[CollectionReport]:
        """Bring each collection up to date, those first that say what the ground is used for."""
        former = _reports(self.changes.merged)
        wanted = [
            (layer, spec)
            for layer, spec in self.registry.collections()
            if spec.id in former and spec.relation.by is not Join.SELF
        ]
        wanted.sort(key=lambda pair: not pair[1].relation.covers)
        for done, (layer, spec) in enumerate(wanted):
            self.progress("collections", done, len(wanted))
            begun = time.perf_counter()
            report = replace(former[spec.id], features=self._rows(layer, spec))
            report = self._join(report, layer, spec)
            yield replace(report, seconds=round(time.perf_counter() - begun, 3))
        self.progress("collections", len(wanted), len(wanted))

    def replace_unmatched(self) -> None:
        """Write the cases without a parcel anew: there are few."""
        for sealed, parts in self._unmatched.items():
            info = self.changes.merged.table(UNMATCHED, sealed=sealed)
            if info is None:
                continue
            stored = pd.DataFrame(self._merged.frame(UNMATCHED, sealed=sealed))
            for collection, gone, _ in parts:
                out = (stored["collection"] == collection) & stored["feature_id"].isin(gone)
                stored = stored[~out]
            writer = self.writer.table(unmatched_schema(sealed=sealed))
            for cases in (stored, *(new for _, _, new in parts)):
                writer.append(cases.reset_index(drop=True))

    def replace_figures(self) -> None:
        """Replace the figures of the parcels of which a summary was made anew."""
        self._figures.renew(self._merged, self.writer, self._gone)

    def _join(
        self, former: CollectionReport, layer: LayerSpec, spec: CollectionSpec
    ) -> CollectionReport:
        """Replace the rows of one collection that a change reaches."""
        now, keys = self.served[layer.id], self.municipality.keys
        around = look_around(self.store, self.changes, self.ground, now, spec)
        if not (self.ground.keys or around.gone or len(around.features)):
            return former  # the change does not reach it
        joined = join(spec, around.features, around.parcels, keys)
        if joined is None:
            raise AssertionError(f"{spec.id} had links and is related to nothing")
        links = link_table(joined.links, around.features.ids, around.parcels.fabric.key)
        cases = unmatched_table(spec, around.features, joined)
        table = self.writer.amend(f"link_{spec.id}")
        table.delete(around.gone)
        table.append(links)
        self._unmatched[link_access(spec).sealed].append((spec.id, around.gone, cases))
        affected = self.ground.keys | _affected(around, links)
        with_summary = self._sum_up(layer, spec, around, links, affected)
        return _tallied(
            former, around, links, cases, spec, parcels_without=self.parcels - with_summary
        )

    def _sum_up(
        self,
        layer: LayerSpec,
        spec: CollectionSpec,
        around: Surroundings,
        links: pd.DataFrame,
        affected: frozenset[str],
    ) -> int:
        """Add up anew what lies on the affected parcels; return how many parcels have a sum."""
        stored = StoredLinks(self.store, self.changes.merged, spec)
        others = set(stored.on_parcels(affected)["feature_id"]).difference(around.gone)
        known = pd.concat([stored.of_features(others), links], ignore_index=True)
        here = known["parcel_key"].isin(affected)
        features = features_of(
            self.store.open_generation(self.served[layer.id]),
            spec,
            set(known.loc[here, "feature_id"]),
            self.ground,
        )
        # A sum is shared out over all parcels of a feature, the other figures are the parcel's.
        wanted = set(known["parcel_key"]) | affected if spec.relation.sums else affected
        parcels = self.ground.read(wanted)
        merged = merge_features(
            layer.id, spec, features, parcels, self.municipality.keys, _known(known)
        )
        table = self.writer.amend(f"summary_{spec.id}")
        table.delete(affected, by=PARCEL_KEY)
        touched = np.array(sorted(affected), object)
        summary = None if merged is None else merged.summary
        self._figures.of_source(spec.id, touched, summary)
        if merged is not None:
            mine = merged.summary[PARCEL_KEY].isin(affected)
            table.append(merged.summary[mine].reset_index(drop=True))
            if merged.main_use is not None and not self.ground.uses_are_stated:
                use = dict(zip(parcels.fabric.key, merged.main_use, strict=True))
                self.ground.note_uses({key: use.get(key, "") for key in affected})
        return table.totals().count

    def _rows(self, layer: LayerSpec, spec: CollectionSpec) -> int:
        table = self.served[layer.id].table(spec.id)
        return table.count if table else 0


def _known(links: pd.DataFrame) -> Linker:
    """Return a join that takes links from a table."""

    def link(_: CollectionSpec, features: Features, parcels: Parcels, __: KeyScheme) -> Joined:
        found = read_link_table(links, features.ids, parcels.fabric.key)
        return Joined(found, Unmatched.of(np.empty(0, np.intp), [], [], []))

    return link


def _affected(around: Surroundings, links: pd.DataFrame) -> frozenset[str]:
    """Return the parcels whose links are other than they were, or are of altered features."""
    both = pd.concat([around.links, links], ignore_index=True)
    same = both.duplicated(keep=False) & ~both["feature_id"].isin(around.altered)
    return frozenset(both.loc[~same, "parcel_key"])


def _reports(merged: GenerationInfo) -> dict[str, CollectionReport]:
    """Return the report of each collection as it was stored with the links."""
    found = merged.provenance["collections"]
    if not isinstance(found, list):
        raise TypeError("the provenance of links lists their collections")
    return {r["collection"]: CollectionReport(**r) for r in found}


def _tallied(
    former: CollectionReport,
    around: Surroundings,
    links: pd.DataFrame,
    cases: pd.DataFrame,
    spec: CollectionSpec,
    *,
    parcels_without: int,
) -> CollectionReport:
    """Return the former figures, less those of the rows taken out, more those put in."""
    old, new = _tally(around.links), _tally(links)
    figures = {name: getattr(former, name) + new[name] - old[name] for name in new}
    reasons = Counter(former.unmatched)
    reasons.update(cases["reason"])
    reasons.subtract(around.unmatched["reason"])
    reassigned = former.reassigned_m2
    if spec.relation.covers:
        reassigned += _sliver_m2(links) - _sliver_m2(around.links)
    return replace(
        former,
        **figures,
        unlinked=former.features - figures["linked"],
        unmatched={str(r): n for r, n in sorted(reasons.items()) if n},
        parcels_without=parcels_without,
        reassigned_m2=round(reassigned, 3),
    )


def _sliver_m2(links: pd.DataFrame) -> float:
    return float(links.loc[links["sliver"].astype(bool), "area_m2"].sum())


def _tally(links: pd.DataFrame) -> dict[str, int]:
    feature = links["feature_id"]
    return {
        "linked": feature.nunique(),
        "links": len(links),
        "boundary": feature[links["boundary"].astype(bool)].nunique(),
        "nearest": int((links["method"] == Method.NEAREST).sum()),
        "slivers": int(links["sliver"].astype(bool).sum()),
        "guessed": int((links["confidence"] == LinkConfidence.GUESSED).sum()),
    }
