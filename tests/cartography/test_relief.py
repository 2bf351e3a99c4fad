"""Rasters as pictures, on grounds that a reader can see before him."""

import zlib

import numpy as np

from cartography.png import encode_png
from cartography.relief import Ramp, classes, code_colours, on_background, relief

NONE = np.nan


def test_colours_go_from_the_low_end_to_the_high_and_stay_there():
    ramp = Ramp(10, 50)
    (low, first), *_, (high, last) = ramp.steps()
    assert (low, high) == (10, 50)
    assert ramp.colours(np.array([-99.0, 10, 50, 999])).tolist() == [
        [*map(float, c)] for c in (first, first, last, last)
    ]


def test_light_comes_from_the_north_west():
    # A square hill: its four slopes look north, east, south, west.
    y, x = np.mgrid[0:21, 0:21]
    hill = -np.maximum(abs(x - 10), abs(y - 10)).astype(float)
    light = relief(hill, 10, 10, Ramp(-1e9, 1e9))[..., :3].sum(axis=2).astype(int)
    north, south, west, east = light[2, 9], light[16, 9], light[9, 2], light[9, 16]
    assert min(north, west) > max(south, east)
    flat = relief(np.zeros((3, 3)), 10, 10, Ramp(-1, 1))[0, 0, :3]
    assert (flat > 100).any()


def test_what_has_no_value_is_not_painted():
    heights = np.full((5, 5), 3.0)
    heights[2, 2] = NONE
    picture = relief(heights, 1, 1, Ramp(0, 9))
    assert picture.shape == (3, 3, 4)
    assert picture[..., 3].tolist() == [[255] * 3, [255, 0, 255], [255] * 3]
    assert on_background(picture, (1, 2, 3), opaque=True)[1, 1].tolist() == [1, 2, 3, 255]
    assert on_background(picture, (1, 2, 3), opaque=False)[1, 1].tolist() == [1, 2, 3, 0]


def test_pictures_side_by_side_fit_together():
    heights = np.random.default_rng(1).normal(size=(8, 14)).cumsum(axis=1)
    whole = relief(heights, 2, 2, Ramp(-9, 9))
    left, right = (relief(heights[:, s], 2, 2, Ramp(-9, 9)) for s in (slice(0, 8), slice(6, 14)))
    assert np.array_equal(np.hstack([left, right]), whole)


def test_each_code_has_its_colour():
    colours = code_colours({20: "b", 3: "a"})
    assert len(set(colours.values())) == 2
    picture = classes(np.array([[3.0, 20, 7, NONE]]), colours)
    assert tuple(picture[0, 0, :3]) == colours[3]
    assert tuple(picture[0, 1, :3]) == colours[20]
    assert len(set(picture[0, 2, :3].tolist())) == 1  # a code that nobody knows is grey
    assert picture[0, 3].tolist() == [0, 0, 0, 0]


def test_a_png_holds_the_pixels():
    pixels = np.random.default_rng(2).integers(0, 256, (5, 7, 4)).astype(np.uint8)
    file = encode_png(pixels)
    assert file[:8] == b"\x89PNG\r\n\x1a\n"
    length = int.from_bytes(file[33:37])
    rows = np.frombuffer(zlib.decompress(file[41 : 41 + length]), dtype=np.uint8).reshape(5, 29)
    assert (rows[:, 0] == 2).all()
    assert np.array_equal(rows[:, 1:].cumsum(axis=0, dtype=np.uint8).reshape(5, 7, 4), pixels)
    assert encode_png(pixels) == file
