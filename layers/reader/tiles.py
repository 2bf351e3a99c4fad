"""Collections as vector tiles."""

import gzip
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from hashlib import blake2b
from importlib.metadata import version

import numpy as np
import shapely

from gis_core.crs import Operation, plan_operation, transform_xy
from gis_core.errors import TileAddressError
from gis_core.mvt import BUFFER, EXTENT, Detail, detail, encode_layer, fit
from gis_core.patchwork import Patchwork
from gis_core.store import FEATURE_ID
from gis_core.tiling import Box, Limits, MatrixSet, Tile
from layers.access import Actor
from layers.reader.door import Door
from layers.spec import FieldSpec, FieldType, GeometryKind
from layers.view import CollectionView, no_collection

_FORM = (version("flurbuch"), 1)
"""Part of every tile's key: another program may make other bytes of the same data."""

TILE_ID = FEATURE_ID
"""The name under which features in tiles have their id: that of their address."""

_FIRST_CELL_M = 160.0
"""Above, a whole town is a few pixels."""

_EFFORT = 4  # of gzip: the highest takes five times as long and saves a thirtieth
_EDGE = 64  # segments into which the side of a box is cut before it is carried over


@dataclass(frozen=True, slots=True)
class VectorTile:
    """A tile as it is kept and sent.

    Attributes
    ----------
    content
        The tile's bytes by gzip; empty when the tile is.
    key
        Hexadecimal text that is equal for equal bytes.
    modified
        When the last of its layers was imported.
    """

    content: bytes
    key: str
    modified: datetime


def tiled(view: CollectionView) -> bool:
    """Tell whether a collection is offered as tiles: rows have a place, and need no purpose.

    Parts are made when they are asked for: a tile of what they are parts of shows the same.
    """
    placed = view.spec.geometry is not GeometryKind.NONE and view.table.schema.crs is not None
    return placed and view.spec.parts_of is None and not view.spec.access.sealed


def tile_fields(view: CollectionView) -> tuple[FieldSpec, ...]:
    """Return the fields that features have in tiles: the chosen ones that the actor may read.

    What is read with a purpose only is never among them: no tile needs an entry in the log.
    """
    return tuple(f for f in view.fields if f.name in view.spec.tiles and not f.access.sealed)


class Tiles(Door):
    """Answers vector tiles."""

    def tile(
        self,
        actor: Actor,
        collections: Sequence[str] | None,
        matrix_set: MatrixSet,
        z: int,
        x: int,
        y: int,
    ) -> VectorTile:
        """Return a tile with a layer for each collection that has something there.

        ``collections`` None: of all that are offered as tiles.

        Features have their row number as id, unique in the import, their feature_id and the
        fields of :func:`tile_fields`; of far-up levels, where single features cannot be told
        apart, without what only names them.

        Raises
        ------
        UnknownCollectionError, AccessError
            As in `view`.
        TileAddressError
            There is no such tile, or nothing can ever be in it.
        DeadlineError
            The query took too long.
        """
        tile, views = self._asked(actor, collections, matrix_set, z, x, y)
        key = _key(views, tile)
        content = self._tiles.get(key)
        if content is None:
            layers = b"".join(self._layer(view, tile) for view in views)
            content = gzip.compress(layers, _EFFORT, mtime=0) if layers else b""
            self._tiles.put(key, content)
        return VectorTile(content, key.hex(), _imported(views))

    def kept_tile(
        self,
        actor: Actor,
        collections: Sequence[str] | None,
        matrix_set: MatrixSet,
        z: int,
        x: int,
        y: int,
    ) -> VectorTile | None:
        """Return a tile as `tile` does if it was made before, None if it would have to be made."""
        tile, views = self._asked(actor, collections, matrix_set, z, x, y)
        key = _key(views, tile)
        content = self._tiles.get(key)
        return None if content is None else VectorTile(content, key.hex(), _imported(views))

    def _asked(
        self,
        actor: Actor,
        collections: Sequence[str] | None,
        matrix_set: MatrixSet,
        z: int,
        x: int,
        y: int,
    ) -> tuple[Tile, tuple[CollectionView, ...]]:
        tile = matrix_set.tile(z, x, y)
        views = self.tiled_views(actor, collections)
        limits = tile_limits(views, matrix_set, z) if z in levels(matrix_set) else None
        if limits is not None and limits.holds(x, y):
            return tile, views
        raise TileAddressError(
            f"tile {z}/{y}/{x} of {matrix_set.id} (level/row/column) lies beyond the data",
            advice="The metadata of the tile set say which levels, rows and columns it has.",
            matrix_set=matrix_set.id,
            level=z,
            row=y,
            column=x,
        )

    def tiled_views(
        self, actor: Actor, collections: Sequence[str] | None = None
    ) -> tuple[CollectionView, ...]:
        """Return what the actor may see of collections that are offered as tiles.

        None: of all but points of areas that are there themselves.

        Raises
        ------
        UnknownCollectionError, AccessError
            As in `view`; also for collections without tiles.
        """
        if collections is None:
            offered = (view for view in self.collections(actor) if tiled(view))
            return tuple(view for view in offered if view.spec.points_of is None)
        views = tuple(self.view(actor, name) for name in collections)
        for view in views:
            if not tiled(view):
                raise no_collection(view.id)
        return views

    def _layer(self, view: CollectionView, tile: Tile) -> bytes:
        bounds, source = view.table.bounds, view.table.schema.crs
        if bounds is None or source is None:
            return b""
        window = _window(tile, bounds, source)
        if window is None:
            return b""
        keep = detail(tile)
        box, scale = window
        least = 0.0
        if view.spec.geometry is GeometryKind.POLYGON:
            least = _surely_lost(keep) * (scale * tile.side / EXTENT) ** 2
        fields = [f for f in tile_fields(view) if not keep.pixel or not _names_only(view, f)]
        rows = self._rows(view).near(
            view.id, box, [f.name for f in fields], released=view.names, least_area=least
        )
        carry = _patchwork(source, tile.matrix_set.epsg).carry
        strokes = fit(rows.geometry, tile, carry, keep)
        ids = {} if keep.pixel else {FEATURE_ID: rows.feature_id}
        return encode_layer(view.id, strokes, rows.number, {**ids, **rows.values})


