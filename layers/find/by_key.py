"""Search by parcel key or object identifier."""

from gis_core.folding import plain_text
from gis_core.key_messages import warning_text
from gis_core.keys import Confidence, KeyReading
from layers.find.parcels import SearchedParcels
from layers.find.result import FindResult
from layers.find.words import listed
from layers.object_ids import keys_of_object
from layers.wording import format_date

_STEM = 14  # characters of a key up to the sub-number


def find_by_key(parcels: SearchedParcels, reading: KeyReading) -> FindResult:
    """Find the parcel that a text names, or say what the text lacks."""
    if reading.key:
        return _named(parcels, reading, reading.key)
    if reading.problem == "object-id":
        return _object(parcels, reading)
    if reading.facts.get("pattern"):
        return _without_section(parcels, reading)
    problem, explanation = reading.problem, reading.explain(parcels.lang)
    if problem == "unknown-district-name" and not reading.candidates:
        problem = "nothing-known"
        explanation = parcels.say(problem, found=plain_text(reading.text))
    return FindResult((), explanation, reading.candidates, problem)


def _named(parcels: SearchedParcels, reading: KeyReading, key: str) -> FindResult:
    if parcels.has(key):
        let_pass = [warning_text(warning, parcels.lang) for warning in reading.warnings]
        hit = parcels.hit(key, reading.confidence or Confidence.EXACT)
        return FindResult((hit,), " ".join(let_pass))
    fate = parcels.reader.history(parcels.actor).fate(key)
    label = parcels.label(key)
    if fate is None:
        problem, words = "parcel-unknown", [parcels.say("parcel-unknown", label=label)]
    elif fate.ended_on is None:
        problem, words = "parcel-ended", [parcels.say("parcel-ended-once", label=label)]
    else:
        day = format_date(fate.ended_on, parcels.lang)
        problem, words = "parcel-ended", [parcels.say("parcel-ended", label=label, day=day)]
    if fate is not None and fate.successors:
        names = listed(map(parcels.label, fate.successor_keys))
        words.append(parcels.say("successors", keys=names))
        after = fate.successor_keys[: parcels.limit]
        return FindResult((), " ".join(words), after, problem, key, after)
    beside = parcels.book.keys_like(key[:_STEM]) if parcels.catalogue else []
    if beside:
        words.append(parcels.say("parcels-beside", keys=listed(map(parcels.label, beside))))
    former = key if fate is not None else ""
    return FindResult((), " ".join(words), tuple(beside[: parcels.limit]), problem, former)


def _object(parcels: SearchedParcels, reading: KeyReading) -> FindResult:
    [object_id] = reading.candidates
    keys = keys_of_object(parcels.reader, parcels.actor, parcels.view, object_id)
    if keys:
        return FindResult(tuple(parcels.hit(key, Confidence.EXACT) for key in keys))
    words = parcels.say("object-unknown", found=object_id)
    return FindResult((), words, (), "object-unknown")


def _without_section(parcels: SearchedParcels, reading: KeyReading) -> FindResult:
    """Take the only parcel that fits, as a guess; several are only named."""
    district, number = reading.facts["pattern"].split("???")
    keys = parcels.book.keys_like(district, number)
    keys = [key for key in keys if len(key) == len(reading.facts["pattern"])]
    if not keys:
        return FindResult((), reading.explain(parcels.lang), (), reading.problem)
    if len(keys) == 1:
        hit = parcels.hit(keys[0], Confidence.GUESSED)
        return FindResult((hit,), parcels.say("section-guessed"), (), reading.problem)
    labels = listed(map(parcels.label, keys))
    words = parcels.say("section-several", n=len(keys), labels=labels)
    return FindResult((), words, tuple(keys[: parcels.limit]), reading.problem)
