"""Stated addresses to parcels, by street and house number and nothing less."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_core.addresses import Address, fold_street, list_addresses
from gis_core.merge.links import CONFIDENCES, LinkConfidence, Links, Method
from gis_core.merge.unmatched import Reason, Unmatched

MOST_CANDIDATES = 5


@dataclass(frozen=True, slots=True)
class AddressIndex:
    """Which parcels carry an address, a house number with any suffix, a street at all.

    Parcels are positions in the fabric, each list ascending.
    """

    at: dict[str, tuple[int, ...]]
    beside: dict[str, tuple[int, ...]]
    streets: frozenset[str]


def index_addresses(text: NDArray[np.object_], parcel: NDArray[np.intp]) -> AddressIndex:
    """Index the addresses of parcels.

    Parameters
    ----------
    text
        (n,) what the cadastre says ("Am Weg 25, 27; Dorfstraße 1"), missing as None. Addresses
        without a house number name a street only and are no place.
    parcel
        (n,) intp, the parcel of each text; -1 where it has none.
    """
    at: dict[str, list[int]] = defaultdict(list)
    beside: dict[str, list[int]] = defaultdict(list)
    streets = set()
    for words, owner in zip(text, parcel.tolist(), strict=True):
        for address in _numbered(words) if owner >= 0 else ():
            street = fold_street(address.street)
            at[f"{street} {address.house}"].append(owner)
            beside[f"{street} {address.number}"].append(owner)
            streets.add(street)
    return AddressIndex(
        {k: tuple(sorted(set(v))) for k, v in at.items()},
        {k: tuple(sorted(set(v))) for k, v in beside.items()},
        frozenset(streets),
    )


def join_addresses(
    text: NDArray[np.object_], index: AddressIndex, parcel_key: NDArray[np.object_]
) -> tuple[Links, Unmatched]:
    """Link features to the parcels that carry the address they state.

    Parameters
    ----------
    text
        (n,) addresses as filed ("Hauptstr. 12-16, 47798 Krefeld"), missing as None.
    index
        The parcels' addresses.
    parcel_key
        (m,) text, to name candidates.

    Returns
    -------
    links : Links
        Confidence ``text`` where one parcel carries the address, ``guessed`` where several do:
        then it is one of them, with equal shares. A text with several addresses (a range of
        house numbers) is linked to the parcels of all that are known.
    unmatched : Unmatched
        Features with no known address. Another suffix of the same house number is a candidate,
        never a link: 5 and 5a may be different owners.
    """
    codes, distinct = pd.factorize(text)
    answers = [_ask(words, index) for words in distinct] + [_ask(None, index)]
    feature = np.repeat(np.arange(len(text)), [len(answers[c].parcels) for c in codes])
    links = Links.build(
        feature,
        np.array([p for c in codes for p in answers[c].parcels], np.intp),
        Method.ADDRESS,
        np.array([s for c in codes for s in answers[c].parcels.values()], np.int8),
        share=1 / np.bincount(feature, minlength=len(text))[feature],
    )
    missing = [(i, answers[c]) for i, c in enumerate(codes.tolist()) if not answers[c].parcels]
    return links, Unmatched.of(
        np.array([i for i, _ in missing], np.intp),
        ["" if codes[i] < 0 else str(distinct[codes[i]]) for i, _ in missing],
        [answer.reason for _, answer in missing],
        [tuple(parcel_key[list(answer.beside[:MOST_CANDIDATES])]) for _, answer in missing],
    )


@dataclass(frozen=True, slots=True)
class _Answer:
    """Parcels of a text with their confidence, else the reason and parcels to look at."""

    parcels: dict[int, int]
    reason: str = ""
    beside: tuple[int, ...] = ()


def _ask(words: str | None, index: AddressIndex) -> _Answer:
    addresses = list(_numbered(words))
    found: dict[int, int] = {}
    for address in addresses:
        parcels = index.at.get(address.key, ())
        kind = LinkConfidence.TEXT if len(parcels) == 1 else LinkConfidence.GUESSED
        for parcel in parcels:
            found[parcel] = min(found.get(parcel, len(CONFIDENCES)), CONFIDENCES.index(kind))
    if found:
        return _Answer(found)
    if not addresses:
        named = words is not None and list_addresses(words)
        return _Answer({}, Reason.NO_HOUSE_NUMBER if named else Reason.NO_ADDRESS)
    beside = dict.fromkeys(p for a in addresses for p in index.beside.get(_bare(a), ()))
    known = any(fold_street(a.street) in index.streets for a in addresses)
    reason = Reason.UNKNOWN_HOUSE_NUMBER if known else Reason.UNKNOWN_STREET
    return _Answer({}, reason, tuple(beside))


def _numbered(words: str | None) -> Iterable[Address]:
    """Return the addresses in a text that have a house number."""
    if not isinstance(words, str):
        return ()
    return (a for a in list_addresses(words) if a.number)


def _bare(address: Address) -> str:
    return Address(address.street, address.number, "").key
