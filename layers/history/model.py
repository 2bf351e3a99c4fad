"""What is said of a parcel's history, as frozen data."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Link:
    """Ground that went from one parcel to another; a key is "" where no parcel is.

    Area and shares are None where the source names the successor of a parcel without a drawing.
    """

    old_key: str
    new_key: str
    area_m2: float | None
    share_old: float | None
    share_new: float | None


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to some parcels on one day.

    Attributes
    ----------
    id
        The same however often the history is told anew.
    kind
        One of `gis_core.lineage.EventKind`.
    stated
        Whether the source said so; else it was noticed by comparing deliveries, and the day is
        that of the later one.
    """

    id: str
    kind: str
    day: date
    stated: bool
    links: tuple[Link, ...]

    @property
    def old_keys(self) -> tuple[str, ...]:
        """The parcels that ended or were changed."""
        return tuple(sorted({link.old_key for link in self.links} - {""}))

    @property
    def new_keys(self) -> tuple[str, ...]:
        """The parcels that came or were changed."""
        return tuple(sorted({link.new_key for link in self.links} - {""}))


@dataclass(frozen=True, slots=True)
class Successor:
    """A current parcel on the ground of a former one, with its part of that ground.

    Over several events the part is an estimate: shares are multiplied along the way. None where
    it is not known.
    """

    parcel_key: str
    share: float | None


@dataclass(frozen=True, slots=True)
class Fate:
    """The end of a parcel.

    Attributes
    ----------
    ended_on
        The first day without it; None where nothing says.
    event
        How it ended; None where its ground is not known.
    successors
        Current parcels, those with the largest part first; empty where none are known.
    """

    parcel_key: str
    ended_on: date | None
    event: Event | None = None
    successors: tuple[Successor, ...] = ()

    @property
    def successor_keys(self) -> tuple[str, ...]:
        """The keys of the successors."""
        return tuple(s.parcel_key for s in self.successors)
