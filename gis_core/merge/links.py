"""Parcel links as arrays: which feature lies on which parcel, how we know, and how surely."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from gis_core.merge.measures import order_of_pairs


class Method(StrEnum):
    """How a feature found its parcel."""

    DISC = "disc"  # part of its stem disc stands there
    WITHIN = "within"  # its point lies in the parcel or on its border
    NEAREST = "nearest"  # no parcel covers it, this one is the nearest within the allowed distance
    SHARE = "share"  # part of its area or length lies there
    KEY = "key"  # its source names the parcel key
    ADDRESS = "address"  # its source names an address of the parcel


class LinkConfidence(StrEnum):
    """How sure a link is: the first four for stated keys and addresses, the rest for places."""

    EXACT = "exact"
    NORMALISED = "normalised"
    TEXT = "text"
    GUESSED = "guessed"
    CERTAIN = "certain"
    BOUNDARY_POSSIBLE = "boundary_possible"  # within its accuracy it could touch another parcel
    NEAR = "near"


METHODS = tuple(Method)
CONFIDENCES = tuple(LinkConfidence)

COLUMNS = (
    "feature_id",
    "parcel_key",
    "method",
    "share",
    "distance_m",
    "area_m2",
    "confidence",
    "boundary",
    "sliver",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """k links between features and parcels, as parallel arrays.

    Attributes
    ----------
    feature, parcel
        (k,) intp, positions in the caller's features and in the fabric. Each pair occurs once.
    method, confidence
        (k,) int8, positions in ``METHODS`` and ``CONFIDENCES``.
    share
        (k,) float64, part of the feature on that parcel, 0 to 1; 1 for points, keys, addresses.
    distance_m
        (k,) float64, from the feature to the parcel in metres; 0 where it lies on it.
    area_m2
        (k,) float64, area of the feature on that parcel in m²; 0 for points, keys, addresses.
    boundary, sliver
        (k,) bool. The border cuts the feature; the piece is most likely a drawing difference.
    """

    feature: NDArray[np.intp]
    parcel: NDArray[np.intp]
    method: NDArray[np.int8]
    confidence: NDArray[np.int8]
    share: NDArray[np.float64]
    distance_m: NDArray[np.float64]
    area_m2: NDArray[np.float64]
    boundary: NDArray[np.bool_]
    sliver: NDArray[np.bool_]

    def __len__(self) -> int:
        """Return the number of links."""
        return len(self.feature)

    @classmethod
    def build(
        cls,
        feature: NDArray[np.intp],
        parcel: NDArray[np.intp],
        method: Method,
        confidence: LinkConfidence | NDArray[np.int8],
        *,
        share: ArrayLike = 1.0,
        distance_m: ArrayLike = 0.0,
        area_m2: ArrayLike = 0.0,
        boundary: ArrayLike = False,
        sliver: ArrayLike = False,
    ) -> Self:
        """Spread scalars over all links and sort by feature, then parcel."""
        order = order_of_pairs(feature, parcel)
        sure = (
            CONFIDENCES.index(confidence) if isinstance(confidence, LinkConfidence) else confidence
        )

        def column[T: np.generic](values: ArrayLike, dtype: type[T]) -> NDArray[T]:
            return np.ascontiguousarray(
                np.broadcast_to(np.asarray(values, dtype), feature.shape)[order]
            )

        return cls(
            feature=np.asarray(feature, np.intp)[order],
            parcel=np.asarray(parcel, np.intp)[order],
            method=np.full(len(feature), METHODS.index(method), np.int8),
            confidence=column(sure, np.int8),
            share=column(share, np.float64),
            distance_m=column(distance_m, np.float64),
            area_m2=column(area_m2, np.float64),
            boundary=column(boundary, np.bool_),
            sliver=column(sliver, np.bool_),
        )

    @classmethod
    def none(cls) -> Self:
        """Return no links at all."""
        empty = np.empty(0, np.intp)
        return cls.build(empty, empty, Method.WITHIN, LinkConfidence.CERTAIN)

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """Put several sets of links together, sorted by feature, then parcel."""
        some = [part for part in parts if len(part)] or list(parts[:1])
        columns = {
            f.name: np.concatenate([getattr(part, f.name) for part in some])
            if len(some) > 1
            else getattr(some[0], f.name)
            for f in fields(cls)
        }
        order = order_of_pairs(columns["feature"], columns["parcel"])
        return cls(**{name: values[order] for name, values in columns.items()})

    def replaced(self, *, feature: NDArray[np.intp], parcel: NDArray[np.intp]) -> Self:
        """Return the same links with other numbers, sorted by them."""
        order = order_of_pairs(feature, parcel)
        given = replace(self, feature=feature, parcel=parcel)
        return type(self)(**{f.name: getattr(given, f.name)[order] for f in fields(self)})

    def take(self, keep: NDArray[np.bool_] | NDArray[np.intp]) -> Self:
        """Return the links at these positions, or those that the mask (k,) selects."""
        return type(self)(**{f.name: getattr(self, f.name)[keep] for f in fields(self)})

    def has(self, method: Method) -> NDArray[np.bool_]:
        """Return which links were found by that method."""
        return np.equal(self.method, METHODS.index(method))

    def unlinked(self, features: int) -> NDArray[np.intp]:
        """Return the positions of those of ``features`` features that have no link."""
        linked = np.zeros(features, np.bool_)
        linked[self.feature] = True
        return np.flatnonzero(~linked)


def link_table(
    links: Links, feature_id: NDArray[np.object_], parcel_key: NDArray[np.object_]
) -> pd.DataFrame:
    """Return links as a table with names instead of positions, sorted by feature_id, parcel_key.

    Parameters
    ----------
    links
        k links.
    feature_id
        (n,) text, unique; the features' identifiers.
    parcel_key
        (m,) text, unique; the fabric's parcel keys.

    Returns
    -------
    DataFrame
        k rows with the columns ``COLUMNS``; (feature_id, parcel_key) is unique.
    """
    table = pd.DataFrame(
        {
            # As objects these are references to the names; as texts each would be a copy.
            "feature_id": pd.Series(feature_id[links.feature], dtype=object),
            "parcel_key": pd.Series(parcel_key[links.parcel], dtype=object),
            "method": pd.Series(np.array(METHODS, dtype=object)[links.method], dtype=object),
            "share": links.share,
            "distance_m": links.distance_m,
            "area_m2": links.area_m2,
            "confidence": pd.Series(
                np.array(CONFIDENCES, dtype=object)[links.confidence], dtype=object
            ),
            "boundary": links.boundary,
            "sliver": links.sliver,
        },
        columns=list(COLUMNS),
    )
    if _ascending(feature_id) and _ascending(parcel_key):  # then links are in order already
        return table
    return table.sort_values(["feature_id", "parcel_key"], ignore_index=True, kind="stable")


def read_link_table(
    table: pd.DataFrame, feature_id: NDArray[np.object_], parcel_key: NDArray[np.object_]
) -> Links:
    """Return the links of a table that `link_table` made; both lists of names ascending.

    Links to other features or parcels are left out.
    """
    feature = pd.Index(feature_id).get_indexer(pd.Index(table["feature_id"].to_numpy(object)))
    parcel = pd.Index(parcel_key).get_indexer(pd.Index(table["parcel_key"].to_numpy(object)))
    words = {name: table[name].to_numpy(object) for name in ("method", "confidence")}
    links = Links(
        feature=feature,
        parcel=parcel,
        method=pd.Index(METHODS).get_indexer(pd.Index(words["method"])).astype(np.int8),
        confidence=pd.Index(CONFIDENCES).get_indexer(pd.Index(words["confidence"])).astype(np.int8),
        share=table["share"].to_numpy(np.float64),
        distance_m=table["distance_m"].to_numpy(np.float64),
        area_m2=table["area_m2"].to_numpy(np.float64),
        boundary=table["boundary"].to_numpy(np.bool_),
        sliver=table["sliver"].to_numpy(np.bool_),
    )
    return Links.join([links.take((feature >= 0) & (parcel >= 0))])


def _ascending(names: NDArray[np.object_]) -> bool:
    return bool((names[:-1] <= names[1:]).all())
