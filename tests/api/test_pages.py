"""Every page, in both languages, as somebody who does not see it meets it."""

import re
import tomllib
from importlib.resources import files
from itertools import pairwise
from urllib.parse import quote

import pytest
from lxml import html

from layers.access import CITIZEN

ADDRESSES = {
    "home": ("/", 200),
    "search": ("/parcels", 200),
    "search-empty": ("/find?q=", 200),
    "found-many": ("/find?q={street_name}", 200),
    "found-one": ("/find?q={key}", 200),
    "found-none": ("/find?q=Nirgendwo+7", 200),
    "parcel": ("/parcels/{key}", 200),
    "street": ("/parcels/{street}", 200),
    "no-parcel": ("/parcels/3049-1-99999", 404),
    "no-key": ("/parcels/foo", 400),
    "collections": ("/collections", 200),
    "collection": ("/collections/flurstueck", 200),
    "schema": ("/collections/baum/schema", 200),
    "queryables": ("/collections/strassenschaden/queryables", 200),
    "raster": ("/collections/terrain", 200),
    "sortables": ("/collections/baum/sortables", 200),
    "tile-sets": ("/tiles", 200),
    "tile-sets-of-one": ("/collections/baum/tiles", 200),
    "tile-set": ("/tiles/WebMercatorQuad", 200),
    "tile-set-of-one": ("/collections/flurstueck/tiles/AdV_25832", 200),
    "no-tile-set": ("/tiles/nope", 404),
    "map-tile-sets": ("/collections/terrain/map/tiles", 200),
    "map-tile-set": ("/collections/terrain/map/tiles/WebMercatorQuad", 200),
    "matrix-sets": ("/tileMatrixSets", 200),
    "matrix-set": ("/tileMatrixSets/AdV_25832", 200),
    "items": ("/collections/flurstueck/items", 200),
    "items-middle": ("/collections/strassenschaden/items?offset=20&limit=5", 200),
    "items-none": ("/collections/baum/items?genus=Palme", 200),
    "items-found": ("/collections/flurstueck/items?q=weg&datetime=&limit=5", 200),
    "items-then": ("/collections/flurstueck/items?q=&datetime=2020-01-01/P1Y", 200),
    "collections-found": ("/collections?q=b%C3%A4ume,tree", 200),
    "everywhere": ("/search", 200),
    "everywhere-found": ("/search?q=weg&datetime=&collections=baum&collections=flurstueck", 200),
    "item": ("/collections/strassenschaden/items/{damage}", 200),
    "item-parcel": ("/collections/flurstueck/items/{parcel}", 200),
    "conformance": ("/conformance", 200),
    "styles": ("/styles", 200),
    "style": ("/styles/contrast", 200),
    "no-style": ("/styles/nope", 404),
    "openapi": ("/openapi", 200),
    "catalogue": ("/collections/katalog", 200),
    "records": ("/collections/katalog/items?q=Stadtgr%C3%BCn,urban+green", 200),
    "records-none": ("/collections/katalog/items?q=Nirgendwo", 200),
    "record": ("/collections/katalog/items/baum", 200),
    "record-raster": ("/collections/katalog/items/terrain", 200),
    "no-record": ("/collections/katalog/items/grundsteuer", 404),
    "processes": ("/processes", 200),
    "process-dossier": ("/processes/parcel-dossier", 200),
    "process-buffer": ("/processes/buffer-query", 200),
    "process-areas": ("/processes/area-statistics", 200),
    "process-map": ("/processes/map-preview", 200),
    "no-process": ("/processes/nope", 404),
    "jobs": ("/jobs", 200),
    "job": ("/jobs/{job}", 200),
    "job-failed": ("/jobs/{failed}", 200),
    "no-job": ("/jobs/nope", 404),
    "result-image": ("/jobs/{job}/results", 200),
    "result-table": ("/jobs/{nearby}/results", 200),
    "result-text": ("/jobs/{areas}/results", 200),
    "accessibility": ("/accessibility", 200),
    "absent": ("/nope", 404),
    "hidden": ("/collections/grundsteuer", 404),
    "everywhere-refused": ("/search?q=weg&nosuch=1", 400),
    "refused": ("/collections/baum/items?nosuch=1", 400),
}
SENTENCES = {
    language: tomllib.loads((files("api") / f"messages/{language}.toml").read_text("utf-8"))
    for language in ("de", "en")
}
SVG = "[not(ancestor-or-self::*[local-name()='svg'])]"


