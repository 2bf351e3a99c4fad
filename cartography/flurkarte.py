"""The Flurkarte: a scene becomes a finished, tagged, true-to-scale PDF."""

from collections.abc import Mapping
from dataclasses import asdict

import numpy as np

from cartography import furniture
from cartography.compose import Map, draw_map
from cartography.describe import (
    Description,
    describe,
    parcel_label,
    parcel_number,
    visible_points,
)
from cartography.document import compile_document
from cartography.drawing import Drawing
from cartography.errors import SheetError
from cartography.labels import Way
from cartography.legend import Entry, legend
from cartography.messages import Language, Messages, messages
from cartography.scene import Scene
from cartography.sheet import MARGIN, RING, SIDE_PANEL, TITLE_BAND, Box, Orientation, Sheet
from cartography.style import Catalogue, default_catalogue
from cartography.svg import write_svg
from cartography.typeface import missing_letters, printable

SCALES = (500, 1000, 2000)
"""Scales in which the Flurkarte is made."""


def check_scale(scale: int) -> None:
    """Refuse a scale in which the Flurkarte is not made."""
    if scale not in SCALES:
        offered = ", ".join(f"1:{s}" for s in SCALES)
        raise SheetError(
            f"the Flurkarte is not made at 1:{scale}",
            advice=f"Choose one of {offered}.",
            found=scale,
            expected=offered,
        )


def flurkarte(scene: Scene, lang: Language = "de", *, style: Catalogue | None = None) -> bytes:
    """Print a scene as Flurkarte.

    Parameters
    ----------
    scene
        What lies on the sheet.
    lang
        Language of everything that is written: de or en.
    style
        Signature catalogue; the one of the program when ``None``.

    Returns
    -------
    A PDF (PDF/A-2a and PDF/UA-1): the sheet, then the map in words with a table of
    its parcels. Equal input gives equal bytes.

    Raises
    ------
    SheetError, EmptySheetError, CrowdedSheetError
        The sheet cannot be made as asked for; the advice says what can be.
    """
    style = style or default_catalogue()
    words = messages(lang)
    drawn = draw_map(scene, style, words)
    entries = legend(scene, drawn, style, words)
    said = describe(scene, drawn, words)
    bar = furniture.scale_bar(scene.sheet.scale, 50.0)
    images = {
        "map.svg": write_svg(drawn.drawing),
        "bar.svg": write_svg(bar),
        "north.svg": write_svg(furniture.north_arrow()),
    }
    images |= {_sample_name(i): write_svg(e.sample) for i, e in enumerate(entries)}
    data = _sheet_data(scene, drawn, said, words)
    data |= {
        "bar": _bar(bar, scene.sheet.scale, words),
        "north": _size(furniture.north_arrow()) | {"alt": words("sheet.north")},
        "legend": _legend(entries),
        "table": _table(scene, drawn, words),
        "words": _labels(words, scene.sheet.scale),
    }
    return compile_document("sheet.typ", data, images)


def _sheet_data(
    scene: Scene, drawn: Map, said: Description, words: Messages
) -> dict[str, object]:
    sheet, imprint = scene.sheet, scene.imprint
    scale = words.number(sheet.scale)
    frame = sheet.frame
    subject = parcel_label(scene, scene.subject, words) if scene.subject >= 0 else None
    date = imprint.data_date
    return {
        "lang": words.lang,
        "region": {"de": "DE", "en": "GB"}[words.lang],
        "title": printable(words("sheet.title", scale=scale)),
        "heading": words("sheet.heading"),
        "product": words("sheet.product", scale=scale),
        "subject": printable(subject) if subject else None,
        "publisher": printable(imprint.municipality[words.lang]),
        "office": printable(imprint.office[words.lang]),
        "date": [date.year, date.month, date.day] if date else [1970, 1, 1],
        "description": printable(said.text),
        "paragraphs": _paragraphs(scene, said, words),
        "notice": words("sheet.notice_synthetic" if imprint.synthetic else "sheet.notice"),
        "notice_words": words("sheet.notice_words"),
        "facts": _facts(scene, words),
        "index": _index(scene, drawn, words),
        "paper": dict(zip(("width", "height"), sheet.paper, strict=True)),
        "map": asdict(Box(frame.x - RING, frame.y - RING, frame.width + 2 * RING, frame.height + 2 * RING)),
        "boxes": {name: asdict(box) for name, box in panel(sheet).items()},
        "legend_columns": legend_columns(sheet),
    }


def panel(sheet: Sheet) -> dict[str, Box]:
    """Return where the texts beside the map stand on the paper, mm."""
    width, height = sheet.paper
    if sheet.orientation is Orientation.PORTRAIT:
        top = height - MARGIN - 44.0
        wide = width - 2 * MARGIN
        return {
            "title": Box(MARGIN, MARGIN, wide - 60.0, TITLE_BAND),
            "publisher": Box(width - MARGIN - 56.0, MARGIN, 56.0, TITLE_BAND),
            "bar": Box(MARGIN, top, 76.0, 20.0),
            "facts": Box(MARGIN, top + 20.0, 76.0, 22.0),
            "legend": Box(MARGIN + 80.0, top, wide - 80.0, 40.0),
            "page": Box(width - MARGIN - 40.0, height - MARGIN - 3.0, 40.0, 3.0),
        }
    left = width - MARGIN - SIDE_PANEL + 2.0
    wide = SIDE_PANEL - 2.0
    foot = height - MARGIN
    return {
        "title": Box(left, MARGIN, wide, 30.0),
        "publisher": Box(left, MARGIN + 32.0, wide, 10.0),
        "bar": Box(left, MARGIN + 44.0, wide, 20.0),
        "legend": Box(left, MARGIN + 68.0, wide, foot - MARGIN - 68.0 - 40.0),
        "facts": Box(left, foot - 38.0, wide, 34.0),
        "page": Box(left, foot - 3.0, wide, 3.0),
    }


