"""Districts and municipalities made of real parcels."""

import numpy as np
import pytest
import shapely

pytestmark = pytest.mark.real


@pytest.fixture(params=["nrw", "hamburg"])
def tables(request, stored):
    """Return a function that reads a table of the city's cadastre."""
    return request.param, lambda table: stored(request.param, "alkis", table)


def test_each_is_the_union_of_its_parcels(tables):
    city, read = tables
    made, ground = read("katasterbezirk"), read("flurstueck")
    lengths = (6, 9) if city == "nrw" else (6,)  # Hamburg has no sections
    expected = {
        key: shapely.union_all(np.asarray(group.geometry.array))
        for n in lengths
        for key, group in ground.groupby(ground["flstkennz"].str[:n])
    }
    assert set(made["schluessel"]) == set(expected)
    for key, geometry in zip(made["schluessel"], made.geometry, strict=True):
        assert geometry.is_valid
        assert geometry.symmetric_difference(expected[key]).area == pytest.approx(0, abs=1e-6)


def test_municipalities_are_named(stored):
    towns = stored("nrw", "alkis", "verwaltungseinheit")
    assert set(towns["name"]) == {"Hellenthal", "Dahlem", "Blankenheim"}
    assert set(towns["uebobjekt"]) == {"DE05366"}
