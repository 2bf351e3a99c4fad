"""The cadastre: ALKIS objects as parcels, buildings, land use and owners.

`source` is the way in. `parcels`, `buildings`, `land_use` and `owners` translate object classes
(read as `cells`) into the simplified schema, with names and addresses from `places` and codes
from `codes`; `twins` are parcels that two offices deliver;
`simplified` evens out tables that are in that schema already. `districts` and municipalities are
put together from the parcels where no file delivers them.

Deliveries of changes: `deliveries` tells them apart and keeps the ledger, `versions` says what they
do to objects, `objects` what needs whom, `resolving` which rows end, begin or are told anew;
`memory` is what a first delivery leaves behind for them.
"""
