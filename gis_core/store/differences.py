"""What changed between two generations of a table, and rows near many boxes at once."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gis_core.errors import StoreError
from gis_core.store.disk import disk_faults
from gis_core.store.guard import OPEN_FILE, SEALED_FILE
from gis_core.store.schema import GenerationInfo
from gis_core.store.sql import between as sql
from gis_core.store.touched import touched_since


@dataclass(frozen=True, slots=True)
class Difference:
    """Ids of features: a changed one is in both lists, as what it was and as what it is.

    Attributes
    ----------
    gone
        Were in the former generation and are not, or not as they were, in the current one.
    came
        Are in the current generation and were not, or not as they are, in the former one.
    """

    gone: tuple[str, ...]
    came: tuple[str, ...]

    def __len__(self) -> int:
        """Return how many features changed, those that only came or went included."""
        return len({*self.gone, *self.came})


def differences(
    former: GenerationInfo, current: GenerationInfo, table: str, columns: Sequence[str]
) -> Difference | None:
    """Compare a keyed table of two generations by geometry and these columns.

    Returns
    -------
    None where the tables cannot be compared: one is absent, or lacks a column.

    Notes
    -----
    SQLite compares value by value without leaving its own code: where amendments lead from the
    one generation to the other, the k rows that they touched, O(k log n); else all n, O(n log n).
    """
    if former.number == current.number:
        return Difference((), ())
    old, new = former.table(table), current.table(table)
    if old is None or new is None:
        return None
    known = [{c.name for c in t.schema.columns} for t in (old, new)]
    same_kind = (old.schema.geometry is None) == (new.schema.geometry is None)
    if not all(set(columns) <= names for names in known) or not same_kind:
        return None
    with disk_faults(f"cannot compare generations of {current.layer}"), closing(_blank()) as db:
        _attach(db, "old", former.path)
        _attach(db, "new", current.path)
        steps = touched_since(former, current, new)
        touched = sorted({i for _, ids in steps for i in ids})
        among = (json.dumps(touched),) if steps else ()
        sides = (("old", old.schema), ("new", new.schema))
        found = (
            db.execute(sql.differing(mine, other, columns, among=bool(steps)), among).fetchall()
            for mine, other in (sides, sides[::-1])
        )
        gone, came = (tuple(row[0] for row in rows) for rows in found)
        return Difference(gone, came)


def ids_near(info: GenerationInfo, table: str, boxes: NDArray[np.float64]) -> tuple[str, ...]:
    """Return the ids of features whose box meets one of (k, 4) boxes; a superset by rounding.

    Raises
    ------
    StoreError
        The table has no geometry.

    Notes
    -----
    O(k log n + found): the cost does not grow with the table but for the depth of its R-tree.
    """
    found = info.table(table)
    if found is None or found.schema.geometry is None:
        raise StoreError(f"table {table} has no places to look among", table=table)
    query = sql.ids_in_box(found.schema)
    ids: set[str] = set()
    with disk_faults(f"cannot read {info.layer}"), closing(_blank()) as db:
        _attach(db, "new", info.path)
        for xmin, ymin, xmax, ymax in boxes[np.isfinite(boxes).all(axis=1)].tolist():
            ids.update(row[0] for row in db.execute(query, (xmin, xmax, ymin, ymax)))
    return tuple(sorted(ids))


def values_beginning(
    info: GenerationInfo, table: str, column: str, stems: Iterable[str]
) -> tuple[str, ...]:
    """Return the values of an indexed text column that begin with one of the stems, sorted."""
    found = info.table(table)
    if found is None:
        return ()
    query = sql.values_between(found.schema, column)
    values: set[str] = set()
    with disk_faults(f"cannot read {info.layer}"), closing(_blank()) as db:
        _attach(db, "new", info.path)
        for stem in stems:
            values.update(row[0] for row in db.execute(query, (stem, stem + chr(0x10FFFF))))
    return tuple(sorted(values))


def _blank() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", uri=True)
    db.execute("PRAGMA temp_store = MEMORY")
    return db


def _attach(db: sqlite3.Connection, name: str, folder: Path) -> None:
    for file, suffix in ((OPEN_FILE, ""), (SEALED_FILE, sql.APART)):
        if (folder / file).is_file():
            uri = f"{(folder / file).absolute().as_uri()}?mode=ro&immutable=1"
            db.execute(f"ATTACH ? AS {name}{suffix}", (uri,))
