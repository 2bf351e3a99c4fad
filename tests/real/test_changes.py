"""Deliveries of changes made of real objects: Hamburg's extract, Bonn's newer model."""

import gzip
import re
import shutil
from collections import Counter

import numpy as np
import pytest
import shapely
from lxml import etree

from gis_core.store import Store
from layers.errors import DeliveryError
from layers.ingest.pipeline import ingest
from layers.municipality import load_municipality
from tests.layers.nba_worlds import delete, insert, nba, replace, update
from tests.real.conftest import LAYERS

pytestmark = pytest.mark.real

WHEN = "2016-02-01T00:00:00Z"
HAMBURG = "alkis-nas60-hamburg/ALKIS_NeuwScharh_0003.xml.gz"
BONN = ("AX_Flurstueck", "AX_Wohnbauflaeche", "AX_LagebezeichnungOhneHausnummer")


@pytest.fixture(scope="module")
def objects(shared_data):
    """Return the text of Hamburg's parcels and addresses by class and id."""
    wanted = {"AX_Flurstueck", "AX_LagebezeichnungMitHausnummer", "AX_Gebaeude"}
    found = {name: {} for name in wanted}
    with gzip.open(shared_data / HAMBURG) as stream:
        for _, element in etree.iterparse(stream, tag="{*}*"):
            name = etree.QName(element).localname
            if name in wanted:
                text = etree.tostring(element, with_tail=False).decode()
                found[name][element.get("{http://www.opengis.net/gml/3.2}id")] = text
                element.clear()
    return found


def after(text, when=WHEN):
    """Return the version of an object that begins at a moment."""
    return re.sub(r"<beginnt>[^<]*", f"<beginnt>{when}", text, count=1)


def moved(text, metres):
    """Return an object whose coordinates are all moved to the east."""

    def shift(match):
        numbers = np.array(match[2].split(), dtype=float).reshape(-1, 2)
        numbers[:, 0] += metres
        return match[1] + " ".join(f"{x:.3f} {y:.3f}" for x, y in numbers)

    return re.sub(r"(<gml:pos(?:List)?>)([^<]*)", shift, text)


class City:
    def __init__(self, name, registry, folder):
        self.registry, self.profile = registry, load_municipality(name, [LAYERS])
        self.folder = folder

    def take(self, *files, **options):
        with Store.open(self.folder / "data", create=True) as store:
            return ingest(store, self.registry, self.profile, "alkis", files, **options)

    def deliver(self, *operations, name="nba.xml", packed=False, **facts):
        path = self.folder / (name + ".gz" * packed)
        text = nba(*operations, gid="6.0", **facts).encode()
        path.write_bytes(gzip.compress(text) if packed else text)
        return self.take(path)

    def frame(self, table):
        with Store.open(self.folder / "data") as store:
            return store.snapshot("alkis").frame(table)


@pytest.fixture
def city(imported, registry, tmp_path):
    """Return Hamburg's cadastre, to be changed."""
    shutil.copytree(imported("hamburg")[0], tmp_path / "data")
    return City("hamburg", registry, tmp_path)


