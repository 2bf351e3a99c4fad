"""Real registers, whole: every row accounted for, at its true place, under its true name."""

import csv
import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import shapely

from gis_core.crs import plan_operation, transform_xy
from gis_core.errors import StoreError
from gis_core.faults import Outcome
from gis_core.store.store import Store
from layers.errors import SourceFileError

pytestmark = pytest.mark.real

ROOT = Path(__file__).resolve().parents[2]


def counts(report, collection):
    c = report.by_collection()[collection]
    assert c.balanced
    return c.read, c.accepted, c.repaired, c.quarantined


def codes(report, outcome):
    return {group.code: group.count for group in report.faults if group.outcome is outcome}


@pytest.mark.usefixtures("beta2007")
def test_flensburg_trees_in_gauss_krueger(shared_data, take_in):
    report, tables = take_in(
        "flensburg", "flensburg_trees", [shared_data / "flensburg-trees" / "lebende-baeume.csv"]
    )
    assert counts(report, "flensburg_baum") == (18_697, 18_697, 0, 0)
    operation = report.files[0].operations[0]
    assert operation.source == "EPSG:31467"
    assert operation.grids == ("de_adv_BETA2007.tif",)
    grid = shared_data / "datum-grids" / "de_adv_BETA2007.tif"
    assert report.provenance()["files"][0]["grids"] == {
        grid.name: hashlib.sha256(grid.read_bytes()).hexdigest()
    }
    assert operation.accuracy_m < 1
    trees = tables["flensburg_baum"]
    assert len(trees) == 18_697
    assert "Alnus glutinosa, Schwarz-Erle" in set(trees["species"])
    assert "20" in set(trees["tree_number"])  # filed as " 20"
    point = trees.geometry[(trees.site == "EX Alsterbogen/Ausgleichsfläche")].iloc[0]
    assert 520_000 < point.x < 536_000
    assert 6_062_000 < point.y < 6_080_000


@pytest.mark.usefixtures("beta2007")
def test_flensburg_check_points(shared_data, take_in, tmp_path):
    source = shared_data / "flensburg-trees" / "baumfaellungen_flensburg_datenbank_2023.csv"
    with source.open(newline="") as stream:
        rows = list(csv.reader(stream))[1:]
    file = tmp_path / "check.csv"
    lines = ["baumnummer;rechtswert;hochwert", *(f"{r[0]};{r[4]};{r[5]}" for r in rows)]
    file.write_text("\n".join(lines))
    report, tables = take_in("flensburg", "flensburg_trees", [file])
    assert counts(report, "flensburg_baum") == (221, 221, 0, 0)

    published = np.array([[float(r[-2]), float(r[-1])] for r in rows])
    to_metres = plan_operation("EPSG:4326", "EPSG:25832")
    x, y = transform_xy(published[:, 0], published[:, 1], to_metres)
    true = dict(zip((r[0].strip() for r in rows), shapely.points(x, y), strict=True))
    got = tables["flensburg_baum"]
    off = [p.distance(true[n]) for n, p in zip(got.tree_number, got.geometry, strict=True)]
    assert len(off) == 221
    assert max(off) <= 0.10
    assert np.median(off) <= 0.05


def test_the_felling_list_itself_has_a_shifted_header(shared_data, take_in):
    source = shared_data / "flensburg-trees" / "baumfaellungen_flensburg_datenbank_2023.csv"
    with pytest.raises(SourceFileError) as caught:
        take_in("flensburg", "flensburg_trees", [source])
    assert "16" in str(caught.value)
    assert "15" in str(caught.value)


