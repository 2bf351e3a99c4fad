"""One search box: a parcel key in any spelling, an object identifier, or an address."""

from datetime import date

from layers.access import Actor
from layers.find.by_address import find_by_address
from layers.find.by_key import find_by_key
from layers.find.parcels import SearchedParcels
from layers.find.result import FindResult
from layers.reader import Reader
from layers.wording import Language


def find(
    reader: Reader,
    actor: Actor,
    text: str,
    limit: int = 10,
    *,
    lang: Language = "de",
    as_of: date | None = None,
) -> FindResult:
    """Find parcels by key or address.

    Parameters
    ----------
    text
        "3049-12-123/4", "Gem. Hüls Fl. 56 Flst. 7", "DENW…", "Ostwall 12a", "Hauptstr. 5,
        Hüls", the beginning of a street.
    limit
        How many hits at most.
    lang
        Language of labels and explanation.
    as_of
        Search among the parcels of that day.

    Returns
    -------
    FindResult
        Keys come before addresses. A text that finds nothing is explained, not raised.

    Raises
    ------
    UnknownCollectionError
        No parcels are imported, or the actor may not know of them.

    Notes
    -----
    The first search after an import collects all addresses, about 0.4 s of CPU for 80,000
    parcels; the others take milliseconds.
    """
    parcels = SearchedParcels(reader, actor, limit, lang, as_of)
    reading = parcels.keys.read(text)
    by_key = find_by_key(parcels, reading)
    if by_key.hits or reading.problem in {"empty", "object-id"}:
        return by_key
    by_address = find_by_address(parcels, text)
    no_key_at_all = by_key.problem in {"unknown-district-name", "nothing-known"}
    return by_address if by_address.hits or (no_key_at_all and by_address.explanation) else by_key
