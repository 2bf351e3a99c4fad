"""Links that follow changes are those of a merge from scratch, to the last bit."""

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gis_core.errors import ChangeError
from gis_core.merge import living_rows, living_shapes
from gis_core.merge.flat import FlatShapes
from gis_core.merge.living_links import LivingLinks
from gis_core.merge.living_measures import Rule
from gis_core.merge.living_shapes import LivingShapes
from tests.gis_core.test_engines import FAR, guests, town

RULES = {
    "trees": Rule(how="point", accuracy_m=0.5, nearest_m=2.0),
    "damages": Rule(how="point", accuracy_m=1.0, nearest_m=5.0, prefer=True),
    "uses": Rule(how="share", accuracy_m=0.3),
}


def flat(geometry):
    return FlatShapes.from_shapely(
        shapely.transform(np.array(geometry, object), lambda xy: xy + FAR)
    )


@pytest.fixture(params=[0, 12, 1000], ids="apart {}".format, autouse=True)
def few(request, monkeypatch):
    """How much of what came is put together at once: nothing, some, all."""
    for module in (living_shapes, living_rows):
        monkeypatch.setattr(module, "FEW", request.param)


class World:
    """Parcels and features as plain dictionaries: the model that the living ones are held to."""

    def __init__(self, seed):
        ground, self.rng = town(seed)
        self.parcels = {f"{i:03d}": g for i, g in enumerate(ground)}
        rng = self.rng
        self.features = {
            "trees": dict(enumerate(shapely.points(rng.uniform(0, 200, (60, 2))))),
            "damages": dict(enumerate(shapely.points(rng.uniform(0, 200, (30, 2))))),
            "uses": dict(enumerate(guests(rng, 12))),
        }
        self.streets = set(rng.choice(sorted(self.parcels), 8))
        self.count = len(ground)

    def living_parcels(self):
        keys = np.array(sorted(self.parcels), object)
        return LivingShapes(
            keys,
            flat([self.parcels[k] for k in keys]),
            np.isin(keys, [*self.streets]).astype(float),
        )

    def living_features(self, name):
        ids = sorted(self.features[name])
        radius = np.array([self.radius(name, i) for i in ids])
        return LivingShapes(
            np.array([f"f{i:03d}" for i in ids], object),
            flat([self.features[name][i] for i in ids]),
            radius,
        )

    @staticmethod
    def radius(name, number):
        return (number % 4) * 0.3 if name == "trees" else 0.0

    def tables(self):
        parcels = self.living_parcels()
        return {
            name: LivingLinks(parcels, self.living_features(name), rule).table()
            for name, rule in RULES.items()
        }

    def split(self):
        """Cut some parcels in two; one of the halves may keep the key, or all goes."""
        some = sorted(self.rng.choice(sorted(self.parcels), 2, replace=False))
        came = {}
        for key in some:
            shape = self.parcels.pop(key)
            x0, y0, x1, y1 = shape.bounds
            middle = self.rng.uniform(x0, x1)
            for box in ((x0 - 1, y0 - 1, middle, y1 + 1), (middle, y0 - 1, x1 + 1, y1 + 1)):
                piece = shapely.intersection(shape, shapely.box(*box))
                parts = [g for g in shapely.get_parts(piece) if g.geom_type == "Polygon"]
                if parts and self.rng.random() < 0.9:
                    self.count += 1
                    new = key if not came and self.rng.random() < 0.5 else f"{self.count:03d}"
                    came[new] = shapely.MultiPolygon(parts)
        self.parcels |= came
        return some, came


@given(st.integers(0, 10_000))
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_changes_one_after_the_other(seed):
    world = World(seed)
    parcels = world.living_parcels()
    features = {name: world.living_features(name) for name in RULES}
    links = {name: LivingLinks(parcels, features[name], rule) for name, rule in RULES.items()}
    for _ in range(4):
        some, came = world.split()
        gone = parcels.remove(some)
        keys = sorted(came)
        new = parcels.add(
            keys, flat([came[k] for k in keys]), np.isin(keys, [*world.streets]).astype(float)
        )
        for each in links.values():
            each.parcels_changed(gone, new)
        for name, shapes in world.features.items():
            moved = world.rng.choice(sorted(shapes), 3, replace=False).tolist()
            for i in moved:
                dx, dy = world.rng.uniform(-30, 30, 2)
                shapes[i] = shapely.transform(shapes[i], lambda xy, d=(dx, dy): xy + d)
            ids = [f"f{i:03d}" for i in moved]
            left = features[name].remove(ids)
            entered = features[name].add(
                ids,
                flat([shapes[i] for i in moved]),
                np.array([world.radius(name, i) for i in moved]),
            )
            links[name].features_changed(left, entered)
    for name, table in world.tables().items():
        pd.testing.assert_frame_equal(links[name].table(), table, check_exact=True)


def test_many_small_changes_are_put_together():
    world = World(3)
    parcels = world.living_parcels()
    links = LivingLinks(parcels, world.living_features("uses"), RULES["uses"])
    for _ in range(40):
        some, came = world.split()
        gone = parcels.remove(some)
        links.parcels_changed(
            gone, parcels.add(sorted(came), flat([came[k] for k in sorted(came)]))
        )
    pd.testing.assert_frame_equal(links.table(), world.tables()["uses"], check_exact=True)


def test_a_change_of_what_is_not_there_is_refused():
    parcels = World(1).living_parcels()
    parcels.remove(["003"])
    for name in ("003", "999"):
        with pytest.raises(ChangeError, match=name):
            parcels.remove([name])


def test_what_is_there_cannot_come_again():
    parcels = World(1).living_parcels()
    with pytest.raises(ChangeError, match="003"):
        parcels.add(["900", "003"], parcels.take(np.array([0, 1])))
    gone = parcels.remove(["003"])
    assert parcels.add(["003"], parcels.take(gone)) > gone
    assert len(parcels.find(["003"])) == 1
    with pytest.raises(ChangeError, match="900"):
        parcels.find(["900"])


def test_points_whose_parcel_went_look_further_and_come_back():
    plots = flat([shapely.box(0, 0, 9, 9), shapely.box(10, 0, 19, 9)])
    parcels = LivingShapes(np.array(["A", "B"], object), plots)
    trees = LivingShapes(np.array(["t"], object), flat([shapely.Point(9, 5)]))
    links = LivingLinks(parcels, trees, Rule(how="point", nearest_m=2.0))

    def parcel_of_tree():
        table = links.table()
        return [*zip(table.parcel_key, table.method, strict=True)]

    nothing = np.empty(0, np.intp)
    assert parcel_of_tree() == [("A", "within")]
    links.parcels_changed(parcels.remove(["A"]), nothing)
    assert parcel_of_tree() == [("B", "nearest")]
    links.parcels_changed(nothing, parcels.add(["A"], plots.take(np.array([0]))))
    assert parcel_of_tree() == [("A", "within")]
