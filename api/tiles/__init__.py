"""OGC API Tiles: vector tiles of single collections and of all together.

`routes` answers, `documents` describes: tile sets, matrix sets, TileJSON.
"""
