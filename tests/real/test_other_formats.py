"""Real files of every format but NAS: what is in them comes out, at the right place."""

import csv
import os
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pyproj
import pyproj.datadir
import pytest
import shapely

from gis_core.crs import Window, guess_crs, plan_operation, transform_geometry, transform_xy
from gis_core.errors import DatumGridMissingError
from gis_core.geometry import repair_polygons
from layers.errors import SourceFileError
from layers.formats.hints import Hints
from layers.formats.reader import read_tables
from layers.grids import add_grid, installed_grids, use_grids

pytestmark = pytest.mark.real

COLOGNE = Window(343_000, 5_632_000, 371_000, 5_662_000)
ESSEN = Window(353_000, 5_690_000, 371_000, 5_711_000)
FLENSBURG = Hints(x=("Rechtswert",), y=("Hochwert",))


def only(path, hints=None):
    """Return the file's one layer; its slices must fit together."""
    slices = list(read_tables(path, hints))
    assert len({(t.kind, t.crs) for t in slices}) == 1
    rows = np.concatenate([t.rows for t in slices])
    assert (np.diff(rows) > 0).all()
    places = [t.geometry for t in slices if t.geometry is not None]
    return replace(
        slices[0],
        rows=rows,
        attributes=pd.concat([t.attributes for t in slices], ignore_index=True),
        geometry=np.concatenate(places) if places else None,
        faults=tuple(fault for t in slices for fault in t.faults),
    )


def in_25832(table):
    operation = plan_operation(table.crs.definition, 25832)
    return transform_geometry(table.geometry, operation), operation


def verdicts(geometry, window):
    box = shapely.bounds(geometry)
    places = window.judge((box[:, 0] + box[:, 2]) / 2, (box[:, 1] + box[:, 3]) / 2)
    return set(places.tolist())


@pytest.fixture
def without_grids(tmp_path, monkeypatch):
    """Return an empty data directory; PROJ sees no grid of this machine's."""
    monkeypatch.setenv("PROJ_USER_WRITABLE_DIRECTORY", str(tmp_path))
    use_grids(tmp_path)
    return tmp_path


@pytest.fixture
def with_beta2007(without_grids, shared_data):
    add_grid(without_grids, shared_data / "datum-grids" / "de_adv_BETA2007.tif")
    return without_grids


@pytest.mark.parametrize(
    ("name", "rows", "invalid", "column", "word"),
    [
        ("Strassenabschnitt", 15_846, 0, "STRASSE", "Achtergäßchen"),
        ("fnp_aktuell", 2_121, 5, "Langname", "Gemischte Baufläche"),
        ("Stadtviertel", 371, 2, "STV_NAME", "Bilderstöckchen"),
    ],
)
def test_cologne(shared_data, name, rows, invalid, column, word):
    """False easting 2,500,000 and a height system in the .prj, no .cpg."""
    table = only(shared_data / "koeln" / f"{name}.zip")
    assert (len(table), table.kind, table.faults) == (rows, name, ())
    words = set(table.attributes[column].dropna())
    assert word in words
    assert {c for value in words for c in value if not c.isascii()} <= set("äöüÄÖÜßéèë")
    moved, operation = in_25832(table)
    assert verdicts(moved, COLOGNE) == {"inside"}
    assert operation.grids == ()
    raw = shapely.get_coordinates(table.geometry[:1])[0]
    new = shapely.get_coordinates(moved[:1])[0]
    assert raw - new == pytest.approx([2_000_000, 0], abs=0.001)
    assert (~shapely.is_valid(table.geometry)).sum() == invalid
    if invalid:
        repair = repair_polygons(moved)
        kept = ~shapely.is_missing(repair.geometry)  # one area in the plan is a mere line
        assert (repair.changed.sum(), shapely.is_valid(repair.geometry[kept]).all()) == (
            invalid,
            True,
        )


