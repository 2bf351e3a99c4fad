"""Which of the collections are listed: words that they hold, and page by page."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from api.errors import ParameterError
from api.wording import words
from gis_core.folding import spelt_words
from gis_core.word_index import Terms, read_terms
from layers.wording import Language

Document = dict[str, Any]
PARAMETERS = ("q", "limit", "offset")
MOST, MOST_TEXT = 1000, 400
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Listing:
    """What was asked of the list; no ``terms``: everything."""

    given: Mapping[str, str]
    terms: Terms
    limit: int
    offset: int

    def holds(self, *texts: str) -> bool:
        """Tell whether texts hold all words of one of the terms."""
        if not self.terms:
            return True
        own = {word for text in texts for word in spelt_words(text)}
        return any(all(any(w in o for o in own) for w in term) for term in self.terms)

    def page(self, document: Document, url: str, language: Language) -> Document:
        """Return the list of collections, narrowed, with links to the pages beside it."""
        found = [c for c in document["collections"] if self.holds(*_texts(c))]
        shown = found[self.offset : self.offset + self.limit]
        links = list(document["links"])
        if self.offset + self.limit < len(found):
            links.append(self._link("next", self.offset + self.limit, url, language))
        if self.offset:
            links.append(self._link("prev", max(0, self.offset - self.limit), url, language))
        numbers = {"numberMatched": len(found), "numberReturned": len(shown)}
        return {**document, "links": links, "collections": shown, **numbers}

    def _link(self, rel: str, offset: int, url: str, language: Language) -> Document:
        href = f"{url}?{urlencode({**self.given, 'f': 'json', 'offset': str(offset)})}"
        return {"rel": rel, "type": _JSON, "title": words("link", rel, language), "href": href}


EVERYTHING = Listing({}, (), MOST, 0)


def read_listing(given: Mapping[str, str]) -> Listing:
    """Read the parameters of ``/collections``.

    Raises
    ------
    ParameterError
        A value is not allowed.
    """
    text = given.get("q", "")
    terms = read_terms(text[:MOST_TEXT])
    if "q" in given and (not terms or len(text) > MOST_TEXT):
        raise _refused("q", text, f"one or more words, at most {MOST_TEXT} characters")
    return Listing(
        given, terms, min(_whole(given, "limit", MOST, 1), MOST), _whole(given, "offset", 0, 0)
    )


def _texts(collection: Document) -> Sequence[str]:
    told = (collection.get(name, "") for name in ("id", "title", "description"))
    return [*told, *collection.get("keywords", ())]


def _whole(given: Mapping[str, str], name: str, default: int, least: int) -> int:
    text = given.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) < least:
        raise _refused(name, text, f"a whole number, {least} or more")
    return int(text)


def _refused(name: str, found: str, expected: str) -> ParameterError:
    return ParameterError(
        f"{name}: found {found[:80]!r}, expected {expected}", parameter=name, expected=expected
    )
