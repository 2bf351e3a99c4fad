"""Spatial files by GDAL: GeoPackage, Shapefile, FlatGeobuf, GeoJSON, TopoJSON, OSM.

GDAL asks every driver it has whether a file is its own, and some drivers take a file for
instructions to open another. So the content decides first (detect.py). JSON is opened with
the driver named in the path; XML is left to features.py; the binary formats have
signatures that no second driver claims. GDAL sees a link under a name of ours: no name is
ever taken for an address, and nothing is written beside the original.
"""

import json
import re
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyogrio.raw
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError

from layers.errors import SourceFileError
from layers.formats.archive import SourceFile
from layers.formats.detect import HEAD, Format
from layers.formats.encoding import sniff_encoding
from layers.formats.hints import Hints
from layers.formats.rows import feature_table, plain_table, unreadable, with_remarks
from layers.formats.wkb import decode_wkb, has_curves
from layers.source import SourceCRS, SourceTable

LINK: Final = "source"  # the name under which GDAL sees every file

_SUFFIX: Final = {
    Format.GEOPACKAGE: ".gpkg",
    Format.SHAPEFILE: ".shp",
    Format.FLATGEOBUF: ".fgb",
    Format.GEOJSON: ".geojson",
    Format.TOPOJSON: ".topojson",
    Format.OSM: ".osm.pbf",
    Format.GML: ".gml",
    Format.GPX: ".gpx",
}
_DRIVER_PREFIX: Final = {Format.GEOJSON: "GeoJSON:", Format.TOPOJSON: "TopoJSON:"}
_SEVERAL_LAYERS: Final = frozenset({Format.GEOPACKAGE, Format.TOPOJSON, Format.OSM})
_DBF_SAMPLE: Final = 8 << 20
_DBF_CODE_PAGES: Final = {0x01: "cp437", 0x02: "cp850", 0x03: "cp1252", 0x57: "cp1252"}
_DEGREES: Final = (-360.0, -90.0, 360.0, 90.0)

_GDAL_ERRORS = (
    DataSourceError,
    DataLayerError,
    FeatureError,
    FieldError,
    GeometryError,
    pa.ArrowException,
    OSError,  # pyarrow's name for a stream that GDAL breaks off
    UnicodeDecodeError,
    IndexError,  # pyogrio's answer to a file without a layer
)


def read_vector(file: SourceFile, kind: Format, hints: Hints) -> Iterator[SourceTable]:
    """Read every layer of a spatial file; layers without rows are left out.

    Parameters
    ----------
    file
        The file, unpacked.
    kind
        What :func:`layers.formats.detect.detect` found.
    hints
        Only the encoding is used, for shapefiles that declare none.

    Yields
    ------
    SourceTable
        One per layer, named like the layer. Rows are numbered from 1. The geometry is as
        stored, curves as chords; what cannot be decoded becomes a fault.

    Raises
    ------
    SourceFileError
        GDAL cannot open the file.
    """
    with linked(file, kind) as link:
        path = _DRIVER_PREFIX.get(kind, "") + str(link)
        encoding = _dbf_encoding(link, hints) if kind is Format.SHAPEFILE else None
        for layer in _layers(path, kind, file):
            table = _read_layer(path, layer, kind, file, encoding)
            if len(table) or table.faults:
                yield table


@contextmanager
def linked(file: SourceFile, kind: Format) -> Iterator[Path]:
    """Put the file, with the parts of a shapefile, under a plain name in a private folder."""
    with tempfile.TemporaryDirectory(prefix="flurbuch-") as folder:
        if kind is Format.SHAPEFILE:
            yield _link_shapefile(file, Path(folder))
        else:
            link = Path(folder) / f"{LINK}{_SUFFIX[kind]}"
            link.symlink_to(file.path.resolve())
            yield link


def _link_shapefile(file: SourceFile, folder: Path) -> Path:
    """Link the parts whatever the case of their suffixes; a lone .dbf counts as a table."""
    whole = file.path.resolve()
    beside = [part for part in whole.parent.iterdir() if part.stem == whole.stem]
    parts = {part.suffix.lower(): part for part in beside}
    if ".shp" in parts and ".shx" not in parts:
        raise SourceFileError(
            f"{file.name}: the index of the shapefile (.shx) is missing",
            advice="Deliver .shp, .shx and .dbf together, best packed as one .zip.",
            file=file.name,
            found=", ".join(sorted(parts)),
            expected=".shp, .shx, .dbf",
        )
    for suffix in (".shp", ".shx", ".dbf", ".prj", ".cpg"):
        if suffix in parts:
            (folder / f"{LINK}{suffix}").symlink_to(parts[suffix])
    return folder / f"{LINK}{'.shp' if '.shp' in parts else '.dbf'}"


