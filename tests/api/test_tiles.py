"""Vector tiles as clients meet them: documents, bytes, validators, and what is never in them."""

import re

import numpy as np
import pyogrio
import pytest
import shapely

from gis_core.crs import plan_operation, transform_geometry
from gis_core.tiling import MATRIX_SETS, WEB_MERCATOR_QUAD
from layers.access import CITIZEN, Actor
from layers.query import Query
from layers.reader.tiles import TILE_ID
from layers.spec import Access
from tests.api.public import HIDDEN, SPECS, STORED
from tests.mvt_reading import read_tile

MVT = "application/vnd.mapbox-vector-tile"
REL = "http://www.opengis.net/def/rel/ogc/1.0"
BOTH = pytest.mark.parametrize("one", MATRIX_SETS.values(), ids=MATRIX_SETS)
over_collections = pytest.mark.parametrize("collection", STORED)


def tiles_in(document, z):
    """Return the (row, column) pairs that a tile set says it has at a level."""
    (limits,) = (k for k in document["tileMatrixSetLimits"] if k["tileMatrix"] == str(z))
    rows = range(limits["minTileRow"], limits["maxTileRow"] + 1)
    columns = range(limits["minTileCol"], limits["maxTileCol"] + 1)
    return [(y, x) for y in rows for x in columns]


@pytest.fixture
def layers(client):
    """Return a function that asks for a tile: its layers by name, none when it is empty."""

    def ask(base, name, z, y, x):
        answer = client.get(f"{base}/tiles/{name}/{z}/{y}/{x}")
        if answer.status_code == 204:
            assert answer.content == b""
            return {}
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == MVT
        return read_tile(answer.content)

    return ask


# -- documents ---------------------------------------------------------------------------


@pytest.mark.proves(
    "ogcapi-tiles-1/1.0", "core", "dataset-tilesets", "geodata-tilesets", "tilesets-list"
)
@pytest.mark.parametrize("base", ["", "/collections/baum"])
@BOTH
def test_links_lead_from_the_start_to_a_tile(client, get, base, one):
    start = get(base or "/")
    (listed,) = (k["href"] for k in start["links"] if k["rel"] == f"{REL}/tilesets-vector")
    listing = client.get(listed).json()
    (entry,) = (t for t in listing["tilesets"] if t["crs"] == one.crs)
    (own,) = (k["href"] for k in entry["links"] if k["rel"] == "self")
    document = client.get(own).json()
    assert {k: document[k] for k in entry} == entry
    (scheme,) = (k["href"] for k in document["links"] if k["rel"] == f"{REL}/tiling-scheme")
    assert client.get(scheme).json()["crs"] == document["crs"]
    (tile,) = (k for k in document["links"] if k["rel"] == "item")
    assert (tile["type"], tile["templated"]) == (MVT, True)
    deep = 15 if one is WEB_MERCATOR_QUAD else 10
    found = [
        client.get(tile["href"].format(tileMatrix=deep, tileRow=y, tileCol=x)).status_code
        for y, x in tiles_in(document, deep)
    ]
    assert 200 in found
    assert set(found) <= {200, 204}


@pytest.mark.proves("tms/2.0", "tilematrixset", "json-tilematrixset")
def test_the_matrix_sets_are_listed_and_defined(get):
    listed = get("/tileMatrixSets")["tileMatrixSets"]
    assert [one["id"] for one in listed] == [*MATRIX_SETS]
    for entry in listed:
        document = get(f"/tileMatrixSets/{entry['id']}")
        assert document["crs"] == entry["crs"]
        assert document["tileMatrices"][0]["pointOfOrigin"]
        sizes = [m["cellSize"] for m in document["tileMatrices"]]
        assert np.allclose(np.divide(sizes[:-1], sizes[1:]), 2)


@pytest.mark.proves("ogcapi-tiles-1/1.0", "tileset")
@pytest.mark.proves(
    "tms/2.0",
    "tilesetmetadata",
    "json-tilesetmetadata",
    "tilematrixsetlimits",
    "json-tilematrixsetlimits",
)
@over_collections
@BOTH
def test_a_tile_set_says_what_is_in_it(get, collection, one):
    document = get(f"/collections/{collection}/tiles/{one.id}")
    (layer,) = document["layers"]
    described = set(layer["propertiesSchema"]["properties"])
    assert described == {TILE_ID, *SPECS[collection].tiles}
    whole = get(f"/tiles/{one.id}")
    assert {k["id"] for k in whole["layers"]} == set(STORED)
    west, south = document["boundingBox"]["lowerLeft"]
    assert (6 < west < 7, 51 < south < 52) == (True, True)


