"""The catalogue as a MapLibre style: signatures by words, lengths by scale, letters and signs."""

import struct
import zlib

import numpy as np
import pytest
from fontTools.pens.areaPen import AreaPen
from fontTools.ttLib import TTFont

from cartography.distance import lattice, to_segments, within
from cartography.editions import Edition
from cartography.expressions import PX_PER_MM, by_words, stepped, zoom_at
from cartography.glyphs import glyph_range, stacks
from cartography.maplibre import style
from cartography.sprites import sprite_index, sprite_picture
from cartography.style import default_catalogue
from cartography.tile_layers import Kind, Tiles, VectorLayer
from cartography.typeface import FONT_FOLDER, Face, metrics
from tests.mvt_reading import fields_of

CATALOGUE = default_catalogue()
TILES = Tiles("http://here/{z}/{y}/{x}", (10, 18), (6.5, 51.3, 6.6, 51.4), ("Amt & Söhne",))
LAYERS = (
    VectorLayer("land", "Land", Kind.LAND_USE, words=("kind",), name="name"),
    VectorLayer("house", "House", Kind.BUILDING, words=("what", "else"), below="where"),
    VectorLayer("plot", "Plot", Kind.PARCEL, number=("above", "below")),
    VectorLayer("tree", "Tree", Kind.TREE, diameter="crown"),
    VectorLayer("bezirk", "Bezirk", Kind.DISTRICT, words=("art",), name="name"),
    VectorLayer("stadt", "Stadt", Kind.MUNICIPALITY),
    VectorLayer("bench", "Bench", Kind.POINT),
    VectorLayer("path", "Path", Kind.LINE),
    VectorLayer("bed", "Bed", Kind.AREA),
)


def compiled(edition=Edition.COLOUR, lang="en", layers=LAYERS):
    return style(
        CATALOGUE, layers, TILES, edition, lang, name="A", sprite="http://s", glyphs="http://g"
    )


def valued(expression, feature, said=None):
    """Return the value of an expression for a feature: as much of MapLibre as is needed here."""
    if not isinstance(expression, list):
        return expression
    name, *parts = expression
    match name:
        case "let":
            return valued(parts[2], feature, valued(parts[1], feature))
        case "var":
            return said
        case "get":
            return feature.get(parts[0])
        case "case":
            *pairs, rest = parts
            for condition, value in zip(pairs[::2], pairs[1::2], strict=True):
                if valued(condition, feature, said):
                    return valued(value, feature, said)
            return valued(rest, feature, said)
        case "coalesce":
            found = (valued(part, feature, said) for part in parts)
            return next(value for value in found if value is not None)
    values = [valued(part, feature, said) for part in parts]
    calls = {
        "any": lambda *v: any(v),
        "in": lambda word, text: word in text,
        "downcase": str.lower,
        "to-string": lambda v: "" if v is None else str(v),
        "concat": lambda *v: "".join(v),
        "!=": lambda a, b: a != b,
        "==": lambda a, b: a == b,
        "!": lambda a: not a,
    }
    return calls[name](*values)


def layer(drawn, name):
    (found,) = (node for node in drawn["layers"] if node["id"] == name)
    return found


KINDS = (
    *("Wald", "GEWÄSSER", "Straßenverkehr", "Wohnbaufläche", "Friedhof", "Gehölz am Weg"),
    *("Bahnverkehr", "Handel", "", "Unbekanntes", "Park"),
)


@pytest.mark.parametrize("kind", KINDS)
def test_the_screen_has_the_tint_and_the_sign_of_the_sheet(kind):
    fill = CATALOGUE.land_use_fill(kind)
    drawn = compiled()
    feature = {"kind": kind}
    assert valued(layer(drawn, "land-tint")["paint"]["fill-color"], feature) == fill.fill
    signs = layer(drawn, "land-signs")
    assert valued(signs["paint"]["fill-pattern"], feature) == fill.symbol
    assert valued(signs["filter"], feature) == bool(fill.symbol)


