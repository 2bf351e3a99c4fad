"""What each register knows of a parcel, as far as the actor may see it for its purpose."""

import json
import math
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import pandas as pd

from layers.access import Actor, link_access
from layers.dossier.facts import read_value
from layers.dossier.model import Fact, Link, Row, Section
from layers.dossier.words import plain, words
from layers.errors import NotMergedError, UnknownCollectionError
from layers.query import Query
from layers.reader import Reader
from layers.spec import Access, FieldSpec, Join, LayerSpec, Title
from layers.view import CollectionView


def visible_views(
    reader: Reader, actor: Actor, parcels: CollectionView
) -> tuple[tuple[CollectionView, ...], bool]:
    """Return the registers that one answer may hold together, and whether some were left out.

    A tax purpose is answered with tax and cadastre alone: joined with trees, damages and
    graves of the same plot it would make a profile of a household (domain: § 30 AO, and the
    rule never to join graves or trees with tax in one response). An actor who needs the others
    asks again without the tax purpose.
    """
    views = tuple(
        v
        for v in reader.collections(actor)
        if v.linked and v.spec.relation.by not in {Join.SELF, Join.NONE}
    )
    if not any(_holds_tax(v) for v in views):
        return views, False
    kept = tuple(v for v in views if _holds_tax(v) or v.layer.id == parcels.layer.id)
    return kept, len(kept) < len(views)


def feature_sections(
    reader: Reader, actor: Actor, views: tuple[CollectionView, ...], key: str, limit: int
) -> Iterator[Section]:
    """Yield one section per register, also for those that have nothing on the parcel."""
    for view in views:
        try:
            links = reader.links(actor, view.id, parcel_keys=[key])
            summary = reader.summaries(actor, view.id, [key])
        except NotMergedError:
            continue  # imported after the last merge: the hint on old links names the layer
        links = links.sort_values("feature_id", kind="stable")
        yield Section(
            id=view.id,
            title=view.spec.title,
            layer=view.layer,
            data_date=view.generation.data_date,
            total=len(links),
            facts=tuple(_summary_facts(view, summary)),
            fields=view.fields,
            rows=_rows(reader, actor, view, links.head(limit)),
        )


def raster_sections(reader: Reader, actor: Actor, key: str) -> Iterator[Section]:
    """Yield one section per raster layer that says something of the parcel."""
    state = reader.state()
    for layer in reader.registry.layers.values():
        if layer.raster is None or layer.id not in state:
            continue
        try:
            summary = reader.summaries(actor, layer.id, [key])
        except (NotMergedError, UnknownCollectionError):
            continue
        yield Section(
            id=layer.id,
            title=layer.raster.title,
            layer=layer,
            data_date=state[layer.id].data_date,
            total=len(summary),
            facts=tuple(_raster_facts(layer, summary)),
        )


def _holds_tax(view: CollectionView) -> bool:
    classes = {link_access(view.spec), *(f.access for f in view.fields)}
    return Access.TAX_SECRET in classes


def _rows(
    reader: Reader, actor: Actor, view: CollectionView, links: pd.DataFrame
) -> tuple[Row, ...]:
    if links.empty:
        return ()
    ids = tuple(links["feature_id"])
    query = Query(ids=ids, columns=view.names, geometry=False)
    # The features of the import that was merged: a later one may have dropped some.
    features = reader.frame(actor, view.id, query, as_merged=True).to_dict("index")
    rows = []
    for link in links.to_dict("records"):
        record = features.get(link["feature_id"], {})
        values = {f.name: read_value(record.get(f.name), f) for f in view.fields}
        rows.append(Row(str(link["feature_id"]), values, _link(link)))
    return tuple(rows)


def _link(record: Mapping[Hashable, Any]) -> Link:
    return Link(
        method=str(record["method"]),
        confidence=str(record["confidence"]),
        share=_rounded(record["share"], 6),
        distance_m=_rounded(record["distance_m"], 3),
        area_m2=_rounded(record["area_m2"], 3),
        boundary=bool(record["boundary"]),
        sliver=bool(record["sliver"]),
    )


def _summary_facts(view: CollectionView, summary: pd.DataFrame) -> Iterator[Fact]:
    """Yield numbers, areas, sums and counts; a parcel without features has none."""
    for row in summary.to_dict("records"):
        yield Fact("n", words("fact", "n"), int(row["n"]))
        if view.spec.relation.by is Join.SHARE and row["area_m2"]:
            yield Fact("area_m2", words("fact", "area_m2"), _rounded(row["area_m2"], 2), "m²")
        for name in ("boundary", "nearest"):
            if row[name]:
                yield Fact(name, words("fact", name), int(row[name]))
        for name in view.spec.relation.sums:
            if f"sum_{name}" in row:
                field = view.spec.field(name)
                title = words("fact", "sum", field=field.title)
                yield Fact(f"sum_{name}", title, read_value(row[f"sum_{name}"], field), field.unit)
        yield from _value_facts(view, row)


def _value_facts(view: CollectionView, row: Mapping[Hashable, Any]) -> Iterator[Fact]:
    """Yield what each value of the counted field comes to: area where all ground is covered."""
    name = view.spec.relation.counts_by
    column, unit = ("areas", "m²") if view.spec.relation.covers else ("counts", "")
    if name is None or column not in row:
        return
    field = view.spec.field(name)
    for value, amount in json.loads(str(row[column])).items():
        yield Fact(f"{column}.{value}", _meaning(field, value), amount, unit)


def _meaning(field: FieldSpec, value: str) -> Title:
    if not value:
        return words("fact", "missing")
    return (field.codes or {}).get(value) or plain(value)


def _raster_facts(layer: LayerSpec, summary: pd.DataFrame) -> Iterator[Fact]:
    unit = layer.raster.unit if layer.raster else ""
    figures = dict.fromkeys(("mean", "min", "max", "std"), (unit, 2))
    figures |= dict.fromkeys(("slope_mean", "slope_max"), ("°", 1)) | {"aspect": ("°", 0)}
    for row in summary.to_dict("records"):
        for name, (measured_in, digits) in figures.items():
            if name in row and not math.isnan(row[name]):
                value = _rounded(row[name], digits)
                yield Fact(name, words("fact", name), value, measured_in)
        yield from _class_facts(layer, row)
        yield Fact("cells", words("fact", "cells"), int(row["cells"]))


def _class_facts(layer: LayerSpec, row: Mapping[Hashable, Any]) -> Iterator[Fact]:
    """Yield the share of each class in the cells of the parcel, the largest first."""
    cells = json.loads(str(row["classes"])) if "classes" in row else {}
    total = sum(cells.values())
    codes = (layer.raster.codes if layer.raster else None) or {}
    for code, amount in sorted(cells.items(), key=lambda item: -item[1]):
        # A parcel too small for a cell has the class of the cell that it lies in.
        share = round(100 * amount / total, 1) if total else 100.0
        yield Fact(f"classes.{code}", codes.get(code) or plain(code), share, "%")


def _rounded(value: object, digits: int) -> float:
    return round(float(str(value)), digits)
