"""Filters over HTTP.

`parameters` reads them, `wildcards` the stars in the value of a field; `documents` says what a
filter may name, `routes` serves that. The language is CQL2; what it means is the core's
(``gis_core.filters``).
"""
