"""Tile matrix sets: which tiles there are, and where each lies.

The two sets are quad trees: every level halves the size of a cell, and four tiles make up one
of the level above. Source: OGC 17-083r4, Two Dimensional Tile Matrix Set and Tile Set Metadata
2.0.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import floor
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from gis_core.errors import TileAddressError

Box = tuple[float, float, float, float]

CELLS = 256
"""Cells along the side of a tile, as the scale denominators of both sets count them."""

_PIXEL_M = 0.00028
"""Side of the standard's pixel, from which a scale denominator is reckoned."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The tiles of one level that can hold anything, both ends included."""

    z: int
    first_row: int
    last_row: int
    first_column: int
    last_column: int

    def holds(self, x: int, y: int) -> bool:
        """Tell whether a tile is among them."""
        inside = self.first_column <= x <= self.last_column
        return inside and self.first_row <= y <= self.last_row


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixSet:
    """A quad tree of tiles over one projected reference system.

    Attributes
    ----------
    crs, epsg
        OGC URI and EPSG code of the reference system; unit metre, x before y.
    uri
        Name in OGC's register, empty for a set that is not in it.
    origin
        x and y of the upper left corner of every level.
    cell
        Side of a cell at level 0, metre.
    levels
        How many levels the set defines, from 0 on.
    deepest
        The last level that is served; a client enlarges its tiles for those below.
    """

    id: str
    title: str
    crs: str
    epsg: int
    axes: tuple[str, str]
    origin: tuple[float, float]
    cell: float
    levels: int
    deepest: int
    uri: str = ""
    well_known_scale_set: str = ""

    def cell_size(self, z: int) -> float:
        """Return the side of a cell at a level, metre."""
        return self.cell / (1 << z)

    def tile(self, z: int, x: int, y: int) -> "Tile":
        """Return the tile of a level, a column and a row; rows count downwards.

        Raises
        ------
        TileAddressError
            The set has no such level, or the level no such tile.
        """
        if not 0 <= z <= self.deepest:
            raise TileAddressError(
                f"{self.id} is served from level 0 to {self.deepest}, not at {z}",
                advice="Enlarge the tiles of the deepest level.",
                matrix_set=self.id,
                level=z,
            )
        if not (0 <= x < 2**z and 0 <= y < 2**z):
            raise TileAddressError(
                f"level {z} of {self.id} has columns and rows 0 to {2**z - 1}",
                advice="Ask for level, row, column in this order.",
                matrix_set=self.id,
                level=z,
                row=y,
                column=x,
            )
        return Tile(self, z, x, y)

    def limits(self, box: Box, z: int) -> Limits | None:
        """Return which tiles of a level meet a box of the set's own reference system."""
        side = self.cell_size(z) * CELLS
        last = 2**z - 1
        left, right = (floor((v - self.origin[0]) / side) for v in (box[0], box[2]))
        top, bottom = (floor((self.origin[1] - v) / side) for v in (box[3], box[1]))
        if right < 0 or bottom < 0 or left > last or top > last:
            return None
        return Limits(z, max(top, 0), min(bottom, last), max(left, 0), min(right, last))

    def document(self) -> dict[str, object]:
        """Return the definition as JSON-ready tile matrix set of the standard's version 2.0."""
        known = {"uri": self.uri, "wellKnownScaleSet": self.well_known_scale_set}
        return {
            "id": self.id,
            "title": self.title,
            **{name: value for name, value in known.items() if value},
            "crs": self.crs,
            "orderedAxes": list(self.axes),
            "tileMatrices": [self._matrix(z) for z in range(self.levels)],
        }

    def _matrix(self, z: int) -> dict[str, object]:
        return {
            "id": str(z),
            "scaleDenominator": self.cell_size(z) / _PIXEL_M,
            "cellSize": self.cell_size(z),
            "cornerOfOrigin": "topLeft",
            "pointOfOrigin": list(self.origin),
            "tileWidth": CELLS,
            "tileHeight": CELLS,
            "matrixWidth": 2**z,
            "matrixHeight": 2**z,
        }


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile: level, column, row; rows count downwards.

    Examples
    --------
    >>> corner = ADV_25832.tile(1, 1, 0)
    >>> [round(v) for v in corner.box]
    [580039, 5675047, 1206211, 6301220]
    """

    matrix_set: MatrixSet
    z: int
    x: int
    y: int

    @property
    def side(self) -> float:
        """Length of the tile's side, metre."""
        return self.matrix_set.cell_size(self.z) * CELLS

    @property
    def box(self) -> Box:
        """The tile's xmin, ymin, xmax, ymax in its reference system."""
        return self.larger(0.0)

    def larger(self, by: float) -> Box:
        """Return the tile's box, larger by a part of its side in every direction."""
        left, top = self.matrix_set.origin
        side = self.side
        return (
            left + (self.x - by) * side,
            top - (self.y + 1 + by) * side,
            left + (self.x + 1 + by) * side,
            top - (self.y - by) * side,
        )

    def parts(
        self, x: NDArray[np.float64], y: NDArray[np.float64], extent: int
    ) -> NDArray[np.float64]:
        """Return places counted from the whole level's upper left corner, y downwards.

        Parameters
        ----------
        x, y
            (n,) metres in the set's reference system.
        extent
            How many parts the side of a tile has.

        Returns
        -------
        (n, 2) float64. A place has the same numbers for every tile of the level, so that it is
        rounded alike for all of them.
        """
        left, top = self.matrix_set.origin
        scale = extent / self.side
        return np.column_stack(((x - left) * scale, (top - y) * scale))


def tiles_of(limits: Limits, matrix_set: MatrixSet) -> Iterator[Tile]:
    """Yield the tiles within limits, row by row."""
    for y in range(limits.first_row, limits.last_row + 1):
        for x in range(limits.first_column, limits.last_column + 1):
            yield Tile(matrix_set, limits.z, x, y)


_HALF_EQUATOR_M = 20_037_508.342789244  # pi times the semi-major axis of 6,378,137 m

WEB_MERCATOR_QUAD = MatrixSet(
    id="WebMercatorQuad",
    title="Google Maps Compatible for the World",
    uri="http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad",
    crs="http://www.opengis.net/def/crs/EPSG/0/3857",
    epsg=3857,
    axes=("X", "Y"),
    well_known_scale_set="http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
    origin=(-_HALF_EQUATOR_M, _HALF_EQUATOR_M),
    cell=2 * _HALF_EQUATOR_M / CELLS,
    levels=25,
    deepest=18,
)
"""The set of nearly all web maps."""

ADV_25832 = MatrixSet(
    id="AdV_25832",
    title="ETRS89 / UTM 32N, tiles of the German surveying authorities (AdV)",
    crs="http://www.opengis.net/def/crs/EPSG/0/25832",
    epsg=25832,
    axes=("E", "N"),
    # Cells as large as those of WebMercatorQuad five levels further down, at the equator.
    origin=(-46_133.17, 6_301_219.54),
    cell=2 * _HALF_EQUATOR_M / CELLS / 2**5,
    levels=15,
    deepest=14,
)
"""Germany in the reference system of its cadastre: straight borders stay straight, right angles
right. Corner and cell sizes are those of the profile DE_EPSG_25832_ADV under which basemap.de and
the states' map services are tiled (there to level 13, with two-digit names), so that tiles of both
lie on one another."""

MATRIX_SETS: Mapping[str, MatrixSet] = MappingProxyType(
    {s.id: s for s in (WEB_MERCATOR_QUAD, ADV_25832)}
)
"""The sets on offer by their names."""
