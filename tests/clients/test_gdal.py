"""GDAL's driver for OGC API Features: Debian's programs, and the newer one in pyogrio's wheel."""

import json
import re
import shutil
import subprocess
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pyogrio
import pytest
import shapely
from shapely.geometry import shape

from tests.api.public import PUBLIC

over_collections = pytest.mark.parametrize("collection", PUBLIC)


@pytest.fixture
def gdal():
    """Return a function that runs one of GDAL's programs."""
    if not shutil.which("ogr2ogr"):
        pytest.skip("GDAL's command line programs are absent: apt install gdal-bin")

    def run(*arguments, featureless=()):
        done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr
        # It asks what has no features for features, too.
        errors = done.stderr.replace("ERROR 1: HTTP error code : 404", "")
        for name in featureless:
            errors = re.sub(f"ERROR 1: .*collection '{name}'.*", "", errors)
        assert "ERROR" not in errors
        return done.stdout

    return run


@pytest.mark.gdal_cli
def test_its_program_lists_the_collections(gdal, served, collections, whole):
    told = gdal("ogrinfo", f"OAPIF:{served}", featureless=["terrain"])
    listed = re.findall(r"^\d+: (\S+) \(title: ", told, re.MULTILINE)
    assert set(listed) >= {*collections, "katalog"}
    told = gdal("ogrinfo", "-so", f"OAPIF:{served}", "baum")
    assert f"Feature Count: {len(whole('baum').ids)}" in told


@pytest.mark.gdal_cli
@over_collections
def test_its_program_copies_everything(gdal, served, whole, tmp_path, collection):
    out = tmp_path / "out.geojson"
    options = ("-oo", "PAGE_SIZE=500", "-lco", "COORDINATE_PRECISION=9")
    gdal("ogr2ogr", *options, str(out), f"OAPIF:{served}", collection)
    features = json.loads(out.read_text())["features"]
    fields = [feature["properties"] for feature in features]
    places = [shape(feature["geometry"]) for feature in features]
    whole(collection).check([f["id"] for f in fields], places, fields)


@pytest.mark.gdal_cli
def test_its_program_copies_the_catalogue(gdal, served, client, tmp_path):
    out = tmp_path / "out.geojson"
    gdal("ogr2ogr", str(out), f"OAPIF:{served}", "katalog")
    features = json.loads(out.read_text())["features"]
    records = client.get("/collections/katalog/items").json()["features"]
    assert sorted(f["properties"]["id"] for f in features) == sorted(r["id"] for r in records)


def read_with_pyogrio(served, layer, **options):
    """Read in another process: GDAL keeps Python's lock while it waits for our server."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        call = pool.submit(pyogrio.read_dataframe, f"OAPIF:{served}", layer=layer, **options)
        return call.result(timeout=120)


@over_collections
def test_pyogrio_reads_everything(served, whole, collection):
    frame = read_with_pyogrio(served, collection, PAGE_SIZE=700)
    assert frame.crs == 25832  # newer GDAL asks for the storage CRS by itself
    fields = frame.drop(columns="geometry").to_dict("records")
    whole(collection).check(frame["id"], frame.geometry, fields, stored=True, tolerance=1e-3)


def test_pyogrio_pushes_a_box_down(served, whole):
    parcels = whole("flurstueck")
    box = parcels.stored[5].buffer(40).bounds
    frame = read_with_pyogrio(served, "flurstueck", bbox=box)
    meets = shapely.intersects(parcels.stored, shapely.box(*box))
    assert sorted(frame["id"]) == [i for i, hit in zip(parcels.ids, meets, strict=True) if hit]
