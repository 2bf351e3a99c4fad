"""The summary picture of a check: the city in grey, every finding with a place on it, a legend."""

from html import escape
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from cartography.document import compile_document, compile_image
from cartography.drawing import Areas, Drawing, Item, Layer, Lines, Text, Texts
from cartography.errors import EmptySheetError
from cartography.fault_legend import count_kinds, fault_legend
from cartography.fault_marks import COLOUR, TINT, mark_radius, marks
from cartography.furniture import north_arrow, scale_bar
from cartography.messages import Messages, read_messages
from cartography.sheet import Box, MapFrame
from cartography.svg import write_svg
from cartography.typeface import Face, metrics, printable
from gis_core.fabric_quality import Code, Severity
from gis_core.fabric_quality.faces import polygons_of
from layers.checking import CheckReport, Remark
from layers.checking.words import code_title
from layers.wording import Language

CATALOGUE = Path(__file__).with_name("fault_map.toml")
PAPER = (297.0, 210.0)
"""A4 landscape, mm."""

_MARGIN, _HEAD, _PANEL, _GUTTER = 12.0, 16.0, 68.0, 6.0
_MAP = (PAPER[0] - 2 * _MARGIN - _PANEL - _GUTTER, PAPER[1] - 2 * _MARGIN - _HEAD)
_LEGEND = PAPER[1] - 2 * _MARGIN - _HEAD - 22.0
_ROUND = (1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 7.5, 10)
_ROOM = 0.95  # share of the map that the city fills at most
_FINE = 0.04  # what is smaller than this on paper is not drawn, mm
_PENS = {
    "parcel": ("#cbc6bb", 0.09),
    "section": ("#b9b4aa", 0.12),
    "district": ("#9a9486", 0.35),
    "around": ("#4a453c", 0.4),
}
_NAME = 2.9  # size of a district's name, mm
_GROUND, _GREY, _BLACK = "#f3f1ec", "#6b655a", "#1a1a1a"


def fault_svg(report: CheckReport, lang: Language, *, synthetic: bool = False) -> str:
    """Draw a report as one SVG, A4 landscape.

    Parameters
    ----------
    report
        Made with its outlines, see `layers.checking.check_parcels`.
    lang
        de or en.
    synthetic
        The data are invented; the picture says so.

    Returns
    -------
    SVG with ``role="img"``, ``<title>`` and ``<desc>``: the picture in words. Equal reports
    give equal text.

    Raises
    ------
    EmptySheetError
        No parcel has a place.
    """
    words = read_messages(CATALOGUE, lang)
    drawing = _sheet(report, words, synthetic=synthetic)
    head = (
        f'<title id="title">{escape(_title(report, words))}</title>\n'
        f'<desc id="desc">{escape(describe_report(report, lang))}</desc>\n'
        '<rect width="100%" height="100%" fill="#ffffff"/>'
    )
    return write_svg(
        drawing,
        font="'Flurbuch Sans', 'Liberation Sans', Arial, sans-serif",
        head=head,
        attributes=f' role="img" lang="{lang}" aria-labelledby="title" aria-describedby="desc"',
    )


def fault_pdf(report: CheckReport, lang: Language, *, synthetic: bool = False) -> bytes:
    """Draw a report as a tagged PDF with the picture in words; see `fault_svg`."""
    return compile_document("fault_map.typ", *_document(report, lang, synthetic=synthetic))


def fault_png(report: CheckReport, lang: Language, *, synthetic: bool = False) -> bytes:
    """Draw a report as PNG, 200 pixels per inch; see `fault_svg`."""
    return compile_image("fault_map.typ", *_document(report, lang, synthetic=synthetic), ppi=200)


def describe_report(report: CheckReport, lang: Language) -> str:
    """Return the picture in words."""
    words = read_messages(CATALOGUE, lang)
    groups = []
    for severity in Severity:
        entries = [
            words("entry", title=code_title(code)[lang], n=words.number(n))
            for (found, code), n in count_kinds(report).items()
            if found is severity
        ]
        if entries:
            groups.append(
                words("group", severity=words(severity.value), entries=", ".join(entries))
            )
    return words(
        "describe",
        title=words("title"),
        town=report.municipality[lang],
        checked=words("checked", parcels=words.number(report.parcels)),
        found=_found(report, words),
        listing=" ".join(groups),
    ).strip()


