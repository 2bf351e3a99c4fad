"""The terrain as cells and as pictures: rasterio and GDAL read back what is stored."""

import json
import subprocess
import sys
from io import BytesIO

import numpy as np
import pytest
import rasterio
from pygeoapi.api import API, APIRequest, coverages, maps
from rasterio.io import MemoryFile
from rasterio.warp import Resampling, reproject
from rasterio.windows import Window, from_bounds
from starlette.datastructures import Headers, QueryParams

from api.ogc.config import pygeoapi_config
from api.ogc.provider import close_readers
from api.settings import Settings
from gis_core.crs import plan_operation, transform_xy
from layers.access import CITIZEN
from tests.api.public import CRS84, EPSG

PATH = "/collections/terrain"
UTM = f"{EPSG}25832"
TIF, COVJSON, PNG = "image/tiff; application=geotiff", "application/vnd.cov+json", "image/png"


@pytest.fixture(scope="module")
def path(reader):
    return reader.raster(CITIZEN, "terrain")


@pytest.fixture(scope="module")
def stored(path):
    with rasterio.open(path) as raster:
        yield raster


@pytest.fixture(scope="module")
def box(stored):
    """Return a box in the middle, its edges within cells."""
    west, south, _, _ = stored.bounds
    return west + 301.0, south + 400.5, west + 812.25, south + 700.0


def ask(client, part="coverage", expected=200, headers=None, **parameters):
    named = {k.replace("_", "-"): v for k, v in parameters.items()}
    answer = client.get(f"{PATH}/{part}", params=named, headers=headers)
    assert answer.status_code == expected, answer.text
    return answer


def cells(answer):
    """Return the values of a GeoTIFF, its grid and its CRS, empty cells NaN."""
    assert answer.headers["content-type"] == TIF
    with MemoryFile(answer.content) as memory, memory.open() as raster:
        values = raster.read(1, masked=True).astype(float).filled(np.nan)
        return values, raster.transform, raster.crs.to_epsg()


def listed(box):
    return ",".join(map(repr, map(float, box)))


@pytest.mark.proves("ogcapi-coverages-1/1.0", "core", "api-operations")
@pytest.mark.proves("ogcapi-maps-1/1.0", "core", "collection-map", "api-operations")
def test_the_collection_says_where_its_cells_are(get, client, stored):
    document = get(PATH)
    [listed_one] = [c for c in get("/collections")["collections"] if c["id"] == "terrain"]
    assert listed_one == document
    space = document["extent"]["spatial"]
    assert space["storageCrsBbox"] == [list(stored.bounds)]
    west, south, east, north = space["bbox"][0]
    assert 6 < west < east < 7
    assert 51 < south < north < 52
    across, up = space["grid"]
    assert (across["cellsCount"], up["cellsCount"]) == (stored.width, stored.height)
    assert across["firstCoordinate"] == stored.xy(0, 0)[0]
    assert up["firstCoordinate"] == stored.xy(stored.height - 1, 0)[1]
    assert (across["resolution"], up["resolution"]) == stored.res
    assert document["storageCrs"] == document["crs"][0] == UTM
    for link in document["links"]:
        answer = client.get(link["href"])
        assert answer.status_code == 200, link
        assert answer.headers["content-type"].replace("; charset=utf-8", "") == link["type"]
    kinds = {k["rel"].rsplit("/", 1)[-1] for k in document["links"]}
    assert kinds >= {"self", "schema", "coverage", "map", "tilesets-map"}
    paths = get("/openapi")["paths"]
    named = {p: node["get"]["operationId"] for p, node in paths.items() if p.startswith(PATH)}
    assert named[f"{PATH}/coverage"].endswith(".getCoverage")
    assert named[f"{PATH}/map"].endswith(".collection.getMap")
    fields = get(f"{PATH}/schema")["properties"]
    assert fields["terrain"]["type"] == "number"
    assert fields["terrain"]["x-ogc-unit"] == "m"


