"""A city, a state or a country laid out for a merge in tiles: datasets, and how they relate."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gis_core.errors import StoreError
from gis_core.merge.engine_name import EngineName
from gis_core.merge.tiles import TileRule
from gis_core.store.parquet import Dataset, Storage, read_dataset
from layers.spec import CollectionSpec, Identifier, Join

LAYOUT, LINKS = "layout.json", "links.json"
TILED = frozenset({Join.DISC, Join.WITHIN, Join.SHARE})
"""Relations by place, which tiles can answer."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TiledCollection(_Strict):
    """One dataset of guests and its relation to parcels.

    Columns: ``feature_id``, ``geometry``, for stem discs ``radius_m``.
    """

    id: Identifier
    by: Join
    accuracy_m: Annotated[float, Field(ge=0)] = 0.0
    nearest_m: Annotated[float, Field(ge=0)] = 0.0
    prefer: tuple[str, ...] = ()
    generation: int = 0

    @property
    def rule(self) -> TileRule:
        """What a tile needs to know of the relation."""
        return TileRule(
            by_share=self.by is Join.SHARE, accuracy_m=self.accuracy_m, nearest_m=self.nearest_m
        )

    @classmethod
    def of(cls, spec: CollectionSpec, generation: int = 0) -> Self:
        """Take the relation from a layer's description."""
        return cls(
            id=spec.id,
            by=spec.relation.by,
            accuracy_m=spec.accuracy_m,
            nearest_m=spec.relation.nearest_m,
            prefer=spec.relation.prefer,
            generation=generation,
        )


class KeyedCollection(_Strict):
    """Rows that state a parcel key: the Parquet files of a folder called as the collection.

    Columns: ``feature_id``, repeated where a feature states several keys, but only within one
    file, and ``stated_key`` as filed.
    """

    id: Identifier
    generation: int = 0


class LayoutFile(_Strict):
    """What ``layout.json`` says; written last, so that what it names is complete.

    Attributes
    ----------
    parcels
        Their dataset; columns ``parcel_key``, unique, ``geometry``, ``use``.
    made_from
        What the datasets were made from; another text, another layout.
    engine
        Who measures; "auto" decides by the number of all parcels.
    districts
        File with the district catalogue by which stated keys are read.
    """

    version: Literal[1] = 1
    made_from: str
    engine: EngineName = EngineName.AUTO
    crs: int
    parcels: Identifier
    collections: tuple[TiledCollection, ...]
    keyed: tuple[KeyedCollection, ...] = ()
    districts: str = "districts.toml"


@dataclass(frozen=True)
class Layout:
    """A layout that is complete, and its datasets."""

    storage: Storage
    file: LayoutFile
    parcels: Dataset
    guests: dict[str, Dataset]


def write_layout(storage: Storage, file: LayoutFile) -> None:
    """Publish a layout whose datasets are complete."""
    storage.write_json(LAYOUT, file.model_dump(mode="json"))


def read_file(storage: Storage) -> LayoutFile:
    """Return what ``layout.json`` says; see `read_layout`."""
    found = storage.read_json(LAYOUT)
    try:
        return LayoutFile.model_validate(found)
    except ValidationError as fault:
        first = fault.errors()[0]
        raise StoreError(
            f"{storage.shown}/{LAYOUT}: {'.'.join(map(str, first['loc']))}: {first['msg']}",
            advice="Lay the data out again: flurbuch tiles export.",
        ) from fault


def read_layout(storage: Storage, names: Sequence[str] | None = None) -> Layout:
    """Return a layout.

    Parameters
    ----------
    names
        Collections that are wanted; None: all.

    Raises
    ------
    StoreError
        There is none, it cannot be reached, or its datasets are incomplete.
    """
    file = read_file(storage)
    wanted = [c for c in file.collections if names is None or c.id in names]
    return Layout(
        storage,
        file.model_copy(update={"collections": tuple(wanted)}),
        read_dataset(storage, file.parcels),
        {c.id: read_dataset(storage, c.id) for c in wanted},
    )
