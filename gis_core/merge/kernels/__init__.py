"""Compiled loops over flat coordinate arrays: arrays in, arrays out, no geometry objects.

Imported only when a merge is large enough to pay for it; see `gis_core.merge.engines`.
"""
