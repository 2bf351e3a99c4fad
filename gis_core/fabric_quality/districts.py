"""Parcels that lie in two districts (Gemarkungen): by their key, or by who is around them."""

from collections.abc import Iterator

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_core.fabric_quality.faces import split_by
from gis_core.fabric_quality.findings import Code, Finding, Severity, Unit

AROUND = 0.9
"""Share of a part's border that must be known to say who is around it."""


def check_stated_district(
    district: NDArray[np.object_], stated: NDArray[np.object_], geometry: NDArray[np.object_]
) -> Iterator[Finding]:
    """Find rows whose field names another district than their key.

    Parameters
    ----------
    district, stated
        (n,) text each, missing as None: as in the key, and as in the field. A field that holds
        the last digits only agrees with the key as well.
    """
    for row, (own, field) in enumerate(zip(district, stated, strict=True)):
        if own and field and not str(own).endswith(str(field)):
            facts: dict[str, float | str] = {"own": str(own), "other": str(field)}
            yield Finding(
                Code.TWO_DISTRICTS,
                Severity.ERROR,
                row,
                (),
                1,
                Unit.COUNT,
                geometry[row],
                "field",
                facts,
            )


def check_surroundings(
    district: NDArray[np.object_],
    row: NDArray[np.intp],
    shared: NDArray[np.intp],
    length_m: NDArray[np.float64],
    geometry: NDArray[np.object_],
) -> Iterator[Finding]:
    """Find parts of parcels that lie amid parcels of another district.

    Parameters
    ----------
    district
        (n,) text, the district of each row; None where its key names none.
    row
        (p,) intp, the row of each part.
    shared, length_m
        (s, 2) parts on both sides of each common border, and its length.
    geometry
        (n,) valid polygons or None, the whole rows.

    Notes
    -----
    A part counts as amid others when nearly all of its border is known (``AROUND``), none of it
    is shared with its own district, and none lies at the edge of the fabric.
    """
    codes = np.full(len(district), -1, np.int64)
    known = np.array([bool(d) for d in district], np.bool_)
    names, codes[known] = np.unique(district[known].astype(str), return_inverse=True)
    if len(names) < 2:
        return
    mine = np.concatenate([shared[:, 0], shared[:, 1]])
    theirs = row[np.concatenate([shared[:, 1], shared[:, 0]])]
    length = np.concatenate([length_m, length_m])
    own, other = codes[row[mine]], codes[theirs]
    at_home = np.bincount(mine[own == other], length[own == other], len(row))
    foreign = (own != other) & (own >= 0) & (other >= 0)
    abroad = np.bincount(mine[foreign], length[foreign], len(row))
    strange = np.flatnonzero((at_home == 0) & (abroad > 0))
    here = np.flatnonzero(foreign & np.isin(mine, strange))
    neighbours = split_by(np.searchsorted(strange, mine[here]), theirs[here], len(strange))
    for part, around in zip(strange.tolist(), neighbours, strict=True):
        at = row[part]
        shape = _part(geometry, row, part)
        if abroad[part] < AROUND * shape.exterior.length:
            continue
        alone = shapely.get_num_geometries(geometry[at]) == 1
        facts: dict[str, float | str] = {
            "own": str(district[at]),
            "other": ", ".join(sorted({str(district[i]) for i in around})),
        }
        yield Finding(
            Code.TWO_DISTRICTS,
            Severity.WARNING,
            int(at),
            tuple(np.unique(around).tolist()),
            float(shape.area),
            Unit.M2,
            shape,
            "surrounded" if alone else "part",
            facts,
        )


def _part(geometry: NDArray[np.object_], row: NDArray[np.intp], part: int) -> shapely.Polygon:
    """Return a part's polygon: the parts of a row follow one another in its order."""
    first = np.flatnonzero(row == row[part])[0]
    shape: shapely.Polygon = shapely.get_parts(geometry[row[part]])[part - first]
    return shape
