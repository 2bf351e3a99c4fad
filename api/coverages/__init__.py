"""OGC API Coverages and Maps: the cells of rasters as data, and as pictures.

`area` reads where (`bbox`, `subset`, `crs`), `asking` how many cells or pixels, both checked whole
before anything is read; `files` writes GeoTIFF and CoverageJSON, `picture` paints maps, `documents`
and `openapi` describe, `routes` answers.
"""
