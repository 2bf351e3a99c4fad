"""Datasets on a storage: nothing lost, in Hilbert order, and boxes that find what meets them."""

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pytest
import shapely

from gis_core.errors import StoreError
from gis_core.store.parquet import DatasetWriter, Storage, box_array, read_dataset

X, Y = 324_000, 5_690_000


@pytest.fixture
def trees():
    """Return 5,000 trees on 4 km, one of them without a place."""
    xy = np.random.default_rng(1).uniform(0, 4000, (5000, 2)) + np.array([X, Y])
    shapes = shapely.points(xy)
    shapes[7] = None
    return pa.table(
        {
            "feature_id": [f"{i:05}" for i in range(5000)],
            "geometry": pa.array(shapely.to_wkb(shapes), pa.binary()),
            "height_m": np.arange(5000.0),
        }
    )


def write(place, table, chunk=613, **sizes):
    with DatasetWriter(Storage.open(place), "baum", crs=25832, **sizes) as writer:
        for start in range(0, len(table), chunk):
            writer.append(table.slice(start, chunk))
    return read_dataset(Storage.open(place), "baum")


SMALL = {"rows_per_part": 700, "rows_per_group": 100, "run": 20}


def test_every_row_comes_back_and_neighbours_lie_together(tmp_path, trees):
    baum = write(tmp_path, trees, **SMALL)
    read = baum.read(baum.groups, trees.column_names)
    assert read.sort_by("feature_id").equals(trees.combine_chunks())
    assert baum.rows == sum(g.rows for g in baum.groups) == 5000
    side = np.nanmedian(baum.boxes[:, 2:] - baum.boxes[:, :2])
    assert side < 4 * np.sqrt(100 / 5000) * 4000


def test_boxes_hold_their_rows_and_the_reach_of_their_stems(tmp_path, trees):
    trees = trees.append_column("radius_m", pa.array(np.arange(5000) % 3, pa.float64()))
    baum = write(tmp_path, trees.drop_columns(["height_m"]), **SMALL)
    for group, table in baum.tables(baum.groups, ["geometry", "radius_m", "bbox"]):
        xy = shapely.bounds(shapely.from_wkb(table["geometry"].to_numpy(zero_copy_only=False)))
        wide = xy + table["radius_m"].to_numpy()[:, None] * np.array([-1, -1, 1, 1])
        assert np.array_equal(box_array(table["bbox"].combine_chunks()), wide, equal_nan=True)
        assert np.nanmin(wide[:, 0]) == baum.boxes[group.number, 0]


def test_the_covering_lies_within_the_boxes_of_the_groups(tmp_path, trees):
    baum = write(tmp_path, trees, **SMALL)
    covering = baum.covering()
    for group, box in zip(baum.groups, baum.boxes, strict=True):
        runs = covering[baum.runs(slice(group.number, group.number + 1))]
        assert len(runs) == -(-group.rows // 20)
        assert np.nanmin(runs[:, 0]) == box[0]
        assert np.nanmax(runs[:, 3]) == box[3]


def test_other_programs_read_a_part(tmp_path, trees):
    write(tmp_path, trees, **SMALL)
    frame = gpd.read_parquet(tmp_path / "baum" / "part-00000.parquet", bbox=(X, Y, X + 99, Y + 99))
    assert frame.crs.to_epsg() == 25832
    assert frame.geometry.cx[X : X + 99, Y : Y + 99].shape == frame.geometry.shape


def test_writing_again_leaves_nothing_of_the_former(tmp_path, trees):
    write(tmp_path, trees, **SMALL)
    baum = write(tmp_path, trees.slice(0, 50), **SMALL)
    assert baum.rows == 50
    assert Storage.open(tmp_path).names("baum") == [
        "baum/covering.parquet",
        "baum/dataset.json",
        "baum/part-00000.parquet",
    ]


def test_an_export_that_fails_leaves_no_dataset(tmp_path, trees):
    with pytest.raises(KeyError):
        write(tmp_path, trees.drop_columns(["geometry"]))
    with pytest.raises(StoreError, match=r"baum/dataset\.json: not there"):
        read_dataset(Storage.open(tmp_path), "baum")


def test_a_damaged_part_is_named(tmp_path, trees):
    baum = write(tmp_path, trees, **SMALL)
    (tmp_path / "baum" / "part-00000.parquet").write_bytes(b"not parquet at all")
    with pytest.raises(StoreError, match=r"part-00000\.parquet: not readable"):
        baum.read(baum.groups, ["feature_id"])


def test_a_damaged_page_is_the_storage_s_fault(tmp_path, trees):
    baum = write(tmp_path, trees, **SMALL)
    part = tmp_path / "baum" / baum.groups[0].file
    data = bytearray(part.read_bytes())
    data[4:400] = b"\xff" * 396
    part.write_bytes(data)
    with pytest.raises(StoreError, match="part-00000"):
        baum.read(baum.groups, ["feature_id"])
    with pytest.raises(StoreError, match="part-00000"):
        list(baum.tables(baum.groups, ["feature_id"]))


def test_batches_come_back_one_by_one_or_not_at_all(tmp_path, trees):
    storage = Storage.open(tmp_path)
    storage.write_batches("some.arrow", [trees[:10], trees[10:11], trees[11:]])
    assert storage.read_batch("some.arrow", 1).equals(trees[10:11])
    assert storage.read_batch("some.arrow", 2).equals(trees[11:])
    whole = storage.read("some.arrow")
    storage.write("some.arrow", whole[: len(whole) // 2])
    with pytest.raises(StoreError, match=r"some\.arrow"):
        storage.read_batch("some.arrow", 1)
    with pytest.raises(StoreError, match=r"other\.arrow"):
        storage.read_batch("other.arrow", 0)


def test_a_place_that_nobody_knows_is_refused_without_its_password():
    with pytest.raises(StoreError, match="gopher://host/a") as refused:
        Storage.open("gopher://me:secret@host/a?token=x")
    assert "secret" not in str(refused.value)
    assert "token" not in str(refused.value)