def legend_columns(sheet: Sheet) -> int:
    """Return the number of columns in which the legend is set."""
    box = panel(sheet)["legend"]
    return max(1, int(box.width // 52.0))


def _labels(words: Messages, scale: int) -> dict[str, str]:
    return {
        "subject": words("sheet.subject"),
        "legend": words("sheet.legend"),
        "legend_elsewhere": words("sheet.legend_elsewhere"),
        "index": words("sheet.index"),
        "scale": words("sheet.scale", scale=words.number(scale)),
        "north": words("sheet.north_short"),
        "page": words("sheet.page", page="PAGE", pages="PAGES"),
        "heading": words("words.heading"),
        "table": words("words.table"),
    }


def _facts(scene: Scene, words: Messages) -> list[dict[str, str]]:
    sheet, imprint = scene.sheet, scene.imprint
    west, south, east, north = (words.number(v) for v in sheet.extent)
    lying = words(f"sheet.{sheet.orientation}", format=sheet.format)
    extent = words("sheet.extent_value", west=west, south=south, east=east, north=north)
    facts = {
        "data_date": words.day(imprint.data_date),
        "system": imprint.reference_system,
        "extent": extent,
        "format": lying,
        "licence": imprint.licence,
    }
    return [
        {"name": words(f"sheet.{name}"), "value": printable(value)}
        for name, value in facts.items()
        if value
    ]


def _bar(bar: Drawing, scale: int, words: Messages) -> Mapping[str, object]:
    metres = furniture.bar_length(scale, 50.0)
    length = words.number(metres * 1000 / scale)
    return _size(bar) | {"alt": words("sheet.bar", length=length, metres=words.number(metres))}


def _size(drawing: Drawing) -> dict[str, object]:
    return {"width": drawing.width, "height": drawing.height}


def _sample_name(i: int) -> str:
    return f"sample-{i:02d}.svg"


def _legend(entries: tuple[Entry, ...]) -> list[dict[str, str]]:
    return [{"sample": _sample_name(i), "text": e.text} for i, e in enumerate(entries)]


def _paragraphs(scene: Scene, said: Description, words: Messages) -> list[str]:
    table = scene.parcels
    texts = [str(t) for column in (table.use, table.address, table.street) for t in column]
    paragraphs = [" ".join(said.sheet[:1] + said.parcel), *said.sheet[1:]]
    letters = missing_letters(texts)
    if letters:
        paragraphs.append(words("words.missing", letters=", ".join(letters)))
    return [printable(p) for p in paragraphs]


def _index(scene: Scene, drawn: Map, words: Messages) -> list[str]:
    by_number = sorted((number, row) for row, number in drawn.index.items())
    return [
        printable(words("sheet.index_entry", n=n, parcel=parcel_number(scene, row)))
        for n, row in by_number
    ]


def _table(scene: Scene, drawn: Map, words: Messages) -> dict[str, object]:
    """Return the parcels on the sheet as a table: the text equivalent of the map."""
    header = [words(f"words.{c}") for c in ("parcel", "key", "area", "use", "address", "find")]
    table = scene.parcels
    points = visible_points(scene, drawn)
    several = len(drawn.sections) > 1
    rows = []
    for i in table_order(scene, drawn.parcel_rows):
        row = int(drawn.parcel_rows[i])
        name = parcel_label(scene, row, words) if several else parcel_number(scene, row)
        rows.append(
            [
                name,
                str(table.key[row]),
                words.area(float(table.area_m2[row])),
                str(table.use[row]),
                str(table.address[row]),
                _way(drawn, i, row, points[i].tolist(), words),
            ]
        )
    return {"header": header, "rows": [[printable(cell) for cell in row] for row in rows]}


def table_order(scene: Scene, rows: np.ndarray) -> list[int]:
    """Return positions in ``rows`` by district, section, number and sub-number."""

    def rank(i: int) -> tuple[str, int, int, int, str]:
        row = int(rows[i])
        t = scene.parcels
        numbers = (_numeric(t.section[row]), _numeric(t.number[row]), _numeric(t.subnumber[row]))
        return (str(t.district[row]), *numbers, str(t.key[row]))

    return sorted(range(len(rows)), key=rank)


def _numeric(text: object) -> int:
    return int(str(text)) if str(text).isdecimal() else 0


def _way(drawn: Map, i: int, row: int, point: list[float], words: Messages) -> str:
    way = drawn.ways[i]
    if way is Way.INDEX:
        return words("words.way_index", n=drawn.index[row])
    if way is Way.LIST:
        east, north = (words.number(v) for v in point)
        return words("words.way_list", east=east, north=north)
    return words(f"words.way_{way}")