@pytest.mark.proves("ogcapi-coverages-1/1.0", "cog")
def test_the_whole_is_the_stored_file_and_gdal_reads_parts_of_it(client, path):
    answer = ask(client)
    assert answer.content == path.read_bytes()
    tag = answer.headers["etag"]
    assert not tag.startswith("W/")
    part = client.get(f"{PATH}/coverage", headers={"range": "bytes=100-299", "if-range": tag})
    assert part.status_code == 206
    assert part.content == answer.content[100:300]
    assert "content-encoding" not in answer.headers
    # In a process of its own: GDAL waits for the server with the interpreter locked.
    script = (
        "import sys, rasterio; from rasterio.windows import Window as W; f = rasterio.open("
        "sys.argv[1]); print(f.crs.to_epsg(), f.read(1, window=W(100, 200, 3, 4)).tolist())"
    )
    far, near = (
        subprocess.run(
            [sys.executable, "-c", script, name], capture_output=True, check=True, timeout=60
        ).stdout
        for name in (f"/vsicurl/{str(client.base_url).rstrip('/')}{PATH}/coverage", path)
    )
    assert far == near


@pytest.mark.proves("ogcapi-coverages-1/1.0", "geotiff", "subsetting-spatial")
@pytest.mark.parametrize("asked", ["bbox", "subset", "two-subsets", "short-crs"])
def test_a_box_is_what_rasterio_reads_cell_for_cell(client, stored, box, asked):
    west, south, east, north = box
    if asked == "bbox":
        answer = ask(client, bbox=listed(box), bbox_crs=UTM)
    elif asked == "short-crs":
        answer = ask(client, bbox=listed(box), bbox_crs="[EPSG:25832]")
    else:
        ranges = [f"E({west}:{east})", f"N({south}:{north})"]
        ranges = [",".join(ranges)] if asked == "subset" else ranges
        query = [("subset", r) for r in ranges] + [("subset-crs", UTM)]
        answer = client.get(f"{PATH}/coverage", params=query)
    values, place, code = cells(answer)
    first, last = stored.index(west, north), stored.index(east, south)
    window = Window.from_slices(*((a, b + 1) for a, b in zip(first, last, strict=True)))
    exact = stored.read(1, window=window, masked=True).astype(float).filled(np.nan)
    assert np.array_equal(values, exact, equal_nan=True)
    assert place == stored.window_transform(window)
    assert code == 25832
    edges = [float(side) for side in answer.headers["content-bbox"].split(",")]
    side = stored.res[0]
    assert edges[0] <= west < edges[0] + side
    assert edges[3] - side < north <= edges[3]
    assert answer.headers["content-crs"] == f"<{UTM}>"


def test_edges_on_lines_between_cells_take_no_cell_more(client, stored):
    west, north = stored.bounds.left, stored.bounds.top
    size = stored.res[0]
    asked = (west + 10 * size, north - 30 * size, west + 20 * size, north - 12 * size)
    values, place, _ = cells(ask(client, bbox=listed(asked), bbox_crs=UTM))
    assert values.shape == (18, 10)
    assert (place.c, place.f) == (asked[0], asked[3])


def test_an_open_range_reaches_to_the_end_of_the_data(client, stored):
    query = {"subset": f"E(*:{stored.bounds.left + 10 * stored.res[0]})", "subset-crs": UTM}
    values, place, _ = cells(client.get(f"{PATH}/coverage", params=query))
    assert values.shape == (stored.height, 10)
    assert (place.c, place.f) == (stored.bounds.left, stored.bounds.top)


@pytest.mark.parametrize(
    "box", ["170,-90,10,90", "6,-90,-170,90", "-180,-90,180,90"], ids=["east", "west", "earth"]
)
def test_a_box_over_the_antimeridian_has_all_of_it(client, stored, box):
    values, _, _ = cells(ask(client, bbox=box))
    assert values.shape == stored.shape


