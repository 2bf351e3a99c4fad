"""Spatial files and tables: what is written comes out, what is unsafe or broken is named."""

import csv
import io
import json
import sqlite3
import struct
import zipfile
from contextlib import closing

import numpy as np
import pandas as pd
import pyogrio.raw
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis_core.faults import Outcome
from layers.errors import SourceFileError
from layers.formats import vector
from layers.formats.archive import SourceFile
from layers.formats.hints import Hints
from layers.formats.reader import read_tables
from layers.formats.table import read_table
from layers.formats.wkb import too_deep

NAMES = ["Bäckerstraße", "Große Wöhler Allee", "Žižkov"]
SQUARES = shapely.box(
    np.array([0, 10, 20]) + 325_000, 5_690_000, np.array([5, 15, 25]) + 325_000, 5_690_005
)
XY = Hints(x=("Rechtswert", "X"), y=("Hochwert", "Y"))


def write(path, driver, geometry=SQUARES, names=NAMES, crs="EPSG:25832", **options):
    pyogrio.raw.write(
        str(path),
        geometry=shapely.to_wkb(np.asarray(geometry, dtype=object)),
        field_data=[np.array(names, dtype=object), np.arange(1, len(names) + 1)],
        fields=["straße", "nummer"],
        geometry_type=geometry[0].geom_type,
        crs=crs,
        driver=driver,
        **options,
    )
    return path


def only(path, hints=None):
    (table,) = read_tables(path, hints)
    return table


def texts(table, column):
    return [None if pd.isna(value) else value for value in table.attributes[column]]


@pytest.mark.parametrize(
    ("driver", "name"),
    [
        ("GPKG", "plots.gpkg"),
        ("ESRI Shapefile", "plots.shp"),
        ("FlatGeobuf", "plots.fgb"),
        ("GeoJSON", "plots.geojson"),
        ("GML", "plots.gml"),
    ],
)
def test_every_format_gives_the_same_table(tmp_path, driver, name):
    options = {"encoding": "UTF-8"} if driver == "ESRI Shapefile" else {}
    table = only(write(tmp_path / name, driver, **options))
    assert (table.kind, table.file) == ("plots", name)
    assert table.rows.tolist() == [1, 2, 3]
    order = np.argsort([int(n) for n in table.attributes["nummer"]])  # FlatGeobuf sorts by place
    assert np.array(texts(table, "straße"))[order].tolist() == NAMES
    assert table.crs.definition == "EPSG:25832"
    assert shapely.equals(table.geometry[order], SQUARES).all()


@pytest.mark.parametrize("suffix", [".gpkg", ".txt", ".shp", ""])
def test_the_content_decides_not_the_name(tmp_path, suffix):
    path = write(tmp_path / "a.gpkg", "GPKG", layer="trees").rename(tmp_path / f"odd:name!{suffix}")
    assert only(path).kind == "trees"


def test_every_layer_is_a_table(tmp_path):
    path = write(tmp_path / "a.gpkg", "GPKG", layer="plots")
    write(path, "GPKG", layer="trees", geometry=shapely.centroid(SQUARES), append=True)
    write(path, "GPKG", layer="empty", geometry=SQUARES[:1], names=["x"], append=True)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE notes (fid INTEGER PRIMARY KEY, text TEXT)")
        db.execute("INSERT INTO notes VALUES (1, 'Ä')")
        db.execute(
            "INSERT INTO gpkg_contents (table_name, data_type) VALUES ('notes', 'attributes')"
        )
        db.execute("DELETE FROM empty")
    tables = {table.kind: table for table in read_tables(path)}
    assert set(tables) == {"plots", "trees", "notes"}
    assert (tables["notes"].geometry, tables["notes"].crs) == (None, None)
    assert texts(tables["notes"], "text") == ["Ä"]


def set_code_page(dbf, byte):
    raw = bytearray(dbf.read_bytes())
    raw[29] = byte
    dbf.write_bytes(raw)


