"""The core: arrays in, arrays out; only `store` touches disks.

Parcel keys
    `keys` is the door (read, check, write, two key schemes); ``key_*`` are its parts: spellings,
    words, columns, forms, messages. `districts` says what exists, `numerals` hears numbers.
Names and addresses
    `folding` evens out spellings, `addresses` takes addresses apart.
Places
    `crs` plans and carries out transformations, `crs_names` knows what systems are called,
    `window` whether a position can be true, `geometry` repairs and measures, `neighbours` finds
    who borders on whom, `fabric_quality` what is wrong with a fabric of parcels. `offered_crs` are
    the systems an answer may be in, `search_area` a box of one of them, `geojson` writes it;
    `patchwork` carries many positions over at little cost; `cell_grid` is a raster's place.
History
    `lineage` tells from the `lifetimes` of parcels which became which; `descent` follows it.
Tiles
    `tiling` says which tiles there are and where, `mvt` makes the bytes of a vector
    tile, `pmtiles` an archive of them.
Questions
    `filters` reads and judges conditions in CQL2, `periods` reads instants and intervals,
    `word_index` finds words.
Merging and storing
    `merge` links features to parcels; `store` keeps generations of tables.
Packages
    `lazy_names` loads a package's public names when they are first asked for.
Errors
    `errors` is the root of all of them; `faults` are what is wrong with one value of one row.
"""
