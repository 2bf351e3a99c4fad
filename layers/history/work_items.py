"""Work for the tax office: economic units that touch changed parcels.

A tax object belongs to the parcels that the office wrote into it. When one of them is split, merged
or measured anew, nobody but the office may move the link, so each such case is told: which
object, which key, what happened, what came after it. The items are tax secrets like the links
they speak of; they are made for whoever may read those, and stored nowhere.

Source: BewG § 2 (economic unit); Bodenschätzungserlass NRW 2023 (the cadastral office notifies
the tax office of changes).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pandas as pd

from layers.access import Actor, link_access
from layers.errors import AccessError
from layers.history.model import Event
from layers.history.reading import ParcelHistory
from layers.query import Query
from layers.reader import Reader
from layers.spec import Access, Join
from layers.view import NO_PURPOSE, CollectionView


@dataclass(frozen=True, slots=True)
class WorkItem:
    """An economic unit that touches a changed parcel.

    Attributes
    ----------
    collection, feature_id
        The tax object.
    parcel_key
        The key that it states.
    ended
        Whether the key has ended; else the parcel changed and kept it.
    day
        When; None where nothing says.
    event
        What happened; None where the parcel's ground is not known.
    successors
        Current parcels on the ground of an ended one.
    """

    collection: str
    feature_id: str
    parcel_key: str
    ended: bool
    day: date | None
    event: Event | None
    successors: tuple[str, ...]


def work_items(reader: Reader, actor: Actor) -> tuple[WorkItem, ...]:
    """Return the open items, by day and object.

    An item is open as long as the tax register states a key that has ended. Where the parcel kept
    its key, it is open until the register is imported with a later date than the event's.

    Raises
    ------
    AccessError
        The role may not read tax links, or states no purpose. Reading is logged.
    UnknownCollectionError
        No parcels are imported.
    """
    views = [view for view in reader.collections(actor) if _states_tax_links(view)]
    if not views:
        raise AccessError("tax links may not be read", advice=NO_PURPOSE, role=actor.role)
    history = reader.history(actor)
    parcels = reader.parcels(actor)
    key = parcels.spec.relation.key or ""
    rows = reader.frame(actor, parcels.id, Query(columns=(key,), geometry=False))
    current = frozenset(rows[key].dropna())
    items = [item for view in views for item in _items(reader, actor, view, history, current)]
    return tuple(
        sorted(items, key=lambda i: (i.day or date.min, i.collection, i.feature_id, i.parcel_key))
    )


def _states_tax_links(view: CollectionView) -> bool:
    secret = link_access(view.spec) is Access.TAX_SECRET
    return secret and view.linked and view.spec.relation.by is Join.KEY


def _items(
    reader: Reader,
    actor: Actor,
    view: CollectionView,
    history: ParcelHistory,
    current: frozenset[str],
) -> Iterator[WorkItem]:
    stated = _stated(reader, actor, view)
    fates = history.fates(sorted(set(stated) - current))
    info = view.generation
    known = info.data_date or info.imported_at.date()
    changed = history.changed_since(known, sorted(set(stated) & current))
    for feature_id, key in zip(stated.index, stated, strict=True):
        if key in fates:
            fate = fates[key]
            after = fate.successor_keys
            yield WorkItem(view.id, str(feature_id), key, True, fate.ended_on, fate.event, after)
        for event in changed.get(key, ()):
            yield WorkItem(view.id, str(feature_id), key, False, event.day, event, ())


def _stated(reader: Reader, actor: Actor, view: CollectionView) -> "pd.Series[str]":
    """Return each key that an object states, by the object."""
    field = view.spec.field(view.spec.relation.key or "")
    query = Query(columns=(field.name,), geometry=False)
    cells = reader.frame(actor, view.id, query)[field.name].dropna().astype(object)
    keys: pd.Series[str] = cells.str.split(" ").explode() if field.separators else cells
    return keys
