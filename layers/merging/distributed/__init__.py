"""A merge in tiles: out of core on one machine, or spread over many.

`export` lays a store out, `layout` says what lies where and how it relates, `plan` which tile
reads what. `work` is what a worker does with a tile, `keyed` with a bucket of parcel keys, `parts`
what it writes and tells. `runners` and `cluster` are who works, `merging` is the driver, `stored`
brings the links back into the store.
"""
