"""The only part of the core that touches disks, and the only one that holds SQL text.

`store` is the door, `protocol` what readers rely on, whichever store it is. Writing: `generation`
builds one aside, `tables` (with `rows`, `cells`, `gpkg`, `hilbert`, `rtree`) its tables; `amend`
builds one as a changed copy of the former, table by table (`amended_table`); `catalogue` publishes
it, `housekeeping` throws away. Reading: `reading` answers a `query` through connections that
`guard` lends: as SQL (`asking`, with `filter_functions` for a filter), by `columns` that are held
in memory, with `exact` geometry, by the `words` of texts; as `frames`, and what is `nearby` as it
is stored. A `join` says what a table is made of that is `joined` of two generations when it is
read. `differences` tells two generations apart, by what amendments `touched`, where known.
`sql` puts statements together, `schema` is the form of tables and generations, `disk` locks, fsync
and the meaning of disk faults. Beside them: the `quarantine` of refused rows, the chain of the
`audit` log. `fragments` keeps public features as ready GeoJSON beside the tables, `parquet` tables
larger than memory on any storage, `tile_cache` tiles that were made.
"""

from gis_core.store.amend import Amendment
from gis_core.store.amended_table import TableAmendment
from gis_core.store.generation import Writer
from gis_core.store.housekeeping import HISTORY, MERGE
from gis_core.store.join import Join
from gis_core.store.protocol import Generations, Rows
from gis_core.store.query import Query
from gis_core.store.reading import Snapshot
from gis_core.store.schema import (
    FEATURE_ID,
    GEOMETRY,
    Column,
    ColumnType,
    GenerationInfo,
    Shape,
    TableInfo,
    TableSchema,
)
from gis_core.store.store import Store
from gis_core.store.tables import TableWriter
from gis_core.store.tile_cache import TileCache

__all__ = [
    "FEATURE_ID",
    "GEOMETRY",
    "HISTORY",
    "MERGE",
    "Amendment",
    "Column",
    "ColumnType",
    "GenerationInfo",
    "Generations",
    "Join",
    "Query",
    "Rows",
    "Shape",
    "Snapshot",
    "Store",
    "TableAmendment",
    "TableInfo",
    "TableSchema",
    "TableWriter",
    "TileCache",
    "Writer",
]
