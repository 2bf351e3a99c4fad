"""The life of objects: versions that begin and end, and what a delivery of changes does to them.

An object is its 16 characters; a version is the object and the moment it begins. A version without
an end is open: it holds now. Nothing here reads or writes; the versions that are stored are given.

Source of the rules: GeoInfoDok, NBA procedure; their reading as proven in practice by norBIT's
ALKIS import: a deleted object ends when it is delivered, a replaced one when its successor
begins, an updated one when the update says.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise

from layers.errors import DeliveryError
from layers.formats.nas.changes import Change, Operation

OBJECT_ID = 16
VERSION_ID = 32

_BEGINS = "lebenszeitintervall.beginnt"
_ENDS = "lebenszeitintervall.endet"
_REASONS = "anlass"
_IN_ORDER = (
    "Apply the deliveries in their order; where one is lost, ask the cadastral office for a "
    "new first delivery and import that."
)


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an object.

    Attributes
    ----------
    oid, kind
        Object and its class.
    begins, ends
        ``YYYY-MM-DDThh:mm:ssZ``; no end: it is open.
    reasons
        Why it ended, as updates say.
    change
        What brought it; None for a version that is stored.
    """

    oid: str
    kind: str
    begins: str
    ends: str | None = None
    reasons: tuple[str, ...] = ()
    change: Change | None = None


@dataclass(slots=True)
class Life:
    """All known versions of one object: the stored one as it was, and all as they are now."""

    stored: Version | None = None
    versions: list[Version] = field(default_factory=list)
    touched: Change | None = None

    @property
    def ended(self) -> Version | None:
        """The stored version with its end, when a delivery ended it."""
        if self.stored is None or self.stored.ends is not None:
            return None
        return next((v for v in self.versions if v.change is None and v.ends is not None), None)

    @property
    def new(self) -> list[Version]:
        """The versions that deliveries brought, oldest first."""
        return sorted((v for v in self.versions if v.change is not None), key=_by_begin)

    @property
    def open(self) -> list[Version]:
        """Versions without an end, the oldest first."""
        return sorted((v for v in self.versions if v.ends is None), key=_by_begin)


@dataclass(slots=True)
class Lives:
    """Objects by id while deliveries are applied to them."""

    objects: dict[str, Life] = field(default_factory=dict)

    @classmethod
    def of(cls, stored: Iterable[Version]) -> "Lives":
        """Begin with the stored versions, at most one of each object."""
        return cls({v.oid: Life(v, [v]) for v in stored})

    def apply(self, change: Change, at: str) -> bool:
        """Apply one operation; return whether it did anything.

        Parameters
        ----------
        at
            Moment of the delivery: deleted objects end then.

        Raises
        ------
        DeliveryError
            What is to be ended is not there, or what is to begin is there already.
        """
        if change.operation is Operation.INSERT:
            return self._begin(change)
        target = self._target(change)
        if change.operation is Operation.REPLACE:
            new = _version(change)
            if (new.oid, new.begins) == (target.oid, target.begins):
                if change.safe_to_ignore:
                    return False
                raise misfit(
                    change, "nba-replaced-by-itself", f"{new.oid} that begins {new.begins} again",
                    "a version that begins later, or safeToIgnore=\"true\"",
                )  # fmt: skip
            self._end(target, new.begins, (), change)
            self._add(new, change)
            return True
        ends = at
        if change.operation is Operation.DELETE and not at:
            raise misfit(
                change, "nba-without-moment", "no moment", "a delivery that states its datum"
            )
        if change.operation is Operation.UPDATE:
            if change.ends is None:
                raise misfit(
                    change, "nba-update-without-end", "no endet", "an update that sets endet"
                )
            ends = moment(change.ends, change)
        self._end(target, ends, change.reasons, change)
        return True

    def touched(self) -> Iterator[tuple[str, Life]]:
        """Yield the objects that an operation was applied to."""
        yield from ((oid, life) for oid, life in self.objects.items() if life.touched)

    def check(self) -> None:
        """Refuse lives that cannot be.

        Raises
        ------
        DeliveryError
            An object has two open versions, one that ends before it begins, or two that hold
            at the same time.
        """
        for oid, life in self.touched():
            change = life.touched
            if change is None:
                continue
            if len(life.open) > 1:
                begun = " and ".join(v.begins for v in life.open)
                raise misfit(
                    change, "nba-two-open-versions", f"{oid} open since {begun}",
                    "one open version: the former one is replaced, deleted or updated",
                )  # fmt: skip
            versions = sorted(life.versions, key=_by_begin)
            for version in versions:
                if version.ends is not None and version.ends <= version.begins:
                    raise misfit(
                        change, "nba-ends-before-it-begins",
                        f"{oid} from {version.begins} to {version.ends}", "an end after the begin",
                    )  # fmt: skip
            for one, other in pairwise(versions):
                if one.ends is None or one.ends > other.begins:
                    raise misfit(
                        change, "nba-versions-overlap",
                        f"{oid} from {one.begins} to {one.ends or 'now'} and from {other.begins}",
                        "versions that follow one another",
                    )  # fmt: skip

    # -- one operation -----------------------------------------------------------------

    def _begin(self, change: Change) -> bool:
        new = _version(change)
        life = self.objects.get(new.oid)
        for version in life.versions if life else ():
            if version.begins == new.begins:
                if version.ends in {None, new.ends}:
                    return False  # the same object in another portion, or in the first delivery
                raise misfit(
                    change, "nba-version-has-ended", f"{new.oid} that ended {version.ends}",
                    "a version that is not known yet",
                )  # fmt: skip
        self._add(new, change)
        return True

    def _add(self, new: Version, change: Change) -> None:
        life = self.objects.setdefault(new.oid, Life())
        life.versions.append(new)
        life.touched = change

    def _end(self, target: Version, ends: str, reasons: tuple[str, ...], change: Change) -> None:
        life = self.objects[target.oid]
        at = life.versions.index(target)
        life.versions[at] = replace(target, ends=ends, reasons=(*target.reasons, *reasons))
        life.touched = change

    def _target(self, change: Change) -> Version:
        """Return the version that an operation names: 16 characters mean the oldest open one."""
        oid, begins = read_id(change)
        life = self.objects.get(oid) or Life()
        fits = [v for v in life.open if begins in {None, v.begins}]
        if fits and fits[0].kind == change.kind:
            return fits[0]
        if fits:
            found = f"{oid} is {fits[0].kind}"
        elif life.open:
            found = f"{oid} is open since {life.open[0].begins}"
        elif life.versions:
            found = f"{oid} ended {max(v.ends or '' for v in life.versions)}"
        else:
            found = f"nothing called {oid}"
        since = f" that began {begins}" if begins else ""
        raise misfit(
            change, "nba-predecessor-missing", found, f"an open {change.kind} {oid}{since}"
        )


