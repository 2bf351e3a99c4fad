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
    shortened,
)
from cartography.document import compile_document
from cartography.drawing import Drawing
from cartography.errors import SheetError
from cartography.labels import Way
from cartography.legend import Entry, legend
from cartography.messages import Messages, messages
from cartography.reading import build_scene, find_subject
from cartography.scene import Scene
from cartography.sheet import (
    FOOT_BAND,
    MARGIN,
    RING,
    SIDE_PANEL,
    TITLE_BAND,
    Box,
    Orientation,
    Sheet,
    sheet_around,
)
from cartography.style import Catalogue, default_catalogue
from cartography.svg import write_svg
from cartography.typeface import missing_letters, printable
from layers.access import Actor
from layers.reader import Reader
from layers.wording import Language

SCALES = (500, 1000, 2000)
"""Scales in which the Flurkarte is made."""
TEMPLATE = "sheet.typ"


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


def flurkarte(
    sheet: Sheet, scene: Scene, lang: Language = "de", *, style: Catalogue | None = None
) -> bytes:
    """Print a scene as Flurkarte.

    Parameters
    ----------
    sheet
        Format, scale and place.
    scene
        What lies within ``sheet.frame``.
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
    return compile_document(TEMPLATE, *sheet_parts(sheet, scene, lang, style))


def sheet_parts(
    sheet: Sheet, scene: Scene, lang: Language, style: Catalogue | None = None
) -> tuple[dict[str, object], dict[str, str]]:
    """Return what the sheet's template takes: its data and its drawings; see `flurkarte`."""
    if scene.frame != sheet.frame:
        raise SheetError("the scene was made for another frame than the sheet's")
    style = style or default_catalogue()
    words = messages(lang)
    drawn = draw_map(scene, style, words)
    entries = legend(scene, drawn, style, words)
    said = describe(scene, drawn, words)
    bar = furniture.scale_bar(sheet.scale, 50.0)
    images = {
        "map.svg": write_svg(drawn.drawing),
        "bar.svg": write_svg(bar),
        "north.svg": write_svg(furniture.north_arrow()),
    }
    images |= {_sample_name(i): write_svg(e.sample) for i, e in enumerate(entries)}
    data = _sheet_data(sheet, scene, drawn, said, words)
    data |= {
        "bar": _bar(bar, sheet.scale, words),
        "north": _size(furniture.north_arrow()) | {"alt": words("sheet.north")},
        "legend": _legend(entries),
        "table": _table(scene, drawn, words),
        "words": _labels(words, sheet.scale),
    }
    return data, images


def _sheet_data(
    sheet: Sheet, scene: Scene, drawn: Map, said: Description, words: Messages
) -> dict[str, object]:
    imprint, scale, frame = scene.imprint, sheet.scale, sheet.map_box
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
        "description": shortened(said.text, words),
        "paragraphs": _paragraphs(scene, said, words),
        "notice": words("sheet.notice_synthetic" if imprint.synthetic else "sheet.notice"),
        "notice_words": words("sheet.notice_words"),
        "facts": _facts(sheet, scene, words),
        "index": _index(scene, drawn, words),
        "paper": dict(zip(("width", "height"), sheet.paper, strict=True)),
        "map": asdict(
            Box(frame.x - RING, frame.y - RING, frame.width + 2 * RING, frame.height + 2 * RING)
        ),
        "boxes": {name: asdict(box) for name, box in panel(sheet).items()},
        "legend_columns": legend_columns(sheet),
    }


