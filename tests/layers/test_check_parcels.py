"""The check of stored parcels: every planted fault in words, nothing secret, the same each time."""

import csv
import json
from dataclasses import replace

import geopandas as gpd
import pyogrio
import pytest
import shapely
from lxml import etree

from cartography.errors import EmptySheetError
from cartography.fault_map import describe_report, fault_pdf, fault_png, fault_svg
from cartography.fault_marks import marks
from gis_core.fabric_quality import AreaBound, Code, Severity
from gis_core.store import Store
from layers.checking import check_directory, check_parcels, write_findings
from layers.checking.words import FILE, code_title, sentence
from layers.errors import NotMergedError
from layers.municipality import load_municipality
from layers.registry import find_layers
from layers.spec import Access
from tests.layers.registers import City, box, geojson

LEFT, RIGHT, FAR = "05304901200001______", "05304901200002______", "05305001200003______"


def check(data, **options):
    return check_directory(data, find_layers(), load_municipality("krefeld"), **options)


def told(report):
    return [(r.severity.value, r.code.value, r.parcel_key, r.other_keys) for r in report.remarks]


def parcel(key, oid, shape, **more):
    return {"flstkennz": key, "oid": oid, **more}, shape


def package(path, **collections):
    """Write rows (properties, geometry) of several collections as a GeoPackage."""
    for name, rows in collections.items():
        frame = gpd.GeoDataFrame([r[0] for r in rows], geometry=[r[1] for r in rows], crs=25832)
        frame.to_file(path, layer=name, driver="GPKG")
    return path


@pytest.fixture
def street(tmp_path):
    """Return a city with three parcels in a row, each with a fault or two."""
    city = City(tmp_path)
    plots = [
        parcel(LEFT, "a", box(0, 0, 20, 20), flaeche=400, lagebeztxt="Ostwall 1"),
        parcel(RIGHT, "b", box(19.98, 0, 40, 20), flaeche=500, lagebeztxt="Ostwall 3"),
        parcel(FAR, "c", box(40, 0, 60, 20), flaeche=400, gemaschl="053049"),
    ]
    houses = [
        ({"oid": "h1", "lagebeztxt": "Ostwall 1"}, box(2, 2, 8, 8)),
        ({"oid": "h2", "lagebeztxt": "Ostwall 3 a"}, box(25, 2, 30, 8)),
        ({"oid": "h3", "lagebeztxt": "Westwall 9"}, box(45, 2, 50, 8)),
        ({"oid": "h4"}, box(50, 2, 55, 8)),
    ]
    file = package(tmp_path / "alkis.gpkg", flurstueck=plots, gebaeude_bauwerk=houses)
    city.ingest("alkis", file)
    return city


# -- what is found -------------------------------------------------------------------------


def test_every_fault_is_told_with_its_parcels_and_what_to_do(street):
    report = check(street.data)
    assert told(report) == [
        ("error", "overlap", LEFT, (RIGHT,)),
        ("error", "two-districts", FAR, ()),
        ("warning", "area-beyond-bound", RIGHT, ()),
        ("warning", "address-without-parcel", RIGHT, ()),
        ("warning", "address-without-parcel", FAR, ()),
    ]
    overlap, _, area, number, unknown = report.remarks
    assert overlap.message["de"] == (
        f"Überlappt {RIGHT} auf 0,40\u202fm², bis 2,0\u202fcm breit: "
        "gemeinsame Grenze auf dieselben Punkte legen."
    )
    assert overlap.measure == pytest.approx(0.4)
    assert area.measure == pytest.approx(500 - 20.02 * 20, abs=0.1)
    assert "„Ostwall 3 a“ (gebaeude_bauwerk h2): die Straße ist bekannt" in number.message["de"]
    assert "kein Flurstück nennt diese Straße" in unknown.message["de"]
    assert report.counts[Code.ADDRESS] == 2
    assert (report.rows, report.parcels) == (3, 3)


