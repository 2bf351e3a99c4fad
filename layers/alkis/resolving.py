"""Deliveries of changes against what is stored: which rows end, begin, or are told anew."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from gis_core.faults import Fault, Outcome
from layers.alkis import buildings, parcels
from layers.alkis.deliveries import Delivery
from layers.alkis.objects import (
    BOOKING,
    KEPT,
    MAIN,
    NAMES,
    Graph,
    Objects,
    StoredObject,
    edges,
    kept_values,
    name_of,
)
from layers.alkis.versions import Life, Lives, Version, misfit, object_id, read_moment
from layers.errors import DeliveryError
from layers.formats.chunks import Chunks
from layers.formats.gml_feature import Feature, Values
from layers.formats.nas.changes import Change, Operation
from layers.formats.nas.classes import read_classes
from layers.source import SourceTable

PARCELS, BUILDINGS, USES = "flurstueck", "gebaeude_bauwerk", "nutzung"
OWNERS = "flurstueck_eigentuemer"

Misfit = Callable[[Change, DeliveryError], None]


@dataclass(slots=True)
class Resolved:
    """What deliveries come to.

    Attributes
    ----------
    ended
        Stored versions of parcels, buildings and uses that ended.
    new
        Their new versions, each with what brought it.
    dropped
        Stored parcels whose key an older one has that was delivered now.
    refreshed
        Stored ones that need an object that changed.
    beside
        The objects that ``new`` and ``refreshed`` need to be translated.
    kept
        What is to be remembered of every touched object; None for those that ended.
    unbooked
        Parcels with a booking that is not there.
    counts
        Operations by file and kind, ``ignored`` for those that changed nothing.
    """

    ended: list[Version] = field(default_factory=list)
    new: list[Version] = field(default_factory=list)
    dropped: list[Version] = field(default_factory=list)
    refreshed: list[StoredObject] = field(default_factory=list)
    beside: list[Feature] = field(default_factory=list)
    kept: list[tuple[Version, Values | None]] = field(default_factory=list)
    unbooked: int = 0
    booked: bool = False
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def resolve(
    objects: Objects,
    deliveries: Iterable[tuple[Delivery, list[Change]]],
    on_misfit: Misfit | None = None,
) -> Resolved:
    """Apply deliveries to the stored objects.

    Parameters
    ----------
    deliveries
        In the order of their time, each with its operations in document order.
    on_misfit
        Called with an operation that does not fit, which is then left out; without it such an
        operation stops everything.

    Raises
    ------
    DeliveryError
        An operation does not fit what is stored, or the result could not be: an object with
        two open versions, one that ends before it begins, versions that overlap, a parcel whose
        booking does not exist although bookings are delivered.

    Notes
    -----
    Cost grows with the operations and what needs the objects they touch, not with what is stored,
    except where the name of a district or town changes: then all parcels are looked through.
    """
    planned = [(d, [c for c in changes if c.kind in KEPT]) for d, changes in deliveries]
    every = {object_id(c) for _, changes in planned for c in changes}
    targets = {c.target[:16] for _, changes in planned for c in changes}
    lives = Lives.of(objects.versions((every | targets) - {""}))
    resolved = Resolved()
    for delivery, changes in planned:
        at = delivery.time or _newest(changes)
        for change in changes:
            done = _apply(lives, change, at, on_misfit)
            tally = resolved.counts.setdefault(change.file, defaultdict(int))
            tally[change.operation.value if done else "ignored"] += 1
    lives.check()
    _sort_out(lives, objects, resolved)
    _join(lives, objects, resolved, on_misfit)
    return resolved


def _apply(lives: Lives, change: Change, at: str, on_misfit: Misfit | None) -> bool:
    try:
        return lives.apply(change, at)
    except DeliveryError as error:
        if on_misfit is None:
            raise
        on_misfit(change, error)
        known = lives.objects.get(object_id(change)) or Life()
        lost = error.fields.get("reason") == "nba-predecessor-missing"
        if lost and change.operation is Operation.REPLACE and not known.open:
            # What was to be replaced is unknown, what replaces it is not.
            return _apply(lives, replace(change, operation=Operation.INSERT), at, on_misfit)
        return False


def _newest(changes: Iterable[Change]) -> str:
    """Return the newest moment that a delivery speaks of, where it states none of its own."""
    stated = [c.ends for c in changes]
    stated += [
        c.feature.values.get("lebenszeitintervall.beginnt", [None])[0]
        for c in changes
        if c.feature is not None
    ]
    return max((read_moment(text) or "" for text in stated if text), default="")


def _sort_out(lives: Lives, objects: Objects, resolved: Resolved) -> None:
    """Tell what ended, what is new, and what is to be remembered of each object."""
    for _, life in lives.touched():
        ended = life.ended
        if ended is not None and ended.kind in MAIN:
            resolved.ended.append(ended)
        resolved.new += [v for v in life.new if v.kind in MAIN]
        last = (life.open or sorted(life.versions, key=lambda v: v.begins))[-1]
        values = None if last.change is None else version_values(last)
        resolved.kept.append((last, values if last.ends is None else None))
    _drop_repeated(objects, resolved)


def _drop_repeated(objects: Objects, resolved: Resolved) -> None:
    """Of parcels that two offices deliver under one key, keep the older one."""
    touched = {version.oid for version, _ in resolved.kept}
    holders: dict[str, list[Version]] = defaultdict(list)
    for version in resolved.new:
        if version.kind == parcels.CURRENT and version.ends is None:
            holders[parcel_key(version)].append(version)
    twins = [
        s for s in objects.with_keys([k for k in holders if k]) if s.version.oid not in touched
    ]
    shown = objects.shown(PARCELS, [row_of(s.version)[1] for s in twins])
    for stored in twins:
        if stored.key and row_of(stored.version)[1] in shown:
            holders[stored.key].append(stored.version)
    for key, versions in holders.items():
        kept, *repeated = sorted(versions, key=lambda v: (v.begins, v.oid))
        for version in repeated if key else ():
            _drop(version, kept, key, resolved)


def _drop(version: Version, kept: Version, key: str, resolved: Resolved) -> None:
    """Leave a parcel out; it is remembered without its values, so that it can end."""
    if version.change is None:
        resolved.dropped.append(version)
    else:
        resolved.new.remove(version)
    others = [(v, values) for v, values in resolved.kept if v.oid != version.oid]
    resolved.kept = [*others, (version, None)]
    change = version.change or kept.change
    if change is not None:
        found, expected = f"{key} of {version.oid}", f"a key that {kept.oid} has not: it is older"
        resolved.faults.append(
            Fault(
                change.file,
                change.row,
                "flurstueckskennzeichen",
                found,
                expected,
                "border-parcel-repeated",
                Outcome.NOTED,
            )
        )


def _join(lives: Lives, objects: Objects, resolved: Resolved, on_misfit: Misfit | None) -> None:
    """Find what is told anew, and what it needs."""
    now = {
        v.oid: StoredObject(v, None, values) for v, values in resolved.kept if values is not None
    }
    changed = {version.oid for version, _ in resolved.kept}
    links = tuple(e for o in now.values() for e in edges(o.version.oid, o.version.kind, o.values))
    graph = Graph(objects, changed, links)
    beside = {v.oid for v, _ in resolved.kept if v.kind not in MAIN}
    users = graph.users(beside) | _renamed(objects, beside, now)
    resolved.refreshed = [o for o in objects.load(users - changed) if o.version.kind in MAIN]
    wanted = {v.oid for v in resolved.new} | {o.version.oid for o in resolved.refreshed}
    needed = graph.needed(wanted)
    stored = {o.version.oid: o for o in objects.load(needed - changed)}
    names = {o.version.oid: o for o in objects.of_classes(NAMES) if o.version.oid not in changed}
    there = stored | names | {oid: o for oid, o in now.items() if o.version.kind not in MAIN}
    resolved.beside = [o.feature for _, o in sorted(there.items()) if o.version.kind not in MAIN]
    resolved.booked = objects.has(BOOKING) or any(o.version.kind == BOOKING for o in now.values())
    _check_bookings(lives, resolved, there, on_misfit)


def _renamed(objects: Objects, beside: Iterable[str], now: Mapping[str, StoredObject]) -> set[str]:
    """Return all parcels when the name of a district or town is another one than before."""
    before = {o.version.oid: name_of(o.values) for o in objects.load(list(beside)) if _names(o)}
    after = {oid: name_of(o.values) for oid, o in now.items() if _names(o)}
    if before == after or set(before.values()) == set(after.values()):
        return set()
    return {o.version.oid for o in objects.of_classes({parcels.CURRENT})}


def _names(stored: StoredObject) -> bool:
    return stored.version.kind in NAMES


def _check_bookings(
    lives: Lives,
    resolved: Resolved,
    there: Mapping[str, StoredObject],
    on_misfit: Misfit | None,
) -> None:
    """Refuse parcels whose booking does not exist; without any bookings, count them."""
    for parcel, bookings, change in _bookings(resolved):
        absent = [b[:16] for b in bookings if b[:16] not in there]
        if not absent:
            continue
        resolved.unbooked += change is not None
        if change is None and absent[0] in lives.objects:
            change = lives.objects[absent[0]].touched  # noqa: PLW2901 - what took the booking away
        if resolved.booked and change is not None:
            found, expected = f"{parcel} istGebucht {absent[0]}", "an AX_Buchungsstelle that exists"
            error = misfit(change, "nba-booking-missing", found, expected)
            if on_misfit is None:
                raise error
            on_misfit(change, error)


def _bookings(resolved: Resolved) -> Iterator[tuple[str, list[str], Change | None]]:
    """Yield the bookings of each parcel that is new, or is told anew: then nothing brought it."""
    for version in resolved.new:
        if version.kind == parcels.CURRENT and version.ends is None:
            yield version.oid, version_values(version).get("istGebucht", []), version.change
    for stored in resolved.refreshed:
        if stored.version.kind == parcels.CURRENT:
            yield stored.version.oid, stored.values.get("istGebucht", []), None


# -- as tables -------------------------------------------------------------------------


def version_values(version: Version) -> Values:
    """Return the values of a new version as they are kept, with its end and reasons."""
    if version.change is None or version.change.feature is None:
        return {}
    values = kept_values(version.kind, version.change.feature.values)
    values["gml_id"] = [version.oid]
    if version.ends is not None:
        values["lebenszeitintervall.endet"] = [version.ends]
    if version.reasons:
        values["anlass"] = [*values.get("anlass", ()), *version.reasons]
    return values


def parcel_key(version: Version) -> str:
    """Return the key of a new version of a parcel, empty where it has none."""
    return version_values(version).get("flurstueckskennzeichen", [""])[0]


def new_tables(versions: Iterable[Version]) -> Iterator[SourceTable]:
    """Yield new versions as their readers would, in the order of files and operations."""
    collectors: dict[str, Chunks] = {}
    for version in versions:
        change = version.change
        if change is None or change.feature is None:
            continue
        feature = replace(change.feature, values=version_values(version))
        chunks = collectors.setdefault(change.file, Chunks(change.file, read_classes()))
        yield from chunks.add(change.row, feature)
    for chunks in collectors.values():
        yield from chunks.rest()


def feature_tables(features: Iterable[Feature], file: str) -> Iterator[SourceTable]:
    """Yield stored objects as tables."""
    chunks = Chunks(file, read_classes())
    for row, feature in enumerate(features, 1):
        yield from chunks.add(row, feature)
    yield from chunks.rest()


def row_of(version: Version) -> tuple[str, str]:
    """Return the collection of a parcel, building or use, and the id of its row there."""
    if version.kind in parcels.KINDS:
        return PARCELS, f"{version.oid}FL"
    if version.kind in buildings.KINDS:
        return BUILDINGS, f"{version.oid}BL"
    return USES, f"{version.oid}TN"
