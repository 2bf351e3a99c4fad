"""Which features an amended generation may hold otherwise than those before it.

A generation that was made by amendments carries, for each of its keyed tables, the ids that each
of them took out or put in. So two generations of one chain are compared by a few rows instead of
all (`gis_core.store.differences`), and the generations in between need not be kept.

The ids lie in a file of their own, readable only by its owner: where whole rows are sealed, the
ids of their features are as well.
"""

import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path

from gis_core.store.schema import GenerationInfo, TableInfo

TOUCHED_FILE = "touched.json"
MOST = 20_000  # ids of one table; comparing all rows does not take longer then
_STEPS = 100  # amendments that are looked back on; older generations are rarely kept

Steps = tuple[tuple[int, tuple[str, ...]], ...]
"""Amendments of one table, oldest first: the generation amended, and the ids touched in it."""

Place = tuple[bool, str]
"""Whether whole rows are sealed, and the name of the table."""


def touched_since(former: GenerationInfo, current: GenerationInfo, table: TableInfo) -> Steps:
    """Return the amendments that lead from one generation of a table to another; () if unknown."""
    steps = read_steps(current.path).get(place_of(table), ())
    numbers = [number for number, _ in steps]
    return steps[numbers.index(former.number) :] if former.number in numbers else ()


def read_steps(folder: Path) -> dict[Place, Steps]:
    """Return what a generation carries; nothing where it cannot be read: nothing is known then."""
    try:
        record = json.loads((folder / TOUCHED_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {
        (bool(sealed), name): tuple((number, tuple(ids)) for number, ids in steps)
        for sealed, name, steps in record
    }


def write_steps(folder: Path, steps: Mapping[Place, Steps]) -> None:
    """Put down what a generation carries, in a file that only its owner may read."""
    record = [[*place, found] for place, found in sorted(steps.items())]
    handle = os.open(folder / TOUCHED_FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(record, file, ensure_ascii=False)


def followed(before: Steps, number: int, ids: Collection[str]) -> Steps:
    """Return the steps with one more, which amended that generation; the oldest are forgotten."""
    steps = (*before, (number, tuple(sorted(ids))))[-_STEPS:]
    while sum(len(touched) for _, touched in steps) > MOST:
        steps = steps[1:]
    return steps


def place_of(table: TableInfo) -> Place:
    """Return under what a table's steps are kept."""
    return table.schema.sealed_rows, table.schema.name
