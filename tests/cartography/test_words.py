"""The map in words says what the map shows."""

import string

import numpy as np
import pytest
import shapely

from cartography.compose import draw_map
from cartography.describe import describe, neighbours
from cartography.legend import legend
from cartography.messages import LANGUAGES, messages
from cartography.parcel_map import parcel_map_svg
from cartography.parcel_uses import largest_first, uses_in_text, uses_on_ground
from cartography.reading import house_number
from cartography.scene import Buildings, Scene, Trees
from cartography.sheet import MapFrame
from cartography.style import default_catalogue
from tests.cartography.worlds import EAST, IMPRINT, NORTH, box, parcels, quarter, shapes, texts

STYLE = default_catalogue()


@pytest.fixture
def nine():
    """Nine plots of 20 m, the middle one selected: 1 2 3 in the south, 7 8 9 in the north."""
    ground = [box(20 * i, 20 * j, 20, 20) for j in range(3) for i in range(3)]
    houses = [box(23, 23, 8, 8), box(39.95, 24, 6, 6)]  # the second hardly reaches over
    return Scene(
        frame=MapFrame(80, 80, 1000, (EAST + 30, NORTH + 30)),
        parcels=parcels(
            ground, range(1, 10), address=["Weg 1"] * 9, area_m2=[400.5] * 9, street=[""] * 9
        ),
        imprint=IMPRINT,
        subject=4,
        buildings=Buildings(
            shapes(houses), texts("ab"), texts(["", ""]), texts(["", ""]), np.zeros(2, bool)
        ),
        trees=Trees(shapes(shapely.points([[EAST + 25, NORTH + 38], [EAST, NORTH]])), np.ones(2)),
        has_trees=True,
    )


def test_neighbours_share_a_side_and_have_a_direction(nine):
    keys = nine.parcels.number
    found = [(str(keys[n.row]), n.direction) for n in neighbours(nine)]
    assert found == [("8", "n"), ("6", "e"), ("2", "s"), ("4", "w")]


def test_it_says_key_size_use_address_neighbours_and_counts_in_this_order(nine):
    words = messages("de")
    said = describe(nine, draw_map(nine, STYLE, words), words)
    text = " ".join(said.parcel)
    parts = [
        "Gemarkung Krefeld, Flur 12, Flurstück 5",
        "400,5",
        "Wohnbaufläche",
        "Weg 1",
        "im Norden Flurstück 8; im Osten Flurstück 6; im Süden Flurstück 2; im Westen Flurstück 4",
        "1 Gebäude und 1 Baum",
    ]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert "9 Flurstücke, 2 Gebäude und 2 Bäume" in " ".join(said.sheet)
    english = messages("en")
    assert "to the north parcel 8" in describe(nine, draw_map(nine, STYLE, english), english).text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_facts_are_those_of_the_map(lang):
    _, scene = quarter()
    words = messages(lang)
    drawn = draw_map(scene, STYLE, words)
    text = describe(scene, drawn, words).text
    inside = shapely.box(*scene.frame.extent)
    count = int(shapely.intersects(inside, scene.parcels.geometry).sum())
    touching = int(shapely.touches(inside, scene.parcels.geometry).sum())
    assert words.count("describe.parcels", count - touching) in text
    trees = int(shapely.intersects(inside, scene.trees.geometry).sum())
    assert words.count("describe.trees", trees) in text
    assert len(drawn.drawing.layers[2].items[0].xyr) == trees


def test_without_a_tree_register_nothing_is_said_of_trees(nine):
    bare = Scene(nine.frame, nine.parcels, nine.imprint, nine.subject)
    words = messages("de")
    assert "Baum" not in describe(bare, draw_map(bare, STYLE, words), words).text


def test_the_legend_explains_what_is_drawn_and_nothing_else(nine):
    words = messages("de")
    drawn = draw_map(nine, STYLE, words)
    explained = {entry.text for entry in legend(nine, drawn, STYLE, words)}
    assert {"Flurstücksgrenze", "Gewähltes Flurstück", "Baum (Kreis: Krone)"} <= explained
    assert "Grenze der Flur" not in explained
    assert "Wald, Gehölz" not in explained


def test_both_languages_fill_in_the_same_values():
    de, en = (messages(lang)._sentences for lang in LANGUAGES)
    assert de.keys() == en.keys()
    for key in de:
        fields = [
            {name for _, name, _, _ in string.Formatter().parse(text[key]) if name}
            for text in (de, en)
        ]
        assert fields[0] == fields[1], key


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_web_map_is_a_picture_with_words(lang):
    from xml.etree import ElementTree as ET

    _, scene = quarter()
    svg = parcel_map_svg(scene, lang)
    root = ET.fromstring(svg)  # noqa: S314 - our own output
    names = {element.tag.split("}")[1] for element in root.iter()}
    assert names <= {"svg", "title", "desc", "rect", "g", "path", "text", "circle"}
    assert root.get("role") == "img"
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    assert {root.get("aria-labelledby"), root.get("aria-describedby")} <= set(ids)
    assert not any("href" in name for e in root.iter() for name in e.attrib)
    words = messages(lang)
    drawn = draw_map(scene, STYLE, words, framed=False)
    assert describe(scene, drawn, words, printed=False).text in svg


@pytest.mark.parametrize(
    ("address", "number"),
    [("Westwall 12a", "12a"), ("Am Weg 25-29", "25–29"), ("Weg 3, 4", "3, 4"), ("Markt", "")],
)
def test_house_numbers_of_buildings(address, number):
    assert house_number(address) == number


def test_uses_come_largest_first():
    assert largest_first(uses_in_text("Weg;17|Wohnbaufläche;500|Weg;20")) == [
        "Wohnbaufläche",
        "Weg",
    ]
    assert largest_first(uses_in_text("")) == []


def test_uses_on_the_ground_leave_out_slivers():
    plot = shapes([box(0, 0, 10, 10)])
    areas = shapes([box(-5, -5, 11, 20), box(6, -5, 9, 20), box(9.99, 9, 5, 5)])
    (found,) = uses_on_ground(plot, areas, ["Garten", "Hof", "Weg"])
    assert found == {"Garten": pytest.approx(60), "Hof": pytest.approx(40)}
