"""Districts and municipalities: as delivered, else the union of their parcels."""

import json

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_core.geometry import dissolve
from gis_core.store import Store
from layers.ingest.directory import import_files
from layers.registry import find_layers
from tests.layers.nba_worlds import area, delete, extract, insert, nba, parcel, replace
from tests.layers.registers import GARDEN, STREET, City, box, geojson, parcels

TOWN = (
    "<gemeindezugehoerigkeit><AX_Gemeindekennzeichen><land>05</land>"
    "<regierungsbezirk>1</regierungsbezirk><kreis>14</kreis><gemeinde>000</gemeinde>"
    "</AX_Gemeindekennzeichen></gemeindezugehoerigkeit>"
)


@pytest.fixture
def city(tmp_path):
    return City(tmp_path)


def by_key(frame, length):
    """Return the union of parcels by the first characters of their keys, computed by GEOS."""
    groups = frame.groupby(frame["flstkennz"].str[:length])
    return {key: shapely.union_all(np.asarray(g.geometry.array)) for key, g in groups}


def same(one, other):
    return one.symmetric_difference(other).area == pytest.approx(0, abs=1e-6)


def assert_true(frame):
    """Each district, section and municipality is the union of its parcels, and all are there."""
    made, towns = frame("katasterbezirk"), frame("verwaltungseinheit")
    ground = frame("flurstueck")
    expected = by_key(ground, 6) | by_key(ground, 9)
    assert dict(zip(made["schluessel"], made.index, strict=True)) == {
        key: f"DE{key}" for key in expected
    }
    for key, geometry in zip(made["schluessel"], made.geometry, strict=True):
        assert same(geometry, expected[key]), key
    assert set(towns["ags"]) == set(ground["gmdschl"].dropna())
    for code, geometry in zip(towns["ags"], towns.geometry, strict=True):
        assert same(geometry, shapely.union_all(ground[ground["gmdschl"] == code].geometry))


# -- what the parcels make ---------------------------------------------------------------


def test_a_city_is_the_union_of_its_parcels(demo_store):
    with Store.open(demo_store) as store:
        snapshot = store.snapshot("alkis")
        assert_true(snapshot.frame)
        made, ground = snapshot.frame("katasterbezirk"), snapshot.frame("flurstueck")
        sections = made[made["art"] == "Gemarkungsteil/Flur"]
        # Nothing was computed: the corners are those of the parcels.
        corners = set(map(tuple, shapely.get_coordinates(ground.geometry)))
        assert corners.issuperset(map(tuple, shapely.get_coordinates(made.geometry)))
        total = pytest.approx(shapely.area(ground.geometry).sum())
        assert shapely.area(sections.geometry).sum() == total
        assert shapely.area(snapshot.frame("verwaltungseinheit").geometry).sum() == total
        assert set(sections["uebobjekt"]) == set(made[made["art"] == "Gemarkung"]["oid"])


def test_rows_tell_what_they_are_parts_of(city):
    facts = {"gemarkung": "Krefeld", "gemeinde": "Krefeld", "gmdschl": "05114000",
             "kreisschl": "05114", "kreis": "Krefeld", "aktualit": "2025-03-01"}  # fmt: skip
    older = facts | {"aktualit": "2024-12-31"}
    report = city.ingest("alkis", city.write("f.geojson", parcels(
        ("a", GARDEN, box(0, 0, 10, 20), facts), ("b", STREET, box(10, 0, 30, 20), older)
    )))  # fmt: skip
    assert report.notes == (
        "put together from the parcels: 2 katasterbezirk, 1 verwaltungseinheit",
    )
    made = city.frame("alkis", "katasterbezirk")
    section, district = made.loc["DE053049012"], made.loc["DE053049"]
    assert (section["art"], section["name"]) == ("Gemarkungsteil/Flur", "012")
    assert (section["uebobjekt"], section["ueboname"]) == ("DE053049", "Krefeld")
    assert (district["art"], district["name"], district["gmdschl"]) == (
        "Gemarkung", "Krefeld", "05114000",
    )  # fmt: skip
    assert f"{section['aktualit']:%F}" == "2025-03-01"
    assert same(section.geometry, box(0, 0, 30, 20))
    town = city.frame("alkis", "verwaltungseinheit").loc["DE05114000"]
    assert (town["art"], town["name"], town["uebobjekt"]) == ("Gemeinde", "Krefeld", "DE05114")


def test_a_section_in_two_municipalities_belongs_to_both(city):
    rows = [
        ("a", GARDEN, box(0, 0, 10, 20), {"gmdschl": "05114000", "gemeinde": "Krefeld"}),
        ("b", STREET, box(10, 0, 30, 20), {"gmdschl": "05166032", "gemeinde": "Willich"}),
    ]
    city.ingest("alkis", city.write("f.geojson", parcels(*rows)))
    assert_true(lambda table: city.frame("alkis", table))
    section = city.frame("alkis", "katasterbezirk").loc["DE053049012"]
    assert section["gemeinde"] == "Krefeld|Willich"
    assert len(city.frame("alkis", "verwaltungseinheit")) == 2


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(box(10, 0, 30, 20), id="borders-fit"),
        pytest.param(box(10, 5, 30, 15), id="a-corner-is-missing"),
        pytest.param(box(8, 0, 30, 20), id="they-overlap"),
        pytest.param(box(10.001, 0, 30, 20), id="a-gap"),
        pytest.param(box(0, 0, 10, 20), id="the-same-place"),
    ],
)
def test_borders_that_do_not_fit_are_computed(city, other):
    rows = ("a", GARDEN, box(0, 0, 10, 20)), ("b", STREET, other)
    city.ingest("alkis", city.write("f.geojson", parcels(*rows)))
    assert_true(lambda table: city.frame("alkis", table))


