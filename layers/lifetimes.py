"""When features were: which fields tell, and what a period asks of them.

A feature that is nowhere in time is in every period. A lifetime ends when that of what comes
after it begins: on the day of a change, the new is what counts.
"""

from gis_core.filters import ast
from gis_core.filters.ast import Condition, Filter, Prop
from gis_core.periods import Instant, Period
from layers.queryables import field_type
from layers.spec import TimeSpec
from layers.view import CollectionView


def lifetime(view: CollectionView) -> TimeSpec | None:
    """Return which fields that the actor may read tell when features were, None where none does."""
    stated = view.spec.lifetime
    if stated is None:
        return None
    told = {
        side: name if (name := getattr(stated, side)) in view.names else None
        for side in ("at", "begin", "end")
    }
    return TimeSpec(**told) if any(told.values()) else None


def hidden_time(view: CollectionView) -> bool:
    """Tell whether a field that tells when features were is there and not for the actor to read."""
    stored = {column.name for column in view.table.schema.columns}
    stated = view.spec.lifetime.fields() if view.spec.lifetime else ()
    return any(name in stored and name not in view.names for name in stated)


def temporal(view: CollectionView, name: str) -> Prop:
    """Return a field of a collection as a filter names it."""
    return Prop(name, type=field_type(view.spec.field(name)))


def happened(at: Prop, period: Period) -> Condition | None:
    """Return the condition that a moment lies in a period, None where the period is open."""
    if period.start is None and period.end is None:
        return None
    span = ast.Interval(_literal(period.start), _literal(period.end))
    return ast.Or((ast.IsNull(at), ast.Temporal("t_intersects", at, span)))


def lived(begin: Prop | None, end: Prop | None, period: Period) -> Condition | None:
    """Return the condition that a lifetime meets a period, None where every one does."""
    parts: list[Condition] = []
    first, last = _literal(period.start), _literal(period.end)
    if begin is not None and last is not None:
        parts.append(ast.Or((ast.IsNull(begin), ast.Compare("<=", begin, last))))
    if end is not None and first is not None:
        parts.append(ast.Or((ast.IsNull(end), ast.Compare(">", end, first))))
    return all_of(parts)


def begun_unless(key: Prop, begin: Prop | None, later: tuple[str, ...]) -> Condition:
    """Return the condition that a parcel of which nobody says when it began is not among some."""
    known = () if begin is None else (ast.Not(ast.IsNull(begin)),)
    listed = ast.In(key, tuple(ast.Literal(k) for k in later))
    return ast.Or((*known, ast.IsNull(key), ast.Not(listed)))


def all_of(parts: list[Condition]) -> Condition | None:
    """Return the condition that all of them hold, None where there are none."""
    if len(parts) < 2:
        return parts[0] if parts else None
    return ast.And(tuple(parts))


def where(wanted: Filter | None, condition: Condition | None, text: str) -> Filter | None:
    """Return a filter that asks for a condition besides."""
    if condition is None:
        return wanted
    return Filter(condition, text) if wanted is None else wanted.also(condition, text)


def _literal(instant: Instant | None) -> ast.Literal | None:
    return None if instant is None else ast.Literal(instant)
