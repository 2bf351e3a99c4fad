"""The history of parcels: small worlds for each event, then any sequence of splits and merges."""

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity

from gis_core.descent import KeyLinks
from gis_core.lifetimes import ParcelVersions
from gis_core.lineage import Lineage, trace

BEFORE, DAY, AFTER = "2001-05-07", "2024-06-12", "2025-01-01"
GONE = {"begins": BEFORE, "ends": DAY}
CAME = {"begins": DAY}


def box(x0, x1, y0=0, y1=20):
    return shapely.box(x0, y0, x1, y1)


def world(*rows):
    """Return versions of (key, geometry, {begins, ends, seen, area})."""
    keys, shapes, times = zip(*rows, strict=True)
    side = {name: [t.get(name, "NaT") for t in times] for name in ("begins", "ends", "seen")}
    area = [t.get("area", np.nan) for t in times]
    return ParcelVersions.of(keys, shapes, official_m2=area, **side)


def events(versions, told: Lineage):
    """Return (kind, day, old keys, new keys) of every event."""
    found = []
    for event, (kind, at) in enumerate(zip(told.kind, told.at, strict=True)):
        links = told.event == event
        old, new = (
            tuple(sorted({versions.key[i] for i in side[links] if i >= 0}))
            for side in (told.old, told.new)
        )
        found.append((str(kind), str(at)[:10], old, new))
    return found


def key_links(versions, told):
    def names(side):
        return np.array([versions.key[i] if i >= 0 else None for i in side], object)

    at = told.at[told.event]
    return KeyLinks(at, names(told.old), names(told.new), told.share_old, told.share_new)


STRIP = [("1", box(0, 20), GONE), ("2", box(20, 40), GONE)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(
            [STRIP[0], ("1/1", box(0, 5), CAME), ("1/2", box(5, 20), CAME)],
            ("split", ("1",), ("1/1", "1/2")),
            id="split",
        ),
        pytest.param(
            [STRIP[0], ("1", box(0, 5), CAME), ("1/1", box(5, 20), CAME)],
            ("split", ("1",), ("1", "1/1")),
            id="split-of-which-one-keeps-the-key",
        ),
        pytest.param([*STRIP, ("3", box(0, 40), CAME)], ("merge", ("1", "2"), ("3",)), id="merge"),
        pytest.param(
            [*STRIP, ("3", box(0, 40, 0, 9), CAME), ("4", box(0, 40, 9), CAME)],
            ("rearrangement", ("1", "2"), ("3", "4")),
            id="rearrangement",
        ),
        pytest.param(
            [*STRIP, ("1", box(0, 25), CAME), ("2", box(25, 40), CAME)],
            ("resurvey", ("1", "2"), ("1", "2")),
            id="a-strip-changes-hands",
        ),
        pytest.param(
            [STRIP[0], ("1", box(0, 21), CAME)], ("resurvey", ("1",), ("1",)), id="resurvey"
        ),
        pytest.param(
            [STRIP[0], ("7", box(0.05, 20.05), CAME)], ("renumber", ("1",), ("7",)), id="renumber"
        ),
        pytest.param(
            [
                ("1", box(0, 20), GONE | {"area": 400}),
                ("1", box(0, 20.05), CAME | {"area": 402}),
            ],
            ("area_correction", ("1",), ("1",)),
            id="area-correction",
        ),
        pytest.param([STRIP[0]], ("gone", ("1",), ()), id="gone"),
        pytest.param(
            [("9", box(0, 20), {"begins": AFTER})], ("new", (), ("9",)), id="new-at-the-edge"
        ),
    ],
)
def test_each_kind_of_event(rows, expected):
    neighbours = [("n", box(40, 60), {}), ("s", box(-20, 0), {})]
    versions = world(*rows, *neighbours)
    told = trace(versions, since=np.datetime64(BEFORE))
    kind, old, new = expected
    assert [(k, o, n) for k, _, o, n in events(versions, told)] == [(kind, old, new)]
    assert told.reused.size == 0


