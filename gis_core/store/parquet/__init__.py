"""Tables as GeoParquet on any storage that pyarrow reaches: a folder, or ``s3://``.

`storage` opens and names places and writes files whole or not at all; `sorting` puts any number
of rows in Hilbert order with the memory of one part; `writing` makes a dataset of them, with boxes
and row groups; `reading` fetches row groups.
"""

from gis_core.store.parquet.reading import Dataset, RowGroup, read_dataset
from gis_core.store.parquet.storage import Storage
from gis_core.store.parquet.writing import (
    BOX,
    FEATURE_ID,
    GEOMETRY,
    SIDES,
    DatasetWriter,
    box_array,
)

__all__ = [
    "BOX",
    "FEATURE_ID",
    "GEOMETRY",
    "SIDES",
    "Dataset",
    "DatasetWriter",
    "RowGroup",
    "Storage",
    "box_array",
    "read_dataset",
]