@pytest.mark.proves("ogcapi-coverages-1/1.0", "position-query")
def test_the_height_at_a_place_is_that_of_its_cell(client, stored):
    x, y = stored.xy(100, 200)
    exact = float(stored.read(1)[100, 200])
    place = {"subset": f"E({x}),N({y})", "subset_crs": UTM}
    answer = ask(client, f="json", **place)
    assert answer.headers["content-type"] == "application/json"
    assert np.float32(answer.json()) == np.float32(exact)
    asked = ask(client, headers={"accept": "application/json"}, **place)
    assert asked.json() == answer.json()
    lon, lat = transform_xy([x], [y], plan_operation("EPSG:25832", "OGC:CRS84"))
    told = ask(client, f="json", subset=f"Lat({lat[0]:.9f}),Lon({lon[0]:.9f})").json()
    assert told == answer.json()


@pytest.mark.proves("ogcapi-coverages-1/1.0", "coveragejson")
def test_coverage_json_has_the_same_numbers(client, box):
    values, place, _ = cells(ask(client, bbox=listed(box), bbox_crs=UTM))
    answer = ask(client, bbox=listed(box), bbox_crs=UTM, f="covjson")
    assert answer.headers["content-type"] == COVJSON
    document = answer.json()
    told = document["ranges"]["terrain"]
    assert told["shape"] == list(values.shape)
    numbers = np.array([np.nan if v is None else v for v in told["values"]], dtype=np.float32)
    assert np.array_equal(numbers.reshape(values.shape), values.astype(np.float32), equal_nan=True)
    x, y = document["domain"]["axes"]["x"], document["domain"]["axes"]["y"]
    assert (x["start"], y["start"]) == (place.c + place.a / 2, place.f + place.e / 2)
    assert x["stop"] == x["start"] + place.a * (x["num"] - 1)
    [reference] = document["domain"]["referencing"]
    assert reference["coordinates"] == ["x", "y"]
    assert reference["system"] == {"type": "ProjectedCRS", "id": UTM}
    north = ask(client, bbox=listed(box), bbox_crs=UTM, f="covjson", crs=f"{EPSG}4326").json()
    assert north["domain"]["referencing"][0]["coordinates"] == ["y", "x"]
    by_accept = ask(client, bbox=listed(box), bbox_crs=UTM, headers={"accept": COVJSON})
    assert by_accept.json() == document


@pytest.mark.proves("ogcapi-coverages-1/1.0", "scaling-spatial")
@pytest.mark.parametrize(
    ("asked", "shape"),
    [
        ({"width": "60", "height": "40"}, (40, 60)),
        ({"scale_size": "E(60),N(40)"}, (40, 60)),
        ({"scale_factor": "4"}, None),
        ({"scale_axes": "E(4),N(4)"}, None),
        ({"resolution": "E({0}),N({0})"}, None),
    ],
    ids=lambda a: next(iter(a)) if isinstance(a, dict) else "",
)
def test_coarser_cells_are_means(client, stored, asked, shape):
    west, _, _, north = stored.bounds
    cell = stored.res[0] * 4
    side, off = cell * 40, stored.res[0] * 50
    box = (west + off, north - side - off, west + side + off, north - off)
    asked = {name: value.format(cell) for name, value in asked.items()}
    values, place, _ = cells(ask(client, bbox=listed(box), bbox_crs=UTM, **asked))
    assert values.shape == (shape or (40, 40))
    assert (place.c, place.f) == (box[0], box[3])
    assert (place.a, -place.e) == (side / values.shape[1], side / values.shape[0])
    if shape is None:
        own = stored.read(1, window=from_bounds(*box, stored.transform), masked=True)
        means = own.reshape(40, 4, 40, 4).mean(axis=(1, 3))
        assert np.abs(values - means).max() < 1e-3


def test_the_native_resolution_is_what_is_stored(client, box):
    plain, same = (
        ask(client, bbox=listed(box), bbox_crs=UTM, **more) for more in ({}, {"resolution": ""})
    )
    assert np.array_equal(cells(plain)[0], cells(same)[0])


