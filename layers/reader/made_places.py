"""Rows whose place is made when it is asked for, of that of the parcels in which it lies.

Conditions on the place are asked of the parcels first: what lies in a parcel that misses an area
misses it, too, and meets it where the whole parcel lies in it. Only for the others it is made.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from geopandas.array import from_shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gis_core.errors import QueryError
from gis_core.filters import ast
from gis_core.filters.ast import Filter
from gis_core.filters.evaluate import evaluate
from gis_core.geometry import as_multipolygon
from gis_core.store import FEATURE_ID, GEOMETRY, GenerationInfo, Query, Rows
from gis_core.store.fragments import Segment
from gis_core.store.nearby import Nearby
from gis_core.store.query import Text
from gis_core.store.schema import Box, TableInfo
from layers.parts import keys_in

Shapes = NDArray[np.object_]
Fits = Callable[[Shapes], NDArray[np.bool_]]


class Places(Protocol):
    """Makes the places of rows."""

    @property
    def placed(self) -> bool:
        """Whether it needs the rows' own place."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """What else it needs of them."""
        ...

    def make(self, rows: pd.DataFrame) -> Shapes:
        """Return (n,) geometries."""
        ...

    def keys_of(self, ids: Sequence[str]) -> tuple[str, ...] | None:
        """Return the keys of parcels that hold the features of these ids; None: ask by id."""
        ...


@dataclass(frozen=True, slots=True)
class Points:
    """A point in each area, where it is wide: 0.5 µs each, so that all can be asked for."""

    placed: bool = True
    columns: tuple[str, ...] = ()

    def make(self, rows: pd.DataFrame) -> Shapes:
        """Return (n,) points."""
        return np.asarray(shapely.point_on_surface(_shapes(rows)), dtype=object)

    def keys_of(self, ids: Sequence[str]) -> None:
        """Return None: areas are found by their ids."""
        del ids


@dataclass(frozen=True, slots=True)
class Cuts:
    """What features and parcels have in common.

    Attributes
    ----------
    rows
        Where both are.
    features, parcels, key
        Their tables, and the parcels' column with their key.
    columns
        Of a part: the key of its parcel, the id of its feature.
    """

    rows: Rows
    features: str
    parcels: str
    key: str
    columns: tuple[str, ...]
    short_id: str | None
    placed: bool = False

    def make(self, rows: pd.DataFrame) -> Shapes:
        """Return (n,) areas; None where nothing with an area is left."""
        keys, ids = (rows[name].to_numpy(dtype=object) for name in self.columns)
        ground = self._parcels(set(keys))
        asked = Query(ids=tuple(sorted(set(ids))), columns=())
        areas = self.rows.frame(self.features, asked, released=())
        left = ground.reindex(keys).to_numpy()
        right = pd.Series(_shapes(areas), index=areas.index).reindex(ids).to_numpy()
        return as_multipolygon(_only_areas(shapely.intersection(left, right)))

    def _parcels(self, keys: Collection[str]) -> pd.Series:
        """Return the place of each parcel; one that several rows make up is their union."""
        asked = Query(columns=(self.key,), among={self.key: tuple(sorted(keys))})
        rows = self.rows.frame(self.parcels, asked, released=(self.key,))
        places = pd.Series(_shapes(rows), index=rows[self.key].to_numpy(dtype=object))
        if places.index.has_duplicates:
            return places.groupby(level=0).agg(lambda some: shapely.union_all(some.to_numpy()))
        return places

    def keys_of(self, ids: Sequence[str]) -> tuple[str, ...]:
        """Return the keys of the parcels that the ids of parts begin with."""
        found = [keys_in(one) for one in ids]
        keys = {key for _, key in found}
        if self.short_id is not None:
            short = tuple({short for short, _ in found})
            asked = Query(columns=(self.key,), among={self.short_id: short}, geometry=False)
            released = (self.key, self.short_id)
            keys |= set(self.rows.frame(self.parcels, asked, released=released)[self.key])
        return tuple(sorted(map(str, keys)))


