"""Parcel keys (Flurstückskennzeichen): read in any spelling, check, write.

The canonical form is text of 20 characters: state 2, district 4, section 3, number 5,
sub-number 4, sequence 2, absent parts as underscores. The reader evens out separators,
padding, case and names; it never changes a digit, because a parcel number that differs
by one digit is other people's land. What exists is decided by a district catalogue.

Source: composition rule of the AAA model (GeoInfoDok 6.0.1 and 7.1.2).
"""

import contextlib
import re
import unicodedata
from functools import lru_cache
from typing import Protocol

import numpy as np
import pandas as pd
import pyarrow as pa

from gis_core.districts import District, DistrictCatalogue
from gis_core.folding import plain_text
from gis_core.key_columns import (
    COMPILED_FROM,
    Texts,
    as_arrow,
    as_large_string,
    as_texts,
    canonical_rows,
    read_shapes,
)
from gis_core.key_format import KeyParts, Style, format_key, join_parts, parts
from gis_core.key_messages import KeyTextError
from gis_core.key_reading import SURENESS, Confidence, KeyBytes, KeyColumn, KeyReading, Readings
from gis_core.key_shapes import Form, learn_form
from gis_core.key_spelling import Spelling, read_compact, read_object_id, read_structured
from gis_core.key_text import read_text, strip_key_words, write_strokes
from gis_core.numerals import Lang, digits_for_words

__all__ = [
    "AlkisKeys",
    "Confidence",
    "KeyBytes",
    "KeyColumn",
    "KeyParts",
    "KeyReading",
    "KeyScheme",
    "Style",
    "TextKeys",
    "format_key",
    "join_parts",
    "parts",
    "read_key",
    "read_key_bytes",
    "read_keys",
]

_LONGEST_TEXT = 300
_ROUNDED = re.compile(r"[0-9][.,][0-9]+E\+?[0-9]+", re.IGNORECASE)
_LETTER = re.compile(r"[^\W\d_]")
_ALIKE = str.maketrans("OoIl", "0011")
_ALIKE_NUMBER = re.compile(r"(?<![^\W\d_])[OoIl]*[0-9][0-9OoIl_]*(?![^\W\d_])")


def read_key(text: str, catalogue: DistrictCatalogue) -> KeyReading:
    """Read one parcel key in any spelling.

    Parameters
    ----------
    text
        What a register or a person wrote.
    catalogue
        The districts and sections that exist.

    Returns
    -------
    KeyReading
        With a key, or with a problem, its explanation and candidates. Nothing is raised
        for a bad text.

    Examples
    --------
    >>> from gis_core.districts import District
    >>> krefeld = DistrictCatalogue("05", (District("053049", "Krefeld"),), "Krefeld")
    >>> read_key("Gem. Krefeld Fl. 12 Flst. 123/4", krefeld).key
    '053049012001230004__'
    >>> read_key("053049O12001230004__", krefeld).candidates
    ('053049012001230004__',)
    """
    found = text.strip()
    try:
        return _read(text, catalogue)
    except KeyTextError as error:
        problem, candidates = _suggest(text, error, catalogue)
        facts = {"found": found, "length": str(len(found)), **error.facts}
    return KeyReading(text, problem=problem, candidates=candidates, facts=facts)


