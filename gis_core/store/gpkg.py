"""A GeoPackage from the inside: the tables the standard demands and its geometry blobs."""

import sqlite3
from collections.abc import Callable, Sequence
from functools import cache
from struct import Struct

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from gis_core.errors import GeometryTypeError
from gis_core.store import sql
from gis_core.store.schema import FID, GEOMETRY, Box, Shape, TableInfo

APPLICATION_ID = 0x47504B47  # "GPKG"
VERSION = 10300
TYPES = {Shape.POINT: "POINT", Shape.LINE: "MULTILINESTRING", Shape.POLYGON: "MULTIPOLYGON"}

_SHORT = 8  # bytes of a header without a box: magic, version, flags, CRS
_LONG = 40  # the same with xmin, xmax, ymin, ymax
_FLAGS_SHORT = 0x01  # little endian
_FLAGS_LONG = 0x03  # little endian, with a box

_POINT, _BOX = Struct("<2d"), Struct("<4d")

_SINGLE = {
    Shape.POINT: (shapely.GeometryType.POINT, None),
    Shape.LINE: (shapely.GeometryType.LINESTRING, shapely.GeometryType.MULTILINESTRING),
    Shape.POLYGON: (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON),
}


def encode(geometry: NDArray[np.object_], shape: Shape, crs: int) -> list[bytes | None]:
    """Return GeoPackage blobs; lines and polygons become their multi kind.

    Raises
    ------
    GeometryTypeError
        A geometry is empty or of another kind.
    """
    geometry = as_stored(geometry, shape)
    missing = shapely.is_missing(geometry)
    wkb = shapely.to_wkb(geometry, output_dimension=2, byte_order=1)
    if shape is Shape.POINT:
        lead = b"GP\x00" + bytes([_FLAGS_SHORT]) + crs.to_bytes(4, "little", signed=True)
        return [None if gone else lead + w for gone, w in zip(missing, wkb, strict=True)]
    heads = np.zeros(
        len(geometry), dtype=[("lead", "S3"), ("flags", "u1"), ("crs", "<i4"), ("box", "<f8", 4)]
    )
    heads["lead"], heads["flags"], heads["crs"] = b"GP", _FLAGS_LONG, crs
    heads["box"] = shapely.bounds(geometry)[:, [0, 2, 1, 3]]
    packed = heads.tobytes()
    return [
        None if gone else packed[i * _LONG : (i + 1) * _LONG] + w
        for i, (gone, w) in enumerate(zip(missing, wkb, strict=True))
    ]


def as_stored(geometry: NDArray[np.object_], shape: Shape) -> NDArray[np.object_]:
    """Return the geometries in the kind that is stored, or refuse them."""
    single, multi = _SINGLE[shape]
    kind = shapely.get_type_id(geometry)
    wrong = ~np.isin(kind, [-1, single, single if multi is None else multi])
    wrong |= shapely.is_empty(geometry)
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        found = shapely.get_type_id(geometry[first])
        raise GeometryTypeError(
            f"row {first} of the chunk is no {shape} or is empty",
            advice="Repair geometries before they are written.",
            row=first,
            found=shapely.GeometryType(found).name,
            expected=str(shape),
        )
    plain = np.flatnonzero(kind == single)
    if multi is None or not len(plain):
        return geometry
    build = shapely.multipolygons if shape is Shape.POLYGON else shapely.multilinestrings
    promoted = geometry.copy()
    promoted[plain] = build(geometry[plain], indices=np.arange(len(plain)))
    return promoted


def header_size(shape: Shape) -> int:
    """Return the bytes before the WKB in the blobs that `encode` makes."""
    return _SHORT if shape is Shape.POINT else _LONG


def decode(blobs: Sequence[bytes | None], shape: Shape) -> NDArray[np.object_]:
    """Return the geometries of blobs that `encode` made."""
    skip = header_size(shape)
    found: NDArray[np.object_] = shapely.from_wkb([None if b is None else b[skip:] for b in blobs])
    return found


def boxes(blobs: Sequence[bytes], shape: Shape) -> NDArray[np.float64]:
    """Return (n, 4) xmin, ymin, xmax, ymax from the headers, without parsing a geometry."""
    if shape is Shape.POINT:
        tails = b"".join(b[_SHORT + 5 : _SHORT + 21] for b in blobs)
        xy = np.frombuffer(tails, dtype="<f8").reshape(-1, 2)
        return np.hstack([xy, xy])
    heads = b"".join(b[_SHORT:_LONG] for b in blobs)
    return np.frombuffer(heads, dtype="<f8").reshape(-1, 4)[:, [0, 2, 1, 3]]