def test_a_profile_and_an_option_set_the_bound_of_areas(street):
    tight = check(street.data, bound=AreaBound(a=0, b=0), only=[Code.AREA])
    assert [r.parcel_key for r in tight.remarks] == [RIGHT]  # 400.4 m² against 400: rounding
    wide = check(street.data, bound=AreaBound(a=5), only=[Code.AREA])
    assert wide.remarks == ()
    assert wide.codes == (Code.AREA,)


def test_what_the_import_repaired_is_told_at_its_place(tmp_path):
    city = City(tmp_path)
    bow_tie = shapely.Polygon([(p[0] + 324_000, p[1] + 5_690_000) for p in BOW_TIE])
    file = city.write(
        "flurstueck.geojson",
        geojson(parcel(LEFT, "a", bow_tie), parcel(RIGHT, "b", box(50, 0, 70, 20))),
    )
    city.ingest("alkis", file)
    (fault, parts) = check(city.data).remarks
    assert (fault.code, fault.severity, fault.parcel_key) == ("invalid-geometry", "warning", LEFT)
    assert fault.place == (324_010, 5_690_010)
    assert "flurstueck.geojson, Zeile 1" in fault.message["de"]
    assert parts.code == Code.MULTI_PART


BOW_TIE = [(0, 0), (20, 20), (20, 0), (0, 20)]


def test_stored_geometry_that_is_not_valid_or_not_there(tmp_path, put):
    shapes = [shapely.Polygon([(p[0] + 324_000, p[1] + 5_690_000) for p in BOW_TIE]), None]
    columns = {"feature_id": ["a", "b"], "flstkennz": [LEFT, RIGHT]}
    with Store.open(tmp_path / "data", create=True) as store:
        put(store, "alkis", {"flurstueck": (columns, shapes)})
    assert told(check(tmp_path / "data"))[:2] == [
        ("error", "invalid-geometry", LEFT, ()),
        ("warning", "no-geometry", RIGHT, ()),
    ]


def test_the_demo_city_has_the_faults_that_were_planted_and_no_others(demo_store, demo_city):
    report = check(demo_store)
    planted = {
        Code.AREA: sorted(p.row for p in demo_city.truth.planted if p.kind == "area_deviation"),
        Code.MULTI_PART: sorted(p.row for p in demo_city.truth.planted if p.kind == "multi_part"),
    }
    found = {code: [] for code in planted}
    for remark in report.remarks:
        found.setdefault(remark.code, []).append(remark.parcel_key)
    # Districts follow the blocks, so some parcels do lie amid another one: all their neighbours.
    enclaves = set(found.pop(Code.TWO_DISTRICTS, []))
    assert {code: sorted(keys) for code, keys in found.items()} == planted
    assert enclaves == surrounded(demo_store)
    assert report.parcels == demo_city.truth.parcels


def surrounded(data):
    """Return the keys of parcels of one part all of whose neighbours are of another district."""
    with Store.open(data) as store:
        frame = store.snapshot("alkis").frame("flurstueck")
    shapes, key = frame.geometry.to_numpy(), frame["flstkennz"].to_numpy(object)
    one, other = shapely.STRtree(shapes).query(shapes, predicate="touches")
    border = shapely.length(shapely.intersection(shapes[one], shapes[other]))
    district = frame["flstkennz"].str[:6].to_numpy()
    own = {key[i] for i in one[(border > 0) & (district[one] == district[other])]}
    edge = shapely.boundary(shapely.union_all(shapes))
    inner = ~shapely.intersects(shapes, edge)
    return {k for k in key[inner] if k not in own}


# -- what may be told ------------------------------------------------------------------------


def test_addresses_of_registers_that_are_no_ones_business_are_left_out(demo_store, demo_city):
    report = check(demo_store)
    text = json.dumps(report.as_json(), ensure_ascii=False)
    missing = [p.found for p in demo_city.truth.planted if p.kind == "address_number_unknown"]
    assert missing
    assert not [address for address in missing if address in text]
    assert any("Betriebsstätten" in note["de"] for note in report.notes)