@pytest.mark.parametrize(
    ("written", "cpg", "code_page", "hint"),
    [
        pytest.param("CP1252", None, 0x57, None, id="windows-as-arcview-wrote-it"),
        pytest.param("CP1252", None, 0x00, None, id="nothing-said"),
        pytest.param("CP1252", "UTF-8", 0x57, None, id="cpg-lies"),
        pytest.param("UTF-8", None, 0x57, None, id="code-page-lies"),
        pytest.param("UTF-8", "UTF-8", 0x00, None, id="said-and-true"),
        pytest.param("CP850", None, 0x00, None, id="dos"),
        pytest.param("CP850", None, 0x02, None, id="dos-and-said"),
        pytest.param("CP1250", "1250", 0x00, None, id="central-europe"),
        pytest.param("CP1250", None, 0x00, "cp1250", id="operator-knows"),
    ],
)
def test_umlauts_survive_what_shapefiles_say(tmp_path, written, cpg, code_page, hint):
    names = ["Bäckerstraße", "Große Wöhler Allee", "Öhringer Weg"]
    path = write(tmp_path / "a.shp", "ESRI Shapefile", names=names, encoding=written)
    (tmp_path / "a.cpg").unlink()
    if cpg:
        (tmp_path / "a.cpg").write_text(cpg)
    set_code_page(tmp_path / "a.dbf", code_page)
    table = only(path, Hints(encoding=hint))
    assert texts(table, table.attributes.columns[0]) == names


def test_a_shapefile_may_lack_its_prj_but_not_its_index(tmp_path):
    path = write(tmp_path / "a.shp", "ESRI Shapefile", encoding="UTF-8")
    (tmp_path / "a.prj").unlink()
    assert only(path).crs.definition is None
    (tmp_path / "a.shx").unlink()
    with pytest.raises(SourceFileError, match=r"\.shx"):
        only(path)


def test_a_zipped_shapefile_in_capitals(tmp_path):
    write(tmp_path / "a.shp", "ESRI Shapefile", encoding="UTF-8")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for suffix in ("shp", "shx", "dbf", "prj", "cpg"):
            archive.write(tmp_path / f"a.{suffix}", f"Lieferung/BÄUME.{suffix.upper()}")
    table = only(tmp_path / "a.zip")
    assert (table.kind, table.file) == ("BÄUME", "a.zip/Lieferung/BÄUME.SHP")
    assert texts(table, "straße") == NAMES
    assert table.crs.definition == "EPSG:25832"


def test_a_lone_dbf_is_a_table(tmp_path):
    write(tmp_path / "a.shp", "ESRI Shapefile", encoding="UTF-8")
    (tmp_path / "a.shp").unlink()
    table = only(tmp_path / "a.dbf")
    assert table.geometry is None
    assert texts(table, "straße") == NAMES
    with pytest.raises(SourceFileError, match="part of a shapefile"):
        only(tmp_path / "a.prj")


def feature(geometry, **properties):
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def geojson(tmp_path, *features, **members):
    path = tmp_path / "a.json"
    document = {"type": "FeatureCollection", **members, "features": list(features)}
    path.write_text(json.dumps(document, ensure_ascii=False))
    return path


def test_geojson_keeps_what_it_says_about_its_reference_system(tmp_path):
    degrees = feature({"type": "Point", "coordinates": [6.5, 51.3]}, key="007", species=["a", "b"])
    metres = feature({"type": "Point", "coordinates": [325_000, 5_690_000]}, key=None)
    named = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25832"}}
    assert only(geojson(tmp_path, degrees)).crs.definition == "OGC:CRS84"
    assert only(geojson(tmp_path, metres)).crs.definition is None  # against RFC 7946, but real
    table = only(geojson(tmp_path, metres, degrees, crs=named))
    assert (table.kind, table.crs.definition) == ("a", "EPSG:25832")
    assert texts(table, "key") == [None, "007"]
    assert list(table.attributes["species"].iloc[1]) == ["a", "b"]


def test_geojson_may_have_a_name_of_its_own(tmp_path):
    point = feature({"type": "Point", "coordinates": [6.5, 51.3]}, name="x")
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
    assert only(geojson(tmp_path, point, name="Bäume", crs=crs)).kind == "Bäume"
    assert only(geojson(tmp_path, point)).kind == "a"


def test_geojson_without_geometry_keeps_the_row(tmp_path):
    table = only(
        geojson(tmp_path, feature(None, a=1), feature({"type": "Point", "coordinates": []}))
    )
    assert table.geometry[0] is None
    assert len(table) == 2


