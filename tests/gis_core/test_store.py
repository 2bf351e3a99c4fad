"""The store: what was written comes back, opens elsewhere, and is never half there."""

import json
import shutil
import sqlite3
import stat
from contextlib import closing
from datetime import UTC, date, datetime

import fiona
import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gis_core.errors import DeadlineError, GeometryTypeError, QueryError, StoreError
from gis_core.faults import Fault
from gis_core.store import MERGE, Column, ColumnType, Query, Store, TableSchema
from gis_core.store.audit import AuditFile
from gis_core.store.guard import Release, open_guarded
from gis_core.store.hilbert import _walk
from gis_core.store.quarantine import read_faults

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
ORIGIN = np.array([330_000.0, 5_690_000.0])
TREES = TableSchema(
    "baum",
    (
        Column("genus"),
        Column("year", ColumnType.INTEGER),
        Column("height_m", ColumnType.NUMBER),
        Column("inspector", sealed=True),
        Column("keys", ColumnType.LIST),
        Column("words", ColumnType.WORDS),
        Column("parcel_key", ColumnType.PARCEL_KEY),
    ),
    "point",
    25832,
)
TAX = TableSchema(
    "steuer", (Column("payer"), Column("cents", ColumnType.INTEGER)), sealed_rows=True
)


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "data", create=True, clock=lambda: NOON) as opened:
        yield opened


def trees(n, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "feature_id": [f"T{i:04d}" for i in range(n)],
            "genus": rng.choice(["Tilia", "Acer", None], n),
            "year": pd.array(rng.choice([1960, 1990, pd.NA], n), dtype="Int64"),
            "height_m": np.where(rng.random(n) < 0.1, np.nan, np.round(rng.random(n) * 30, 2)),
            "inspector": [f"Kontrolle {i}" if i % 3 else None for i in range(n)],
            "keys": [["A", "B"] if i % 2 else None for i in range(n)],
            "words": [["A B", "AB", None][i % 3] for i in range(n)],
            "parcel_key": [f"05304900100{i % 7:05d}____" for i in range(n)],
        }
    )
    return frame, shapely.points(ORIGIN + np.round(rng.random((n, 2)) * 1000, 3))


def publish(store, frame, geometry, *, schema=TREES, layer="trees", chunk=10**6, **provenance):
    with store.stage(layer) as writer:
        table = writer.table(schema)
        for i in range(0, len(frame), chunk):
            shapes = None if geometry is None else geometry[i : i + chunk]
            table.append(frame.iloc[i : i + chunk], shapes)
        return writer.publish(provenance, date(2026, 5, 1))


# -- what was written comes back ---------------------------------------------------------


def test_every_type_comes_back(store):
    schema = TableSchema("alles", tuple(Column(f"c_{t}", t) for t in ColumnType))
    values = {
        "text": ["Bäume ß", "", None],
        "parcel_key": ["053049012001230004__", "05304901200123______", None],
        "words": ["a b", "c", None],
        "integer": [2**53 + 1, -1, None],
        "number": [0.1, -1e300, None],
        "boolean": [True, False, None],
        "date": [date(2026, 2, 28), pd.Timestamp("1899-12-31"), None],
        "datetime": [datetime(2026, 2, 28, 1, 2, 3, 4000, UTC), "2026-03-29T03:00:00+02:00", None],
        "list": [["a;b", "ü"], ["x"], None],
    }
    frame = pd.DataFrame({f"c_{k}": pd.Series(v, dtype=object) for k, v in values.items()})
    publish(store, frame.assign(feature_id=["a", "b", "c"]), None, schema=schema)
    back = store.snapshot("trees").frame("alles")
    assert back.index.tolist() == ["a", "b", "c"]
    assert back.index.name == "feature_id"
    assert back.isna().iloc[2].all()
    got = {c.removeprefix("c_"): back[c].tolist()[:2] for c in back}
    for same in ("text", "parcel_key", "words", "integer", "number", "boolean", "list"):
        assert got[same] == values[same][:2], same
    assert got["date"] == [pd.Timestamp("2026-02-28"), pd.Timestamp("1899-12-31")]
    assert got["datetime"] == [
        pd.Timestamp("2026-02-28 01:02:03.004"),
        pd.Timestamp("2026-03-29 01:00:00"),
    ]
    kinds = [str(t) for t in back.dtypes]
    stamps = ["datetime64[s]", "datetime64[ms]"]
    assert kinds == ["str", "str", "str", "Int64", "float64", "boolean", *stamps, "object"]


