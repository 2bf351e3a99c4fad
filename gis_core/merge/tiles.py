"""One tile of a merge: own parcels and the guests near them in, measures and links out.

Pure, so that tiles may be worked on anywhere, in any order and repeatedly. A guest that meets
no other tile is resolved here. One that meets several takes its measures from each of them,
with ids in place of positions; joined, they resolve to what a merge of the whole would say.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from gis_core.merge.engine_name import EngineName
from gis_core.merge.fabric import ParcelFabric
from gis_core.merge.flat import FlatShapes
from gis_core.merge.links import CONFIDENCES, METHODS, Links
from gis_core.merge.measures import PieceMeasures, PointMeasures
from gis_core.merge.points import disc_radius, measure_points, resolve_points
from gis_core.merge.shapes import Shapes
from gis_core.merge.shares import measure_pieces, resolve_pieces

_POINT_BYTES = 21  # a point as well-known binary: byte order, type, two coordinates
_POINT_HEADER = np.array([1, 1, 0, 0, 0], np.uint8)  # little-endian, without a third coordinate


@dataclass(frozen=True, slots=True)
class TileRule:
    """How one collection is related to parcels.

    Attributes
    ----------
    by_share
        Areas and lines are shared out; else everything is placed by a point or a stem disc.
    accuracy_m, nearest_m
        As in `place_points` and `overlap`.
    """

    by_share: bool
    accuracy_m: float
    nearest_m: float

    @property
    def reach_m(self) -> float:
        """How far beyond its own box (discs included) a guest looks for parcels."""
        return max(self.accuracy_m, self.nearest_m)


@dataclass(frozen=True, slots=True)
class Ground:
    """Facts of m parcels that links are resolved with, in the order of their keys.

    Attributes
    ----------
    key
        (m,) text.
    area_m2
        (m,) float64.
    preferred
        (m,) bool, or None where that decides nothing.
    """

    key: pa.Array
    area_m2: NDArray[np.float64]
    preferred: NDArray[np.bool_] | None


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts of n guests that links are resolved with.

    Attributes
    ----------
    id
        (n,) text.
    radius, size
        (n,) float64: of a disc, 0 for none; area in m², of lines length in metres.
    linear
        (n,) bool.
    """

    id: pa.Array
    radius: NDArray[np.float64]
    size: NDArray[np.float64]
    linear: NDArray[np.bool_]

    def __len__(self) -> int:
        """Return the number of guests."""
        return len(self.id)


@dataclass(frozen=True, slots=True)
class TileMeasures:
    """Measures of the guests of one collection against some parcels, and who they are about."""

    guests: Facts
    ground: Ground
    points: PointMeasures
    pieces: PieceMeasures

    def of(self, chosen: NDArray[np.bool_]) -> Self:
        """Return the measures of the chosen guests; positions stay."""
        if chosen.all():
            return self
        return type(self)(
            self.guests,
            self.ground,
            self.points.take(chosen[self.points.feature]),
            self.pieces.take(chosen[self.pieces.feature]),
        )


def tile_fabric(key: pa.Array, wkb: pa.Array, engine: EngineName) -> ParcelFabric:
    """Return parcels as a fabric; the engine is chosen for the whole merge, never for a tile."""
    names = key.to_numpy(zero_copy_only=False)
    return ParcelFabric.build(names, _shapes(wkb, engine), engine=engine)


def measure_tile(
    rule: TileRule,
    fabric: ParcelFabric,
    guests: pa.Table,
    alone: NDArray[np.bool_],
    *,
    engine: EngineName,
    preferred: NDArray[np.bool_] | None = None,
    key: pa.Array | None = None,
) -> TileMeasures:
    """Take all measures of guests against a tile's parcels.

    Parameters
    ----------
    guests
        n rows: ``feature_id``, ``geometry`` (WKB), and where stems have a size ``radius_m``.
    alone
        (n,) bool, guests that meet no other tile.
    preferred
        (m,) bool, see `place_points`.
    key
        (m,) the fabric's keys, by who has them as an Arrow array already.
    """
    wkb = guests["geometry"].combine_chunks()
    xy, shapes = _split(rule, wkb, engine)
    radius = _radius(rule, guests)
    points = measure_points(
        xy,
        radius,
        fabric.engine,
        accuracy_m=rule.accuracy_m,
        nearest_m=rule.nearest_m,
        preferred=preferred,
        alone=alone,
    )
    size, linear = np.zeros(len(radius)), np.zeros(len(radius), np.bool_)
    none = np.empty(0)
    pieces = PieceMeasures(
        feature=np.empty(0, np.intp), parcel=np.empty(0, np.intp), measure=none, width_m=none
    )
    if shapes is not None:
        size, linear = shapes.size(), shapes.dimension == 1
        pieces = measure_pieces(
            shapes, size, fabric.engine, fabric.area_m2, accuracy_m=rule.accuracy_m
        )
    facts = Facts(guests["feature_id"].combine_chunks(), radius, size, linear)
    names = pa.array(fabric.key, pa.string()) if key is None else key
    ground = Ground(names, fabric.area_m2, preferred)
    return TileMeasures(facts, ground, points, pieces)


