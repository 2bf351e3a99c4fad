"""Rows that are made of two generations when they are read."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

from gis_core.errors import StoreError
from gis_core.store.columns import Columns
from gis_core.store.fragments import Segments
from gis_core.store.guard import Connections, Guarded, Release, View
from gis_core.store.join import Join
from gis_core.store.reading import Snapshot
from gis_core.store.schema import GenerationInfo, TableInfo
from gis_core.store.words import KeptWords


class JoinedSnapshot(Snapshot):
    """A generation with one more table: a join with another generation. Nothing else is read."""

    def __init__(
        self,
        info: GenerationInfo,
        other: GenerationInfo,
        join: Join,
        connections: Connections,
        segments: Segments,
        columns: Columns,
        words: KeptWords,
        deadline_s: float | None = None,
    ) -> None:
        rows = info.table(join.rows, sealed=False)
        if rows is None or other.table(join.fellows, sealed=False) is None:
            raise StoreError(
                f"{join.schema.name} cannot be made: {join.rows} or {join.fellows} is not there",
                advice="Run: flurbuch merge",
                table=join.schema.name,
            )
        made = TableInfo(join.schema, rows.count)
        own = replace(info, tables=(made,))
        super().__init__(own, connections, segments, columns, words, deadline_s)
        self._join, self._beside = join, other.path

    def _lend(
        self, table: TableInfo, released: Sequence[str] | None
    ) -> AbstractContextManager[Guarded]:
        known = [c.name for c in table.schema.columns]
        columns = known if released is None else [c for c in known if c in set(released)]
        release = Release(frozenset(), frozenset(), View.of(self._join, columns, self._beside))
        return self._connections.lend(self.info.path, release, self._deadline_s)