def read_keys(texts: Texts, catalogue: DistrictCatalogue) -> KeyColumn:
    """Read a column of parcel keys; element by element the same as `read_key`.

    Parameters
    ----------
    texts
        n texts; missing values are read as empty, numbers as their digits.

    Notes
    -----
    Canonical keys are recognised on arrays, about a million a second. Of the rest every distinct
    text is read once, 15 to 40 µs each; from 50,000 texts on, compiled loops read all usual
    spellings, see `read_key_bytes`.
    """
    column = as_texts(texts)
    key = column.copy()
    confidence = np.full(len(column), Confidence.EXACT, dtype=object)
    problem = np.full(len(column), "", dtype=object)
    if len(column) >= COMPILED_FROM and catalogue.has_sections and (text := as_arrow(column)):
        read, sure = read_shapes(text, catalogue, _learn)
        good = np.flatnonzero(sure >= 0)
        key[good] = read[good].astype(str)
        confidence[good] = np.asarray(SURENESS, dtype=object)[sure[good]]
        rest = np.flatnonzero(sure < 0)
        odd = np.flatnonzero(sure != 0)
    else:
        odd = rest = np.flatnonzero(~canonical_rows(column, catalogue))
    code, distinct = pd.factorize(column[rest])
    others = KeyColumn.of([read_key(text, catalogue) for text in distinct])
    key[rest], confidence[rest] = others.key[code], others.confidence[code]
    problem[rest] = others.problem[code]
    readings = Readings(column[odd], others.readings, lambda text: read_key(text, catalogue))
    return KeyColumn(key, confidence, problem, readings)


def read_key_bytes(texts: pa.Array | pa.ChunkedArray, catalogue: DistrictCatalogue) -> KeyBytes:
    """Read a column of n texts (nulls: empty) straight from Arrow; answers as `read_key`.

    No object is made for a text that is read. About 0.3 µs a text in a usual spelling, 15 to
    60 µs for each distinct one that only the full reader reads or refuses.
    """
    column = as_large_string(texts)
    if len(column) >= COMPILED_FROM and catalogue.has_sections:
        key, confidence = read_shapes(column, catalogue, _learn)
    else:
        key, confidence = np.zeros(len(column), "S20"), np.full(len(column), -1, np.int8)
    rest = np.flatnonzero(confidence < 0)
    code, distinct = pd.factorize(column.take(pa.array(rest)).to_numpy(zero_copy_only=False))
    readings = [read_key(text, catalogue) for text in distinct]
    sure = np.asarray([SURENESS.index(r.confidence) if r.confidence else -1 for r in readings])
    key[rest] = np.asarray([(r.key or "").encode() for r in readings], "S20")[code]
    confidence[rest] = sure.astype(np.int8)[code]
    refused = np.flatnonzero(confidence < 0)
    why = {row: readings[c] for row, c in zip(rest.tolist(), code.tolist(), strict=True)}
    return KeyBytes(key, confidence, refused, [why[row] for row in refused.tolist()])


class KeyScheme(Protocol):
    """How a municipality names its parcels."""

    def read(self, text: str) -> KeyReading:
        """Read one key."""
        ...

    def read_column(self, texts: Texts) -> KeyColumn:
        """Read a column of keys."""
        ...

    def label(self, key: str, lang: Lang) -> str:
        """Return the key as people say it."""
        ...


class AlkisKeys:
    """The 20-character keys of the German cadastre, checked against a catalogue."""

    def __init__(self, catalogue: DistrictCatalogue) -> None:
        self.catalogue = catalogue

    def read(self, text: str) -> KeyReading:
        """Read one key, see `read_key`."""
        return read_key(text, self.catalogue)

    def read_column(self, texts: Texts) -> KeyColumn:
        """Read a column of keys, see `read_keys`."""
        return read_keys(texts, self.catalogue)

    def label(self, key: str, lang: Lang) -> str:
        """Return e.g. *Gemarkung Krefeld, Flur 12, Flurstück 123/4*."""
        return format_key(key, "label", self.catalogue, lang)


class TextKeys:
    """Keys that are any text: compared without case and with single blanks."""

    def read(self, text: str) -> KeyReading:
        """Read one key: anything but nothing."""
        key = plain_text(text).upper()
        if not key:
            return KeyReading(text, problem="empty")
        confidence = Confidence.EXACT if key == text else Confidence.NORMALISED
        return KeyReading(text, key, confidence)

    def read_column(self, texts: Texts) -> KeyColumn:
        """Read a column of keys, each distinct text once."""
        code, distinct = pd.factorize(as_texts(texts))
        read = KeyColumn.of([self.read(text) for text in distinct])
        return KeyColumn(read.key[code], read.confidence[code], read.problem[code], read.readings)

    def label(self, key: str, lang: Lang) -> str:  # noqa: ARG002 - the same in all languages
        """Return the key itself."""
        return key


