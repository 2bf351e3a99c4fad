"""Stated keys joined in buckets give the links of one hash join, bit by bit."""

import shutil
from importlib.resources import files

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from gis_core.keys import read_keys
from gis_core.merge.fabric import ParcelFabric
from gis_core.merge.keys import join_keys
from gis_core.merge.links import link_table
from gis_core.store import Store
from gis_core.store.parquet import Storage, read_dataset
from layers.merging.distributed.export import export_store
from layers.merging.distributed.layout import KeyedCollection, write_layout
from layers.merging.distributed.merging import merge_layout, read_links
from layers.merging.distributed.parts import bucket_of
from layers.merging.distributed.runners import InProcess
from layers.municipality import load_municipality
from layers.registry import find_layers

ORDER = [("feature_id", "ascending"), ("parcel_key", "ascending")]


@pytest.fixture
def laid_out(tmp_path, demo_store):
    """Return a layout of the demo city with a register of 3,000 stated keys in three files."""
    storage = Storage.open(tmp_path)
    with Store.open(demo_store) as store:
        file = export_store(
            store, find_layers(), load_municipality("krefeld"), storage, rows_per_group=40
        )
    (tmp_path / "tax").mkdir()
    parcels = read_dataset(storage, "flurstueck")
    keys = parcels.read(parcels.groups, ["parcel_key"])["parcel_key"].to_pylist()
    for number in range(3):
        pq.write_table(stated(keys, number), tmp_path / "tax" / f"part-{number}.parquet")
    catalogue = files("gis_core") / "catalogues" / "krefeld.toml"
    shutil.copy(str(catalogue), tmp_path / "districts.toml")
    write_layout(storage, file.model_copy(update={"keyed": (KeyedCollection(id="tax"),)}))
    return storage


def stated(keys, number):
    """Return rows of features that state one to four keys, some twice, some that are none."""
    rng = np.random.default_rng(number)
    feature = np.sort(rng.integers(0, 500, 1000))
    words = np.array(keys, object)[rng.integers(0, len(keys), 1000)]
    words[::50] = [key[:9] + "99999" + key[14:] for key in words[::50]]  # no parcel carries it
    words[7::90] = "Hinterm Deich"
    words[3::10] = [f"{k[:6]}-{k[6:9]}-{k[9:14]}" for k in words[3::10]]
    again = rng.integers(0, 999, 40)
    words[again + 1], feature[again + 1] = words[again], feature[again]
    mixed = rng.permutation(1000) if number == 1 else slice(None)
    ids, words = [f"{number}-{i:03}" for i in feature[mixed]], words[mixed]
    return pa.table({"feature_id": ids, "stated_key": pa.array(words, pa.string())})


def whole(storage):
    """Return the links of one join over all rows, and the rows that have none."""
    parcels = read_dataset(storage, "flurstueck")
    table = parcels.read(parcels.groups, ["parcel_key", "geometry"]).to_pandas()
    shapes = shapely.from_wkb(table["geometry"].to_numpy())
    fabric = ParcelFabric.build(table["parcel_key"].to_numpy(), shapes, engine="shapely")
    names = [n for n in storage.names("tax") if n.endswith(".parquet")]
    rows = pa.concat_tables(storage.read_table(name) for name in names).to_pandas()
    ids, feature = np.unique(rows["feature_id"].to_numpy(str), return_inverse=True)
    read = read_keys(rows["stated_key"], load_municipality("krefeld").keys.catalogue)
    some = read.key != None  # noqa: E711 - element by element
    links, matched = join_keys(feature[some], read.key[some], read.confidence[some], fabric)
    return link_table(links, ids.astype(object), fabric.key), len(rows) - int(matched.sum())


@pytest.mark.parametrize("tile_parcels", [90, 800])
def test_buckets_give_the_links_of_one_join(laid_out, tile_parcels):
    report = merge_layout(laid_out, InProcess(), tile_parcels=tile_parcels)
    got = pa.concat_tables(read_links(laid_out, "tax")).sort_by(ORDER).to_pandas()
    wanted, lost = whole(laid_out)
    for column in wanted.columns:
        assert (got[column].to_numpy() == wanted[column].to_numpy()).all(), column
    assert (got.groupby("feature_id").size() > 2).any()
    assert set(got["confidence"]) == {"exact", "normalised"}
    counts = report.collections["tax"]
    assert counts.links == len(wanted)
    assert counts.linked == wanted["feature_id"].nunique()
    assert sum(counts.unmatched.values()) == lost
    assert counts.unmatched.keys() == {"not-existing", "unreadable"}


def test_a_bucket_follows_from_the_text_alone():
    texts = ["", "ä", "Hüls 7", "05100403600036______", "x" * 200, *map(str, range(5000))]
    together = bucket_of(pa.array(texts), 7)
    assert [bucket_of(pa.array([t]), 7)[0] for t in texts[:50]] == together[:50].tolist()
    assert (bucket_of(pa.array(texts, pa.large_string())[3:], 7) == together[3:]).all()
    assert np.bincount(together).min() > 600
    assert not bucket_of(pa.array(texts), 1).any()
    assert len(bucket_of(pa.array([], pa.string()), 7)) == 0
