"""Statistics of raster cells by parcel, block by block, so that a raster of any size fits."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.features import rasterize

from gis_core.geometry import label_point
from gis_core.merge.fabric import ParcelFabric
from gis_core.merge.shapes import Shapes


@dataclass(frozen=True, slots=True, kw_only=True)
class ZonalStatistics:
    """What the cells of a raster say about each of m parcels.

    Attributes
    ----------
    cells
        (m,) int64, valid cells whose centre lies in the parcel. 0 where the parcel is too small
        or too narrow for one: its statistics are then the cell under its label point, if any.
    mean, min, max, std
        (m,) float64, in the raster's unit; NaN where the raster says nothing. ``std`` is that of
        the cells themselves (divided by n).
    """

    cells: NDArray[np.int64]
    mean: NDArray[np.float64]
    min: NDArray[np.float64]
    max: NDArray[np.float64]
    std: NDArray[np.float64]


class ZonalAccumulator:
    """Takes a raster in blocks, in any cut, and keeps running statistics by parcel.

    A cell belongs to the parcel in which its centre lies; on a border to the lower key of the
    parcels that the rasterizer gives it to. Memory: O(m) and one block of labels.

    Source: Chan, Golub and LeVeque (1979) for joining means and variances of blocks.
    """

    def __init__(self, fabric: ParcelFabric) -> None:
        self._fabric = fabric
        self._tree = shapely.STRtree(fabric.geometry)
        self._cells = np.zeros(len(fabric), np.int64)
        self._mean = np.zeros(len(fabric))
        self._spread = np.zeros(len(fabric))
        self._min = np.full(len(fabric), np.inf)
        self._max = np.full(len(fabric), -np.inf)

    def add(self, values: NDArray[np.floating], transform: Affine) -> Self:
        """Add one block of cells.

        Parameters
        ----------
        values
            (rows, columns) cells, NaN where there is no value.
        transform
            From (column, row) of this block to coordinates of the fabric's CRS.
        """
        parcel, inside = self._label_cells(values.shape, transform)
        value = values.ravel()[inside].astype(np.float64)
        valid = np.isfinite(value)
        parcel, value = parcel[valid], value[valid]
        # Ordered by parcel, then value: sums do not depend on where the block was cut from.
        order = np.lexsort((value, parcel))
        parcel, value = parcel[order], value[order]
        here, first, cells = np.unique(parcel, return_index=True, return_counts=True)
        if not len(here):
            return self
        mean = np.add.reduceat(value, first) / cells
        spread = np.add.reduceat((value - np.repeat(mean, cells)) ** 2, first)
        self._join(here, cells, mean, spread)
        self._min[here] = np.minimum(self._min[here], value[first])
        self._max[here] = np.maximum(self._max[here], value[first + cells - 1])
        return self

    def without_cells(self) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return the parcels that no cell's centre lies in, and (k, 2) their label points."""
        bare = np.flatnonzero(self._cells == 0)
        return bare, Shapes.of(label_point(self._fabric.geometry[bare])).xy

    def result(self, at_label: NDArray[np.float64] | None = None) -> ZonalStatistics:
        """Return the statistics of all blocks so far.

        Parameters
        ----------
        at_label
            (k,) values of the cells under the label points of :meth:`without_cells`, NaN for
            none; None: such parcels get no statistics.
        """
        some = self._cells > 0
        alone = np.full(len(some), np.nan)
        if at_label is not None:
            alone[~some] = at_label
        cells = np.where(some, self._cells, 1)
        return ZonalStatistics(
            cells=self._cells.copy(),
            mean=np.where(some, self._mean, alone),
            min=np.where(some, self._min, alone),
            max=np.where(some, self._max, alone),
            std=np.where(some, np.sqrt(self._spread / cells), np.where(np.isnan(alone), alone, 0)),
        )

    def _label_cells(
        self, shape: tuple[int, ...], transform: Affine
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return the parcel of each cell that has one, and the cell's flat position."""
        rows, columns = shape
        corners = _apply(transform, np.array([[0, 0], [columns, 0], [0, rows], [columns, rows]]))
        box = shapely.box(*corners.min(axis=0), *corners.max(axis=0))
        parcel = self._tree.query(box)
        # What is burnt last stays: the lower key must come last.
        parcel = np.sort(parcel)[::-1]
        if not len(parcel):
            return np.empty(0, np.intp), np.empty(0, np.intp)
        shapes = zip(_as_mappings(self._fabric.geometry[parcel]), parcel + 1, strict=True)
        labels = rasterize(
            shapes, out_shape=(rows, columns), transform=transform, fill=0, dtype=np.int32
        ).ravel()
        inside = np.flatnonzero(labels)
        return labels[inside].astype(np.intp) - 1, inside

    def _join(
        self,
        here: NDArray[np.intp],
        cells: NDArray[np.int64],
        mean: NDArray[np.float64],
        spread: NDArray[np.float64],
    ) -> None:
        """Join the block's mean and sum of squares with the former ones."""
        before = self._cells[here]
        total = before + cells
        step = mean - self._mean[here]
        self._mean[here] += step * cells / total
        self._spread[here] += spread + step**2 * before * cells / total
        self._cells[here] = total


def _as_mappings(geometry: NDArray[np.object_]) -> list[dict[str, object]]:
    """Return polygons as GeoJSON-like mappings; shapely's own way makes an object per vertex."""
    parts, owner = shapely.get_parts(geometry, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    vertex = shapely.get_coordinates(rings).tolist()
    end = np.cumsum(shapely.get_num_coordinates(rings)).tolist()
    polygons: list[list[list[list[float]]]] = [[] for _ in parts]
    start = 0
    for at, stop in zip(part.tolist(), end, strict=True):
        polygons[at].append(vertex[start:stop])
        start = stop
    shapes: list[list[list[list[list[float]]]]] = [[] for _ in geometry]
    for at, polygon in zip(owner.tolist(), polygons, strict=True):
        shapes[at].append(polygon)
    return [{"type": "MultiPolygon", "coordinates": shape} for shape in shapes]


def _apply(transform: Affine, places: NDArray[np.generic]) -> NDArray[np.float64]:
    """Return the (n, 2) places transformed."""
    a, b, c, d, e, f = transform[:6]
    return np.asarray(places @ np.array([[a, d], [b, e]]) + np.array([c, f]))
