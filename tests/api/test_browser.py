"""The pages in a real browser: small screens, keyboard, dark colours, no other host."""

import json
from urllib.parse import quote

import pytest

from tests.api.browser import Browser, find_chromium

pytestmark = pytest.mark.browser
PAGES = {
    "home": "/?f=html",
    "search": "/find?q={street}&f=html",
    "parcel": "/parcels/{key}?f=html&lang=de",
    "collection": "/collections/baum?f=html",
    "items": "/collections/flurstueck/items?f=html",
    "item": "/collections/flurstueck/items/{parcel}?f=html",
    "openapi": "/openapi?f=html",
    "queryables": "/collections/strassenschaden/queryables?f=html",
    "sortables": "/collections/flurstueck/sortables?f=html",
    "tile-set": "/tiles/AdV_25832?f=html",
    "matrix-set": "/tileMatrixSets/WebMercatorQuad?f=html",
    "style": "/styles/colour?f=html",
    "accessibility": "/accessibility",
    "problem": "/collections/baum/items?x=1&f=html",
}


@pytest.fixture(scope="module")
def browser():
    program = find_chromium()
    if program is None:
        pytest.skip("Chromium is absent: apt install chromium")
    opened = Browser(program)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def addresses(served, get, demo_city, street):
    key = demo_city.truth.showcase_parcel
    parcel = get("/collections/flurstueck/items", flstkennz=key)["features"][0]["id"]
    return {
        n: served + path.format(key=key, parcel=parcel, street=quote(street))
        for n, path in PAGES.items()
    }


@pytest.mark.parametrize("name", PAGES)
def test_a_page_asks_no_other_host_and_keeps_its_own_policy(browser, addresses, served, name):
    browser.open(addresses[name])
    assert browser.asked[0] == addresses[name]
    assert f"{served}/static/flurbuch.css" in browser.asked
    assert all(url.startswith(served) for url in browser.asked)
    assert [said for said in browser.said if "Failed to load resource" not in said] == []
    assert len(browser.said) == (name == "problem")
    rules = "[...document.styleSheets].map(s => s.cssRules.length)"
    assert browser.ask(rules)[0] > 40


def in_language(address, language):
    plain = address.replace("&lang=de", "")
    return f"{plain}{'&' if '?' in plain else '?'}lang={language}"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_a_narrow_screen(browser, addresses, name):
    for language in ("de", "en"):
        browser.open(
            f"{addresses[name]}{'&' if '?' in addresses[name] else '?'}lang={language}", width=320
        )
        assert browser.ask("document.documentElement.scrollWidth") == 320
        cut = """[...document.querySelectorAll('main *, header *, footer *')].filter(e =>
            e.getBoundingClientRect().right > 321 && !e.closest('.scroll, svg')).length"""
        assert browser.ask(cut) == 0


@pytest.mark.parametrize("name", PAGES)
def test_targets_are_large_enough(browser, addresses, name):
    browser.open(addresses[name])
    small = """JSON.stringify([...document.querySelectorAll(
            'header a, button, .button, input:not([type=hidden]), .pages a, .links a')]
        .filter(e => e.checkVisibility())
        .map(e => [e.textContent, e.getBoundingClientRect()])
        .filter(([, box]) => box.height < 24 || box.width < 24)
        .map(([text]) => text))"""
    assert json.loads(browser.ask(small)) == []


def test_the_keyboard_reaches_everything_and_shows_where_it_is(browser, addresses):
    browser.open(addresses["parcel"])
    seen = []
    reachable = "a[href], input:not([type=hidden]), button, [tabindex='0']"
    shown = f'[...document.querySelectorAll("{reachable}")].filter((e) => e.checkVisibility())'
    for _ in range(browser.ask(f"{shown}.length")):
        browser.tab()
        told = browser.ask(
            """(() => { const e = document.activeElement, s = getComputedStyle(e),
            box = e.getBoundingClientRect();
            return [e.tagName, e.textContent.trim().slice(0, 40), s.outlineStyle, s.outlineWidth,
                    box.left >= 0 && box.right > 0 && box.top >= 0]; })()"""
        )
        seen.append(told)
    assert seen[0][:2] == ["A", "Zum Inhalt springen"]
    assert all(style == "solid" and width == "3px" for _, _, style, width, _ in seen)
    assert all(visible for *_, visible in seen)
    assert "BODY" not in {tag for tag, *_ in seen}


def test_the_dark_page_is_dark(browser, addresses):
    colour = "getComputedStyle(document.body).backgroundColor"
    browser.open(addresses["home"], dark=False)
    assert browser.ask(colour) == "rgb(255, 255, 255)"
    browser.open(addresses["home"], dark=True)
    assert browser.ask(colour) == "rgb(18, 24, 29)"


def test_the_search_form_works_without_a_script(browser, addresses, street):
    browser.open(addresses["home"])
    browser.ask(f"document.querySelector('#q').value = {json.dumps(street)}")
    browser.submit("form.search")
    assert "/find?q=" in browser.ask("location.href")
    assert browser.ask("document.querySelectorAll('main table a').length") > 0
