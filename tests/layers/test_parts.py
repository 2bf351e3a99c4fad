"""Label points and use parts: made when they are read, of what the imports and the merge hold."""

import shutil
from contextlib import closing

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gis_core.errors import QueryError, StoreError
from gis_core.filters import Places, checked, evaluate, parse
from gis_core.store import MERGE, Query, Store
from layers.access import CITIZEN, Actor
from layers.errors import UnknownCollectionError
from layers.ingest.directory import import_files
from layers.municipality import load_municipality
from layers.queryables import filter_schema
from layers.reader import open_reader
from layers.registry import find_layers
from tests.layers.registers import GARDEN, STREET, City, box, geojson, parcels

PARTS, POINTS = "nutzung_flurstueck", "flurstueck_punkt"
MADE = pytest.mark.parametrize("collection", [PARTS, POINTS])
STORAGE = Places("EPSG:25832", geographic=False)


def opened(folder):
    return closing(open_reader(folder))


@pytest.fixture(scope="module")
def reader(demo_store):
    with opened(demo_store) as reader:
        yield reader


@pytest.fixture(scope="module")
def whole(reader):
    """Return all of a collection."""
    frames = {name: reader.frame(CITIZEN, name) for name in (PARTS, POINTS)}
    return frames.__getitem__


@pytest.fixture(scope="module")
def stored(demo_store):
    with Store.open(demo_store) as store:
        yield lambda layer, table: store.snapshot(layer).frame(table)


def where(reader, collection, text):
    schema = filter_schema(reader.view(CITIZEN, collection))
    return checked(parse(text, "cql2-text"), schema, STORAGE)


def shapes(frame):
    return np.asarray(frame.geometry.array, dtype=object)


# -- what they are -----------------------------------------------------------------------


def test_parts_are_the_links_of_the_merge(whole, stored):
    parts, links = whole(PARTS), stored(MERGE, "link_nutzung")
    assert len(parts) == len(links)
    assert parts["flstkennz"].tolist() == links["parcel_key"].tolist()
    assert parts["idnutzung"].tolist() == links["feature_id"].tolist()
    assert parts["splitter"].tolist() == links["sliver"].tolist()
    assert parts["flaeche"].tolist() == links["area_m2"].tolist()
    assert shapely.area(shapes(parts)) == pytest.approx(links["area_m2"].to_numpy(), abs=1e-6)


def test_parts_of_a_parcel_cover_it_once(whole, stored):
    parts, ground = whole(PARTS), stored("alkis", "flurstueck").set_index("flstkennz")
    assert parts.groupby("flstkennz")["anteil"].sum().to_numpy() == pytest.approx(1, abs=1e-4)
    for key, own in list(parts.groupby("flstkennz"))[::25]:
        together = shapely.union_all(shapes(own))
        assert together.symmetric_difference(ground.geometry[key]).area < 1e-6
        assert shapely.area(shapes(own)).sum() == pytest.approx(together.area)


def test_parts_say_what_their_use_says(whole, stored):
    parts, uses = whole(PARTS), stored("alkis", "nutzung")
    own = uses.loc[parts["idnutzung"]]
    for name in ("nutzart", "bez", "name", "aktualit"):
        same = (parts[name].to_numpy() == own[name].to_numpy()) | own[name].isna().to_numpy()
        assert same.all(), name
    assert shapely.covers(shapely.buffer(shapes(own), 1e-6), shapes(parts)).all()


def test_the_ids_are_those_of_parcel_and_use(whole, stored):
    parts, ground = whole(PARTS), stored("alkis", "flurstueck").set_index("flstkennz")
    assert parts.index.is_unique
    expected = ground["idflurst"].loc[parts["flstkennz"]].to_numpy() + parts["idnutzung"]
    assert parts.index.tolist() == expected.tolist() == parts["oid"].tolist()
    assert set(parts.index.str.len()) == {34}  # as the AdV's schema has it


def test_points_lie_in_their_parcels(whole, stored):
    points, ground = whole(POINTS), stored("alkis", "flurstueck")
    assert points.index.tolist() == ground.index.tolist()
    assert shapely.contains_properly(shapes(ground), shapes(points)).all()
    assert {"flaeche", "lagebeztxt", "tntxt"}.isdisjoint(points.columns)
    assert points["flstkennz"].tolist() == ground["flstkennz"].tolist()


