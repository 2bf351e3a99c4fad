"""How the tax register of a city of the state spells parcel keys."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from data.city.shapes import Ints
from data.city.spelling import BAD, GOOD, Key

_REFUSED_ANYWHERE = (
    "nineteen_characters",
    "letter_for_digit",
    "district_missing",
    "section_unknown",
    "names_disagree",
    "too_short",
    "without_section",
    "other_municipality",
)
"""Wrong spellings that are wrong whatever districts the state has."""

STYLES: tuple[Callable[[Key], str], ...] = (
    *GOOD.values(),
    *(BAD[name] for name in _REFUSED_ANYWHERE),
)
GOOD_STYLES, BAD_STYLES = len(GOOD), len(_REFUSED_ANYWHERE)


def spell(
    parts: tuple[Ints, Ints, Ints, Ints],
    districts: tuple[tuple[str, str], ...],
    parcel: Ints,
    style: Ints,
) -> NDArray[np.object_]:
    """Return the stated keys.

    Parameters
    ----------
    parts
        District, section, numerator, denominator of every parcel, (m,) each.
    districts
        Key of six digits and name.
    parcel, style
        (k,) which parcel is stated, and how: a position in `STYLES`.
    """
    district, section, numerator, denominator = (part[parcel].tolist() for part in parts)
    rows = zip(style.tolist(), district, section, numerator, denominator, strict=True)
    texts = [
        STYLES[how](Key(districts[d][0], districts[d][1], s, z, n)) for how, d, s, z, n in rows
    ]
    return np.asarray(texts, object)


def canonical(
    parts: tuple[Ints, Ints, Ints, Ints], districts: tuple[tuple[str, str], ...]
) -> NDArray[np.object_]:
    """Return the parcels' keys, (m,)."""
    parcels = np.arange(len(parts[0]))
    return spell(parts, districts, parcels, np.zeros(len(parcels), np.int64))
