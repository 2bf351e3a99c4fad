"""Every format says what GeoJSON says: the same features, values, types and places."""

import csv
import io
import json
import re
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pyproj
import pytest
import shapely
from shapely.geometry import shape

from layers.spec import FieldType, GeometryKind
from tests.api.public import CRS84, EPSG, LATITUDE_FIRST, PUBLIC, SPECS, name

FILES = {
    "jsonfg": "application/vnd.ogc.fg+json",
    "geojsonseq": "application/geo+json-seq",
    "csv": "text/csv",
    "flatgeobuf": "application/flatgeobuf",
    "gpkg": "application/geopackage+sqlite3",
    "parquet": "application/vnd.apache.parquet",
}
STORAGE = f"{EPSG}25832"
over_formats = pytest.mark.parametrize("form", FILES)
over_collections = pytest.mark.parametrize("collection", PUBLIC)
over_crs = pytest.mark.parametrize("crs", [None, STORAGE, f"{EPSG}4326"])


@pytest.fixture
def ask(client):
    def answer(collection, form, path="", **parameters):
        named = {k.replace("_", "-"): v for k, v in parameters.items() if v is not None}
        told = client.get(f"/collections/{collection}/items{path}", params={"f": form, **named})
        assert told.status_code == 200, told.text
        assert told.headers["content-type"].removesuffix("; charset=utf-8") == {
            **FILES,
            "json": "application/geo+json",
        }.get(form)
        return told

    return answer


@pytest.fixture
def expected(ask):
    """Return ids, values and places (x east) as GeoJSON tells them."""

    def of(collection, crs=None, **parameters):
        found = ask(collection, "json", crs=crs, **parameters).json()["features"]
        places = np.array([f["geometry"] and shape(f["geometry"]) for f in found], object)
        return [f["id"] for f in found], [f["properties"] for f in found], east_first(places, crs)

    return of


def east_first(places, crs):
    if crs in LATITUDE_FIRST:
        return shapely.transform(places, lambda xy: xy[:, ::-1])
    return places


def same_places(got, told, tolerance=2e-3):
    got, told = np.asarray(got, object), np.asarray(told, object)
    assert (shapely.is_missing(got) == shapely.is_missing(told)).all()
    assert (shapely.get_type_id(got) == shapely.get_type_id(told)).all()
    assert shapely.equals_exact(got[told != None], told[told != None], tolerance).all()  # noqa: E711


def tolerance(crs):
    return 2e-8 if crs in {None, CRS84, f"{EPSG}4326"} else 2e-3


def plain(value, kind):
    """Return a value of a table as GeoJSON writes it."""
    if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return None
    if kind is FieldType.DATE:
        return (value.date() if isinstance(value, datetime) else value).isoformat()
    if kind is FieldType.DATETIME:
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if kind is FieldType.BOOLEAN:
        return bool(value)
    return value


def opened(form, content, folder):
    """Return what GDAL reads of a file; it wants the usual ending."""
    file = folder / f"out.{form}"
    file.write_bytes(content)
    return pyogrio.read_arrow(file)


def same_values(columns, values, collection):
    """Compare columns, name by name, with what GeoJSON says of each feature."""
    kinds = {f.name: f.type for f in SPECS[collection].fields}
    assert list(columns) == list(values[0])
    for column, cells in columns.items():
        assert [plain(c, kinds[column]) for c in cells] == [v[column] for v in values], column


@over_collections
@over_crs
def test_geojson_sequences_hold_the_features_as_they_are(ask, collection, crs):
    told = ask(collection, "json", crs=crs, limit=120).json()["features"]
    answer = ask(collection, "geojsonseq", crs=crs, limit=120)
    head, *records = answer.content.split(b"\x1e")
    assert head == b""
    assert all(record.endswith(b"\n") and record.count(b"\n") == 1 for record in records)
    assert [json.loads(record) for record in records] == told
    assert answer.headers["content-crs"] == f"<{crs or CRS84}>"


@pytest.mark.proves("json-fg-1/1.0", "core")
@over_collections
@over_crs
def test_json_fg_is_geojson_with_a_place(ask, collection, crs):
    told = ask(collection, "json", limit=120).json()
    answer = ask(collection, "jsonfg", crs=crs, limit=120)
    document, place = answer.json(), crs or STORAGE
    assert document["conformsTo"] == ["http://www.opengis.net/spec/json-fg-1/1.0/conf/core"]
    assert document["featureType"] == collection
    assert document["numberMatched"] == told["numberMatched"]
    assert document["numberReturned"] == len(document["features"]) == len(told["features"])
    assert answer.headers["content-crs"] == f"<{place}>"
    assert document.get("coordRefSys", CRS84) == place
    there = ask(collection, "json", crs=place, limit=120).json()["features"]
    begins = SPECS[collection].source.begins_at
    for feature, plain_one, moved in zip(
        document["features"], told["features"], there, strict=True
    ):
        time, at = feature.pop("time"), feature.pop("place")
        assert feature == plain_one
        assert at == (None if place == CRS84 else moved["geometry"])
        since = plain_one["properties"].get(begins)
        told = time["interval"][0] if time and "interval" in time else None
        assert told == since


