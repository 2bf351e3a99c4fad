"""Validators: the same answer is not sent twice, a new import is never hidden."""

import shutil
import threading

import httpx
import pytest

from layers.access import CITIZEN
from layers.ingest.directory import import_files
from layers.municipality import load_municipality
from layers.reader import open_reader
from layers.registry import find_layers
from tests.api.public import PUBLIC
from tests.demo import serving

PATHS = [
    "/collections",
    "/collections/baum",
    "/collections/flurstueck",
    "/collections/baum/schema",
    "/collections/baum/queryables",
    "/collections/baum/sortables",
    "/collections/katalog",
    "/collections/katalog/items",
    "/collections/katalog/items/baum",
    "/openapi",
    "/openapi?f=oas31",
    "/collections/baum/items",
    "/collections/baum/items?limit=3&offset=5&sortby=height_m",
    "/collections/flurstueck/items?bbox=6.57,51.33,6.58,51.34",
]


@pytest.mark.parametrize("path", PATHS)
def test_what_is_known_is_not_sent_again(client, path):
    first = client.get(path)
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "public, no-cache"
    strong = "/items" in path and "katalog" not in path
    assert tag.startswith('"' if strong else 'W/"')
    assert ("last-modified" in first.headers) == strong
    for known in (tag, f'"x", {tag}', f'{tag} , W/"y"', f"W/{tag.removeprefix('W/')}", "*"):
        again = client.get(path, headers={"if-none-match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
        assert "Accept" in again.headers["vary"]
    for other in ('"x"', tag[:-2] + '"'):
        assert client.get(path, headers={"if-none-match": other}).status_code == 200


def test_every_different_answer_has_a_tag_of_its_own(client, get):
    one = get("/collections/baum/items", limit=1)["features"][0]["id"]
    asked = [(path, {}) for path in PATHS]
    asked += [(f"/collections/{c}/items", {}) for c in PUBLIC if c != "baum"]
    asked += [(f"/collections/baum/items/{one}", {})]
    asked += [("/collections/baum/items", {"limit": n}) for n in (1, 2, 12)]
    asked += [("/collections/baum/items", {"lang": "en"}), ("/collections/baum", {"lang": "en"})]
    crs = "http://www.opengis.net/def/crs/EPSG/0/25832"
    asked += [("/collections/baum/items", {"crs": crs})]
    tags = [client.get(path, params=query or None).headers["etag"] for path, query in asked]
    assert len(set(tags)) == len(tags)


def test_errors_and_pages_are_not_kept(client):
    for path in ("/collections/nope", "/collections/baum/items?limit=x", "/nope"):
        for form in ("json", "html"):
            answer = client.get(path, params={"f": form} if "?" not in path else None)
            assert "etag" not in answer.headers
            assert answer.headers["cache-control"] == "no-store"
    tag = client.get("/collections/baum/items").headers["etag"]
    answer = client.get("/collections/baum/items?f=html", headers={"if-none-match": tag})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("zstd;q=0.5, gzip", "gzip"),
        ("zstd;q=0, *", "gzip"),
        ("*", "zstd"),
    ],
)
def test_features_travel_compressed_when_asked(client, accepted, encoding):
    path = "/collections/baum/items?limit=500"
    plain = client.get(path, headers={"accept-encoding": "identity"})
    packed = client.get(path, headers={"accept-encoding": accepted})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == encoding
    assert "Accept-Encoding" in packed.headers["vary"]
    assert packed.json()["features"] == plain.json()["features"]
    assert packed.num_bytes_downloaded * 4 < plain.num_bytes_downloaded


def test_a_new_import_appears_whole_and_without_a_restart(demo_store, demo_city, tmp_path):
    data = shutil.copytree(demo_store, tmp_path / "data")
    [fewer] = [p for p in demo_city.files("trees") if p.suffix == ".geojson"]
    registry, profile = find_layers(), load_municipality("krefeld")

    def publish():
        import_files(data, registry, profile, "trees", [fewer])

    with serving(data) as url, httpx.Client(base_url=url, timeout=60) as client:
        items, collection = "/collections/baum/items?limit=10000", "/collections/baum"
        before = client.get(items)
        shell = client.get(collection)
        stone = client.get("/collections/grab/items").headers["etag"]
        old, new = before.json()["numberMatched"], 0
        importing = threading.Thread(target=publish)
        importing.start()
        seen = []
        while importing.is_alive():
            document = client.get(items).json()
            assert document["numberMatched"] == document["numberReturned"]
            seen.append(document["numberMatched"])
        importing.join()
        after = client.get(items, headers={"if-none-match": before.headers["etag"]})
        new = after.json()["numberMatched"]
        assert 0 < new < old
        assert set(seen) <= {old, new}
        assert seen == sorted(seen, reverse=True)
        assert after.status_code == 200
        assert after.headers["etag"] != before.headers["etag"]

        changed = client.get(collection, headers={"if-none-match": shell.headers["etag"]})
        assert changed.status_code == 200
        assert changed.json()["extent"] != shell.json()["extent"]
        assert client.get("/collections/grab/items").headers["etag"] == stone
        assert client.get("/healthz").json()["layers"]["trees"] == {"generation": 2}

        parcel = demo_city.truth.showcase_parcel
        hints = [f["value"] for f in client.get(f"/parcels/{parcel}").json()["facts"]]
        assert any("Baumkataster" in str(hint) for hint in hints)  # the links are older
    reader = open_reader(data)
    assert reader.count(CITIZEN, "baum") == new
    reader.close()
