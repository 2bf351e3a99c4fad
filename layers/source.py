"""Rows as a source file holds them: the one shape that every format reader yields."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_core.faults import Fault


@dataclass(frozen=True, slots=True)
class SourceCRS:
    """The reference system as the file states it.

    ``definition`` is anything PROJ understands (``EPSG:31467``, WKT), ``None``
    when the file is silent. Coordinates are always handed over as x (easting,
    longitude), y (northing, latitude): the reader has already undone the file's
    axis order, and says in ``swapped`` whether it had to.
    """

    definition: str | None
    stated: str = ""
    swapped: bool = False


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A run of rows of one kind: nothing renamed, nothing transformed, nothing dropped.

    Attributes
    ----------
    file
        Name to show, with the member of an archive (``trees.zip/baum.shp``).
    kind
        The source's own name of the row type: element, layer or sheet name.
    rows
        (n,) int64, 1-based position in the file.
    attributes
        (n rows) source columns; values as text, number, date or list, missing as None/NaN.
    geometry
        (n,) object, shapely geometries in the source's CRS or None; None for a plain table.
    crs
        The reference system, None for a plain table.
    faults
        Rows the reader itself could not decode; they are not in ``rows``.
    more
        (n,) unknown elements, kept per row; None when the format has no such thing.
    lost
        What the file says in rows that could not be decoded, as text by row.
    part
        Which of the files of a command it comes from, from 0; -1 where nobody has said.
    """

    file: str
    kind: str
    rows: NDArray[np.int64]
    attributes: pd.DataFrame
    geometry: NDArray[np.object_] | None = None
    crs: SourceCRS | None = None
    faults: tuple[Fault, ...] = ()
    more: list[dict[str, object]] | None = field(default=None)
    lost: Mapping[int, str] = field(default_factory=dict)
    part: int = -1

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)