@pytest.mark.parametrize("query", [Query(), Query(ids=()), Query(bbox=(*ORIGIN, *(ORIGIN + 600)))])
@pytest.mark.parametrize("mapped", [True, False])
def test_flat_rows_read_in_parts_are_the_frame(store, monkeypatch, query, mapped):
    frame, geometry = trees(40)
    geometry[[3, 17]] = None
    publish(store, frame, geometry)
    monkeypatch.setattr("gis_core.store.reading._LARGE_CHUNK", 7)
    with Store.open(store.root, mapped=mapped) as again:
        whole = again.snapshot("trees").frame("baum", query)
        attributes, flat = again.snapshot("trees").flat("baum", query)
    pd.testing.assert_frame_equal(attributes, pd.DataFrame(whole.drop(columns="geometry")))
    points = flat.to_shapely()
    assert (shapely.equals(points, whole.geometry) | pd.isna(points)).all()
    assert (pd.isna(points) == whole.geometry.isna()).all()


@settings(max_examples=12, deadline=None)
@given(order=st.permutations(range(40)), chunk=st.integers(1, 40))
def test_neither_order_nor_chunks_change_a_byte(tmp_path_factory, order, chunk):
    frame, geometry = trees(40)
    files = []
    for o, c in ((list(range(40)), 40), (order, chunk)):
        root = tmp_path_factory.mktemp("twin")
        with Store.open(root, create=True, clock=lambda: NOON) as store:
            path = publish(store, frame.iloc[o], geometry[o], chunk=c).path
            files.append([(path / f).read_bytes() for f in ("open.gpkg", "sealed.sqlite")])
        shutil.rmtree(root)
    assert files[0] == files[1]


def test_a_link_among_the_generations_leads_nobody_out_of_the_data_directory(store, tmp_path):
    publish(store, *trees(3))
    treasure = tmp_path / "treasure"
    treasure.mkdir()
    (treasure / "map").touch()
    (store.root / "layers" / "trees" / ".staging-1-1").symlink_to(treasure)
    publish(store, *trees(3))
    assert (treasure / "map").exists()


def test_neighbours_on_the_map_are_neighbours_in_the_file():
    """On a full 8 by 8 board the curve visits every cell and never jumps."""
    column, row = (a.ravel() for a in np.meshgrid(np.arange(8), np.arange(8)))
    position = _walk(column, row, order=3)
    assert sorted(position) == list(range(64))
    path = np.argsort(position)
    steps = np.abs(np.diff(column[path])) + np.abs(np.diff(row[path]))
    assert set(steps.tolist()) == {1}


def test_fids_are_dense_and_places_come_before_none(store):
    frame, geometry = trees(30)
    geometry[[3, 17]] = None
    info = publish(store, frame, geometry)
    with closing(sqlite3.connect(info.path / "open.gpkg")) as db:
        fids = [r[0] for r in db.execute("SELECT fid FROM baum ORDER BY fid")]
        last = [r[0] for r in db.execute("SELECT feature_id FROM baum WHERE geometry IS NULL")]
        last_fids = [r[0] for r in db.execute("SELECT fid FROM baum WHERE geometry IS NULL")]
    assert fids == list(range(1, 31))
    assert last == ["T0003", "T0017"]
    assert last_fids == [29, 30]


@pytest.mark.parametrize("n", [0, 1, 51, 52, 2601, 2602, 6000])
def test_the_rtree_filled_at_once_is_a_right_one(store, n):
    rng = np.random.default_rng(n)
    low = ORIGIN + rng.random((n, 2)) * 5000
    boxes = shapely.box(*low.T, *(low + rng.random((n, 2)) * 40).T)
    schema = TableSchema("flur", (), "polygon", 25832)
    frame = pd.DataFrame({"feature_id": [f"{i}" for i in range(n)]})
    info = publish(store, frame, boxes, schema=schema)
    with closing(sqlite3.connect(info.path / "open.gpkg")) as db:
        assert db.execute("SELECT rtreecheck('rtree_flur_geometry')").fetchone() == ("ok",)
        assert db.execute("SELECT count(*) FROM rtree_flur_geometry").fetchone() == (n,)