def test_essen_addresses(shared_data):
    table = only(shared_data / "essen-addresses" / "hauskoordinaten_essen_2022-10-05_4647.zip")
    assert (len(table), table.crs.definition) == (102_981, "EPSG:4647")
    moved, operation = in_25832(table)
    assert operation.accuracy_m == 0
    assert verdicts(moved, ESSEN) == {"inside"}
    assert "### Straßenname unbekannt" in set(table.attributes["strname"])
    same = shapely.get_x(table.geometry) == table.attributes["x"].astype(float)
    assert same.all()


def test_essen_service_with_a_wrong_name(shared_data):
    """The URN is ESRI's number under EPSG's name, and promises the other axis order."""
    table = only(shared_data / "essen-addresses" / "wfs_page_008.gml.gz")
    assert len(table) == 1_000
    assert table.crs.stated == "urn:ogc:def:crs:EPSG::102329"
    assert table.crs.swapped
    moved, _ = in_25832(table)
    assert verdicts(moved, ESSEN) == {"inside"}
    # Had it been believed, the window would have told, and named what it is.
    x, y = shapely.get_y(table.geometry), shapely.get_x(table.geometry)
    assert guess_crs(x, y, ESSEN, 25832)[0].definition == "EPSG:4647"
    assert guess_crs(x, y, ESSEN, 25832)[0].swapped


@pytest.mark.usefixtures("with_beta2007")
def test_flensburg_trees(shared_data):
    table = only(shared_data / "flensburg-trees" / "lebende-baeume.csv", FLENSBURG)
    assert (len(table), table.faults) == (18_697, ())
    assert table.rows.tolist() == list(range(2, 18_699))
    columns = ["baumnummer", "hochwert", "rechtswert", "ga_lang", "GEBIET", "STRASSE"]
    assert list(table.attributes) == columns
    assert table.attributes["baumnummer"].iloc[0] == " 20"
    assert table.attributes["GEBIET"].iloc[0] == "Entwässerung"
    assert table.crs.definition is None
    operation = plan_operation("EPSG:31467", 25832)
    moved = transform_geometry(table.geometry, operation)
    assert operation.grids == ("de_adv_BETA2007.tif",)
    assert verdicts(moved, Window(520_000, 6_064_000, 535_000, 6_078_000)) == {"inside"}


def published_fellings(shared_data):
    """Return easting, northing, longitude, latitude as published: the header is shifted."""
    path = shared_data / "flensburg-trees" / "baumfaellungen_flensburg_datenbank_2023.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))[1:]
    return np.array([[float(row[i]) for i in (4, 5, 14, 15)] for row in rows]).T


@pytest.mark.usefixtures("with_beta2007")
def test_flensburg_fellings_agree_with_what_was_published(shared_data):
    east, north, longitude, latitude = published_fellings(shared_data)
    assert len(east) == 221
    x, y = transform_xy(east, north, plan_operation("EPSG:31467", 25832))
    there = transform_xy(longitude, latitude, plan_operation("OGC:CRS84", 25832))
    off = np.hypot(x - there[0], y - there[1])
    assert np.median(off) <= 0.05
    assert off.max() <= 0.10


def test_flensburg_without_the_grid_stops(shared_data, without_grids):
    with pytest.raises(DatumGridMissingError) as caught:
        plan_operation("EPSG:31467", 25832)
    assert "de_adv_BETA2007.tif" in str(caught.value)
    add_grid(without_grids, shared_data / "datum-grids" / "de_adv_BETA2007.tif")
    assert plan_operation("EPSG:31467", 25832).accuracy_m == 0.9


def test_flensburg_fellings_as_a_table_are_refused(shared_data):
    path = shared_data / "flensburg-trees" / "baumfaellungen_flensburg_datenbank_2023.csv"
    with pytest.raises(
        SourceFileError, match="15 names, but the 221 lines below it have 16 fields"
    ):
        only(path, FLENSBURG)