def test_nothing_sealed_is_opened(street, monkeypatch):
    """The check reads names of columns that are public, from tables that are not sealed."""
    read = []
    plain = Store.open_generation

    def watched(self, info, **options):
        snapshot = plain(self, info, **options)
        frame = snapshot.frame

        def note(name, query=None, **more):
            read.append((name, query.columns))
            return frame(name, query, **more)

        snapshot.frame = note
        return snapshot

    monkeypatch.setattr(Store, "open_generation", watched)
    check(street.data)
    assert read == [
        ("flurstueck", ("flstkennz", "flaeche", "lagebeztxt", "gemaschl")),
        ("gebaeude_bauwerk", ("lagebeztxt",)),
    ]


def test_parcels_that_are_no_ones_business_are_not_checked(street):
    registry = find_layers()
    alkis = registry.layer("alkis")
    sealed = alkis.collections[0].model_copy(update={"access": Access.PERSONAL})
    closed = alkis.model_copy(update={"collections": (sealed, *alkis.collections[1:])})
    with pytest.raises(NotMergedError, match="no parcels"):
        check_directory(
            street.data,
            replace(registry, layers={"alkis": closed}),
            load_municipality("krefeld"),
        )


def test_without_parcels_there_is_nothing_to_check(tmp_path):
    with (
        Store.open(tmp_path / "data", create=True) as store,
        pytest.raises(NotMergedError, match="no parcels"),
    ):
        check_parcels(store, find_layers(), load_municipality("krefeld"))


# -- files ----------------------------------------------------------------------------------


def test_the_order_of_the_source_does_not_matter(tmp_path, put):
    columns = {"feature_id": ["a", "b", "c"], "flstkennz": [LEFT, RIGHT, FAR]}
    shapes = [box(0, 0, 20, 20), box(19, 0, 40, 20), box(18, 0, 60, 20)]
    reports = []
    for i, order in enumerate((None, 3, 4)):
        with Store.open(tmp_path / str(i), create=True) as store:
            put(store, "alkis", {"flurstueck": (columns, shapes)}, order=order)
        reports.append(check(tmp_path / str(i)).as_json())
    assert reports[0]["counts"]["overlap"] == 3
    assert reports[0] == reports[1] == reports[2]


def test_a_geopackage_holds_every_finding_as_point_and_its_ground(street, tmp_path):
    report = check(street.data)
    write_findings(report, tmp_path / "f.gpkg", "de")
    assert [list(row) for row in pyogrio.list_layers(tmp_path / "f.gpkg")] == [
        ["findings", "Point"],
        ["findings_ground", "MultiPolygon"],
    ]
    points = gpd.read_file(tmp_path / "f.gpkg", layer="findings")
    assert points.crs == 25832
    assert points["code"].tolist() == [r.code.value for r in report.remarks]
    ground = gpd.read_file(tmp_path / "f.gpkg", layer="findings_ground")
    assert ground["code"].tolist() == ["overlap", "two-districts", "area-beyond-bound"]
    assert ground.area[0] == pytest.approx(0.4)
    write_findings(report, tmp_path / "f.gpkg", "de")  # again, over the former
    assert len(gpd.read_file(tmp_path / "f.gpkg", layer="findings")) == 5
    assert [p.name for p in tmp_path.iterdir() if "part" in p.name] == []


def test_what_has_no_place_is_in_the_geopackage_too(tmp_path, put):
    columns = {"feature_id": ["a", "b"], "flstkennz": [LEFT, RIGHT]}
    with Store.open(tmp_path / "data", create=True) as store:
        put(store, "alkis", {"flurstueck": (columns, [None, box(0, 0, 9, 9)])})
    report = check(tmp_path / "data")
    write_findings(report, tmp_path / "f.gpkg", "de")
    nowhere = pyogrio.read_dataframe(tmp_path / "f.gpkg", layer="findings_without_place")
    assert nowhere["parcel_key"].tolist() == [LEFT]
    assert len(pyogrio.read_dataframe(tmp_path / "f.gpkg", layer="findings")) == 0


