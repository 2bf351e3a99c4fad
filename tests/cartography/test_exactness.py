"""True to scale: measured in the finished file, not in the program."""

import numpy as np
import pytest
import shapely

from cartography.flurkarte import flurkarte
from cartography.scene import Buildings, Scene
from cartography.sheet import FORMATS, Orientation, Sheet
from tests.cartography import pdf_probe as probe
from tests.cartography.worlds import EAST, IMPRINT, NORTH, parcels, quarter, shapes, texts


def ruler(paper, orientation, scale):
    """One large parcel and four small squares whose corners lie 100 mm apart on paper."""
    metres = scale / 10
    corners = [(0, 0), (metres, 0), (metres, metres), (0, metres)]
    marks = [shapely.box(EAST + x, NORTH + y, EAST + x + 1, NORTH + y + 1) for x, y in corners]
    ground = shapely.box(EAST - 5000, NORTH - 5000, EAST + 5000, NORTH + 5000)
    sheet = Sheet(paper, orientation, scale, (EAST + metres / 2 + 0.3, NORTH + metres / 2 - 0.7))
    scene = Scene(
        frame=sheet.frame,
        parcels=parcels([ground], ["1"]),
        imprint=IMPRINT,
        buildings=Buildings(
            shapes(marks), texts(["Haus"] * 4), texts([""] * 4), texts([""] * 4), np.zeros(4, bool)
        ),
    )
    return sheet, scene, np.array(corners) + np.array([EAST, NORTH])


@pytest.mark.parametrize("scale", [500, 1000, 2000])
@pytest.mark.parametrize("orientation", list(Orientation))
@pytest.mark.parametrize("paper", ["A4", "A3", "A0"])
def test_a_hundred_millimetres_are_a_hundred_millimetres(paper, orientation, scale):
    sheet, scene, marks = ruler(paper, orientation, scale)
    pdf = probe.open_pdf(flurkarte(sheet, scene))
    points = probe.path_points(pdf.pages[0])
    frame, (west, _, _, north) = sheet.map_box, sheet.frame.extent
    expected = np.column_stack(
        [
            frame.x + (marks[:, 0] - west) * 1000 / scale,
            frame.y + (north - marks[:, 1]) * 1000 / scale,
        ]
    )
    found = np.array([points[np.argmin(np.hypot(*(points - e).T))] for e in expected])
    assert np.abs(found - expected).max() < 0.005
    sides = np.hypot(*(np.roll(found, -1, axis=0) - found).T)
    assert sides == pytest.approx([100.0] * 4, abs=0.005)
    width, height = (float(v) * probe.MM for v in pdf.pages[0].MediaBox[2:])
    assert (width, height) == pytest.approx(sheet.paper, abs=0.01)


@pytest.mark.parametrize("paper", sorted(FORMATS))
def test_one_page_holds_the_map_and_nothing_leaves_the_paper(paper):
    sheet, scene, _ = ruler(paper, Orientation.PORTRAIT, 1000)
    box = sheet.map_box
    assert box.x > 0
    assert box.y > 0
    assert box.x + box.width < sheet.paper[0]
    assert box.y + box.height < sheet.paper[1]
    pdf = probe.open_pdf(flurkarte(sheet, scene))
    sizes = [tuple(float(v) * probe.MM for v in page.MediaBox[2:]) for page in pdf.pages]
    assert sizes[0] == pytest.approx(sheet.paper, abs=0.01)
    assert all(size == pytest.approx((210, 297), abs=0.01) for size in sizes[1:])


def test_the_frame_is_the_extent():
    sheet, _ = quarter()
    west, south, east, north = sheet.frame.extent
    assert (east - west, north - south) == pytest.approx(
        (sheet.frame.width, sheet.frame.height), abs=1e-9
    )
    corner = sheet.frame.to_map(np.array([shapely.Point(east, north)], dtype=object))[0]
    assert (corner.x, corner.y) == pytest.approx((sheet.frame.width, sheet.frame.height), abs=1e-9)
    back = sheet.frame.to_ground(np.array([[0.0, 0.0]]))
    assert back[0] == pytest.approx((west, south), abs=1e-9)


def test_nothing_is_a_picture_of_a_map():
    sheet, scene = quarter()
    pdf = probe.open_pdf(flurkarte(sheet, scene))
    for page in pdf.pages:
        assert not page.get_images()