def levels(matrix_set: MatrixSet) -> range:
    """Return the levels of which there are tiles."""
    first = next(z for z in range(matrix_set.levels) if matrix_set.cell_size(z) < _FIRST_CELL_M)
    return range(first, matrix_set.deepest + 1)


def tile_limits(views: Iterable[CollectionView], matrix_set: MatrixSet, z: int) -> Limits | None:
    """Return which tiles of a level can hold something of some collections."""
    extent = tile_extent(views, matrix_set)
    return matrix_set.limits(extent, z) if extent else None


def tile_extent(views: Iterable[CollectionView], matrix_set: MatrixSet) -> Box | None:
    """Return the box around some collections in the reference system of a matrix set."""
    boxes = [
        _carried(view.table.bounds, view.table.schema.crs, matrix_set.epsg)
        for view in views
        if view.table.bounds is not None and view.table.schema.crs is not None
    ]
    if not boxes:
        return None
    low, high = np.array(boxes)[:, :2].min(axis=0), np.array(boxes)[:, 2:].max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _key(views: Iterable[CollectionView], tile: Tile) -> bytes:
    made_from = [
        (v.id, [f.name for f in tile_fields(v)], v.generation.number, str(v.generation.imported_at))
        for v in views
    ]
    asked = (tile.matrix_set.id, tile.z, tile.x, tile.y)
    return blake2b(repr((_FORM, asked, made_from)).encode(), digest_size=16).digest()


def _imported(views: Iterable[CollectionView]) -> datetime:
    return max(view.generation.imported_at for view in views)


def _names_only(view: CollectionView, field: FieldSpec) -> bool:
    return field.name in view.spec.identity or field.type is FieldType.PARCEL_KEY


def _surely_lost(keep: Detail) -> float:
    """Return below which area of its box, in parts squared, an area is left out for sure.

    The box is that of another reference system, whose scale is known roughly.
    """
    return 0.8 * keep.pixel**2


def _window(tile: Tile, bounds: Box, source: int) -> tuple[Box, float] | None:
    """Return the box of a collection's CRS that holds a tile, and metres there by metres here."""
    target = tile.matrix_set.epsg
    extent = _carried(bounds, source, target)
    wide = tile.larger(BUFFER / EXTENT)
    # Cut first: the far side of the earth has no place in the collection's CRS.
    cut = (*map(max, wide[:2], extent[:2]), *map(min, wide[2:], extent[2:]))
    if cut[0] > cut[2] or cut[1] > cut[3]:
        return None
    x0, y0, x1, y1 = _carried(cut, target, source)
    there = max(x1 - x0, y1 - y0)
    return (x0 - 1, y0 - 1, x1 + 1, y1 + 1), there / max(cut[2] - cut[0], cut[3] - cut[1], 1e-3)


@lru_cache(maxsize=256)
def _carried(box: Box, source: int, target: int) -> Box:
    """Return the box in another reference system that holds a box, its edges bent as they are."""
    if source == target:
        return box
    longest = max(box[2] - box[0], box[3] - box[1])
    outline = shapely.box(*box)
    if longest > 0:
        outline = shapely.segmentize(outline, longest / _EDGE)
    edge = shapely.get_coordinates(outline)
    x, y = transform_xy(edge[:, 0], edge[:, 1], _way(source, target))
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


@cache
def _patchwork(source: int, target: int) -> Patchwork:
    return Patchwork(_way(source, target))


@cache
def _way(source: int, target: int) -> Operation:
    return plan_operation(f"EPSG:{source}", f"EPSG:{target}")
