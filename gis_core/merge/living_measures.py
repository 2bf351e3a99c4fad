"""The measures between shapes that change: of some features on all parcels, and the reverse."""

from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from gis_core.merge.engine_kernels import PairMeasure, common_perimeters, common_sizes
from gis_core.merge.links import Links
from gis_core.merge.living_shapes import LivingShapes
from gis_core.merge.measures import Pairs, PieceMeasures, PointMeasures, distinct
from gis_core.merge.points import holding, measure_points, measure_reach, resolve_points
from gis_core.merge.shares import measure_touching, resolve_pieces

_ROUNDING_M = 1e-6  # more than the sum of a place and a reach is rounded by


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How features of one collection find their parcel; see `place_points` and `overlap`.

    Attributes
    ----------
    how
        "point": by place (the features' number is the radius of a stem disc, 0 for none);
        "share": by area.
    accuracy_m, nearest_m
        Metres.
    prefer
        Whether parcels with the number 1 go first.
    """

    how: Literal["point", "share"]
    accuracy_m: float = 0.0
    nearest_m: float = 0.0
    prefer: bool = False


class LivingMeasures[M: Pairs](Protocol):
    """Measures pairs of features and parcels, by their slots."""

    def of(self, features: NDArray[np.intp]) -> M:
        """Return the measures of features on all parcels that matter to them."""

    def on(self, parcels: NDArray[np.intp]) -> M:
        """Return the measures of all features on parcels."""

    def loose(self, lost: M, new: M) -> NDArray[np.intp]:
        """Return the features of which, having lost and got measures, others now may matter."""

    def links(self, measures: M) -> Links:
        """Make the links of features of all their measures."""


@dataclass(frozen=True, slots=True)
class PointsOnParcels:
    """Points and stem discs; a `LivingMeasures`."""

    parcels: LivingShapes
    features: LivingShapes
    rule: Rule

    def of(self, features: NDArray[np.intp]) -> PointMeasures:
        """See `LivingMeasures.of`."""
        measures = measure_points(
            self.features.boxes(features)[:, :2],
            self.features.number[features],
            self.parcels,
            accuracy_m=self.rule.accuracy_m,
            nearest_m=self.rule.nearest_m,
            preferred=self._preferred,
        )
        return replace(measures, feature=features[measures.feature])

    def on(self, parcels: NDArray[np.intp]) -> PointMeasures:
        """See `LivingMeasures.on`; what is found beyond what matters does no harm."""
        picked = self.parcels.pick(parcels)
        widest = self._reach(np.array([self.features.largest])) + _ROUNDING_M
        grown = picked.flat.box + widest * np.array([-1.0, -1.0, 1.0, 1.0])
        close = distinct(self.features.meeting(grown)[1])
        radius = self.features.number[close]
        xy = self.features.boxes(close)[:, :2]
        measures = measure_reach(xy, radius, self._reach(radius), picked)
        return replace(measures, feature=close[measures.feature], parcel=parcels[measures.parcel])

    def loose(self, lost: PointMeasures, new: PointMeasures) -> NDArray[np.intp]:
        """See `LivingMeasures.loose`: points that no parcel holds look for one further off."""
        let_go, held = (
            pairs.feature[holding(pairs, self.features.number, self._preferred)]
            for pairs in (lost, new)
        )
        return np.setdiff1d(let_go, held)

    def links(self, measures: PointMeasures) -> Links:
        """See `LivingMeasures.links`."""
        features, numbered = measures.numbered()
        parcels, parcel = np.unique(measures.parcel, return_inverse=True)
        # Numbered in the order of keys, so that ties go to the lowest.
        order = np.argsort(self.parcels.id[parcels], kind="stable")
        parcels, rank = parcels[order], np.argsort(order)
        links = resolve_points(
            PointMeasures.join([replace(numbered, parcel=rank[parcel])]),
            self.features.number[features],
            accuracy_m=self.rule.accuracy_m,
            nearest_m=self.rule.nearest_m,
            preferred=self.parcels.marked[parcels] if self.rule.prefer else None,
        )
        return links.replaced(feature=features[links.feature], parcel=parcels[links.parcel])

    @property
    def _preferred(self) -> NDArray[np.bool_] | None:
        return self.parcels.marked if self.rule.prefer else None

    def _reach(self, radius: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.maximum(radius + self.rule.accuracy_m, self.rule.nearest_m)


@dataclass(frozen=True, slots=True)
class PiecesOnParcels:
    """Areas and lines; a `LivingMeasures`."""

    parcels: LivingShapes
    features: LivingShapes
    rule: Rule

    def of(self, features: NDArray[np.intp]) -> PieceMeasures:
        """See `LivingMeasures.of`."""
        asking, parcel = self.parcels.meeting(self.features.boxes(features))
        return self._measured(features[asking], parcel)

    def on(self, parcels: NDArray[np.intp]) -> PieceMeasures:
        """See `LivingMeasures.on`."""
        asking, feature = self.features.meeting(self.parcels.boxes(parcels))
        return self._measured(feature, parcels[asking])

    def loose(self, lost: PieceMeasures, new: PieceMeasures) -> NDArray[np.intp]:  # noqa: ARG002
        """See `LivingMeasures.loose`: no piece depends on another."""
        return np.empty(0, np.intp)

    def links(self, measures: PieceMeasures) -> Links:
        """See `LivingMeasures.links`."""
        features, numbered = measures.numbered()
        links = resolve_pieces(
            numbered,
            self.features.size[features],
            self.features.linear[features],
            self.parcels.size,
            accuracy_m=self.rule.accuracy_m,
        )
        return links.replaced(feature=features[links.feature], parcel=links.parcel)

    def _measured(self, feature: NDArray[np.intp], parcel: NDArray[np.intp]) -> PieceMeasures:
        """Measure pairs whose boxes touch."""
        size = self._where_indexed(feature, parcel, common_sizes)
        some = size > 0
        pieces = measure_touching(
            (feature[some], parcel[some], size[some]),
            lambda guest, ground: self._where_indexed(guest, ground, common_perimeters),
            self.features.linear,
            self.features.size,
            self.parcels.size,
            accuracy_m=self.rule.accuracy_m,
        )
        return PieceMeasures.join([pieces])

    def _where_indexed(
        self, feature: NDArray[np.intp], parcel: NDArray[np.intp], measure: PairMeasure
    ) -> NDArray[np.float64]:
        """Take a measure of (k,) pairs, of the parts of both sides that each of them is in."""
        found = np.empty(len(feature))
        for guests, at in self.features.parts(feature):
            for ground, among in self.parcels.parts(parcel[at]):
                both = at[among]
                found[both] = measure(
                    guests.engine,
                    ground.engine,
                    feature[both] - guests.first,
                    parcel[both] - ground.first,
                )
        return found
