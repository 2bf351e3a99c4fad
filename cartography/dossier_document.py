"""The parcel dossier as a PDF: the same facts as its JSON, in tables that can be read aloud."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from html import unescape

from cartography.describe import shortened
from cartography.document import compile_document
from cartography.messages import Messages, messages
from cartography.tables import PORTRAIT, lay_out_table
from cartography.typeface import printable
from layers.dossier import Dossier, Fact, Row, Section
from layers.spec import FieldType
from layers.wording import Language, format_field, format_number

_NUMBERS = (FieldType.INTEGER, FieldType.NUMBER)
_DESCRIPTION = re.compile(r"<desc[^>]*>(.*?)</desc>", re.DOTALL)

MOST_COLUMNS, FEW_ROWS = 6, 4
"""A table with more columns and few rows is turned: one column per feature."""


def dossier_pdf(
    dossier: Dossier, map_svg: str = "", lang: Language = "de", *, synthetic: bool = False
) -> bytes:
    """Print a parcel dossier.

    Parameters
    ----------
    dossier
        What one actor may see of the parcel: nothing is added here.
    map_svg
        The parcel's map from `cartography.parcel_map`; its description becomes the
        alternative text. Without a map when empty.
    lang
        de or en.
    synthetic
        The data are invented; the document says so.

    Returns
    -------
    A PDF (PDF/A-2a and PDF/UA-1), A4. Equal input gives equal bytes.
    """
    words = messages(lang)
    found = _DESCRIPTION.search(map_svg)
    described = unescape(found.group(1)) if found else words("dossier.map")
    day = dossier.data_date
    label = printable(dossier.label[lang])
    data = {
        "lang": lang,
        "region": {"de": "DE", "en": "GB"}[lang],
        "title": words("dossier.title", label=label),
        "heading": words("dossier.heading"),
        "label": label,
        "publisher": printable(dossier.layer.steward),
        "description": words("dossier.title", label=label),
        "date": [day.year, day.month, day.day] if day else [1970, 1, 1],
        "data_date": words.day(day),
        "notice": words("sheet.notice_synthetic") if synthetic else None,
        "facts": _parcel_facts(dossier, words),
        "hints": [{"title": f.title[lang], "text": printable(f.text(lang))} for f in dossier.hints],
        "sections": [_section(section, words) for section in dossier.sections],
        "neighbours": _neighbours(dossier, words),
        "successors": _successors(dossier, words),
        "history": _history(dossier, words),
        "map": shortened(described, words) if map_svg else None,
        "words": _words(words),
    }
    return compile_document("dossier.typ", data, {"map.svg": map_svg} if map_svg else {})


def _words(words: Messages) -> dict[str, str]:
    names = ("facts", "neighbours", "successors", "history", "map", "map_words", "data_date")
    page = {"page": words("sheet.page", page="§1", pages="§2")}
    return {name: words(f"dossier.{name}") for name in names} | page


def _table(
    header: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[int] = ()
) -> Mapping[str, object]:
    return asdict(lay_out_table(header, rows, numbers))


def _fact_table(facts: Sequence[Fact], words: Messages) -> Mapping[str, object]:
    header = [words("dossier.fact"), words("dossier.value")]
    table = _table(header, [[f.title[words.lang], f.text(words.lang)] for f in facts])
    return dict(table) | {"widths": [0.4 * PORTRAIT, 0.6 * PORTRAIT]}


def _parcel_facts(dossier: Dossier, words: Messages) -> Mapping[str, object]:
    lang = words.lang
    position = " / ".join(format_number(v, lang, 1) for v in dossier.position)
    place = Fact(
        "position",
        {"de": words("dossier.position"), "en": words("dossier.position")},
        f"{position} (EPSG:{dossier.crs})",
    )
    return _fact_table([*(f for f in dossier.facts if f.group != "hint"), place], words)


def _section(section: Section, words: Messages) -> Mapping[str, object]:
    notes = []
    if section.total == 0:
        notes.append(words("dossier.nothing"))
    elif len(section.rows) < section.total and section.rows:
        shown, total = words.number(len(section.rows)), words.number(section.total)
        notes.append(words("dossier.more_rows", shown=shown, total=total))
    source = words(
        "dossier.source",
        steward=section.layer.steward,
        date=words.day(section.data_date),
        licence=section.layer.licence,
    )
    return {
        "title": printable(f"{section.title[words.lang]} ({words.number(section.total)})"),
        "facts": _fact_table(list(section.facts), words),
        "table": _rows(section, words) if section.rows else None,
        "notes": notes,
        "source": printable(source),
    }


def _rows(section: Section, words: Messages) -> Mapping[str, object]:
    # the identifier is the first column already; many registers have it as a field, too
    fields = [
        field
        for field in section.filled_fields
        if any(str(row.values[field.name]) != row.feature_id for row in section.rows)
    ]
    header = [
        words("dossier.identifier"),
        *(f.title[words.lang] for f in fields),
        words("dossier.relation"),
    ]
    rows = [
        [
            row.feature_id,
            *(format_field(field, row.values[field.name], words.lang) for field in fields),
            _relation(row, words),
        ]
        for row in section.rows
    ]
    if len(header) > MOST_COLUMNS and len(rows) <= FEW_ROWS:
        turned = [list(column) for column in zip(header, *rows, strict=True)]
        return _table(turned[0], turned[1:])
    numbers = [i for i, field in enumerate(fields, start=1) if field.type in _NUMBERS]
    return _table(header, rows, numbers=numbers)


def _relation(row: Row, words: Messages) -> str:
    method = row.link.method_name(words.lang)
    if row.link.boundary:
        return words("dossier.on_border", method=method)
    if row.link.method == "share" and row.link.share < 1:
        share = words.number(100 * row.link.share, 1)
        form = "dossier.sliver" if row.link.sliver else "dossier.by_share"
        return words(form, method=method, share=share)
    return method


def _neighbours(dossier: Dossier, words: Messages) -> Mapping[str, object]:
    header = [words(f"dossier.{c}") for c in ("direction", "parcel", "key", "border")]
    rows = [
        [
            other.direction_name(words.lang),
            other.label[words.lang],
            other.parcel_key,
            f"{words.number(other.border_m, 2)} m",
        ]
        for other in dossier.neighbours
    ]
    return _table(header, rows, numbers=[3])


def _successors(dossier: Dossier, words: Messages) -> Mapping[str, object]:
    header = [words(f"dossier.{c}") for c in ("parcel", "key", "ground_share")]
    rows = [
        [other.label[words.lang], other.parcel_key, _percent(other.share, words)]
        for other in (dossier.ended.successors if dossier.ended else ())
    ]
    return _table(header, rows, numbers=[2])


def _percent(share: float | None, words: Messages) -> str:
    return "–" if share is None else f"{words.number(100 * share, 1)} %"


def _history(dossier: Dossier, words: Messages) -> Mapping[str, object]:
    header = [words(f"dossier.{c}") for c in ("day", "event", "before", "after", "known_from")]
    rows = [
        [
            words.day(event.day),
            event.title[words.lang],
            *("; ".join(o.parcel_key for o in side) or "–" for side in (event.old, event.new)),
            event.told(words.lang),
        ]
        for event in dossier.history
    ]
    return _table(header, rows)
