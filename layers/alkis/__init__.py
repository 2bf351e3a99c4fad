"""The cadastre: ALKIS objects as parcels, buildings, land use and owners.

`source` is the way in. `parcels`, `buildings`, `land_use` and `owners` translate object classes
(read as `cells`) into the simplified schema, with names and addresses from `places` and codes
from `codes`;
`simplified` evens out tables that are in that schema already.
"""
