"""Rows of several tables as those of one: today's features, then those that were there before."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_core.filters import ast
from gis_core.filters.ast import Condition, Filter
from gis_core.store import FEATURE_ID, GEOMETRY, Query, Rows
from layers.lifetimes import where

Frame = gpd.GeoDataFrame | pd.DataFrame


@dataclass(frozen=True)
class Part:
    """One table of several, and what of it counts.

    Attributes
    ----------
    when
        A condition that its rows meet, on its own columns; None: all do.
    said
        What the condition is, in the words of a request.
    renamed
        What it calls columns that are asked for under another name.
    """

    rows: Rows
    table: str
    when: Condition | None = None
    said: str = ""
    renamed: Mapping[str, str] = field(default_factory=dict)

    def count(self, query: Query, released: Sequence[str]) -> int:
        """Count the rows that a query describes; limit and offset do not matter."""
        asked = self._own(query.unpaged())
        if asked is None:
            return 0
        return self.rows.count(self.table, asked, released=self._released(released))

    def frame(self, query: Query, released: Sequence[str]) -> Frame | None:
        """Return the rows that a query describes under the names asked for; None: there are none.

        Columns that the table does not have are left out.
        """
        asked = self._own(query)
        if asked is None:
            return None
        found = self.rows.frame(self.table, asked, released=self._released(released))
        if not len(found):
            return None
        asked_for = [c for c in query.columns or () if self._name(c) in self._known]
        named = found.rename(columns={self._name(c): c for c in asked_for})
        return named[[*asked_for, *([GEOMETRY] if GEOMETRY in found else [])]]

    def _own(self, query: Query) -> Query | None:
        """Return a query in the table's own names; None where nothing can fit it.

        What the table does not record meets no condition.
        """
        conditions = {*query.equals, *query.among}
        conditions |= {n for n in (query.where.fields() if query.where else ()) if n != GEOMETRY}
        if not {self._name(n) for n in conditions} <= self._known | {FEATURE_ID}:
            return None
        asked = None if query.where is None else _renamed(query.where, self.renamed)
        known = [self._name(c) for c in query.columns or ()]
        sort = ((self._name(n), down) for n, down in query.sort)
        text = query.text
        if text is not None:
            told = tuple(pair for pair in text.searched if pair[0] in self._known)
            text = replace(text, searched=told)
        return replace(
            query,
            equals={self._name(n): value for n, value in query.equals.items()},
            among={self._name(n): values for n, values in query.among.items()},
            where=where(asked, self.when, self.said),
            text=text,
            columns=tuple(c for c in dict.fromkeys(known) if c in self._known),
            sort=tuple((n, down) for n, down in sort if n in self._known),
        )

    def _released(self, released: Sequence[str]) -> list[str]:
        when = ast.walk(self.when) if self.when is not None else ()
        own = [n.name for n in when if isinstance(n, ast.Prop)]
        return [c for c in (*map(self._name, released), *own) if c in self._known]

    def _name(self, column: str) -> str:
        return self.renamed.get(column, column)

    @property
    def _known(self) -> frozenset[str]:
        return frozenset(c.name for c in self.rows.table(self.table).schema.columns)


@dataclass(frozen=True)
class Several:
    """Parts that are read as one, the rows of the first first where nothing else is asked for."""

    parts: tuple[Part, ...]

    def count(self, name: str, query: Query, *, released: Sequence[str]) -> int:
        """Count the rows that a query describes, exactly; see `Rows.count`."""
        del name
        return sum(part.count(query, released) for part in self.parts)

    def frame(self, name: str, query: Query, *, released: Sequence[str]) -> Frame:
        """Return the rows that a query describes; see `Rows.frame`."""
        if query.columns is None:
            query = query.selecting(released)
        found, order = self._sorted(query, released) if query.sort else ([], None)
        if not query.sort:
            found = list(self._in_turn(query, released))
        if not found:
            rows = self.parts[0].rows
            return rows.frame(name, replace(query, limit=0, offset=0), released=released)
        columns = query.columns or ()
        if len(found) > 1 or not set(columns) <= set(found[0].columns):
            like = self.parts[0].rows.frame(name, Query(limit=0), released=released)
            found = [pd.concat([_complete(frame, columns, like) for frame in found])]
        return found[0] if order is None else found[0].iloc[order]

    def _in_turn(self, query: Query, released: Sequence[str]) -> Iterator[Frame]:
        skip, left = query.offset, query.limit
        for part in self.parts:
            if left == 0:
                return
            found = part.frame(replace(query, offset=skip, limit=left), released)
            if found is not None:
                skip, left = 0, None if left is None else left - len(found)
                yield found
            elif skip:
                skip = max(0, skip - part.count(query, released))

    def _sorted(
        self, query: Query, released: Sequence[str]
    ) -> tuple[list[Frame], NDArray[np.intp] | None]:
        """Return the rows of a page part by part, and the order in which they belong."""
        last = None if query.limit is None else query.offset + query.limit
        names = tuple(dict.fromkeys(name for name, _ in query.sort))
        light = replace(query, columns=names, geometry=False, limit=last, offset=0)
        keys = [_keys(part.frame(light, released), query.sort) for part in self.parts]
        order = [(i, at) for i, own in enumerate(keys) for at in range(len(own))]
        for level in reversed(range(len(query.sort))):
            down = query.sort[level][1]
            order.sort(key=partial(_level, keys, level), reverse=down)
        whose = np.array([i for i, _ in order[query.offset : last]], dtype=np.intp)
        found = []
        for i, part in enumerate(self.parts):
            # Of each part a page holds what follows one another in the part's own order.
            here = [at for whose_is, at in order[query.offset : last] if whose_is == i]
            own = replace(query, offset=here[0] if here else 0, limit=len(here))
            frame = part.frame(own, released) if here else None
            found += [] if frame is None else [frame]
        return found, np.argsort(np.argsort(whose, kind="stable"), kind="stable")


Key = tuple[tuple[bool, Any], ...]


def _level(keys: Sequence[Sequence[Key]], level: int, place: tuple[int, int]) -> tuple[bool, Any]:
    part, row = place
    return keys[part][row][level]


def _keys(frame: Frame | None, sort: Sequence[tuple[str, bool]]) -> list[Key]:
    """Return by what each row is sorted: missing values are the lowest."""
    if frame is None:
        return []
    columns = []
    for name, _ in sort:
        if name not in frame:
            columns.append([(False, 0)] * len(frame))
            continue
        gone, values = frame[name].isna().tolist(), frame[name].tolist()
        columns.append([(False, 0) if g else (True, v) for g, v in zip(gone, values, strict=True)])
    return list(zip(*columns, strict=True))


def _complete(frame: Frame, columns: Sequence[str], like: Frame) -> Frame:
    """Return a frame with all columns in order; what it lacks is missing, of the type it has."""
    lacking = {
        c: pd.Series(np.full(len(frame), None, object), frame.index).astype(like[c].dtype)
        for c in columns
        if c not in frame
    }
    place = [GEOMETRY] if GEOMETRY in frame else []
    return frame.assign(**lacking)[[*columns, *place]]


def _renamed(wanted: Filter, names: Mapping[str, str]) -> Filter:
    """Return a filter with its properties called otherwise."""
    if not set(names) & set(wanted.fields()):
        return wanted
    root = _node(wanted.root, names)
    if not isinstance(root, ast.Condition):
        raise TypeError("a condition stays one")
    return replace(wanted, root=root)


def _node(node: ast.Node, names: Mapping[str, str]) -> ast.Node:
    if isinstance(node, ast.Prop):
        return replace(node, name=names.get(node.name, node.name))
    changed: dict[str, Any] = {}
    for part in fields(node):
        below = getattr(node, part.name)
        if isinstance(below, tuple) and all(isinstance(n, ast.Node) for n in below):
            changed[part.name] = tuple(_node(n, names) for n in below)
        elif isinstance(below, ast.Node):
            changed[part.name] = _node(below, names)
    return replace(node, **changed)