def _layers(path: str, kind: Format, file: SourceFile) -> list[str | None]:
    if kind not in _SEVERAL_LAYERS:
        return [None]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # said again when the layer is read
        try:
            return [str(name) for name in pyogrio.list_layers(path)[:, 0]]
        except _GDAL_ERRORS as error:
            raise unreadable(file, kind, str(error)) from error


def _read_layer(
    path: str, layer: str | None, kind: Format, file: SourceFile, encoding: str | None
) -> SourceTable:
    with warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always")
        try:
            meta, arrow = pyogrio.raw.read_arrow(path, layer=layer, encoding=encoding)
            name = sender_name(layer or _layer_name(path, kind), file)
            wkb = _geometry_column(meta, arrow)
            if wkb is not None and has_curves(wkb):
                _, _, wkb, _ = pyogrio.raw.read(path, layer=layer, columns=[])
        except _GDAL_ERRORS as error:
            raise unreadable(file, kind, str(error)) from error
    said = [str(remark.message) for remark in remarks]
    columns = [column for column in arrow.column_names if column in set(meta["fields"])]
    attributes = arrow.select(columns).to_pandas(integer_object_nulls=True)
    if wkb is None:
        return with_remarks(plain_table(file, name, attributes), said)
    geometry = decode_wkb(wkb)
    lost = shapely.is_missing(geometry) & np.array([blob is not None for blob in wkb], dtype=bool)
    crs = _stated_crs(meta["crs"], kind, file, geometry)
    return with_remarks(feature_table(file, name, attributes, geometry, crs, lost), said)


def _geometry_column(meta: dict[str, object], arrow: pa.Table) -> NDArray[np.object_] | None:
    fields = set(np.asarray(meta["fields"]))
    names = [name for name in arrow.column_names if name not in fields]
    if not names or meta["geometry_type"] is None:
        return None
    return np.asarray(arrow.column(names[-1]).to_numpy(zero_copy_only=False), dtype=object)


def _layer_name(path: str, kind: Format) -> str:
    if kind is Format.FLATGEOBUF:
        return str(pyogrio.list_layers(path)[0, 0])
    if kind is Format.GEOJSON:  # not asked of GDAL, which would read the whole file again
        with Path(path.removeprefix(_DRIVER_PREFIX[kind])).open("rb") as stream:
            members = stream.read(HEAD).partition(b'"features"')[0]
        try:
            return str(json.loads(members.rstrip(b", \t\r\n") + b"}").get("name", LINK))
        except ValueError:
            return LINK
    return LINK


def sender_name(layer: str, file: SourceFile) -> str:
    """Return the layer's name; where GDAL took our link's, the one that the sender gave."""
    return file.stem if layer in {LINK, ""} else layer


def _stated_crs(
    definition: str | None, kind: Format, file: SourceFile, geometry: NDArray[np.object_]
) -> SourceCRS:
    """Say what the file says, not what GDAL fills in for it."""
    if definition is None or re.match(r'\w+\["Undefined', definition):
        return SourceCRS(None)
    if kind is Format.GEOJSON and not _names_crs(file):
        # RFC 7946: degrees. Older writers leave the member out and mean something else.
        box = shapely.total_bounds(geometry)
        inside = (
            shapely.box(*_DEGREES).covers(shapely.box(*box)) if np.isfinite(box).all() else True
        )
        return SourceCRS("OGC:CRS84" if inside else None)
    wkt_name = re.match(r'\w+\["([^"]+)"', definition)
    return SourceCRS(definition, stated=wkt_name[1] if wkt_name else definition)


def _names_crs(file: SourceFile) -> bool:
    """Tell whether a GeoJSON has a member "crs"; it stands before or behind the features."""
    with file.path.open("rb") as stream:
        head = stream.read(HEAD)
        stream.seek(0, 2)
        stream.seek(max(0, stream.tell() - HEAD))
        return b'"crs"' in head or b'"crs"' in stream.read()


def _dbf_encoding(link: Path, hints: Hints) -> str | None:
    """Decide a shapefile's encoding from its texts, its .cpg and its code page byte."""
    dbf = link.with_suffix(".dbf")
    if not dbf.exists():
        return None
    with dbf.open("rb") as stream:
        header = stream.read(32)
        records = int.from_bytes(header[8:10], "little")
        stream.seek(records)
        sample = stream.read(_DBF_SAMPLE)
    cpg = link.with_suffix(".cpg")
    stated = cpg.read_text("ascii", errors="replace") if cpg.exists() else hints.encoding
    code_page = _DBF_CODE_PAGES.get(header[29]) if len(header) > 29 else None
    codec = sniff_encoding(sample, stated or code_page)
    return {"latin-1": "ISO-8859-1", "iso8859-1": "ISO-8859-1"}.get(codec, codec.upper())
