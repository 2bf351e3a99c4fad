"""What whoever reads relies on, whichever store is behind it: generations, and rows in them.

`Store` and `Snapshot` keep it with SQLite files. A store keeps it when its answers are the same:
rows, their order, types, and the errors.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_core.store.fragments import Segment
from gis_core.store.join import Join
from gis_core.store.nearby import Nearby
from gis_core.store.query import Query, Text
from gis_core.store.schema import Box, GenerationInfo, TableInfo


class Rows(Protocol):
    """One generation, opened for reading; it stays the same while others are published."""

    @property
    def info(self) -> GenerationInfo:
        """Which generation it is."""
        ...

    def table(self, name: str, *, sealed: bool | None = None) -> TableInfo:
        """Return a table's schema, count and bounds; StoreError where there is none."""
        ...

    def frame(
        self,
        name: str,
        query: Query | None = None,
        *,
        released: Sequence[str] | None = None,
        sealed: bool | None = None,
    ) -> gpd.GeoDataFrame | pd.DataFrame:
        """Return the rows that a query describes.

        Parameters
        ----------
        name, sealed
            The table; ``sealed`` tells an open from a sealed one of the same name.
        query
            None: everything.
        released
            Columns that may be read; the database itself refuses the others. None: all.

        Returns
        -------
        A GeoDataFrame for tables with geometry (unless ``query.geometry`` is false), else a
        DataFrame; index ``feature_id`` for keyed tables. Types as in `ColumnType`; without
        ``query.sort`` in storage order, which also decides ties.

        Raises
        ------
        DeadlineError
            The query took too long.
        StoreError
            A column does not exist or was not released.
        """
        ...

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
        ...

    def count(
        self,
        name: str,
        query: Query | None = None,
        *,
        released: Sequence[str] | None = None,
        sealed: bool | None = None,
    ) -> int:
        """Count the rows that a query describes, exactly; limit and offset do not matter."""
        ...

    def numbers(
        self,
        name: str,
        query: Query,
        *,
        released: Sequence[str],
        among: NDArray[np.int64] | None = None,
    ) -> NDArray[np.int64]:
        """Return the numbers of an open table's rows that fit a query, in the order asked for.

        The query asks nothing of the place, but for its filter; ``among``: only of these rows,
        ascending.
        """
        ...

    def cells(
        self,
        name: str,
        columns: Sequence[str],
        by: str,
        values: Sequence[object],
        *,
        released: Sequence[str],
    ) -> tuple[list[int], dict[str, list[object]]]:
        """Return rows of an open table without their place, as JSON has them.

        Parameters
        ----------
        by, values
            A column, or `FID`, and what it has to be.

        Returns
        -------
        The rows' numbers, ascending, and the values of each column.
        """
        ...

    def found(self, name: str, text: Text, *, released: Sequence[str]) -> NDArray[np.intp]:
        """Return the positions of the rows that hold words, in the order of an unsorted query."""
        ...

    def segment(self, name: str, *, released: Sequence[str]) -> Segment | None:
        """Return ready features that show released columns only; None where there are none."""
        ...

    def attachment(self, name: str) -> Path:
        """Return the path of an attached file."""
        ...


class Generations(Protocol):
    """The generations of all layers, for reading. Safe to share between threads."""

    def served(self) -> Mapping[str, GenerationInfo]:
        """Return the served generation of every layer that has one, by layer."""
        ...

    def generations(self, layer: str) -> tuple[GenerationInfo, ...]:
        """Return the kept generations of a layer, oldest first."""
        ...

    def open_generation(self, info: GenerationInfo, *, deadline_s: float | None = None) -> Rows:
        """Open a generation that `served` or `generations` named.

        No query on it takes longer than ``deadline_s``.
        """
        ...

    def open_joined(
        self,
        info: GenerationInfo,
        other: GenerationInfo,
        join: Join,
        *,
        deadline_s: float | None = None,
    ) -> Rows:
        """Open the one table that is made of two generations when it is read.

        Raises
        ------
        StoreError
            What it is made of is not there, or sealed.
        """
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...