def test_a_table_opens_in_a_german_and_in_an_english_spreadsheet(street, tmp_path):
    report = check(street.data)
    for lang, comma, area in (("de", ";", "0,4000"), ("en", ",", "0.4000")):
        write_findings(report, tmp_path / "f.csv", lang)
        text = (tmp_path / "f.csv").read_text(encoding="utf-8-sig")
        head, first, *rest = csv.reader(text.splitlines(), delimiter=comma)
        assert len(head) == len(first) == 10
        assert area in first
        assert len(rest) == 4


def test_json_is_the_report(street, tmp_path):
    report = check(street.data)
    write_findings(report, tmp_path / "f.json", "en")
    assert json.loads((tmp_path / "f.json").read_text()) == json.loads(json.dumps(report.as_json()))
    assert report.as_json()["severities"] == {"error": 2, "warning": 3, "information": 0}


# -- the picture ----------------------------------------------------------------------------


def test_the_picture_says_in_words_what_it_shows(street):
    report = check(street.data, outlines=True)
    svg = etree.fromstring(fault_svg(report, "en", synthetic=True).encode())
    space = "{http://www.w3.org/2000/svg}"
    assert svg.get("role") == "img"
    assert svg.findtext(f"{space}title") == "Check of the parcels – City of Krefeld"
    words = svg.findtext(f"{space}desc")
    assert words == describe_report(report, "en")
    assert "Errors: Overlap 1, Two districts 1." in words
    shown = [t.text for t in svg.iter(f"{space}text")]
    assert {"Errors", "Overlap", "Warnings", "Area differs", "Synthetic data"} <= set(shown)
    assert {"Krefeld", "Fischeln"} <= set(shown)  # the two districts
    assert fault_svg(report, "en") == fault_svg(check(street.data, outlines=True), "en")


def test_notes_that_do_not_fit_the_picture_are_counted(street):
    report = check(street.data, outlines=True)
    note = {"de": "Eine Anmerkung. " * 9, "en": "A note. " * 9}
    assert "further notes" not in fault_svg(replace(report, notes=(note,) * 2), "en")
    assert "further notes are in the report" in fault_svg(replace(report, notes=(note,) * 40), "en")


def test_the_picture_as_pdf_and_png(street):
    report = check(street.data, outlines=True)
    assert fault_pdf(report, "de").startswith(b"%PDF-1.7")
    assert fault_pdf(report, "de") == fault_pdf(report, "de")
    assert fault_png(report, "de").startswith(b"\x89PNG")


def test_a_sound_city_is_drawn_as_well_and_one_without_places_is_not(tmp_path, put):
    for name, shape in (("sound", box(0, 0, 20, 20)), ("nowhere", None)):
        columns = {"feature_id": ["a"], "flstkennz": [LEFT]}
        with Store.open(tmp_path / name, create=True) as store:
            put(store, "alkis", {"flurstueck": (columns, [shape])})
    assert "Keine Befunde" in fault_svg(check(tmp_path / "sound", outlines=True), "de")
    with pytest.raises(EmptySheetError, match="no parcel has a place"):
        fault_svg(check(tmp_path / "nowhere", outlines=True), "de")


# -- words ----------------------------------------------------------------------------------


@pytest.mark.parametrize("code", Code)
def test_every_code_has_a_name_a_mark_and_sentences(code):
    assert code_title(code)["de"] != code_title(code)["en"] or code is Code.SLIVER
    assert len(marks(code, shapely.get_coordinates(shapely.Point(3, 4)), 1.5)) == 1
    assert f"\n{code.value}" in FILE.read_text() or f'\n"{code.value}.' in FILE.read_text()


def test_numbers_in_sentences_are_written_as_the_language_does():
    facts = {"area": 1234.5, "width": 0.004, "others": "a und b"}
    assert "1.234\u202fm²" in sentence(Code.GAP, "narrow", facts)["de"]
    assert "4.0\u202fmm" in sentence(Code.GAP, "narrow", facts)["en"]
    assert list(Severity) == ["error", "warning", "information"]