# -- it is a GeoPackage ------------------------------------------------------------------


def test_any_gis_opens_it(store):
    frame, geometry = trees(200)
    path = publish(store, frame, geometry).path / "open.gpkg"
    xmin, ymin, xmax, ymax = shapely.total_bounds(geometry)
    with fiona.open(path) as source:
        assert source.crs.to_epsg() == 25832
        assert source.bounds == pytest.approx((xmin, ymin, xmax, ymax))
        assert len(source) == 200
        assert "inspector" not in source.schema["properties"]
    read = gpd.read_file(path)
    assert read.crs.to_epsg() == 25832
    ours = store.snapshot("trees").frame("baum")
    assert read["feature_id"].tolist() == ours.index.tolist()
    assert read.geometry.geom_equals(ours.geometry.reset_index(drop=True)).all()
    box = (ORIGIN[0], ORIGIN[1], ORIGIN[0] + 300, ORIGIN[1] + 300)
    found = pyogrio.read_dataframe(path, bbox=box)["feature_id"]
    assert set(found) == set(store.snapshot("trees").frame("baum", Query(bbox=box)).index)


def test_it_has_what_the_standard_demands(store):
    path = publish(store, *trees(5)).path / "open.gpkg"
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA application_id").fetchone()[0] == int.from_bytes(b"GPKG")
        assert db.execute("PRAGMA user_version").fetchone()[0] == 10300
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        systems = {r[0] for r in db.execute("SELECT srs_id FROM gpkg_spatial_ref_sys")}
        assert systems >= {-1, 0, 4326, 25832}
        contents = db.execute("SELECT table_name, data_type, srs_id FROM gpkg_contents").fetchall()
        assert contents == [("baum", "features", 25832)]
        geometry = db.execute(
            "SELECT geometry_type_name, srs_id, z, m FROM gpkg_geometry_columns"
        ).fetchall()
        assert geometry == [("POINT", 25832, 0, 0)]


def test_a_copy_can_be_edited_and_its_rtree_follows(store, tmp_path):
    path = publish(store, *trees(5)).path / "open.gpkg"
    copy = shutil.copy(path, tmp_path / "copy.gpkg")
    new = gpd.GeoDataFrame(
        {"feature_id": ["new"]}, geometry=[shapely.Point(*(ORIGIN + 5000))], crs=25832
    )
    pyogrio.write_dataframe(new, copy, layer="baum", append=True)
    far = (*(ORIGIN + 4999), *(ORIGIN + 5001))
    assert pyogrio.read_dataframe(copy, bbox=far)["feature_id"].tolist() == ["new"]


def test_polygons_and_lines_become_multi(store):
    square = shapely.box(*ORIGIN, *(ORIGIN + 1))
    schema = TableSchema("a", (), "polygon", 25832)
    publish(store, pd.DataFrame({"feature_id": ["x"]}), np.array([square]), schema=schema)
    kept = store.snapshot("trees").frame("a").geometry.iloc[0]
    assert kept.geom_type == "MultiPolygon"
    assert kept.equals(square)


# -- secrets live elsewhere --------------------------------------------------------------


