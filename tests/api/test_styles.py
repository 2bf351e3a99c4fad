"""Map styles as clients meet them: list, metadata, style, signs, lettering."""

import json
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from lxml import html

from cartography.editions import Edition
from cartography.glyphs import stacks
from cartography.style import default_catalogue
from tests.mvt_reading import fields_of, read_tile

MBS = "application/vnd.mapbox.style+json"
REL = "http://www.opengis.net/def/rel/ogc/1.0/styles"
JS = Path(__file__).resolve().parents[1] / "js"
over_editions = pytest.mark.parametrize("edition", [e.value for e in Edition])


def texts(expression, operator):
    """Return the arguments of every call of an operator within an expression."""
    if isinstance(expression, dict):
        return [t for part in expression.values() for t in texts(part, operator)]
    if not isinstance(expression, list):
        return []
    own = [expression[1]] if expression[:1] == [operator] else []
    return own + [t for part in expression for t in texts(part, operator)]


# -- documents -----------------------------------------------------------------------------


@pytest.mark.proves("ogcapi-styles-1/0.0", "core")
def test_links_lead_from_the_start_to_every_style(client, get):
    (listed,) = (k["href"] for k in get("/")["links"] if k["rel"] == REL)
    listing = client.get(listed).json()
    assert {style["id"] for style in listing["styles"]} == set(Edition)
    assert listing["default"] in set(Edition)
    for entry in listing["styles"]:
        (sheet,) = (k for k in entry["links"] if k["rel"] == "stylesheet")
        (about,) = (k for k in entry["links"] if k["rel"] == "describedby")
        answer = client.get(sheet["href"])
        assert answer.headers["content-type"] == sheet["type"] == MBS
        told = client.get(about["href"]).json()
        assert (told["id"], told["title"]) == (entry["id"], entry["title"])
        assert [s["link"]["href"] for s in told["stylesheets"]] == [sheet["href"]]
        for layer in told["layers"]:
            assert client.get(layer["sampleData"]["href"], params={"limit": 1}).status_code == 200