def panel(sheet: Sheet) -> dict[str, Box]:
    """Return where the texts beside the map stand on the paper, mm."""
    width, height = sheet.paper
    if sheet.orientation is Orientation.PORTRAIT:
        top = height - MARGIN - FOOT_BAND + 2.0
        wide = width - 2 * MARGIN
        return {
            "title": Box(MARGIN, MARGIN, wide - 60.0, TITLE_BAND),
            "publisher": Box(width - MARGIN - 56.0, MARGIN, 56.0, TITLE_BAND),
            "bar": Box(MARGIN, top, 60.0, 20.0),
            "north": Box(MARGIN + 61.0, top, 14.0, 20.0),
            "facts": Box(MARGIN, top + 21.0, 76.0, 26.0),
            "legend": Box(MARGIN + 79.0, top, wide - 79.0, FOOT_BAND - 6.0),
            "page": Box(width - MARGIN - 40.0, height - MARGIN - 3.0, 40.0, 3.0),
        }
    left = width - MARGIN - SIDE_PANEL + 2.0
    wide = SIDE_PANEL - 2.0
    foot = height - MARGIN
    return {
        "title": Box(left, MARGIN, wide, 30.0),
        "publisher": Box(left, MARGIN + 30.0, wide - 15.0, 14.0),
        "north": Box(left + wide - 14.0, MARGIN + 28.0, 14.0, 20.0),
        "bar": Box(left, MARGIN + 48.0, wide, 18.0),
        "legend": Box(left, MARGIN + 68.0, wide, foot - MARGIN - 68.0 - 40.0),
        "facts": Box(left, foot - 38.0, wide, 34.0),
        "page": Box(left, foot - 3.0, wide, 3.0),
    }


def legend_columns(sheet: Sheet) -> int:
    """Return the number of columns in which the legend is set."""
    box = panel(sheet)["legend"]
    return max(1, int(box.width // 36.0))


def _labels(words: Messages, scale: int) -> dict[str, str]:
    return {
        "subject": words("sheet.subject"),
        "legend": words("sheet.legend"),
        "legend_elsewhere": words("sheet.legend_elsewhere"),
        "index": words("sheet.index"),
        "scale": words("sheet.scale", scale=scale),
        "north": words("sheet.north_short"),
        "page": words("sheet.page", page="§1", pages="§2"),
        "heading": words("words.heading"),
        "table": words("words.table"),
    }


def _facts(sheet: Sheet, scene: Scene, words: Messages) -> list[dict[str, str]]:
    imprint = scene.imprint
    west, south, east, north = (words.number(v) for v in scene.frame.extent)
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
    points = scene.frame.to_ground(drawn.points)
    several = len(drawn.sections) > 1
    rows = []
    for i in table_order(scene, drawn.parcel_rows):
        row = int(drawn.parcel_rows[i])
        name = parcel_number(scene, row)
        if several and table.section[row]:
            name = f"{words('map.section', section=table.section[row])}, {name}"
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


def make_flurkarte(
    reader: Reader,
    actor: Actor,
    key: str,
    scale: int = 1000,
    paper_format: str = "A4",
    lang: Language = "de",
    *,
    orientation: Orientation | None = None,
    synthetic: bool = False,
) -> bytes:
    """Print the Flurkarte around a parcel.

    Parameters
    ----------
    reader, actor
        The door to the data and who asks.
    key
        Parcel key in any spelling.
    scale
        500, 1000 or 2000.
    paper_format
        A4, A3, A2, A1 or A0.
    lang
        de or en.
    orientation
        How the paper lies; A4 upright and the others landscape when ``None``.
    synthetic
        The data are invented; the sheet says so.

    Returns
    -------
    The PDF, see `flurkarte`.

    Raises
    ------
    SheetError, EmptySheetError, CrowdedSheetError
        The sheet cannot be made as asked for.
    ParcelKeyError, UnknownParcelError
        The key cannot be read, or no current parcel has it.
    """
    ordered = order_sheet(
        reader, actor, key, scale, paper_format, orientation=orientation, synthetic=synthetic
    )
    return flurkarte(*ordered, lang)


def order_sheet(
    reader: Reader,
    actor: Actor,
    key: str,
    scale: int,
    paper_format: str,
    *,
    orientation: Orientation | None,
    synthetic: bool,
) -> tuple[Sheet, Scene]:
    """Lay the sheet around a parcel and read what lies on it; see `make_flurkarte`."""
    check_scale(scale)
    subject = find_subject(reader, actor, key)
    sheet = sheet_around(
        subject.bounds,
        subject.inside,
        paper_format=paper_format,
        orientation=orientation,
        scale=scale,
    )
    return sheet, build_scene(reader, actor, sheet.frame, subject, synthetic=synthetic)