def box_reader(shape: Shape) -> Callable[[bytes], Box]:
    """Return what reads xmin, ymin, xmax, ymax from the header of one blob."""
    if shape is Shape.POINT:

        def point(blob: bytes) -> Box:
            x, y = _POINT.unpack_from(blob, _SHORT + 5)
            return x, y, x, y

        return point

    def box(blob: bytes) -> Box:
        xmin, xmax, ymin, ymax = _BOX.unpack_from(blob, _SHORT)
        return xmin, ymin, xmax, ymax

    return box


# -- the container ----------------------------------------------------------------------

_CONTAINER = """
CREATE TABLE gpkg_spatial_ref_sys (
  srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (
  table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
  description TEXT DEFAULT '',
  last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
  CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL,
  srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL,
  CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
  CONSTRAINT uk_gc_table_name UNIQUE (table_name),
  CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
  CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
CREATE TABLE gpkg_extensions (
  table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL,
  scope TEXT NOT NULL,
  CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));
"""

_UNDEFINED = [
    ("Undefined cartesian SRS", -1, "NONE", -1, "undefined", None),
    ("Undefined geographic SRS", 0, "NONE", 0, "undefined", None),
]


def create_container(db: sqlite3.Connection) -> None:
    """Make an empty database a GeoPackage 1.3 without contents."""
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute(f"PRAGMA user_version = {VERSION}")
    for statement in _CONTAINER.strip().split(";\n"):
        db.execute(statement)
    db.executemany("INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, ?)", _UNDEFINED)
    _add_crs(db, 4326)


@cache
def _crs_row(crs: int) -> tuple[object, ...]:
    known = pyproj.CRS.from_epsg(crs)
    return (known.name, crs, "EPSG", crs, known.to_wkt("WKT1_GDAL"), None)


def _add_crs(db: sqlite3.Connection, crs: int) -> None:
    db.execute(
        "INSERT OR IGNORE INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, ?)", _crs_row(crs)
    )


def register(db: sqlite3.Connection, info: TableInfo, changed: str) -> None:
    """Enter a finished table into the container's registers, with its R-tree and its triggers.

    ``changed`` is the time of the last change, UTC with milliseconds and ``Z``.
    """
    schema = info.schema
    kind = "features" if schema.geometry else "attributes"
    box: Box | tuple[None, ...] = info.bounds or (None,) * 4
    if schema.crs is not None:
        _add_crs(db, schema.crs)
    db.execute(
        "INSERT INTO gpkg_contents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (schema.name, kind, schema.name, schema.title, changed, *box, schema.crs),
    )
    if schema.geometry is None:
        return
    db.execute(
        "INSERT INTO gpkg_geometry_columns VALUES (?, ?, ?, ?, 0, 0)",
        (schema.name, GEOMETRY, TYPES[schema.geometry], schema.crs),
    )
    db.execute(
        "INSERT INTO gpkg_extensions VALUES (?, ?, 'gpkg_rtree_index', "
        "'http://www.geopackage.org/spec120/#extension_rtree', 'write-only')",
        (schema.name, GEOMETRY),
    )
    for trigger in sql.rtree_triggers(schema.name, FID, GEOMETRY):
        db.execute(trigger)


def update(db: sqlite3.Connection, info: TableInfo, changed: str) -> None:
    """Enter the new time of change and the new box of a registered table."""
    box: Box | tuple[None, ...] = info.bounds or (None,) * 4
    db.execute(
        "UPDATE gpkg_contents SET last_change = ?, min_x = ?, min_y = ?, max_x = ?, max_y = ? "
        "WHERE table_name = ?",
        (changed, *box, info.schema.name),
    )


def unregister(db: sqlite3.Connection, table: str) -> None:
    """Strike a table from the container's registers."""
    db.execute("DELETE FROM gpkg_extensions WHERE table_name = ?", (table,))
    db.execute("DELETE FROM gpkg_geometry_columns WHERE table_name = ?", (table,))
    db.execute("DELETE FROM gpkg_contents WHERE table_name = ?", (table,))