# -- what is asked of them ---------------------------------------------------------------


@MADE
def test_windows_hold_what_meets_them(reader, whole, collection):
    every = whole(collection)
    x0, y0, x1, y1 = every.total_bounds
    random = np.random.default_rng(5)
    sizes = [*random.uniform(1, 300, 40), 2000, 0.0]
    for size in sizes:
        x, y = random.uniform(x0, x1), random.uniform(y0, y1)
        area = (x, y, x + size, y + size)
        expected = every.index[shapely.intersects(shapely.box(*area), shapes(every))]
        query = Query(bbox=area)
        assert reader.frame(CITIZEN, collection, query).index.tolist() == expected.tolist()
        assert reader.count(CITIZEN, collection, query) == len(expected)
        within = Query(within=shapely.Point(x, y).buffer(size))
        inside = every.index[shapely.covers(within.within, shapes(every))]
        assert reader.frame(CITIZEN, collection, within).index.tolist() == inside.tolist()


@MADE
@pytest.mark.parametrize(
    "text",
    [
        "flstnrzae = '12'",
        "aktualit > DATE('2010-01-01') AND NOT flstkennz LIKE '0532%'",
        "S_INTERSECTS(geometry, {circle})",
        "S_INTERSECTS({circle}, geometry) OR flstkennz = '{key}'",
        "NOT S_INTERSECTS(geometry, {circle})",
        "S_DISJOINT(geometry, {circle}) AND flstkennz > '{key}'",
        "S_WITHIN(geometry, {circle})",
        "S_CROSSES(geometry, {line})",
        "geometry IS NULL OR flstkennz = '{key}'",
        "oid = '{id}' OR oid IS NULL",
    ],
)
def test_filters_mean_what_they_say(reader, whole, collection, text):
    every = whole(collection)
    if collection == PARTS:
        text = text.replace("flstnrzae = '12'", "nutzart LIKE 'W%' AND flaeche > 50 OR splitter")
    x, y = every.geometry.iloc[40].centroid.coords[0]
    circle = shapely.Point(x, y).buffer(120, quad_segs=4)
    line = shapely.LineString([(x - 90, y), (x + 90, y + 7)])
    given = {"circle": circle.wkt, "line": line.wkt}
    asked = where(reader, collection, text.format(
        **given, key=every["flstkennz"].iloc[7], id=every.index[9]
    ))  # fmt: skip
    plain = every.astype(object).where(every.notna(), None)
    rows = plain.to_dict("records")
    for row in rows:
        row["aktualit"] = row["aktualit"] and f"{row['aktualit']:%Y-%m-%d}"
    expected = [i for i, row in zip(every.index, rows, strict=True) if evaluate(asked, row) is True]
    found = reader.frame(CITIZEN, collection, Query(where=asked))
    assert found.index.tolist() == expected
    assert reader.count(CITIZEN, collection, Query(where=asked)) == len(expected)


@MADE
def test_a_feature_is_found_by_its_id(reader, whole, collection):
    every = whole(collection)
    for name in every.index[::97]:
        found = reader.frame(CITIZEN, collection, Query(ids=(name,)))
        assert found.index.tolist() == [name]
        assert found.geometry.iloc[0].equals_exact(every.geometry[name], 0)
    for name in ("", "x", every.index[0][:-1], every.index[0] + "x", "05304901200001______"):
        assert not len(reader.frame(CITIZEN, collection, Query(ids=(name,))))


@MADE
def test_order_pages_and_columns(reader, whole, collection):
    every = whole(collection)
    query = Query(columns=("flstkennz",), sort=(("flstkennz", True),), limit=7, offset=3)
    expected = every.sort_values("flstkennz", ascending=False, kind="stable").iloc[3:10]
    found = reader.frame(CITIZEN, collection, query)
    assert isinstance(found, gpd.GeoDataFrame)
    assert list(found.columns) == ["flstkennz", "geometry"]
    assert found.index.tolist() == expected.index.tolist()
    flat = reader.frame(CITIZEN, collection, Query(geometry=False, limit=2))
    assert "geometry" not in flat


