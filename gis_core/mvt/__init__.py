"""Vector tiles: geometry into the whole numbers of a tile, and the tile's bytes.

`fit` carries shapes over, rounds, generalises, cuts and mends them, as far as `detail` says;
between geometry objects (`objects`) and flat arrays (`strokes`) it takes whichever is quicker.
`layer` writes them as bytes by `protobuf`; a tile is its layers' bytes joined. No kernels, so that
a server's first tile costs no compilation.

Source: Mapbox Vector Tile Specification 2.1.
"""

from gis_core.mvt.detail import BUFFER, EXTENT, FULL, Detail, detail
from gis_core.mvt.fit import fit
from gis_core.mvt.layer import encode_layer
from gis_core.mvt.strokes import Kind, Strokes

__all__ = [
    "BUFFER",
    "EXTENT",
    "FULL",
    "Detail",
    "Kind",
    "Strokes",
    "detail",
    "encode_layer",
    "fit",
]
