import numpy as np
import pytest

from gis_core.crs import plan_operation, transform_xy
from gis_core.patchwork import Patchwork


@pytest.mark.parametrize(
    ("source", "target", "x", "y"),
    [
        pytest.param(25832, 3857, (280_000, 920_000), (5_230_000, 6_100_000), id="germany"),
        pytest.param(25832, 25833, (280_000, 920_000), (5_230_000, 6_100_000), id="next-zone"),
        pytest.param(25832, 25832, (280_000, 920_000), (5_230_000, 6_100_000), id="same"),
        pytest.param(3857, 25832, (650_000, 1_670_000), (5_980_000, 7_370_000), id="back"),
    ],
)
def test_nothing_is_off_by_a_micrometre(source, target, x, y):
    way = plan_operation(f"EPSG:{source}", f"EPSG:{target}")
    rng = np.random.default_rng(3)
    xs, ys = rng.uniform(*x, 20_000), rng.uniform(*y, 20_000)
    apart = np.subtract(transform_xy(xs, ys, way), Patchwork(way).carry(xs, ys))
    assert np.abs(apart).max() < 1e-6


def test_a_position_has_one_answer_whoever_comes_with_it():
    way = plan_operation("EPSG:25832", "EPSG:3857")
    rng = np.random.default_rng(4)
    xs, ys = rng.uniform(300_000, 400_000, 500), rng.uniform(5_600_000, 5_700_000, 500)
    together = np.array(Patchwork(way).carry(xs, ys))
    alone = np.array([Patchwork(way).carry(xs[i : i + 1], ys[i : i + 1]) for i in range(500)])
    assert (together == alone[:, :, 0].T).all()


def test_where_the_operation_is_not_defined_its_own_answer_is_given():
    way = plan_operation("EPSG:25832", "EPSG:3857")
    xs, ys = np.array([330_000.0, np.nan, 330_000.0]), np.array([5.69e6, 5.69e6, 9e7])
    for got, exact in zip(Patchwork(way).carry(xs, ys), transform_xy(xs, ys, way), strict=True):
        assert np.array_equal(got, exact)
    nothing = np.zeros(0)
    assert [len(a) for a in Patchwork(way).carry(nothing, nothing)] == [0, 0]