@dataclass(frozen=True, slots=True)
class MadePlaces:
    """Rows of a table, their places made; `Rows` by another name.

    Attributes
    ----------
    rows, known_as
        Where the rows are, and what their table is called there.
    parcels, parcel_table, key
        The parcels, and the column with their key, which the rows have, too.
    """

    rows: Rows
    known_as: str
    parcels: Rows
    parcel_table: str
    key: str
    places: Places

    @property
    def info(self) -> GenerationInfo:
        """Which generation it is."""
        return self.rows.info

    def table(self, name: str, *, sealed: bool | None = None) -> TableInfo:
        """Return the table's schema and count."""
        del name
        return self.rows.table(self.known_as, sealed=sealed)

    def frame(
        self,
        name: str,
        query: Query | None = None,
        *,
        released: Sequence[str] | None = None,
        sealed: bool | None = None,
    ) -> gpd.GeoDataFrame | pd.DataFrame:
        """Return the rows that a query describes; see `Rows.frame`."""
        del name, sealed
        query = query or Query()
        given = self._given(released)
        wanted = [c for c in (given if query.columns is None else query.columns) if c != FEATURE_ID]
        asked = replace(self._inner(query), columns=tuple(wanted))
        if not query.geometry:
            return self._read(replace(asked, geometry=False), given)
        rows, shapes = self._made(asked, given)
        crs = self.parcels.table(self.parcel_table).schema.crs
        frame = pd.DataFrame(rows[wanted])
        return gpd.GeoDataFrame(frame, geometry=from_shapely(shapes, crs=crs))

    def near(
        self,
        name: str,
        box: Box,
        columns: Sequence[str],
        *,
        released: Sequence[str],
        least_area: float = 0.0,
    ) -> Nearby:
        """Return the rows in parcels whose box meets a box, for tiles."""
        del name
        found = self.parcels.near(
            self.parcel_table, box, [self.key], released=[self.key], least_area=least_area
        )
        keys = tuple(sorted(set(map(str, found.values[self.key]))))  # noqa: PD011 - no frame
        asked = Query(among={self.key: keys}, columns=tuple(columns))
        rows, shapes = self._made(asked, released)
        plain = rows[list(columns)].astype(object)
        plain = plain.where(plain.notna(), None)
        numbers = self.rows.numbers(self.known_as, asked, released=self._all(released))
        return Nearby(
            numbers,
            rows.index.tolist(),
            {c: plain[c].tolist() for c in columns},
            shapes,
        )

    def count(
        self,
        name: str,
        query: Query | None = None,
        *,
        released: Sequence[str] | None = None,
        sealed: bool | None = None,
    ) -> int:
        """Count the rows that a query describes, exactly; limit and offset do not matter."""
        del name, sealed
        asked = self._inner((query or Query()).unpaged())
        return self.rows.count(self.known_as, asked, released=self._all(self._given(released)))

    def numbers(
        self,
        name: str,
        query: Query,
        *,
        released: Sequence[str],
        among: NDArray[np.int64] | None = None,
    ) -> NDArray[np.int64]:
        """Return the numbers of the rows that fit a query, in the order asked for."""
        del name
        given, asked = self._all(released), self._inner(query)
        return self.rows.numbers(self.known_as, asked, released=given, among=among)

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
        del name
        return self.rows.cells(self.known_as, columns, by, values, released=self._all(released))

    def found(self, name: str, text: Text, *, released: Sequence[str]) -> NDArray[np.intp]:
        """Return the positions of the rows that hold words; see `Rows.found`."""
        del name
        return self.rows.found(self.known_as, text, released=self._all(released))

    def segment(self, name: str, *, released: Sequence[str]) -> Segment | None:
        """Return ready features: there are none of places that are made."""
        del name, released
        return None

    def attachment(self, name: str) -> Path:
        """Return the path of an attached file."""
        return self.rows.attachment(name)

    # -- rows ------------------------------------------------------------------------------

    def _given(self, released: Sequence[str] | None) -> Sequence[str]:
        if released is not None:
            return released
        return [c.name for c in self.rows.table(self.known_as).schema.columns]

    def _all(self, released: Sequence[str]) -> list[str]:
        return list(dict.fromkeys([*released, self.key, *self.places.columns]))

    def _read(self, query: Query, released: Sequence[str]) -> pd.DataFrame:
        return self.rows.frame(self.known_as, query, released=self._all(released))

    def _made(self, query: Query, released: Sequence[str]) -> tuple[pd.DataFrame, Shapes]:
        """Return rows with what their places are made of, and these."""
        columns = tuple(dict.fromkeys([*(query.columns or ()), *self.places.columns]))
        rows = self._read(replace(query, columns=columns, geometry=self.places.placed), released)
        return rows, self.places.make(rows)

    # -- conditions ------------------------------------------------------------------------

    def _inner(self, query: Query) -> Query:
        """Return what is asked of the rows: conditions on places as keys of parcels and ids."""
        among = dict(query.among)
        conditions = [self._fitting(*test) for test in _tests(query)]
        if query.where is not None:
            conditions.append(self._placeless(query.where))
        keys = None if query.ids is None else self.places.keys_of(query.ids)
        if keys is not None:
            conditions.append(ast.In(self._prop(self.key), tuple(map(ast.Literal, keys))))
        text = query.where.text if query.where else "place"
        root = conditions[0] if len(conditions) == 1 else ast.And(tuple(conditions))
        return replace(
            query,
            bbox=None,
            intersects=None,
            within=None,
            among=among,
            where=Filter(root, text) if conditions else None,
        )

    def _fitting(self, near: Query, surely: Query | None, fits: Fits) -> ast.Condition:
        """Return the condition that a place fits.

        Parameters
        ----------
        near, surely
            The parcels of those that can fit, and of those that do.
        fits
            Tells which places do.
        """
        keys = self._keys(near)
        rim = sorted(set(keys).difference(self._keys(surely) if surely else ()))
        inside = ast.In(self._prop(self.key), tuple(map(ast.Literal, keys)))
        if not rim:
            return inside
        rows, shapes = self._made(Query(among={self.key: tuple(rim)}, columns=()), ())
        out = rows.index[~fits(shapes)].tolist()
        if not out:
            return inside
        outside = ast.In(self._prop(FEATURE_ID), tuple(map(ast.Literal, out)))
        return ast.And((inside, ast.Not(outside)))

    def _keys(self, query: Query) -> list[str]:
        asked = replace(query, columns=(self.key,), geometry=False)
        found = self.parcels.frame(self.parcel_table, asked, released=(self.key,))[self.key]
        return sorted(set(found.dropna()))

    def _prop(self, name: str) -> ast.Prop:
        return ast.Prop(name, type=ast.Type.TEXT)

    def _placeless(self, wanted: Filter) -> ast.Condition:
        """Return a filter's condition with those on the place as keys and ids that meet them."""
        root = ast.rewritten(wanted.root, partial(self._changed, wanted))
        if not isinstance(root, ast.Condition):
            raise TypeError("a condition stays one")
        if any(isinstance(n, ast.Prop) and n.name == GEOMETRY for n in ast.walk(root)):
            raise _not_comparable()
        return root

    def _changed(self, wanted: Filter, node: ast.Node) -> ast.Node | None:
        if isinstance(node, ast.IsNull) and _is_place(node.value):
            return ast.Truth(ast.Literal(value=False, at=node.at), at=node.at)
        if not isinstance(node, ast.Spatial):
            return None
        stated = [s.geometry for s in (node.left, node.right) if isinstance(s, ast.Shape)]
        if len(stated) != 1 or not any(map(_is_place, (node.left, node.right))):
            raise _not_comparable()
        apart = node.op == "s_disjoint"
        test = Filter(replace(node, op="s_intersects") if apart else node, wanted.text, wanted.crs)

        def fits(shapes: Shapes) -> NDArray[np.bool_]:
            return np.array([evaluate(test, {GEOMETRY: s}) is True for s in shapes], np.bool_)

        surely = Query(within=stated[0]) if node.op in {"s_intersects", "s_disjoint"} else None
        found = self._fitting(Query(intersects=stated[0]), surely, fits)
        return ast.Not(found) if apart else found


