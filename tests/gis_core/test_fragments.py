"""Ready features: what a query would have answered, after any change; never more than is public."""

import json
import stat
from datetime import UTC, datetime

import numpy as np
import orjson
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gis_core.errors import StoreError
from gis_core.offered_crs import CRS84, crs_uri
from gis_core.store import Column, ColumnType, Store, TableSchema
from gis_core.store.fragments.boxes import BoxTree
from gis_core.store.fragments.files import FOLDER, read_head, segment_folder

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
STORAGE = crs_uri(25832)
COLUMNS = (
    Column("name"),
    Column("count", ColumnType.INTEGER),
    Column("width", ColumnType.NUMBER),
    Column("listed", ColumnType.BOOLEAN),
    Column("day", ColumnType.DATE),
    Column("at", ColumnType.DATETIME),
    Column("many", ColumnType.LIST),
    Column("inner"),
    Column("owner", sealed=True),
)
PUBLIC = tuple(c.name for c in COLUMNS if c.name not in {"inner", "owner"})
PLOTS = TableSchema("plot", COLUMNS, "polygon", 25832, published=PUBLIC)
PLACELESS = TableSchema("note", (Column("name"),), published=("name",))


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "data", create=True, clock=lambda: NOON) as opened:
        yield opened


def plots(ids, stamp=""):
    frame = pd.DataFrame(
        {
            "feature_id": [f'P"{i}' for i in ids],
            "name": [None if i % 4 == 3 else f"ü{i}{stamp}" for i in ids],
            "count": pd.array([None if i % 5 == 1 else i for i in ids], dtype="Int64"),
            "width": [np.nan if i % 3 == 2 else i / 8 for i in ids],
            "listed": pd.array([None if i % 7 == 2 else i % 2 == 0 for i in ids], dtype="boolean"),
            "day": pd.to_datetime([f"2020-01-{i % 28 + 1:02d}" for i in ids]),
            "at": pd.to_datetime([f"2020-01-01T12:00:{i % 60:02d}.250" for i in ids]),
            "many": [[f"a{i}", "b"] if i % 2 else None for i in ids],
            "inner": "inner secret",
            "owner": "sealed secret",
        }
    )
    shapes = [None if i % 5 == 4 else square(i, stamp) for i in ids]
    return frame, np.array(shapes, dtype=object)


