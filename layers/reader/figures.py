"""Parcels with their figures: a narrow table of the merge, joined with the parcels' places.

Both belong to the merge: the parcels are those that it was made from.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_core.errors import QueryError
from gis_core.filters import ast
from gis_core.filters.ast import Filter
from gis_core.store import FEATURE_ID, GEOMETRY, MERGE, GenerationInfo, Query, Rows
from gis_core.store.fragments import Segment
from gis_core.store.nearby import Nearby
from gis_core.store.query import Text
from gis_core.store.schema import Box, TableInfo
from layers.access import Actor
from layers.errors import AccessError, UnknownCollectionError
from layers.figures import FIGURES, Figure, figures, figures_spec, parcel_fields
from layers.reader.door import Door
from layers.spec import Access, CollectionSpec, LayerSpec
from layers.view import CollectionView, no_collection


class Figures(Door):
    """Answers parcels with their figures as a collection like any other."""

    def collections(self, actor: Actor) -> tuple[CollectionView, ...]:
        """Return the collections that the actor may read now; see `Door.collections`."""
        views = list(super().collections(actor))
        for _, spec in self.registry.parcels():
            try:
                views.append(self._with_figures(actor, spec))
            except (UnknownCollectionError, AccessError):
                continue
        return tuple(views)

    def view(
        self,
        actor: Actor,
        collection: str,
        *,
        as_merged: bool = False,
        number: int | None = None,
    ) -> CollectionView:
        """Return what the actor may see of a collection; see `Door.view`.

        The number of parcels with their figures is that of the merge.
        """
        spec = self._figured(collection)
        if spec is None:
            return super().view(actor, collection, as_merged=as_merged, number=number)
        return self._with_figures(actor, spec, number)

    def _rows(self, view: CollectionView) -> Rows:
        spec = self._figured(view.id)
        if spec is None:
            return super()._rows(view)
        layer, _ = self.registry.collection(spec.id)
        made_from = self._generation(layer.id, number=view.generation.inputs[layer.id])
        if made_from is None:
            raise no_collection(view.id)
        return ParcelsWithFigures(
            figures=super()._rows(view),
            parcels=self._store.open_generation(made_from, deadline_s=self._deadline_s),
            name=spec.id,
            key=str(spec.relation.key),
        )

    def _with_figures(
        self, actor: Actor, spec: CollectionSpec, number: int | None = None
    ) -> CollectionView:
        collection, merged = spec.id + FIGURES, self._merge_at(number)
        table = merged.table(collection) if merged else None
        if merged is None or table is None:
            raise no_collection(collection)
        layer, _ = self.registry.collection(spec.id)
        try:
            parcels = super().view(actor, spec.id, number=merged.inputs[layer.id])
        except UnknownCollectionError:
            raise no_collection(collection) from None
        own = [f for f in parcel_fields(spec) if f in parcels.fields]
        stored = {c.name for c in table.schema.columns}
        there = [f for f in self._all_figures if f.field.name in stored]
        allowed = [f for f in there if f.allowed(self.policy, actor)]
        entitled = [f.field for f in there if f.entitled(self.policy, actor)]
        return CollectionView(
            layer=self._layer_of(parcels.layer),
            spec=figures_spec(spec, (*own, *entitled)),
            fields=(*own, *(f.field for f in _together(allowed, parcels.layer.id))),
            generation=merged,
            table=replace(table, bounds=parcels.table.bounds),
            linked=False,
        )

    def _figured(self, collection: str) -> CollectionSpec | None:
        """Return the parcels of which a collection holds the figures; None of another one."""
        if not collection.endswith(FIGURES):
            return None
        found = (spec for _, spec in self.registry.parcels() if spec.id + FIGURES == collection)
        return next(found, None)

    @cached_property
    def _all_figures(self) -> tuple[Figure, ...]:
        return figures(self.registry)

    @staticmethod
    def _layer_of(parcels: LayerSpec) -> LayerSpec:
        return parcels.model_copy(update={"id": MERGE})


def _together(allowed: Iterable[Figure], cadastre: str) -> tuple[Figure, ...]:
    """Return the figures that one answer may hold together.

    Tax secrets stand beside the cadastre and the ground alone, as in the dossier: with trees,
    damages and graves of the same plot they would make a profile of a household.
    """
    found = tuple(allowed)
    if not any(Access.TAX_SECRET in f.needs for f in found):
        return found
    return tuple(
        f for f in found if Access.TAX_SECRET in f.needs or f.layer in {cadastre, f.source}
    )


@dataclass(frozen=True, slots=True)
class ParcelsWithFigures:
    """Rows of figures, the places of their parcels beside them; the parcel's key is the id.

    Conditions on the place are asked of the parcels first; what they leave goes to the table of
    figures as a list of keys.
    """

    figures: Rows
    parcels: Rows
    name: str
    key: str

    @property
    def info(self) -> GenerationInfo:
        """Which generation it is."""
        return self.figures.info

    def table(self, name: str, *, sealed: bool | None = None) -> TableInfo:
        """Return the table's schema and count."""
        return self.figures.table(name, sealed=sealed)

    def frame(
        self,
        name: str,
        query: Query | None = None,
        *,
        released: Sequence[str] | None = None,
        sealed: bool | None = None,
    ) -> gpd.GeoDataFrame | pd.DataFrame:
        """Return the rows that a query describes; see `Rows.frame`."""
        query = query or Query()
        given = self._given(name, released, sealed=sealed)
        stated = given if query.columns is None else query.columns
        wanted = [c for c in stated if c != FEATURE_ID]
        asked = replace(self._inner(query), columns=tuple(dict.fromkeys([*wanted, self.key])))
        rows = self.figures.frame(name, asked, released=[*given, self.key], sealed=sealed)
        frame = rows[wanted].set_axis(pd.Index(rows[self.key], name=FEATURE_ID))
        if not query.geometry:
            return frame
        places = self._places(frame.index.tolist())
        return gpd.GeoDataFrame(frame, geometry=places.reindex(frame.index), crs=places.crs)

    def near(
        self,
        name: str,
        box: Box,
        columns: Sequence[str],
        *,
        released: Sequence[str],
        least_area: float = 0.0,
    ) -> Nearby:
        """Return the rows whose box meets a box and has some area, for tiles."""
        keys = [self.key]
        found = self.parcels.near(self.name, box, keys, released=keys, least_area=least_area)
        ids = list(map(str, found.values[self.key]))  # noqa: PD011 - no frame
        query = Query(columns=tuple(columns), ids=tuple(ids), geometry=False)
        rows = self.frame(name, query, released=released)
        rows = rows[~rows.index.duplicated()].reindex(ids).astype(object)
        plain = rows.where(rows.notna(), None)
        return replace(found, feature_id=ids, values={c: plain[c].tolist() for c in columns})

    def count(
        self,
        name: str,
        query: Query | None = None,
        *,
        released: Sequence[str] | None = None,
        sealed: bool | None = None,
    ) -> int:
        """Count the rows that a query describes, exactly; limit and offset do not matter."""
        given = self._given(name, released, sealed=sealed)
        asked = self._inner(query or Query())
        return self.figures.count(name, asked, released=[*given, self.key], sealed=sealed)

    def numbers(
        self,
        name: str,
        query: Query,
        *,
        released: Sequence[str],
        among: NDArray[np.int64] | None = None,
    ) -> NDArray[np.int64]:
        """Return the numbers of the rows that fit a query; see `Rows.numbers`."""
        given, asked = [*released, self.key], self._inner(query)
        return self.figures.numbers(name, asked, released=given, among=among)

    def cells(
        self,
        name: str,
        columns: Sequence[str],
        by: str,
        values: Sequence[object],
        *,
        released: Sequence[str],
    ) -> tuple[list[int], dict[str, list[object]]]:
        """Return rows without their place; see `Rows.cells`."""
        given = [*released, self.key]
        return self.figures.cells(name, columns, by, values, released=given)

    def found(self, name: str, text: Text, *, released: Sequence[str]) -> NDArray[np.intp]:
        """Return the positions of the rows that hold words; see `Rows.found`."""
        return self.figures.found(name, text, released=[*released, self.key])

    def segment(self, name: str, *, released: Sequence[str]) -> Segment | None:
        """Return ready features: there are none of two tables together."""
        del name, released
        return None

    def attachment(self, name: str) -> Path:
        """Return the path of an attached file."""
        return self.figures.attachment(name)

    def _given(
        self, name: str, released: Sequence[str] | None, *, sealed: bool | None
    ) -> Sequence[str]:
        if released is not None:
            return released
        return [c.name for c in self.figures.table(name, sealed=sealed).schema.columns]

    def _inner(self, query: Query) -> Query:
        """Return what is asked of the table of figures, which knows ids only as keys."""
        own = {FEATURE_ID: self.key}
        among = {own.get(name, name): tuple(values) for name, values in query.among.items()}
        limits = [] if query.ids is None else [query.ids]
        if query.places:
            limits.append(
                self._keys(Query(bbox=query.bbox, intersects=query.intersects, within=query.within))
            )
        if limits:
            limits += [tuple(map(str, among[self.key]))] if self.key in among else []
            among[self.key] = tuple(sorted(set(limits[0]).intersection(*limits[1:])))
        return Query(
            equals={own.get(name, name): value for name, value in query.equals.items()},
            among=among,
            where=None if query.where is None else self._where(query.where),
            text=query.text,
            numbers=query.numbers,
            columns=query.columns,
            sort=tuple((own.get(name, name), down) for name, down in query.sort),
            limit=query.limit,
            offset=query.offset,
            geometry=False,
        )

    def _keys(self, query: Query) -> tuple[str, ...]:
        asked = replace(query, columns=(self.key,), geometry=False)
        found = self.parcels.frame(self.name, asked, released=(self.key,))[self.key]
        return tuple(found.dropna())

    def _where(self, wanted: Filter) -> Filter:
        """Return the filter with each condition on the place as the keys that meet it."""
        if not {GEOMETRY, FEATURE_ID} & set(wanted.fields()):
            return wanted
        root = ast.rewritten(wanted.root, partial(self._keyed, wanted))
        if not isinstance(root, ast.Condition):
            raise TypeError("a condition stays one")
        found = replace(wanted, root=root)
        if GEOMETRY in found.fields():
            raise QueryError(
                "the place can only be compared with another place here",
                advice="Use s_intersects and its like.",
            )
        return found

    def _keyed(self, wanted: Filter, node: ast.Node) -> ast.Node | None:
        if isinstance(node, ast.Prop) and node.name == FEATURE_ID:
            return replace(node, name=self.key)
        if isinstance(node, ast.IsNull) and _is_place(node.value):
            return ast.Truth(ast.Literal(value=False, at=node.at), at=node.at)
        if isinstance(node, ast.Spatial):
            keys = self._keys(Query(where=Filter(node, wanted.text, wanted.crs)))
            items = tuple(ast.Literal(key) for key in keys)
            return ast.In(ast.Prop(self.key, type=ast.Type.TEXT), items, at=node.at)
        return None

    def _places(self, keys: Sequence[str]) -> gpd.GeoSeries:
        """Return the place of each parcel; one that several rows make up is their union."""
        asked = Query(columns=(self.key,), among={self.key: tuple(keys)})
        rows = self.parcels.frame(self.name, asked, released=(self.key,))
        shapes, found = rows.geometry.array, pd.Index(rows[self.key], dtype=object)
        if not found.has_duplicates:
            return gpd.GeoSeries(shapes, index=found)
        objects, own = np.asarray(shapes, dtype=object), found.unique()
        united = [shapely.union_all(objects[found == key]) for key in own]
        return gpd.GeoSeries(united, index=own, crs=rows.crs)


def _is_place(node: ast.Value) -> bool:
    return isinstance(node, ast.Prop) and node.name == GEOMETRY