def test_topojson(tmp_path):
    plot = {"type": "Polygon", "arcs": [[0]], "id": "p1", "properties": {"ML": "7-18"}}
    arcs = [[[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]]
    objects = {"Parcels": {"type": "GeometryCollection", "geometries": [plot]}}
    path = tmp_path / "t.json"
    path.write_text(json.dumps({"type": "Topology", "objects": objects, "arcs": arcs}))
    table = only(path)
    assert (table.kind, table.crs.definition) == ("Parcels", None)
    assert table.geometry[0].area == 16
    assert texts(table, "ML") == ["7-18"]


GML = """<?xml version="1.0"?><wfs:FeatureCollection xmlns:wfs="http://www.opengis.net/wfs/2.0"
 xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:c="urn:city"><wfs:member><c:Baum gml:id="b1">
 <c:nummer>0012</c:nummer><c:ort><gml:Point gml:id="p" srsName="{srs}"><gml:pos>{pos}</gml:pos>
 </gml:Point></c:ort></c:Baum></wfs:member></wfs:FeatureCollection>"""


@pytest.mark.parametrize(
    ("srs", "pos", "swapped"),
    [
        ("urn:ogc:def:crs:EPSG::4258", "51.3 6.5", True),
        ("EPSG:4258", "6.5 51.3", False),
        (
            "urn:ogc:def:crs:EPSG::4258",
            "6.5 51.3",
            False,
        ),  # a service that says one, does the other
    ],
)
def test_gml_of_any_service(tmp_path, srs, pos, swapped):
    path = tmp_path / "a.gml"
    path.write_text(GML.format(srs=srs, pos=pos))
    table = only(path)
    assert (table.kind, table.crs.swapped) == ("Baum", swapped)
    assert shapely.get_coordinates(table.geometry[0]).tolist() == [[6.5, 51.3]]
    assert texts(table, "nummer") == ["0012"]


def test_gpx(tmp_path):
    path = tmp_path / "begehung.gpx"
    path.write_text(
        '<?xml version="1.0"?><gpx version="1.1" creator="x" xmlns="http://www.topografix.com/GPX/1/1">'
        '<wpt lat="51.3" lon="6.5"><name>Schlagloch</name></wpt>'
        '<trk><name>Weg</name><trkseg><trkpt lat="51.3" lon="6.5"/><trkpt lat="51.4" lon="6.6"/>'
        "</trkseg></trk></gpx>"
    )
    tables = {table.kind: table for table in read_tables(path)}
    assert list(tables) == ["waypoints", "tracks", "track_points"]
    assert texts(tables["waypoints"], "name") == ["Schlagloch"]
    assert shapely.get_coordinates(tables["tracks"].geometry).tolist() == [[6.5, 51.3], [6.6, 51.4]]
    path.write_text(path.read_text()[:-30])
    with pytest.raises(SourceFileError, match="GPX"):
        list(read_tables(path))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b"II*\x00" + bytes(99), "flurbuch ingest terrain", id="raster"),
        pytest.param(b"%PDF-1.7", "PDF", id="pdf"),
        pytest.param(b"\xd0\xcf\x11\xe0" + bytes(99), "Save it as CSV", id="excel"),
        pytest.param(b"7z\xbc\xaf\x27\x1c", "pack it as .zip or .gz", id="7z"),
        pytest.param(b"\x89PNG", "picture", id="picture"),
        pytest.param(bytes(range(256)), "binary", id="noise"),
        pytest.param(b'{"a": 1}', "JSON without features", id="json"),
        pytest.param(b"<html><body>404</body></html>", "XML of an unknown kind", id="web-page"),
        pytest.param(b"<kml></kml>", "XML of an unknown kind", id="kml"),
        pytest.param(
            b"SQLite format 3\x00" + bytes(999), "cannot be read as GeoPackage", id="sqlite"
        ),
        pytest.param(
            b"fgb\x03fgb\x00" + bytes(99), "cannot be read as FlatGeobuf", id="flatgeobuf"
        ),
        pytest.param(b'{"type":"FeatureCollection","features":[{', "GeoJSON", id="cut-off"),
    ],
)
def test_what_cannot_be_read_is_named_with_advice(tmp_path, data, words):
    path = tmp_path / "delivery.dat"
    path.write_bytes(data)
    with pytest.raises(SourceFileError) as caught:
        list(read_tables(path))
    assert words in f"{caught.value} {caught.value.advice}"
    assert caught.value.advice
    assert caught.value.fields["file"] == "delivery.dat"


def test_absent_and_folder(tmp_path):
    for path in (tmp_path / "absent.csv", tmp_path):
        with pytest.raises(SourceFileError):
            list(read_tables(path))


