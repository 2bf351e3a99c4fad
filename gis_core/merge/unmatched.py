"""Features that found no parcel, and why: nothing that was asked for goes missing in silence."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

import numpy as np
from numpy.typing import NDArray


class Reason(StrEnum):
    """Why a feature, or one of the keys it states, found no parcel."""

    NO_PLACE = "no-place"  # the feature has no geometry
    OUTSIDE = "outside"  # no parcel covers it or is near enough
    NO_KEY = "no-key"  # the source states none
    UNREADABLE = "unreadable"  # what it states is no parcel key
    AMBIGUOUS = "ambiguous"  # what it states means several parcels
    OTHER_MUNICIPALITY = "other-municipality"
    NOT_EXISTING = "not-existing"  # well-formed, but no parcel carries it
    ENDED = "ended"  # a former parcel; the candidates are its successors where they are known
    NO_ADDRESS = "no-address"
    NO_HOUSE_NUMBER = "no-house-number"
    UNKNOWN_STREET = "unknown-street"
    UNKNOWN_HOUSE_NUMBER = "unknown-house-number"


@dataclass(frozen=True, slots=True)
class Unmatched:
    """k cases without a parcel, as parallel arrays.

    Attributes
    ----------
    feature
        (k,) intp, position of the feature; one that states several keys may occur repeatedly.
    found
        (k,) object, what the source states (key, address) as filed; "" for places.
    reason
        (k,) object, text; one of ``Reason``.
    candidates
        (k,) object, tuples of parcel keys that a person might look at. Never linked.
    """

    feature: NDArray[np.intp]
    found: NDArray[np.object_]
    reason: NDArray[np.object_]
    candidates: NDArray[np.object_]

    def __len__(self) -> int:
        """Return the number of cases."""
        return len(self.feature)

    @classmethod
    def places(cls, feature: NDArray[np.intp], has_place: NDArray[np.bool_]) -> Self:
        """Return the cases of features that were to be linked by where they are."""
        reason = np.where(has_place[feature], Reason.OUTSIDE.value, Reason.NO_PLACE.value)
        return cls.of(feature, [""] * len(feature), list(reason), [()] * len(feature))

    @classmethod
    def of(
        cls,
        feature: NDArray[np.intp],
        found: list[str],
        reason: list[str],
        candidates: list[tuple[str, ...]],
    ) -> Self:
        """Turn lists into arrays; tuples stay tuples."""
        listed = np.empty(len(candidates), object)
        listed[:] = candidates
        return cls(
            np.asarray(feature, np.intp), np.array(found, object), np.array(reason, object), listed
        )
