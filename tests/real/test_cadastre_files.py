"""The real cadastral files: what stands in them must come out."""

import gzip
import io
from collections import Counter

import numpy as np
import pytest
import shapely
from lxml import etree

from gis_core.crs import plan_operation, transform_geometry
from gis_core.districts import DistrictCatalogue
from gis_core.fabric_quality import AreaBound
from gis_core.geometry import corrected_area
from gis_core.keys import AlkisKeys
from layers.alkis.codes import read_catalogue
from layers.alkis.source import translate
from layers.errors import SourceFileError
from layers.formats.gml import read_gml
from layers.formats.nas import read_nas
from layers.formats.xml import sniff_xml
from layers.municipality import Municipality
from layers.uses import stated_uses

pytestmark = pytest.mark.real

HAMBURG = "alkis-nas60-hamburg/ALKIS_NeuwScharh_0003.xml.gz"
THOUSAND = "alkis-nrw-wfs/nrw_1000_flurstuecke_alkis-vereinfacht-2.0.xml.gz"
TEN_SIMPLE = "alkis-nrw-wfs/nrw_page_0_alkis-vereinfacht-2.0.xml"
TEN_NAS = "alkis-nrw-wfs/nrw_10_ax_flurstueck_nas-konform.xml"


@pytest.fixture(scope="module")
def state(shared_data):
    """North Rhine-Westphalia as one municipality, with all its districts."""
    names = shared_data / "gemarkungen/katasteraemter-gemarkungen-fluren-nrw.json"
    catalogue = DistrictCatalogue.from_nrw_json(names.read_text(encoding="utf-8"))
    return Municipality(
        id="nrw",
        name="NRW",
        title={},
        code="",
        state_code="05",
        keys=AlkisKeys(catalogue),
        storage_crs=25832,
        window=(280_000.0, 5_570_000.0, 540_000.0, 5_830_000.0),
    )


def unpack(path):
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def read(path):
    data = unpack(path)
    reader = read_nas if sniff_xml(data[:65536]) == "nas" else read_gml
    return list(reader(io.BytesIO(data), path.name))


def into_layer(path, municipality):
    return list(translate(iter(read(path)), municipality))


def of_kind(tables, kind):
    (found,) = (t for t in tables if t.kind == kind and len(t))
    return found


def column(table, name):
    return table.attributes[name].tolist()


def numbers(table, name):
    return table.attributes[name].astype(float).to_numpy()


def in_utm(table):
    return transform_geometry(table.geometry, plan_operation(table.crs.definition, "EPSG:25832"))


@pytest.fixture(scope="module")
def hamburg(shared_data):
    return read(shared_data / HAMBURG)


def test_hamburg_parcels_are_the_polygons_they_are(hamburg):
    parcels = of_kind(hamburg, "AX_Flurstueck")
    assert len(parcels) == 137
    assert set(shapely.get_type_id(parcels.geometry)) == {shapely.GeometryType.POLYGON}
    assert shapely.get_num_interior_rings(parcels.geometry).sum() == 3
    assert shapely.is_valid(parcels.geometry).all()
    assert numbers(parcels, "amtlicheFlaeche").sum() == pytest.approx(2_506_460.12, abs=0.005)
    assert shapely.area(parcels.geometry).sum() == pytest.approx(2_504_429.1, abs=3)
    assert parcels.crs.definition == "EPSG:25832"
    assert len(of_kind(hamburg, "AX_Gebaeude")) == 57


def test_hamburg_arcs_run_through_their_three_points(shared_data, hamburg):
    gml = "{http://www.opengis.net/gml/3.2}"
    document = etree.fromstring(unpack(shared_data / HAMBURG))
    arcs = document.findall(f".//{{*}}AX_Flurstueck/{{*}}position//{gml}Arc/{gml}posList")
    assert len(arcs) == 23
    outlines = shapely.boundary(of_kind(hamburg, "AX_Flurstueck").geometry)
    vertices = {tuple(p) for p in shapely.get_coordinates(outlines)}
    for arc in arcs:
        x1, y1, x2, y2, x3, y3 = map(float, arc.text.split())
        assert {(x1, y1), (x2, y2), (x3, y3)} <= vertices


def test_hamburg_parcels_that_share_an_arc_do_not_overlap(hamburg):
    ground = of_kind(hamburg, "AX_Flurstueck").geometry
    one, other = shapely.STRtree(ground).query(ground, predicate="overlaps")
    shared = shapely.area(shapely.intersection(ground[one], ground[other]))
    assert shared.sum() < 1e-6


def test_hamburg_areas_raise_no_false_alarm_once_the_projection_is_removed(hamburg):
    """What is left are two neighbours whose common border was moved on the map."""
    parcels = of_kind(hamburg, "AX_Flurstueck")
    official = numbers(parcels, "amtlicheFlaeche")
    bound = AreaBound().at(official)
    deviation = official - corrected_area(parcels.geometry, "EPSG:25832")
    alarms = np.flatnonzero(np.abs(deviation) > bound)
    assert [column(parcels, "flurstueckskennzeichen")[i] for i in alarms] == [
        "020125___00421______",
        "020125___00422______",
    ]
    assert deviation[alarms].round(1).tolist() == [-38.5, 38.7]
    uncorrected = np.abs(official - shapely.area(parcels.geometry)) > bound
    assert uncorrected.sum() > len(alarms)


