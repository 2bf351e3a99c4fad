"""Which rows a dossier is about: the current parcel, a former one, or one as it was."""

from dataclasses import dataclass
from datetime import date, timedelta

import geopandas as gpd
import shapely
from shapely.geometry.base import BaseGeometry

from layers.access import Actor
from layers.dossier.facts import hint
from layers.dossier.model import Ended, Fact, Happening, Section
from layers.dossier.past import end_sentence, ended, happening
from layers.errors import EndedParcelError, UnknownCollectionError, UnknownParcelError
from layers.history import Fate
from layers.query import Query
from layers.reader import Reader
from layers.spec import Title
from layers.view import CollectionView
from layers.wording import format_date

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Shown:
    """A parcel's rows, of which day they are, and what is known of its history.

    Attributes
    ----------
    on
        The day that they are of; None: now.
    current
        Whether they are those of the current parcel, which registers are linked to.
    since
        Where the day is before the record's beginning, that day.
    """

    rows: gpd.GeoDataFrame
    on: date | None
    current: bool
    ended: Ended | None
    history: tuple[Happening, ...]
    since: date | None

    @property
    def geometry(self) -> BaseGeometry:
        """The parcel's shape."""
        return whole(self.rows)

    def read(
        self, reader: Reader, actor: Actor, parcels: CollectionView, query: Query
    ) -> gpd.GeoDataFrame:
        """Return other parcels of the same day."""
        return _frame(reader, actor, parcels, query, self.on)

    def hints(self, sections: tuple[Section, ...]) -> tuple[Fact, ...]:
        """Return what must be said of the time that the dossier shows."""
        if self.on is None:
            return ()
        said = [hint(end_sentence(self.ended))] if self.ended else []
        said.append(hint("as_of", day=_day(self.on)))
        titles = [section.title for section in sections]
        if titles:
            names: Title = {"de": "", "en": ""}
            for lang in names:
                names[lang] = ", ".join(title[lang] for title in titles)
            said.append(hint("of_today", layers=names))
        if self.since:
            said.append(hint("before_record", day=_day(self.since)))
        return tuple(said)


def look_up(
    reader: Reader, actor: Actor, parcels: CollectionView, key: str, as_of: date | None
) -> Shown:
    """Find the parcel with a canonical key, as it is or as it was.

    Raises
    ------
    EndedParcelError, UnknownParcelError
        As in `layers.dossier.build_dossier`.
    """
    history = reader.history(actor)
    query = Query(equals={parcels.spec.relation.key or "": key})
    now = _frame(reader, actor, parcels, query, None)
    fate = None if len(now) else history.fate(key)
    on = as_of
    if as_of is None and fate is not None and fate.ended_on is not None:
        on = fate.ended_on - _DAY
    rows = now if on is None else _frame(reader, actor, parcels, query, on)
    if rows.empty or shapely.is_missing(whole(rows)):
        raise _absent(key, fate, as_of)
    keys = reader.municipality.keys
    begun = history.since
    return Shown(
        rows=rows,
        on=on,
        current=rows.index.equals(now.index),
        ended=ended(fate, keys),
        history=tuple(happening(event, keys) for event in history.events(key)),
        since=begun if on and begun and on < begun else None,
    )


def whole(rows: gpd.GeoDataFrame) -> BaseGeometry:
    """Return the parcel's geometry; some sources deliver it in several rows."""
    pieces = rows.geometry.to_numpy()
    together: BaseGeometry = pieces[0] if len(pieces) == 1 else shapely.union_all(pieces)
    return together


def record_of(rows: gpd.GeoDataFrame) -> dict[str, object]:
    """Return the fields of the parcel's first row."""
    return {str(name): value for name, value in rows.iloc[0].items()}


def ended_error(key: str, fate: Fate) -> EndedParcelError:
    """Return the error that tells how a parcel ended and what came after it."""
    facts: dict[str, str | tuple[str, ...]] = {"successors": fate.successor_keys}
    since = ""
    if fate.ended_on is not None:
        since = f" on {fate.ended_on.isoformat()}"
        facts["ended_on"] = fate.ended_on.isoformat()
    if fate.event is not None:
        since += f" ({fate.event.kind})"
        facts["event"] = fate.event.kind
    after = ", ".join(fate.successor_keys)
    return EndedParcelError(
        f"parcel {key} ended{since}" + (f"; successors: {after}" if after else ""),
        advice="Ask for its successors, or for the parcel as it was: as_of=DATE."
        if after
        else "No successors are known. Look for parcels near its place.",
        parcel_key=key,
        **facts,
    )


def _absent(
    key: str, fate: Fate | None, as_of: date | None
) -> EndedParcelError | UnknownParcelError:
    if fate is not None and (as_of is None or fate.ended_on is None or fate.ended_on <= as_of):
        return ended_error(key, fate)
    what = "current parcel has" if as_of is None else "parcel had"
    when = "" if as_of is None else f" on {as_of.isoformat()}"
    return UnknownParcelError(
        f"no {what} the key {key}{when}",
        advice="Search with: flurbuch find TEXT",
        parcel_key=key,
    )


def _frame(
    reader: Reader, actor: Actor, parcels: CollectionView, query: Query, on: date | None
) -> gpd.GeoDataFrame:
    if on is None:
        rows = reader.frame(actor, parcels.id, query)
    else:
        rows = reader.history(actor).frame(query, on)
    if not isinstance(rows, gpd.GeoDataFrame):
        raise UnknownCollectionError(f"collection {parcels.id} has no geometry")
    return rows.sort_index()


def _day(day: date) -> Title:
    return {"de": format_date(day, "de"), "en": format_date(day, "en")}