def _document(
    report: CheckReport, lang: Language, *, synthetic: bool
) -> tuple[dict[str, object], dict[str, str]]:
    words = read_messages(CATALOGUE, lang)
    day = report.data_date
    data: dict[str, object] = {
        "lang": lang,
        "region": {"de": "DE", "en": "GB"}[lang],
        "title": _title(report, words),
        "publisher": printable(report.municipality[lang]),
        "description": printable(describe_report(report, lang)),
        "date": [day.year, day.month, day.day] if day else [1970, 1, 1],
        "paper": {"width": PAPER[0], "height": PAPER[1]},
    }
    return data, {"map.svg": fault_svg(report, lang, synthetic=synthetic)}


def _title(report: CheckReport, words: Messages) -> str:
    return f"{words('title')} – {printable(report.municipality[words.lang])}"


def _found(report: CheckReport, words: Messages) -> str:
    n = len(report.remarks)
    if n < 2:
        return words("one_found" if n else "none")
    return words("found", n=words.number(n))


# -- the sheet ------------------------------------------------------------------------------


def _sheet(report: CheckReport, words: Messages, *, synthetic: bool) -> Drawing:
    frame = _frame(report)
    legend = fault_legend(
        report, words, Box(PAPER[0] - _MARGIN - _PANEL, _MARGIN + _HEAD, _PANEL, _LEGEND), _PENS
    )
    layers = (
        Layer("city", tuple(_city(report, frame))),
        Layer("findings", tuple(_findings(report, frame))),
        Layer("head", (_head(report, words, synthetic=synthetic),)),
        Layer("legend", legend),
        *_furniture(report, frame, words),
    )
    return Drawing(*PAPER, layers)


def _frame(report: CheckReport) -> MapFrame:
    """Return the frame that shows all parcels, at the next round scale."""
    lines = [line for group in report.lines.values() for line in group]
    if not lines:
        raise EmptySheetError(
            "no parcel has a place, so there is nothing to draw",
            advice="Write the findings with --out instead.",
        )
    west, south, east, north = shapely.total_bounds(np.array(lines, np.object_))
    need = max((east - west) / _MAP[0], (north - south) / _MAP[1]) * 1000 / _ROOM
    power = 10 ** np.floor(np.log10(max(need, 100)))
    scale = next(s for s in (step * power for step in _ROUND) if s >= need)
    return MapFrame(*_MAP, int(scale), ((west + east) / 2, (south + north) / 2))


def _on_paper(geometry: NDArray[np.object_], frame: MapFrame) -> NDArray[np.object_]:
    """Return ground in the map as millimetres of the sheet."""
    moved = frame.to_map(geometry)
    return np.asarray(shapely.transform(moved, lambda xy: xy + _MARGIN), dtype=object)


def _city(report: CheckReport, frame: MapFrame) -> list[Item]:
    items: list[Item] = []
    around = report.lines["around"]
    if len(around):
        town = shapely.build_area(shapely.multilinestrings(around))
        items.append(Areas(_on_paper(np.array([town], np.object_), frame), _GROUND))
    for name, (colour, width) in _PENS.items():
        lines = report.lines.get(name, np.empty(0, np.object_))
        if len(lines):
            drawn = shapely.simplify(_on_paper(lines, frame), _FINE)
            items.append(Lines(drawn, colour, width))
    if len(report.districts) > 1:
        items += _names(report, frame)
    return items


def _names(report: CheckReport, frame: MapFrame) -> list[Item]:
    """Write the districts' names, each on a patch of ground that keeps borders out of it."""
    places = np.array([shapely.Point(p) for p in report.districts.values()], np.object_)
    middle = shapely.get_coordinates(_on_paper(places, frame))
    names = [printable(name) for name in report.districts]
    half = np.array([metrics(Face.ITALIC).width(name) * _NAME / 2 for name in names])
    low, high = middle - _NAME * 0.55, middle + _NAME * 0.55
    patches = shapely.box(
        middle[:, 0] - half - 0.4, low[:, 1], middle[:, 0] + half + 0.4, high[:, 1]
    )
    texts = [
        Text(name, x - wide, y - _NAME * 0.33, _NAME, 0.0, Face.ITALIC, _GREY)
        for name, (x, y), wide in zip(names, middle.tolist(), half.tolist(), strict=True)
    ]
    return [Areas(np.asarray(patches, np.object_), _GROUND), Texts(tuple(texts))]