VRT = (
    "<OGRVRTDataSource><OGRVRTLayer name='secret'><SrcDataSource>{}</SrcDataSource>"
    "</OGRVRTLayer></OGRVRTDataSource>"
)


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(VRT, id="vrt"),
        pytest.param(
            "<gml:FeatureCollection xmlns:gml='x'></gml:FeatureCollection>" + VRT, id="in-gml"
        ),
        pytest.param("<gpx version='1.1'></gpx>" + VRT, id="in-gpx"),
        pytest.param("<gpx version='1.1'><!--" + "x" * 70_000 + "--></gpx>" + VRT, id="far-behind"),
        pytest.param(
            '{{"type": "gdal_streamed_alg", "command_line": "gdal vector filter {}"}}',
            id="gdal-pipeline",
        ),
        pytest.param('{{"x":"gdal_streamed_alg","type":"FeatureCollection"}}', id="hidden"),
        pytest.param("<OGRWFSDataSource><URL>{}</URL></OGRWFSDataSource>", id="wfs"),
    ],
)
def test_no_file_leads_to_another(tmp_path, document):
    secret = write(tmp_path / "secret.geojson", "GeoJSON")
    path = tmp_path / "upload.xml"
    path.write_text(document.format(secret))
    with pytest.raises(SourceFileError):
        list(read_tables(path))


def gpkg_with(tmp_path, blob):
    """Put any bytes where a GeoPackage has its second geometry."""
    path = write(tmp_path / "a.gpkg", "GPKG", layer="a")
    with closing(sqlite3.connect(path)) as db, db:
        for (name,) in db.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            db.execute(f'DROP TRIGGER "{name}"')
        header = b"GP\x00\x01" + struct.pack("<i", 25832)
        db.execute("UPDATE a SET geom = ? WHERE fid = 2", (header + blob,))
    return path


NESTED = struct.pack("<BII", 1, 7, 1)


@pytest.mark.parametrize(
    "blob",
    [
        pytest.param(
            NESTED * 155_000 + shapely.to_wkb(shapely.Point(1, 2)), id="nested-155000-deep"
        ),
        pytest.param(NESTED * 12 + shapely.to_wkb(shapely.Point(1, 2)), id="nested-12-deep"),
        pytest.param(shapely.to_wkb(SQUARES[0])[:40], id="cut-off"),
        pytest.param(struct.pack("<BIII6d", 1, 3, 1, 3, 0, 0, 1, 0, 1, 1), id="open-ring"),
        pytest.param(b"\x01\x63\x00\x00\x00", id="unknown-type"),
    ],
)
def test_a_broken_geometry_costs_its_row_only(tmp_path, blob):
    table = only(gpkg_with(tmp_path, blob))
    (fault,) = (f for f in table.faults if f.outcome is Outcome.QUARANTINED)
    assert (fault.row, fault.code) == (2, "geometry-unreadable")
    assert table.rows.tolist() == [1, 3]
    assert texts(table, "straße") == [NAMES[0], NAMES[2]]


def test_curves_become_chords(tmp_path):
    circle = [(325_000, 0), (325_001, 1), (325_002, 0), (325_001, -1), (325_000, 0)]
    arc = struct.pack("<BII", 1, 8, 5) + b"".join(struct.pack("<dd", *xy) for xy in circle)
    table = only(gpkg_with(tmp_path, struct.pack("<BII", 1, 10, 1) + arc))
    assert table.geometry[1].area == pytest.approx(np.pi, rel=1e-2)


@pytest.fixture
def slices_of_two(monkeypatch):
    monkeypatch.setattr(vector, "SLICE", 2)


@pytest.mark.usefixtures("slices_of_two")
@pytest.mark.parametrize(
    ("driver", "name"),
    [
        ("GPKG", "a.gpkg"),
        ("ESRI Shapefile", "a.shp"),
        ("FlatGeobuf", "a.fgb"),
        ("GeoJSON", "a.geojson"),
    ],
)
def test_slices_of_a_layer_are_numbered_through(tmp_path, driver, name):
    path = write(tmp_path / name, driver, np.tile(SQUARES, 3)[:7], [f"n{i}" for i in range(7)])
    tables = list(read_tables(path))
    assert [table.rows.tolist() for table in tables] == [[1, 2], [3, 4], [5, 6], [7]]
    assert {(t.kind, t.file, t.crs.definition) for t in tables} == {("a", name, "EPSG:25832")}
    found = [int(n) for table in tables for n in table.attributes["nummer"]]
    assert sorted(found) == list(range(1, 8))
    assert found == sorted(found) or driver == "FlatGeobuf"  # which sorts by place


