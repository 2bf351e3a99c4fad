"""Links that follow their features and parcels: after a change only what it reaches is measured.

The answer is that of a merge from scratch, bit for bit, because measures are facts of one pair
(`gis_core.merge.measures`): those of untouched pairs still hold.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_core.merge.engine_kernels import KernelEngine
from gis_core.merge.links import Links, link_table
from gis_core.merge.living_shapes import Growing, LivingShapes
from gis_core.merge.measures import PieceMeasures
from gis_core.merge.points import measure_points, resolve_points
from gis_core.merge.shapes import Shapes
from gis_core.merge.shares import measure_pieces, resolve_pieces

_BLOCKS = 32  # sets of links made since the base, before they are joined


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


class LivingLinks:
    """The links of one collection, kept up to date.

    Parameters
    ----------
    parcels
        By key; shared by all collections of a city.
    features
        By id: points or areas.
    rule
        How they are related.

    Notes
    -----
    Made once with a merge of all. A change then costs what it reaches: neighbours, trees in
    reach, pieces of the uses it cuts; a million parcels elsewhere cost nothing.

    Examples
    --------
    >>> import shapely
    >>> from gis_core.merge.flat import FlatShapes
    >>> def flat(*boxes):
    ...     return FlatShapes.from_shapely(shapely.box(*np.array(boxes, float).T))
    >>> parcels = LivingShapes(np.array(["A", "B"], object), flat((0, 0, 9, 9), (9, 0, 18, 9)))
    >>> uses = LivingShapes(np.array(["farm"], object), flat((0, 0, 18, 9)))
    >>> links = LivingLinks(parcels, uses, Rule(how="share"))
    >>> gone = parcels.remove(["B"])
    >>> came = parcels.add(["C", "D"], flat((9, 0, 18, 3), (9, 3, 18, 9)))
    >>> links.parcels_changed(gone, came).tolist()
    [0]
    >>> links.table()[["parcel_key", "area_m2"]].values.tolist()
    [['A', 81.0], ['C', 27.0], ['D', 54.0]]
    """

    def __init__(self, parcels: LivingShapes, features: LivingShapes, rule: Rule) -> None:
        self.parcels, self.features, self.rule = parcels, features, rule
        everything = np.flatnonzero(features.alive)
        self._blocks = [Links.none()]
        self._block = Growing(np.zeros(len(features.alive), np.intp))
        base = self._from_scratch(everything)
        self._blocks = [base]
        self._by_parcel = np.argsort(base.parcel, kind="stable")
        self._parcel = base.parcel[self._by_parcel]

    def parcels_changed(self, gone: NDArray[np.intp], came: NDArray[np.intp]) -> NDArray[np.intp]:
        """Bring the links up to date after parcels went and came.

        Parameters
        ----------
        gone, came
            Slots that ``parcels.remove`` and ``parcels.add`` returned.

        Returns
        -------
        Slots of the features whose links were made anew, ascending.
        """
        if self.rule.how == "share":
            return self._recut(gone, came)
        touched = self._points_near(np.concatenate([gone, came]))
        if len(touched):
            self._store(touched, self._from_scratch(touched))
        return touched

    def features_changed(self, gone: NDArray[np.intp], came: NDArray[np.intp]) -> None:
        """Bring the links up to date after features went and came (slots likewise)."""
        room = len(self.features.alive) - len(self._block_of)
        self._block.extend(np.zeros(room, np.intp))
        touched = np.sort(np.concatenate([gone, came]))
        self._store(touched, self._from_scratch(came))

    def table(self) -> pd.DataFrame:
        """Return all links as `link_table` does. O(k)."""
        parts = [
            block.take(self._block_of[block.feature] == number)
            for number, block in enumerate(self._blocks)
        ]
        return link_table(Links.join(parts), self.features.id, self.parcels.id)

    def links_of(self, features: NDArray[np.intp]) -> Links:
        """Return the links of features (slots, ascending). O(log k) each."""
        block = self._block_of[features]
        found = []
        for number in np.unique(block).tolist():
            links = self._blocks[number]
            rows = _rows(links.feature, features[block == number])
            found.append(links.take(rows))
        return Links.join(found) if found else Links.none()

    @property
    def _block_of(self) -> NDArray[np.intp]:
        """(feature slots,) which block holds a feature's links; 0 is the base."""
        return self._block.values  # noqa: PD011 - not a pandas object

    # -- inside ------------------------------------------------------------------------

    def _from_scratch(self, features: NDArray[np.intp]) -> Links:
        """Join features to all parcels around them."""
        rule, shapes = self.rule, self.features.take(features)
        radius = self.features.number[features]
        around = self.parcels.near(_grown(shapes.box, self._reach(radius)))
        # In the order of keys, so that ties go to the lowest.
        around = around[np.argsort(self.parcels.id[around], kind="stable")]
        engine = KernelEngine(Shapes(flat=self.parcels.take(around)))
        if rule.how == "share":
            size, area = self.features.size[features], self.parcels.size[around]
            guests = Shapes(flat=shapes)
            cut = measure_pieces(guests, size, engine, area, accuracy_m=rule.accuracy_m)
            links = resolve_pieces(
                cut, size, guests.dimension == 1, area, accuracy_m=rule.accuracy_m
            )
        else:
            preferred = self.parcels.number[around] > 0 if rule.prefer else None
            links = _placed(shapes.box[:, :2], radius, engine, rule, preferred)
        return _renumbered(links, features, around)

    def _points_near(self, parcels: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the points that are, or were, in reach of parcels."""
        shapes = self.parcels.take(parcels)
        widest = self._reach(np.full(len(shapes), self.features.largest))
        close = self.features.near(_grown(shapes.box, widest))
        if not len(close):
            return close
        reach = self._reach(self.features.number[close])
        xy = self.features.take(close).box[:, :2]
        point, _, _, _ = KernelEngine(Shapes(flat=shapes)).near(xy, reach)
        return close[np.unique(point)]

    def _recut(self, gone: NDArray[np.intp], came: NDArray[np.intp]) -> NDArray[np.intp]:
        """Keep the pieces on parcels that stayed; cut anew only on those that came."""
        rule, shapes = self.rule, self.parcels.take(came)
        close = self.features.near(shapes.box)
        lost = self._features_on(gone)
        if not len(close) + len(lost):
            return lost
        new = measure_pieces(
            Shapes(flat=self.features.take(close)),
            self.features.size[close],
            KernelEngine(Shapes(flat=shapes)),
            self.parcels.size[came],
            accuracy_m=rule.accuracy_m,
        )
        touched = np.union1d(lost[self.features.alive[lost]], close[new.feature])
        kept = self.links_of(touched)
        kept = kept.take(self.parcels.alive[kept.parcel])
        if (
            self.features.take(touched).dimension == 1
        ).any():  # their links do not hold a length to build on
            links = self._from_scratch(touched)
        else:
            pieces = PieceMeasures.join([_as_pieces(kept), _at(new, close, came)])
            links = self._resolved(pieces, touched)
        self._store(touched, links)
        return touched

    def _resolved(self, pieces: PieceMeasures, touched: NDArray[np.intp]) -> Links:
        local, parcel = np.unique(pieces.parcel, return_inverse=True)
        own = PieceMeasures(
            feature=np.searchsorted(touched, pieces.feature),
            parcel=parcel,
            measure=pieces.measure,
            width_m=pieces.width_m,
        )
        links = resolve_pieces(
            own,
            self.features.size[touched],
            np.zeros(len(touched), np.bool_),
            self.parcels.size[local],
            accuracy_m=self.rule.accuracy_m,
        )
        return _renumbered(links, touched, local)

    def _features_on(self, parcels: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the features linked to parcels: the reverse index of the base, and the rest."""
        rows = self._by_parcel[_rows(self._parcel, np.sort(parcels))]
        found = [self._blocks[0].feature[rows]]
        found += [b.feature[np.isin(b.parcel, parcels)] for b in self._blocks[1:] if len(b)]
        return np.unique(np.concatenate(found))

    def _store(self, features: NDArray[np.intp], links: Links) -> None:
        self._block_of[features] = len(self._blocks)
        self._blocks.append(links)
        if len(self._blocks) > _BLOCKS:
            live = [b.take(self._block_of[b.feature] == i) for i, b in self._numbered()]
            self._blocks[1:] = [Links.join(live)]
            np.minimum(self._block_of, 1, out=self._block_of)

    def _numbered(self) -> Iterator[tuple[int, Links]]:
        yield from enumerate(self._blocks[1:], start=1)

    def _reach(self, radius: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.rule.how == "share":
            return np.zeros(len(radius))
        return np.maximum(radius + self.rule.accuracy_m, self.rule.nearest_m)


def _placed(
    xy: NDArray[np.float64],
    radius: NDArray[np.float64],
    engine: KernelEngine,
    rule: Rule,
    preferred: NDArray[np.bool_] | None,
) -> Links:
    measures = measure_points(
        xy,
        radius,
        engine,
        accuracy_m=rule.accuracy_m,
        nearest_m=rule.nearest_m,
        preferred=preferred,
    )
    return resolve_points(
        measures,
        radius,
        accuracy_m=rule.accuracy_m,
        nearest_m=rule.nearest_m,
        preferred=preferred,
    )


def _as_pieces(links: Links) -> PieceMeasures:
    """Return the measures that links of areas rest on; only the side of the width is known."""
    width = np.where(links.sliver, 0.0, np.inf)
    return PieceMeasures(
        feature=links.feature, parcel=links.parcel, measure=links.area_m2, width_m=width
    )


def _at(
    pieces: PieceMeasures, features: NDArray[np.intp], parcels: NDArray[np.intp]
) -> PieceMeasures:
    return PieceMeasures(
        feature=features[pieces.feature],
        parcel=parcels[pieces.parcel],
        measure=pieces.measure,
        width_m=pieces.width_m,
    )


def _renumbered(links: Links, features: NDArray[np.intp], parcels: NDArray[np.intp]) -> Links:
    return links.replaced(feature=features[links.feature], parcel=parcels[links.parcel])


def _rows(sorted_values: NDArray[np.intp], wanted: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return where sorted values are among the wanted ones, one run after the other."""
    start = np.searchsorted(sorted_values, wanted)
    count = np.searchsorted(sorted_values, wanted, side="right") - start
    skipped = np.repeat(start - (np.cumsum(count) - count), count)
    return np.asarray(np.arange(int(count.sum())) + skipped, np.intp)


def _grown(box: NDArray[np.float64], reach: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(box + reach[:, None] * np.array([-1.0, -1.0, 1.0, 1.0]))
