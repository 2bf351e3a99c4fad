"""What pages tell the script that draws their maps."""

from gis_core.offered_crs import Box, box_to_crs84
from layers.view import CollectionView


def degrees_around(view: CollectionView) -> Box | None:
    """Return the box around a collection: west, south, east, north; None where it has no place."""
    bounds, crs = view.table.bounds, view.table.schema.crs
    return None if bounds is None or crs is None else box_to_crs84(bounds, crs)