@pytest.mark.usefixtures("slices_of_two")
def test_faults_and_chords_of_later_slices_are_those_of_their_rows(tmp_path):
    circle = [(325_000, 0), (325_001, 1), (325_002, 0), (325_001, -1), (325_000, 0)]
    arc = struct.pack("<BII", 1, 8, 5) + b"".join(struct.pack("<dd", *xy) for xy in circle)
    path = gpkg_with(tmp_path, shapely.to_wkb(SQUARES[0])[:40])
    with closing(sqlite3.connect(path)) as db, db:
        header = b"GP\x00\x01" + struct.pack("<i", 25832)
        curve = header + struct.pack("<BII", 1, 10, 1) + arc
        db.execute("UPDATE a SET geom = ? WHERE fid = 3", (curve,))
    first, second = read_tables(path)
    (fault,) = (f for f in first.faults if f.outcome is Outcome.QUARANTINED)
    assert (fault.row, first.rows.tolist(), second.rows.tolist()) == (2, [1], [3])
    assert second.geometry[0].area == pytest.approx(np.pi, rel=1e-2)


@pytest.mark.usefixtures("slices_of_two")
def test_the_first_positions_of_a_silent_geojson_tell_degrees_from_metres(tmp_path):
    def systems(*points):
        features = [
            {"type": "Feature", "properties": {}, "geometry": p and shapely.geometry.mapping(p)}
            for p in points
        ]
        path = tmp_path / "a.geojson"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        return [table.crs.definition for table in read_tables(path)]

    here, metres = shapely.Point(6.5, 51.3), shapely.Point(325_000, 5_690_000)
    assert systems(here, here, metres) == ["OGC:CRS84", "OGC:CRS84"]
    assert systems(metres, metres, metres) == [None, None]
    assert systems(None, None, metres) == ["OGC:CRS84", None]


@given(st.integers(0, 20), st.integers(1, 4))
def test_depth_is_counted_without_recursion(levels, parts):
    shape = shapely.MultiPoint([(i, i) for i in range(parts)])
    for _ in range(levels):
        shape = shapely.GeometryCollection([shapely.Point(0, 0), shape, SQUARES[0]])
    assert too_deep(shapely.to_wkb(shape), depth=8) == (levels + 1 > 8)


# ---------------------------------------------------------------- tables


def table_of(tmp_path, text, hints=XY, encoding="utf-8"):
    path = tmp_path / "baum.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return read_table(SourceFile(path, path.name), hints)


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "cp850", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_dialects(tmp_path, delimiter, encoding, end):
    rows = [["Nr", "Straße", "Höhe"], ["007", "Große Wöhler Straße", "1"], ["8", "", "2"]]
    text = end.join(delimiter.join(row) for row in rows) + end
    table = table_of(tmp_path, text, encoding=encoding)
    assert list(table.attributes) == rows[0]
    assert texts(table, "Nr") == ["007", "8"]
    assert texts(table, "Straße") == ["Große Wöhler Straße", None]
    assert (table.kind, table.rows.tolist(), table.crs) == ("baum", [2, 3], None)


cell = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12
) | st.text('a;,\t|"\n ', max_size=6)


@given(
    st.integers(2, 4).flatmap(
        lambda n: st.lists(st.lists(cell, min_size=n, max_size=n), max_size=8)
    ),
    st.sampled_from([";", ",", "\t", "|"]),
)
def test_any_table_written_by_the_rules_is_read_back(tmp_path_factory, rows, delimiter):
    width = len(rows[0]) if rows else 2
    header = [f"spalte {i}" for i in range(width)]
    filler = [["x"] * width] * 3  # lines without tricks, as any real table has
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(
        [header, *filler, *rows]
    )
    table = table_of(tmp_path_factory.mktemp("t"), out.getvalue())
    expected = [row for row in rows if any(row)]
    got = table.attributes.fillna("").to_numpy().tolist()
    assert got == [*filler, *expected]
    lines = out.getvalue().split("\n")
    assert all(lines[row - 1].startswith('"') for row in table.rows)


