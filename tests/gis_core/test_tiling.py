import pytest

from gis_core.errors import TileAddressError
from gis_core.tiling import ADV_25832, MATRIX_SETS, WEB_MERCATOR_QUAD, tiles_of

BOTH = pytest.mark.parametrize("matrix_set", MATRIX_SETS.values(), ids=MATRIX_SETS)


def test_web_mercator_quad_is_the_one_in_the_register():
    document = WEB_MERCATOR_QUAD.document()
    first, last = document["tileMatrices"][0], document["tileMatrices"][-1]
    assert first["scaleDenominator"] == pytest.approx(559082264.028717, rel=1e-13)
    assert first["cellSize"] == pytest.approx(156543.033928041, rel=1e-13)
    assert first["pointOfOrigin"] == pytest.approx([-20037508.3427892, 20037508.3427892])
    assert (last["id"], last["matrixWidth"]) == ("24", 2**24)
    assert last["scaleDenominator"] == pytest.approx(33.3238997476, rel=1e-9)


def test_adv_25832_lies_on_the_tiles_of_the_german_base_map():
    """The box and the cell sizes that users of basemap.de configure."""
    xmin, ymin, xmax, ymax = ADV_25832.tile(0, 0, 0).box
    assert (xmin, ymax) == (-46133.17, 6301219.54)
    assert (xmax, ymin) == pytest.approx((1206211.10142433, 5048875.26857567), abs=1e-6)
    assert ADV_25832.cell_size(9) == pytest.approx(9.554628535645827, rel=1e-12)


@BOTH
def test_four_tiles_make_up_the_one_above(matrix_set):
    whole = matrix_set.tile(7, 40, 33)
    parts = [matrix_set.tile(8, x, y) for x in (80, 81) for y in (66, 67)]
    boxes = [p.box for p in parts]
    united = (
        *(min(b[i] for b in boxes) for i in (0, 1)),
        *(max(b[i] for b in boxes) for i in (2, 3)),
    )
    assert united == pytest.approx(whole.box, abs=1e-6)


@BOTH
def test_limits_name_the_tiles_that_meet_a_box(matrix_set):
    inside = matrix_set.tile(5, 12, 9)
    xmin, ymin, xmax, ymax = inside.box
    box = (xmin + 1, ymin + 1, xmax + 1, ymax - 1)
    limits = matrix_set.limits(box, 5)
    assert [(t.x, t.y) for t in tiles_of(limits, matrix_set)] == [(12, 9), (13, 9)]
    assert limits.holds(13, 9)
    assert not limits.holds(13, 10)
    far = matrix_set.origin[0] - 1e6
    assert matrix_set.limits((far, ymin, far + 1, ymax), 5) is None


@BOTH
@pytest.mark.parametrize(
    ("z", "x", "y"),
    [
        pytest.param(-1, 0, 0, id="above-the-top"),
        pytest.param(25, 0, 0, id="too-deep"),
        pytest.param(3, 8, 0, id="beyond-the-antimeridian"),
        pytest.param(3, 0, 8, id="beyond-the-south-pole"),
        pytest.param(3, 0, -1, id="beyond-the-north-pole"),
        pytest.param(3, -1, 0, id="before-the-first-column"),
    ],
)
def test_no_tile_outside_of_the_set(matrix_set, z, x, y):
    with pytest.raises(TileAddressError):
        matrix_set.tile(z, x, y)