def read_id(change: Change) -> tuple[str, str | None]:
    """Return object and begin of what an operation names; no begin for 16 characters.

    Raises
    ------
    DeliveryError
        It is neither 16 nor 32 characters long, or they name no moment.
    """
    target = change.target
    if len(target) == OBJECT_ID:
        return target, None
    if len(target) == VERSION_ID:
        try:
            stamp = datetime.strptime(target[OBJECT_ID:], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        except ValueError:
            pass
        else:
            return target[:OBJECT_ID], f"{stamp:%Y-%m-%dT%H:%M:%SZ}"
    raise misfit(
        change, "nba-object-id-unreadable", repr(target),
        "16 characters, or 32 with YYYYMMDDThhmmssZ behind them",
    )  # fmt: skip


def object_id(change: Change) -> str:
    """Return the object that an operation is about, as far as it says one."""
    if change.feature is None:
        return change.target[:OBJECT_ID]
    return change.feature.values.get("gml_id", [""])[0][:OBJECT_ID]


def moment(text: str, change: Change) -> str:
    """Return a moment in UTC to the second.

    Raises
    ------
    DeliveryError
        The text is none.
    """
    found = read_moment(text)
    if found is None:
        raise misfit(change, "nba-not-a-moment", text, "YYYY-MM-DDThh:mm:ssZ")
    return found


def read_moment(text: str) -> str | None:
    """Return a moment in UTC to the second; None where the text is none.

    >>> read_moment("2026-02-01T06:00:00+01:00")
    '2026-02-01T05:00:00Z'
    """
    try:
        stamp = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    stamp = stamp.astimezone(UTC) if stamp.tzinfo is not None else stamp
    return f"{stamp:%Y-%m-%dT%H:%M:%SZ}"


def misfit(change: Change, code: str, found: str, expected: str) -> DeliveryError:
    """Return the error for an operation that does not fit what is stored."""
    return DeliveryError(
        f"{change.file}, operation {change.row} ({change.operation} {change.kind}): "
        f"found {found}, expected {expected}",
        advice=_IN_ORDER,
        reason=code,
        file=change.file,
        row=change.row,
        object=object_id(change),
        found=found,
        expected=expected,
    )


def _version(change: Change) -> Version:
    """Return the version that an insert or a replacement brings."""
    feature = change.feature
    if feature is None:
        raise misfit(change, "nba-object-missing", "no object", "the new version")
    name = feature.values.get("gml_id", [""])[0]
    begun = feature.values.get(_BEGINS, [""])[0]
    if len(name) not in {OBJECT_ID, VERSION_ID} or not begun:
        found = f"id {name!r}, beginnt {begun!r}"
        raise misfit(change, "nba-object-incomplete", found, "an id of 16 characters and beginnt")
    ends = feature.values.get(_ENDS, [""])[0]
    return Version(
        name[:OBJECT_ID],
        change.kind,
        moment(begun, change),
        moment(ends, change) if ends else None,
        (),
        change,
    )


def _by_begin(version: Version) -> str:
    return version.begins
