"""What is known of a parcel in figures: which there are, what they rest on, who may read them.

They follow from the layers alone. The merge stores them as one narrow table, a row for each
parcel (`layers.merging.figures`); `layers.reader.figures` joins them with the parcels.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from gis_core.store.schema import Column, ColumnType, TableSchema
from layers.access import Actor, Policy, link_access
from layers.errors import LayerSpecError
from layers.registry import Registry
from layers.spec import (
    Access,
    CollectionSpec,
    FieldSpec,
    FieldType,
    Join,
    LayerSpec,
    Relation,
    Title,
)

FIGURES = "_merkmale"
"""What follows the parcels' id in that of the collection, and of its table."""

_CUT = frozenset({Join.DISC, Join.WITHIN, Join.SHARE})
_OPENNESS = tuple(Access)
_STATISTICS: dict[
    str, tuple[str, Title, bool]
] = {  # column of a raster's summary: end of the name, titles, whether it is an angle
    "mean": ("mittel", {"de": "Mittel", "en": "mean"}, False),
    "min": ("min", {"de": "kleinster Wert", "en": "lowest"}, False),
    "max": ("max", {"de": "größter Wert", "en": "highest"}, False),
    "std": ("streuung", {"de": "Standardabweichung", "en": "standard deviation"}, False),
    "slope_mean": ("neigung", {"de": "mittlere Neigung", "en": "mean slope"}, True),
    "slope_max": ("neigung_max", {"de": "größte Neigung", "en": "steepest slope"}, True),
    "aspect": ("ausrichtung", {"de": "Ausrichtung", "en": "aspect"}, True),
}


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes
    ----------
    field
        How it is called and typed; its class is the most secret of ``needs``.
    source, column
        The collection or raster layer, and the column of its summary.
    layer
        The layer that it comes from.
    needs
        The classes that one must be allowed to read in that layer.
    """

    field: FieldSpec
    source: str
    column: str
    layer: str
    needs: frozenset[Access]

    def entitled(self, policy: Policy, actor: Actor) -> bool:
        """Whether the actor's role may read it at all."""
        return all(policy.entitled(actor, self.layer, a, self.source) for a in self.needs)

    def allowed(self, policy: Policy, actor: Actor) -> bool:
        """Whether the actor may read it now."""
        return all(policy.allowed(actor, self.layer, a, self.source) for a in self.needs)


def figures(registry: Registry) -> tuple[Figure, ...]:
    """Return the figures that the layers give to parcels, in the order of the layers.

    Raises
    ------
    LayerSpecError
        Two of them would be called alike.
    """
    found: dict[str, Figure] = {}
    for layer in registry.layers.values():
        for figure in _of_layer(layer):
            name = figure.field.name
            if name in found:
                raise LayerSpecError(
                    f"the figures {name!r} of {found[name].source} and {figure.source} are "
                    "called alike",
                    advice="Give one of them another prefix: figures = { prefix = … }.",
                    key="figures",
                    found=name,
                )
            found[name] = figure
    return tuple(found.values())


def parcel_fields(spec: CollectionSpec) -> tuple[FieldSpec, ...]:
    """Return the parcels' own fields that stand beside their figures: key and official area."""
    names = (spec.relation.key, spec.relation.area)
    return tuple(spec.field(name) for name in names if name)


def figures_schema(parcels: CollectionSpec, found: tuple[Figure, ...]) -> TableSchema:
    """Return the table of figures; what is secret in a layer is in the sealed file."""
    fields = (*parcel_fields(parcels), *(f.field for f in found))
    return TableSchema(
        name=parcels.id + FIGURES,
        columns=tuple(
            Column(f.name, ColumnType(f.type.value), f.access.sealed and not parcels.access.sealed)
            for f in fields
        ),
        keyed=False,
        sealed_rows=parcels.access.sealed,
        order=(str(parcels.relation.key),),
        together=_often_asked(parcels, found),
        title=_title(parcels)["de"],
    )


