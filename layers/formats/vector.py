"""Spatial files by GDAL: GeoPackage, Shapefile, FlatGeobuf, GeoJSON, TopoJSON, OSM.

GDAL asks every driver it has whether a file is its own, and some drivers take a file for
instructions to open another. So the content decides first (detect.py). JSON is opened with
the driver named in the path; XML is not given to GDAL at all (gml.py), or to one driver
alone (gpx.py); the binary formats have signatures that no second driver claims. GDAL sees a
link under a name of ours: no name is ever taken for an address, and nothing is written beside
the original.
"""

import json
import re
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

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
from layers.scratch import scratch_folder
from layers.source import SourceCRS, SourceTable

LINK: Final = "source"  # the name under which GDAL sees every file
SLICE: Final = 5_000  # rows; larger ones cost memory and save no time

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
_SILENT: Final = SourceCRS(None)
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
    """Read every layer of a spatial file in slices; layers without rows are left out.

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
        At most ``SLICE`` rows of one layer, named like it. Rows are numbered from 1 in each
        layer. The geometry is as stored, curves as chords; what cannot be decoded becomes a
        fault.

    Raises
    ------
    SourceFileError
        GDAL cannot open the file, or breaks off while it reads.

    Notes
    -----
    Memory holds one slice, except that GDAL itself takes GeoJSON and TopoJSON in whole.
    """
    with linked(file, kind) as link:
        path = _DRIVER_PREFIX.get(kind, "") + str(link)
        encoding = _dbf_encoding(link, hints) if kind is Format.SHAPEFILE else None
        for layer in _layers(path, kind, file):
            yield from _Layer(path, layer, kind, file, encoding).tables()


@contextmanager
def linked(file: SourceFile, kind: Format) -> Iterator[Path]:
    """Put the file, with the parts of a shapefile, under a plain name in a private folder."""
    with scratch_folder() as folder:
        if kind is Format.SHAPEFILE:
            yield _link_shapefile(file, folder)
        else:
            link = folder / f"{LINK}{_SUFFIX[kind]}"
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
    with _reading(file, kind):  # its remarks are said again when the layer is read
        return [str(name) for name in pyogrio.list_layers(path)[:, 0]]


@dataclass(slots=True)
class _Layer:
    """One layer while it is read: where it is, and what its earlier slices showed."""

    path: str
    layer: str | None
    kind: Format
    file: SourceFile
    encoding: str | None
    name: str = ""
    crs: SourceCRS = _SILENT
    placed: bool = False  # positions were seen, so the reference system is settled
    before: int = 0  # rows of earlier slices
    heard: set[str] = field(default_factory=set)

    def tables(self) -> Iterator[SourceTable]:
        """Yield the slices, their rows numbered through; a remark is handed on once."""
        for meta, arrow, remarks in self._slices():
            table = self._table(meta, arrow)
            self.before += arrow.num_rows
            table = with_remarks(table, [r for r in remarks if r not in self.heard])
            self.heard.update(remarks)
            if len(table) or table.faults:
                yield table

    def _slices(self) -> Iterator[tuple[dict[str, Any], pa.Table, list[str]]]:
        """Yield what GDAL says of the layer, its next rows, and GDAL's remarks on them.

        The first item comes even where the layer has no rows.
        """
        with ExitStack() as stack:
            with _reading(self.file, self.kind) as remarks:
                stream = pyogrio.raw.open_arrow(
                    self.path,
                    layer=self.layer,
                    encoding=self.encoding,
                    batch_size=SLICE,
                    use_pyarrow=True,
                )
                meta, reader = stack.enter_context(stream)
                batch = next(reader, None)
                self.name = _sender_name(self.layer or _own_name(self.path, self.kind), self.file)
            if batch is None:
                yield meta, reader.schema.empty_table(), remarks
            while batch is not None:
                yield meta, pa.Table.from_batches([batch]), remarks
                with _reading(self.file, self.kind) as remarks:
                    batch = next(reader, None)

    def _table(self, meta: dict[str, Any], arrow: pa.Table) -> SourceTable:
        columns = [column for column in arrow.column_names if column in set(meta["fields"])]
        attributes = arrow.select(columns).to_pandas(integer_object_nulls=True)
        first = self.before + 1
        wkb = _geometry_column(meta, arrow)
        if wkb is None:
            return plain_table(self.file, self.name, attributes, first=first)
        if has_curves(wkb):
            wkb = self._with_chords(len(wkb))
        geometry = decode_wkb(wkb)
        self._note_crs(meta["crs"], geometry)
        lost = shapely.is_missing(geometry) & np.array([b is not None for b in wkb], dtype=bool)
        return feature_table(
            self.file, self.name, attributes, geometry, self.crs, lost, first=first
        )

    def _note_crs(self, definition: str | None, geometry: NDArray[np.object_]) -> None:
        """Take the reference system from the first slice with positions: it holds for all."""
        if self.placed or not len(geometry):
            return
        box = shapely.total_bounds(geometry)
        self.crs = _stated_crs(definition, self.kind, self.file, box)
        self.placed = bool(np.isfinite(box).all())

    def _with_chords(self, count: int) -> NDArray[np.object_]:
        """Read the geometry of the next rows again, with chords for curves."""
        with _reading(self.file, self.kind):
            _, _, wkb, _ = pyogrio.raw.read(
                self.path,
                layer=self.layer,
                columns=[],
                skip_features=self.before,
                max_features=count,
            )
        return np.asarray(wkb, dtype=object)


@contextmanager
def _reading(file: SourceFile, kind: Format) -> Iterator[list[str]]:
    """Collect GDAL's remarks in a list, and turn what it raises into an error of ours."""
    said: list[str] = []
    with warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always")
        try:
            yield said
        except _GDAL_ERRORS as error:
            raise unreadable(file, kind, str(error)) from error
        finally:
            said += [str(remark.message) for remark in remarks]


def _geometry_column(meta: dict[str, Any], arrow: pa.Table) -> NDArray[np.object_] | None:
    fields = set(np.asarray(meta["fields"]))
    names = [name for name in arrow.column_names if name not in fields]
    if not names or meta["geometry_type"] is None:
        return None
    return np.asarray(arrow.column(names[-1]).to_numpy(zero_copy_only=False), dtype=object)


def _own_name(path: str, kind: Format) -> str:
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


def _sender_name(layer: str, file: SourceFile) -> str:
    """Return the layer's name; where GDAL took our link's, the one that the sender gave."""
    return file.stem if layer in {LINK, ""} else layer


def _stated_crs(
    definition: str | None, kind: Format, file: SourceFile, box: NDArray[np.float64]
) -> SourceCRS:
    """Say what the file says, not what GDAL fills in for it."""
    if definition is None or re.match(r'\w+\["Undefined', definition):
        return SourceCRS(None)
    if kind is Format.GEOJSON and not _names_crs(file):
        # RFC 7946: degrees. Older writers leave the member out and mean something else.
        known = np.isfinite(box).all()
        degrees = not known or shapely.box(*_DEGREES).covers(shapely.box(*box))
        return SourceCRS("OGC:CRS84" if degrees else None)
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