def _read(text: str, catalogue: DistrictCatalogue) -> KeyReading:
    spelling = _spell(_presentable(text), has_sections=catalogue.has_sections)
    return _judge(text, spelling, catalogue)


def _presentable(text: str) -> str:
    """Return the text composed and in one line, or say what makes it unreadable."""
    if len(text) > _LONGEST_TEXT:
        raise KeyTextError("not-a-key", found=text[:60] + "…")
    if not text.isascii() and any(map(_is_odd_digit, text)):
        raise KeyTextError("odd-digit")
    plain = plain_text(text)
    if not plain:
        raise KeyTextError("empty")
    if _ROUNDED.fullmatch(plain):
        raise KeyTextError("rounded-number")
    return plain[2:] if re.match("DE[0-9]", plain) else plain


@lru_cache(maxsize=4096)
def _is_odd_digit(character: str) -> bool:
    """Superscripts, fractions and other scripts' digits; full-width digits are harmless."""
    if character.isascii() or "\uff10" <= character <= "\uff19":
        return False
    composed = unicodedata.normalize("NFKC", character)
    return any(c.isdigit() for c in composed)


def _spell(plain: str, *, has_sections: bool) -> Spelling:
    """Try the grammars from the strictest to the freest."""
    compact = read_compact(plain)
    if compact:
        return compact
    object_id = read_object_id(plain)
    if object_id:
        raise KeyTextError("object-id", candidates=(object_id,))
    if not _LETTER.search(plain):
        if not re.search("[0-9]", plain):
            raise KeyTextError("not-a-key")
        return read_structured(plain, has_sections=has_sections)
    bare = strip_key_words(plain)
    if bare != plain and not _LETTER.search(bare):
        # Suppressed: in "Flurstück 12/4" only the first word is a label, not a whole key.
        with contextlib.suppress(KeyTextError):
            return read_compact(bare) or read_structured(bare, has_sections=has_sections)
    heard = write_strokes(digits_for_words(plain))
    return read_text(heard, has_sections=has_sections)


@lru_cache(maxsize=4096)
def _learn(skeleton: str, tail: str) -> Form | None:
    """Return where a shape of texts holds the parts of a key, in a state with sections."""
    return learn_form(skeleton, tail, lambda text: _spell(_presentable(text), has_sections=True))


def _judge(text: str, spelling: Spelling, catalogue: DistrictCatalogue) -> KeyReading:
    """Check what a text says against what exists, and put the key together."""
    if spelling.state and spelling.state != catalogue.state_code:
        raise KeyTextError("other-state", part=spelling.state, state=catalogue.state_code)
    district, elsewhere = _find_district(spelling, catalogue)
    if not district.municipality:
        raise KeyTextError(
            "outside-municipality",
            part=district.name,
            municipality=catalogue.name,
            candidates=_keys_in((district,), spelling, catalogue),
        )
    _check_parts(spelling, district, catalogue)
    key = _compose(spelling, district, catalogue)
    confidence = Confidence.TEXT if spelling.district_name else Confidence.NORMALISED
    return KeyReading(
        text,
        key,
        Confidence.EXACT if key == text else confidence,
        warnings=(*spelling.warnings, "name-elsewhere") if elsewhere else spelling.warnings,
    )


