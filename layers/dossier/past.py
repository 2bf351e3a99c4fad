"""A parcel's place in time in words: what it came from, how it ended."""

from gis_core.keys import KeyScheme
from layers.dossier.facts import key_label
from layers.dossier.model import Ended, Happening, Relative
from layers.dossier.words import words
from layers.history import Event, Fate
from layers.spec import Title
from layers.wording import format_date


def happening(event: Event, keys: KeyScheme) -> Happening:
    """Return an event with its parcels as people name them."""
    sides: list[dict[str, float | None]] = [{}, {}]
    for link in event.links:
        for side, key, share in (
            (sides[0], link.old_key, link.share_old),
            (sides[1], link.new_key, link.share_new),
        ):
            if key:
                known = side.get(key, 0.0)
                none = share is None or known is None
                side[key] = None if none else round(min((known or 0.0) + (share or 0.0), 1.0), 6)
    old, new = (
        tuple(Relative(key, key_label(key, keys), share) for key, share in side.items())
        for side in sides
    )
    return Happening(event.id, event.kind, event.day, event.stated, old, new)


def ended(fate: Fate | None, keys: KeyScheme) -> Ended | None:
    """Return the end of a parcel with its successors as people name them."""
    if fate is None:
        return None
    successors = tuple(
        Relative(s.parcel_key, key_label(s.parcel_key, keys), s.share) for s in fate.successors
    )
    return Ended(fate.ended_on, successors, fate.event.kind if fate.event else "")


def end_sentence(end: Ended) -> Title:
    """Say when and how a parcel ended."""
    how = words("event", end.kind) if end.kind else words("event", "unknown")
    if end.on is None:
        return words("hint", "ended", kind=how)
    day: Title = {"de": format_date(end.on, "de"), "en": format_date(end.on, "en")}
    return words("hint", "ended_on", day=day, kind=how)