def test_hamburg_lives_on(city, objects):
    before = city.frame("flurstueck")
    assert len(before) == 137
    parcels = objects["AX_Flurstueck"]
    one, two, three, four, *_ = sorted(parcels)

    key = re.search("<flurstueckskennzeichen>([^<]*)", parcels[three])[1]
    parts = []
    for number in ("1", "2"):
        oid = f"DEHHALKAnSPLIT0{number}"
        part = after(parcels[three]).replace(three, oid)
        parts.append(part.replace(key, f"{key[:14]}000{number}__"))
    end = "2016-01-20T00:00:00Z"
    report = city.deliver(
        replace(one, moved(after(parcels[one]), 0.5), gid=6),
        delete(two),
        insert(*parts),
        delete(three),
        update(four, end, ["010102"]),
        when=WHEN,
        packed=True,
    )
    assert report.changes.deliveries[0].operations == {
        "insert": 2, "replace": 1, "delete": 2, "update": 1, "ignored": 0,
    }  # fmt: skip
    now, ended = city.frame("flurstueck"), city.frame("flurstueck_beendet")
    assert len(now) == 137 - 3 + 2
    assert Counter(ended["idflurst"]) == Counter([one, two, three, four])
    assert {f"{t:%F}" for t in ended.set_index("idflurst").loc[[one, two, three], "endet"]} == {
        WHEN[:10]
    }
    assert f"{ended.set_index('idflurst').loc[four, 'endet']:%F}" == end[:10]
    shift = (
        shapely.centroid(now.loc[f"{one}FL"].geometry).x
        - shapely.centroid(before.loc[f"{one}FL"].geometry).x
    )
    assert shift == pytest.approx(0.5, abs=1e-6)
    untouched = before.index.difference([f"{oid}FL" for oid in (one, two, three, four)])
    assert before.loc[untouched].geom_equals(now.loc[untouched]).all()


def test_hamburg_the_same_twice_and_out_of_order(city, objects):
    one, two, *_ = sorted(objects["AX_Flurstueck"])
    city.deliver(delete(one), when=WHEN)
    for packed in (False, True):
        assert city.deliver(delete(one), when=WHEN, packed=packed).generation is None
    with pytest.raises(DeliveryError, match="no newer"):
        city.deliver(delete(two), when="2016-01-15T00:00:00Z", number="6")
    assert len(city.frame("flurstueck_beendet")) == 1


def test_hamburg_a_house_number_changes(city, objects):
    before = city.frame("flurstueck")
    parcels = objects["AX_Flurstueck"]
    address = next(o for o in sorted(objects["AX_LagebezeichnungMitHausnummer"])
                   if any(f"oid:{o}" in text for text in parcels.values()))  # fmt: skip
    text = after(objects["AX_LagebezeichnungMitHausnummer"][address])
    report = city.deliver(replace(address, re.sub("<hausnummer>[^<]*", "<hausnummer>99 z", text)))
    users = {f"{oid}FL" for oid, text in parcels.items() if f"oid:{address}" in text}
    now = city.frame("flurstueck")
    changed = now.index[
        now["lagebeztxt"].fillna("") != before["lagebeztxt"].reindex(now.index).fillna("")
    ]
    assert set(changed) == users
    assert all("99 z" in now.loc[row, "lagebeztxt"] for row in users)
    assert report.changes.refreshed["flurstueck"] == len(users)
    assert (
        before.drop(columns="lagebeztxt")
        .sort_index()
        .equals(now.drop(columns="lagebeztxt").sort_index())
    )


def test_bonn_in_the_newer_model(shared_data, registry, tmp_path):
    city = City("nrw", registry, tmp_path)
    folder = shared_data / "alkis-nas71-bonn"
    city.take(*(folder / f"{name}.xml" for name in BONN), crs="EPSG:25832")
    before = city.frame("flurstueck").iloc[0]
    text = (folder / "AX_Flurstueck.xml").read_text()
    text = text[text.index("<adv:AX_Flurstueck") :]
    text = re.sub("<adv:beginnt>[^<]*", "<adv:beginnt>2026-01-15T00:00:00Z", text, count=1)
    path = tmp_path / "nba.xml"
    path.write_text(nba(replace(before["idflurst"], text)), encoding="utf-8")
    city.take(path, crs="EPSG:25832")
    row = city.frame("flurstueck").iloc[0]
    assert f"{row['beginnt']:%F}" == "2026-01-15"
    assert row.geometry.equals(before.geometry)
    assert row["flstkennz"] == before["flstkennz"]
    ended = city.frame("flurstueck_beendet").iloc[0]
    assert ended["beginnt"] == before["beginnt"]
    assert ended["endet"] == row["beginnt"]
