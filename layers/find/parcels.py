"""The parcels that one actor searches."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from weakref import WeakKeyDictionary

import pandas as pd

from gis_core.districts import DistrictCatalogue
from gis_core.keys import AlkisKeys, Confidence, KeyScheme
from layers.access import Actor
from layers.find.book import AddressBook
from layers.find.result import Hit
from layers.find.words import say
from layers.query import Query
from layers.reader import Reader
from layers.view import CollectionView
from layers.wording import Language

_Shelf = tuple[str, str, str | None]  # role, collection, field with the address
_BOOKS: WeakKeyDictionary[Reader, dict[_Shelf, tuple[int, AddressBook]]]
_BOOKS = WeakKeyDictionary()  # with the generation that each book is of


@dataclass(frozen=True)
class SearchedParcels:
    """The parcels as one actor sees them, now or on a former day, and how to speak of them."""

    reader: Reader
    actor: Actor
    limit: int
    lang: Language
    on: date | None = None

    @cached_property
    def view(self) -> CollectionView:
        """The collection of parcels."""
        return self.reader.parcels(self.actor)

    @property
    def keys(self) -> KeyScheme:
        """How the municipality names its parcels."""
        return self.reader.municipality.keys

    @property
    def catalogue(self) -> DistrictCatalogue | None:
        """The districts, where keys have any."""
        return self.keys.catalogue if isinstance(self.keys, AlkisKeys) else None

    @property
    def key_field(self) -> str:
        """The field with the parcel key."""
        return self.view.spec.relation.key or self.view.spec.identity[0]

    @property
    def address_field(self) -> str | None:
        """The field with the address, if the actor may read it."""
        address = self.view.spec.relation.address
        return address if address in self.view.names else None

    @cached_property
    def book(self) -> AddressBook:
        """All keys and addresses; made once per import where they are no secrets."""
        secret = self.view.classes(filter(None, (self.key_field, self.address_field)))
        if secret or self.on is not None:
            return self._make_book()
        # What is no secret depends on the role alone: one book serves all who have it.
        books = _BOOKS.setdefault(self.reader, {})
        shelf = (self.actor.role, self.view.id, self.address_field)
        generation, book = books.get(shelf, (-1, None))
        if book is None or generation != self.view.generation.number:
            book = self._make_book()
            books[shelf] = (self.view.generation.number, book)
        return book

    def has(self, key: str) -> bool:
        """Tell whether one of the parcels has the key."""
        query = Query(equals={self.key_field: key}, columns=(self.key_field,), geometry=False)
        return len(self._rows(query)) > 0

    def hit(self, key: str, confidence: Confidence) -> Hit:
        """Return the hit for a parcel that was found by its key."""
        address = ""
        field = self.address_field
        if field:
            query = Query(equals={self.key_field: key}, columns=(field,), geometry=False)
            texts = self._rows(query)[field].dropna()
            address = "; ".join(map(str, texts.unique()))
        return Hit("parcel", key, self.label(key), address, confidence)

    def label(self, key: str) -> str:
        """Return a key as people say it."""
        return self.keys.label(key, self.lang)

    def say(self, sentence: str, **facts: object) -> str:
        """Return a sentence in the language of the search."""
        return say(sentence, self.lang, **facts)

    def _rows(self, query: Query) -> pd.DataFrame:
        if self.on is None:
            return self.reader.frame(self.actor, self.view.id, query)
        return self.reader.history(self.actor).frame(query, self.on)

    def _make_book(self) -> AddressBook:
        key, address = self.key_field, self.address_field
        query = Query(columns=(key, address) if address else (key,), geometry=False)
        frame = self._rows(query)
        return AddressBook.of(frame[key], frame[address] if address else [None] * len(frame))
