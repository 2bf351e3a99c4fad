"""The addresses of all parcels, ready to be searched.

The cadastre's texts are kept as they are, beside a crudely folded form in which a
street is found by its letters in one pass over memory; only the few texts that pass
are taken apart. So a book of a city is made in a fraction of a second.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gis_core.addresses import Address, fold_street, list_addresses

MOST_TEXTS = 20_000
"""How many parcels' texts one search takes apart; more share only a first letter."""

_EVEN_OUT = (("ß", "ss"), ("ä", "ae"), ("ö", "oe"), ("ü", "ue"))
_SHORTEN = (("strasse", "str"), ("sankt", "st"), ("platz", "pl"))


class Entry(NamedTuple):
    """One address of one parcel."""

    parcel_key: str
    address: Address
    street: str  # folded


@dataclass(frozen=True)
class AddressBook:
    """Addresses of n parcels; immutable, safe to share between threads.

    Attributes
    ----------
    keys, texts
        (n,) parcel keys and what the cadastre says of their position.
    folded
        (n,) the texts without case, accents, blanks and long endings.
    """

    keys: pa.StringArray
    texts: pa.StringArray
    folded: pa.StringArray

    @classmethod
    def of(cls, keys: Iterable[object], texts: Iterable[object]) -> "AddressBook":
        """Make the book of (n,) keys and texts; missing texts are None or NaN."""
        known = pd.DataFrame({"key": keys, "text": texts}, dtype=object).dropna(subset=["key"])
        column = pa.array(known["text"], type=pa.string(), from_pandas=True).fill_null("")
        return cls(pa.array(known["key"], type=pa.string()), column, _fold_roughly(column))

    def on_street(self, street: str) -> Iterator[Entry]:
        """Yield all addresses whose folded street begins with the given folded one."""
        if not street:
            return
        found = pc.match_substring(self.folded, _shorten(street))
        rows = pc.indices_nonzero(found)[:MOST_TEXTS]
        for key, text in zip(self.keys.take(rows), self.texts.take(rows), strict=True):
            for address in list_addresses(text.as_py()):
                folded = fold_street(address.street)
                if folded.startswith(street):
                    yield Entry(key.as_py(), address, folded)

    def keys_like(self, start: str, end: str = "") -> list[str]:
        """Return the parcel keys with that start and end, sorted."""
        found = pc.and_(pc.starts_with(self.keys, start), pc.ends_with(self.keys, end))
        keys: list[str] = self.keys.filter(found).to_pylist()
        return sorted(keys)


def _fold_roughly(texts: pa.StringArray) -> pa.StringArray:
    folded = pc.utf8_lower(pc.utf8_normalize(texts, "NFKC"))
    for letter, letters in _EVEN_OUT:
        folded = pc.replace_substring(folded, letter, letters)
    folded = pc.utf8_normalize(folded, "NFKD")
    folded = pc.replace_substring_regex(folded, r"[^\p{L}\p{N};,]", "")
    for long, short in _SHORTEN:
        folded = pc.replace_substring(folded, long, short)
    return folded


def _shorten(street: str) -> str:
    for long, short in _SHORTEN:
        street = street.replace(long, short)
    return street