def test_hamburg_in_the_layer(shared_data, state):
    tables = into_layer(shared_data / HAMBURG, state)
    parcels = of_kind(tables, "flurstueck")
    assert set(column(parcels, "landschl")) == {"02"}
    assert set(column(parcels, "flurschl")) == {"020125___"}
    assert parcels.attributes["flur"].isna().all()
    assert parcels.attributes["endet"].isna().all()
    houses = [t for t in tables if t.kind == "gebaeude_bauwerk" and len(t)]
    kinds = Counter(name for t in houses for name in column(t, "gebnutzbez"))
    assert kinds == {"Gebäude": 57, "Bauwerk im Verkehrsbereich": 2}
    # streets stand in the extract by key only; the postal addresses know one of them
    assert "Insel Neuwerk 21" in {a for t in houses for a in column(t, "lagebeztxt")}
    uses = Counter(u for t in tables if t.kind == "nutzung" for u in column(t, "nutzart"))
    assert uses["Landwirtschaft"] == uses["Weg"] == 10
    assert sum(uses.values()) == 61


@pytest.mark.parametrize(
    ("name", "geometry", "rows"),
    [
        ("AX_Flurstueck", "MultiPolygon", 1),
        ("AX_Gebaeude", "Polygon", 1),
        ("AX_Turm", "Polygon", 1),
        ("AX_Strassenverkehr", "Polygon", 1),
        ("AX_Wald", "Polygon", 1),
        ("AX_Wohnbauflaeche", "Polygon", 1),
        ("AX_BesondereFlurstuecksgrenze", "LineString", 1),
        ("AX_LagebezeichnungOhneHausnummer", None, 1),
        ("AX_Aufnahmepunkt", "skipped", 1),
        ("AX_BoeschungKliff", "skipped", 1),
        ("AX_Fahrwegachse", "skipped", 1),
        ("AX_PunktortAU", "skipped", 1),
    ],
)
def test_bonn_objects_of_the_newer_model_read_alike(shared_data, hamburg, name, geometry, rows):
    table = of_kind(read(shared_data / f"alkis-nas71-bonn/{name}.xml"), name)
    assert len(table) == rows
    if geometry == "skipped":
        assert [f.code for f in table.faults] == ["class-skipped"]
        return
    assert not table.faults
    assert (table.geometry[0].geom_type if geometry else table.geometry) == geometry
    if geometry:
        assert shapely.is_valid(table.geometry).all()
    older = [t for t in hamburg if t.kind == name]
    assert all(t.attributes.columns.equals(table.attributes.columns) for t in older)
    assert column(table, "anlass")[0][0].isdigit()  # a link into the registry, here its code


def test_every_nas_file_reads_into_the_layer(shared_data, state):
    files = [
        p
        for p in sorted(shared_data.glob("alkis-*/*"))
        if p.suffix in {".xml", ".gml", ".gz"} and sniff_xml(unpack(p)[:65536]) == "nas"
    ]
    assert len(files) == 15
    for path in files:
        assert sum(map(len, read(path))) > 0, path.name
        into_layer(path, state)


def test_a_thousand_parcels_of_the_simplified_schema(shared_data, state):
    parcels = of_kind(into_layer(shared_data / THOUSAND, state), "flurstueck")
    assert len(parcels) == 1000
    assert len(set(column(parcels, "flstkennz"))) == 1000
    assert parcels.crs.swapped
    places = in_utm(parcels)
    assert shapely.is_valid(places).all()
    # Kreis Euskirchen, in the south-west corner of the state
    west, south, east, north = shapely.total_bounds(places)
    assert 310_000 < west < east < 340_000
    assert 5_577_000 < south < north < 5_591_000
    towns = Counter(column(parcels, "gemeinde"))
    assert towns == {"Hellenthal": 614, "Dahlem": 349, "Blankenheim": 37}
    for key, district in zip(
        column(parcels, "flstkennz"), column(parcels, "gemaschl"), strict=True
    ):
        assert key.startswith(district)


def test_packed_uses_sum_to_the_official_area_in_all_thousand(shared_data, state):
    parcels = of_kind(into_layer(shared_data / THOUSAND, state), "flurstueck")
    several = 0
    for text, official in zip(column(parcels, "tntxt"), numbers(parcels, "flaeche"), strict=True):
        uses = stated_uses(text)
        several += len(uses) > 1
        assert sum(area for _, area in uses) == official
    assert several == 481


