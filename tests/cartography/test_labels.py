"""Labels: inside or led there, never in each other's way, every parcel to be found."""

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cartography.compose import draw_map, is_clear
from cartography.labels import Label, Way, boxes, half_size, upright
from cartography.messages import messages
from cartography.scene import Scene
from cartography.sheet import MapFrame
from cartography.style import default_catalogue
from cartography.typeface import Face, metrics
from tests.cartography.worlds import EAST, IMPRINT, NORTH, box, parcels, quarter

STYLE, DE = default_catalogue(), messages("de")


def divide(rng, x, y, width, height, smallest, found):
    """Cut a rectangle at random until the pieces are small; slivers included."""
    if width * height < smallest * rng.uniform(1, 12) or min(width, height) < 1.0:
        found.append((x, y, width, height))
        return
    share = rng.choice([rng.uniform(0.3, 0.7), 0.04], p=[0.9, 0.1])
    if width > height:
        divide(rng, x, y, width * share, height, smallest, found)
        divide(rng, x + width * share, y, width * (1 - share), height, smallest, found)
    else:
        divide(rng, x, y, width, height * share, smallest, found)
        divide(rng, x, y + height * share, width, height * (1 - share), smallest, found)


def fabric(seed, turn, smallest, scale):
    rng = np.random.default_rng(seed)
    pieces = []
    divide(rng, -20, -20, 140, 140, smallest, pieces)
    ground = [box(*piece, turn) for piece in pieces]
    numbers = [
        f"{i + 1}/{rng.integers(1, 2000)}" if rng.random() < 0.6 else f"{i + 1}"
        for i in range(len(ground))
    ]
    streets = ["Lange Straße" if a > 60 and b < 20 else "" for _, _, a, b in pieces]
    frame = MapFrame(100_000 / scale, 100_000 / scale, scale, (EAST + 50, NORTH + 50))
    return Scene(
        frame=frame,
        parcels=parcels(ground, numbers, street=streets),
        imprint=IMPRINT,
        subject=int(rng.integers(len(ground))),
    )


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    seed=st.integers(0, 10_000),
    turn=st.floats(-90, 90),
    smallest=st.sampled_from([30, 80, 300]),
    scale=st.sampled_from([500, 1000]),
)
def test_any_fabric_is_labelled_clearly(seed, turn, smallest, scale):
    scene = fabric(seed, turn, smallest, scale)
    drawn = draw_map(scene, STYLE, DE)
    assert is_clear(drawn.labels)
    proves_every_parcel(scene, drawn)


def proves_every_parcel(scene, drawn):
    frame = scene.frame.area
    ground = scene.frame.to_map(scene.parcels.geometry)
    assert len(drawn.ways) == len(drawn.parcel_rows)
    named = [label for label in drawn.labels if is_number(label)]
    for row, way in zip(drawn.parcel_rows.tolist(), drawn.ways, strict=True):
        mine = [label for label in named if label.row == row]
        if way is Way.LIST:
            assert not mine
        elif way is Way.INSIDE:
            assert mine
            assert all(ground[row].contains(label.box) for label in mine)
        elif way is Way.ARROW:
            (label,) = mine
            assert label.arrow is not None
            assert ground[row].distance(shapely.Point(label.arrow[1])) < 1e-6
        else:
            (label,) = mine
            assert label.lines == (f"({drawn.index[row]})",)
        assert all(frame.contains(label.box) for label in mine)
    assert sorted(drawn.index.values()) == list(range(1, len(drawn.index) + 1))


def is_number(label):
    kinds = ("parcel", "subject", "index")
    return any(label.letter == STYLE.letter[kind] for kind in kinds)


def test_an_arrow_meets_no_other_label():
    _, scene = quarter()
    drawn = draw_map(scene, STYLE, DE)
    arrows = [label for label in drawn.labels if label.arrow]
    assert arrows
    for led in arrows:
        shaft = shapely.LineString(led.arrow)
        assert not any(shaft.intersects(o.box) for o in drawn.labels if o is not led)


