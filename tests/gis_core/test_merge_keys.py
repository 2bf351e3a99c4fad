"""Stated keys and addresses to parcels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis_core.merge.addresses import index_addresses, join_addresses
from gis_core.merge.keys import join_keys, starting_with
from gis_core.merge.links import CONFIDENCES, Links
from gis_core.merge.unmatched import Unmatched


def texts(*values):
    return np.array(values, object)


def sure(links):
    return [CONFIDENCES[c].value for c in links.confidence]


def test_keys_join_n_to_m_and_keep_what_they_cannot_join(street):
    feature = np.array([0, 0, 1, 1, 2, 3])
    key = texts("A", "C", "B", "B", "Z", None)
    confidence = texts("exact", "text", "guessed", "normalised", "exact", None)
    links, matched = join_keys(feature, key, confidence, street)
    assert links.feature.tolist() == [0, 0, 1]
    assert street.key[links.parcel].tolist() == ["A", "C", "B"]
    assert sure(links) == ["exact", "text", "normalised"]  # of two readings the surer one
    assert links.share.tolist() == [0.5, 0.5, 1.0]
    assert matched.tolist() == [True, True, True, True, False, False]


@given(
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from("ABCXYZ")), max_size=60),
    st.randoms(use_true_random=False),
)
def test_a_join_is_the_set_of_stated_pairs_in_any_order(street, pairs, random):
    def run(stated):
        feature = np.array([f for f, _ in stated], np.intp)
        key = texts(*(k for _, k in stated))
        links, _ = join_keys(feature, key, texts(*["exact"] * len(stated)), street)
        return links

    links, again = run(pairs), run(random.sample(pairs, len(pairs)))
    got = set(zip(links.feature.tolist(), street.key[links.parcel], strict=True))
    assert got == {(f, k) for f, k in pairs if k in "ABC"}
    assert len(got) == len(links)
    assert (links.parcel == again.parcel).all()
    assert (links.share == again.share).all()
    shares = np.bincount(links.feature, links.share)
    assert np.allclose(shares[np.unique(links.feature)], 1)


def test_candidates_are_the_parcels_that_kept_the_number():
    keys = texts("3049-11", "3049-12/1", "3049-12/2", "3049-13")
    assert starting_with("3049-12", keys) == ("3049-12/1", "3049-12/2")
    assert starting_with("3049-99", keys) == ()
    assert starting_with("3049", keys, limit=1) == ("3049-11",)


@pytest.fixture
def index():
    return index_addresses(
        texts("Am Weg 25, 27a; Dorfstraße 1", None, "Dorfstr. 1", "Am Weg 27", "Nordwall"),
        np.array([0, 1, 2, 3, -1]),
    )


@pytest.mark.parametrize(
    ("text", "parcels", "confidence", "reason", "candidates"),
    [
        pytest.param("AM WEG 025", [0], "text", None, (), id="another-spelling"),
        pytest.param("Dorfstraße 1, 47798 Krefeld", [0, 2], "guessed", None, (), id="two-parcels"),
        pytest.param("Am Weg 25-27", [0, 3], "text", None, (), id="a-range"),
        pytest.param("Am Weg 25b", [], None, "unknown-house-number", ("A",), id="other-suffix"),
        pytest.param("Am Weg 99", [], None, "unknown-house-number", (), id="no-such-number"),
        pytest.param("Nordwall 3", [], None, "unknown-street", (), id="no-such-street"),
        pytest.param("Am Weg", [], None, "no-house-number", (), id="a-street-only"),
        pytest.param(None, [], None, "no-address", (), id="nothing"),
        pytest.param("", [], None, "no-address", (), id="empty"),
    ],
)
def test_an_address_is_street_and_number_and_nothing_less(
    index, text, parcels, confidence, reason, candidates
):
    keys = texts("A", "B", "C", "D")
    links, unmatched = join_addresses(texts(text), index, keys)
    assert links.parcel.tolist() == parcels
    assert set(sure(links)) <= {confidence}
    assert links.share.tolist() == [1 / len(parcels) for _ in parcels]
    assert unmatched.reason.tolist() == ([] if reason is None else [reason])
    assert unmatched.candidates.tolist() == ([] if reason is None else [candidates])


def test_places_without_a_parcel_tell_missing_from_outside():
    cases = Unmatched.places(Links.none().unlinked(2), np.array([True, False]))
    assert cases.reason.tolist() == ["outside", "no-place"]
    assert cases.candidates.tolist() == [(), ()]
