"""The history of parcels: what became of those that ended, what was where at a date.

`update` tells it after each import (by `comparing` it with the one before; `stated` are successors
that the source names), and keeps it in a `record` of its own that the store never throws away.
`reading` is how the reader gives it out, as
`model`; `as_of` finds what was valid on a day, `unmatched` are keys that ended in the links.
`work_items` are the tax office's: economic units that touch changed parcels. `former_fabric`
merges by the parcels of a former day.
"""

from layers.history.model import Event, Fate, Link, Successor
from layers.history.reading import ParcelHistory
from layers.history.update import HistoryReport, update_history

__all__ = [
    "Event",
    "Fate",
    "HistoryReport",
    "Link",
    "ParcelHistory",
    "Successor",
    "update_history",
]
