"""A reference system that needs a datum grid is served where the grid is, and refused elsewhere."""

import shutil

import httpx
import numpy as np
import pyproj.datadir
import pytest
from shapely.geometry import shape

from layers.grids import add_grid
from tests.api.public import EPSG
from tests.demo import serving

GAUSS_KRUEGER = f"{EPSG}31466"


@pytest.fixture
def with_grid(demo_store, shared_data, tmp_path):
    """Serve a copy of the demo city with the grid installed."""
    data = shutil.copytree(demo_store, tmp_path / "data")
    add_grid(data, shared_data / "datum-grids" / "de_adv_BETA2007.tif")
    before = pyproj.datadir.get_data_dir()
    with serving(data) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield client
    pyproj.datadir.set_data_dir(before)


def test_without_the_grid_it_is_refused(client, get):
    assert GAUSS_KRUEGER not in get("/collections/baum")["crs"]
    for query in ({"crs": GAUSS_KRUEGER}, {"bbox": "1,2,3,4", "bbox-crs": GAUSS_KRUEGER}):
        for form in ("json", "csv", "gpkg", "html"):
            answer = client.get("/collections/baum/items", params={**query, "f": form})
            assert answer.status_code == 400


@pytest.mark.real
def test_with_the_grid_it_is_served_northing_first(with_grid):
    assert GAUSS_KRUEGER in with_grid.get("/collections/baum").json()["crs"]
    path = "/collections/baum/items"
    here = with_grid.get(path, params={"crs": f"{EPSG}25832", "limit": 50}).json()["features"]
    answer = with_grid.get(path, params={"crs": GAUSS_KRUEGER, "limit": 50})
    assert answer.headers["content-crs"] == f"<{GAUSS_KRUEGER}>"
    got = [shape(f["geometry"]).coords[0] for f in answer.json()["features"]]
    stored = np.array([shape(f["geometry"]).coords[0] for f in here])
    carrier = pyproj.Transformer.from_crs("EPSG:25832", "EPSG:31466", always_xy=False)
    expected = np.column_stack(carrier.transform(stored[:, 0], stored[:, 1]))
    assert np.abs(np.array(got) - expected).max() < 2e-3  # storage coordinates are rounded to 1 mm
    assert 5_600_000 < got[0][0] < 5_800_000
    north, east = got[0]
    box = ",".join(map(str, (north - 1, east - 1, north + 1, east + 1)))
    found = with_grid.get(path, params={"bbox": box, "bbox-crs": GAUSS_KRUEGER}).json()
    assert here[0]["id"] in {f["id"] for f in found["features"]}
