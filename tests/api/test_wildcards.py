"""``field=Schad*``: stars in values, told by Python's own patterns."""

import re
from fnmatch import translate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.filtering.wildcards import pattern
from gis_core.filters.functions import like
from layers.access import CITIZEN
from layers.query import Query

PATH = "/collections/flurstueck/items"


@pytest.fixture(scope="module")
def addresses(reader):
    return reader.frame(CITIZEN, "flurstueck", Query(geometry=False))["lagebeztxt"].dropna()


@pytest.mark.parametrize(
    "value", ["{}*", "*{}", "*{}*", "{}* 1*", "* 2*", "*", "{}", "{}\\*", "%", "_*"]
)
def test_a_star_is_any_text(get, addresses, street, value):
    wanted = value.format(street)
    expected = addresses[addresses.map(lambda a: re.fullmatch(translate(wanted), a) is not None)]
    if wanted.endswith("\\*") or "*" not in wanted:
        expected = addresses[addresses == wanted.replace("\\", "")]
    found = get(PATH, lagebeztxt=wanted, limit=1000, skipGeometry="true")
    assert found["numberMatched"] == len(expected)
    assert sorted(f["id"] for f in found["features"]) == sorted(expected.index)


def test_keys_fit_patterns_and_numbers_do_not(get, client, reader):
    keys = reader.frame(CITIZEN, "flurstueck", Query(geometry=False))["flstkennz"]
    first = keys.str[:9].mode()[0]
    expected = keys.str.startswith(first).sum()
    assert get(PATH, flstkennz=f"{first}*")["numberMatched"] == expected
    both = get(PATH, flstkennz=f"{first}*", lagebeztxt="*")["numberMatched"]
    assert both <= expected
    for name in ("flaeche", "beginnt", "nachfolger"):
        assert client.get(PATH, params={name: "5*"}).status_code == 400
    assert client.get(PATH, params={"oid": "D*", "objid": "D*"}).status_code == 400


@given(st.text(alphabet="a*\\%_", max_size=8), st.text(alphabet="a*\\%_", max_size=6))
def test_what_the_pattern_says_is_what_the_stars_say(value, text):
    wanted, fits = pattern(value)
    if "*" not in value:
        assert (wanted, fits) == (value, False)
        return
    steps = re.findall(r"\\[*\\]|.", value, re.DOTALL)
    expected = "".join(".*" if s == "*" else re.escape(s[-1]) for s in steps)
    found = like(text, wanted) if fits else text == wanted
    assert found == (re.fullmatch(expected, text, re.DOTALL) is not None)