def test_tilejson_is_what_map_libraries_read(client):
    answer = client.get("/tiles/WebMercatorQuad?f=tilejson")
    assert answer.headers["content-type"] == "application/vnd.mapbox.tilejson+json"
    document = answer.json()
    assert document["tilejson"] == "3.0.0"
    (template,) = document["tiles"]
    west, south, east, north = document["bounds"]
    assert west < east
    assert south < north
    z = document["maxzoom"]
    url = template.format(z=z, y=1, x=1)
    assert client.get(url).status_code == 404
    assert {k["id"] for k in document["vector_layers"]} == set(STORED)
    assert client.get("/tiles/AdV_25832?f=tilejson").status_code == 400


# -- tiles -------------------------------------------------------------------------------


@pytest.mark.proves("ogcapi-tiles-1/1.0", "mvt")
@BOTH
@over_collections
def test_every_feature_is_in_the_tiles_that_it_meets(reader, get, layers, collection, one):
    z = 15 if one is WEB_MERCATOR_QUAD else 10
    base = f"/collections/{collection}"
    columns = SPECS[collection].tiles
    frame = reader.frame(CITIZEN, collection, Query(columns=columns))
    way = plan_operation("EPSG:25832", f"EPSG:{one.epsg}")
    shapes = transform_geometry(frame.geometry.to_numpy(), way)
    seen = set()
    places = tiles_in(get(f"{base}/tiles/{one.id}"), z)
    chosen = np.random.default_rng(5).permutation(len(places))[:6]
    for y, x in (places[i] for i in chosen):
        tile = one.tile(z, x, y)
        part = tile.side / 4096
        # What is thinner than a part may round to nothing.
        inner = shapely.buffer(shapes, -part) if SPECS[collection].geometry == "polygon" else shapes
        meets = frame.index[shapely.intersects(inner, shapely.box(*tile.box))]
        found = layers(base, one.id, z, y, x)
        features = found[collection].by(TILE_ID) if found else {}
        assert set(meets) <= set(features)
        near = frame.index[shapely.intersects(shapes, shapely.box(*tile.larger(65 / 4096)))]
        assert set(features) <= set(near)
        seen |= set(features)
        for name, feature in features.items():
            row = frame.loc[name]
            for column in columns:
                value = feature.tags.get(column)
                assert (
                    value == row[column]
                    or (value is None and row[column] != row[column])
                    or (value is None and row[column] is None)
                )
    assert seen


def test_the_tile_of_everything_is_its_collections_together(get, layers):
    document = get("/tiles/WebMercatorQuad")
    y, x = sorted(tiles_in(document, 14))[len(tiles_in(document, 14)) // 2]
    whole = layers("", "WebMercatorQuad", 14, y, x)
    assert len(whole) > 2
    for collection in STORED:
        place = f"/collections/{collection}"
        if (y, x) in tiles_in(get(f"{place}/tiles/WebMercatorQuad"), 14):
            alone = layers(place, "WebMercatorQuad", 14, y, x)
            assert alone.get(collection) == whole.get(collection)


def test_far_up_features_have_no_names(get, layers):
    (y, x), *_ = tiles_in(get("/collections/nutzung/tiles/WebMercatorQuad"), 11)
    found = layers("/collections/nutzung", "WebMercatorQuad", 11, y, x)
    assert found["nutzung"].features
    assert {name for f in found["nutzung"].features for name in f.tags} == {"nutzart"} | (
        {name for f in found["nutzung"].features for name in f.tags} & {"name"}
    )


def test_gdal_reads_them(client, get, tmp_path):
    (y, x) = tiles_in(get("/collections/flurstueck/tiles/WebMercatorQuad"), 14)[0]
    path = tmp_path / "14" / str(x) / f"{y}.pbf"
    path.parent.mkdir(parents=True)
    path.write_bytes(client.get(f"/tiles/WebMercatorQuad/14/{y}/{x}").content)
    assert {name for name, _ in pyogrio.list_layers(path)} <= set(STORED)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        pytest.param("/tiles/WebMercatorQuad/15/0/0", 404, id="north-pole"),
        pytest.param("/tiles/WebMercatorQuad/15/32767/100", 404, id="south-pole"),
        pytest.param("/tiles/WebMercatorQuad/15/10900/0", 404, id="antimeridian"),
        pytest.param("/tiles/WebMercatorQuad/15/10900/32768", 404, id="beyond-the-last-column"),
        pytest.param("/tiles/WebMercatorQuad/19/0/0", 404, id="too-deep"),
        pytest.param("/tiles/WebMercatorQuad/3/2/4", 404, id="too-far-up"),
        pytest.param("/tiles/WebMercatorQuad/-1/0/0", 404, id="negative"),
        pytest.param("/tiles/WebMercatorQuad/a/b/c", 404, id="no-numbers"),
        pytest.param("/tiles/WebMercatorQuad/15/1e3/9", 404, id="exponent"),
        pytest.param("/tiles/WebMercatorQuad/15/٣/9", 404, id="other-digits"),
        pytest.param("/tiles/WebMercatorQuad/15/99999999999999999999/9", 404, id="huge"),
        pytest.param("/tiles/Mercator/15/1/1", 404, id="no-such-set"),
        pytest.param("/tileMatrixSets/nope", 404, id="no-such-definition"),
        pytest.param("/tiles/nope", 404, id="no-such-tile-set"),
        pytest.param("/collections/nope/tiles/WebMercatorQuad", 404, id="no-such-collection"),
        pytest.param("/tiles/WebMercatorQuad?f=xml", 400, id="form-of-a-document"),
        pytest.param("/tiles/WebMercatorQuad/15/1/1?f=png", 400, id="form-of-a-tile"),
        pytest.param("/tiles?limit=1", 400, id="unknown-parameter"),
        pytest.param("/tiles/WebMercatorQuad/15/1/1?style=x", 400, id="unknown-tile-parameter"),
    ],
)
def test_what_is_not_there_is_said_to_be_not_there(client, path, status):
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


