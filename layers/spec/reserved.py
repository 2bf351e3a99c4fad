"""Names that the store makes of a layer's own, or needs for itself; see `layers.schema`."""

AS_FILED, CONFIDENCE = "_as_filed", "_confidence"  # beside a parcel key
ENDED, UNMAPPED = "_beendet", "_unmapped"  # beside a collection
STORE_FIELDS = frozenset({"fid", "geometry", "feature_id"})
STORE_PREFIXES = ("gpkg_", "rtree_", "sqlite_")
CATALOGUE = "katalog"  # the service's collection of records, beside those of the layers
