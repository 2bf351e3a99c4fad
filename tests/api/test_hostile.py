"""What a register says is shown as text: it is never markup, code or a template."""

import csv
import json
import re
from contextlib import closing
from urllib.parse import quote

import httpx
import pytest
import shapely
from lxml import etree, html

from layers.access import CITIZEN
from layers.ingest.directory import import_files
from layers.merging import merge_directory
from layers.municipality import load_municipality
from layers.reader import open_reader
from layers.registry import find_layers
from tests.demo import serving

X, Y = 331_000, 5_690_000
HOSTILE = (
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}",
    "{% raw %}${7*7}#{7*7}",
    "javascript:alert(1)",
    "&lt;b&gt; &amp; & <b>",
    "\u202egnp.exe\u202c",
    "שלום \u2067abc\u2069",
    "]]><!-- <?xml <!DOCTYPE",
    "</title><title>x</desc>",
    "Weg 1\u2028\u200b\U0001f333",
    "x" * 300,
    "a'; DROP TABLE baum; --",
    "a\x01b\x08c\x1bd",
)
CONTROL = re.compile(r"[\x00-\x1f]")
TREE = '"><script>?#%2F ä'


MAP_SCRIPT = {"type": "module", "src": "/static/map/start.mjs"}


def key(i):
    return f"053049012{i + 1:05d}______"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Return a city whose addresses, trees and land use are hostile."""
    folder = tmp_path_factory.mktemp("hostile")
    parcels = [
        {
            "type": "Feature",
            "geometry": shapely.geometry.mapping(
                shapely.box(X + 20 * i, Y, X + 20 * i + 20, Y + 30)
            ),
            "properties": {"oid": f"P{i}", "flstkennz": key(i), "flaeche": 600, "lagebeztxt": t},
        }
        for i, t in enumerate(HOSTILE)
    ]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25832"}}
    collection = {"type": "FeatureCollection", "crs": crs, "features": parcels}
    (folder / "flurstueck.geojson").write_text(json.dumps(collection))
    with (folder / "baum.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, delimiter=";")
        rows.writerow(["Baumnummer", "Ostwert", "Nordwert", "Gattung", "Standort"])
        for i, text in enumerate(HOSTILE):
            rows.writerow([f"H{i}", X + 20 * i + 10, Y + 9, text, text])
        rows.writerow([TREE, X + 8, Y + 8, "Tilia", ""])
    registry, profile = find_layers(), load_municipality("krefeld")
    store = folder / "data"
    for layer, name in (("alkis", "flurstueck.geojson"), ("trees", "baum.csv")):
        import_files(store, registry, profile, layer, [folder / name])
    merge_directory(store, registry, profile)
    return store


@pytest.fixture(scope="module")
def site(data):
    with serving(data) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield client


def parsed(answer):
    """Return a page in which nothing is executable."""
    assert answer.status_code in {200, 404}
    page = html.document_fromstring(answer.text)
    assert not page.xpath("//img | //iframe | //object | //embed | //style")
    for script in page.xpath("//script"):
        assert (dict(script.attrib), script.text) == (MAP_SCRIPT, None)
    assert not page.xpath("//@*[starts-with(name(), 'on')] | //@style")
    assert not [h for h in page.xpath("//@href | //@src | //@action") if "javascript:" in h]
    assert len(page.xpath("//title[not(ancestor::*[local-name()='svg'])]")) == 1
    return page


def folded(text):
    """Return a text without control characters, which the import takes out, on one line."""
    return " ".join(CONTROL.sub(" ", text).split())


def texts(page):
    return {folded(cell.text_content()) for cell in page.xpath("//td | //th")}


def test_json_has_what_was_imported(site, data):
    with closing(open_reader(data)) as stored:
        for collection, field in (
            ("baum", "site"),
            ("baum", "genus"),
            ("flurstueck", "lagebeztxt"),
        ):
            features = site.get(f"/collections/{collection}/items?limit=100").json()["features"]
            got = {f["properties"][field] for f in features} - {None, "Tilia"}
            assert got == set(stored.frame(CITIZEN, collection)[field].dropna()) - {"Tilia"}
            assert {folded(text) for text in got} == {folded(text) for text in HOSTILE}


@pytest.mark.parametrize("lang", ["de", "en"])
def test_pages_show_it_as_text(site, lang):
    for collection in ("baum", "flurstueck"):
        path = f"/collections/{collection}/items"
        page = parsed(site.get(path, params={"f": "html", "lang": lang, "limit": 100}))
        assert {folded(text) for text in HOSTILE} <= texts(page)
        first = site.get(path, params={"limit": 1}).json()["features"][0]["id"]
        parsed(site.get(f"{path}/{first}", params={"f": "html", "lang": lang}))


@pytest.mark.parametrize("i", range(len(HOSTILE)))
def test_the_parcel_page_and_its_map_show_it_as_text(site, i):
    answer = site.get(f"/parcels/{key(i)}", params={"f": "html"})
    page = parsed(answer)
    assert folded(HOSTILE[i]) in texts(page)
    [svg] = re.findall(r"<svg.*?</svg>", answer.text, re.DOTALL)
    drawn = etree.fromstring(svg.encode())  # well-formed, so nothing broke out of a text
    named = {etree.QName(element).localname for element in drawn.iter()}
    assert named <= {"svg", "title", "desc", "g", "path", "rect", "circle", "text", "clipPath"}
    assert not drawn.xpath("//@*[starts-with(name(), 'on')] | //@href | //@style")
    assert folded(site.get(f"/parcels/{key(i)}").json()["address"]) == folded(HOSTILE[i])


def test_an_identifier_with_reserved_characters_has_an_address(site):
    page = parsed(site.get("/collections/baum/items?f=html&limit=100"))
    [href] = [a.get("href") for a in page.xpath("//th/a") if a.text_content() == TREE]
    assert TREE in parsed(site.get(href)).xpath("//h1")[0].text_content()
    assert site.get(href.replace("f=html", "f=json")).json()["id"] == TREE
    feature = site.get("/collections/baum/items", params={"tree_number": TREE}).json()["features"]
    assert [f["id"] for f in feature] == [TREE]


@pytest.mark.parametrize("text", [*HOSTILE, TREE, "a\0b"])
def test_what_is_asked_comes_back_as_text(site, text):
    for path in ("/find", "/nope", f"/parcels/{quote(text[:90], safe='')}"):
        page = parsed_or_refused(site.get(path, params={"q": text[:190], "f": "html"}))
        if path == "/find" and page is not None:
            assert page.xpath("//input[@name='q']/@value") == [CONTROL.sub(" ", text[:190])]
    parsed_or_refused(site.get("/collections/baum/items", params={text: text, "f": "html"}))
    problem = site.get("/collections/baum/items", params={"bbox": text})
    assert problem.status_code == 400
    assert problem.headers["x-content-type-options"] == "nosniff"


def parsed_or_refused(answer):
    return parsed(answer) if answer.status_code in {200, 404} else refused(answer)


def refused(answer):
    assert answer.status_code == 400
    html.document_fromstring(answer.text)