@over_collections
@over_crs
def test_csv_says_the_same(ask, expected, collection, crs):
    ids, values, places = expected(collection, crs, limit=120)
    answer = ask(collection, "csv", crs=crs, limit=120)
    lines = answer.content.decode("utf-8").split("\r\n")
    assert lines[-1] == ""
    rows = list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))
    assert [row.pop("feature_id") for row in rows] == ids
    if SPECS[collection].geometry is GeometryKind.POINT:
        got = [shapely.Point(float(r.pop("x")), float(r.pop("y"))) for r in rows]
    else:
        got = east_first(shapely.from_wkt([row.pop("geometry") for row in rows]), crs)
    same_places(got, places, tolerance(crs))
    for row, told in zip(rows, values, strict=True):
        assert list(row) == list(told)
        for cell, value in zip(row.values(), told.values(), strict=True):
            if isinstance(value, str):
                assert cell == value
            elif value is None:
                assert cell == ""
            else:
                assert json.loads(cell) == value


@over_collections
@over_crs
@pytest.mark.parametrize("form", ["flatgeobuf", "gpkg"])
def test_gdal_reads_files_that_say_the_same(ask, expected, tmp_path, collection, crs, form):
    ids, values, places = expected(collection, crs, limit=120)
    answer = ask(collection, form, crs=crs, limit=120)
    meta, table = opened(form, answer.content, tmp_path)
    assert pyproj.CRS(meta["crs"]) == pyproj.CRS("EPSG:4326" if crs in {None, CRS84} else name(crs))
    kind = {"point": "Point", "polygon": "MultiPolygon"}[SPECS[collection].geometry.value]
    assert meta["geometry_type"] == kind
    got = table.to_pydict()
    place = shapely.from_wkb(got.pop(meta["geometry_name"] or "wkb_geometry"))
    order = np.argsort(got.pop("feature_id"))  # FlatGeobuf orders features by place
    told = np.argsort(ids)
    same_places(np.array(place)[order], places[told], tolerance(crs))
    columns = {column: [cells[i] for i in order] for column, cells in got.items()}
    same_values(columns, [values[i] for i in told], collection)


@over_collections
@over_crs
def test_geoparquet_says_the_same(ask, expected, collection, crs):
    ids, values, places = expected(collection, crs, limit=120)
    answer = ask(collection, "parquet", crs=crs, limit=120)
    table = pq.read_table(io.BytesIO(answer.content))
    about = json.loads(table.schema.metadata[b"geo"])
    column = about["columns"][about["primary_column"]]
    assert about["version"] == "1.1.0"
    if crs in {None, CRS84}:
        assert "crs" not in column
    else:
        assert pyproj.CRS.from_json_dict(column["crs"]) == pyproj.CRS(name(crs))
    got = table.to_pydict()
    assert got.pop("feature_id") == ids
    place = shapely.from_wkb(got.pop("geometry"))
    same_places(place, places, tolerance(crs))
    assert {g.geom_type for g in place} <= set(column["geometry_types"])
    if column.get("orientation") == "counterclockwise":
        assert shapely.is_ccw(shapely.get_exterior_ring(shapely.get_geometry(place, 0))).all()
    sides = zip(*(box.values() for box in got.pop("bbox")), strict=True)
    assert np.array(list(sides)).T.tolist() == shapely.bounds(place).tolist()
    same_values(got, values, collection)
    kinds = {f.name: f.type for f in SPECS[collection].fields}
    stored = {"date": pa.date32(), "integer": pa.int64(), "number": pa.float64()}
    for field in table.schema:
        if field.name in kinds:
            assert field.type == stored.get(kinds[field.name].value, field.type)
    frame = gpd.read_parquet(io.BytesIO(answer.content))
    assert frame.crs == pyproj.CRS(name(crs or CRS84))


@pytest.mark.parametrize("form", sorted({*FILES} - {"parquet"}))
def test_gdal_knows_the_format(ask, expected, tmp_path, form):
    ids, _, _ = expected("baum", limit=50)
    answer = ask("baum", form, limit=50)
    called = re.search(r'filename="(.+)"', answer.headers.get("content-disposition", ""))
    file = tmp_path / (called[1] if called else "baum.json")
    file.write_bytes(answer.content)
    frame = pyogrio.read_dataframe(file)
    assert sorted(frame["id" if "json" in form else "feature_id"]) == sorted(ids)
    if form == "jsonfg":
        assert frame.crs == pyproj.CRS("EPSG:25832")


@over_formats
def test_a_filter_a_sort_and_chosen_fields(ask, expected, reader, form):
    del reader
    asked = {"properties": "height_m,genus", "sortby": "-height_m", "limit": 40, "offset": 7}
    asked["bbox"] = "6,51,7,52"
    ids, values, _ = expected("baum", **asked)
    answer = ask("baum", form, **asked)
    assert read_ids(form, answer.content) == ids
    assert len(values[0]) == 2
    nothing = ask("baum", form, bbox="1,1,2,2")
    assert read_ids(form, nothing.content) == []