@given(st.lists(st.integers(0, 3), min_size=36, max_size=36), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_any_part_of_a_grid_dissolves_to_its_union(group, random):
    cells = np.array([shapely.box(i % 6, i // 6, i % 6 + 1, i // 6 + 1) for i in range(36)])
    for wanted in set(group):
        some = [i for i in range(36) if group[i] == wanted]
        random.shuffle(some)
        found = dissolve(cells[some])
        assert found.is_valid
        assert found.equals(shapely.union_all(cells[some]))
        assert found.area == len(some)


# -- as delivered ------------------------------------------------------------------------


def test_what_a_file_delivers_is_taken_as_it_comes(city):
    own = {"oid": "DE053049", "art": "Gemarkung", "name": "Krefeld", "schluessel": "053049"}
    files = [
        city.write("f.geojson", parcels(("a", GARDEN, box(0, 0, 10, 20)))),
        city.write("k.geojson", geojson((own, box(0, 0, 99, 99))).replace(
            '"flurstueck"', '"KatasterBezirk"')),
    ]  # fmt: skip
    report = city.ingest("alkis", *files)
    made = city.frame("alkis", "katasterbezirk")
    assert made["schluessel"].tolist() == ["053049"]
    assert same(made.geometry.iloc[0], box(0, 0, 99, 99))
    assert report.by_collection()["katasterbezirk"].stored == 1
    assert not [note for note in report.notes if "katasterbezirk" in note]


@pytest.mark.real
def test_the_citys_own_file_of_its_boundary(city, shared_data):
    path = shared_data / "krefeld" / "ALKIS_ADV_SHAPE_Krefeld_VERWALT_EINH.json"
    report = city.ingest(
        "alkis", city.write("f.geojson", parcels(("a", GARDEN, box(0, 0, 9, 9)))), path
    )
    assert report.by_collection()["verwaltungseinheit"].stored == 1
    town = city.frame("alkis", "verwaltungseinheit").loc["DE05114000"]
    assert (town["art"], town["name"], town["ags"]) == ("Gemeinde", "Krefeld", "05114000")
    assert (town["uebobjekt"], town["ueboname"]) == ("DE05114", "Krefeld")
    raw = gpd.GeoDataFrame.from_features(json.loads(path.read_text()), crs=4326).to_crs(25832)
    assert town.geometry.symmetric_difference(raw.geometry[0]).area < 1e-3 * town.geometry.length


# -- deliveries of changes ---------------------------------------------------------------


def moved(xml, section):
    """Return a parcel's XML in another section of Krefeld."""
    xml = xml.replace("053049012", f"053049{section:03d}")
    return xml.replace("<flurnummer>12", f"<flurnummer>{section}")


A, B, C, D = (f"DENW00AL0000000{letter}" for letter in "abcd")
NEW = "2026-01-15T12:00:00Z"
FIRST = extract(
    parcel(A, 1, place=area(0, 0), rest=TOWN),
    parcel(B, 2, place=area(10, 0), rest=TOWN),
    moved(parcel(C, 3, place=area(20, 0), rest=TOWN), 13),
)


@pytest.mark.parametrize(
    ("change", "sections"),
    [
        pytest.param(
            replace(A, parcel(A, 1, place=area(0, 0, 10, 12), rest=TOWN, begun=NEW)),
            {"012", "013"},
            id="one-grows",
        ),
        pytest.param(
            insert(moved(parcel(D, 4, place=area(30, 0), rest=TOWN, begun=NEW), 14)),
            {"012", "013", "014"},
            id="a-section-comes",
        ),
        pytest.param(delete(C), {"012"}, id="a-section-goes"),
        pytest.param(
            replace(B, moved(parcel(B, 2, place=area(10, 0), rest=TOWN, begun=NEW), 13)),
            {"012", "013"},
            id="a-parcel-changes-its-section",
        ),
    ],
)
def test_changes_of_parcels_change_what_they_are_parts_of(city, change, sections):
    def take(text, name):
        path = city.write(name, text)
        return import_files(city.data, find_layers(), city.profile, "alkis", [path])

    take(FIRST, "first.xml")
    report = take(nba(change), "nba.xml")
    assert_true(lambda table: city.frame("alkis", table))
    made = city.frame("alkis", "katasterbezirk")
    assert set(made[made["art"] == "Gemarkungsteil/Flur"]["name"]) == sections
    assert report.changes.rows["katasterbezirk"] == len(made)
    assert report.changes.rows["verwaltungseinheit"] == 1
    assert city.frame("alkis", "verwaltungseinheit")["ags"].tolist() == ["05114000"]