def _tests(query: Query) -> Iterator[tuple[Query, Query, Fits]]:
    """Yield the conditions of a query on the place: parcels near, parcels that surely fit, test."""
    box = None if query.bbox is None else shapely.box(*query.bbox)
    for area in (box, query.intersects):
        if area is not None:
            yield Query(intersects=area), Query(within=area), partial(_all_meet, area)
    if query.within is not None:
        near, surely = Query(intersects=query.within), Query(within=query.within)
        yield near, surely, partial(_all_lie_in, query.within)


def _all_meet(area: BaseGeometry, shapes: Shapes) -> NDArray[np.bool_]:
    return np.asarray(shapely.intersects(area, shapes), np.bool_)


def _all_lie_in(area: BaseGeometry, shapes: Shapes) -> NDArray[np.bool_]:
    return np.asarray(shapely.covers(area, shapes), np.bool_)


def _not_comparable() -> QueryError:
    return QueryError(
        "the place can only be compared with another place here",
        advice="Use s_intersects and its like.",
    )


def _is_place(node: ast.Value) -> bool:
    return isinstance(node, ast.Prop) and node.name == GEOMETRY


def _shapes(rows: pd.DataFrame) -> Shapes:
    return np.asarray(rows[GEOMETRY].array, dtype=object)


def _only_areas(shapes: Shapes) -> Shapes:
    """Return areas without the lines and points that are left where borders touch."""
    shapes = shapes.copy()
    mixed = np.flatnonzero(shapely.get_type_id(shapes) == shapely.GeometryType.GEOMETRYCOLLECTION)
    for i in mixed:
        parts = shapely.get_parts(shapes[i])
        shapes[i] = shapely.union_all(parts[shapely.get_dimensions(parts) == 2])
    none = shapely.is_empty(shapes) | (shapely.get_dimensions(shapes) < 2)
    shapes[none] = None
    return shapes