def test_of_several_fields_the_first_that_says_something_counts():
    colour = by_words(("what", "else"), CATALOGUE.building, lambda fill: fill.id)
    assert valued(colour, {"what": "Schule", "else": "Wohnhaus"}) == "public"
    assert valued(colour, {"else": "Wohnhaus"}) == "dwelling"
    assert valued(colour, {}) == "other"


def test_what_is_underground_is_dashed_and_has_no_body():
    drawn = compiled()
    below, above = {"where": "Unter der Erdoberfläche"}, {}
    for name, there in (("house-body", above), ("house-outline", above)):
        shown = layer(drawn, name)["filter"]
        assert [valued(shown, f) for f in (below, above)] == [False, True], there
    underground = layer(drawn, "house-underground")
    assert [valued(underground["filter"], f) for f in (below, above)] == [True, False]
    assert underground["paint"]["line-dasharray"]


@pytest.mark.parametrize(
    ("number", "text"),
    [({"above": "12", "below": "3"}, "12/3"), ({"above": "12"}, "12"), ({"above": 7}, "7")],
)
def test_parcel_numbers(number, text):
    assert valued(layer(compiled(), "plot-number")["layout"]["text-field"], number) == text


@pytest.mark.parametrize(
    ("feature", "part", "text"),
    [
        ({"art": "Gemarkung", "name": "Bockum"}, "district", "Bockum"),
        ({"art": "Gemarkungsteil/Flur", "name": "12"}, "section", "Section 12"),
    ],
)
def test_districts_and_sections_have_their_own_borders_and_names(feature, part, text):
    drawn = compiled()
    for name in ("district", "section"):
        assert valued(layer(drawn, f"bezirk-{name}")["filter"], feature) == (name == part)
    lettered = layer(drawn, f"bezirk-{part}-name")
    assert valued(lettered["filter"], feature)
    assert valued(lettered["layout"]["text-field"], feature) == text


def test_a_line_is_as_wide_as_on_the_sheet_of_its_scale():
    pen = CATALOGUE.pen["parcel"]
    _, _, *steps = layer(compiled(), "plot-outline")["paint"]["line-width"]
    widths, levels = steps[0::2], steps[1::2]
    assert levels == sorted(levels)
    for scale in (400, 1000, 2000, 5000):
        level = zoom_at(scale, 51.35)
        width = widths[sum(level >= at for at in levels)]
        assert width == pytest.approx(max(pen.width_at(scale) * PX_PER_MM, 0.5), abs=0.01)


def test_a_level_is_a_scale():
    """At level 0 and the equator, 512 pixels are the earth's circumference."""
    assert zoom_at(round(40_075_016.69 / 512 * PX_PER_MM * 1000), 0) == pytest.approx(0, abs=0.01)
    assert zoom_at(500, 51) - zoom_at(1000, 51) == pytest.approx(1, abs=0.011)
    assert stepped([(1, 2.0)], 51, lambda mm: mm) == 2.0


def test_every_layer_is_drawn_once_and_lettering_lies_on_top():
    nodes = compiled()["layers"]
    assert len({node["id"] for node in nodes}) == len(nodes)
    assert {node["source-layer"] for node in nodes[1:]} == {one.id for one in LAYERS}
    kinds = [node["type"] for node in nodes]
    assert kinds.index("symbol") == len(kinds) - kinds.count("symbol")


def test_the_languages_differ_in_words_only():
    de, en = compiled(lang="de"), compiled(lang="en")
    texts = [layer(drawn, "bezirk-section-name")["layout"].pop("text-field") for drawn in (de, en)]
    assert [text[1] for text in texts] == ["Flur ", "Section "]
    for one, other in zip(de["layers"], en["layers"], strict=True):
        assert one | {"metadata": 0} == other | {"metadata": 0}
    titles = [[n["metadata"]["flurbuch:title"] for n in s["layers"][1:]] for s in (de, en)]
    assert titles[0] != titles[1]


# -- editions ------------------------------------------------------------------------------


