"""The import: from source files to a published generation.

`directory` is the door for operators, `pipeline` the way through. A `job` takes in all files: a
layer's own `translators`, then per file (`reading`) which columns hold which fields (`mapping`),
then row by row (`checking`): `values` (with `numbers` and `moments`), `parcel_keys`, `positions`,
and what is `unmapped`. `intake` names rows (`identity`) and stores them. Of parcels, `districts`
makes what they are parts of.

`raster` is the way for rasters, `single` for a feature alone. Deliveries of changes are told from
first ones by their `parts` and applied by `changes`, which is `amending` what is served.

What happened is a `report` on `files`; each fault code has its `advice`.
"""
