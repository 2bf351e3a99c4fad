"""The merge: every feature finds its parcel, every parcel learns what lies on it.

`run` goes through the layers: `inputs` reads parcels and features, `collection` merges one
collection (`joins` knows the kinds of relation, `tables` how the result is stored),
`parcel_areas` holds official against drawn areas, `terrain` counts a raster's cells, `figures`
puts what each parcel has of all of them into one row. The
geometry and arithmetic are in `gis_core.merge`.

After a small change (`changes`) only what it reaches (`surroundings`) is joined anew (`update`).
What is too large for one machine goes tile by tile (`distributed`). What was done is a `report`.
"""

from layers.merging.collection import CollectionReport
from layers.merging.report import MergeReport
from layers.merging.run import merge, merge_directory, refresh_directory

__all__ = ["CollectionReport", "MergeReport", "merge", "merge_directory", "refresh_directory"]