@pytest.fixture(scope="session")
def named(reader, demo_city, street, done):
    """Return the names that addresses are made of."""
    links, key = reader.links(CITIZEN, "strassenschaden"), demo_city.truth.showcase_parcel
    return {
        "job": done("map-preview", parcel=key)["jobID"],
        "failed": done("map-preview", parcel="Krefeld 99 99999")["jobID"],
        "nearby": done("buffer-query", parcel=key, collection="baum", distance=500)["jobID"],
        "areas": done("area-statistics", parcels=[key], collections=["nutzung"])["jobID"],
        "key": key,
        "street_name": quote(street),
        "street": links["parcel_key"].value_counts().index[-1],
        "damage": links["feature_id"].iloc[0],
        "parcel": reader.frame(CITIZEN, "flurstueck").index[0],
    }


def fetch(client, named, name, language):
    """Return the answer for one of the addresses."""
    path, status = ADDRESSES[name]
    separator = "&" if "?" in path else "?"
    answer = client.get(f"{path.format(**named)}{separator}f=html&lang={language}")
    assert answer.status_code == status, answer.text
    return answer


@pytest.fixture(
    scope="module", params=[(n, lang) for n in ADDRESSES for lang in ("de", "en")], ids="-".join
)
def page(request, client, named):
    name, language = request.param
    answer = fetch(client, named, name, language)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-language"] == language
    document = html.document_fromstring(answer.text)
    document.language = language
    return document


def words(element):
    return " ".join(element.text_content().split())


@pytest.mark.proves("ogcapi-common-1/1.0", "html")
@pytest.mark.proves("ogcapi-features-1/1.0", "html")
@pytest.mark.proves("ogcapi-records-1/1.0", "html")
def test_a_page_is_well_made(page):
    assert page.get("lang") == page.language
    [title] = page.xpath(f"/html/head/title{SVG}")
    assert len(words(title)) > 15
    [heading] = page.xpath("//h1")
    assert words(heading)
    levels = [int(h.tag[1]) for h in page.xpath("//h1|//h2|//h3|//h4")]
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert len(page.xpath("//main")) == 1
    ids = page.xpath("//@id")
    assert len(set(ids)) == len(ids)


def test_the_first_link_skips_to_the_content(page):
    first = page.xpath("//a[@href]")[0]
    assert first.get("href") == "#content"
    [target] = page.xpath("//*[@id='content']")
    assert target.tag == "main"
    for href in page.xpath("//a/@href[starts-with(., '#')]"):
        assert page.xpath(f"//*[@id='{href[1:]}']")


def test_names_and_labels_are_there(page):
    for field in page.xpath("//input[not(@type='hidden')] | //select | //textarea"):
        assert page.xpath(f"//label[@for='{field.get('id')}']")
    for attribute in ("aria-labelledby", "aria-describedby"):
        for value in page.xpath(f"//@{attribute}"):
            assert page.xpath(f"//*[@id='{value}']"), value
    for element in page.xpath("//*[@role='region'] | //nav | //section"):
        assert element.get("aria-label") or element.get("aria-labelledby")
    for link in page.xpath("//a | //button"):
        assert words(link)
    assert not page.xpath("//*[@tabindex > 0]")
    for colour in page.xpath("//td//*[local-name()='svg'][not(@aria-hidden)]"):  # of a legend
        assert colour.get("role") == "img"
        assert colour.get("aria-label")
    for drawing in page.xpath("//*[local-name()='svg'][not(ancestor::td)]"):
        assert drawing.get("role") == "img"
        assert len(words(drawing.xpath("./*[local-name()='desc']")[0])) > 100