def test_sealed_values_are_in_the_sealed_file_only(store):
    frame, geometry = trees(50)
    with store.stage("trees") as writer:
        writer.table(TREES).append(frame, geometry)
        tax = pd.DataFrame({"feature_id": ["1"], "payer": ["Kanarie"], "cents": [4711]})
        writer.table(TAX).append(tax)
        writer.quarantine([Fault("t.csv", 2, "payer", "Kanarie", "a name", "x")], ["Kanarie;1"])
        info = writer.publish({}, None)
    assert {p.name for p in info.path.iterdir()} == {
        "open.gpkg",
        "sealed.sqlite",
        "quarantine.sqlite",
    }
    everything = (info.path / "open.gpkg").read_bytes()
    assert b"Kontrolle" not in everything
    assert b"Kanarie" not in everything
    assert "steuer" not in pyogrio.list_layers(info.path / "open.gpkg")[:, 0]
    for name in ("sealed.sqlite", "quarantine.sqlite"):
        assert stat.S_IMODE((info.path / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(info.path.stat().st_mode) == 0o700
    assert next(read_faults(info))[1] == "Kanarie;1"
    back = store.snapshot("trees").frame("baum").loc[frame["feature_id"]]
    wanted = frame.set_index("feature_id")["inspector"].astype("str")
    pd.testing.assert_series_equal(back["inspector"], wanted)


def test_secret_places_are_sealed_and_searched_like_others(store):
    frame, geometry = trees(50)
    schema = TableSchema("geheim", TREES.columns, "point", 25832, sealed_rows=True)
    info = publish(store, frame, geometry, schema=schema)
    assert b"geheim" not in (info.path / "open.gpkg").read_bytes()
    box = (*ORIGIN, *(ORIGIN + 400))
    inside = shapely.intersects(shapely.box(*box), geometry)
    found = store.snapshot("trees").frame("geheim", Query(bbox=box))
    assert set(found.index) == set(frame["feature_id"][inside])


HIDDEN = [
    "SELECT inspector FROM sealed.baum",
    "SELECT genus FROM baum",
    "SELECT * FROM baum",
    "SELECT year FROM baum WHERE genus = 'Tilia'",
    "SELECT year FROM baum ORDER BY genus",
    "SELECT count(*) FROM baum GROUP BY genus",
    "SELECT year FROM baum WHERE EXISTS (SELECT 1 FROM baum b WHERE b.genus > 'A')",
    "WITH x AS (SELECT * FROM baum) SELECT year FROM x",
    "SELECT year FROM (SELECT year, genus FROM baum)",
    "SELECT year FROM baum UNION SELECT genus FROM baum",
    "SELECT sql FROM sqlite_master",
    "SELECT * FROM pragma_table_info('baum')",
    "SELECT data FROM rtree_baum_geometry_node",
    "SELECT table_name FROM gpkg_contents",
    "SELECT load_extension('x')",
    "SELECT hex(year) FROM baum",
    "PRAGMA table_info(baum)",
    "PRAGMA query_only = OFF",
    "ATTACH ':memory:' AS other",
    "CREATE TEMP TABLE t AS SELECT 1",
    "DELETE FROM baum",
    "UPDATE baum SET year = 1",
    "DROP TABLE baum",
    "BEGIN",
]


@pytest.mark.parametrize("crafted", HIDDEN)
def test_sqlite_itself_refuses_what_was_not_released(store, crafted):
    info = publish(store, *trees(5))
    with closing(open_guarded(info.path, Release.of(TREES, ["year"]))) as db:
        assert len(db.execute("SELECT fid, year, feature_id FROM baum").fetchall()) == 5
        with pytest.raises(sqlite3.DatabaseError, match=r"prohibited|not authorized|no such table"):
            db.execute(crafted).fetchall()


def test_a_snapshot_reads_only_what_was_released(store):
    publish(store, *trees(5))
    snapshot = store.snapshot("trees")
    assert snapshot.frame("baum", released=["year"]).columns.tolist() == ["year", "geometry"]
    for query in (
        Query(columns=("inspector",)),
        Query(equals={"inspector": "x"}),
        Query(among={"genus": ["Tilia"]}),
        Query(sort=(("genus", False),)),
    ):
        with pytest.raises(StoreError, match="no column"):
            snapshot.frame("baum", query, released=["year"])
        with pytest.raises(StoreError, match="no column"):
            snapshot.count("baum", query, released=["year"])


# -- queries give what an oracle gives ---------------------------------------------------


@pytest.fixture(scope="module")
def quilt(tmp_path_factory):
    """Return 300 crooked polygons, stored, and as a frame in storage order."""
    rng = np.random.default_rng(7)
    centre = ORIGIN + rng.random((300, 2)) * 100
    radius = rng.random((300, 1, 1)) * 8 + 0.5
    angle = np.sort(rng.random((300, 7)), axis=1) * 2 * np.pi
    ring = centre[:, None] + radius * np.stack([np.cos(angle), np.sin(angle)], axis=2)
    geometry = shapely.polygons(ring)
    schema = TableSchema("a", (Column("n", ColumnType.INTEGER), Column("s")), "polygon", 25832)
    frame = pd.DataFrame(
        {
            "feature_id": [f"P{i}" for i in range(300)],
            "n": rng.integers(0, 9, 300),
            "s": rng.choice(list("abc"), 300),
        }
    )
    with Store.open(tmp_path_factory.mktemp("quilt"), create=True) as store:
        publish(store, frame, geometry, schema=schema)
        snapshot = store.snapshot("trees")
        yield snapshot, snapshot.frame("a")


COORDINATE = st.floats(-20, 120).map(lambda v: round(v, 2))
PAGE = st.tuples(st.none() | st.integers(0, 50), st.integers(0, 60))


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    x=st.tuples(COORDINATE, COORDINATE).map(sorted),
    y=st.tuples(COORDINATE, COORDINATE).map(sorted),
    page=PAGE,
    sort=st.sampled_from([(), (("n", False),), (("s", True), ("n", False))]),
    equals=st.sampled_from([{}, {"s": "a"}, {"n": 4, "s": "b"}]),
    how=st.sampled_from(["bbox", "intersects", "within", "none"]),
)
def test_queries_agree_with_shapely_and_pandas(quilt, x, y, page, sort, equals, how):
    snapshot, whole = quilt
    box = (ORIGIN[0] + x[0], ORIGIN[1] + y[0], ORIGIN[0] + x[1], ORIGIN[1] + y[1])
    area = shapely.box(*box)
    truth = whole
    place = {}
    if how == "within":
        truth = truth[[area.covers(g) for g in truth.geometry]]
        place = {"within": area}
    elif how != "none":
        truth = truth[shapely.intersects(area, truth.geometry.to_numpy())]
        place = {"bbox": box} if how == "bbox" else {"intersects": area}
    for name, value in equals.items():
        truth = truth[truth[name] == value]
    names, down = [n for n, _ in sort], [not d for _, d in sort]
    if names:
        truth = truth.sort_values(names, ascending=down, kind="stable")
    limit, offset = page
    query = Query(**place, equals=equals, sort=sort, limit=limit, offset=offset)
    assert snapshot.count("a", query) == len(truth)
    wanted = truth.iloc[offset : None if limit is None else offset + limit]
    assert snapshot.frame("a", query).index.tolist() == wanted.index.tolist()


def test_a_box_may_touch_a_corner_only(store):
    """The box (1, 1)–(2, 2) meets the triangle's box but not the triangle; its corner does."""
    triangle = shapely.Polygon(ORIGIN + np.array([[0, 0], [1.5, 0], [0, 1.5]]))
    schema = TableSchema("a", (), "polygon", 25832)
    publish(store, pd.DataFrame({"feature_id": ["t"]}), np.array([triangle]), schema=schema)
    snapshot = store.snapshot("trees")
    off, on = (*(ORIGIN + 1), *(ORIGIN + 2)), (*(ORIGIN + 0.75), *(ORIGIN + 2))
    assert snapshot.frame("a", Query(bbox=off)).empty
    assert snapshot.count("a", Query(bbox=off)) == 0
    assert snapshot.count("a", Query(bbox=on)) == 1


def test_ids_keys_and_lists(store):
    frame, geometry = trees(30)
    publish(store, frame, geometry)
    snapshot = store.snapshot("trees")
    assert set(snapshot.frame("baum", Query(ids=("T0003", "none", "T0001"))).index) == {
        "T0001",
        "T0003",
    }
    key = "05304900100" + "00002____"
    assert snapshot.count("baum", Query(equals={"parcel_key": key})) == 4
    assert snapshot.count("baum", Query(equals={"keys": "B"})) == 15
    for word, rows in (("A", 10), ("B", 10), ("AB", 10), ("A B", 10), ("%", 0), ("", 0), (" ", 0)):
        assert snapshot.count("baum", Query(equals={"words": word})) == rows, word
        assert snapshot.count("baum", Query(among={"words": ["x", word]})) == rows, word
    assert snapshot.count("baum", Query(equals={"inspector": "Kontrolle 4"})) == 1
    assert snapshot.count("baum", Query(equals={"genus": None})) == frame["genus"].isna().sum()
    assert snapshot.count("baum", Query(equals={"year": "1990"})) == (frame["year"] == 1990).sum()
    assert snapshot.count("baum", Query(among={"year": [1960, np.int64(1990)]})) == (
        frame["year"].notna().sum()
    )
    assert snapshot.frame("baum", Query(ids=())).empty
    nothing = snapshot.frame("baum", Query(ids=(), columns=("year", "genus"), geometry=False))
    assert nothing.columns.tolist() == ["year", "genus"]


def test_keys_and_ids_go_through_indexes(store):
    info = publish(store, *trees(30))
    with closing(sqlite3.connect(info.path / "open.gpkg")) as db:
        for column in ("parcel_key", "feature_id"):
            plan = db.execute(
                f"EXPLAIN QUERY PLAN SELECT fid FROM baum WHERE {column} = 'x'"  # noqa: S608
            ).fetchall()
            assert "USING" in plan[0][3]
            assert "INDEX" in plan[0][3]


@pytest.mark.parametrize(
    "wrong",
    [
        {"bbox": (0, 0, float("nan"), 1)},
        {"bbox": (0, 0, float("inf"), 1)},
        {"bbox": (2, 0, 1, 1)},
        {"limit": -1},
        {"offset": -1},
    ],
)
def test_impossible_queries_are_refused(wrong):
    with pytest.raises(QueryError):
        Query(**wrong)


def test_a_query_ends_at_its_deadline(store):
    frame, geometry = trees(20_000)
    publish(store, frame, geometry)
    snapshot = store.snapshot("trees", deadline_s=0.001)
    with pytest.raises(DeadlineError, match="longer than"):
        snapshot.frame("baum", Query(equals={"keys": "B"}, sort=(("genus", True),)))
    assert len(store.snapshot("trees").frame("baum", Query(limit=3))) == 3


# -- what is refused ---------------------------------------------------------------------


def put(store, frame, geometry, schema=TREES):
    with pytest.raises((StoreError, GeometryTypeError)) as caught:
        publish(store, frame, geometry, schema=schema)
    assert "trees" not in store.served()
    return str(caught.value)


def test_bad_rows_are_refused_and_leave_nothing(store):
    frame, geometry = trees(4)
    assert "not declared" in put(store, frame.assign(owner="x"), geometry)
    assert "given twice" in put(store, frame.assign(feature_id="same"), geometry)
    assert "without a feature_id" in put(store, frame.drop(columns="feature_id"), geometry)
    assert "year" in put(store, frame.assign(year="viele"), geometry)
    assert "height_m" in put(store, frame.assign(height_m=np.inf), geometry)
    assert "geometry was not given" in put(store, frame, None)
    lines = shapely.linestrings([[(0, 0), (1, 1)]] * 4)
    assert "no point" in put(store, frame, lines)
    assert "empty" in put(store, frame, np.array([shapely.Point()] * 4))
    assert "finite" in put(store, frame, shapely.points([[np.nan, 1]] * 4))
    left = [p.name for p in (store.root / "layers" / "trees").iterdir()]
    assert left == [".lock"]


def test_what_is_no_data_directory_is_refused(tmp_path, store):
    with pytest.raises(StoreError, match="no data directory"):
        Store.open(tmp_path / "nothing")
    with pytest.raises(StoreError, match="nothing is stored"):
        store.snapshot("trees")
    path = store.root / "catalogue.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match=r"version 99, this program reads version 1"):
        Store.open(store.root)
    path.write_bytes(b"this is no database" * 100)
    (store.root / "catalogue.sqlite-wal").unlink(missing_ok=True)
    with pytest.raises(StoreError, match="damaged") as caught:
        Store.open(store.root)
    assert "backup" in caught.value.advice


# -- generations -------------------------------------------------------------------------


def test_a_snapshot_stays_while_others_are_published(store):
    publish(store, *trees(5))
    former = store.snapshot("trees")
    publish(store, *trees(9))
    assert len(former.frame("baum")) == 5
    assert len(store.snapshot("trees").frame("baum")) == 9
    assert len(store.snapshot("trees", 1).frame("baum")) == 5


def test_the_last_few_are_kept_and_those_the_links_need(store):
    publish(store, *trees(2))
    with store.stage(MERGE) as writer:
        writer.publish({"inputs": {"trees": 1}}, None)
    for _ in range(7):
        publish(store, *trees(2))
    assert [g.number for g in store.generations("trees")] == [1, 4, 5, 6, 7, 8]
    folders = {p.name for p in (store.root / "layers" / "trees").iterdir() if p.is_dir()}
    assert folders == {"1", "4", "5", "6", "7", "8"}
    assert len(store.snapshot("trees", 1).frame("baum")) == 2
    with pytest.raises(StoreError, match="generation 2"):
        store.snapshot("trees", 2)


def test_provenance_and_attachments_are_kept(store, tmp_path):
    (tmp_path / "dem.tif").write_bytes(b"cells")
    with store.stage("terrain") as writer:
        writer.attach(tmp_path / "dem.tif", "dem.tif")
        with pytest.raises(StoreError, match="cannot be the name"):
            writer.attach(tmp_path / "dem.tif", "../dem.tif")
        writer.publish({"sources": [{"sha256": "ab"}], "accuracy_m": 0.1}, date(2026, 1, 2))
    with Store.open(store.root) as other:
        info = other.served()["terrain"]
    assert info.provenance == {"sources": [{"sha256": "ab"}], "accuracy_m": 0.1}
    assert (info.number, info.imported_at, info.data_date) == (1, NOON, date(2026, 1, 2))
    assert (info.path / info.attachments[0]).read_bytes() == b"cells"


def test_one_writer_per_layer(store):
    with store.stage("trees") as writer:
        with pytest.raises(StoreError, match=r"an import of trees is running since .*process"):
            store.stage("trees").__enter__()
        with store.stage("roads") as other:
            other.publish({}, None)
        writer.publish({}, None)
    with store.stage("trees") as writer:
        writer.publish({}, None)
    assert store.served()["trees"].number == 2


def test_a_writer_that_cannot_begin_gives_the_layer_free(store, monkeypatch):
    def broken(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("gis_core.store.generation.Writer._open", broken)
        with pytest.raises(StoreError, match="disk is full"):
            store.stage("trees").__enter__()
    publish(store, *trees(3))


def test_names_with_quotes_are_names(store):
    schema = TableSchema(
        'a"b', (Column('c"; DROP TABLE x; --'),), indexed=('c"; DROP TABLE x; --',)
    )
    frame = pd.DataFrame({"feature_id": ["1"], 'c"; DROP TABLE x; --': ["v"]})
    publish(store, frame, None, schema=schema)
    query = Query(equals={'c"; DROP TABLE x; --': "v"})
    assert store.snapshot("trees").count('a"b', query) == 1


def test_values_are_never_sql(store):
    publish(store, *trees(5))
    assert store.snapshot("trees").count("baum", Query(equals={"genus": "x' OR '1'='1"})) == 0


# -- the access log ----------------------------------------------------------------------


def test_the_log_notices_what_was_changed(tmp_path):
    log = AuditFile(tmp_path / "state.sqlite")
    chain = [log.append({"name": f"entry {i}"}) for i in range(5)]
    log.close()
    assert len(set(chain)) == 5
    assert log.first_break() is None
    assert [r.entry["name"] for r in log.rows()] == [f"entry {i}" for i in range(5)]
    with closing(sqlite3.connect(log.path)) as db:
        for forbidden in ("UPDATE audit SET entry = ''", "DELETE FROM audit"):
            with pytest.raises(sqlite3.IntegrityError, match="access log"):
                db.execute(forbidden)
        db.execute("DROP TRIGGER audit_no_update")
        text = json.dumps({"name": "another"})
        db.execute("UPDATE audit SET entry = ? WHERE number = 3", (text,))
        db.commit()
    assert log.first_break() == 3
