"""From what a reader decoded to a SourceTable: numbering, limits, remarks."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import numpy as np
import orjson
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gis_core.faults import Fault, Outcome
from gis_core.geometry import MAX_DEPTH, MAX_VERTICES, beyond_limits
from layers.errors import SourceFileError
from layers.formats.archive import SourceFile
from layers.source import SourceCRS, SourceTable

_REMARKS: Final = 20  # distinct ones that are handed on per table


def feature_table(
    file: SourceFile,
    kind: str,
    attributes: pd.DataFrame,
    geometry: NDArray[np.object_],
    crs: SourceCRS,
    undecodable: NDArray[np.bool_],
    *,
    first: int = 1,
) -> SourceTable:
    """Make the table of a layer's features; unusable geometry becomes a fault of its row.

    Parameters
    ----------
    undecodable
        (n,) bool: the file holds a geometry that could not be decoded.
    first
        Number of the first row.
    """
    rows = np.arange(len(attributes), dtype=np.int64) + first
    large = beyond_limits(geometry)
    faults = [
        Fault(
            file.name,
            int(row),
            "geometry",
            "bytes that are no geometry",
            "a geometry",
            "geometry-unreadable",
        )
        for row in rows[undecodable]
    ]
    limit = f"at most {MAX_VERTICES:,} vertices, {MAX_DEPTH} levels of nesting"
    faults += [
        Fault(file.name, int(rows[i]), "geometry", _size(geometry[i]), limit, "geometry-too-large")
        for i in np.flatnonzero(large).tolist()
    ]
    keep = ~(undecodable | large)
    lost = {
        int(rows[i]): orjson.dumps(attributes.iloc[i].dropna().to_dict(), default=str).decode()
        for i in np.flatnonzero(~keep).tolist()
    }
    return SourceTable(
        file=file.name,
        kind=kind,
        rows=rows[keep],
        attributes=attributes[keep].reset_index(drop=True),
        geometry=geometry[keep],
        crs=crs,
        faults=tuple(faults),
        lost=lost,
    )


def _size(geometry: BaseGeometry) -> str:
    return f"{geometry.geom_type} with {shapely.get_num_coordinates(geometry):,} vertices"


def plain_table(
    file: SourceFile, kind: str, attributes: pd.DataFrame, *, first: int = 1
) -> SourceTable:
    """Make the table of a layer without geometry; ``first`` is the number of its first row."""
    rows = np.arange(len(attributes), dtype=np.int64) + first
    return SourceTable(file=file.name, kind=kind, rows=rows, attributes=attributes)


def with_remarks(table: SourceTable, remarks: Iterable[str]) -> SourceTable:
    """Add what the reading library remarked on, once each, as notes on the file."""
    notes = tuple(
        Fault(table.file, 1, "", text, "a file without remarks", "reader-remark", Outcome.NOTED)
        for text in list(dict.fromkeys(remarks))[:_REMARKS]
    )
    return replace(table, faults=(*table.faults, *notes))


def unreadable(file: SourceFile, kind: str, reason: str) -> SourceFileError:
    """Return the error for a file that a library gave up."""
    return SourceFileError(
        f"{file.name} cannot be read as {kind}: {reason}",
        advice="Fetch it again; if that does not help, deliver it as GeoPackage or GeoJSON.",
        file=file.name,
        found=reason,
        expected=kind,
    )
