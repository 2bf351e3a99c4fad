"""Reference systems: spellings, the best operation or none, plausible positions."""

import json
from pathlib import Path

import numpy as np
import pyproj
import pyproj.datadir
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis_core.crs import (
    Verdict,
    Window,
    areal_scale,
    crs_text,
    guess_crs,
    plan_operation,
    resolve_crs,
    transform_geometry,
    transform_xy,
)
from gis_core.errors import CRSMismatchError, DatumGridMissingError, UnknownCRSError

KREFELD = Window(320_000, 5_680_000, 342_000, 5_700_000)
CAMBRIDGE = (-71.17, 42.35, -71.06, 42.41)
WHEEL = str(Path(pyproj.__file__).parent / "proj_dir" / "share" / "proj")
GRID = "de_adv_BETA2007.tif"

TO_METRES, TO_DEGREES = plan_operation(4258, 25832), plan_operation(25832, 4258)
GK2_WITH_SHIFT = (
    pyproj.CRS.from_epsg(31466)
    .to_wkt("WKT1_GDAL")
    .replace(',AUTHORITY["EPSG","6314"]]', ",TOWGS84[598.1,73.7,418.2,0.202,0.045,-2.455,6.7]]")
)
GK2_OF_ESRI = pyproj.CRS.from_epsg(31466).to_wkt("WKT1_ESRI")


@pytest.fixture
def without_grids(monkeypatch, tmp_path):
    """PROJ as its wheel ships it, whatever this machine has installed."""
    monkeypatch.setenv("PROJ_USER_WRITABLE_DIRECTORY", str(tmp_path))
    pyproj.datadir.set_data_dir(WHEEL)


@pytest.fixture
def with_beta2007(without_grids, shared_data):  # noqa: ARG001 - nothing but that grid
    pyproj.datadir.append_data_dir(shared_data / "datum-grids")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("EPSG:25832", "EPSG:25832"),
        ("epsg::25832", "EPSG:25832"),
        ("25832", "EPSG:25832"),
        ("urn:ogc:def:crs:EPSG::25832", "EPSG:25832"),
        ("urn:ogc:def:crs:EPSG:9.6.1:25832", "EPSG:25832"),
        ("urn:x-ogc:def:crs:EPSG:25832", "EPSG:25832"),
        ("http://www.opengis.net/def/crs/EPSG/0/25832", "EPSG:25832"),
        ("https://www.opengis.net/def/crs/EPSG/0/25832", "EPSG:25832"),
        ("http://www.opengis.net/gml/srs/epsg.xml#4326", "EPSG:4326"),
        ("urn:adv:crs:ETRS89_UTM32", "EPSG:25832"),
        ("urn:adv:crs:ETRS89_UTM32*DE_DHHN2016_NH", "EPSG:25832"),
        ("urn:adv:crs:DE_DHDN_3GK2", "EPSG:31466"),
        ("urn:adv:crs:DE_DHDN_3GK2_NW101", "EPSG:31466"),
        ("urn:adv:crs:DE_RD-83_3GK5", "EPSG:3399"),
        ("urn:adv:crs:ETRS89_Lat-Lon", "EPSG:4258"),
        ("EPSG:4647", "EPSG:4647"),
        ("EPSG::102329", "EPSG:4647"),  # a number of ESRI's under EPSG's name
        ("urn:ogc:def:crs:EPSG::102329", "EPSG:4647"),
        ("EPSG:5555", "EPSG:25832"),  # with height
        ("urn:ogc:def:crs,crs:EPSG::25832,crs:EPSG::5783", "EPSG:25832"),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "OGC:CRS84"),
        ("CRS84", "OGC:CRS84"),
        ("http://www.opengis.net/def/crs/OGC/1.3/CRS84", "OGC:CRS84"),
        (GK2_OF_ESRI, "EPSG:31466"),
    ],
)
def test_every_spelling_leads_to_the_system_that_is_meant(text, code):
    assert crs_text(resolve_crs(text)) == code


@pytest.mark.parametrize(
    "text", ["", "Gauß-Krüger", "EPSG:999999", "urn:adv:crs:DE_XYZ", "PROJCS["]
)
def test_a_name_without_meaning_is_refused_and_shown(text):
    with pytest.raises(UnknownCRSError) as caught:
        resolve_crs(text)
    assert "--crs" in caught.value.advice
    assert caught.value.fields["found"] == text


def test_a_shift_carried_along_in_wkt_is_cut_off():
    assert pyproj.CRS.from_wkt(GK2_WITH_SHIFT).is_bound
    assert not resolve_crs(GK2_WITH_SHIFT).is_bound