def test_asked_size_holds_for_the_whole_box_beyond_the_data_too(client, stored):
    west, _, _, north = stored.bounds
    box = (west - 300, north - 300, west + 300, north + 300)
    values, place, _ = cells(ask(client, bbox=listed(box), bbox_crs=UTM, width=100, height=100))
    assert values.shape == (100, 100)
    assert (place.c, place.f) == (box[0], box[3])
    assert np.isnan(values[:50]).all()
    assert np.isnan(values[:, :50]).all()
    assert not np.isnan(values[51:, 51:]).any()


@pytest.mark.proves("ogcapi-coverages-1/1.0", "crs")
@pytest.mark.parametrize("code", [4326, 3857, 4258, 25833, 4647, CRS84])
def test_other_reference_systems_have_the_heights_of_the_place(client, stored, box, code):
    """Each cell's middle, carried back by pyproj, lies where the stored heights say so."""
    crs = code if isinstance(code, str) else f"{EPSG}{code}"
    name = "OGC:CRS84" if isinstance(code, str) else f"EPSG:{code}"
    answer = ask(client, bbox=listed(box), bbox_crs=UTM, crs=crs)
    assert answer.headers["content-crs"] == f"<{crs}>"
    values, place, _ = cells(answer)
    rows, columns = np.indices(values.shape)
    x, y = place @ (columns.ravel() + 0.5, rows.ravel() + 0.5)
    east, north = transform_xy(x, y, plan_operation(name, "EPSG:25832"))
    column, row = ~stored.transform @ (east, north)
    whole = stored.read(1, masked=True).astype(float).filled(np.nan)
    column, row = column - 0.5, row - 0.5
    c, r = np.floor(column).astype(int), np.floor(row).astype(int)
    fc, fr = column - c, row - r
    between = (
        whole[r, c] * (1 - fc) * (1 - fr)
        + whole[r, c + 1] * fc * (1 - fr)
        + whole[r + 1, c] * (1 - fc) * fr
        + whole[r + 1, c + 1] * fc * fr
    )
    steep = np.nanmax(np.abs(np.diff(whole)))
    off = np.abs(values.ravel() - between)
    assert np.nanmedian(off) < 0.01
    assert np.nanmax(off) < max(0.2, steep)
    edges = [float(side) for side in answer.headers["content-bbox"].split(",")]
    if not isinstance(code, str) and code in {4326, 4258}:
        assert edges[0] > edges[1]


def test_a_carried_over_answer_is_what_rasterio_warps(client, stored, path):
    lon, lat = transform_xy(
        [stored.bounds.left + 500],
        [stored.bounds.top - 500],
        plan_operation("EPSG:25832", "OGC:CRS84"),
    )
    box = (lon[0], lat[0] - 0.002, lon[0] + 0.003, lat[0])
    values, place, _ = cells(ask(client, bbox=listed(box), crs=CRS84))
    warped = np.full(values.shape, np.nan, dtype=np.float32)
    with rasterio.open(path) as raster:
        reproject(
            rasterio.band(raster, 1),
            warped,
            dst_transform=place,
            dst_crs="OGC:CRS84",
            dst_nodata=np.nan,
            resampling=Resampling.bilinear,
        )
    assert np.nanmax(np.abs(values - warped)) < 1e-3


@pytest.mark.proves("ogcapi-coverages-1/1.0", "field-selection")
def test_the_only_field_can_be_named_and_no_other(client, box):
    plain = ask(client, bbox=listed(box), bbox_crs=UTM)
    named = ask(client, bbox=listed(box), bbox_crs=UTM, properties="terrain")
    assert named.content == plain.content
    ask(client, expected=400, properties="height")
    ask(client, expected=400, exclude_properties="terrain")


