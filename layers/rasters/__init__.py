"""Cells of a stored raster: what the file is, and its values on any grid.

`file` describes it, `cells` reads: exactly as they are stored, or carried over to another grid and
reference system, with overviews, so that an answer costs what it shows and not what is stored.
Nothing here knows of roles: the way in is ``layers.reader``.
"""