def test_shares_are_parts_of_the_old_and_of_the_new():
    versions = world(*STRIP, ("3", box(0, 30), CAME), ("4", box(30, 40), CAME))
    told = trace(versions)
    assert told.area_m2.tolist() == [400, 200, 200]
    assert told.share_old.tolist() == [1, 0.5, 0.5]
    assert told.share_new.tolist() == pytest.approx([2 / 3, 1 / 3, 1])


def test_a_homogenised_fabric_has_no_events_and_links_no_neighbours():
    """The whole fabric moves by 5 cm while one parcel is split: only the split is told."""
    plots = {str(i): box(20 * i, 20 * i + 20) for i in range(5)}
    moved = {key: affinity.translate(shape, 0.05, -0.03) for key, shape in plots.items()}
    del moved["2"]
    moved |= {"2/1": box(40.05, 50.05), "2/2": box(50.05, 60.05)}
    versions = world(
        *((key, shape, GONE) for key, shape in plots.items()),
        *((key, shape, CAME) for key, shape in moved.items()),
    )
    assert events(versions, trace(versions)) == [("split", DAY, ("2",), ("2/1", "2/2"))]


def test_a_narrow_parcel_of_its_own_is_no_sliver():
    strip = ("1/1", box(0, 0.1), CAME)
    versions = world(STRIP[0], strip, ("1/2", box(0.1, 20), CAME))
    assert events(versions, trace(versions)) == [("split", DAY, ("1",), ("1/1", "1/2"))]


def test_a_version_with_the_same_shape_and_area_is_no_event():
    versions = world(STRIP[0], ("1", box(0, 20), CAME))
    assert events(versions, trace(versions)) == []


def test_the_new_parcel_says_when_an_end_was_registered_late_or_only_noticed():
    late = world(("1", box(0, 20), {"begins": BEFORE, "ends": AFTER}), ("2", box(0, 20), CAME))
    seen = world(("1", box(0, 20), {"ends": AFTER, "seen": BEFORE}), ("2", box(0, 20), CAME))
    for versions in (late, seen):
        assert events(versions, trace(versions)) == [("renumber", DAY, ("1",), ("2",))]


def test_a_neighbour_that_was_there_all_along_is_no_successor():
    """The neighbour overlaps by a fault of the drawing, and began before."""
    fault = ("2", box(15, 40), {"begins": "2003-01-01"})
    versions = world(("1", box(0, 20), {"ends": AFTER, "seen": "2024-01-01"}), fault)
    assert events(versions, trace(versions)) == [("gone", "2025-01-01", ("1",), ())]


@pytest.mark.parametrize("begins", ["NaT", AFTER], ids=["unknown-begin", "later-version"])
def test_an_old_parcel_finds_what_lies_there_today(begins):
    """Today's parcel has had versions since, of which only the last is known."""
    versions = world(STRIP[0], ("1/1", box(0, 9), {"begins": begins}), ("1/2", box(9, 20), {}))
    [event] = events(versions, trace(versions))
    assert event == ("split", DAY, ("1",), ("1/1", "1/2"))


def test_a_number_that_is_used_again_is_a_finding():
    versions = world(
        STRIP[0],
        ("7", box(0, 20), CAME),
        ("1", box(100, 120), {"begins": AFTER}),
        ("5", box(50, 60), {"begins": AFTER, "ends": BEFORE}),
    )
    told = trace(versions)
    assert versions.key[told.reused].tolist() == ["1"]
    assert versions.key[told.impossible].tolist() == ["5"]


def test_parcels_without_a_place_are_kept_out_of_the_events():
    versions = world(("1", None, GONE), ("8", None, {}), STRIP[1], ("3", box(20, 40), CAME))
    assert events(versions, trace(versions)) == [("renumber", DAY, ("2",), ("3",))]
    nothing = ParcelVersions.of([], [])
    assert trace(nothing).kind.size == 0


def test_a_key_that_returns_makes_no_circle():
    at = np.array(["2020-01-01", "2021-01-01", "2022-01-01"], "datetime64[s]")
    one = np.ones(3)
    links = KeyLinks(
        at, np.array(["A", "B", "A"], object), np.array(["B", "A", "B"], object), one, one
    )
    assert links.successors("A") == {"B": 1.0}
    assert links.successors("Z") == {"Z": 1.0}


