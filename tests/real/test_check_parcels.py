"""Real cadastres under the check: their known faults, counted against GEOS."""

from pathlib import Path

import numpy as np
import pytest
import shapely

from gis_core.fabric_quality import Code
from gis_core.fabric_quality.faces import max_width, polygons_of
from layers.checking import check_directory
from layers.municipality import load_municipality

pytestmark = pytest.mark.real

LAYERS = Path(__file__).parent / "layers"


@pytest.fixture
def check(imported, registry):
    """Return a function from a city to the report on its parcels."""

    def report(city):
        return check_directory(imported(city)[0], registry, load_municipality(city, [LAYERS]))

    return report


def told(report, code):
    return [r.parcel_key for r in report.remarks if r.code is code]


def test_hamburg_has_one_moved_border_and_no_fault_of_topology(check):
    report = check("hamburg")
    assert told(report, Code.AREA) == ["020125___00421______", "020125___00422______"]
    assert not report.severities["error"]
    gaps = [r for r in report.remarks if r.code is Code.GAP]
    assert [r.measure > 300 for r in gaps] == [True] * 3  # parcels outside of the extract
    assert len(told(report, Code.SLIVER)) == 7


def test_a_thousand_parcels_of_the_eifel_fit_together_but_their_areas_are_old(check):
    report = check("nrw")
    assert not report.severities["error"]
    assert not told(report, Code.OVERLAP)
    assert not told(report, Code.T_JUNCTION)
    assert len(told(report, Code.AREA)) == 343
    assert len(told(report, Code.MULTI_PART)) == 42


def test_cambridge_overlaps_and_gaps_are_those_that_geos_finds(check, stored):
    report = check("cambridge")
    frame = stored("cambridge", "us_cadastre", "us_parcel")
    shapes, key = np.asarray(frame.geometry.array, object), frame["ml"].to_numpy(object)

    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    upper = (one < other) & (key[one] != key[other])
    common = shapely.intersection(shapes[one[upper]], shapes[other[upper]])
    common = polygons_of(common)
    expected = shapely.area(common[max_width(common) >= 0.001])
    found = [r.measure for r in report.remarks if r.code is Code.OVERLAP]
    assert sorted(found) == pytest.approx(sorted(expected), abs=1e-4)

    union = shapely.union_all(shapes)
    rings = [r for part in shapely.get_parts(union) for r in part.interiors]
    holes = shapely.difference(shapely.polygons(rings), union)
    expected = shapely.area(holes[max_width(holes) >= 0.001])
    found = [r.measure for r in report.remarks if r.code is Code.GAP]
    assert sorted(found) == pytest.approx(sorted(expected), rel=0.05, abs=0.05)
    assert told(report, Code.NO_KEY) == [""]