def square(i, stamp=""):
    x, y = 330_000 + 37.3 * (i % 10) + len(stamp), 5_690_000.1 + 41.7 * (i // 10)
    return shapely.box(x, y, x + 20, y + 30, ccw=False)


def whole(store, ids, stamp="", layer="land"):
    with store.stage(layer) as writer:
        writer.table(PLOTS).append(*plots(ids, stamp))
        writer.table(PLACELESS).append(pd.DataFrame({"feature_id": ["n"], "name": ["x"]}))
        writer.publish({}, None)
    return store.snapshot(layer)


def features(segment, uri):
    variant = segment.variant(uri)
    return json.loads(b"[%s]" % segment.slice(variant, 0, segment.count))


def test_types_are_json_s_and_missing_is_null(store):
    snapshot = whole(store, range(40))
    segment = snapshot.segment("plot", released=PUBLIC)
    found = {f["id"]: f["properties"] for f in features(segment, CRS84)}
    assert found['P"3'] == {
        "name": None,
        "count": 3,
        "width": 0.375,
        "listed": False,
        "day": "2020-01-04",
        "at": "2020-01-01T12:00:03Z",
        "many": ["a3", "b"],
    }
    assert found['P"2']["width"] is None
    assert found['P"1']["count"] is None
    assert found['P"2']["listed"] is None


def test_rows_are_those_of_the_table_in_both_systems(store):
    snapshot = whole(store, range(130))
    frame = snapshot.frame("plot")
    segment = snapshot.segment("plot", released=PUBLIC)
    stored = features(segment, STORAGE)
    assert [f["id"] for f in stored] == frame.index.tolist()
    for feature, own in zip(stored, frame.geometry, strict=True):
        if own is None:
            assert feature["geometry"] is None
            continue
        assert shapely.hausdorff_distance(shapely.geometry.shape(feature["geometry"]), own) < 1e-3
        outer = np.array(feature["geometry"]["coordinates"][0][0])
        assert shapely.is_ccw(shapely.LinearRing(outer))
    rows = np.arange(segment.count)
    assert (shapely.to_wkb(segment.shapes(rows)) == shapely.to_wkb(frame.geometry.array)).all()
    assert [f["id"] for f in features(segment, CRS84)] == frame.index.tolist()
    there = np.flatnonzero(frame.geometry.notna())
    first = [shapely.get_coordinates(own)[0] for own in frame.geometry.array[there]]
    assert segment.vertices(there).tolist() == np.array(first).tolist()


_NEAR = shapely.box(330_001, 5_690_002, 330_009, 5_690_009, ccw=False)
_RING = _NEAR.difference(shapely.box(330_003, 5_690_004, 330_005, 5_690_006))
_FAR = shapely.box(330_101, 5_690_002, 330_109, 5_690_009)
_LINE = shapely.LineString([(330_001, 5_690_002), (330_009, 5_690_003)])
_OTHER = shapely.LineString([(330_001, 5_690_009), (330_009, 5_690_008), (330_011, 5_690_008)])


@pytest.mark.parametrize(
    ("shape", "geometries"),
    [
        ("point", [shapely.Point(330_001, 5_690_002), shapely.Point(330_003, 5_690_002)]),
        ("line", [_LINE, shapely.MultiLineString([_LINE, _OTHER]), _OTHER]),
        ("polygon", [_NEAR, _RING, shapely.MultiPolygon([_NEAR, _FAR]), _FAR]),
    ],
)
def test_vertices_of_every_kind_are_known_without_parsing(store, shape, geometries):
    schema = TableSchema("things", (Column("name"),), shape, 25832, published=("name",))
    with store.stage("others") as writer:
        ids = [f"{i}" for i in range(len(geometries))]
        frame = pd.DataFrame({"feature_id": ids, "name": "x"})
        writer.table(schema).append(frame, np.array(geometries, dtype=object))
        writer.publish({}, None)
    segment = store.snapshot("others").segment("things", released=("name",))
    rows = np.arange(segment.count)
    expected = [shapely.get_coordinates(own) for own in segment.shapes(rows)]
    assert segment.vertices(rows).tolist() == [xy[0].tolist() for xy in expected]
    xy, first = segment.outlines(rows)
    found = np.split(xy, first[1:])
    assert [own.tolist() for own in found] == [own.tolist() for own in expected]


def test_any_rows_can_be_gathered_and_found(store):
    segment = whole(store, range(60)).segment("plot", released=PUBLIC)
    variant = segment.variant(CRS84)
    everything = features(segment, CRS84)
    rng = np.random.default_rng(1)
    for _ in range(30):
        rows = np.flatnonzero(rng.random(60) < rng.random())
        assert orjson.loads(b"".join([b"[", *segment.gather(variant, rows), b"]"])) == [
            everything[i] for i in rows.tolist()
        ]
        first, last = sorted(rng.integers(0, 61, 2).tolist())
        assert orjson.loads(b"[%s]" % segment.slice(variant, first, last)) == everything[first:last]
        assert len(segment.slice(variant, first, last)) == segment.size(variant, first, last)
    for row, feature in enumerate(everything):
        assert segment.row_of(feature["id"]) == row
        assert segment.rows_of([int(segment.fids[row])]).tolist() == [row]
    assert segment.row_of("P") is None
    assert segment.row_of('P"99') is None
    assert len({segment.tag(i) for i in range(60)}) == 60


def test_without_a_place_all_systems_are_one(store):
    segment = whole(store, range(3)).segment("note", released=("name",))
    assert segment.variant(STORAGE) == segment.variant("anything") == segment.variant(CRS84)
    [feature] = features(segment, CRS84)
    assert feature["geometry"] is None


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 5000])
def test_the_tree_finds_exactly_what_meets(count):
    rng = np.random.default_rng(count)
    low = rng.random((count, 2)) * 100
    boxes = np.hstack([low, low + rng.random((count, 2)) * rng.choice([0, 1, 50], (count, 1))])
    boxes[rng.random(count) < 0.1] = np.nan
    tree = BoxTree(boxes)
    for _ in range(20):
        at, size = rng.random(2) * 120 - 10, rng.random(2) * rng.choice([0, 5, 80])
        xmin, ymin, xmax, ymax = (*at, *(at + size))
        meets = (boxes[:, 0] <= xmax) & (boxes[:, 2] >= xmin)
        meets &= (boxes[:, 1] <= ymax) & (boxes[:, 3] >= ymin)
        assert tree.search((xmin, ymin, xmax, ymax)).tolist() == np.flatnonzero(meets).tolist()


