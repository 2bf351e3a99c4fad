"""Files that GDAL writes whole before the first byte can be sent: FlatGeobuf and GeoPackage."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
from pyogrio.errors import DataLayerError
from pyogrio.raw import write_arrow

from api.features.formats.format import About, Format
from gis_core.errors import FlurbuchError
from gis_core.offered_crs import CRS84, definition
from layers.reader.batches import GEOMETRY, Batches
from layers.spec import GeometryKind

_PIECE = 1 << 18
_KINDS = {
    GeometryKind.POINT: "Point",
    GeometryKind.LINE: "MultiLineString",
    GeometryKind.POLYGON: "MultiPolygon",
}


class _Watched:
    """Batches on their way through GDAL, which forgets why reading them failed."""

    def __init__(self, batches: Batches) -> None:
        self._batches = batches
        self.placeless = False
        self.fault: FlurbuchError | None = None

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self._batches:
                if GEOMETRY in batch.schema.names:
                    self.placeless |= batch.column(GEOMETRY).null_count > 0
                yield batch
        except FlurbuchError as fault:
            self.fault = fault
            raise


def _write(driver: str, suffix: str, batches: Batches, about: About) -> Iterator[bytes]:
    """Yield the file in pieces; it lies in the system's folder for temporary files until then."""
    with TemporaryDirectory(prefix="flurbuch-") as folder:
        path = Path(folder) / f"{batches.view.id}.{suffix}"
        _make(path, driver, batches, about)
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece


def _make(path: Path, driver: str, batches: Batches, about: About) -> None:
    placed = GEOMETRY in batches.schema.names
    # An index of FlatGeobuf orders features by place, and has none for those without.
    ordered = not placed or bool(batches.query.sort)
    watched = _Watched(batches)
    try:
        _pass_on(path, driver, batches, watched, about.crs, indexed=not ordered)
    except (DataLayerError, pa.ArrowException) as error:
        if watched.fault is not None:
            raise watched.fault from error
        if driver != "FlatGeobuf" or not watched.placeless:
            raise
        path.unlink(missing_ok=True)
        _pass_on(path, driver, batches, watched, about.crs, indexed=False)


def _pass_on(
    path: Path, driver: str, batches: Batches, watched: _Watched, crs: str, *, indexed: bool
) -> None:
    layout = {}
    if driver == "FlatGeobuf":
        layout["SPATIAL_INDEX"] = "YES" if indexed else "NO"
    place = {}
    if GEOMETRY in batches.schema.names:
        place = {
            "geometry_name": GEOMETRY,
            "geometry_type": _KINDS[batches.view.spec.geometry],
            "crs": "EPSG:4326" if crs == CRS84 else definition(crs),  # files have x east anyway
        }
    reader = pa.RecordBatchReader.from_batches(batches.schema, watched)
    write_arrow(
        reader, path, driver=driver, layer=batches.view.id, layer_options=layout or None, **place
    )


FLATGEOBUF = Format(
    "flatgeobuf",
    "FlatGeobuf",
    "application/flatgeobuf",
    "fgb",
    partial(_write, "FlatGeobuf", "fgb"),
)
GEOPACKAGE = Format(
    "gpkg",
    "GeoPackage",
    "application/geopackage+sqlite3",
    "gpkg",
    partial(_write, "GPKG", "gpkg"),
)
