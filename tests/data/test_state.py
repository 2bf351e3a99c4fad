"""The demo state: copies of a city, exact to the bit, with keys that nobody else has."""

import hashlib
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rasterio
import shapely

from data.make_state import bytes_needed, main, make_state, moved
from data.state.density import Density
from data.state.place import lay_out
from gis_core.districts import DistrictCatalogue
from gis_core.keys import Confidence, read_keys
from gis_core.store.hilbert import hilbert_position
from gis_core.store.parquet import Storage
from layers.merging.distributed.layout import read_layout
from tests.bench.peer_keys import clean_keys

PARCELS, CITIES = 700, 5
COLLECTIONS = ("flurstueck", "gebaeude_bauwerk", "nutzung", "baum", "strassenschaden", "grab")


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    folder = tmp_path_factory.mktemp("state")
    make_state(folder, CITIES, PARCELS, terrain_cell_m=2.0)
    return folder


@pytest.fixture(scope="module")
def catalogue(state):
    return DistrictCatalogue.from_toml((state / "districts.toml").read_text("utf-8"))


def table(folder, collection):
    return pa.concat_tables(pq.read_table(part) for part in parts(folder, collection))


def parts(folder, collection):
    return sorted((folder / collection).glob("part-*.parquet"))


def shapes(found):
    return shapely.from_wkb(found["geometry"].to_numpy())


def test_the_density_is_that_asked_for(state):
    facts = json.loads((state / "state.json").read_text("utf-8"))
    asked = Density()
    assert facts["rows"]["flurstueck"] == PARCELS * CITIES
    for name, wanted in (
        ("baum", asked.trees),
        ("strassenschaden", asked.damages),
        ("grab", asked.graves),
        ("gebaeude_bauwerk", asked.buildings),
        ("grundsteuer", asked.tax_rows),
    ):
        assert facts["rows_per_parcel"][name] == pytest.approx(wanted, abs=0.01)
        assert table(state, name).num_rows == facts["rows"][name]


def test_the_same_bytes_again(state, tmp_path):
    make_state(tmp_path, CITIES, PARCELS, terrain_cell_m=2.0)

    def digests(folder):
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return [(p.relative_to(folder), hashlib.sha256(p.read_bytes()).digest()) for p in files]

    assert digests(tmp_path) == digests(state)


def test_every_key_is_canonical_and_unique(state, catalogue):
    keys = table(state, "flurstueck")["parcel_key"].to_pylist()
    assert len(set(keys)) == len(keys)
    assert set(read_keys(keys, catalogue).confidence) == {Confidence.EXACT}


def test_stated_keys_lead_to_parcels_or_are_refused(state, catalogue):
    stated = table(state, "grundsteuer")["stated_key"].to_pylist()
    read = read_keys(stated, catalogue)
    known = set(table(state, "flurstueck")["parcel_key"].to_pylist())
    assert set(read.key) - {None} <= known
    assert set(read.confidence) == {Confidence.EXACT, Confidence.NORMALISED, Confidence.TEXT, None}


def test_an_analysts_regular_expressions_find_the_same_keys(state, catalogue):
    stated = table(state, "grundsteuer")["stated_key"]
    clean = clean_keys(stated.to_pandas(), catalogue)
    read = read_keys(stated.to_pylist(), catalogue).key
    assert clean.sort_index().to_dict() == {i: k for i, k in enumerate(read) if k}


def test_each_copy_is_the_first_one_moved_and_fits_the_same_way(state):
    parcels = table(state, "flurstueck")
    geometry = shapes(parcels)
    city = np.asarray([int(key[2:6]) - 1000 for key in parcels["parcel_key"].to_pylist()]) // 11
    first, last = geometry[city == 0], geometry[city == CITIES - 1]
    one, other = (shapely.coverage_union_all(copy) for copy in (first, last))
    shift = np.asarray(other.bounds) - np.asarray(one.bounds)
    assert shift[:2] == pytest.approx(np.round(shift[:2]), abs=1e-9)
    assert shapely.coverage_is_valid(last)
    assert shapely.area(last).sum() == pytest.approx(shapely.area(first).sum(), rel=1e-12)
    xy = shapely.get_coordinates(last)
    assert (xy == np.round(xy, 3)).all()
    assert (np.diff(city) >= 0).all()  # the curve leaves a city when it has seen all of it


def test_moving_keeps_coordinates_the_doubles_of_their_millimetres():
    xy = np.round(np.random.default_rng(1).uniform(320_000, 342_000, (1000, 2)), 3)
    there = shapely.get_coordinates(moved(shapely.points(xy), (131_072, -4_242)))
    texts = [[f"{x + 131_072:.3f}", f"{y - 4_242:.3f}"] for x, y in xy]
    assert (there == np.asarray(texts, float)).all()


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_rows_follow_the_curve(state, collection):
    box = shapely.bounds(shapes(table(state, collection)))
    place = hilbert_position((box[:, 0] + box[:, 2]) / 2, (box[:, 1] + box[:, 3]) / 2)
    assert (np.diff(place) >= 0).all()


def test_it_is_a_layout_for_tiles(state):
    layout = read_layout(Storage.open(state))
    assert {c.id for c in layout.file.collections} == set(COLLECTIONS) - {"flurstueck"}
    assert layout.parcels.rows == PARCELS * CITIES


def test_the_terrain_opens_as_one_raster_and_lies_under_every_city(state):
    with rasterio.open(state / "terrain" / "terrain.vrt") as raster:
        for part in parts(state, "flurstueck"):
            middle = shapely.get_coordinates(shapely.centroid(shapes(pq.read_table(part))[::50]))
            heights = np.array(list(raster.sample(middle)))
            assert ((heights > 20) & (heights < 80)).all()
        assert raster.res == (2.0, 2.0)


def test_cities_have_tiles_districts_and_names_of_their_own():
    places = lay_out(113, (325_000.0, 5_684_000.0, 337_000.0, 5_696_000.0), ("A", "B"))
    assert len({place.shift for place in places}) == 113
    assert len({district for place in places for district in place.districts}) == 226
    assert len({name for place in places for _, name in place.districts}) == 226
    with pytest.raises(ValueError, match="district numbers are enough for 818"):
        lay_out(819, (0.0, 0.0, 1.0, 1.0), ("A",) * 11)


def test_a_state_too_large_for_the_disk_is_not_begun(tmp_path, monkeypatch):
    monkeypatch.setattr("data.make_state.bytes_needed", lambda *_: 10**18)
    monkeypatch.setattr("sys.argv", ["make_state", "--cities", "2", "--out", str(tmp_path / "s")])
    assert main() == 3
    assert not list((tmp_path / "s").iterdir())
    assert bytes_needed(113, 80_000, 2.0) > bytes_needed(113, 80_000, 0) > 2e9