def test_an_ordinary_quarter_has_its_numbers_inside():
    _, scene = quarter()
    drawn = draw_map(scene, STYLE, DE)
    whole = [
        way
        for row, way in zip(drawn.parcel_rows, drawn.ways, strict=True)
        if scene.parcels.geometry[row].within(shapely.box(*scene.frame.extent))
        and scene.parcels.area_m2[row] > 60
    ]
    assert whole.count(Way.INSIDE) / len(whole) >= 0.95
    assert all(label.em >= 1.5 for label in drawn.labels)
    streets = {label.lines[0] for label in drawn.labels if label.letter == STYLE.letter["street"]}
    assert streets >= {"Am Röttgen", "Uerdinger Straße", "Ostwall", "Philadelphiastraße"}


def test_parts_of_a_parcel_are_all_numbered():
    both = shapely.union_all([box(0, 0, 40, 40), box(60, 0, 40, 40)])
    frame = MapFrame(100, 40, 1000, (EAST + 50, NORTH + 20))
    scene = Scene(
        frame=frame, parcels=parcels([both, box(40, 0, 20, 40)], ["7/2", "8"]), imprint=IMPRINT
    )
    drawn = draw_map(scene, STYLE, DE)
    assert sorted(label.lines for label in drawn.labels) == [("7", "2"), ("7", "2"), ("8",)]


def test_parcels_that_overlap_by_mistake_are_still_told_apart():
    frame = MapFrame(60, 60, 1000, (EAST + 30, NORTH + 30))
    same = [box(20, 20, 8, 8), box(20, 20, 8, 8), box(21, 20, 8, 8)]
    scene = Scene(frame=frame, parcels=parcels(same, ["1/2", "3/4", "5/6"]), imprint=IMPRINT)
    drawn = draw_map(scene, STYLE, DE)
    assert is_clear(drawn.labels)
    proves_every_parcel(scene, drawn)
    assert Way.LIST not in drawn.ways


def test_a_parcel_that_touches_the_frame_with_an_edge_is_no_trouble():
    comb = shapely.union_all([box(-30, 0, 30, 10), box(-30, 20, 40, 10), box(-30, 0, 5, 30)])
    frame = MapFrame(40, 40, 1000, (EAST + 20, NORTH + 20))
    scene = Scene(
        frame=frame, parcels=parcels([comb], ["1"], street=["Weg"]), imprint=IMPRINT, subject=0
    )
    proves_every_parcel(scene, draw_map(scene, STYLE, DE))


def test_a_number_avoids_the_house_when_it_can():
    from cartography.scene import Buildings
    from tests.cartography.worlds import shapes, texts

    house = box(4, 4, 22, 15)
    scene = Scene(
        frame=MapFrame(30, 40, 1000, (EAST + 15, NORTH + 20)),
        parcels=parcels([box(0, 0, 30, 40)], ["12/7"]),
        imprint=IMPRINT,
        buildings=Buildings(
            shapes([house]), texts(["Haus"]), texts(["5"]), texts([""]), np.zeros(1, bool)
        ),
    )
    drawn = draw_map(scene, STYLE, DE)
    number, house_number = drawn.labels
    drawn_house = scene.frame.to_map(np.array([house], dtype=object))[0]
    assert not drawn_house.intersects(number.box)
    assert drawn_house.contains(house_number.box)


@pytest.mark.parametrize(
    ("degrees", "upright_degrees"),
    [(0, 0), (90, 90), (100, 100), (110, -70), (180, 0), (-80, 100), (-70, -70), (270, 90)],
)
def test_letters_are_read_from_below_or_from_the_right(degrees, upright_degrees):
    assert np.degrees(upright(np.radians(degrees))) == pytest.approx(upright_degrees)


def test_the_box_holds_the_letters():
    letter = STYLE.letter["parcel"]
    label = Label(0, ("1234", "5"), 10, 20, 2.5, letter, angle=0.3)
    wide = metrics(Face.ITALIC).width("1234") * 2.5
    half = half_size(label.lines, letter, 2.5)
    assert wide / 2 < half[0] < wide / 2 + 0.2
    (shape,) = boxes(np.array([[10.0, 20.0]]), half, np.array([0.3]))
    for text in label.texts():
        assert shape.distance(shapely.Point(text.x, text.y)) < 1e-9
    assert shape.covers(shapely.LineString(label.bar()))


def test_the_same_scene_gives_the_same_drawing():
    from cartography.svg import write_svg

    _, scene = quarter()
    first, second = (write_svg(draw_map(scene, STYLE, DE).drawing) for _ in range(2))
    assert first == second
