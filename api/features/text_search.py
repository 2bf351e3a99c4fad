"""``q``: words that features hold."""

from collections.abc import Mapping

from api.errors import ParameterError
from gis_core.word_index import read_terms
from layers.query import Text
from layers.searching import searchable
from layers.view import CollectionView

PARAMETER = "q"
MOST_TEXT = 400
_MOST_WORDS = 40
_EXPECTED = "one or more words; a comma means or"


def offered(view: CollectionView) -> bool:
    """Tell whether words can be searched for in a collection."""
    taken = PARAMETER in view.called()
    return bool(searchable(view)) and not taken


def read_text(given: Mapping[str, str], view: CollectionView) -> Text | None:
    """Read the words of a request; None where it has none.

    Raises
    ------
    ParameterError
        There is no word in it, or too many are.
    """
    if PARAMETER not in given or not offered(view):
        return None
    text = given[PARAMETER]
    terms = read_terms(text[: MOST_TEXT + 1])
    count = sum(map(len, terms))
    if len(text) > MOST_TEXT or count > _MOST_WORDS:
        raise ParameterError(
            f"q: found {len(text)} characters, {count} words, expected at most {MOST_TEXT} and "
            f"{_MOST_WORDS}",
            parameter=PARAMETER,
            expected=_EXPECTED,
        )
    if not terms:
        raise ParameterError(
            f"q: found {text!r}, expected {_EXPECTED}", parameter=PARAMETER, expected=_EXPECTED
        )
    return Text(terms, searchable(view))
