"""Whatever is asked, the answer is data or a reason: never a fault of the service."""

from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.api.public import CRS, PUBLIC, SPECS

fuzz = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
FIELDS = sorted({field.name for spec in SPECS.values() for field in spec.fields})
OWN = ["f", "lang", "limit", "offset", "bbox", "bbox-crs", "crs", "datetime", "properties"]
OWN += ["sortby", "skipGeometry", "filter", "q"]

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
numbers = st.one_of(
    st.integers(-(10**30), 10**30).map(str),
    st.floats(width=64).map(repr),
    st.sampled_from(["nan", "inf", "-0", "1e400", "0x1", "1_0", "٣", "²", " 1", "+1", "1.0", ""]),
)
boxes = st.lists(numbers | st.floats(5, 60).map(str), min_size=3, max_size=7).map(",".join)
instants = st.datetimes().map(lambda at: f"{at.isoformat(timespec='seconds')}Z")
days = st.dates().map(str)
values = st.one_of(
    text,
    numbers,
    boxes,
    instants,
    days,
    st.tuples(days, st.sampled_from(["..", "", "P1D"])).map("/".join),
    st.sampled_from([*CRS, "true", "FALSE", "json", "html", "geojson", "de", "en", "1", "10"]),
    st.lists(st.sampled_from(FIELDS).flatmap(lambda n: st.sampled_from([n, "-" + n]))).map(
        ",".join
    ),
)
queries = st.dictionaries(st.sampled_from(OWN * 3 + FIELDS) | text, values, max_size=4)


def check(answer):
    assert answer.status_code in {200, 308, 400, 404, 406}, (answer.url, answer.text)
    kind = answer.headers.get("content-type", "")
    if answer.status_code in {400, 404} and not kind.startswith("text/html"):
        assert kind == "application/problem+json"
        problem = answer.json()
        assert problem["status"] == answer.status_code
        assert len(answer.content) < 4000
    if answer.status_code == 308:
        assert answer.headers["location"].startswith("/")
        assert not answer.headers["location"].startswith("//")


@pytest.mark.parametrize("collection", ["flurstueck", "strassenschaden"])
def test_any_query_string(client, collection):
    @fuzz
    @given(queries)
    @example({"bbox": "nan,nan,nan,nan"})
    @example({"bbox": "-1e308,-1e308,1e308,1e308"})
    @example({"bbox": "-1e308,-1e308,1e308,1e308", "bbox-crs": CRS[1]})
    @example({"bbox": "6.57,51.33,6.57,51.33"})
    @example({"limit": "1" * 400})
    @example({"endet": "0001-01-01T00:00:00Z"})
    @example({"endet": "9999-12-31T23:59:59+23:59"})
    @example({"aktualit": "0001-01-01"})
    @example({"oid": "\0"})
    @example({"flaeche": "9" * 18})
    @example({"sortby": "-"})
    @example({"sortby": ",,,"})
    @example({"properties": "oid,oid", "sortby": "oid,-oid"})
    def ask(query):
        check(client.get(f"/collections/{collection}/items", params=query))

    ask()


AREAS = ["bbox", "bbox-crs", "subset", "subset-crs", "crs", "width", "height", "resolution"]
AREAS += ["scale-factor", "scale-size", "scale-axes", "properties", "bgcolor", "transparent", "f"]
ranges = st.lists(
    st.tuples(st.sampled_from(["E", "N", "Lon", "Lat", "x", "time", ""]), numbers, numbers | text)
    .map(lambda t: f"{t[0]}({t[1]}:{t[2]})")
    .map(lambda r: r.replace(":", "") if len(r) % 3 == 0 else r),
    max_size=3,
).map(",".join)
places = st.one_of(ranges, values, st.sampled_from(["E(330000:330100),N(*:*)", "red", "0x00ff00"]))


@pytest.mark.parametrize("part", ["coverage", "map"])
def test_any_question_to_a_raster(client, part):
    @fuzz
    @given(st.dictionaries(st.sampled_from(AREAS), places, max_size=4))
    @example({"bbox": "-1e308,-1e308,1e308,1e308"})
    @example({"bbox": "-180,-90,180,90", "crs": CRS[1]})
    @example({"bbox": "6.57,51.33,6.57,51.33"})
    @example({"bbox": "6.57,51.33,6.570000000000001,51.33000000000001", "width": "4"})
    @example({"resolution": "E(1e-300)"})
    @example({"scale-factor": "999999999999"})
    @example({"subset": "Lon(179:-179),Lat(*:*)"})
    @example({"bbox": "0,0,1e300,1e300", "bbox-crs": CRS[1], "width": "9", "height": "9"})
    def ask(query):
        answer = client.get(f"/collections/terrain/{part}", params=query)
        if answer.status_code == 413:
            assert answer.json()["allowed"]
        else:
            check(answer)

    ask()


def test_any_path(client):
    @fuzz
    @given(
        st.sampled_from(
            [
                "/{}",
                "/collections/{}",
                "/collections/{}/items",
                "/collections/baum/items/{}",
                "/collections/flurstueck/items/{}",
                "/collections/flurstueck/{}",
                "/parcels/{}",
                "/find?q={}",
                "/find?f=html&q={}",
                "/parcels/{}?f=html",
                "/static/{}",
            ]
        ),
        text
        | st.from_regex(r"(0?5)?[0-9_/ -]{1,22}", fullmatch=True)
        | st.sampled_from((*PUBLIC, "../../etc/passwd", "a/../b", "%00", "//host", "Hüls 3/1")),
    )
    @example("/parcels/{}", "1" * 5000)
    @example("/parcels/{}?f=html", "ä" * 1000)
    @example("/{}/", "/example.org")
    @example("/{}/", "\\example.org")
    @example("/collections/{}/", "baum?x=1#y")
    def ask(path, word):
        check(client.get(path.format(quote(word, safe=""))))
        check(client.get(path.format(quote(word))))

    ask()


def test_any_header(client):
    latin = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60).map(str.strip)

    @fuzz
    @given(latin, latin, latin)
    @example("text/html;q=nan,*/*;q=0", "de;q=x,,en", 'W/"x", *')
    def ask(accept, language, tag):
        headers = {"accept": accept, "accept-language": language, "if-none-match": tag}
        check(client.get("/collections/baum/items?limit=1", headers=headers))

    ask()