@pytest.mark.parametrize(
    "source", ["EPSG:31466", "EPSG:31467", "EPSG:4314", GK2_OF_ESRI, GK2_WITH_SHIFT]
)
@pytest.mark.usefixtures("without_grids")
def test_without_the_grid_nothing_coarser_is_used(source):
    with pytest.raises(DatumGridMissingError) as caught:
        plan_operation(source, 25832, area=KREFELD.area_of_use(25832))
    assert GRID in str(caught.value)
    assert "flurbuch grids add" in caught.value.advice
    assert caught.value.fields["accuracy_m"] == 0.9


def test_a_prefix_is_a_matter_of_arithmetic():
    operation = plan_operation("EPSG:4647", "EPSG:25832")
    assert (operation.accuracy_m, operation.grids) == (0.0, ())
    x, y = transform_xy([32_325_000.25], [5_690_000.5], operation)
    assert x == pytest.approx([325_000.25], abs=1e-6)
    assert y == pytest.approx([5_690_000.5], abs=1e-6)


def test_same_system_moves_nothing():
    x, y = transform_xy([325_000.25], [5_690_000.5], plan_operation(25832, 25832))
    assert (x[0], y[0]) == (325_000.25, 5_690_000.5)


@pytest.mark.parametrize("target", [26919, 32619])
@pytest.mark.usefixtures("without_grids")
def test_a_city_on_wgs84_needs_no_grid(target):
    """WGS 84 is only good to 2 m; NAD83's regional grids cannot make it better."""
    operation = plan_operation("OGC:CRS84", target, area=CAMBRIDGE)
    assert operation.accuracy_m is not None
    x, y = transform_xy([-71.11], [42.373], operation)
    assert (x[0], y[0]) == pytest.approx((326_264, 4_693_217), abs=500)


@pytest.mark.usefixtures("without_grids")
def test_between_two_older_datums_the_grid_is_demanded():
    with pytest.raises(DatumGridMissingError):
        plan_operation("EPSG:4269", "EPSG:4152", area=CAMBRIDGE)  # NAD83, NAD83(HARN)


@pytest.mark.parametrize(
    ("source", "area"),
    [
        pytest.param("EPSG:31466", CAMBRIDGE, id="german-system-in-america"),
        pytest.param("+proj=utm +zone=32 +ellps=bessel +type=crs", None, id="datum-not-stated"),
    ],
)
def test_a_ballpark_shift_is_never_used(source, area):
    with pytest.raises(UnknownCRSError, match="no transformation is known"):
        plan_operation(source, 25832, area=area)


@pytest.mark.real
@pytest.mark.parametrize(
    ("source", "there", "here"),
    [
        ("EPSG:31466", (2_533_000, 5_688_000), (323_924.900, 5_689_090.551)),
        ("EPSG:31466", (2_567_000, 5_645_000), (356_140.029, 5_644_744.957)),
        ("EPSG:31467", (3_527_693.247, 6_073_626.648), (527_614.634, 6_071_637.516)),
        (GK2_WITH_SHIFT, (2_533_000, 5_688_000), (323_924.900, 5_689_090.551)),
    ],
)
@pytest.mark.usefixtures("with_beta2007")
def test_check_points_come_out_to_the_millimetre(source, there, here):
    operation = plan_operation(source, "EPSG:25832")
    assert (operation.grids, operation.accuracy_m) == ((GRID,), 0.9)
    x, y = transform_xy([there[0]], [there[1]], operation)
    assert np.hypot(x[0] - here[0], y[0] - here[1]) < 0.001


@pytest.mark.real
@pytest.mark.usefixtures("with_beta2007")
def test_the_record_of_an_operation_repeats_it():
    operation = plan_operation("EPSG:31466", "EPSG:25832")
    record = json.loads(json.dumps(operation.as_dict()))
    again = pyproj.Transformer.from_pipeline(record["definition"])
    assert again.transform(2_533_000, 5_688_000) == pytest.approx(
        (323_924.900, 5_689_090.551), abs=1e-3
    )
    assert record["grids"] == [GRID]
    assert "DHDN to ETRS89 (8)" in record["name"]


@pytest.mark.real
@pytest.mark.usefixtures("with_beta2007")
def test_beyond_the_edge_of_the_grid_there_is_no_position():
    operation = plan_operation("EPSG:31466", "EPSG:25832")
    x, y = transform_xy([2_533_000, 100], [5_688_000, 100], operation)
    assert np.isfinite([x[0], y[0]]).all()
    assert np.isinf([x[1], y[1]]).all()