def test_rows_are_lines_of_the_file(tmp_path):
    text = 'Nr;Text\n1;"zwei\nZeilen"\n\n2;eine\n3;zu;viele;Felder\n4\n5;gut;\n'
    table = table_of(tmp_path, text)
    assert table.rows.tolist() == [2, 5, 8]
    assert texts(table, "Text") == ["zwei\nZeilen", "eine", "gut"]
    assert [(f.row, f.code, f.found[:8], f.expected) for f in table.faults] == [
        (6, "ragged-row", "4 fields", "2 fields"),
        (7, "ragged-row", "1 fields", "2 fields"),
    ]


def test_a_shifted_header_stops_the_import(tmp_path):
    with pytest.raises(
        SourceFileError, match="2 names, but the 2 lines below it have 3 fields"
    ) as caught:
        table_of(tmp_path, "nr,art\n1,Tilia,6.5\n2,Acer,6.6\n")
    assert "header is shifted" in caught.value.advice


@pytest.mark.parametrize(
    ("text", "names", "first"),
    [
        pytest.param('"nr,C,20","hoch,N,19,11"\n7,1.5\n', ["nr", "hoch"], 2, id="dbase-names"),
        pytest.param("sep=;\nnr;hoch\n7;1,5\n", ["nr", "hoch"], 3, id="excel-hint"),
        pytest.param("Baumliste\n\nnr;hoch\n7;1,5\n8;2\n", ["nr", "hoch"], 4, id="title-above"),
        pytest.param(
            "Liste;;\nnr;hoch;x\n7;1,5;\n8;2;\n", ["nr", "hoch", "x"], 3, id="title-in-a-cell"
        ),
        pytest.param(" nr ;nr;\n7;8;9\n", ["nr", "nr_2", "column_3"], 2, id="repeated-and-empty"),
        pytest.param("nr\n7\n8\n", ["nr"], 2, id="one-column"),
        pytest.param("nr;hoch\n", ["nr", "hoch"], None, id="no-rows"),
    ],
)
def test_headers(tmp_path, text, names, first):
    table = table_of(tmp_path, text)
    assert list(table.attributes) == names
    assert table.rows.tolist()[:1] == ([first] if first else [])


def test_a_table_without_header_is_refused(tmp_path):
    with pytest.raises(SourceFileError, match="figures, not column names"):
        table_of(tmp_path, "1;2,5\n2;3,5\n")


def test_an_open_quotation_mark_is_found(tmp_path):
    text = "nr;art\n1;Tilia\n" + '2;"Acer\n' + "3;Tilia\n" * 500
    with pytest.raises(SourceFileError, match="line 3 is never closed"):
        table_of(tmp_path, text)


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        ("3527693.25", "6073626.5", (3527693.25, 6073626.5)),
        ("3527693,25", "6073626,5", (3527693.25, 6073626.5)),
        ("3.527.693,25", "6.073.626,50", (3527693.25, 6073626.5)),
        ("3 527 693,25", "6'073'626.5", (3527693.25, 6073626.5)),
        ("325.125", "5690.250", (325.125, 5690.25)),
        ("-71,11", "42,37", (-71.11, 42.37)),
        ("nan", "1", (np.nan, 1.0)),
        ("1", "inf", (1.0, np.inf)),
        ("", "1", (np.nan, 1.0)),
    ],
)
def test_coordinates_as_offices_write_them(tmp_path, x, y, expected):
    table = table_of(tmp_path, f"nr;RECHTSWERT;Hoch-Wert\n1;{x};{y}\n")
    point = shapely.get_coordinates(table.geometry)[0]
    np.testing.assert_array_equal(point, expected)
    assert (table.crs.definition, texts(table, "RECHTSWERT")) == (None, [x or None])


def test_no_position_is_none_and_nonsense_a_fault(tmp_path):
    table = table_of(tmp_path, "nr;X;Y\n1;;\n2;Baum;5\n3;1;2\n")
    assert table.geometry[0] is None
    assert table.rows.tolist() == [2, 4]
    (fault,) = table.faults
    assert (fault.row, fault.field, fault.found, fault.code) == (3, "X", "Baum", "not-a-number")


def test_the_first_wanted_column_counts(tmp_path):
    text = "LON;X;LAT;Y\n6.5;325000;51.3;5690000\n"
    geographic = table_of(tmp_path, text, Hints(x=("lon", "X"), y=("lat", "Y")))
    assert shapely.get_coordinates(geographic.geometry).tolist() == [[6.5, 51.3]]
    assert table_of(tmp_path, text, Hints(x=("E",), y=("N",))).geometry is None
