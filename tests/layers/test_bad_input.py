"""Bad input gets a clear error, and what is served stays as it was."""

import os
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin

from api.cli import main
from gis_core.errors import CRSMismatchError, StoreError, UnknownCRSError
from gis_core.store import Store
from layers.errors import (
    LayerSpecError,
    MunicipalityError,
    NothingUsableError,
    SourceFileError,
)
from layers.ingest.pipeline import ingest
from layers.municipality import load_municipality
from layers.registry import find_layers
from tests.layers.registers import (
    GARDEN,
    STREET,
    TREES,
    City,
    X,
    Y,
    balance,
    box,
    codes,
    geojson,
    parcels,
)

ROOT = Path(__file__).resolve().parents[2]

GML = """<?xml version="1.0" encoding="UTF-8"?>
<wfs:FeatureCollection xmlns:wfs="http://www.opengis.net/wfs/2.0"
  xmlns:gml="http://www.opengis.net/gml/3.2"
  xmlns="http://repository.gdi-de.org/schemas/adv/produkt/alkis-vereinfacht/2.0">
 <wfs:member><Flurstueck gml:id="F1"><oid>DENW000000000001</oid>
  <flstkennz>05304901200001______</flstkennz><flaeche>200</flaeche>
  <geometrie><gml:Polygon gml:id="P1" srsName="urn:ogc:def:crs:EPSG::25832"><gml:exterior>
   <gml:LinearRing><gml:posList>324000 5690000 324010 5690000 324010 5690020 324000 5690020
   324000 5690000</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></geometrie>
 </Flurstueck></wfs:member>
</wfs:FeatureCollection>
"""


@pytest.fixture
def city(tmp_path):
    """Return Krefeld with three trees and one parcel served."""
    city = City(tmp_path)
    city.trees()
    city.ingest("alkis", city.write("good.gml", GML))
    yield city
    assert sorted(city.frame("trees", "baum").index) == ["1", "2", "3"]
    assert city.frame("alkis", "flurstueck")["flstkennz"].tolist() == [GARDEN]
    assert city.served() == {"trees": 1, "alkis": 1}


# -- files ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param(GML[:-60], "cut off|truncated|ends", id="truncated"),
        pytest.param(
            GML.replace("?>", '?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>', 1),
            "DOCTYPE",
            id="doctype",
        ),
        pytest.param(
            GML.replace("www.opengis.net", "www.example.org")
            .replace("alkis-vereinfacht", "something")
            .replace("FeatureCollection", "Stuff"),
            "XML of an unknown kind",
            id="wrong-namespace",
        ),
        pytest.param("", "empty", id="empty"),
        pytest.param(b"\x00\x01\x02\x03" * 99, "binary", id="binary"),
        pytest.param(b"%PDF-1.7 ...", "PDF", id="pdf"),
    ],
)
def test_a_file_that_cannot_be_read(city, text, says):
    with pytest.raises(SourceFileError, match=says) as caught:
        city.ingest("alkis", city.write("delivery.gml", text))
    assert "delivery.gml" in str(caught.value)
    assert caught.value.advice


def test_a_zip_bomb(city):
    path = city.folder / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("baum.csv", b"0" * 30_000_000)
    with pytest.raises(SourceFileError, match=r"bomb\.zip") as caught:
        city.ingest("trees", path)
    assert caught.value.fields["found"]


def test_a_header_shifted_against_the_data(city):
    shifted = "Baumnummer;Rechtswert;Hochwert\n1;x;324000;5690000\n2;y;324001;5690001\n"
    with pytest.raises(SourceFileError, match=r"4 fields|3 names") as caught:
        city.ingest("trees", city.write("s.csv", shifted), crs="EPSG:25832")
    assert caught.value.fields["row"] == 1
    assert "3 fields" in str(caught.value.fields["expected"])


def test_a_line_with_a_field_too_many_goes_to_the_quarantine(tmp_path):
    city = City(tmp_path)
    report = city.trees(TREES + "4;324001;5690001;Acer;90;1999;;;zu viel\n")
    assert balance(report) == (4, 3, 0, 1)
    assert codes(report) == {("ragged-row", "quarantined"): 1}