def test_tables_say_what_their_cells_are(page):
    for table in page.xpath("//table"):
        assert (
            table.xpath("./caption")
            or table.xpath("ancestor::*[@aria-label]")
            or (table.xpath("preceding::h2[1] | preceding::h1[1]"))
        )
        assert all(cell.get("scope") in {"col", "row"} for cell in table.xpath(".//th"))
        widths = {len(row.xpath("./th|./td")) for row in table.xpath(".//tr")}
        assert len(widths) == 1
        assert all(len(row.xpath("./th")) == 1 for row in table.xpath("./tbody/tr"))


def test_nothing_is_executed_and_nothing_comes_from_elsewhere(page):
    assert not page.xpath("//style | //iframe | //object | //embed | //base")
    for script in page.xpath("//script"):  # the page is whole without it, and it is a file of ours
        assert dict(script.attrib) == {"type": "module", "src": "/static/map/start.mjs"}
        assert not script.text
    assert not page.xpath("//@style | //@*[starts-with(name(), 'on')]")
    addresses = page.xpath("//@href | //@src | //@action | //@srcset | //@data | //@poster")
    assert all(re.match(r"/(?!/)|#|mailto:", address) for address in addresses)
    assert not page.xpath("//meta[@http-equiv]")


def test_the_page_is_in_one_language(page):
    """No sentence of the other language's catalogue stands on the page."""
    other = {"de": "en", "en": "de"}[page.language]
    own = set(SENTENCES[page.language].values())
    foreign = {text for text in SENTENCES[other].values() if text not in own and "{" not in text}
    switch = SENTENCES[page.language]["language_other"]
    shown = {words(e) for e in page.iter() if isinstance(e.tag, str)} - {switch}
    assert not shown & foreign
    [link] = page.xpath(f"//a[text()='{switch}']")
    assert link.get("lang") == link.get("hreflang") == other
    assert f"lang={other}" in link.get("href")
    for element in page.xpath("//*[@lang]")[1:]:
        assert element.get("lang") in {"de", "en"}


def test_a_search_by_street_finds_several_parcels(client, named):
    page = html.document_fromstring(fetch(client, named, "found-many", "de").text)
    assert len(page.xpath("//main//table//a")) > 1


def test_links_of_a_page_lead_somewhere(client, named):
    kinds = {}
    for name in (name for name, (_, status) in ADDRESSES.items() if status == 200):
        found = html.document_fromstring(fetch(client, named, name, "de").text).xpath("//@href")
        for href in found:
            if href.startswith("/"):
                kinds[re.sub(r"(items|parcels|jobs)/[^/?]+", r"\1/X", href)] = href
    assert len(kinds) > 40
    for href in kinds.values():
        assert client.get(href).status_code == 200, href


# -- colours ---------------------------------------------------------------------------

CSS = (files("api") / "static/flurbuch.css").read_text("utf-8")
TEXT_ON = [
    ("ink", "paper"),
    ("ink", "wash"),
    ("soft", "paper"),
    ("soft", "wash"),
    ("link", "paper"),
    ("link", "wash"),
    ("accent-ink", "accent"),
    ("notice-ink", "notice"),
]
SHAPES_ON = [("soft", "paper"), ("soft", "wash"), ("link", "paper"), ("accent", "paper")]


def palettes():
    light, dark = re.findall(r":root \{([^}]*)\}", CSS)
    named = [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+)", block)) for block in (light, dark)]
    assert set(named[0]) == set(named[1])
    return dict(zip(("light", "dark"), named, strict=True))


def luminance(colour):
    digits = colour[1:] if len(colour) == 7 else "".join(2 * c for c in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(scheme):
    palette = palettes()[scheme]
    for pairs, least in ((TEXT_ON, 4.5), (SHAPES_ON, 3.0)):
        for one, other in pairs:
            bright, dim = sorted((luminance(palette[one]), luminance(palette[other])))[::-1]
            assert (bright + 0.05) / (dim + 0.05) >= least, (one, other)


def test_every_colour_comes_from_the_palette():
    outside = re.sub(r":root \{[^}]*\}", "", CSS)
    assert set(re.findall(r"#[0-9a-f]{3,6}\b", outside)) <= {"#000", "#fff"}