WRONG = {
    "nan": ({"bbox": "nan,nan,nan,nan"}, 400),
    "words": ({"bbox": "a,b,c,d"}, 400),
    "three": ({"bbox": "1,2,3"}, 400),
    "reversed": ({"bbox": "332000,5690000,331000,5689000", "bbox-crs": UTM}, 400),
    "unknown-crs": ({"crs": "EPSG:2056"}, 400),
    "gauss-kruger": ({"crs": f"{EPSG}31466"}, 400),
    "beyond": ({"bbox": "7,51,7.1,51.1"}, 404),
    "beyond-subset": ({"subset": "Lon(170:171)"}, 404),
    "unknown": ({"colour": "red"}, 400),
    "axis": ({"subset": "time(2020)"}, 400),
    "axis-of-another": ({"subset": "E(1:2)"}, 400),
    "twice": ({"subset": "Lon(6:7),Lon(6:7)"}, 400),
    "both": ({"subset": "Lon(6:7)", "bbox": "6,51,7,52"}, 400),
    "garbage": ({"subset": "Lon(6:7" * 50}, 400),
    "place-and-scale": ({"subset": "Lon(6.57),Lat(51.33)", "width": "3"}, 400),
    "line-of-another": ({"subset": "Lon(6.57)"}, 400),
    "no-width": ({"width": "0"}, 400),
    "two-scales": ({"scale-factor": "2", "width": "3"}, 400),
    "no-factor": ({"scale-factor": "0"}, 400),
    "negative": ({"resolution": "E(-1)"}, 400),
    "endless": ({"resolution": "E(1e-9)"}, 400),
    "tiny": ({"resolution": "E(0.001),N(0.001)"}, 413),
    "large": ({"width": "100000", "height": "100000"}, 413),
    "text-of-all": ({"width": "2000", "height": "2000", "f": "covjson"}, 413),
    "form": ({"f": "netcdf"}, 400),
    "language": ({"lang": "fr"}, 400),
}


@pytest.mark.parametrize("part", ["coverage", "map"])
@pytest.mark.parametrize("wrong", WRONG)
def test_bad_input_is_explained(client, part, wrong):
    parameters, expected = WRONG[wrong]
    answer = client.get(f"{PATH}/{part}", params=parameters)
    if part == "coverage":
        assert answer.status_code == expected
    if answer.status_code == 200:  # a map may lie beyond the data, or in between
        assert wrong in {"beyond", "beyond-subset", "language"}
        return
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


def test_an_unacceptable_form_is_refused(client):
    ask(client, expected=406, headers={"accept": "image/png"})
    ask(client, "map", expected=406, headers={"accept": "image/jpeg"})
    for part in ("coverage", "map"):
        ask(client, part, expected=400, f="html")


# -- pictures ------------------------------------------------------------------------------


def pixels(answer):
    assert answer.headers["content-type"] == PNG
    with MemoryFile(BytesIO(answer.content)) as memory, memory.open() as picture:
        return picture.read()


@pytest.mark.proves("ogcapi-maps-1/1.0", "crs", "png", "cors")
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_map_is_a_picture_of_the_asked_size_and_place(client, stored):
    whole = ask(client, "map", headers={"origin": "http://elsewhere"})
    assert whole.headers["access-control-allow-origin"] == "*"
    assert "Content-Bbox" in whole.headers["access-control-expose-headers"]
    assert whole.headers["content-crs"] == f"<{UTM}>"
    assert [float(s) for s in whole.headers["content-bbox"].split(",")] == list(stored.bounds)
    assert max(pixels(whole).shape) == 800
    _, south, east, _ = stored.bounds
    beside = (east - 100, south, east + 300, south + 200)
    answer = ask(
        client, "map", bbox=listed(beside), bbox_crs=UTM, width=80, height=40, bgcolor="0x102030"
    )
    picture = pixels(answer)
    assert picture.shape == (4, 40, 80)
    assert (picture[:3, :, 21:] == np.array([16, 32, 48])[:, None, None]).all()
    assert (picture[3] == 255).all()
    clear = pixels(ask(client, "map", bbox=listed(beside), bbox_crs=UTM, width=80, height=40))
    assert (clear[3, :, 21:] == 0).all()
    assert (clear[3, :, :20] == 255).all()
    mercator = ask(client, "map", crs=f"{EPSG}3857", width=300)
    assert pixels(mercator).shape[2] == 300
    north_first = ask(client, "map", crs=f"{EPSG}4326", width=300)
    edges = [float(side) for side in north_first.headers["content-bbox"].split(",")]
    assert edges[0] > edges[1]


