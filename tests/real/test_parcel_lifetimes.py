"""Basel's historical land register: the history of real parcels, checked by their names and ground.

The clerks of the 19th century named the parts of a split parcel after it: Ax86 became Ax86b and
Ax86c.
"""

import re
from datetime import date

import numpy as np
import pytest
import shapely

from gis_core.geometry import repair_polygons
from gis_core.lifetimes import ParcelVersions
from gis_core.lineage import trace
from layers.formats.reader import read_tables

pytestmark = pytest.mark.real

FIRST, LAST = 1600, 1865  # what the file writes for "ever since", and when its record ends


def moment(text):
    """Read 18550400: April 1855, day unknown."""
    year, month, day = int(text[:4]), int(text[4:6]), int(text[6:])
    known = FIRST < year < LAST
    return date(year, max(month, 1), max(day, 1)).isoformat() if known else "NaT"


@pytest.fixture(scope="module")
def versions(shared_data):
    [table] = read_tables(shared_data / "basel-parcel-history" / "Liegenschaften_Ausschnitt.zip")
    rows = table.attributes
    names = rows["ParzNr"].where(rows["ParzNr"].notna(), [f"?{i}" for i in range(len(rows))])
    return ParcelVersions.of(
        names.to_numpy(object),
        repair_polygons(table.geometry).geometry,
        begins=[moment(t) for t in rows["Beginn"]],
        ends=[moment(t) for t in rows["Ende"]],
    )


@pytest.fixture(scope="module")
def told(versions):
    return trace(versions, accuracy_m=0.1)


def test_versions_that_cannot_be_are_left_out(versions, told):
    assert len(versions) == 938
    backwards = versions.ends < versions.begins
    of_no_time = versions.ends == versions.begins
    assert (backwards.sum(), of_no_time.sum()) == (4, 10)
    assert set(told.impossible) == set(np.flatnonzero(backwards | of_no_time))


def test_parts_are_named_after_the_parcel_that_they_were_split_from(versions, told):
    linked = {
        (versions.key[o], versions.key[n])
        for o, n in zip(told.old, told.new, strict=True)
        if o >= 0 and n >= 0
    }
    possible = np.setdiff1d(np.arange(len(versions)), told.impossible)
    keys, begins, ends = versions.key[possible], versions.begins[possible], versions.ends[possible]
    ended = set(zip(keys, ends, strict=True))
    named = {
        (stem, key)
        for key, begin in zip(keys, begins, strict=True)
        if (stem := re.sub(r"(neu|[a-z])$", "", key)) != key and (stem, begin) in ended
    }
    assert len(named) == 96
    assert named - linked == {("Ax12a", "Ax12aa")}  # drawn where Ax12a never was


def test_ground_that_somebody_had_afterwards_was_passed_on(versions, told):
    followers = {i: [] for i in range(len(versions))}
    for old, new in zip(told.old, told.new, strict=True):
        if old >= 0 and new >= 0:
            followers[old].append(new)
    tree = shapely.STRtree(versions.geometry)
    lost = []
    ended = np.flatnonzero(~np.isnat(versions.ends) & ~(versions.ends <= versions.begins))
    for old in ended.tolist():
        ground, end = versions.geometry[old], versions.ends[old]
        there = tree.query(ground)
        valid = ~(versions.begins[there] > end) & ~(versions.ends[there] <= end)
        after = shapely.union_all(versions.geometry[there[valid]]).intersection(ground).area
        passed = shapely.union_all(versions.geometry[followers[old]]).intersection(ground).area
        if after - passed > 0.05 * ground.area:
            lost.append(versions.key[old])
    assert len(ended) == 385
    # Both lie in part over a neighbour that was there all along.
    assert lost == ["Ax235neu", "Ax401"]