def figures_spec(parcels: CollectionSpec, fields: tuple[FieldSpec, ...]) -> CollectionSpec:
    """Return the collection of parcels with these figures."""
    key = str(parcels.relation.key)
    # Not checked as a layer file is: there, no tax secret may have a place on a map; here,
    # figures lie beside a place only for who may read them, and no tile has them.
    return CollectionSpec.model_construct(
        id=parcels.id + FIGURES,
        title=_title(parcels),
        description={
            "de": "Jedes Flurstück mit dem, was die verknüpften Fachschalen darüber wissen, in "
            "Zahlen. 0: es liegt nichts darauf. Kein Wert: es wurde nicht verknüpft.",
            "en": "Each parcel with what the linked layers know of it, in figures. 0: nothing "
            "lies on it. No value: it was not linked.",
        },
        geometry=parcels.geometry,
        access=parcels.access,
        identity=(key,),
        accuracy_m=parcels.accuracy_m,
        search=(),
        relation=Relation(by=Join.SELF, key=key, area=parcels.relation.area),
        fields=fields,
    )


def _often_asked(parcels: CollectionSpec, found: tuple[Figure, ...]) -> tuple[str, ...]:
    """Name the area and what is counted or named: conditions on these read an index alone."""
    area = (parcels.relation.area,) if parcels.relation.area else ()
    counted = {FieldType.INTEGER, FieldType.TEXT}
    open_ones = (f.field for f in found if not f.field.access.sealed)
    return (*area, *(f.name for f in open_ones if f.type in counted))


def _title(parcels: CollectionSpec) -> Title:
    own = parcels.title
    return {"de": f"{own['de']} mit Merkmalen", "en": f"{own['en']} with figures"}


def _of_layer(layer: LayerSpec) -> Iterator[Figure]:
    for spec in layer.collections:
        if spec.relation.by not in {Join.SELF, Join.NONE}:
            yield from _of_collection(layer, spec)
    raster = layer.raster
    if raster is None:
        return
    prefix = raster.figures.prefix if raster.figures else layer.id
    wanted = tuple(statistic.value for statistic in raster.wanted)
    for column, (end, title, angle) in _STATISTICS.items():
        if column.startswith(wanted):
            field = FieldSpec(
                name=f"{prefix}_{end}",
                title=_joined(raster.title, title),
                access=raster.access,
                type=FieldType.NUMBER,
                unit="°" if angle else raster.unit,
            )
            yield Figure(field, layer.id, column, layer.id, frozenset({raster.access}))


def _of_collection(layer: LayerSpec, spec: CollectionSpec) -> Iterator[Figure]:
    names, relation = spec.figures, spec.relation
    prefix = names.prefix if names else spec.id
    boundary = names.boundary if names else "auf_grenze"
    own = {spec.access, link_access(spec)}

    def figure(
        column: str,
        end: str,
        title: Title,
        kind: FieldType,
        unit: str = "",
        rests_on: FieldSpec | None = None,
    ) -> Figure:
        needs = own | ({rests_on.access} if rests_on else set())
        field = FieldSpec(
            name=f"{prefix}_{end}",
            title=_joined(spec.title, title),
            access=max(needs, key=_OPENNESS.index),
            type=kind,
            unit=unit,
            codes=rests_on.codes if rests_on and kind is FieldType.TEXT else None,
        )
        return Figure(field, spec.id, column, layer.id, frozenset(needs))

    whole, number = FieldType.INTEGER, FieldType.NUMBER
    yield figure("n", "anzahl", {"de": "Anzahl", "en": "number"}, whole)
    if relation.by in _CUT:
        cut: Title = {"de": "Anzahl auf der Grenze", "en": "number on the boundary"}
        yield figure("boundary", boundary, cut, whole)
    if relation.by is Join.SHARE:
        yield figure("area_m2", "flaeche", {"de": "Fläche", "en": "area"}, number, "m²")
        if relation.counts_by:
            most: Title = {"de": "überwiegend", "en": "mainly"}
            field = spec.field(relation.counts_by)
            yield figure("areas", "ueberwiegend", most, FieldType.TEXT, rests_on=field)
    for name in relation.sums:
        field = spec.field(name)
        total: Title = {"de": f"Summe {field.title['de']}", "en": f"sum of {field.title['en']}"}
        yield figure(f"sum_{name}", f"summe_{name}", total, field.type, field.unit, field)


def _joined(first: Title, second: Title) -> Title:
    return {"de": f"{first['de']}: {second['de']}", "en": f"{first['en']}: {second['en']}"}