def resolve_tile(rule: TileRule, measures: TileMeasures) -> Links:
    """Return the links of guests all of whose measures these are."""
    guests, ground = measures.guests, measures.ground
    points = resolve_points(
        measures.points,
        guests.radius,
        accuracy_m=rule.accuracy_m,
        nearest_m=rule.nearest_m,
        preferred=ground.preferred,
    )
    if not len(measures.pieces):
        return points
    pieces = resolve_pieces(
        measures.pieces, guests.size, guests.linear, ground.area_m2, accuracy_m=rule.accuracy_m
    )
    return Links.join([points, pieces])


def links_to_arrow(links: Links, feature_id: pa.Array, parcel_key: pa.Array) -> pa.Table:
    """Return links as a table with ids, sorted by the position of feature and parcel."""
    return pa.table(
        {
            "feature_id": feature_id.take(pa.array(links.feature)),
            "parcel_key": parcel_key.take(pa.array(links.parcel)),
            "method": _words(links.method, METHODS),
            "share": links.share,
            "distance_m": links.distance_m,
            "area_m2": links.area_m2,
            "confidence": _words(links.confidence, CONFIDENCES),
            "boundary": links.boundary,
            "sliver": links.sliver,
        }
    )


def measures_to_arrow(measures: TileMeasures, mentioned: NDArray[np.bool_]) -> pa.Table:
    """Return measures as a table that stands alone: ids, and the facts of both sides.

    Parameters
    ----------
    mentioned
        (n,) bool, guests that get a row without a parcel, so that they are known of even when
        no tile has a parcel for them.
    """
    points, pieces = measures.points, measures.pieces
    ground, facts = measures.ground, measures.guests
    alone = np.flatnonzero(mentioned)
    feature = np.concatenate([points.feature, pieces.feature, alone])
    parcel = np.concatenate([points.parcel, pieces.parcel])
    k, rest = len(parcel), len(alone)
    preferred = np.zeros(k, np.bool_) if ground.preferred is None else ground.preferred[parcel]
    at = pa.array(np.concatenate([parcel, np.zeros(rest, np.intp)]), mask=np.arange(k + rest) >= k)

    def column(first: NDArray[np.generic], second: NDArray[np.generic]) -> NDArray[np.generic]:
        return np.concatenate([first, second, np.zeros(rest, first.dtype)])

    no_points, no_pieces = np.zeros(len(points)), np.zeros(len(pieces))
    no, yes = np.zeros(len(points), np.bool_), np.ones(len(pieces), np.bool_)
    return pa.table(
        {
            "feature_id": facts.id.take(pa.array(feature)),
            "radius": facts.radius[feature],
            "size": facts.size[feature],
            "linear": facts.linear[feature],
            "parcel_key": ground.key.take(at),
            "parcel_m2": np.concatenate([ground.area_m2[parcel], np.zeros(rest)]),
            "preferred": np.concatenate([preferred, np.zeros(rest, np.bool_)]),
            "piece": column(no, yes),
            "covered": column(points.covered, ~yes),
            "distance_m": column(points.distance_m, no_pieces),
            "disc_m2": column(points.disc_m2, no_pieces),
            "measure": column(no_points, pieces.measure),
            "width_m": column(no_points, pieces.width_m),
        }
    )