def _find_district(spelling: Spelling, catalogue: DistrictCatalogue) -> tuple[District, bool]:
    """Return the district a text means, and whether its name exists elsewhere, too."""
    name, number = spelling.district_name, spelling.district
    named = catalogue.by_name(name) if name else ()
    if name and not named:
        similar = catalogue.similar_names(name)
        names = ", ".join(district.name for district in similar)
        raise KeyTextError(
            "unknown-district-name",
            part=name,
            similar=f" ({names}?)" if names else "",
            candidates=_keys_in(similar, spelling, catalogue),
        )
    if number:
        district = catalogue.district(catalogue.state_code + number)
        if name and district not in named:
            raise KeyTextError("name-key-disagree", part=name, number=number)
        if district is None:
            raise KeyTextError("unknown-district", part=number)
        return district, False
    if not name:
        raise KeyTextError("missing-district")
    inside = tuple(district for district in named if district.municipality)
    choice = inside or named
    if len(choice) > 1:
        raise KeyTextError(
            "ambiguous-district",
            part=name,
            choice=", ".join(f"{d.key[2:]} {d.office}" for d in choice),
            candidates=_keys_in(choice, spelling, catalogue),
        )
    return choice[0], len(named) > 1


def _check_parts(spelling: Spelling, district: District, catalogue: DistrictCatalogue) -> None:
    """Refuse what the district cannot have."""
    section = spelling.section or 0
    if catalogue.has_sections and not section:
        raise KeyTextError("missing-section", pattern=_pattern(spelling, district, catalogue))
    if not catalogue.has_sections and section:
        raise KeyTextError("section-not-used", part=str(section))
    if not catalogue.has_section(district.key, section):
        raise KeyTextError("unknown-section", district=district.name, part=str(section))
    if spelling.numerator is None:
        raise KeyTextError("missing-number")
    if not spelling.numerator:
        raise KeyTextError("numerator-zero")
    if not (spelling.sequence.isdigit() or catalogue.sequence_letters or not spelling.sequence):
        raise KeyTextError("sequence-letters", part=spelling.sequence)


def _compose(spelling: Spelling, district: District, catalogue: DistrictCatalogue) -> str:
    key = KeyParts(
        state=catalogue.state_code,
        district=district.key,
        section=spelling.section or None,
        numerator=spelling.numerator or 0,
        denominator=spelling.denominator or None,
        sequence=spelling.sequence.upper(),
    )
    return join_parts(key, catalogue.no_sequence)


def _pattern(spelling: Spelling, district: District, catalogue: DistrictCatalogue) -> str:
    """Return the key with ``???`` for its section; empty if more is missing."""
    key = _compose(spelling, district, catalogue)
    return f"{key[:6]}???{key[9:]}" if spelling.numerator else ""


def _keys_in(
    districts: tuple[District, ...], spelling: Spelling, catalogue: DistrictCatalogue
) -> tuple[str, ...]:
    """Return the keys that a text would mean in each of the districts that can hold it."""
    found: list[str] = []
    for district in districts:
        with contextlib.suppress(KeyTextError):
            _check_parts(spelling, district, catalogue)
            found.append(_compose(spelling, district, catalogue))
    return tuple(found)


def _suggest(
    text: str, error: KeyTextError, catalogue: DistrictCatalogue
) -> tuple[str, tuple[str, ...]]:
    """Return the problem and what may have been meant: letters for digits, a lost underscore."""
    plain = plain_text(text)
    if error.problem == "wrong-length":
        meant, problem = plain.rstrip("_"), error.problem
    elif set(_LETTER.findall(plain)) <= set("OoIl"):
        meant, problem = plain.translate(_ALIKE), "letter-for-digit"
    else:
        meant = _ALIKE_NUMBER.sub(lambda number: number[0].translate(_ALIKE), plain)
        problem = "letter-for-digit"
    if meant == plain or error.candidates or error.problem == "odd-digit":
        return error.problem, error.candidates
    try:
        key = _read(meant, catalogue).key
    except KeyTextError:
        key = None
    return (problem, (key,)) if key else (error.problem, ())
