"""Who borders on whom, and from which side."""

import numpy as np
import pytest
import shapely

from gis_core.neighbours import CLOCKWISE, find_neighbours

HOME = shapely.box(0, 0, 10, 10)
CENTRE = shapely.Point(5, 5)


def around(*areas):
    found = find_neighbours(HOME, np.array(areas, object), CENTRE)
    return list(
        zip(found.position.tolist(), found.direction, found.border_m.round(2).tolist(), strict=True)
    )


@pytest.mark.parametrize(
    ("area", "expected"),
    [
        pytest.param(shapely.box(10, 0, 20, 10), [(0, "e", 10.0)], id="whole-side"),
        pytest.param(shapely.box(10, 4, 20, 6), [(0, "e", 2.0)], id="part-of-a-side"),
        pytest.param(shapely.box(10.015, 0, 20, 10), [(0, "e", 10.0)], id="a-hair-of-a-gap"),
        pytest.param(shapely.box(9.99, 0, 20, 10), [(0, "e", 10.0)], id="a-hair-of-overlap"),
        pytest.param(shapely.box(10.05, 0, 20, 10), [], id="five-centimetres-off"),
        pytest.param(shapely.box(10, 10, 20, 20), [], id="corner-only"),
        pytest.param(shapely.box(10, 9.95, 20, 20), [], id="five-centimetres-of-border"),
        pytest.param(shapely.box(3, 10, 4, 11), [(0, "n", 1.0)], id="north-though-left-of-middle"),
        pytest.param(shapely.box(8, 10, 10, 11), [(0, "ne", 2.0)], id="north-east"),
        pytest.param(
            shapely.box(-9, -9, 19, 19) - HOME - shapely.box(4, 10, 6, 19),
            [(0, "s", 38.0)],
            id="nearly-all-around",
        ),
    ],
)
def test_a_neighbour_shares_border(area, expected):
    got = around(area)
    assert [(p, d) for p, d, _ in got] == [(p, d) for p, d, _ in expected]
    assert [b for *_, b in got] == pytest.approx([b for *_, b in expected], abs=0.03)


def test_neighbours_are_told_clockwise_from_north():
    sides = [(-5, 0), (0, -10), (10, 0), (0, 10)]
    areas = [shapely.box(x, y, x + (5 if x == -5 else 10), y + 10) for x, y in sides]
    assert [d for _, d, _ in around(*areas)] == ["n", "e", "s", "w"]
    assert CLOCKWISE[0] == "n"


def test_nobody_around():
    assert around() == []
