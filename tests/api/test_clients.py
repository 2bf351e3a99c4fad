"""Programs that people really use read every collection whole, and in the right place."""

import json
import shutil
import subprocess
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pyogrio
import pytest
import shapely
from owslib.ogcapi.features import Features
from shapely.geometry import shape

from layers.access import CITIZEN
from tests.api.public import CRS84, EPSG, PUBLIC, carry

STORAGE = f"{EPSG}25832"
over_collections = pytest.mark.parametrize("collection", PUBLIC)


@pytest.fixture(scope="module")
def stored(reader):
    """Return a collection as it is stored, in the order of ids."""
    known = {}

    def of(collection):
        if collection not in known:
            known[collection] = reader.frame(CITIZEN, collection).sort_index()
        return known[collection]

    return of


def same_places(got, expected, tolerance):
    """Compare shapes: GDAL makes multipolygons of polygons, and rings may begin elsewhere."""
    assert (shapely.get_num_coordinates(got) == shapely.get_num_coordinates(expected)).all()
    assert shapely.hausdorff_distance(got, expected).max() < tolerance


@pytest.fixture
def gdal():
    """Return a function that runs one of GDAL's programs."""
    if not shutil.which("ogr2ogr"):
        pytest.skip("GDAL's command line programs are absent: apt install gdal-bin")

    def run(*arguments):
        done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr
        assert "ERROR" not in done.stderr
        return done.stdout

    return run


@pytest.mark.gdal_cli
def test_gdals_program_lists_the_collections(gdal, served, stored):
    told = gdal("ogrinfo", f"OAPIF:{served}")
    for collection in PUBLIC:
        assert f": {collection} (title: " in told
    told = gdal("ogrinfo", "-so", f"OAPIF:{served}", "baum")
    assert f"Feature Count: {len(stored('baum'))}" in told


@pytest.mark.gdal_cli
@over_collections
def test_gdals_program_copies_everything(gdal, served, stored, tmp_path, collection):
    out = tmp_path / "out.geojson"
    options = ("-oo", "PAGE_SIZE=500", "-lco", "COORDINATE_PRECISION=9")
    gdal("ogr2ogr", *options, str(out), f"OAPIF:{served}", collection)
    features = json.loads(out.read_text())["features"]
    features.sort(key=lambda f: f["properties"]["id"])
    expected = stored(collection)
    assert [f["properties"]["id"] for f in features] == expected.index.tolist()
    got = np.array([shape(f["geometry"]) for f in features], object)
    same_places(got, carry(np.asarray(expected.geometry.array), STORAGE, CRS84), 2e-8)


def read_with_pyogrio(served, layer, **options):
    """Read in another process: GDAL keeps Python's lock while it waits for our server."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        call = pool.submit(pyogrio.read_dataframe, f"OAPIF:{served}", layer=layer, **options)
        return call.result(timeout=120)


@over_collections
def test_pyogrio_reads_everything(served, stored, collection):
    frame = read_with_pyogrio(served, collection, PAGE_SIZE=700)
    frame = frame.set_index("id").sort_index()
    expected = stored(collection)
    assert frame.index.tolist() == expected.index.tolist()
    assert frame.crs == expected.crs  # newer GDAL asks for the storage CRS by itself
    same_places(frame.geometry.to_numpy(), expected.geometry.to_numpy(), 1e-3)
    for name in set(frame.columns) & {"flstkennz", "tree_number", "flaeche", "places", "bez"}:
        assert frame[name].fillna("").tolist() == expected[name].fillna("").tolist()


def test_pyogrio_pushes_a_box_down(served, stored):
    expected = stored("flurstueck")
    box = expected.geometry.iloc[5].buffer(40).bounds
    frame = read_with_pyogrio(served, "flurstueck", bbox=box)
    inside = expected.index[expected.geometry.intersects(shapely.box(*box))]
    assert sorted(frame["id"]) == inside.tolist()


@over_collections
def test_owslib_reads_everything(served, stored, collection):
    service = Features(served)
    assert collection in service.feature_collections()
    assert service.collection(collection)["storageCrs"] == STORAGE
    features = []
    while True:
        page = service.collection_items(collection, limit=1000, offset=len(features))
        features += page["features"]
        if len(features) >= page["numberMatched"]:
            break
    features.sort(key=lambda f: f["id"])
    expected = stored(collection)
    assert [f["id"] for f in features] == expected.index.tolist()
    got = np.array([shape(f["geometry"]) for f in features], object)
    same_places(got, carry(np.asarray(expected.geometry.array), STORAGE, CRS84), 2e-8)
    assert service.collection_item(collection, features[0]["id"])["id"] == features[0]["id"]
    assert set(service.collection_queryables(collection)["properties"]) >= set(
        features[0]["properties"]
    )