def brightness(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    dim, bright = sorted((brightness(one), brightness(other)))
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize(("edition", "least"), [("colour", 4.5), ("grey", 4.5), ("contrast", 7)])
def test_numbers_can_be_read_on_every_ground(edition, least):
    edition = Edition(edition)
    ink = edition.ink(CATALOGUE.letter["parcel"].colour)
    grounds = [edition.tint(fill.fill) for fill in CATALOGUE.land_use]
    grounds += [edition.body(fill.fill) for fill in CATALOGUE.building]
    assert min(contrast(ink, ground) for ground in grounds) >= least


def test_the_grey_edition_is_grey():
    for colour in ("#8a2be2", "#d6effa", "#000000", "#ffffff"):
        grey = Edition.GREY.ink(colour)
        assert grey[1:3] == grey[3:5] == grey[5:7]


# -- letters and signs ---------------------------------------------------------------------


def letters(face, first=0):
    ((_, stack),) = fields_of(glyph_range(face, first))
    found = [dict(fields_of(body)) for number, body in fields_of(stack) if number == 3]
    return {letter[1]: letter for letter in found}


@pytest.mark.parametrize("face", Face)
def test_a_letter_covers_as_much_as_its_outline(face):
    """Where the field is above the outline's value, there is ink."""
    drawn, covered, area = letters(face), 0.0, 0.0
    font = TTFont(FONT_FOLDER / f"FlurbuchSans-{face}.ttf")
    shapes, scale = font.getGlyphSet(), 24 / font["head"].unitsPerEm
    for letter in "0123456789ABGQgß":
        pen = AreaPen(shapes)
        shapes[font.getBestCmap()[ord(letter)]].draw(pen)
        area += abs(pen.value) * scale**2
        # A value of the field is 8/255 px; half a pixel from the outline cover is full or none.
        field = np.frombuffer(drawn[ord(letter)][2], np.uint8).astype(float)
        covered += np.clip((field - 255 * 0.75) * 8 / 255 + 0.5, 0, 1).sum()
    assert covered == pytest.approx(area, rel=0.04)


def test_letters_advance_as_on_the_sheet():
    measures = metrics(Face.ITALIC)
    for code, letter in letters(Face.ITALIC).items():
        assert letter[7] == pytest.approx(measures.advance[code] * 24, abs=0.51)


def test_a_range_without_letters_is_empty_but_whole():
    ((_, stack),) = fields_of(glyph_range(Face.BOLD, 0x4E00))
    assert dict(fields_of(stack)) == {1: b"Flurbuch Sans Bold", 2: b"19968-20223"}
    assert set(stacks()) >= {"Flurbuch Sans Italic", "Flurbuch Sans BoldItalic"}


def test_distance_and_inside_of_a_square():
    corner = np.array([[1.0, 1], [3, 1], [3, 3], [1, 3]])
    start, end = corner, np.roll(corner, -1, axis=0)
    points = lattice(4, 4)
    inside = within(points, start, end).reshape(4, 4)
    assert inside.tolist() == np.pad(np.ones((2, 2), bool), 1).tolist()
    assert within(points, end[::-1], start[::-1]).tolist() == inside.ravel().tolist()
    apart = to_segments(points, start, end).reshape(4, 4)
    assert apart[1, 1] == pytest.approx(0.5)
    assert apart[0, 0] == pytest.approx(0.5 * 2**0.5)


@pytest.mark.parametrize("ratio", [1, 2])
def test_signs_have_the_colour_of_the_edition_and_stand_in_staggered_rows(ratio):
    png = sprite_picture(CATALOGUE, Edition.COLOUR, ratio)
    width, height = struct.unpack(">II", png[16:24])
    packed = png[png.index(b"IDAT") + 4 : png.index(b"IEND") - 8]
    rows = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, 1 + 4 * width)
    picture = rows[:, 1:].reshape(height, width, 4)
    for name, at in sprite_index(CATALOGUE, ratio).items():
        cell = picture[at["y"] : at["y"] + at["height"], at["x"] : at["x"] + at["width"]]
        ink = "#{:02x}{:02x}{:02x}".format(*cell[0, 0, :3])
        assert ink == CATALOGUE.symbol[name].colour
        assert cell[..., 3].max() > 150
        half = at["width"] // 2 if at["width"] % 2 == 0 else None
        if half:
            upper, lower = np.split(cell[..., 3].astype(int), 2)
            assert np.abs(np.roll(upper, half, axis=1) - lower).max() <= 1
