"""Parcels that were delivered invalid: the import repaired them and kept a record of it."""

from collections.abc import Iterable, Iterator

import numpy as np
import shapely

from gis_core.fabric_quality import Code, Finding, Severity, Unit
from gis_core.fabric_quality.parcels import reason_place
from gis_core.faults import Fault
from layers.checking.reading import CheckedRows

REPAIRED = "geometry-repaired"
_EXACT_M = 0.002


def check_repairs(
    faults: Iterable[Fault], parcels: CheckedRows, tree: shapely.STRtree
) -> Iterator[Finding]:
    """Find the parcels that an import repaired.

    Parameters
    ----------
    faults
        Those of the import of the parcels' layer, which may hold other collections as well.
    tree
        Index of the parcels' geometry.

    Notes
    -----
    A record names the place in the file's own reference system. It is a parcel's where a
    parcel has a vertex exactly there: where a border crosses itself, the repair sets one. What
    was repaired otherwise or in another system cannot be told from other collections.
    """
    for fault in faults:
        place = reason_place(fault.found) if fault.code == REPAIRED else None
        if place is None:
            continue
        near = tree.query(place, predicate="dwithin", distance=_EXACT_M)
        for row in np.sort(near).tolist():
            corners = shapely.multipoints(shapely.get_coordinates(parcels.rows.geometry[row]))
            if shapely.distance(corners, place) <= _EXACT_M:
                yield Finding(
                    Code.INVALID,
                    Severity.WARNING,
                    row,
                    (),
                    1,
                    Unit.COUNT,
                    place,
                    "repaired",
                    {"reason": fault.found, "file": fault.file, "line": str(fault.row)},
                )