@over_formats
def test_without_geometry(ask, expected, form):
    ids, _, _ = expected("flurstueck", limit=5, skipGeometry="true")
    content = ask("flurstueck", form, limit=5, skipGeometry="true").content
    assert read_ids(form, content) == ids
    assert b"POLYGON" not in content.upper()


def read_ids(form, content):
    if form == "csv":
        return [row["feature_id"] for row in csv.DictReader(io.StringIO(content.decode()))]
    if form == "jsonfg":
        return [f["id"] for f in json.loads(content)["features"]]
    if form == "geojsonseq":
        return [json.loads(record)["id"] for record in content.split(b"\x1e")[1:]]
    if form == "parquet":
        return pq.read_table(io.BytesIO(content))["feature_id"].to_pylist()
    with TemporaryDirectory() as folder:
        return opened(form, content, Path(folder))[1]["feature_id"].to_pylist()


@over_formats
@over_collections
def test_one_feature(ask, client, form, collection):
    one = ask(collection, "json", limit=1).json()["features"][0]
    answer = ask(collection, form, path=f"/{one['id']}")
    if form == "jsonfg":
        document = answer.json()
        assert document["type"] == "Feature"
        assert {m: document[m] for m in one} == one
        assert document["coordRefSys"] == STORAGE
    else:
        assert read_ids(form, answer.content) == [one["id"]]
    missing = client.get(f"/collections/{collection}/items/nosuch", params={"f": form})
    assert missing.status_code == 404


@over_formats
def test_pages_lead_to_each_other_by_header(client, ask, form):
    total = ask("strassenschaden", "json").json()["numberMatched"]
    url, seen = f"/collections/strassenschaden/items?f={form}&limit=50&sortby=-category", []
    while url:
        answer = client.get(url)
        seen += read_ids(form, answer.content)
        link = re.search(r'<([^>]+)>; rel="next"', answer.headers.get("link", ""))
        url = link and link[1]
        assert not url or f"f={form}" in url
    assert len(seen) == len(set(seen)) == total


@over_formats
def test_more_than_a_page_of_geojson_in_one_answer(ask, form):
    total = ask("baum", "json").json()["numberMatched"]
    answer = ask("baum", form, limit=10**9)
    assert len(read_ids(form, answer.content)) == total
    assert "link" not in answer.headers


@over_formats
def test_the_head_names_the_file_and_is_that_of_the_answer(client, ask, form):
    path = f"/collections/baum/items?f={form}&limit=20"
    got = client.get(path)
    head = client.head(path)
    assert head.status_code == 200
    assert head.content == b""
    named = ("content-type", "content-crs", "etag", "link", "vary", "content-disposition")
    for header in named:
        assert head.headers.get(header) == got.headers.get(header), header
    if form != "jsonfg":
        assert re.fullmatch(
            r'attachment; filename="baum\.[a-z]+"', got.headers["content-disposition"]
        )
        one = read_ids(form, got.content)[0]
        told = ask("baum", form, path=f"/{one}").headers["content-disposition"]
        assert f'"baum-{one}.' in told
    again = client.get(path, headers={"if-none-match": got.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@over_formats
def test_hits_are_told_where_a_number_has_a_place(client, get, form):
    answer = client.get("/collections/baum/items", params={"f": form, "resulttype": "hits"})
    if form == "jsonfg":
        total = get("/collections/baum/items")["numberMatched"]
        assert (answer.json()["numberMatched"], answer.json()["features"]) == (total, [])
    else:
        assert answer.status_code == 400
        assert answer.json()["parameter"] == "resulttype"


@over_formats
def test_by_what_is_accepted(client, form):
    accepted = {"accept": f"image/png, {FILES[form]}, text/html;q=0.5"}
    answer = client.get("/collections/baum/items?limit=2", headers=accepted)
    assert answer.headers["content-type"].startswith(FILES[form])
    assert len(read_ids(form, answer.content)) == 2


@over_formats
@pytest.mark.parametrize(
    "query", ["limit=0", "bbox=1,2,3", "crs=x", "sortby=nosuch", "properties=nosuch", "nosuch=1"]
)
def test_what_is_not_allowed_is_a_bad_request(client, form, query):
    for accepted in ({}, {"accept": FILES[form]}):
        asked = f"{query}&f={form}" if not accepted else query
        answer = client.get(f"/collections/baum/items?{asked}&lang=en", headers=accepted)
        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["title"].isascii()


@over_formats
def test_the_documents_and_pages_link_to_it(client, get, form):
    collection = get("/collections/baum")
    for document in (collection, get("/collections/baum/items"), get("/openapi")):
        assert FILES[form] in json.dumps(document)
    for path in ("/collections/baum", "/collections/baum/items"):
        page = client.get(path, params={"f": "html"}).text
        assert f"f={form}" in page


def test_days_and_moments_are_typed(ask):
    table = pq.read_table(io.BytesIO(ask("strassenschaden", "parquet", limit=3).content))
    assert isinstance(table["reported_on"][0].as_py(), date)
