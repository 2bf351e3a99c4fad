"""``datetime``: what was there then, in every format, page by page; told by pandas."""

from contextlib import closing

import httpx
import pandas as pd
import pytest

from api.context import EVERYBODY
from api.features.cursor import Cursors, bound_to
from gis_core.store import HISTORY, Store
from layers.access import CITIZEN
from layers.query import Query
from layers.reader import open_reader
from tests.demo import once, serving
from tests.layers.changed_city import store_changed

PARCELS = "/collections/flurstueck/items"
LAST = pd.Timestamp("2262-01-01")
PERIODS = (
    "2010-01-01",
    "2026-01-31",
    "2026-02-01",
    "2026-02-01T05:59:59.999Z",
    "2026-02-01T06:00:00Z",
    "2026-02-01T07:00:00+01:00",
    "2026-12-31",
    "1990-01-01/1998-02-28",
    "2005-01-01/P5Y",
    "P3Y/2026-02-01",
    "../2004-06-30",
    "2026-01-15/..",
    "../..",
)


@pytest.fixture(scope="module")
def changed(demo_city, _shared_base):
    folder = once(_shared_base / "changed", lambda path: store_changed(demo_city, path))
    return folder / "data"


@pytest.fixture(scope="module")
def client(changed):
    with serving(changed) as url, httpx.Client(base_url=url, timeout=60) as connection:
        yield connection


@pytest.fixture(scope="module")
def lives(changed):
    """Return every parcel that ever was, by the id of its feature: key, first, last moment."""
    with Store.open(changed) as store:
        now = store.snapshot("alkis").frame("flurstueck")
        past = store.snapshot(HISTORY).frame("version_flurstueck")
    rows = pd.concat(
        [
            pd.DataFrame({"key": now["flstkennz"], "first": now["beginnt"], "last": LAST}),
            pd.DataFrame(
                {"key": past["flstkennz"], "first": past["valid_from"], "last": past["valid_to"]}
            ),
        ]
    )
    assert (rows["last"] < LAST).sum() > 20
    return rows.fillna({"first": pd.Timestamp(0)})


def moments(text):
    """Return the ends of a period: of a day its last millisecond, when what follows is there."""
    first, slash, second = text.partition("/")
    parts = [first, second if slash else first]
    if parts[1].startswith("P"):
        parts[1] = str((pd.Timestamp(parts[0]) + pd.DateOffset(years=int(parts[1][1]))).date())
    if parts[0].startswith("P"):
        parts[0] = str((pd.Timestamp(parts[1]) - pd.DateOffset(years=int(parts[0][1]))).date())
    ends = []
    for part, when_open in zip(parts, (pd.Timestamp(0), LAST - pd.Timedelta(1, "D")), strict=True):
        if part == "..":
            ends.append(when_open)
            continue
        moment = pd.Timestamp(part)
        day = len(part) == 10
        ends.append(
            moment + pd.Timedelta(86_399_999, "ms")
            if day
            else moment.tz_convert(None)
            if moment.tz
            else moment
        )
    return ends


def living(lives, text):
    start, end = moments(text)
    return lives[(lives["first"] <= end) & (lives["last"] > start)]


def walk(client, path, **parameters):
    answer = client.get(path, params=parameters).json()
    yield answer
    while following := [k["href"] for k in answer["links"] if k["rel"] == "next"]:
        answer = client.get(following[0]).json()
        yield answer


@pytest.mark.parametrize("period", PERIODS)
def test_the_parcels_of_a_period_are_those_that_lived_then(client, lives, period):
    expected = living(lives, period)
    pages = list(walk(client, PARCELS, datetime=period, limit=333, skipGeometry="true"))
    ids = [f["id"] for page in pages for f in page["features"]]
    assert sorted(ids) == sorted(expected.index)
    assert {page["numberMatched"] for page in pages} == {len(expected)}
    hits = client.get(PARCELS, params={"datetime": period, "resulttype": "hits"}).json()
    assert hits["numberMatched"] == len(expected)


