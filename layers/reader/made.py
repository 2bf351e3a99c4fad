"""Collections that are made of others when they are read, where no file delivered them."""

from collections.abc import Collection
from dataclasses import replace

from gis_core.store import (
    MERGE,
    Column,
    ColumnType,
    GenerationInfo,
    Rows,
    Shape,
    TableInfo,
    TableSchema,
)
from layers.access import Actor
from layers.errors import NotMergedError, UnknownCollectionError
from layers.parts import SHORT_ID, feature_field, made_by_links, parts_join
from layers.reader.door import Door
from layers.reader.made_places import Cuts, MadePlaces, Points
from layers.spec import CollectionSpec, LayerSpec
from layers.view import CollectionView, no_collection, see


class Made(Door):
    """Answers label points, and features cut by parcels, as collections like any other."""

    def view(
        self,
        actor: Actor,
        collection: str,
        *,
        as_merged: bool = False,
        number: int | None = None,
    ) -> CollectionView:
        """Return what the actor may see of a collection; see `Door.view`.

        The number of parts is that of the merge which found them.
        """
        try:
            layer, spec = self.registry.collection(collection)
        except UnknownCollectionError:
            return super().view(actor, collection, as_merged=as_merged, number=number)
        if spec.made_of is None:
            return super().view(actor, collection, as_merged=as_merged, number=number)
        try:
            delivered = super().view(actor, collection, as_merged=as_merged, number=number)
        except (UnknownCollectionError, NotMergedError):
            delivered = None
        if delivered is not None and delivered.count:
            return delivered
        if spec.points_of:
            return self._points(actor, layer, spec, number)
        return self._parts(actor, layer, spec, number)

    def _rows(self, view: CollectionView) -> Rows:
        spec = view.spec
        if spec.points_of and view.table.schema.name != view.id:
            rows = super()._rows(view)
            of = view.layer.collection(spec.points_of)
            return MadePlaces(rows, of.id, rows, of.id, str(of.relation.key), Points())
        if spec.parts_of and view.table.schema.view:
            return self._cut(view)
        return super()._rows(view)

    def _points(
        self, actor: Actor, layer: LayerSpec, spec: CollectionSpec, number: int | None
    ) -> CollectionView:
        of = self._open(actor, str(spec.points_of), number)
        view = self._seen(actor, layer, spec, of.generation, of.names)
        schema = replace(of.table.schema, geometry=Shape.POINT, published=None)
        return replace(view, table=replace(of.table, schema=schema))

    def _parts(
        self, actor: Actor, layer: LayerSpec, spec: CollectionSpec, number: int | None
    ) -> CollectionView:
        merged = self._merge_at(number)
        at = merged.inputs.get(layer.id) if merged else None
        links = merged.table(f"link_{spec.parts_of}", sealed=False) if merged else None
        if merged is None or at is None or links is None:
            raise no_collection(spec.id)
        of = self._open(actor, str(spec.parts_of), at)
        parcels = self._open(actor, self._parcels_of(layer), at)
        if not of.linked:
            raise no_collection(spec.id)
        own = made_by_links(spec, of.spec, parcels.spec)
        view = self._seen(actor, layer, spec, merged, {*own, *of.names} - _sealed(of))
        join = parts_join(spec, of.spec, parcels.spec, view.fields, _stored(parcels))
        schema = replace(join.schema, crs=parcels.table.schema.crs)
        return replace(
            view,
            layer=layer.model_copy(update={"id": MERGE}),
            table=replace(links, schema=schema, bounds=parcels.table.bounds),
        )

    def _cut(self, view: CollectionView) -> Rows:
        layer, spec = self.registry.collection(view.id)
        made_from = self._generation(layer.id, number=view.generation.inputs[layer.id])
        if made_from is None:
            raise no_collection(view.id)
        of = layer.collection(str(spec.parts_of))
        parcels = layer.collection(self._parcels_of(layer))
        table = made_from.table(parcels.id)
        stored = frozenset(c.name for c in table.schema.columns) if table else frozenset()
        join = parts_join(spec, of, parcels, view.fields, stored)
        deadline = self._deadline_s
        rows = self._store.open_generation(made_from, deadline_s=deadline)
        key = str(parcels.relation.key)
        return MadePlaces(
            rows=self._store.open_joined(view.generation, made_from, join, deadline_s=deadline),
            known_as=view.id,
            parcels=rows,
            parcel_table=parcels.id,
            key=key,
            places=Cuts(
                rows=rows,
                features=of.id,
                parcels=parcels.id,
                key=key,
                columns=(key, feature_field(of)),
                short_id=SHORT_ID if SHORT_ID in stored else None,
            ),
        )

    # -- what they are made of -------------------------------------------------------------

    def _open(self, actor: Actor, collection: str, number: int | None) -> CollectionView:
        """Return a collection of whose rows nothing is secret."""
        view = super().view(actor, collection, number=number)
        if view.spec.access.sealed:
            raise no_collection(collection)
        return view

    def _parcels_of(self, layer: LayerSpec) -> str:
        for other, spec in self.registry.parcels():
            if other.id == layer.id and spec.relation.key:
                return spec.id
        raise no_collection(layer.id)

    def _seen(
        self,
        actor: Actor,
        layer: LayerSpec,
        spec: CollectionSpec,
        generation: GenerationInfo,
        there: Collection[str],
    ) -> CollectionView:
        """Return what the actor may see of a collection that has these columns."""
        columns = tuple(
            Column(f.name, ColumnType(f.type.value)) for f in spec.fields if f.name in there
        )
        table = TableInfo(TableSchema(spec.id, columns), 0)
        view = see(self.policy, actor, layer, spec, replace(generation, tables=(table,)))
        return replace(view, generation=generation, linked=False)


def _stored(view: CollectionView) -> frozenset[str]:
    return frozenset(c.name for c in view.table.schema.columns)


def _sealed(view: CollectionView) -> set[str]:
    return {f.name for f in view.spec.fields if f.access.sealed}