@dataclass
class Office:
    """A cadastral office that splits and merges boxes and keeps a record of it."""

    current: dict = field(default_factory=dict)
    rows: list = field(default_factory=list)
    done: list = field(default_factory=list)
    number: int = 0
    day: date = date(2000, 1, 1)

    def found(self, shapes):
        for shape in shapes:
            self.number += 1
            self.current[str(self.number)] = (shape, "NaT")

    def change(self, kind, old, new):
        self.day += timedelta(days=9)
        today = self.day.isoformat()
        for key in old:
            shape, begins = self.current.pop(key)
            self.rows.append((key, shape, {"begins": begins, "ends": today}))
        for key, shape in new.items():
            self.current[key] = (shape, today)
        self.done.append((kind, today, tuple(sorted(old)), tuple(sorted(new))))

    def split(self, key, cut, *, upright):
        x0, y0, x1, y1 = self.current[key][0].bounds
        if upright:
            x = x0 + cut * (x1 - x0)
            pieces = [shapely.box(x0, y0, x, y1), shapely.box(x, y0, x1, y1)]
        else:
            y = y0 + cut * (y1 - y0)
            pieces = [shapely.box(x0, y0, x1, y), shapely.box(x0, y, x1, y1)]
        parts = [shapely.intersection(self.current[key][0], p) for p in pieces]
        if all(p.area > 10 for p in parts):
            self.change(
                "split", [key], {f"{key}.{self.day:%j%y}/{i}": p for i, p in enumerate(parts)}
            )

    def merge(self, key):
        shape = self.current[key][0]
        for other, (beside, _) in sorted(self.current.items()):
            if other != key and shapely.length(shapely.intersection(shape, beside)) > 1:
                self.number += 1
                self.change("merge", [key, other], {str(self.number): shapely.union(shape, beside)})
                return

    @property
    def versions(self):
        return world(
            *self.rows,
            *((key, shape, {"begins": since}) for key, (shape, since) in self.current.items()),
        )


STEP = st.tuples(
    st.sampled_from(["split", "merge"]),
    st.integers(0, 10**6),
    st.floats(0.2, 0.8),
    st.booleans(),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(STEP, min_size=1, max_size=14))
def test_any_sequence_of_splits_and_merges_is_told_as_it_was(steps):
    """The lineage names exactly what was done, and successors cover the old parcel's ground."""
    office = Office()
    office.found([box(30 * i, 30 * i + 30, 25 * j, 25 * j + 25) for i in (0, 1, 2) for j in (0, 1)])
    for name, which, cut, upright in steps:
        key = sorted(office.current)[which % len(office.current)]
        if name == "split":
            office.split(key, cut, upright=upright)
        else:
            office.merge(key)
    versions = office.versions
    told = trace(versions)
    assert events(versions, told) == office.done
    assert told.reused.size == 0
    links = key_links(versions, told)
    for key, shape, _ in office.rows:
        found = links.successors(key)
        assert set(found) <= set(office.current)
        assert sum(found.values()) == pytest.approx(1)
        # Shares along a line are averages, so only who gets ground is certain, not how much.
        there = {k for k, (s, _) in office.current.items() if s.intersection(shape).area > 1e-6}
        assert there <= set(found)


@settings(max_examples=15, deadline=None)
@given(st.lists(STEP, min_size=1, max_size=6), st.permutations(range(4)))
def test_the_order_of_the_versions_does_not_matter(steps, order):
    office = Office()
    office.found([box(0, 40), box(40, 80)])
    for name, which, cut, upright in steps:
        key = sorted(office.current)[which % len(office.current)]
        (office.split(key, cut, upright=upright) if name == "split" else office.merge(key))
    versions = office.versions
    at = np.array(sorted(range(len(versions)), key=lambda i: (order[i % 4], i)))
    mixed = ParcelVersions(
        *(getattr(versions, name)[at] for name in ParcelVersions.__dataclass_fields__)
    )
    assert sorted(events(mixed, trace(mixed))) == sorted(events(versions, trace(versions)))