# -- validators and encodings ------------------------------------------------------------


@pytest.fixture
def path(get):
    y, x = tiles_in(get("/collections/flurstueck/tiles/WebMercatorQuad"), 14)[0]
    return f"/collections/flurstueck/tiles/WebMercatorQuad/14/{y}/{x}"


def test_one_tag_means_the_same_bytes(client, path):
    packed = client.get(path, headers={"accept-encoding": "gzip"})
    plain = client.get(path, headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content  # the client has unpacked the first
    tags = [a.headers["etag"] for a in (packed, plain)]
    assert tags[0] != tags[1]
    assert not any(tag.startswith("W/") for tag in tags)
    assert "Accept-Encoding" in packed.headers["vary"]
    assert packed.headers["cache-control"] == "public, no-cache"
    again = client.get(path, headers={"accept-encoding": "gzip", "if-none-match": tags[0]})
    assert (again.status_code, again.content) == (304, b"")
    other = client.get(path, headers={"accept-encoding": "gzip", "if-none-match": tags[1]})
    assert other.status_code == 200
    head = client.head(path, headers={"accept-encoding": "gzip"})
    keep = {"date", "vary"}  # of what is made anew the application says more
    assert {k: v for k, v in head.headers.items() if k not in keep} == {
        k: v for k, v in packed.headers.items() if k not in keep
    }


# -- secrets -----------------------------------------------------------------------------


def test_tiles_hold_public_fields_and_no_others(get, client):
    hidden = {f.name for spec in SPECS.values() for f in spec.fields if f.access != "public"}
    names = re.compile(rf"\b({'|'.join(sorted(hidden))})\b".encode())
    document = get("/tiles/WebMercatorQuad")
    for y, x in tiles_in(document, 14):
        answer = client.get(f"/tiles/WebMercatorQuad/14/{y}/{x}")
        if answer.status_code == 200:
            found = read_tile(answer.content)
            assert set(found) <= set(STORED)
            assert not names.search(answer.content)
            for name, layer in found.items():
                given = {tag for f in layer.features for tag in f.tags}
                assert given <= {TILE_ID, *SPECS[name].tiles}


def test_what_needs_a_purpose_is_in_no_tile_of_anybody(reader):
    for role in reader.policy.roles:
        actor = Actor(role, "test", "test of tiles")
        for view in reader.tiled_views(actor):
            assert not view.spec.access.sealed
        one = reader.tiled_views(CITIZEN)[0]
        assert one.spec.access is Access.PUBLIC


@pytest.mark.parametrize("collection", HIDDEN)
def test_a_hidden_collection_has_no_tiles(client, collection):
    for rest in ("", "/WebMercatorQuad", "/WebMercatorQuad/15/10900/16980"):
        answers = [
            client.get(f"/collections/{name}/tiles{rest}") for name in (collection, "zzunknownzz")
        ]
        assert [a.status_code for a in answers] == [404, 404]
        told, absent = (
            a.text.replace(n, "NAME")
            for a, n in zip(answers, (collection, "zzunknownzz"), strict=True)
        )
        assert told == absent
