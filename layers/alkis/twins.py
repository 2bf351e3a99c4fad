"""Parcels that two cadastral offices deliver: one key, two objects; the older one is kept."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from gis_core.faults import Fault, Outcome
from layers.alkis import parcels
from layers.alkis.cells import ObjectTable
from layers.source import SourceTable


@dataclass(slots=True)
class Twins:
    """Remembers which object holds each key: the one that began first, then the lower id."""

    _holders: dict[str, tuple[str, str]] = field(default_factory=dict)

    def note(self, table: SourceTable) -> None:
        """Take in a table; only current parcels count."""
        if table.kind == parcels.CURRENT:
            for key, begun, oid in filter(None, _open(table)):
                self._holders[key] = min(self._holders.get(key, (begun, oid)), (begun, oid))

    def without(self, table: SourceTable) -> SourceTable:
        """Return a table without the younger twins, with a note for each."""
        if table.kind != parcels.CURRENT:
            return table
        rows = list(_open(table))
        keep = np.array([r is None or self._holders[r[0]][1] == r[2] for r in rows], dtype=bool)
        if keep.all():
            return table
        notes = [
            Fault(
                table.file,
                int(table.rows[i]),
                "flurstueckskennzeichen",
                f"{row[0]} of {row[2]}",
                f"a key that {self._holders[row[0]][1]} has not: it is older",
                "border-parcel-repeated",
                Outcome.NOTED,
            )
            for i, row in enumerate(rows)
            if row is not None and not keep[i]
        ]
        return replace(_part(table, keep), faults=(*table.faults, *notes))


def _open(table: SourceTable) -> list[tuple[str, str, str] | None]:
    """Return key, begin and id of each row; None where it has ended or has no key."""
    objects = ObjectTable(table)
    columns = ("flurstueckskennzeichen", "lebenszeitintervall.beginnt", "gml_id")
    cells = zip(*map(objects.texts, columns), strict=True)
    ends = objects.texts("lebenszeitintervall.endet")
    return [
        (key, begun or "", oid[:16]) if key and oid and end is None else None
        for (key, begun, oid), end in zip(cells, ends, strict=True)
    ]


def _part(table: SourceTable, keep: NDArray[np.bool_]) -> SourceTable:
    return replace(
        table,
        rows=table.rows[keep],
        attributes=table.attributes[keep].reset_index(drop=True),
        geometry=None if table.geometry is None else table.geometry[keep],
        more=None
        if table.more is None
        else [m for m, k in zip(table.more, keep, strict=True) if k],
    )
