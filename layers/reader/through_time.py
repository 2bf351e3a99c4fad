"""Features as they were in a period: today's, and of those that have ended what is known."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import pandas as pd

from gis_core.filters import ast
from gis_core.filters.ast import Condition, Filter, Prop, Type
from gis_core.periods import Period
from gis_core.store import HISTORY, GenerationInfo, Query, Rows
from layers.access import Actor
from layers.history.record import VALID_FROM, VALID_TO, lineage_table, version_table
from layers.lifetimes import (
    all_of,
    begun_unless,
    happened,
    hidden_time,
    lifetime,
    lived,
    temporal,
)
from layers.reader.door import Door
from layers.reader.several import Part, Several
from layers.spec import ENDED, FieldType, Join, TimeSpec
from layers.view import CollectionView

_SAID = "datetime"
EVER = Period(None, None)
Moment = date | datetime
_MOST_REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class During:
    """In which period features are wanted.

    Attributes
    ----------
    told
        Number of the generation of the history; 0: none, None: the one that `past` names.
    """

    period: Period
    told: int | None = None


class ThroughTime(Door):
    """Answers features of a period."""

    def __init__(self, **made_of: Any) -> None:  # noqa: ANN401 - those of `Door`
        super().__init__(**made_of)
        self._memory: dict[Hashable, Any] = {}

    def past(self, view: CollectionView, told: int | None = None) -> CollectionView | None:
        """Return the former versions of a collection, as far as the history was told of its import.

        Parameters
        ----------
        told
            Of the history's generation with that number; None: of the newest that knows of no
            later import.

        Returns
        -------
        None where there is no history, or that generation is no longer kept, and where the actor
        may not read when features were.
        """
        served, table = self._store.served().get(HISTORY), version_table(view.id)
        if served is None or told == 0 or view.spec.relation.by is not Join.SELF:
            return None
        if hidden_time(view):
            return None
        layer, number = view.layer.id, view.generation.number

        def fits(info: GenerationInfo) -> bool:
            return info.number == told if told else info.inputs.get(layer, 0) <= number

        if not fits(served):
            earlier = reversed(self._store.generations(HISTORY))
            served = next((info for info in earlier if fits(info)), served)
        known = served.table(table) if fits(served) else None
        return None if known is None else replace(view, generation=served, table=known)

    def interval(self, actor: Actor, collection: str) -> tuple[Moment | None, Moment | None] | None:
        """Return from when to when features of a collection are, None for an open end.

        None where no field that the actor may read tells, or none of them says anything.
        """
        view = self.view(actor, collection)
        time = lifetime(view)
        if time is None or view.classes(time.fields()):
            return None
        rows = self._rows_in(view, During(EVER))
        first, last = time.at or time.begin, time.at or time.end
        found = self._remembered(
            ("interval", view, self.past(view)),
            lambda: (_first(rows, view, first), _last(rows, view, last)),
        )
        return None if found == (None, None) else found

    # -- for those who answer ----------------------------------------------------------

    def _rows_in(self, view: CollectionView, during: During | None) -> Rows | Several:
        """Return the rows of a collection, today's or those of a period.

        A collection that is nowhere in time is in every period.
        """
        rows, time = self._rows(view), lifetime(view)
        past = None if during is None else self.past(view, during.told)
        if during is None or (time is None and past is None):
            return rows
        time = time or TimeSpec.model_construct(at=None, begin=None, end=None)
        if time.at is not None:
            return Several((Part(rows, view.id, happened(temporal(view, time.at), during.period)),))
        begin, end = (None if n is None else temporal(view, n) for n in (time.begin, time.end))
        now = [lived(begin, end, during.period), self._not_later(view, begin, past, during.period)]
        parts = [Part(rows, view.id, all_of([c for c in now if c is not None]), _SAID)]
        if past is not None:
            parts.append(self._versions(past, time, during.period))
        elif view.generation.table(view.id + ENDED) is not None and not hidden_time(view):
            parts.append(Part(rows, view.id + ENDED, lived(begin, end, during.period), _SAID))
        return Several(tuple(parts))

    def _versions(self, past: CollectionView, time: TimeSpec, period: Period) -> Part:
        """Return the former versions that lived in a period.

        The history knows when they ended, even where the source did not say it.
        """
        names = ((time.begin, VALID_FROM), (time.end, VALID_TO))
        instants = {f.name for f in past.fields if f.type is FieldType.DATETIME}
        return Part(
            self._rows(past),
            version_table(past.id),
            lived(Prop(VALID_FROM, type=Type.DATETIME), Prop(VALID_TO, type=Type.DATETIME), period),
            _SAID,
            {own: known for own, known in names if own in instants},
        )

    def _not_later(
        self, view: CollectionView, begin: Prop | None, past: CollectionView | None, period: Period
    ) -> Condition | None:
        """Return the condition that a parcel whose begin nobody states had not to come yet.

        The history knows since when its key is there.
        """
        key = view.spec.relation.key
        if past is None or period.end is None or key is None or key not in view.names:
            return None
        rows = self._rows(view)
        if begin is not None and not self._remembered(
            ("unknown", view, None), lambda: _any_missing(rows, view, begin.name)
        ):
            return None
        at = Prop("at", type=Type.DATETIME)
        after = ast.Compare(">", at, ast.Literal(period.end))
        links = self._rows(past).frame(
            lineage_table(view.id), Query(where=Filter(after, _SAID), columns=("new_key",))
        )
        later = tuple(sorted(links["new_key"].dropna().unique()))
        return begun_unless(temporal(view, key), begin, later) if later else None

    def _remembered[Made](
        self, key: tuple[str, CollectionView, CollectionView | None], make: Callable[[], Made]
    ) -> Made:
        """Return what was found of an import before, else find it."""
        name, *views = key
        made_from = [
            (v.id, v.names, v.generation.number, v.generation.imported_at) for v in views if v
        ]
        known: Made | None = self._memory.get((name, *made_from))
        if known is None:
            if len(self._memory) >= _MOST_REMEMBERED:
                self._memory.clear()
            known = self._memory[(name, *made_from)] = make()
        return known


def _first(rows: Rows | Several, view: CollectionView, name: str | None) -> Moment | None:
    return None if name is None else _outermost(rows, view, name, down=False)


def _last(rows: Rows | Several, view: CollectionView, name: str | None) -> Moment | None:
    """Return the latest end; None where something has not ended."""
    if name is None:
        return None
    lasting = view.spec.lifetime is not None and view.spec.lifetime.at is None
    if lasting and _any_missing(rows, view, name):
        return None
    return _outermost(rows, view, name, down=True)


def _any_missing(rows: Rows | Several, view: CollectionView, name: str) -> bool:
    missing = Filter(ast.IsNull(temporal(view, name)), name)
    query = Query(where=missing, columns=(), limit=1, geometry=False)
    return len(rows.frame(view.id, query, released=view.names)) > 0


def _outermost(
    rows: Rows | Several, view: CollectionView, name: str, *, down: bool
) -> Moment | None:
    known = Filter(ast.Not(ast.IsNull(temporal(view, name))), name)
    query = Query(where=known, columns=(name,), sort=((name, down),), limit=1, geometry=False)
    found = rows.frame(view.id, query, released=view.names)[name]
    if not len(found):
        return None
    moment = pd.Timestamp(found.iloc[0]).to_pydatetime()
    return moment.date() if view.spec.field(name).type is FieldType.DATE else moment
