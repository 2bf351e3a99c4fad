"""What a layer is, who may read it, how it gets in, and how it finds its parcel.

What a layer is
    `spec` is what a layer.toml may say, `registry` finds the files, `municipality` reads a
    city's profile (both by `toml_file`); `schema` says how a collection is stored. Folders with
    a layer.toml, such as `alkis`, are layers themselves.
How it gets in
    `formats` reads files into tables (`source`), `ingest` checks and stores them; `grids` keeps
    datum grids, `scratch` files in between, `column_names` compares names; `editing` changes
    single features in the `states` that they are in. `checking` says what is
    wrong with the parcels.
How it finds its parcel
    `merging` links what was imported; `figures` says what links tell of a parcel, `parts` what
    collections are made of that no file delivers; `history` knows what became of former parcels.
Who reads it
    `reader` is the one door to stored data: `access` holds roles, `view` decides what one actor
    sees, `query` is what is asked, `queryables` what a filter may name, `searching` where words are
    looked for, `lifetimes` when features were, `audit` logs it; `rasters` reads cells.
What is made of it
    `dossier` gathers a parcel, `find` searches, `analysis` measures what is near or within;
    `object_ids` knows the cadastre's identifiers;
    `wording` and `uses` write and read values; `tile_archive` holds all vector tiles in one file.
Shared by all
    `errors`, and `progress` of what takes long.
"""