def test_a_missing_column_names_what_would_be_accepted(city):
    with pytest.raises(SourceFileError) as caught:
        city.ingest("trees", city.write("t.csv", "Nr;Rechtswert;Hochwert\n1;324000;5690000\n"))
    assert caught.value.fields["found"] == "Nr, Rechtswert, Hochwert"
    assert "Baum-Nr." in str(caught.value.fields["expected"])


def test_no_coordinates_at_all(city):
    with pytest.raises(SourceFileError, match="Rechtswert") as caught:
        city.ingest("trees", city.write("t.csv", "Baumnummer;Art\n1;Acer\n"))
    assert caught.value.fields["found"] == "Baumnummer, Art"


def test_nothing_of_this_layer(city):
    other = geojson(({"a": 1}, shapely.Point(X, Y))).replace('"flurstueck"', '"laternen"')
    with pytest.raises(NothingUsableError, match="laternen"):
        city.ingest("alkis", city.write("l.geojson", other))


# -- rows -----------------------------------------------------------------------------


def test_keys_of_nineteen_characters(city):
    short = GARDEN[:-1]
    with pytest.raises(NothingUsableError, match="19") as caught:
        city.ingest("alkis", city.write("p.geojson", parcels(("a", short, box(0, 0, 9, 9)))))
    assert caught.value.fields | {"expected": ""} == {
        "file": "p.geojson",
        "row": 1,
        "field": "flstkennz",
        "found": short,
        "expected": "",
    }


@pytest.mark.parametrize(
    ("east", "code"),
    [("nan", "not-finite"), ("inf", "not-finite"), ("-inf", "not-finite"), ("1e400", "not-finite")],
)
def test_coordinates_that_are_no_numbers(city, east, code):
    text = f"Baumnummer;Rechtswert;Hochwert\n1;{east};5690000\n"
    with pytest.raises(NothingUsableError, match=code):
        city.trees(text)


def test_nan_inside_a_polygon(tmp_path):
    city = City(tmp_path)
    torn = shapely.get_coordinates(box(0, 0, 9, 9))
    torn[1, 1] = np.nan
    shapes = [shapely.set_coordinates(box(0, 0, 9, 9), torn), box(0, 0, 9, 9)]
    frame = gpd.GeoDataFrame({"oid": ["a", "b"], "flstkennz": [GARDEN, STREET]}, geometry=shapes)
    frame.set_crs(25832).to_file(tmp_path / "flurstueck.gpkg", layer="flurstueck", engine="pyogrio")
    report = city.ingest("alkis", tmp_path / "flurstueck.gpkg")
    assert balance(report) == (2, 1, 0, 1)
    assert codes(report) == {("not-finite", "quarantined"): 1}


def test_geometry_without_area(city):
    flat = shapely.Polygon([(X, Y), (X, Y + 1), (X, Y + 2)])
    rows = (("a", GARDEN, flat), ("b", STREET, {"type": "Polygon", "coordinates": []}))
    with pytest.raises(NothingUsableError, match="geometry-"):
        city.ingest("alkis", city.write("p.geojson", parcels(*rows)))


# -- reference systems ----------------------------------------------------------------


def test_no_reference_system_is_never_guessed(city):
    frame = gpd.GeoDataFrame(
        {"schaden_id": ["1"]}, geometry=[shapely.Point(X, Y)], crs="EPSG:25832"
    )
    frame.to_file(city.folder / "schaden.shp", engine="pyogrio")
    (city.folder / "schaden.prj").unlink()
    with pytest.raises(UnknownCRSError, match="EPSG:25832") as caught:
        city.ingest("road_damage", city.folder / "schaden.shp")
    assert "--crs" in caught.value.advice


def test_a_reference_system_that_does_not_exist(city):
    with pytest.raises(UnknownCRSError, match="EPSG:1"):
        city.trees(crs="EPSG:1")


@pytest.mark.parametrize("kind", ["device", "folder", "pipe"])
def test_what_has_no_end_is_not_read(city, kind):
    path = {"device": Path("/dev/zero"), "folder": city.folder, "pipe": city.folder / "pipe"}[kind]
    if kind == "pipe":
        os.mkfifo(path)
    with pytest.raises(SourceFileError, match="is not a file"):
        city.ingest("trees", path)


# -- configuration --------------------------------------------------------------------


BENCHES = 'title = { de = "Bänke", en = "Benches" }\n'


