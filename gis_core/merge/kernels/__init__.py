"""Compiled loops over flat coordinate arrays: arrays in, arrays out, no geometry objects.

Imported only when a merge is large enough to pay for it; see `gis_core.merge.engines`.
Decode: `wkb`. Index: `grid` for boxes, `slants` and `edges` for what is in them. Pairs:
`points` (with `orientation`), `discs`, `overlap` (with `tops`), `lengths`; `keys` for texts.
Rasters: `cells`, `cover`, `cell_sums`. How and when they are compiled: `compiled`, `warm`.
"""
