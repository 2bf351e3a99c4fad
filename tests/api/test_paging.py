"""Pages of any size are the whole, in order, without doubles; counts are true with filters."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from layers.access import CITIZEN
from layers.query import Query
from tests.api.public import PUBLIC

quick = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def walk(client, path, **parameters):
    """Yield the pages along the next links."""
    address, asked = path, {"skipGeometry": "true", "properties": "", **parameters}
    while address:
        answer = client.get(address, params=asked)
        document = answer.json()
        hrefs = {k["rel"]: k["href"] for k in document["links"] if k["rel"] in {"next", "prev"}}
        in_header = {link["rel"]: link["url"] for link in answer.links.values()}
        assert in_header == hrefs
        yield document
        address, asked = hrefs.get("next"), None


@pytest.mark.parametrize("collection", PUBLIC)
def test_pages_of_any_size_are_the_whole(client, reader, collection):
    ids = reader.frame(CITIZEN, collection, Query(columns=(), geometry=False)).index.tolist()

    @quick
    @given(st.integers(max(1, len(ids) // 12), len(ids) + 3))
    def check(limit):
        pages = list(walk(client, f"/collections/{collection}/items", limit=limit))
        assert [f["id"] for page in pages for f in page["features"]] == ids
        assert {page["numberMatched"] for page in pages} == {len(ids)}
        assert all(page["numberReturned"] == limit for page in pages[:-1])
        assert pages[-1]["numberReturned"] > 0

    check()


def test_a_page_exactly_as_long_as_the_rest_is_the_last(client):
    total = client.get("/collections/nutzung/items").json()["numberMatched"]
    pages = list(walk(client, "/collections/nutzung/items", limit=total))
    assert len(pages) == 1
    half = list(walk(client, "/collections/nutzung/items", limit=total - 1))
    assert [page["numberReturned"] for page in half] == [total - 1, 1]


def test_past_the_end_is_empty_and_leads_back(client):
    answer = client.get("/collections/baum/items", params={"offset": 10_000_000})
    document = answer.json()
    assert document["features"] == []
    assert document["numberMatched"] > 0
    assert {k["rel"] for k in document["links"]} == {"self", "alternate", "collection", "prev"}


def test_links_keep_what_was_asked(client):
    asked = {"limit": 5, "genus": "Tilia", "sortby": "-height_m", "properties": "genus,height_m"}
    pages = list(walk(client, "/collections/baum/items", **asked))
    rows = [f["properties"] for page in pages for f in page["features"]]
    assert len(rows) > 5
    assert {row["genus"] for row in rows} == {"Tilia"}
    assert {tuple(row) for row in rows} == {("genus", "height_m")}
    heights = [row["height_m"] for row in rows if row["height_m"] is not None]
    assert heights == sorted(heights, reverse=True)


@pytest.mark.parametrize("collection", PUBLIC)
def test_filters_count_what_they_find(client, collection):
    path, rng = f"/collections/{collection}/items", np.random.default_rng(len(collection))
    everything = {"limit": 10_000, "skipGeometry": "true"}
    rows = [f["properties"] for f in client.get(path, params=everything).json()["features"]]
    for name in rows[0]:
        values = [row[name] for row in rows if row[name] is not None]
        if values:
            value = values[rng.integers(len(values))]
            asked = {**everything, "properties": name, name: as_text(value)}
            document = client.get(path, params=asked).json()
            assert document["numberMatched"] == len(document["features"]) == values.count(value)
            assert all(f["properties"] == {name: value} for f in document["features"])


def as_text(value):
    return "true" if value is True else "false" if value is False else str(value)


@pytest.mark.parametrize("collection", PUBLIC)
def test_sorting_is_complete_and_stable(client, reader, collection):
    rng = np.random.default_rng(7)
    names = reader.view(CITIZEN, collection).names
    for name in rng.choice(names, 2, replace=False):
        asked = {"sortby": name, "limit": 10_000, "skipGeometry": "true"}
        up = client.get(f"/collections/{collection}/items", params=asked).json()["features"]
        values = [f["properties"][name] for f in up]
        kept = [v for v in values if v is not None]
        assert kept == sorted(kept)
        assert len({f["id"] for f in up}) == len(up)
