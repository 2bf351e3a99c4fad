"""Readers of source formats; the way in is ``read_tables`` of `reader`.

`archive` unpacks, `detect` tells from the content what a file is, and one reader takes over:

* `table` (with `dialect`, `encoding`, `coordinates`) for CSV and its relatives,
* `vector` (with `wkb`) for what GDAL reads, `gpx` for GPX; `rows` makes their tables,
* `nas` and `gml` (with `xml`, `gml_feature`, `gml_geometry`, `arcs`, `srs_name`, `chunks`) for
  XML, which GDAL is not given.

All yield `layers.source.SourceTable`: nothing renamed, transformed or dropped. `hints` are
what the layer knows of a file that is silent.
"""