@pytest.mark.proves("ogcapi-maps-1/1.0", "tilesets")
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_map_tiles_fit_together(client, get):
    sets = get(f"{PATH}/map/tiles")["tilesets"]
    for one in sets:
        document = client.get(one["links"][0]["href"]).json()
        assert document["dataType"] == "map"
        limits = document["tileMatrixSetLimits"][-4]
        z, y, x = (int(limits[n]) for n in ("tileMatrix", "minTileRow", "minTileCol"))
        [link] = [k for k in document["links"] if k["rel"] == "item"]
        address = link["href"].replace("{tileMatrix}", str(z))

        def tile(dy, dx, address=address, y=y, x=x):
            there = address.replace("{tileRow}", str(y + dy)).replace("{tileCol}", str(x + dx))
            answer = client.get(there)
            assert answer.status_code == 200
            return pixels(answer).astype(int)

        left, right = tile(1, 1), tile(1, 2)
        assert left.shape == (4, 256, 256)
        seam = np.abs(left[:3, :, -1] - right[:3, :, 0]).mean()
        inside = np.abs(np.diff(left[:3], axis=2)).mean()
        assert seam <= inside * 3 + 1
        assert client.get(link["href"].replace("{tileMatrix}", "99")).status_code == 404
        for step in ("{tileRow}", "{tileCol}"):
            address = address.replace(step, "0")
        assert client.get(address).status_code == 404


def test_answers_are_kept_until_the_next_import(client):
    for part in ("", "/schema", "/coverage", "/map", "/map/tiles"):
        first = client.get(f"{PATH}{part}")
        again = client.get(f"{PATH}{part}", headers={"if-none-match": first.headers["etag"]})
        assert again.status_code == 304
        assert client.head(f"{PATH}{part}").headers["etag"] == first.headers["etag"]
        assert "last-modified" in first.headers


def test_the_page_tells_the_picture_in_words(client):
    page = client.get(f"{PATH}?f=html&lang=de").text
    assert f'<img src="{PATH}/map?' in page
    assert "am höchsten im" in page
    assert f'<a href="{PATH}?f=html&amp;lang=de">' in client.get("/collections?f=html&lang=de").text


# -- pygeoapi ------------------------------------------------------------------------------


class _Asked:
    def __init__(self, **parameters):
        self.query_params = QueryParams(parameters)
        self.headers = Headers({})
        self.path_params = {"path_info": ""}
        self.scope = {"path": ""}
        self.url = ""


def test_pygeoapi_gives_the_same_over_our_providers(client, demo_store, reader, box):
    api = API(pygeoapi_config(Settings(data_dir=demo_store), reader, CITIZEN), openapi={})

    def of(call, **parameters):
        _, status, content = call(api, APIRequest(_Asked(**parameters), api.locales), "terrain")
        return status, content

    try:
        place = {"bbox": listed(box), "bbox-crs": UTM}
        status, told = of(coverages.get_collection_coverage, f="json", **place)
        assert status == 200
        assert json.loads(told) == ask(client, f="covjson", **place).json()
        status, file = of(coverages.get_collection_coverage, f="tif", **place)
        assert (status, file) == (200, ask(client, **place).content)
        status, _ = of(coverages.get_collection_coverage, f="json", bbox="nan,nan,nan,nan")
        assert 400 <= status < 500
        status, picture = of(
            maps.get_collection_map, f="png", crs=UTM, width="80", height="60", **place
        )
        assert (status, picture) == (
            200,
            ask(client, "map", crs=UTM, width=80, height=60, **place).content,
        )
    finally:
        close_readers()