def test_grids_are_installed_once_and_listed(shared_data, without_grids):
    folder = shared_data / "datum-grids"
    assert installed_grids(without_grids) == ()
    beta = add_grid(without_grids, folder / "de_adv_BETA2007.tif")
    assert beta.operations == ("DHDN to ETRS89 (8), 0.9 m",)
    berlin = add_grid(without_grids, folder / "ntv2berlin20130508.GSB")
    assert installed_grids(without_grids) == (beta, berlin)
    assert add_grid(without_grids, folder / "de_adv_BETA2007.tif") == beta
    for name in ("de_adv_README.txt", "absent.tif"):
        with pytest.raises(SourceFileError):
            add_grid(without_grids, folder / name)
    cut = without_grids / "cut.tif"
    cut.write_bytes((folder / "de_adv_BETA2007.tif").read_bytes()[:900])
    with pytest.raises(SourceFileError, match="cannot read it"):
        add_grid(without_grids, cut)
    shutil.copy(cut, without_grids / "grids" / "cut.tif")
    assert [g.usable for g in installed_grids(without_grids)] == [False, True, True]


def test_grids_of_one_data_directory_are_unknown_to_the_next(with_beta2007, tmp_path):
    assert plan_operation("EPSG:31466", 25832).grids
    use_grids(tmp_path / "another")
    with pytest.raises(DatumGridMissingError):
        plan_operation("EPSG:31466", 25832)
    use_grids(with_beta2007)
    use_grids(with_beta2007)
    assert pyproj.datadir.get_data_dir().count(os.pathsep) == 1
    assert plan_operation("EPSG:31466", 25832).grids


def test_cambridge_parcels(shared_data):
    table = only(shared_data / "cambridge-ma" / "ASSESSING_ParcelsFY2014.topojson.gz")
    assert (len(table), table.kind) == (13_116, "ASSESSING_ParcelsFY2014")
    assert table.crs.definition is None
    nothing = shapely.is_missing(table.geometry) | shapely.is_empty(table.geometry)
    assert nothing.sum() == 1
    assert (~shapely.is_valid(table.geometry) & ~nothing).sum() == 37
    repair = repair_polygons(table.geometry)
    assert (repair.changed & ~nothing).sum() == 37
    assert all("[" in reason for reason in repair.reason[repair.changed & ~nothing])
    kept = ~shapely.is_missing(repair.geometry)
    assert shapely.is_valid(repair.geometry[kept]).all()
    operation = plan_operation("OGC:CRS84", 26919, area=(-71.17, 42.35, -71.06, 42.41))
    moved = transform_geometry(repair.geometry[kept], operation)
    assert verdicts(moved, Window(321_000, 4_689_000, 331_000, 4_698_000)) == {"inside"}


def test_cambridge_graves_and_taxes(shared_data):
    folder = shared_data / "cambridge-ma"
    stones = only(folder / "BASEMAP_Headstones.topojson.gz")
    kinds = stones.attributes["TYPE"].value_counts().to_dict()
    assert (len(stones), kinds) == (
        41_673,
        {"HEADSTONE": 41_026, "MONUMENT": 445, "MARKER": 202},
    )
    tax = only(folder / "TaxFY14.csv.gz")
    assert (len(tax), tax.geometry, tax.faults) == (27_528, None, ())
    first = tax.attributes.iloc[0]
    assert (first["ML"], first["SaleDate"], first["LandArea"]) == (
        "7-18",
        "7/5/2005",
        "12478.9999752",
    )


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("BASEMAP_Cemeteries", 5),
        ("CDD_ZoningDistricts", 261),
        ("FEMA_FloodPlains100Year", 21),
        ("FEMA_FloodPlainParcels100Year", 157),
        ("RECREATION_OpenSpace", 276),
        ("TRANS_Centerlines", 2_643),
    ],
)
def test_cambridge_overlays(shared_data, name, rows):
    table = only(shared_data / "cambridge-ma" / f"{name}.geojson.gz")
    assert (len(table), table.kind, table.crs.definition) == (rows, name, "OGC:CRS84")


