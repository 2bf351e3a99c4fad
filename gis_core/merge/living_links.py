"""Links that follow their features and parcels: after a change only what it reaches is measured.

The answer is that of a merge from scratch, bit for bit, because measures are facts of one pair
(`gis_core.merge.measures`): those of untouched pairs still hold.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_core.merge.links import Links, link_table
from gis_core.merge.living_measures import LivingMeasures, PiecesOnParcels, PointsOnParcels, Rule
from gis_core.merge.living_rows import LivingRows
from gis_core.merge.living_shapes import LivingShapes
from gis_core.merge.measures import distinct

_AT_ONCE = 100_000  # features whose candidates are in memory at once


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
    >>> from gis_core.merge.living_measures import Rule
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
        self._measures: LivingMeasures[Any] = (
            PiecesOnParcels(parcels, features, rule)
            if rule.how == "share"
            else PointsOnParcels(parcels, features, rule)
        )
        everything = np.flatnonzero(features.alive)
        starts = range(0, max(len(everything), 1), _AT_ONCE)
        self._rows = LivingRows([self._measures.of(everything[s : s + _AT_ONCE]) for s in starts])

    def parcels_changed(self, gone: NDArray[np.intp], came: NDArray[np.intp]) -> NDArray[np.intp]:
        """Bring the links up to date after parcels went and came.

        Parameters
        ----------
        gone, came
            Slots that ``parcels.remove`` and ``parcels.add`` returned.

        Returns
        -------
        Slots of the features with other measures than before, ascending; see `links_of`.
        """
        lost = self._rows.drop_on(np.concatenate([gone, came]))
        new = self._measures.on(came)
        self._rows.add(new)
        loose = self._measures.loose(lost, new)
        if len(loose):
            self.features_changed(loose, loose)
        return distinct(np.concatenate([lost.feature, new.feature]))

    def features_changed(self, gone: NDArray[np.intp], came: NDArray[np.intp]) -> None:
        """Bring the links up to date after features went and came (slots likewise)."""
        self._rows.drop(np.concatenate([gone, came]))
        self._rows.add(self._measures.of(came))

    def table(self) -> pd.DataFrame:
        """Return all links as `link_table` does. O(k)."""
        links = self._measures.links(self._rows.all())
        return link_table(links, self.features.id, self.parcels.id)

    def links_of(self, features: NDArray[np.intp]) -> Links:
        """Return the links of features (slots), made of their measures. O(log k) each."""
        return self._measures.links(self._rows.of(features))
