"""Parcels with their figures in every format."""

import pytest

from tests.api.test_formats import FILES, read_ids


@pytest.mark.parametrize("form", FILES)
@pytest.mark.parametrize("asked", [{}, {"sortby": "-flaeche"}, {"filter": "baum_anzahl > 0"}])
def test_parcels_with_their_figures(client, form, asked):
    path = "/collections/flurstueck_merkmale/items"
    told = client.get(path, params={**asked, "limit": 500}).json()
    answer = client.get(path, params={**asked, "limit": 500, "f": form})
    assert answer.status_code == 200, answer.text[:300]
    ids = [f["id"] for f in told["features"]]
    if form == "flatgeobuf" and "sortby" not in asked:
        assert sorted(read_ids(form, answer.content)) == sorted(ids)
    else:
        assert read_ids(form, answer.content) == ids
    one = client.get(f"{path}/{ids[0]}", params={"f": form})
    assert one.status_code == 200