# -- amendments ----------------------------------------------------------------------------


def files(snapshot, table="plot"):
    folder = segment_folder(snapshot.info.path, table)
    return {p.name: p.read_bytes() for p in folder.iterdir()}


@given(
    st.lists(
        st.tuples(
            st.sets(st.integers(0, 40), max_size=12),
            st.sets(st.integers(0, 60), max_size=12),
        ),
        max_size=3,
    )
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_carried_over_is_what_would_be_made_anew(store, steps):
    ids = set(range(40))
    whole(store, ids)
    for out, new in steps:
        with store.amend("land") as writer:
            table = writer.amend("plot")
            table.delete([f'P"{i}' for i in out | (new & ids)])
            if new:
                table.append(*plots(sorted(new), "+"))
            writer.publish({}, None)
        ids = (ids - out) | new
    snapshot = store.snapshot("land")
    carried = files(snapshot)
    segment = snapshot.segment("plot", released=PUBLIC)
    frame = snapshot.frame("plot")
    assert [f["id"] for f in features(segment, CRS84)] == frame.index.tolist()
    assert [f["properties"]["name"] for f in features(segment, STORAGE)] == [
        None if pd.isna(name) else name for name in frame["name"]
    ]
    # The former segment is lost: now all of it is made from the table.
    (segment_folder(snapshot.info.path, "plot") / "head.json").unlink()
    with store.amend("land") as writer:
        writer.amend("plot")
        writer.publish({}, None)
    assert files(store.snapshot("land")) == carried
    assert files(store.snapshot("land"), "note") == files(snapshot, "note")


# -- what is secret, what is old, what is broken ---------------------------------------------


def test_only_the_owner_reads_the_files_and_no_secret_is_in_them(store):
    snapshot = whole(store, range(20))
    with store.amend("land") as writer:
        writer.amend("plot").append(*plots([50]))
        writer.publish({}, None)
    for generation in (snapshot, store.snapshot("land")):
        folder = generation.info.path / FOLDER
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for path in folder.rglob("*"):
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
            assert path.is_dir() or b"secret" not in path.read_bytes()


def test_features_are_had_only_by_who_may_read_all_they_show(store):
    snapshot = whole(store, range(3))
    assert snapshot.segment("plot", released=PUBLIC[1:]) is None
    assert snapshot.segment("plot", released=()) is None
    assert snapshot.segment("absent", released=PUBLIC) is None
    assert snapshot.segment("plot", released=(*PUBLIC, "inner")) is not None


@pytest.mark.parametrize("wrong", [("owner",), ("absent",)])
def test_what_is_sealed_cannot_be_published(wrong):
    with pytest.raises(StoreError, match="cannot be published"):
        TableSchema("plot", COLUMNS, "polygon", 25832, published=wrong)
    with pytest.raises(StoreError, match="published"):
        TableSchema("plot", (Column("a"),), sealed_rows=True, published=())


def test_without_ready_features_the_table_answers_alone(store):
    snapshot = whole(store, range(9))
    folder = segment_folder(snapshot.info.path, "plot")
    good = {p.name: p.read_bytes() for p in folder.iterdir()}
    for name, content in good.items():
        (folder / name).write_bytes(content[:-1])
        with Store.open(store.root) as again:
            opened = again.snapshot("land")
            assert opened.segment("plot", released=PUBLIC) is None
            assert len(opened.frame("plot")) == 9
        (folder / name).write_bytes(content)
    with Store.open(store.root) as again:
        assert again.snapshot("land").segment("plot", released=PUBLIC).count == 9


def test_a_head_of_another_version_is_not_read(tmp_path):
    (tmp_path / "head.json").write_text('{"version": 2}')
    assert read_head(tmp_path) is None
    assert read_head(tmp_path / "absent") is None
