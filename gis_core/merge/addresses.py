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
    at: dict[str, set[int]] = defaultdict(set)
    beside: dict[str, set[int]] = defaultdict(set)
    streets = set()
    for words, owner in zip(text, parcel.tolist(), strict=True):
        for address in _numbered(words) if owner >= 0 else ():
            at[address.key].add(owner)
            beside[_bare(address)].add(owner)
            streets.add(fold_street(address.street))
    return AddressIndex(
        {k: tuple(sorted(v)) for k, v in at.items()},
        {k: tuple(sorted(v)) for k, v in beside.items()},
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
    pairs: list[tuple[int, int, int, float]] = []
    missing: list[tuple[int, str, str, tuple[str, ...]]] = []
    for feature, code in enumerate(codes.tolist()):
        found, reason, beside = answers[code]
        share = 1 / len(found) if found else 0.0
        pairs += [(feature, parcel, sure, share) for parcel, sure in found.items()]
        if not found:
            words = "" if code < 0 else str(distinct[code])
            near = tuple(str(k) for k in parcel_key[list(beside[:5])])
            missing.append((feature, words, reason, near))
    at, parcel, sure, shares = (
        map(np.array, zip(*pairs, strict=True)) if pairs else [np.empty(0)] * 4
    )
    links = Links.build(
        at.astype(np.intp),
        parcel.astype(np.intp),
        Method.ADDRESS,
        sure.astype(np.int8),
        share=shares,
    )
    columns = [list(c) for c in zip(*missing, strict=True)] or [[], [], [], []]
    return links, Unmatched.of(np.array(columns[0], np.intp), *columns[1:])


def _ask(words: str | None, index: AddressIndex) -> tuple[dict[int, int], str, tuple[int, ...]]:
    """Return the parcels of a text with their confidence, else the reason and candidates."""
    addresses = list(_numbered(words))
    found: dict[int, int] = {}
    for address in addresses:
        parcels = index.at.get(address.key, ())
        kind = LinkConfidence.TEXT if len(parcels) == 1 else LinkConfidence.GUESSED
        for parcel in parcels:
            found[parcel] = min(found.get(parcel, len(CONFIDENCES)), CONFIDENCES.index(kind))
    if found:
        return found, "", ()
    if not addresses:
        named = words is not None and list_addresses(words)
        return {}, Reason.NO_HOUSE_NUMBER if named else Reason.NO_ADDRESS, ()
    beside = [p for a in addresses for p in index.beside.get(_bare(a), ())]
    known = any(fold_street(a.street) in index.streets for a in addresses)
    reason = Reason.UNKNOWN_HOUSE_NUMBER if known else Reason.UNKNOWN_STREET
    return {}, reason, tuple(dict.fromkeys(beside))


def _numbered(words: str | None) -> Iterable[Address]:
    """Return the addresses in a text that have a house number."""
    if not isinstance(words, str):
        return ()
    return (a for a in list_addresses(words) if a.number)


def _bare(address: Address) -> str:
    return Address(address.street, address.number, "").key
