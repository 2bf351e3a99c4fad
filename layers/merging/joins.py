"""Each kind of relation as one function: features in, links and leftovers out."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_core.keys import KeyScheme
from gis_core.merge.addresses import index_addresses, join_addresses
from gis_core.merge.keys import join_keys, starting_with
from gis_core.merge.links import Links
from gis_core.merge.points import place_points
from gis_core.merge.shapes import Shapes
from gis_core.merge.shares import overlap
from gis_core.merge.unmatched import Reason, Unmatched
from layers.ingest.parcel_keys import split_cell
from layers.merging.inputs import Features, Parcels, preferred, texts
from layers.schema import split_keys
from layers.spec import AS_FILED, CollectionSpec, Join

_TREE = 2 * np.pi * 100  # from the circumference in cm to the radius in m
_ELSEWHERE = frozenset({"outside-municipality", "other-state", "unknown-district"})
STEM = 14  # state, district, section and number of a key: what a split parcel keeps


@dataclass(frozen=True)
class Joined:
    """Links of one collection and the cases that have none.

    Attributes
    ----------
    detail
        (k,) object, for each case what its reason does not say: the key scheme's problem code,
        the day a parcel ended; mostly "".
    """

    links: Links
    unmatched: Unmatched
    detail: list[str] = field(default_factory=list)


def join(
    spec: CollectionSpec, features: Features, parcels: Parcels, keys: KeyScheme
) -> Joined | None:
    """Relate a collection's features to parcels as its layer.toml says; None: it is not."""
    function = _JOINS.get(spec.relation.by)
    return function(spec, features, parcels, keys) if function else None


type Linker = Callable[[CollectionSpec, Features, Parcels, KeyScheme], Joined | None]
"""Finds the links of one collection: `join`, or links that were made elsewhere."""


def stem_radius(spec: CollectionSpec, features: Features) -> NDArray[np.float64] | None:
    """Return (n,) radii of stems in metres, NaN where unknown; None: they have no size."""
    name = spec.relation.circumference_cm
    if name is None:
        return None
    return features.frame[name].to_numpy(dtype=np.float64, na_value=np.nan) / _TREE


def _disc(spec: CollectionSpec, features: Features, parcels: Parcels, _: KeyScheme) -> Joined:
    return _by_place(spec, features, parcels, stem_radius(spec, features))


def _within(spec: CollectionSpec, features: Features, parcels: Parcels, _: KeyScheme) -> Joined:
    return _by_place(spec, features, parcels, None)


def _by_place(
    spec: CollectionSpec,
    features: Features,
    parcels: Parcels,
    radius: NDArray[np.float64] | None,
) -> Joined:
    """Place points; areas and lines among them are placed by a point on them."""
    links = place_points(
        _spots(features.shapes),
        parcels.fabric,
        radius=radius,
        accuracy_m=spec.accuracy_m,
        nearest_m=spec.relation.nearest_m,
        preferred=preferred(parcels, spec.relation.prefer),
    )
    return Joined(links, _left_over(links, features.shapes))


def _spots(shapes: Shapes) -> NDArray[np.float64]:
    """Return (n, 2) coordinates: of points their own, of anything else a point on it."""
    xy = shapes.xy.copy()
    other = np.flatnonzero((shapes.dimension >= 0) & ~shapes.single_point)
    if len(other):
        xy[other] = shapely.get_coordinates(shapely.point_on_surface(shapes.take(other).objects))
    return xy


def _share(spec: CollectionSpec, features: Features, parcels: Parcels, _: KeyScheme) -> Joined:
    spot = features.shapes.dimension == 0
    if not spot.any():
        links = overlap(features.shapes, parcels.fabric, accuracy_m=spec.accuracy_m)
        return Joined(links, _left_over(links, features.shapes))
    solid, dots = features.shapes.objects.copy(), features.shapes.objects.copy()
    solid[spot], dots[~spot] = None, None
    links = overlap(solid, parcels.fabric, accuracy_m=spec.accuracy_m)
    placed = place_points(
        _spots(Shapes(objects=dots)),
        parcels.fabric,
        accuracy_m=spec.accuracy_m,
        nearest_m=spec.relation.nearest_m,
    )
    links = Links.join([links, placed])
    return Joined(links, _left_over(links, features.shapes))


