"""CSV (RFC 4180), for spreadsheets: UTF-8, commas, a header."""

import csv
import io
from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from api.features.formats.format import About, Format
from api.features.formats.values import columns, ids, shapes
from gis_core.offered_crs import decimals, in_axis_order
from layers.reader.batches import FEATURE_ID, GEOMETRY, Batches
from layers.spec import GeometryKind

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_WORDS = {True: "true", False: "false"}


def write(batches: Batches, about: About) -> Iterator[bytes]:
    """Yield a header and the rows.

    Points take two columns, ``x`` (east) and ``y`` (north); other geometry is WKT in the axis
    order of its CRS. Missing values are empty. A text that a spreadsheet would take for a
    formula gets an apostrophe before it; numbers are written as they are.
    """
    names = [f.name for f in batches.fields]
    placed = GEOMETRY in batches.schema.names
    by_xy = batches.view.spec.geometry is GeometryKind.POINT and not {"x", "y"} & set(names)
    place = ([GEOMETRY], ["x", "y"])[by_xy] if placed else []
    yield _lines([(FEATURE_ID, *names, *place)])
    for batch in batches:
        cells = [_safe(ids(batch)), *map(_safe, columns(batch).values())]
        geometry = shapes(batch)
        if geometry is not None:
            cells += (_xy if by_xy else _wkt)(geometry, about.crs)
        yield _lines(zip(*cells, strict=True))


def _lines(rows: object) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)  # type: ignore[arg-type]
    return text.getvalue().encode()


def _safe(cells: Sequence[object]) -> list[object]:
    return [_cell(cell) for cell in cells]


def _cell(cell: object) -> object:
    if isinstance(cell, str):
        return f"'{cell}" if cell.startswith(_FORMULA) else cell
    return _WORDS[cell] if isinstance(cell, bool) else cell


def _xy(geometry: NDArray[np.object_], crs: str) -> list[list[object]]:
    digits = decimals(crs)
    sides = (shapely.get_x(geometry), shapely.get_y(geometry))
    rounded = (np.round(side, digits).tolist() for side in sides)
    return [[None if value != value else value for value in side] for side in rounded]


def _wkt(geometry: NDArray[np.object_], crs: str) -> list[list[object]]:
    turned = in_axis_order(geometry, crs)
    return [shapely.to_wkt(turned, rounding_precision=decimals(crs)).tolist()]


FORMAT = Format("csv", "CSV", "text/csv", "csv", write, text=True)