def measures_from_arrow(tables: Sequence[pa.Table]) -> TileMeasures:
    """Join what several tiles measured of the same guests, in any order."""
    table = pa.concat_tables(tables).combine_chunks()
    ids, feature = np.unique(_text(table["feature_id"]), return_inverse=True)
    some = pc.is_valid(table["parcel_key"]).to_numpy(zero_copy_only=False)
    keys, parcel = np.unique(_text(table["parcel_key"].filter(pa.array(some))), return_inverse=True)

    def fact[T: np.generic](name: str, to: NDArray[np.intp], of: NDArray[np.bool_]) -> NDArray[T]:
        value: NDArray[T] = table[name].to_numpy()[of]
        result = np.zeros(int(to.max(initial=-1)) + 1, value.dtype)
        result[to] = value
        return result

    every = np.ones(len(table), np.bool_)
    piece = table["piece"].to_numpy()[some]
    at = feature[some]
    guests = Facts(
        pa.array(ids, pa.string()), *(fact(n, feature, every) for n in ("radius", "size", "linear"))
    )
    ground = Ground(
        pa.array(keys, pa.string()),
        fact("parcel_m2", parcel, some),
        fact("preferred", parcel, some),
    )

    def measured(names: Sequence[str], of: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
        order = np.lexsort((parcel[of], at[of]))
        columns = {name: table[name].to_numpy()[some][of][order] for name in names}
        return {"feature": at[of][order], "parcel": parcel[of][order], **columns}

    return TileMeasures(
        guests,
        ground,
        PointMeasures(**measured(("covered", "distance_m", "disc_m2"), ~piece)),
        PieceMeasures(**measured(("measure", "width_m"), piece)),
    )


def _text(column: pa.ChunkedArray) -> NDArray[np.str_]:
    return np.asarray(column.to_numpy(zero_copy_only=False), str)


def _words(code: NDArray[np.int8], words: Sequence[str]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(code, pa.array([str(w) for w in words], pa.string()))


def _shapes(wkb: pa.Array, engine: EngineName) -> Shapes:
    if engine is EngineName.KERNELS:
        return Shapes(flat=FlatShapes.from_arrow(wkb))
    return Shapes(objects=_objects(wkb))


def _objects(wkb: pa.Array) -> NDArray[np.object_]:
    return np.asarray(shapely.from_wkb(wkb.to_numpy(zero_copy_only=False)), object)


def _radius(rule: TileRule, guests: pa.Table) -> NDArray[np.float64]:
    """Return (n,) radii of stem discs, 0 where there is none."""
    if rule.by_share or "radius_m" not in guests.column_names:
        return np.zeros(guests.num_rows)
    stated = guests["radius_m"].to_numpy(zero_copy_only=False).astype(np.float64)
    return disc_radius(stated)


def _split(
    rule: TileRule, wkb: pa.Array, engine: EngineName
) -> tuple[NDArray[np.float64], Shapes | None]:
    """Return the places of points, NaN elsewhere, and what is shared out, missing elsewhere."""
    if not rule.by_share and (places := _plain_points(wkb)) is not None:
        return places, None
    shapes = _shapes(wkb, engine)
    kind = shapes.dimension
    xy = np.array(shapes.xy)
    if rule.by_share:
        spot = kind == 0
        xy[~spot] = np.nan
        return xy, _without(shapes, spot) if spot.any() else shapes
    length = pc.fill_null(pc.binary_length(wkb), 0).to_numpy()
    other = np.flatnonzero((kind >= 0) & (length != _POINT_BYTES))
    if len(other):
        inner = shapely.point_on_surface(_objects(wkb.take(pa.array(other))))
        xy[other] = shapely.get_coordinates(inner)
    return xy, None


def _plain_points(wkb: pa.Array) -> NDArray[np.float64] | None:
    """Return the places of points that all have one and look alike; None where some do not."""
    if wkb.null_count or str(wkb.type) != "binary" or not len(wkb):
        return None
    _, ends, data = wkb.buffers()
    offset = np.frombuffer(ends, np.int32)[wkb.offset : wkb.offset + len(wkb) + 1]
    if (np.diff(offset) != _POINT_BYTES).any():
        return None
    rows = np.frombuffer(data, np.uint8)[offset[0] : offset[-1]].reshape(-1, _POINT_BYTES)
    if (rows[:, : len(_POINT_HEADER)] != _POINT_HEADER).any():
        return None
    xy = np.ascontiguousarray(rows[:, len(_POINT_HEADER) :]).view("<f8")
    return xy if np.isfinite(xy).all() else None


def _without(shapes: Shapes, spot: NDArray[np.bool_]) -> Shapes:
    solid = shapes.objects.copy()
    solid[spot] = None
    return Shapes(objects=solid)
