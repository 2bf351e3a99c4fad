"""The generator of incremental deliveries: what it tells is what its files do to the city."""

import io
from collections import Counter

import pytest
import shapely
from lxml import etree

from data.changes.events import Drawing, Kind
from data.changes.plots import read_plots
from data.make_changes import CADASTRE, make_changes

WHEN = "2026-02-01T06:00:00Z"


@pytest.fixture(scope="module")
def drawing(demo_city):
    return lambda seed=1: Drawing(*read_plots(demo_city.path / CADASTRE), seed)


@pytest.mark.parametrize("kind", list(Kind))
def test_no_ground_is_lost_and_no_key_is_used_twice(drawing, kind):
    drawn = drawing()
    known = {p.key for p in drawn.plots}
    events = drawn.draw(kind, 4, WHEN)
    for event in events:
        before = [*event.ended, *(old for old, _ in event.kept)]
        after = [*event.began, *(new for _, new in event.kept)]
        ground = [shapely.union_all([p.shape for p in side]) for side in (before, after)]
        assert shapely.symmetric_difference(*ground).area < 0.01
        assert sum(p.shape.area for p in after) == pytest.approx(ground[1].area, abs=0.01)
        assert all(p.begun == WHEN and WHEN in p.text for p in after)
        assert all(old.key == new.key and old.oid == new.oid for old, new in event.kept)
        if kind not in {Kind.RESURVEY, Kind.AREA}:
            assert sum(p.area_m2 for p in before) == sum(p.area_m2 for p in after)
    began = [p.key for e in events for p in e.began]
    assert not known & set(began)
    assert len(set(began)) == len(began)
    taken = [p.oid for e in events for p in (*e.ended, *(old for old, _ in e.kept))]
    assert len(set(taken)) == len(taken)


def test_a_split_keeps_the_number_as_numerator(drawing):
    for event in drawing().draw(Kind.SPLIT, 5, WHEN):
        old = event.ended[0]
        assert all(p.number[0] == old.number[0] and p.number[1] > 0 for p in event.began)


def test_the_files_say_what_the_truth_says(demo_city, tmp_path):
    counts = dict.fromkeys(Kind, 2)
    told = make_changes(demo_city.path, tmp_path, counts, deliveries=2, seed=3)
    assert [d.number for d in told] == ["SYN-0001", "SYN-0002"]
    for delivery in told:
        text = (tmp_path / delivery.file).read_bytes()
        tree = etree.parse(io.BytesIO(text))
        began = {k for e in delivery.events for k in e.successors}
        kept = [k for e in delivery.events for k in e.kept]
        inserted = [e.text for e in tree.iterfind(".//{*}Insert//{*}flurstueckskennzeichen")]
        replaced = [e.text for e in tree.iterfind(".//{*}Replace//{*}flurstueckskennzeichen")]
        assert sorted(inserted) == sorted(began)
        assert sorted(replaced) == sorted(kept)
        ended = Counter(e.kind for e in delivery.events for _ in e.ended)
        gone = len(tree.findall(".//{*}Delete")) + len(tree.findall(".//{*}Update"))
        assert gone == sum(ended.values())
    again = make_changes(demo_city.path, tmp_path / "again", counts, deliveries=2, seed=3)
    assert again == told
    names = [d.file for d in told]
    for name in names:
        assert (tmp_path / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_a_city_that_is_too_small_says_so(drawing, tmp_path):
    with pytest.raises(ValueError, match="make a larger city"):
        drawing().draw(Kind.MERGE, 10_000, WHEN)
    with pytest.raises(ValueError, match="--cadastre nas"):
        make_changes(tmp_path, tmp_path / "out", {Kind.SPLIT: 1})