def test_the_state_s_own_words_for_uses_are_those_of_our_catalogue(shared_data, state):
    """What NRW writes into tntxt is what we make of the codes of a NAS extract.

    The answer is of 2022, model 6.0; seven of its uses were reworded in 7.1.
    """
    parcels = of_kind(into_layer(shared_data / THOUSAND, state), "flurstueck")
    classes = read_catalogue().classes.values()
    known = {entry.title for entry in classes}
    known |= {
        f"{entry.title} / {text}"
        for entry in classes
        for texts in entry.codes.values()
        for text in texts.values()
    }
    found = {use for text in column(parcels, "tntxt") for use, _ in stated_uses(text)}
    assert len(found) == 54
    assert found - known == {
        "Fläche gemischter Nutzung / Gebäude- und Freifläche, Mischnutzung mit Wohnen",
        "Industrie- und Gewerbefläche / Lagerplatz",
        "Sport-, Freizeit- und Erholungsfläche / Gebäude- u. Freifläche Erholung, Sport",
        "Sport-, Freizeit- und Erholungsfläche / Reitplatz",
        "Straßenverkehr / Verkehrsbegleitfläche Straße",
        "Wald / Laubwald mit Nadelholz",
        "Wald / Nadelwald mit Laubholz",
    }


def test_the_same_ten_parcels_in_both_forms(shared_data, state):
    simple = of_kind(into_layer(shared_data / TEN_SIMPLE, state), "flurstueck")
    objects = of_kind(into_layer(shared_data / TEN_NAS, state), "flurstueck")
    assert column(simple, "idflurst") == column(objects, "idflurst")
    assert shapely.hausdorff_distance(in_utm(simple), objects.geometry).max() < 0.001
    for name in (
        "oid", "flstkennz", "land", "landschl", "regbezschl", "kreisschl", "gmdschl",
        "gemarkung", "gemaschl", "flur", "flurschl", "flstnrzae", "abwrecht",
    ):  # fmt: skip
        assert column(simple, name) == column(objects, name), name
    assert (numbers(simple, "flaeche") == numbers(objects, "flaeche")).all()
    assert [d.rstrip("Z") for d in column(simple, "aktualit")] == column(objects, "aktualit")
    # what only other objects of an extract would tell is not in this answer of parcels
    for name in ("regbezirk", "kreis", "gemeinde", "lagebeztxt", "tntxt"):
        assert objects.attributes[name].isna().all()
    assert [f.code for f in objects.faults] == ["relation-unresolved"]


def test_three_pages_are_the_first_thirty_of_the_thousand(shared_data):
    pages = [
        of_kind(
            read(shared_data / f"alkis-nrw-wfs/nrw_page_{n}_alkis-vereinfacht-2.0.xml"),
            "Flurstueck",
        )
        for n in (0, 10, 20)
    ]
    whole = of_kind(read(shared_data / THOUSAND), "Flurstueck")
    paged = [key for page in pages for key in column(page, "flstkennz")]
    assert paged == column(whole, "flstkennz")[:30]


@pytest.mark.parametrize(
    ("name", "swapped", "window"),
    [
        ("hamburg_page_0", False, (548_000, 5_915_000, 588_000, 5_955_000)),
        ("sachsen_page_0", True, (888_000, 5_698_000, 905_000, 5_710_000)),
    ],
)
def test_other_states_speak_dialects(shared_data, state, name, swapped, window):
    path = shared_data / f"alkis-other-laender/{name}_alkis-vereinfacht-2.0.xml"
    parcels = of_kind(into_layer(path, state), "flurstueck")
    assert len(parcels) == 10
    assert parcels.crs.swapped is swapped
    assert shapely.covers(
        shapely.box(*window), shapely.MultiPoint(shapely.centroid(in_utm(parcels)))
    )
    assert all(area for text in column(parcels, "tntxt") for _, area in stated_uses(text))


def test_essen_s_page_with_a_number_that_is_not_epsg_s(shared_data):
    points = of_kind(read(shared_data / "essen-addresses/wfs_page_008.gml.gz"), "Hauskoordinaten")
    assert len(points) == 1000
    assert points.crs.stated == "urn:ogc:def:crs:EPSG::102329"
    assert points.crs.swapped
    # the attribute called X holds the northing
    assert shapely.get_y(points.geometry) == pytest.approx(numbers(points, "X"))
    west, south, east, north = shapely.total_bounds(in_utm(points))
    assert 352_000 < west < east < 375_000  # Essen
    assert 5_690_000 < south < north < 5_712_000


def test_a_refusal_is_refused_with_the_server_s_own_words(shared_data):
    path = shared_data / "alkis-nrw-wfs/nrw_wfs_exception_report.xml"
    assert sniff_xml(path.read_bytes()) == "exception"
    with pytest.raises(
        SourceFileError, match=r"InvalidParameterValue FILTER: Request rejected"
    ) as e:
        list(read_nas(path, path.name))
    assert 'The PropertyName "gemarkungsnummer"' in str(e.value)


def test_hamburg_cut_in_half_is_refused_with_the_line(shared_data):
    data = unpack(shared_data / HAMBURG)
    with pytest.raises(SourceFileError, match=r"ends too early, in line \d{5,}") as caught:
        list(read_nas(io.BytesIO(data[: len(data) // 2]), "halb.xml"))
    assert caught.value.fields["line"] > 100_000
