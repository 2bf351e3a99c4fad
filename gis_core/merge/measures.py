"""What is true of one feature and one parcel, whatever else there is.

Measures are local facts of a pair: they do not change with the order of the input, with the
tile they are taken in, or with the machine. Links are resolved from the measures of a feature;
so measuring, the dear part, can be split, spread and repeated at will.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray


def order_of_pairs(feature: NDArray[np.intp], parcel: NDArray[np.intp]) -> NDArray[np.intp] | slice:
    """Return what sorts pairs by feature, then parcel: mostly they are in order already."""
    step = np.diff(feature)
    if (step > 0).all() or ((step > 0) | ((step == 0) & (np.diff(parcel) >= 0))).all():
        return slice(None)
    parcels, features = int(parcel.max()) + 1, int(feature.max()) + 1
    if parcel.min() >= 0 and feature.min() >= 0 and parcels * features < 2**63:
        # As one number, sorted runs are merged and not sorted again.
        return np.argsort(feature.astype(np.int64) * parcels + parcel, kind="stable")
    return np.lexsort((parcel, feature))


def distinct(values: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return each value once, ascending; numpy's own puts them into a hash table before."""
    ascending = np.sort(values)
    return ascending[np.flatnonzero(np.diff(ascending, prepend=-1))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """k pairs as parallel arrays, each pair once, sorted by feature, then parcel."""

    feature: NDArray[np.intp]
    parcel: NDArray[np.intp]

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.feature)

    def numbered(self) -> tuple[NDArray[np.intp], Self]:
        """Return the features, ascending, and the pairs with features by number in these."""
        new = np.diff(self.feature, prepend=-1) > 0
        return self.feature[new], replace(self, feature=np.cumsum(new) - 1)

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """Put parts with different pairs together."""
        columns = {
            f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls)
        }
        order = order_of_pairs(columns["feature"], columns["parcel"])
        return cls(**{name: values[order] for name, values in columns.items()})

    def take(self, keep: NDArray[np.bool_] | NDArray[np.intp]) -> Self:
        """Return the pairs at these positions, or those that the mask (k,) selects."""
        return type(self)(**{f.name: getattr(self, f.name)[keep] for f in fields(self)})


@dataclass(frozen=True, slots=True, kw_only=True)
class PointMeasures(Pairs):
    """Points, or stem discs around them, and the parcels in their reach.

    Attributes
    ----------
    feature, parcel
        (k,) intp, positions in the caller's points and in the fabric.
    covered
        (k,) bool, whether the point lies in the parcel or exactly on its border.
    distance_m
        (k,) float64, from the point to the parcel in metres; 0 where it is covered.
    disc_m2
        (k,) float64, area of the disc on the parcel in m²; 0 for a point without a disc.
    """

    covered: NDArray[np.bool_]
    distance_m: NDArray[np.float64]
    disc_m2: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceMeasures(Pairs):
    """Areas or lines and the pieces of them on parcels.

    Attributes
    ----------
    feature, parcel
        (k,) intp, positions in the caller's guests and in the fabric.
    measure
        (k,) float64, area of the common piece in m²; of a line the length in metres.
    width_m
        (k,) float64, mean width of the piece: twice its area by its perimeter; at most, where
        its area alone makes it narrow. Infinite where the piece is too large on either side to
        be a sliver, and for lines.
    """

    measure: NDArray[np.float64]
    width_m: NDArray[np.float64]
