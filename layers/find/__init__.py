"""One search box: a parcel key in any spelling, an object identifier, or an address.

`search` asks `by_key`, then `by_address`; both look into the `parcels` that the actor sees
and their `book` of addresses. A `result` explains itself in `words`.
"""

from layers.find.result import FindResult, Hit
from layers.find.search import find

__all__ = ["FindResult", "Hit", "find"]