def test_a_day_shows_each_parcel_once_and_no_ground_twice(client, changed):
    with closing(open_reader(changed)) as reader:
        for day in ("2026-01-31", "2026-02-01", "2026-12-31"):
            query = Query(columns=("flstkennz", "flaeche"))
            expected = reader.history(CITIZEN).frame(query, pd.Timestamp(day).date())
            [page] = walk(client, PARCELS, datetime=day, limit=5000)
            keys = [f["properties"]["flstkennz"] for f in page["features"]]
            assert sorted(keys) == sorted(expected["flstkennz"])
            assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("sort", ["endet", "-endet,flstkennz", "flaeche", "-lagebeztxt,-flaeche"])
@pytest.mark.parametrize("limit", [97, 1000])
def test_sorted_pages_together_are_the_whole_set_in_order(client, lives, sort, limit):
    period = "2026-01-01/2026-12-31"
    features = [
        f
        for page in walk(client, PARCELS, datetime=period, sortby=sort, limit=limit)
        for f in page["features"]
    ]
    assert sorted(f["id"] for f in features) == sorted(living(lives, period).index)
    for key in reversed(sort.split(",")):
        name = key.lstrip("-")
        value = [f["properties"][name] for f in features]
        order = sorted(
            range(len(value)),
            key=lambda i: (
                value[i] is not None,
                value[i] or 0 if name == "flaeche" else value[i] or "",
            ),
            reverse=key.startswith("-"),
        )
        if key == sort:
            assert [value[i] for i in order] == value


def test_former_versions_say_when_they_ended_and_can_be_filtered_by_it(client, lives):
    ended = lives[lives["last"] < LAST]
    [page] = walk(client, PARCELS, datetime="../..", filter="endet IS NOT NULL", limit=1000)
    assert sorted(f["id"] for f in page["features"]) == sorted(ended.index)
    for feature in page["features"]:
        stated = pd.Timestamp(feature["properties"]["endet"]).tz_convert(None)
        assert stated == ended.loc[feature["id"], "last"].floor("s")
    before = {"datetime": "../..", "filter": "endet < TIMESTAMP('2026-02-15T00:00:00Z')"}
    hits = client.get(PARCELS, params={**before, "resulttype": "hits"}).json()
    assert hits["numberMatched"] == (ended["last"] < pd.Timestamp("2026-02-15")).sum() > 0


def test_a_former_version_has_an_address_and_a_page(client, lives):
    former = lives[lives["last"] < LAST].index[0]
    path = f"{PARCELS}/{former}"
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.json()["id"] == former
    again = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    for form in ("jsonfg", "csv", "html"):
        assert client.get(path, params={"f": form}).status_code == 200
    page = client.get(
        PARCELS, params={"datetime": "2026-01-31", "limit": 200, "offset": 790, "f": "html"}
    )
    assert former in page.text or "@" in page.text


@pytest.mark.parametrize("form", ["jsonfg", "geojsonseq", "csv"])
def test_other_formats_hold_the_same_features(client, lives, form):
    answer = client.get(PARCELS, params={"datetime": "2026-01-31", "limit": 5000, "f": form})
    for name in living(lives, "2026-01-31").index:
        assert name in answer.text


def test_boxes_and_values_narrow_former_versions_too(client, lives):
    gone = lives[lives["last"] < LAST].iloc[0]
    asked = {"datetime": "2026-01-31", "flstkennz": gone["key"]}
    [page] = walk(client, PARCELS, **asked)
    [feature] = page["features"]
    assert feature["id"] == gone.name
    [(lon, lat), *_] = feature["geometry"]["coordinates"][0][0]
    around = f"{lon - 1e-6},{lat - 1e-6},{lon + 1e-6},{lat + 1e-6}"
    [page] = walk(client, PARCELS, datetime="2026-01-31", bbox=around)
    assert gone.name in {f["id"] for f in page["features"]}
    [page] = walk(client, PARCELS, bbox=around)
    assert gone.name not in {f["id"] for f in page["features"]}
    assert client.get(PARCELS, params={"flstkennz": gone["key"]}).json()["numberMatched"] <= 1


def test_without_a_period_there_is_today(client, changed):
    with closing(open_reader(changed)) as reader:
        today = reader.view(CITIZEN, "flurstueck").count
    assert client.get(PARCELS).json()["numberMatched"] == today


