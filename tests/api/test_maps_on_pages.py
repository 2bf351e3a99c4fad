"""Maps of pages in a real browser: drawn from this host alone; mouse, keyboard, or no map."""

import pytest
import shapely
from shapely.geometry import shape

from cartography.style import default_catalogue
from tests.api.browser import Browser, find_chromium

pytestmark = pytest.mark.browser
PAGES = {
    "collection": "/collections/baum?f=html",
    "items": "/collections/flurstueck/items?f=html&limit=40",
    "items-filtered": "/collections/baum/items?f=html&filter=height_m%20%3E%2012&offset=10",
    "item": "/collections/baum/items/{tree}?f=html",
    "figures": "/collections/flurstueck_merkmale/items?f=html&crs=http://www.opengis.net/def/crs/EPSG/0/25832",
    "style": "/styles/grey?f=html",
    "tile-set": "/collections/baum/tiles/WebMercatorQuad?f=html",
    "parcel": "/parcels/{key}?f=html",
}
DRAWN = "document.querySelector('.live-map.drawn')"
SUBJECT = default_catalogue().pen["subject"].colour


@pytest.fixture(scope="module")
def browser():
    program = find_chromium()
    if program is None:
        pytest.skip("Chromium is absent: apt install chromium")
    opened = Browser(program)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def show(browser, served, get, demo_city):
    tree = get("/collections/baum/items", limit=1)["features"][0]["id"]

    def open_page(name, *, lang="de", **how):
        path = PAGES.get(name, name).format(key=demo_city.truth.showcase_parcel, tree=tree)
        browser.open(f"{served}{path}&lang={lang}", **how)
        if browser.ask("!document.querySelector('#live-map')"):
            return
        browser.ask("document.querySelector('[aria-controls=live-map]')?.click()")
        browser.ask("document.querySelector('#live-map').scrollIntoView()")

    return open_page


@pytest.mark.parametrize("name", PAGES)
def test_a_map_is_drawn_and_nothing_asks_another_host(browser, show, served, name):
    show(name)
    assert browser.until(DRAWN), browser.said
    assert browser.said == []  # a breach of the content security policy would be here
    assert all(url.startswith((f"{served}/", "blob:", "data:")) for url in browser.asked)
    assert not [url for url in browser.asked if url.startswith("blob:")]
    assert any(f"{served}/tiles/WebMercatorQuad/" in url for url in browser.asked)
    assert len(browser.colours(".map-frame")) > 30
    assert browser.ask("document.querySelector('.map-credits').textContent.length") > 40
    browser.resize(380, 900)
    assert browser.until("document.querySelector('.map-frame canvas').clientWidth < 380")
    assert browser.ask("document.documentElement.scrollWidth") == 380


@pytest.fixture(scope="module")
def solid(get):
    """Return a parcel that has ground in the middle of its box, where a map's middle is."""
    for feature in get("/collections/flurstueck/items", limit=100)["features"]:
        ground = shape(feature["geometry"])
        if ground.contains(shapely.box(*ground.bounds).centroid):
            return feature
    raise AssertionError


def test_what_is_chosen_in_the_table_is_marked_on_the_map(browser, show):
    show("items", height=1600)
    assert browser.until(DRAWN)
    before = browser.colours(".map-frame").get(SUBJECT, 0)
    assert before
    browser.ask("document.querySelectorAll('tr[data-feature] a')[5].focus({preventScroll: true})")
    assert browser.ask("[...document.querySelectorAll('tr.chosen')].map(r => r.rowIndex)") == [6]
    assert browser.ask("document.querySelector('tr.chosen').getAttribute('aria-current')") == "true"
    assert any(browser.colours(".map-frame").get(SUBJECT, 0) > before for _ in range(20))


def test_what_is_chosen_on_the_map_is_marked_in_the_table(browser, show, solid):
    show(f"/collections/flurstueck/items?f=html&oid={solid['properties']['oid']}")
    assert browser.until(DRAWN)
    browser.click(*middle(browser))
    assert browser.until("document.querySelector('tr.chosen')")
    assert browser.ask("document.querySelector('tr.chosen').dataset.feature") == solid["id"]
    said = browser.ask("document.querySelector('.live-map [role=status]').textContent")
    assert said.startswith("Gewählt: Flurstücke")
    assert solid["id"] in said
    browser.ask("document.querySelector('.live-map [role=status] button').click()")
    assert browser.ask("document.activeElement.textContent") == solid["id"]


