"""Words of rows: told by a loop over all rows and all words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis_core.folding import spelt_words
from gis_core.word_index import WordIndex, read_terms

CELLS = st.none() | st.lists(
    st.sampled_from(
        ["Hüls", "HÜLS", "Schadowplatz", "Straße", "12", "112", "12a", "Ål", "053_049__", "Ωmega"]
    ),
    max_size=4,
).map(" ".join)
TABLES = st.lists(st.tuples(CELLS, CELLS), max_size=12)
ASKED = st.lists(
    st.sampled_from(["hüls", "huels", "huls", "PLATZ", "strasse", "12", "1", "a", "053", ",", "x"]),
    max_size=5,
).map(" ".join)


def holds(row, terms):
    words = {word for cell in row if cell for word in spelt_words(cell)}
    return any(
        all(
            any(w.startswith(word) if word[0].isdigit() else word in w for w in words)
            for word in term
        )
        for term in terms
    )


def built(table):
    columns = list(zip(*table, strict=True)) if table else [(), ()]
    return WordIndex.of(columns, len(table))


@given(TABLES, ASKED)
def test_a_search_finds_the_rows_that_hold_all_words_of_a_term(table, text):
    terms = read_terms(text)
    expected = [i for i, row in enumerate(table) if holds(row, terms)]
    assert built(table).search(terms).tolist() == expected


@given(TABLES, TABLES, st.sets(st.integers(0, 11)), st.randoms())
def test_an_amended_index_is_that_of_the_amended_table(table, added, gone, random):
    left = [row for i, row in enumerate(table) if i not in gone]
    mixed = [(row, False) for row in left] + [(row, True) for row in added]
    random.shuffle(mixed)
    kept_at = [i for i, (_, new) in enumerate(mixed) if not new]
    # Rows that stay keep their order among themselves.
    for at, row in zip(kept_at, left, strict=True):
        mixed[at] = (row, False)
    places = [i for i, (_, new) in enumerate(mixed) if new]
    moved = np.full(len(table), -1)
    moved[[i for i in range(len(table)) if i not in gone]] = kept_at
    rows = [mixed[i][0] for i in places]
    columns = list(zip(*rows, strict=True)) if rows else [(), ()]
    amended = built(table).amended(moved, columns, np.array(places, int), len(mixed))
    anew = built([row for row, _ in mixed])
    for name in ("text", "starts", "ends", "rows"):
        assert getattr(amended, name).tolist() == getattr(anew, name).tolist()


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Ostwall 12", (("ostwall", "12"),)),
        ("Hüls,,HÜLS, Sankt Tönis ", (("huels",), ("st", "toenis"))),
        ("053049-012", (("053049", "012"),)),
        (" ,-;/", ()),
    ],
)
def test_terms_stand_between_commas(text, terms):
    assert read_terms(text) == terms