def _findings(report: CheckReport, frame: MapFrame) -> list[Item]:
    """Draw the grounds, then the marks; the worst come last and so on top."""
    grounds: list[Item] = []
    signs: list[Item] = []
    radius = mark_radius(len(report.remarks))
    for severity, code in reversed(count_kinds(report)):
        here = [r for r in report.remarks if (r.severity, r.code) == (severity, code)]
        places = [shapely.Point(r.place) for r in here if r.place is not None]
        if not places:
            continue
        # The ground of a repeated key is sound; it may be all streets of a city.
        if code is not Code.DUPLICATE_KEY:
            grounds.append(Areas(_grounds(here, frame), TINT[severity]))
        middle = shapely.get_coordinates(_on_paper(np.array(places, np.object_), frame))
        forms = marks(code, middle, radius)
        signs += [
            Lines(forms, "#ffffff", 0.5 * radius, closed=True),
            Areas(forms, COLOUR[severity]),
        ]
    return [*grounds, *signs]


def _grounds(remarks: list[Remark], frame: MapFrame) -> NDArray[np.object_]:
    """Return the grounds that can be seen at this scale."""
    shapes = np.full(len(remarks), None, np.object_)
    shapes[:] = [r.geometry for r in remarks]
    solid = polygons_of(_on_paper(shapes[shapely.get_dimensions(shapes) == 2], frame))
    return np.asarray(solid[shapely.area(solid) > _FINE])


def _head(report: CheckReport, words: Messages, *, synthetic: bool) -> Texts:
    top = PAPER[1] - _MARGIN
    sub = [
        words("checked", parcels=words.number(report.parcels)),
        _found(report, words),
        words("date", day=words.day(report.data_date)),
    ]
    texts = [
        Text(_title(report, words), _MARGIN, top - 5.0, 6.2, 0.0, Face.BOLD, _BLACK),
        Text(" · ".join(sub), _MARGIN, top - 10.8, 3.4, 0.0, Face.REGULAR, _GREY),
    ]
    if synthetic:
        said = words("synthetic")
        right = PAPER[0] - _MARGIN - metrics(Face.BOLD).width(said) * 3.4
        texts.append(Text(said, right, top - 4.5, 3.4, 0.0, Face.BOLD, COLOUR[Severity.ERROR]))
    return Texts(tuple(texts))


def _furniture(report: CheckReport, frame: MapFrame, words: Messages) -> list[Layer]:
    x, y = PAPER[0] - _MARGIN - _PANEL, _MARGIN
    bar = scale_bar(frame.scale, 40.0, at=(x - 1.5, y + 4.5))
    north = north_arrow()
    arrow = [_shifted(i, PAPER[0] - _MARGIN - north.width, y) for i in north.layers[0].items]
    scale = words("scale", scale=words.number(frame.scale))
    system = f"EPSG:{report.crs}"
    text = Text(f"{scale}, {system}", x, y + 0.5, 2.6, 0.0, Face.REGULAR, _GREY)
    return [*bar.layers, Layer("north", tuple(arrow)), Layer("scale", (Texts((text,)),))]


def _shifted(item: Item, x: float, y: float) -> Item:
    match item:
        case Areas(geometry, fill):
            return Areas(_moved(geometry, x, y), fill)
        case Lines(geometry, colour, width, dash, closed):
            return Lines(_moved(geometry, x, y), colour, width, dash, closed)
        case Texts(texts):
            return Texts(
                tuple(
                    Text(t.text, t.x + x, t.y + y, t.em, t.angle, t.face, t.colour) for t in texts
                )
            )
    return item


def _moved(geometry: NDArray[np.object_], x: float, y: float) -> NDArray[np.object_]:
    return np.asarray(shapely.transform(geometry, lambda xy: xy + np.array([x, y])), np.object_)