def test_a_field_without_access_class(tmp_path):
    folder = tmp_path / "layers" / "benches"
    folder.mkdir(parents=True)
    (folder / "layer.toml").write_text(
        f'id = "benches"\nsteward = "s"\nlicence = "l"\n{BENCHES}'
        f'[[collection]]\nid = "bank"\ngeometry = "none"\naccess = "public"\n{BENCHES}'
        f'relation = {{ by = "none" }}\n[[collection.field]]\nname = "no"\n{BENCHES}'
    )
    with pytest.raises(LayerSpecError) as caught:
        find_layers([tmp_path / "layers"])
    assert "bank" in str(caught.value)
    assert "field[no].access" in str(caught.value)
    assert "tax_secret" in str(caught.value)


def test_an_unknown_municipality():
    with pytest.raises(MunicipalityError, match="atlantis") as caught:
        load_municipality("atlantis")
    assert "krefeld" in caught.value.advice


# -- the machine ----------------------------------------------------------------------

IMPORT = """
import os, resource, signal, sys
from pathlib import Path
from gis_core.store import Store
from gis_core.store.catalogue import Catalogue
from layers.ingest.pipeline import ingest
from layers.municipality import load_municipality
from layers.registry import find_layers

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

data, file, point = sys.argv[1:]
progress = lambda *_: None
if point == "reading":
    progress = die
if point == "before-publishing":
    Catalogue.publish = die
if point == "after-publishing":
    Catalogue.forget = die
if point == "limited":
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
with Store.open(Path(data)) as store:
    ingest(store, find_layers(), load_municipality("krefeld"), "trees", [Path(file)],
           crs="EPSG:25832", progress=progress)
"""


def import_in_a_process(city, point, count=500):
    rows = [f"{n};{X + n % 997};{Y + n % 991};Tilia cordata;80;1990;;" for n in range(count)]
    file = city.write("many.csv", "\n".join([TREES.splitlines()[0], *rows]))
    words = [sys.executable, "-c", IMPORT, str(city.data), str(file), point]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("point", ["reading", "before-publishing"])
def test_a_kill_leaves_the_former_generation(city, point):
    assert import_in_a_process(city, point).returncode == -signal.SIGKILL
    home = city.data / "layers" / "trees"
    left = {p.name for p in home.iterdir() if p.is_dir()} - {"1"}
    assert left
    assert city.served()["trees"] == 1


def test_a_kill_after_publishing_serves_the_new_one_and_the_next_import_clears_up(tmp_path):
    city = City(tmp_path)
    city.trees()
    assert import_in_a_process(city, "before-publishing").returncode == -signal.SIGKILL
    assert import_in_a_process(city, "after-publishing").returncode == -signal.SIGKILL
    assert city.served() == {"trees": 2}
    assert len(city.frame("trees", "baum")) == 500
    city.trees()
    kept = {p.name for p in (city.data / "layers" / "trees").iterdir() if p.is_dir()}
    assert kept == {"1", "2", "3"}


