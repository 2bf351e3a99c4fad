"""Merging features with parcels: pure functions, arrays in, links out.

`fabric` holds the parcels, in key order and indexed; `links` is what every join returns,
`unmatched` what it could not join. The joins: `points` (with `discs`), `shares`, `keys`,
`addresses`. What links add up to: `summaries`, `land_use`, `largest_remainder` (parts that add up
exactly), and `zonal` for rasters (`zones` are parcels in pixel coordinates, `zonal_sums` what
their cells add up to, `slopes` how steep they are; `zonal_engines` chooses between `zonal_numpy`
and the `kernels`). For merges larger than memory `tiles` works
on some of the parcels at a time; `residence` says which tiles a guest meets.
"""