def test_oakland_keeps_reports_without_coordinates(shared_data):
    path = shared_data / "road-damage-oakland" / "oakland_open_potholes_even_ids.csv.gz"
    table = only(path, Hints(x=("LON",), y=("LAT",)))
    assert (len(table), table.faults) == (2_539, ())
    nowhere = shapely.is_missing(table.geometry)
    assert nowhere.sum() == 20
    assert table.attributes.loc[nowhere, ["LAT", "LON"]].isna().all(axis=None)
    assert table.attributes["DATE"].iloc[0] == "04/20/2022"


def test_france(shared_data):
    table = only(shared_data / "france-cadastre" / "cadastre-91216-parcelles.json.gz")
    assert (len(table), table.crs.definition) == (4_241, "OGC:CRS84")
    assert table.attributes["id"].iloc[0] == "91216000AB0037"
    moved = transform_geometry(table.geometry, plan_operation("OGC:CRS84", 2154))
    assert verdicts(moved, Window(640_000, 6_840_000, 660_000, 6_850_000)) == {"inside"}


@pytest.mark.parametrize(
    ("name", "rows", "crs"),
    [
        ("Adressen", 2_997, "EPSG:2056"),
        ("Gebaeude", 4_320, None),
        ("Liegenschaften", 938, None),
    ],
)
def test_basel(shared_data, name, rows, crs):
    """Only one of the three states its reference system, and none is assumed."""
    table = only(shared_data / "basel-parcel-history" / f"{name}_Ausschnitt.zip")
    assert (len(table), table.crs.definition) == (rows, crs)
    assert (table.attributes["Ende"].str.len() == 8).all()  # 18000000: a text, no number


def test_nrw_tile_index(shared_data):
    table = only(shared_data / "nrw-tile-index" / "nw_dtm_tindex_proj.gpkg.gz")
    assert (len(table), table.kind, table.crs.definition) == (35_860, "tindex", "EPSG:25832")
    assert (shapely.area(table.geometry) == 1_000_000).all()


def test_krefeld(shared_data):
    names = {"playgrounds": 203, "cemetery": 19, "schools": 78, "dogwastebags": 97, "parking": 26}
    for name, rows in names.items():
        assert len(only(shared_data / "krefeld" / f"{name}.json")) == rows
    boundary = only(shared_data / "krefeld" / "ALKIS_ADV_SHAPE_Krefeld_VERWALT_EINH.json")
    moved, operation = in_25832(boundary)
    assert operation.accuracy_m == 1.0
    assert verdicts(moved, Window(320_000, 5_680_000, 342_000, 5_700_000)) == {"inside"}


def test_openstreetmap(shared_data):
    tables = {table.kind: table for table in read_tables(shared_data / "osm" / "neuss-s11.osm.pbf")}
    areas = tables["multipolygons"]
    assert (len(areas), len(tables["lines"])) == (2_892, 2_097)
    assert areas.attributes["building"].notna().sum() == 2_305
    assert areas.attributes["landuse"].notna().sum() == 212
    assert areas.crs.definition == "EPSG:4326"


@pytest.mark.parametrize(
    "name",
    ["raster/nrw_dgm1_duisburg-baerl_67x74.tif", "raster/naip_m_4709963_se_14_1_20100629.tif"],
)
def test_rasters_are_sent_to_the_terrain_layer(shared_data, name):
    with pytest.raises(SourceFileError) as caught:
        only(shared_data / name)
    assert "flurbuch ingest terrain" in caught.value.advice


def test_a_refusal_of_a_server_is_handed_on(shared_data):
    with pytest.raises(SourceFileError, match="Request rejected due to errors"):
        only(shared_data / "alkis-nrw-wfs" / "nrw_wfs_exception_report.xml")
