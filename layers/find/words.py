"""What a search says about itself, in German and English."""

from collections.abc import Iterable

from layers.wording import Language

_NAMED = 5  # how many streets, districts or parcels a sentence names

SENTENCES: dict[str, dict[Language, str]] = {
    "parcel-unknown": {
        "de": "{label} gibt es im aktuellen Datenbestand nicht.",
        "en": "{label} does not exist in the current data.",
    },
    "parcel-ended": {
        "de": "{label} ist am {day} untergegangen.",
        "en": "{label} ended on {day}.",
    },
    "parcel-ended-once": {
        "de": "{label} ist untergegangen.",
        "en": "{label} has ended.",
    },
    "successors": {
        "de": "Auf der Fläche liegt heute: {keys}.",
        "en": "On its ground today: {keys}.",
    },
    "parcels-beside": {
        "de": "Mit derselben Nummer, aber anderem oder ohne Nenner: {keys}.",
        "en": "With the same number and another or no sub-number: {keys}.",
    },
    "section-guessed": {
        "de": "Die Flur fehlt; nur ein Flurstück passt.",
        "en": "The section is missing; only one parcel fits.",
    },
    "section-several": {
        "de": "Die Flur fehlt; {n} Flurstücke passen: {labels}.",
        "en": "The section is missing; {n} parcels fit: {labels}.",
    },
    "object-unknown": {
        "de": "Ein Flurstück mit dem Objektidentifikator {found} gibt es nicht.",
        "en": "There is no parcel with the object identifier {found}.",
    },
    "several-districts": {
        "de": "{street} gibt es in mehreren Gemarkungen: {districts}. Die Gemarkung dazu "
        "angeben, etwa „{street}, {first}“.",
        "en": "{street} exists in several districts: {districts}. Add the district, as in "
        "“{street}, {first}”.",
    },
    "several-streets": {
        "de": "So beginnen mehrere Straßen: {streets}.",
        "en": "Several streets begin like this: {streets}.",
    },
    "house-unknown": {
        "de": "{street}: die Hausnummer {house} ist nicht bekannt, die nächsten sind {near}.",
        "en": "{street}: number {house} is not known, the nearest are {near}.",
    },
    "street-similar": {
        "de": "Eine Straße „{street}“ ist nicht bekannt. Gemeint: {similar}?",
        "en": "There is no street “{street}”. Did you mean {similar}?",
    },
    "nothing-known": {
        "de": "Weder ein Flurstück noch eine Adresse „{found}“ ist bekannt.",
        "en": "Neither a parcel nor an address “{found}” is known.",
    },
    "more": {
        "de": "{n} Treffer, gezeigt werden die ersten {shown}.",
        "en": "{n} hits, the first {shown} are shown.",
    },
}


def say(sentence: str, lang: Language, **facts: object) -> str:
    """Return a sentence with its facts filled in."""
    return SENTENCES[sentence][lang].format(**facts)


def listed(names: Iterable[str]) -> str:
    """Return the first few names in one line, with an ellipsis for the rest."""
    few = list(names)
    return "; ".join(few[:_NAMED]) + ("; …" if len(few) > _NAMED else "")
