"""What one actor may see of one collection: decided here, before any query runs."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property

from gis_core.store import FEATURE_ID, GenerationInfo, TableInfo
from layers.access import Actor, Policy, link_access
from layers.errors import AccessError, UnknownCollectionError, UnknownFieldError
from layers.query import Query
from layers.spec import Access, CollectionSpec, FieldSpec, LayerSpec

NO_PURPOSE = "State why: reading personal data or tax secrets needs a purpose and is logged."


@dataclass(frozen=True)
class CollectionView:
    """A collection as one actor sees it.

    Attributes
    ----------
    fields
        The fields that this actor may read, in the order of the layer file.
    generation
        The served import.
    linked
        Whether this actor may read the collection's parcel links.
    """

    layer: LayerSpec
    spec: CollectionSpec
    fields: tuple[FieldSpec, ...]
    generation: GenerationInfo
    table: TableInfo
    linked: bool

    @property
    def id(self) -> str:
        """The collection's id."""
        return self.spec.id

    @property
    def count(self) -> int:
        """How many features the collection has."""
        return self.table.count

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the fields that this actor may read."""
        return tuple(f.name for f in self.fields)

    def called(self) -> dict[str, FieldSpec]:
        """Return the fields that this actor may read by every name that a request may use."""
        return {name: f for f in self.fields for name in (f.name, *f.aliases)}

    def classes(self, names: Iterable[str]) -> frozenset[Access]:
        """Return the sealed classes that reading these fields touches, the rows' own included."""
        wanted = set(names)
        touched = {f.access for f in self.fields if f.name in wanted} | {self.spec.access}
        return frozenset(a for a in touched if a.sealed)

    @property
    def link_classes(self) -> frozenset[Access]:
        """The sealed classes that reading the parcel links touches."""
        return self.classes(()) | frozenset(a for a in (link_access(self.spec),) if a.sealed)

    def summary_columns(self, stored: Iterable[str]) -> tuple[str, ...]:
        """Return the columns of a summary that rest on fields this actor may read."""
        return tuple(c for c in stored if set(self.summarised((c,))) <= set(self.names))

    def summarised(self, columns: Collection[str]) -> tuple[str, ...]:
        """Name the fields that columns of a summary rest on."""
        relation = self.spec.relation
        fields = [f for f in relation.sums if f"sum_{f}" in columns]
        if relation.counts_by and {"counts", "areas"} & set(columns):
            fields.append(relation.counts_by)
        return tuple(fields)


def no_collection(collection_id: str) -> UnknownCollectionError:
    """Return the one answer for absent, forbidden and not yet imported collections."""
    return UnknownCollectionError(
        f"there is no collection {collection_id!r}",
        advice="Look at the list of collections; some need a role and a purpose.",
        collection=collection_id,
    )


def see(
    policy: Policy,
    actor: Actor,
    layer: LayerSpec,
    spec: CollectionSpec,
    generation: GenerationInfo | None,
) -> CollectionView:
    """Decide what an actor may see of a collection.

    Raises
    ------
    UnknownCollectionError
        It may not know of the collection, or there is nothing imported.
    AccessError
        It may, but has stated no purpose.
    """

    def entitled(access: Access) -> bool:
        return policy.entitled(actor, layer.id, access, spec.id)

    def allowed(access: Access) -> bool:
        return policy.allowed(actor, layer.id, access, spec.id)

    table = generation.table(spec.id) if generation else None
    if not entitled(spec.access) or generation is None or table is None:
        raise no_collection(spec.id)
    if not allowed(spec.access):
        raise AccessError(
            f"collection {spec.id} is read only with a purpose",
            advice=NO_PURPOSE,
            collection=spec.id,
        )
    stored = {c.name for c in table.schema.columns}
    fields = tuple(f for f in spec.fields if f.name in stored and allowed(f.access))
    return CollectionView(
        layer=layer,
        spec=spec,
        fields=fields,
        generation=generation,
        table=table,
        linked=allowed(link_access(spec)),
    )


def check_fields(policy: Policy, actor: Actor, view: CollectionView, query: Query) -> None:
    """Refuse a query that returns, filters by or sorts by a field the actor may not read.

    Raises
    ------
    UnknownFieldError
        No such field, or none the actor may know of.
    AccessError
        The actor may read it, but has stated no purpose.
    """
    readable = {*view.names, FEATURE_ID}
    for name in query.fields():
        if name in readable:
            continue
        stated = next((f for f in view.spec.fields if f.name == name), None)
        if (
            stated is not None
            and not actor.purpose.strip()
            and policy.entitled(actor, view.layer.id, stated.access, view.id)
            and stated.access.sealed
        ):
            raise AccessError(
                f"field {name} of {view.id} is read only with a purpose",
                advice=NO_PURPOSE,
                collection=view.id,
                field=name,
            )
        raise UnknownFieldError(
            f"collection {view.id} has no field {name!r}",
            advice=f"Its fields are: {', '.join(view.names)}.",
            collection=view.id,
            field=name,
        )