def test_a_style_is_asked_for_by_its_media_type_or_by_name(client):
    for asked in ({"headers": {"accept": MBS}}, {"params": {"f": "mbs"}}, {}):
        answer = client.get("/styles/grey", **asked)
        assert answer.headers["content-type"] == MBS
        assert answer.json()["version"] == 8
    again = client.get("/styles/grey", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.proves("ogcapi-styles-1/0.0", "mapbox-styles")
@over_editions
@pytest.mark.parametrize("lang", ["de", "en"])
def test_a_style_is_valid(get, edition, lang):
    if shutil.which("node") is None or not (JS / "node_modules").is_dir():
        pytest.skip("packages of npm are absent: sh scripts/test-tools.sh")
    style = get(f"/styles/{edition}", lang=lang)
    run = subprocess.run(
        ["node", JS / "validate_style.mjs"],
        input=json.dumps(style),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(run.stdout) == []


@over_editions
def test_a_style_names_what_the_tiles_have_and_asks_this_host_only(client, get, served, edition):
    style, tiles = get(f"/styles/{edition}"), get("/tiles/WebMercatorQuad")
    known = {layer["id"]: set(layer["propertiesSchema"]["properties"]) for layer in tiles["layers"]}
    drawn = [layer for layer in style["layers"] if "source" in layer]
    assert {layer["source-layer"] for layer in drawn} == set(known)
    for layer in drawn:
        asked = {*texts(layer, "get"), *texts(layer, "has")}
        assert asked <= known[layer["source-layer"]], layer["id"]
    (source,) = style["sources"].values()
    addresses = [style["sprite"], style["glyphs"], *source["tiles"]]
    assert all(address.startswith(f"{served}/") for address in addresses)
    z, y, x = 15, *middle(tiles, 15)
    assert client.get(source["tiles"][0].format(z=z, y=y, x=x)).status_code in {200, 204}


def middle(tiles, z):
    (limits,) = (k for k in tiles["tileMatrixSetLimits"] if k["tileMatrix"] == str(z))
    return limits["minTileRow"], limits["minTileCol"]


def test_whose_the_data_are_is_said_as_text(get):
    (source,) = get("/styles/colour")["sources"].values()
    for said in ("Katasterbehörde", "dl-de/zero-2-0", "Baumkataster"):
        assert said in source["attribution"]
    assert "<" not in source["attribution"]


@over_editions
def test_the_page_of_a_style_has_a_sample_of_every_signature(client, get, edition):
    page = html.document_fromstring(client.get(f"/styles/{edition}?f=html&lang=en").text)
    rows = page.xpath("//tbody/tr")
    titles = [" ".join(row.xpath("./th")[0].text_content().split()) for row in rows]
    style = get(f"/styles/{edition}", lang="en")
    drawn = {n["metadata"]["flurbuch:title"] for n in style["layers"] if n["type"] == "line"}
    assert drawn - {"Other feature"} <= set(titles)
    assert {fill.title["en"] for fill in default_catalogue().land_use} <= set(titles)
    for row in rows:
        (sample,) = row.xpath(".//*[local-name()='svg']")
        assert sample.get("aria-hidden") == "true"
        assert len(sample.xpath("./*")) >= 1


# -- files ---------------------------------------------------------------------------------


@over_editions
@pytest.mark.parametrize("ratio", [1, 2])
def test_every_sign_of_a_style_is_in_the_picture(client, get, edition, ratio):
    style, ending = get(f"/styles/{edition}"), "" if ratio == 1 else "@2x"
    index = client.get(f"{style['sprite']}{ending}.json").json()
    picture = client.get(f"{style['sprite']}{ending}.png")
    assert picture.headers["content-type"] == "image/png"
    width, height = struct.unpack(">II", picture.content[16:24])
    assert picture.content[:4] == b"\x89PNG"
    asked = set(default_catalogue().symbol)
    assert asked == set(index)
    for sign in index.values():
        assert sign["pixelRatio"] == ratio
        assert sign["x"] + sign["width"] <= width
        assert sign["y"] + sign["height"] <= height


@over_editions
def test_every_typeface_of_a_style_is_served(client, get, edition):
    style = get(f"/styles/{edition}")
    asked = {f for layer in style["layers"] for f in layer.get("layout", {}).get("text-font", ())}
    assert asked
    assert asked <= set(stacks())
    for face in asked:
        answer = client.get(style["glyphs"].format(fontstack=face, range="0-255"))
        assert answer.status_code == 200
        ((_, stack),) = fields_of(answer.content)
        letters = [dict(fields_of(v)) for n, v in fields_of(stack) if n == 3]
        assert {letter[1] for letter in letters} >= {ord(c) for c in "0123456789/äöüß"}
        for letter in letters:
            if 2 in letter:
                assert len(letter[2]) == (letter[3] + 6) * (letter[4] + 6)


def test_of_several_typefaces_the_first_that_there_is_counts(client):
    both = client.get("/fonts/Arial,Flurbuch Sans Bold/0-255.pbf").content
    assert both == client.get("/fonts/Flurbuch Sans Bold/0-255.pbf").content


@pytest.mark.parametrize(
    "path",
    [
        "/styles/nope",
        "/styles/nope/metadata",
        "/styles/nope/sprite.png",
        "/styles/colour/sprite.gif",
        "/styles/colour/sprite@3x.png",
        "/fonts/Arial/0-255.pbf",
        "/fonts/Flurbuch Sans Bold/1-256.pbf",
        "/fonts/Flurbuch Sans Bold/0-511.pbf",
        "/fonts/Flurbuch Sans Bold/-1-254.pbf",
        "/fonts/Flurbuch Sans Bold/65536-65791.pbf",
        "/fonts/Flurbuch Sans Bold/a-b.pbf",
    ],
)
def test_what_is_not_there_is_said_plainly(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/styles", "/styles/colour", "/styles/colour/metadata"])
def test_unknown_parameters_are_refused(client, path):
    assert client.get(path, params={"x": "1"}).status_code == 400
    assert client.get(path, params={"f": "sld"}).status_code == 400


def test_tiles_still_say_what_buildings_are(client, get):
    """The words by which buildings get their signature reach the client."""
    tiles = get("/tiles/WebMercatorQuad")
    y, x = middle(tiles, 15)
    (limits,) = (k for k in tiles["tileMatrixSetLimits"] if k["tileMatrix"] == "15")
    found = set()
    for row in range(y, limits["maxTileRow"] + 1):
        for column in range(x, limits["maxTileCol"] + 1):
            answer = client.get(f"/tiles/WebMercatorQuad/15/{row}/{column}")
            if answer.status_code == 200:
                layers = read_tile(answer.content)
                for feature in getattr(layers.get("gebaeude_bauwerk"), "features", ()):
                    found.add(feature.tags.get("funktion"))
    assert found - {None}