@pytest.mark.real
@pytest.mark.usefixtures("with_beta2007")
def test_a_grid_that_vanished_is_missed():
    operation = plan_operation("EPSG:31466", "EPSG:25832")
    pyproj.datadir.set_data_dir(WHEEL)
    with pytest.raises(DatumGridMissingError, match="cannot be carried out"):
        transform_xy([2_533_000], [5_688_000], operation)
    with pytest.raises(DatumGridMissingError):
        plan_operation("EPSG:31466", "EPSG:25832")


def test_geometry_moves_vertex_by_vertex():
    operation = plan_operation("EPSG:4647", "EPSG:25832")
    square = shapely.box(32_325_000, 5_690_000, 32_325_010, 5_690_010)
    holed = square.difference(square.buffer(-2))
    given_ = np.array([None, square, holed, shapely.Point(), shapely.MultiPoint([[32e6, 1]])])
    got = transform_geometry(given_, operation)
    assert got[0] is None
    assert [g.geom_type for g in got[1:]] == ["Polygon", "Polygon", "Point", "MultiPoint"]
    assert got[1].equals_exact(shapely.box(325_000, 5_690_000, 325_010, 5_690_010), 1e-6)
    assert len(got[2].interiors) == 1
    assert given_[1].equals(square)  # the input is not touched


@given(st.floats(5.9, 12.1), st.floats(47.2, 55.1))
def test_there_and_back_is_the_same_place(longitude, latitude):
    x, y = transform_xy([longitude], [latitude], TO_METRES)
    back = transform_xy(x, y, TO_DEGREES)
    assert np.hypot(back[0] - longitude, back[1] - latitude) < 1e-10


@pytest.mark.parametrize(
    ("x", "y", "per_1000"),
    [
        pytest.param(331_000, 5_690_000, 0.099, id="krefeld"),
        pytest.param(294_000, 5_628_000, -0.242, id="aachen"),
        pytest.param(356_000, 5_645_000, 0.291, id="cologne"),
        pytest.param(525_000, 5_735_000, 0.785, id="hoexter"),
    ],
)
def test_square_metres_lost_by_the_map(x, y, per_1000):
    """What 1,000 m² on the map are on the ground, less 1,000 (domain.md §0.4)."""
    assert 1000 / areal_scale([x], [y], 25832)[0] - 1000 == pytest.approx(per_1000, abs=0.005)


@given(st.floats(280_000, 720_000), st.floats(5_200_000, 6_100_000))
def test_scale_agrees_with_the_series(x, y):
    a, e2, k0 = 6_378_137.0, 0.00669438002290, 0.9996
    latitude = np.radians(transform_xy([x], [y], TO_DEGREES)[1][0])
    sine = 1 - e2 * np.sin(latitude) ** 2
    radius2 = a**2 * (1 - e2) / sine**2  # M N
    east = (x - 500_000) / k0
    k = k0 * (1 + east**2 / (2 * radius2) + east**4 / (24 * radius2**2))
    assert areal_scale([x], [y], 25832)[0] == pytest.approx(k**2, rel=2e-8)


def test_degrees_have_no_areal_scale():
    with pytest.raises(CRSMismatchError):
        areal_scale([6.5], [51.3], 4258)


inside = st.tuples(st.floats(320_000, 342_000), st.floats(5_680_000, 5_700_000))


@given(inside, st.sampled_from([31, 32, 33, 2]))
def test_every_usual_mistake_has_its_name(place, millions):
    x, y = place
    cases = {
        (x, y): Verdict.INSIDE,
        (y, x): Verdict.SWAPPED,
        (x + millions * 1e6, y): Verdict.PREFIXED,
        (x - 500_000, y): Verdict.SHIFTED,
        (x + 50_000, y): Verdict.OUTSIDE,
        (x, y + 50_000): Verdict.OUTSIDE,
        (np.nan, y): Verdict.NOT_FINITE,
        (x, np.inf): Verdict.NOT_FINITE,
    }
    got = KREFELD.judge(*np.array(list(cases)).T)
    assert got.tolist() == list(cases.values())


def test_a_window_in_degrees_works_alike():
    window = Window(*KREFELD.area_of_use(25832))
    assert window.judge([6.6, 51.35], [51.35, 6.6]).tolist() == ["inside", "swapped"]


@pytest.mark.parametrize("code", [4647, 4258, 31466])
@pytest.mark.parametrize("swapped", [False, True])
def test_the_true_system_is_among_the_guesses(code, swapped):
    carry = pyproj.Transformer.from_crs(25832, code, always_xy=True)
    x, y = carry.transform(np.linspace(325e3, 337e3, 5), np.linspace(5_685e3, 5_695e3, 5))
    guesses = guess_crs(*((y, x) if swapped else (x, y)), KREFELD, 25832)
    assert (f"EPSG:{code}", swapped, 1.0) in [(g.definition, g.swapped, g.share) for g in guesses]
