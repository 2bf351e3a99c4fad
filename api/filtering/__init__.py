"""Filters over HTTP: `parameters` reads them, `documents` says what they may name, `routes` serves.

The language is CQL2; what it means is the core's (``gis_core.filters``).
"""