def test_without_the_grid_the_import_stops(shared_data, tmp_path):
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            "from api.cli import main; main()",
            "--data",
            tmp_path / "data",
            "--municipality",
            "flensburg",
            "--layers",
            "tests/real/layers",
            "ingest",
            "flensburg_trees",
            shared_data / "flensburg-trees" / "lebende-baeume.csv",
        ],
        cwd=ROOT,
        env={"HOME": str(tmp_path), "PYTHONUTF8": "1", "COLUMNS": "500"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert "de_adv_BETA2007.tif" in run.stderr
    assert "flurbuch grids add FILE" in run.stderr
    with Store.open(tmp_path / "data") as store, pytest.raises(StoreError):
        store.snapshot("flensburg_trees")


def test_cambridge_parcels(imported, stored):
    report = imported("cambridge")[1]["us_cadastre"]
    assert counts(report, "us_parcel") == (13_116, 13_078, 37, 1)
    assert codes(report, Outcome.QUARANTINED) == {"geometry-empty": 1}
    assert codes(report, Outcome.REPAIRED) == {"geometry-repaired": 37}
    parcels = stored("cambridge", "us_cadastre", "us_parcel")
    assert len(parcels) == 13_115
    assert parcels.crs.to_epsg() == 26986
    assert shapely.is_valid(parcels.geometry.array).all()
    # The whole city has 7.13 square miles of land and water; parcels are the most of it.
    assert 11e6 < parcels.area.sum() < 18.5e6


def test_cambridge_tax_roll(imported, stored):
    report = imported("cambridge")[1]["us_tax"]
    assert counts(report, "us_tax_lot") == (27_528, 27_527, 1, 0)
    assert codes(report, Outcome.REPAIRED) == {"out-of-range": 1}  # built in 1389
    tax = stored("cambridge", "us_tax", "us_tax_lot")
    lot = tax[tax.ml == "7-18"].iloc[0]
    assert (lot.appraised_usd, str(lot.sold_on.date())) == (1_010_700, "2005-07-05")


def test_cambridge_headstones(imported, stored):
    assert counts(imported("cambridge")[1]["us_cemetery"], "us_headstone") == (41_673, 41_673, 0, 0)
    kinds = stored("cambridge", "us_cemetery", "us_headstone")["kind"].value_counts()
    assert kinds.to_dict() == {"headstone": 41_026, "monument": 445, "marker": 202}


def test_oakland_rows_without_a_place(imported):
    report = imported("oakland")[1]["us_potholes"]
    assert counts(report, "us_pothole") == (2_539, 2_516, 0, 23)
    # Three more are geocoded into the Pacific.
    assert codes(report, Outcome.QUARANTINED) == {"geometry-missing": 20, "outside-window": 3}


def test_cologne_without_code_and_code_page(imported, stored):
    _, reports = imported("koeln")
    assert counts(reports["koeln_streets"], "koeln_strassenabschnitt") == (15_846, 15_844, 0, 2)
    assert counts(reports["koeln_planning"], "koeln_flaeche") == (2_121, 2_116, 4, 1)
    assert counts(reports["koeln_planning"], "koeln_viertel") == (371, 369, 2, 0)
    sections = stored("koeln", "koeln_streets", "koeln_strassenabschnitt")
    first = sections.loc["00181100"]
    assert first.street == "Am Rosengarten"
    # Filed as 2352248.784, 5647567.807: two million metres of false easting.
    start = shapely.get_coordinates(first.geometry)[0]
    assert np.hypot(*(start - [352_248.784, 5_647_567.807])) < 0.001
    names = sections["street"].str.cat(sep=" ")
    assert {"ä", "ö", "ü", "ß"} <= set(names)
    assert "\ufffd" not in names
    quarters = stored("koeln", "koeln_planning", "koeln_viertel")
    assert quarters.loc["90702", "name"] == "Dünnwald"


def test_essen_addresses_with_prefixed_easting(shared_data, imported, stored, take_in):
    report = imported("essen")[1]["essen_addresses"]
    assert counts(report, "essen_adresse") == (102_981, 102_981, 0, 0)
    whole = stored("essen", "essen_addresses", "essen_adresse")
    # The same addresses by WFS: reference system EPSG::102329, northing first.
    page = shared_data / "essen-addresses" / "wfs_page_008.gml.gz"
    report, tables = take_in("essen", "essen_addresses", [page])
    assert counts(report, "essen_adresse") == (1_000, 1_000, 0, 0)
    some = tables["essen_adresse"]
    house = some[some.address == "Arendahls Hang 37"].geometry.iloc[0]
    assert house.distance(shapely.Point(363_000.265, 5_704_932.677)) < 0.001
    both = some.merge(whole, on="address", suffixes=("", "_whole"))
    off = [a.distance(b) for a, b in zip(both.geometry, both.geometry_whole, strict=True)]
    assert len(both) > 900
    assert np.median(off) < 1


def test_nrw_thousand_parcels(imported, stored):
    report = imported("nrw")[1]["alkis"]
    assert counts(report, "flurstueck") == (1_000, 1_000, 0, 0)
    parcels = stored("nrw", "alkis", "flurstueck")
    assert parcels["flstkennz"].is_unique
    assert (parcels["flstkennz"].str.len() == 20).all()
    assert parcels["gemeinde"].value_counts().to_dict() == {
        "Hellenthal": 614,
        "Dahlem": 349,
        "Blankenheim": 37,
    }
    # Filed latitude first; Hellenthal and Dahlem lie at 6.4 to 6.6 degrees east.
    xmin, ymin, xmax, ymax = parcels.total_bounds
    assert 310_000 < xmin < xmax < 345_000
    assert 5_575_000 < ymin < ymax < 5_610_000
    parts = parcels["tntxt"].str.split("|")
    sums = parts.map(lambda uses: sum(float(use.rpartition(";")[2]) for use in uses))
    assert (sums == parcels["flaeche"]).all()
    assert abs(parcels.area.sum() / parcels["flaeche"].sum() - 1) < 0.002


def test_nrw_ten_parcels_in_two_forms(shared_data, stored, take_in):
    nas = shared_data / "alkis-nrw-wfs" / "nrw_10_ax_flurstueck_nas-konform.xml"
    report, tables = take_in("nrw", "alkis", [nas])
    assert counts(report, "flurstueck") == (10, 10, 0, 0)
    ten = tables["flurstueck"].set_index("flstkennz")
    same = stored("nrw", "alkis", "flurstueck").set_index("flstkennz").loc[ten.index]
    assert shapely.hausdorff_distance(ten.geometry.array, same.geometry.array).max() < 0.001
    for name in ("flaeche", "gemaschl", "flstnrzae", "flstnrnen", "gmdschl"):
        assert ten[name].equals(same[name]), name


def test_pages_overlap(shared_data, take_in):
    folder = shared_data / "alkis-nrw-wfs"
    pages = [folder / f"nrw_page_{n}_alkis-vereinfacht-2.0.xml" for n in (0, 10, 20, 10)]
    report, tables = take_in("nrw", "alkis", pages)
    assert counts(report, "flurstueck") == (40, 30, 10, 0)
    assert codes(report, Outcome.REPAIRED) == {"duplicate-row": 10}
    assert len(tables["flurstueck"]) == 30


def test_a_servers_refusal_changes_nothing(shared_data, take_in, tmp_path):
    folder = shared_data / "alkis-nrw-wfs"
    take_in("nrw", "alkis", [folder / "nrw_page_0_alkis-vereinfacht-2.0.xml"])
    files = [
        folder / "nrw_page_10_alkis-vereinfacht-2.0.xml",
        folder / "nrw_wfs_exception_report.xml",
    ]
    with pytest.raises(SourceFileError, match="iiOperationParsingFailed"):
        take_in("nrw", "alkis", files)
    with Store.open(tmp_path / "data") as store:
        assert store.served()["alkis"].number == 1
        assert len(store.snapshot("alkis").frame("flurstueck")) == 10


def test_hamburg_nas(imported, stored):
    report = imported("hamburg")[1]["alkis"]
    assert counts(report, "flurstueck") == (137, 137, 0, 0)
    parcels = stored("hamburg", "alkis", "flurstueck")
    assert set(parcels.geom_type) == {"MultiPolygon"}
    assert shapely.get_num_interior_rings(shapely.get_parts(parcels.geometry.array)).sum() == 3
    assert shapely.is_valid(parcels.geometry.array).all()
    assert parcels["flaeche"].sum() == pytest.approx(2_506_460.12, abs=0.005)
    # The UTM scale is 0.9996² near the central meridian.
    assert parcels.area.sum() / 2_506_460.12 == pytest.approx(0.9996**2, abs=1e-4)
    assert report.files[0].ignored["AX_Gelaendekante"] == 5_395
    # AX_Gebaeude is class 31001; two more structures have an area.
    classes = stored("hamburg", "alkis", "gebaeude_bauwerk")["gfkzshh"].str[:5].value_counts()
    assert classes.to_dict() == {"31001": 57, "53001": 2}


def test_bonn_slices_have_the_same_shape(shared_data, take_in, stored):
    slices = sorted((shared_data / "alkis-nas71-bonn").glob("*.xml"))
    report, tables = take_in("nrw", "alkis", slices, crs="EPSG:25832")
    assert counts(report, "flurstueck") == (1, 1, 0, 0)
    assert counts(report, "nutzung")[0] == 3
    hamburg = stored("hamburg", "alkis", "flurstueck")
    assert list(tables["flurstueck"].columns) == list(hamburg.columns)
    assert tables["flurstueck"].geometry.iloc[0].geom_type == "MultiPolygon"
