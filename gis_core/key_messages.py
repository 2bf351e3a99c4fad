"""What was wrong with a parcel key, in sentences, and what to do about it."""

from collections.abc import Mapping

from gis_core.numerals import Lang

PROBLEMS: dict[str, dict[Lang, str]] = {
    "empty": {
        "de": "Es ist kein Flurstück angegeben.",
        "en": "No parcel is given.",
    },
    "not-a-key": {
        "de": "„{found}“ ist keine Schreibweise eines Flurstückskennzeichens.",
        "en": "“{found}” is no spelling of a parcel key.",
    },
    "too-short": {
        "de": "„{found}“ ist zu kurz: Gemarkung und Flur fehlen.",
        "en": "“{found}” is too short: district and section are missing.",
    },
    "bare-number": {
        "de": "„{found}“ ist eine Zahl mit {length} Ziffern (Aktenzeichen? Baumnummer?); ein "
        "Flurstückskennzeichen hat 14, 18 oder 20 Stellen.",
        "en": "“{found}” is a number of {length} digits (a file number? a tree number?); a parcel "
        "key has 14, 18 or 20 characters.",
    },
    "wrong-length": {
        "de": "„{found}“ hat {length} Stellen; ein Flurstückskennzeichen hat 20.",
        "en": "“{found}” has {length} characters; a parcel key has 20.",
    },
    "rounded-number": {
        "de": "„{found}“: eine Tabellenkalkulation hat die Ziffern gerundet; die Spalte als Text "
        "neu ausgeben.",
        "en": "“{found}”: a spreadsheet has rounded the digits; export the column as text again.",
    },
    "odd-digit": {
        "de": "„{found}“ enthält hochgestellte, Bruch- oder fremde Ziffern.",
        "en": "“{found}” holds superscript, fraction or foreign digits.",
    },
    "letter-for-digit": {
        "de": "„{found}“ enthält Buchstaben an Stellen von Ziffern (O statt 0, l statt 1).",
        "en": "“{found}” has letters in places of digits (O for 0, l for 1).",
    },
    "letters-in-number": {
        "de": "„{found}“: Buchstaben unmittelbar an einer Zahl gehören nicht in ein "
        "Flurstückskennzeichen.",
        "en": "“{found}”: letters right beside a number do not belong in a parcel key.",
    },
    "not-understood": {
        "de": "In „{found}“ ist „{part}“ nicht zuzuordnen.",
        "en": "In “{found}” the part “{part}” has no meaning.",
    },
    "object-id": {
        "de": "„{found}“ ist ein ALKIS-Objektidentifikator, kein Flurstückskennzeichen.",
        "en": "“{found}” is an ALKIS object identifier, not a parcel key.",
    },
    "several-parcels": {
        "de": "„{found}“ nennt mehr als ein Flurstück.",
        "en": "“{found}” names more than one parcel.",
    },
    "unclear-number": {
        "de": "In „{found}“ ist nicht klar, ob „{part}“ zur Flurstücksnummer gehört; Zähler und "
        "Nenner mit / trennen.",
        "en": "In “{found}” it is not clear whether “{part}” belongs to the parcel number; "
        "separate number and sub-number with /.",
    },
    "too-many-numbers": {
        "de": "In „{found}“ stehen mehr Zahlen, als ein Flurstückskennzeichen hat.",
        "en": "“{found}” has more numbers than a parcel key.",
    },
    "number-too-long": {
        "de": "In „{found}“ hat „{part}“ zu viele Ziffern (Flur 3, Zähler 5, Nenner 4).",
        "en": "In “{found}” the part “{part}” has too many digits (section 3, number 5, "
        "sub-number 4).",
    },
    "numerator-zero": {
        "de": "„{found}“: die Flurstücksnummer 0 gibt es nicht.",
        "en": "“{found}”: there is no parcel number 0.",
    },
    "sequence-letters": {
        "de": "„{found}“: die Flurstücksfolge „{part}“ besteht nicht aus zwei Ziffern.",
        "en": "“{found}”: the parcel sequence “{part}” is not two digits.",
    },
    "missing-district": {
        "de": "In „{found}“ fehlt die Gemarkung.",
        "en": "The district (Gemarkung) is missing in “{found}”.",
    },
    "missing-section": {
        "de": "In „{found}“ fehlt die Flur; ohne sie ist das Flurstück nicht eindeutig.",
        "en": "The section (Flur) is missing in “{found}”; without it the parcel is not certain.",
    },
    "missing-number": {
        "de": "In „{found}“ fehlt die Flurstücksnummer.",
        "en": "The parcel number is missing in “{found}”.",
    },
    "section-not-used": {
        "de": "„{found}“ nennt die Flur {part}; dieses Land hat keine Fluren.",
        "en": "“{found}” names section {part}; this state has no sections.",
    },
    "other-state": {
        "de": "„{found}“ gehört zum Land {part}, erwartet wird {state}.",
        "en": "“{found}” belongs to state {part}, expected is {state}.",
    },
    "unknown-district": {
        "de": "„{found}“: eine Gemarkung {part} gibt es hier nicht.",
        "en": "“{found}”: there is no district {part} here.",
    },
    "unknown-district-name": {
        "de": "„{found}“: eine Gemarkung namens „{part}“ gibt es hier nicht.{similar}",
        "en": "“{found}”: there is no district called “{part}” here.{similar}",
    },
    "ambiguous-district": {
        "de": "„{found}“: Gemarkungen namens „{part}“ gibt es mehrere ({choice}); den "
        "Gemarkungsschlüssel angeben.",
        "en": "“{found}”: there are several districts called “{part}” ({choice}); give the "
        "district key.",
    },
    "name-key-disagree": {
        "de": "„{found}“: Name „{part}“ und Schlüssel {number} gehören nicht zur selben Gemarkung.",
        "en": "“{found}”: the name “{part}” and the key {number} are not of the same district.",
    },
    "outside-municipality": {
        "de": "„{found}“: die Gemarkung {part} liegt nicht in {municipality}.",
        "en": "“{found}”: the district {part} is not in {municipality}.",
    },
    "unknown-section": {
        "de": "„{found}“: in der Gemarkung {district} gibt es keine Flur {part}.",
        "en": "“{found}”: the district {district} has no section {part}.",
    },
}

WARNINGS: dict[str, dict[Lang, str]] = {
    "no-slash": {
        "de": "Der Nenner stand ohne Schrägstrich hinter dem Zähler.",
        "en": "The sub-number followed the number without a slash.",
    },
    "words-ignored": {
        "de": "Einzelne Wörter wurden nicht ausgewertet.",
        "en": "Some words were not taken into account.",
    },
    "name-elsewhere": {
        "de": "Eine Gemarkung dieses Namens gibt es auch außerhalb.",
        "en": "A district of this name exists elsewhere, too.",
    },
}


def problem_text(problem: str, facts: Mapping[str, str], lang: Lang = "en") -> str:
    """Return the sentence for a problem code; empty for none."""
    return PROBLEMS[problem][lang].format_map(facts) if problem else ""


def warning_text(warning: str, lang: Lang = "en") -> str:
    """Return the sentence for a warning code."""
    return WARNINGS[warning][lang]


class KeyTextError(Exception):
    """A text is no usable key; caught by `gis_core.keys`, which makes a reading of it."""

    def __init__(self, problem: str, *, candidates: tuple[str, ...] = (), **facts: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.candidates = candidates
        self.facts = facts