def _key(spec: CollectionSpec, features: Features, parcels: Parcels, keys: KeyScheme) -> Joined:
    field_ = spec.field(spec.relation.key or "")
    row, key, sure = split_keys(features.frame, field_)
    links, matched = join_keys(row, key, sure, parcels.fabric)

    cases = _Cases()
    for at, name in zip(row[~matched].tolist(), key[~matched], strict=True):
        cases.add(at, *_why_not(str(name), parcels))
    filed = texts(features.frame, field_.name + AS_FILED)
    read = np.bincount(row, minlength=len(features))
    listed = np.array([any(s in (t or "") for s in field_.separators) for t in filed], np.bool_)
    for at in np.flatnonzero((read == 0) | listed).tolist():
        pieces = split_cell(filed[at] or "", field_)
        if not pieces:
            cases.add(at, "", Reason.NO_KEY, "", ())
        elif len(pieces) > read[at]:
            cases.add_unread(at, pieces, keys)
    return cases.joined(links)


def _why_not(key: str, parcels: Parcels) -> tuple[str, str, str, tuple[str, ...]]:
    """Return found, reason, detail and candidates of a well-formed key that no parcel carries."""
    beside = starting_with(key[:STEM], parcels.fabric.key) if len(key) > STEM else ()
    if key in parcels.ended:
        return key, Reason.ENDED, parcels.ended[key], beside
    return key, Reason.NOT_EXISTING, "", beside


def _address(spec: CollectionSpec, features: Features, parcels: Parcels, _: KeyScheme) -> Joined:
    index = index_addresses(parcels.address, parcels.address_parcel)
    stated = texts(features.frame, spec.relation.address)
    links, unmatched = join_addresses(stated, index, parcels.fabric.key)
    return Joined(links, unmatched, [""] * len(unmatched))


def _left_over(links: Links, shapes: Shapes) -> Unmatched:
    return Unmatched.places(links.unlinked(len(shapes)), shapes.dimension >= 0)


class _Cases:
    """Collects cases without a parcel."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, str, str, str, tuple[str, ...]]] = []

    def add(
        self, feature: int, found: str, reason: str, detail: str, candidates: tuple[str, ...]
    ) -> None:
        self._rows.append((feature, found, str(reason), detail, candidates))

    def add_unread(self, feature: int, pieces: list[str], keys: KeyScheme) -> None:
        """Read the pieces again for what is wrong with those that are no keys."""
        for piece in pieces:
            reading = keys.read(piece)
            if reading.problem in _ELSEWHERE:
                self.add(feature, piece, Reason.OTHER_MUNICIPALITY, reading.problem, ())
            elif reading.problem:
                several = len(reading.candidates) > 1
                reason = Reason.AMBIGUOUS if several else Reason.UNREADABLE
                self.add(feature, piece, reason, reading.problem, reading.candidates)

    def joined(self, links: Links) -> Joined:
        rows = sorted(self._rows)
        unmatched = Unmatched.of(
            np.array([r[0] for r in rows], np.intp),
            [r[1] for r in rows],
            [r[2] for r in rows],
            [r[4] for r in rows],
        )
        return Joined(links, unmatched, [r[3] for r in rows])


_JOINS: dict[Join, Callable[[CollectionSpec, Features, Parcels, KeyScheme], Joined]] = {
    Join.DISC: _disc,
    Join.WITHIN: _within,
    Join.SHARE: _share,
    Join.KEY: _key,
    Join.ADDRESS: _address,
}