@pytest.fixture
def small_disk(tmp_path):
    """Return a disk of 2 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if (
        not shutil.which("mount")
        or subprocess.run(mount, check=False, capture_output=True).returncode
    ):
        pytest.skip("a full disk: mounting a small one needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk(small_disk, tmp_path):
    city = City(tmp_path)
    city.data = small_disk / "data"
    city.trees()
    done = import_in_a_process(city, "full disk", 15_000)
    assert done.returncode == 1
    assert "StoreError" in done.stderr
    assert "the disk is full" in done.stderr
    assert city.served() == {"trees": 1}
    assert len(city.frame("trees", "baum")) == 3
    assert {p.name for p in (city.data / "layers" / "trees").iterdir() if p.is_dir()} == {"1"}


def test_a_file_that_may_not_grow(city):
    done = import_in_a_process(city, "limited", 15_000)
    assert done.returncode == 1
    assert "StoreError" in done.stderr
    assert {p.name for p in (city.data / "layers" / "trees").iterdir() if p.is_dir()} == {"1"}


def test_two_imports_of_one_layer_at_once(city):
    with Store.open(city.data) as store, store.stage("trees"), pytest.raises(StoreError) as caught:
        ingest(
            store,
            city.registry,
            city.profile,
            "trees",
            [city.write("b.csv", TREES)],
            crs="EPSG:25832",
        )
    assert "is running" in str(caught.value)


def test_the_command_says_so_and_fails(city, monkeypatch, capsys):
    file = city.write("cut.gml", GML[:-60])
    monkeypatch.setattr(
        "sys.argv", ["flurbuch", "--data", str(city.data), "ingest", "alkis", str(file)]
    )
    with pytest.raises(SystemExit) as done:
        main()
    assert done.value.code == 1
    assert "cut.gml" in capsys.readouterr().err


# -- rasters --------------------------------------------------------------------------


def heights(path, values, *, crs="EPSG:25832", x=X, y=Y, **more):
    values = np.atleast_3d(np.asarray(values)).transpose(2, 0, 1)
    bands, rows, columns = values.shape
    profile = {"driver": "GTiff", "count": bands, "height": rows, "width": columns, "crs": crs}
    profile |= {"transform": from_origin(x, y, 1, 1), "dtype": values.dtype, **more}
    with rasterio.open(path, "w", **profile) as raster:
        raster.write(values)
    return path


def test_terrain_is_stored_as_cog(tmp_path):
    city = City(tmp_path)
    values = np.linspace(30, 40, 600 * 700, dtype="float32").reshape(600, 700)
    values[0, 0], values[599, 699] = np.inf, -9999
    report = city.ingest("terrain", heights(tmp_path / "dgm.tif", values, nodata=-9999))
    assert balance(report) == (420_000, 419_999, 0, 1)
    with Store.open(city.data) as store:
        info = store.served()["terrain"]
    with rasterio.open(info.path / info.attachments[0]) as stored:
        assert stored.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert stored.crs.to_epsg() == 25832
        assert stored.overviews(1)
        got = stored.read(1, masked=True)
    assert got.mask.sum() == 2
    assert (got.compressed() == np.delete(values.ravel(), [0, 419_999])).all()


def test_the_scale_of_a_raster_is_kept(tmp_path):
    city = City(tmp_path)
    path = heights(tmp_path / "dgm.tif", np.full((8, 8), 3512, "uint16"))
    with rasterio.open(path, "r+") as raster:
        raster.scales, raster.offsets = (0.01,), (-5.0,)
    report = city.ingest("terrain", path)
    assert "values from 30.12 to 30.12 m" in report.files[0].notes[0]
    with Store.open(city.data) as store:
        info = store.served()["terrain"]
    with rasterio.open(info.path / info.attachments[0]) as stored:
        assert (stored.scales, stored.offsets) == ((0.01,), (-5.0,))
        assert stored.read(1)[0, 0] == 3512


@pytest.mark.parametrize(
    ("more", "error", "says"),
    [
        pytest.param({"crs": "EPSG:31466"}, CRSMismatchError, "gdalwarp", id="other-crs"),
        pytest.param({"crs": None}, UnknownCRSError, "no reference system", id="no-crs"),
        pytest.param({"x": 600_000}, SourceFileError, "box", id="elsewhere"),
        pytest.param(
            {"values": np.zeros((4, 4, 3), "uint8")}, SourceFileError, "3 bands", id="rgb"
        ),
        pytest.param(
            {"values": np.full((4, 4), -9999.0), "nodata": -9999},
            NothingUsableError,
            "empty",
            id="all-empty",
        ),
    ],
)
def test_a_raster_that_cannot_be_used(tmp_path, more, error, says):
    city = City(tmp_path)
    path = heights(tmp_path / "dgm.tif", more.pop("values", np.ones((4, 4), "float32")), **more)
    with pytest.raises(error) as caught:
        city.ingest("terrain", path)
    assert says in f"{caught.value} {caught.value.advice}"
    assert city.served() == {}


def test_several_rasters_are_not_silently_one(tmp_path):
    city = City(tmp_path)
    tiles = [heights(tmp_path / f"{i}.tif", np.ones((4, 4), "float32")) for i in range(2)]
    packed = tmp_path / "dgm.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for tile in tiles:
            archive.write(tile, tile.name)
    for files in (tiles, [packed]):
        with pytest.raises(SourceFileError, match="found 2 files") as caught:
            city.ingest("terrain", *files)
        assert "gdalbuildvrt" in caught.value.advice
    assert city.served() == {}


def test_a_raster_that_is_none(tmp_path):
    city = City(tmp_path)
    with pytest.raises(SourceFileError, match="GeoTIFF"):
        city.ingest("terrain", city.write("dgm.tif", "no raster"))
