"""What parcels are used for, wherever the cadastre delivers it."""

import json
from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.uses import stated_uses

LEAST_SHARE = 0.01
"""A use that covers less of a parcel is the unevenness of two outlines, not a use."""

Sized = dict[str, float]


def uses_in_text(text: str) -> Sized:
    """Return the uses that a text of the simplified schema states, with areas in m².

    Examples
    --------
    >>> uses_in_text("Weg / Fahrweg;17|Wohnbaufläche(funktion:null);523|Weg / Fahrweg;3")
    {'Weg / Fahrweg': 20.0, 'Wohnbaufläche': 523.0}
    """
    sized: Sized = {}
    for name, area in stated_uses(text):
        sized[name] = sized.get(name, 0.0) + (area or 0.0)
    return sized


def uses_in_summary(text: str) -> Sized:
    """Return the uses that the merge found on a parcel, with areas in m²."""
    return {str(name): float(area) for name, area in json.loads(text).items() if name}


def uses_on_ground(
    parcels: NDArray[np.object_], areas: NDArray[np.object_], kinds: Sequence[str]
) -> list[Sized]:
    """Lay land use over parcels.

    Parameters
    ----------
    parcels
        (n,) polygons, metre.
    areas, kinds
        (m,) polygons of land use and what each is.

    Returns
    -------
    n dictionaries of use and covered area in m²; uses below 1 % of the parcel are left out.
    """
    found: list[Sized] = [{} for _ in parcels]
    parcel, area = shapely.STRtree(areas).query(parcels, predicate="intersects")
    covered = shapely.area(shapely.intersection(parcels[parcel], areas[area]))
    for p, a, size in zip(parcel.tolist(), area.tolist(), covered.tolist(), strict=True):
        found[p][kinds[a]] = found[p].get(kinds[a], 0.0) + size
    whole = shapely.area(parcels).tolist()
    return [
        {use: size for use, size in sized.items() if size > LEAST_SHARE * total}
        for sized, total in zip(found, whole, strict=True)
    ]


def largest_first(sized: Sized) -> list[str]:
    """Return the names of uses, the largest first, equal ones by name."""
    return sorted(sized, key=lambda name: (-sized[name], name))
