"""What a layer file may say of time and search; nothing hidden tells when features were."""

from contextlib import closing
from dataclasses import replace

import pytest
from pydantic import ValidationError

from gis_core.periods import read_period
from layers.access import CITIZEN
from layers.lifetimes import lifetime
from layers.reader import open_reader
from layers.reader.through_time import During
from layers.registry import find_layers
from layers.searching import searchable, searched
from layers.spec import CollectionSpec

DAMAGES = find_layers().layer("road_damage").collection("strassenschaden")


def changed(**more):
    told = DAMAGES.model_dump(by_alias=True, exclude_unset=True)
    return CollectionSpec.model_validate({**told, **more})


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"time": {}}, "either at, or begin and end"),
        ({"time": {"at": "reported_on", "end": "reported_on"}}, "either at, or begin and end"),
        ({"time": {"at": "street"}}, "needs a date"),
        ({"time": {"begin": "nosuch"}}, "no field is called"),
        ({"search": ["nosuch"]}, "no field is called"),
        ({"search": ["remark"]}, "only public texts"),
        ({"search": ["reported_on"]}, "only public texts"),
    ],
)
def test_what_a_layer_cannot_say(more, said):
    with pytest.raises(ValidationError, match=said):
        changed(**more)


def test_search_is_all_public_texts_or_those_that_are_named():
    every = {name for name, _ in searched(DAMAGES)}
    assert {"street", "category"} <= every
    assert not every & {"remark", "reporter", "reported_on"}
    assert [name for name, _ in searched(changed(search=["street"]))] == ["street"]
    assert searched(changed(search=[])) == ()


def test_hidden_times_narrow_nothing(demo_store):
    with closing(open_reader(demo_store)) as reader:
        view = reader.view(CITIZEN, "strassenschaden")
        assert lifetime(view).at == "reported_on"
        less = replace(view, fields=tuple(f for f in view.fields if f.name != "reported_on"))
        assert lifetime(less) is None
        assert "reported_on" not in {name for name, _ in searchable(less)}
        during = During(read_period("1990-01-01"))
        assert reader._rows_in(less, during).count(view.id) == view.count
        parcels = reader.view(CITIZEN, "flurstueck")
        unended = replace(parcels, fields=tuple(f for f in parcels.fields if f.name != "endet"))
        assert reader.past(parcels) is not None
        assert reader.past(unended) is None
        assert (lifetime(unended).begin, lifetime(unended).end) == ("beginnt", None)