def test_a_feature_of_the_tiles_leads_to_its_page(browser, show, served, solid):
    show(f"/collections/flurstueck/items/{solid['id']}?f=html", lang="en")
    assert browser.until(DRAWN)
    browser.click(*middle(browser))
    link = "document.querySelector('.live-map [role=status] a')"
    assert browser.until(link)
    assert browser.ask(f"{link}.href").startswith(
        f"{served}/collections/flurstueck/items/{solid['id']}?f=html&lang=en"
    )


def middle(browser):
    box = "document.querySelector('.map-frame').getBoundingClientRect()"
    return [browser.ask(f"{box}.{a} + {box}.{b} / 2") for a, b in (("x", "width"), ("y", "height"))]


SCALE = "document.querySelector('.maplibregl-ctrl-scale').textContent"


def test_the_keyboard_reaches_the_map_moves_it_and_leaves_it(browser, show):
    show("item", lang="en")
    assert browser.until(DRAWN)
    browser.ask("document.querySelector('#live-map-title').setAttribute('tabindex', '-1')")
    browser.ask("document.querySelector('#live-map-title').focus()")
    seen = []
    for _ in range(6):
        browser.tab()
        seen.append(
            browser.ask(
                """(() => { const e = document.activeElement, s = getComputedStyle(e);
                return [e.getAttribute('aria-label') ?? e.textContent, s.outlineStyle,
                        s.outlineWidth, e.getBoundingClientRect().left >= 0] })()"""
            )
        )
    names = [name for name, *_ in seen]
    assert names[:5] == ["Skip the map", "Map", "Zoom in", "Zoom out", "Show all"]
    assert names[5] not in names[:5]
    assert all(told[1:] == ["solid", "3px", True] for told in seen)
    browser.ask("document.querySelector('.map-frame canvas').focus()")
    scale = browser.ask(SCALE)
    browser.press("-", "Minus", 189)
    browser.press("-", "Minus", 189)
    assert browser.until(f"{SCALE} !== {scale!r}")


def test_the_buttons_change_the_scale(browser, show):
    show("collection")
    assert browser.until(DRAWN)
    whole = browser.ask(SCALE)
    for _ in range(3):
        browser.ask("document.querySelector('[data-do=in]').click()")
    assert browser.until(f"{SCALE} !== {whole!r}")
    browser.ask("document.querySelector('[data-do=all]').click()")
    assert browser.until(f"{SCALE} === {whole!r}")


def test_who_asks_for_contrast_gets_it(browser, show):
    show("items", prefers_contrast="more", prefers_reduced_motion="reduce")
    assert browser.until(DRAWN)
    assert any("/styles/contrast?" in url for url in browser.asked)
    assert not any("/styles/colour?" in url for url in browser.asked)


def test_a_page_under_another_name_of_the_host_asks_under_that_name(browser, served):
    other = served.replace("127.0.0.1", "localhost")
    browser.open(f"{other}/collections/grab/items?f=html", forced_colors="active")
    browser.ask("document.querySelector('#live-map').scrollIntoView()")
    assert browser.until(DRAWN), browser.said
    assert all(url.startswith(f"{other}/") for url in browser.asked)
    assert browser.said == []


@pytest.mark.parametrize("name", PAGES)
def test_without_scripts_a_page_is_whole(browser, show, name):
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        show(name)
        assert not [url for url in browser.asked[1:] if "/static/map/" in url or "/tiles/" in url]
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)
    assert browser.ask("document.querySelector('#live-map').checkVisibility()") is False
    assert (
        browser.ask("document.querySelector('[aria-controls]')?.checkVisibility() ?? false")
        is False
    )
    assert browser.ask("document.querySelectorAll('main table').length") > 0


def test_where_nothing_can_be_drawn_the_page_says_so(browser, show):
    crippled = browser.call(
        "Page.addScriptToEvaluateOnNewDocument",
        source="HTMLCanvasElement.prototype.getContext = () => null",
    )
    try:
        show("items", lang="en")
        assert browser.until("document.querySelector('.live-map.failed')")
    finally:
        browser.call("Page.removeScriptToEvaluateOnNewDocument", **crippled)
    said = browser.ask("document.querySelector('.live-map [role=status]').textContent")
    assert said.startswith("The map cannot be drawn here.")
    assert browser.ask("document.querySelector('.map-frame').checkVisibility()") is False