def test_damages_are_found_by_the_day_of_their_report(client, changed):
    with closing(open_reader(changed)) as reader:
        days = reader.frame(CITIZEN, "strassenschaden")["reported_on"]
    for period, first, last in (
        ("2025-03-10", "2025-03-10", "2025-03-10"),
        ("2025-03-01/2025-05-31", "2025-03-01", "2025-05-31"),
        ("2025-03-01/P1M", "2025-03-01", "2025-04-01"),
        ("../2025-06-30", "2000-01-01", "2025-06-30"),
        ("2025-06-30T12:00:00Z/..", "2025-06-30", "2030-01-01"),
    ):
        expected = (days.between(first, last) | days.isna()).sum()
        asked = {"datetime": period, "resulttype": "hits"}
        found = client.get("/collections/strassenschaden/items", params=asked).json()
        assert found["numberMatched"] == expected


@pytest.mark.parametrize("collection", ["baum", "grab", "flurstueck_merkmale"])
def test_what_is_nowhere_in_time_is_in_every_period(client, collection):
    path = f"/collections/{collection}/items"
    total = client.get(path).json()["numberMatched"]
    asked = client.get(path, params={"datetime": "1850-01-01"}).json()
    assert asked["numberMatched"] == total > 0
    assert "temporal" not in client.get(f"/collections/{collection}").json()["extent"]


def test_collections_say_from_when_to_when_they_reach(client, lives, changed):
    extent = client.get("/collections/flurstueck").json()["extent"]["temporal"]
    assert extent["interval"] == [[f"{lives['first'].min().isoformat()}Z", None]]
    with closing(open_reader(changed)) as reader:
        days = reader.frame(CITIZEN, "strassenschaden")["reported_on"]
    extent = client.get("/collections/strassenschaden").json()["extent"]["temporal"]
    first, last = (f"{d:%Y-%m-%d}" for d in (days.min(), days.max()))
    assert extent["interval"] == [[f"{first}T00:00:00Z", f"{last}T23:59:59Z"]]
    for document in ("queryables", "schema"):
        told = client.get(f"/collections/flurstueck/{document}?f=json").json()["properties"]
        roles = {name: field.get("x-ogc-role") for name, field in told.items()}
        assert roles["beginnt"] == "primary-interval-start"
        assert roles["endet"] == "primary-interval-end"


def test_json_fg_tells_the_time(client):
    asked = {"datetime": "2026-01-31", "f": "jsonfg", "limit": 1000, "sortby": "-endet"}
    features = client.get(PARCELS, params=asked).json()["features"]
    assert all(len(f["time"]["interval"]) == 2 for f in features)
    assert features[0]["time"]["interval"][1] != ".."
    damages = client.get("/collections/strassenschaden/items?f=jsonfg").json()["features"]
    assert all(list(f["time"]) == ["date"] for f in damages)


@pytest.mark.parametrize(
    ("text", "position"),
    [("2020-13-01", 1), ("2020-01-01/x", 12), ("P1Y", 1), ("", 1), ("2021-01-01/2020-01-01", 12)],
)
def test_what_cannot_be_read_is_a_problem_with_its_place(client, text, position):
    for path in (PARCELS, "/collections/baum/items"):
        answer = client.get(path, params={"datetime": text})
        assert answer.status_code == 400
        assert answer.json()["type"] == "/problems/period"
        assert answer.json()["position"] == position


def test_a_page_stays_with_its_history(client, changed):
    """A cursor names the history that the first page was made of; another one is another answer."""
    asked = {"datetime": "../..", "limit": "10"}
    first = client.get(PARCELS, params=asked).json()
    [following] = [k["href"] for k in first["links"] if k["rel"] == "next"]
    assert client.get(following).status_code == 200
    with closing(open_reader(changed)) as reader:
        view = reader.view(CITIZEN, "flurstueck")
        told = reader.past(view).generation.number
        assert reader.past(view, told + 1) is None
        cursors = Cursors((changed / "cursor.key").read_bytes())
        lost = cursors.encode(view, 10, bound_to(EVERYBODY, "flurstueck", asked), told + 1)
    answer = client.get(PARCELS, params={**asked, "cursor": lost})
    assert answer.status_code == 410
