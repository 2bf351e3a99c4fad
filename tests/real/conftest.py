"""Real files, imported once per session: ``imported("cambridge")`` gives the data directory."""

import shutil
from pathlib import Path

import pyproj
import pytest

from gis_core.store.store import Store
from layers.ingest.pipeline import ingest
from layers.municipality import load_municipality
from layers.registry import find_layers

LAYERS = Path(__file__).parent / "layers"

CITIES = {
    "cambridge": {
        "us_cadastre": [
            "cambridge-ma/ASSESSING_ParcelsFY2014.topojson.gz",
            "cambridge-ma/FEMA_FloodPlains100Year.geojson.gz",
        ],
        "us_tax": ["cambridge-ma/TaxFY14.csv.gz"],
        "us_cemetery": ["cambridge-ma/BASEMAP_Headstones.topojson.gz"],
    },
    "oakland": {"us_potholes": ["road-damage-oakland/oakland_open_potholes_even_ids.csv.gz"]},
    "koeln": {
        "koeln_streets": ["koeln/Strassenabschnitt.zip"],
        "koeln_planning": ["koeln/fnp_aktuell.zip", "koeln/Stadtviertel.zip"],
    },
    "essen": {"essen_addresses": ["essen-addresses/hauskoordinaten_essen_2022-10-05_4647.zip"]},
    "hamburg": {"alkis": ["alkis-nas60-hamburg/ALKIS_NeuwScharh_0003.xml.gz"]},
    "nrw": {"alkis": ["alkis-nrw-wfs/nrw_1000_flurstuecke_alkis-vereinfacht-2.0.xml.gz"]},
}


@pytest.fixture(scope="session")
def registry():
    """Return the built-in layers and those of the real cities."""
    return find_layers([LAYERS])


@pytest.fixture(scope="session")
def imported(shared_data, registry, tmp_path_factory):
    """Return a function from a city to its data directory, with every layer's report."""
    done = {}

    def city(name):
        if name not in done:
            folder = tmp_path_factory.mktemp(name) / "data"
            profile = load_municipality(name, [LAYERS])
            with Store.open(folder, create=True) as store:
                reports = {
                    layer: ingest(store, registry, profile, layer, [shared_data / f for f in files])
                    for layer, files in CITIES[name].items()
                }
            done[name] = (folder, reports)
        return done[name]

    return city


@pytest.fixture
def stored(imported):
    """Return a function that reads a whole table of a city's layer."""

    def frame(city, layer, table):
        with Store.open(imported(city)[0]) as store:
            return store.snapshot(layer).frame(table)

    return frame


@pytest.fixture
def take_in(registry, tmp_path):
    """Return a function that imports files of a city into a directory of the test's own."""

    def run(city, layer, files, **more):
        profile = load_municipality(city, [LAYERS])
        with Store.open(tmp_path / "data", create=True) as store:
            report = ingest(store, registry, profile, layer, files, **more)
            return report, {
                t.schema.name: store.snapshot(layer).frame(t.schema.name)
                for t in store.served()[layer].tables
            }

    return run


@pytest.fixture
def beta2007(shared_data, tmp_path):
    """Install the datum grid BETA2007 for one test."""
    folder = tmp_path / "grids"
    folder.mkdir()
    shutil.copy(shared_data / "datum-grids" / "de_adv_BETA2007.tif", folder)
    pyproj.datadir.append_data_dir(str(folder))