def test_places_can_only_be_compared_with_places(reader):
    asked = where(reader, PARTS, "S_EQUALS(geometry, geometry)")
    with pytest.raises(QueryError, match="compared"):
        reader.frame(CITIZEN, PARTS, Query(where=asked))


# -- who may, and from where -------------------------------------------------------------


def test_who_may_not_read_what_they_are_made_of_finds_none(reader):
    for role in ("auditor", "administrator", "cemetery_clerk"):
        for collection in (PARTS, POINTS):
            with pytest.raises(UnknownCollectionError):
                reader.view(Actor(role, "test", "x"), collection)


def test_the_database_reads_nothing_beside_the_view(demo_store):
    """Columns that were not released are not in the view; tables are not reached but by it."""
    with opened(demo_store) as reader:
        view = reader.view(CITIZEN, PARTS)
        rows = reader._rows(view).rows
        with pytest.raises(StoreError, match="no column"):
            rows.frame(PARTS, Query(columns=("nutzart",)), released=("flaeche",))
        with rows._lend(rows.table(PARTS), ("flaeche",)) as db:
            found = db.execute("SELECT * FROM temp.nutzung_flurstueck LIMIT 0").description
            assert [column[0] for column in found] == ["fid", "feature_id", "flaeche"]
        for text in (
            "SELECT area_m2 FROM main.link_nutzung",
            "SELECT nutzart FROM beside.nutzung",
            "SELECT count(*) FROM beside.flurstueck",
        ):
            lent = rows._lend(rows.table(PARTS), ("flaeche",))
            with pytest.raises(StoreError, match="not released"), lent as db:
                db.execute(text)


def test_links_stay_those_of_the_import_that_was_merged(demo_store, tmp_path):
    shutil.copytree(demo_store, tmp_path / "data")
    with opened(demo_store) as reader:
        before = reader.frame(CITIZEN, PARTS, Query(limit=20))
    City(tmp_path).ingest("alkis", City(tmp_path).write(
        "f.geojson", parcels(("a", GARDEN, box(0, 0, 10, 20)))
    ))  # fmt: skip
    with opened(tmp_path / "data") as reader:
        assert reader.frame(CITIZEN, PARTS, Query(limit=20)).equals(before)
        assert reader.frame(CITIZEN, POINTS).index.tolist() == ["a"]
        number = reader.merged().number
        assert reader.view(CITIZEN, PARTS, number=number).generation.number == number
        with pytest.raises(UnknownCollectionError):
            reader.view(CITIZEN, PARTS, number=number + 1)


def test_what_a_file_delivers_is_taken_as_it_comes(tmp_path):
    city = City(tmp_path)
    use = {"oid": "u1p1", "nutzart": "Wald", "flstkennz": GARDEN}
    files = [
        city.write("f.geojson", parcels(("a", GARDEN, box(0, 0, 10, 20)),
                                        ("b", STREET, box(10, 0, 20, 20)))),
        city.write("n.geojson", geojson((use, box(0, 0, 10, 5))).replace(
            '"flurstueck"', '"NutzungFlurstueck"')),
        city.write("p.geojson", parcels(("a", GARDEN, shapely.Point(324_003, 5_690_007)),
                                        name="FlurstueckPunkt")),
    ]  # fmt: skip
    city.ingest("alkis", *files)
    with opened(city.data) as reader:
        parts, points = (reader.frame(CITIZEN, name) for name in (PARTS, POINTS))
    assert parts["nutzart"].tolist() == ["Wald"]
    assert parts.geometry.iloc[0].area == 50
    assert points.geometry.iloc[0].coords[0] == (324_003, 5_690_007)


def test_without_a_merge_there_are_no_parts(tmp_path):
    city = City(tmp_path)
    path = city.write("f.geojson", parcels(("a", GARDEN, box(0, 0, 10, 20))))
    import_files(city.data, find_layers(), load_municipality("krefeld"), "alkis", [path])
    with opened(city.data) as reader:
        ids = {view.id for view in reader.collections(CITIZEN)}
    assert POINTS in ids
    assert PARTS not in ids
