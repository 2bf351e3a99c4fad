"""What is asked of a collection; the reader decides what of it may be answered."""

from gis_core.store.query import Query, Text

__all__ = ["Query", "Text"]
