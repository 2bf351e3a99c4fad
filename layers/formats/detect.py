"""What kind of file it is, told from its bytes; its name is only shown."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from layers.errors import SourceFileError
from layers.formats.archive import SourceFile
from layers.formats.xml import sniff_xml

HEAD: Final = 1 << 16


class Format(StrEnum):
    """The kinds of file that can be read."""

    NAS = "NAS"
    SIMPLIFIED = "simplified schema"
    EXCEPTION = "exception report"
    GML = "GML"
    GPX = "GPX"
    GEOPACKAGE = "GeoPackage"
    SHAPEFILE = "Shapefile"
    FLATGEOBUF = "FlatGeobuf"
    GEOJSON = "GeoJSON"
    TOPOJSON = "TopoJSON"
    OSM = "OpenStreetMap PBF"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class _Refused:
    magic: tuple[bytes, ...]
    what: str
    advice: str


_AS_CSV = "Save it as CSV (UTF-8) and deliver that."
_REFUSED: Final = (
    _Refused(
        (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"),
        "a GeoTIFF raster",
        "Rasters are read by the terrain layer: flurbuch ingest terrain FILE.",
    ),
    _Refused((b"%PDF",), "a PDF", "Ask the sender for the data behind it."),
    _Refused((b"\xd0\xcf\x11\xe0",), "an Excel or Word file (old format)", _AS_CSV),
    _Refused((b"\x89PNG", b"\xff\xd8\xff", b"GIF8"), "a picture", "Deliver data, not a map image."),
    _Refused(
        (b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd"),
        "an archive of a kind that is not unpacked here",
        "Unpack it by hand, or pack it as .zip or .gz.",
    ),
    _Refused((b"PK",), "a spreadsheet or an archive in an archive", _AS_CSV),
)
_SIGNATURES: Final = (
    (b"SQLite format 3\x00", Format.GEOPACKAGE),
    (b"\x00\x00\x27\x0a", Format.SHAPEFILE),
    (b"fgb\x03fgb", Format.FLATGEOBUF),
)
_XML_KINDS: Final[dict[str, Format]] = {
    "nas": Format.NAS,
    "simplified": Format.SIMPLIFIED,
    "gml": Format.GML,
    "exception": Format.EXCEPTION,  # the reader hands on what the server said
}
_BESIDE_SHP: Final = frozenset({".shx", ".prj", ".cpg", ".qix", ".sbn", ".sbx"})

# Documents that tell GDAL to read from elsewhere; no honest data file contains these words.
_REDIRECTION: Final = re.compile(
    rb"OGRVRTDataSource|VRTDataset|OGRWFSDataSource|OGRCSWDataSource|GDAL_WMS|gdal_streamed_alg"
    rb"|GDALTileIndexDataset|/vsi[a-z]+[/{?]",
)
_TOPOLOGY: Final = re.compile(rb'"type"\s*:\s*"Topology"')
_FEATURES: Final = re.compile(
    rb'"type"\s*:\s*"(FeatureCollection|Feature|(Multi)?(Point|LineString|Polygon)'
    rb'|GeometryCollection)"'
)


def detect(file: SourceFile) -> Format:
    """Tell what kind of file it is.

    Raises
    ------
    SourceFileError
        The file is empty, of a kind that is not read here (the advice says what to do
        instead), or refused because it would make the reader open something else.
    """
    if not file.path.is_file():
        raise _error(file, "is not a file", "Name a file.", "a folder or nothing")
    with file.path.open("rb") as stream:
        head = stream.read(HEAD)
    if not head:
        raise _error(file, "is empty", "Fetch it again.", "0 bytes")
    if _REDIRECTION.search(head):
        raise _error(
            file,
            "names another source to read from",
            "Deliver the data themselves.",
            "a reference to other files or addresses",
        )
    for refused in _REFUSED:
        if head.startswith(refused.magic):
            raise _error(file, f"is {refused.what}", refused.advice, refused.what)
    if file.path.suffix.lower() in _BESIDE_SHP:
        raise _error(
            file, "is a part of a shapefile", "Name the .shp, or pack all parts as .zip.", "a part"
        )
    return _binary(head, file) or _text(head, file)


def _binary(head: bytes, file: SourceFile) -> Format | None:
    for magic, kind in _SIGNATURES:
        if head.startswith(magic):
            return kind
    if head[4:16].endswith(b"OSMHeader") or b"OSMHeader" in head[:32]:
        return Format.OSM
    # A lone DBF is a table; its first byte is a version number and no proof by itself.
    if file.path.suffix.lower() == ".dbf" and head[0] in {0x03, 0x30, 0x83, 0x8B, 0xF5}:
        return Format.SHAPEFILE
    return None


def _text(head: bytes, file: SourceFile) -> Format:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] in {b"{", b"["}:
        return _json(start, file)
    utf16 = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    if start.startswith(b"<") or (utf16 and b"<" in head[2:4]):
        return _xml(head, file)
    if b"\x00" in head and not utf16:
        raise _error(
            file,
            "is binary, of an unknown kind",
            "Deliver a GeoPackage, shapefile, GeoJSON, GML, NAS or CSV file.",
            head[:8].hex(" "),
        )
    return Format.TABLE


def _json(start: bytes, file: SourceFile) -> Format:
    if _TOPOLOGY.search(start):
        return Format.TOPOJSON
    if _FEATURES.search(start):
        return Format.GEOJSON
    raise _error(
        file,
        "is JSON without features",
        "Deliver GeoJSON: an object of type FeatureCollection.",
        start[:40].decode("utf-8", errors="replace"),
    )


def _xml(head: bytes, file: SourceFile) -> Format:
    known = _XML_KINDS.get(sniff_xml(head))
    if known:
        return known
    if re.search(rb"<gpx[\s>]", head):
        return Format.GPX
    root = re.search(rb"<([A-Za-z_][\w:.-]*)", head)
    raise _error(
        file,
        "is XML of an unknown kind",
        "Deliver NAS, the simplified schema or another GML feature collection.",
        root[0].decode("latin-1") if root else "XML without an element",
    )


def _error(file: SourceFile, what: str, advice: str, found: str) -> SourceFileError:
    return SourceFileError(
        f"{file.name} {what}",
        advice=advice,
        file=file.name,
        found=found,
        expected=", ".join(kind for kind in Format if kind is not Format.EXCEPTION),
    )
