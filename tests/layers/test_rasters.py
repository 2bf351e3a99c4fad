"""Cells of stored rasters: exact where they are their own, never averaged where they are codes."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from rasterio.transform import from_origin

from gis_core.cell_grid import CellGrid, Span, grid_over
from gis_core.errors import StoreError
from gis_core.offered_crs import crs_uri
from layers.access import CITIZEN
from layers.ingest.directory import import_files
from layers.municipality import load_municipality
from layers.rasters.cells import cells_on, own_cells
from layers.rasters.file import describe, survey
from layers.reader import open_reader
from layers.registry import find_layers

UTM = crs_uri(25832)
WEST, NORTH = 330_000.0, 5_690_000.0
COVER = """
id = "cover"
title = { de = "Bedeckung", en = "Cover" }
steward = "Amt"
licence = "dl-de/zero-2-0"

[raster]
title = { de = "Bedeckung", en = "Cover" }
access = "public"
kind = "classes"
codes = { 10 = { de = "Wald", en = "Wood" }, 90 = { de = "Wasser", en = "Water" } }
"""


def write(path, values, *, size=1.0, nodata=None, scale=1.0, offset=0.0):
    profile = {
        "driver": "GTiff",
        "count": 1,
        "dtype": values.dtype.name,
        "height": values.shape[0],
        "width": values.shape[1],
        "crs": "EPSG:25832",
        "transform": from_origin(WEST, NORTH, size, size),
        "nodata": nodata,
    }
    with rasterio.open(path, "w", **profile) as raster:
        raster.scales, raster.offsets = (scale,), (offset,)
        raster.write(values, 1)
    return path


@pytest.fixture
def noise(tmp_path):
    values = np.random.default_rng(1).normal(40, 5, (60, 80)).astype(np.float32)
    values[5, 7] = -9999
    return write(tmp_path / "noise.tif", values, nodata=-9999), values


def test_own_cells_are_the_stored_bits(noise):
    path, values = noise
    got = own_cells(path, UTM, Span(3, 4, 20, 10))
    assert np.array_equal(got.values, values[4:14, 3:23])
    assert got.grid == CellGrid(WEST + 3, NORTH - 4, 1, 1, 20, 10)
    assert np.isnan(got.measured()[1, 4])
    assert np.isnan(got.measured()).sum() == 1


def test_beyond_the_raster_there_is_nothing(noise):
    path, values = noise
    grid = grid_over((WEST - 10, NORTH - 20, WEST + 10, NORTH + 10), 20, 30)
    got = cells_on(path, UTM, grid, classes=False).measured()
    assert np.isnan(got[:10]).all()
    assert np.isnan(got[:, :10]).all()
    assert np.allclose(
        got[10:, 10:], np.where(values == -9999, np.nan, values)[:20, :10], equal_nan=True
    )
    away = grid_over((0, 0, 10, 10), 5, 5)
    assert np.isnan(cells_on(path, UTM, away, classes=False).measured()).all()


def test_scale_and_offset_are_applied_to_what_is_measured_only(tmp_path):
    values = np.arange(12, dtype=np.int16).reshape(3, 4)
    path = write(tmp_path / "scaled.tif", values, scale=0.5, offset=100.0)
    got = own_cells(path, UTM, Span(0, 0, 4, 3))
    assert np.array_equal(got.values, values)
    assert np.array_equal(got.measured(), values * 0.5 + 100)
    seen = survey(path)
    assert (seen.low, seen.high) == (100.0, 105.5)
    assert seen.low_at < (0.5, 0.5) < seen.high_at


def test_whole_numbers_without_an_empty_value_get_one_beyond_the_raster(tmp_path):
    values = np.full((4, 4), 255, dtype=np.uint8)
    path = write(tmp_path / "full.tif", values)
    grid = grid_over((WEST - 2, NORTH - 2, WEST + 2, NORTH + 2), 4, 4)
    got = cells_on(path, UTM, grid, classes=True)
    assert np.nansum(got.measured() == 255) == 4
    assert np.isnan(got.measured()).sum() == 12


def test_codes_stay_codes_at_every_size(tmp_path):
    """Also through overviews, of which the import makes them by the most frequent code."""
    codes = np.random.default_rng(3).choice([10, 90], (1500, 1500)).astype(np.uint8)
    file = write(tmp_path / "cover.tif", codes)
    folder = tmp_path / "own" / "cover"
    folder.mkdir(parents=True)
    (folder / "layer.toml").write_text(COVER, encoding="utf-8")
    registry, data = find_layers([folder.parent]), tmp_path / "data"
    import_files(data, registry, load_municipality("krefeld"), "cover", [file])
    reader = open_reader(data, layer_dirs=[folder.parent])
    try:
        view = reader.raster_view(CITIZEN, "cover")
        stored = describe(view.path)
        assert stored.overviews
        for factor in stored.overviews:
            with rasterio.open(view.path, OVERVIEW_LEVEL=stored.overviews.index(factor)) as coarse:
                assert set(np.unique(coarse.read(1))) <= {10, 90}
        for side in (7, 100, 400, 1500, 2100):
            grid = grid_over(stored.grid.box, side, side)
            values = reader.cells_on(view, UTM, grid).measured()
            assert set(np.unique(values)) == {10, 90}
    finally:
        reader.close()


def test_overviews_give_what_all_cells_give(tmp_path):
    y, x = np.mgrid[0:4096, 0:4096].astype(np.float32)
    values = 30 + np.sin(x / 300) * 5 + np.cos(y / 500) * 3
    plain = write(tmp_path / "plain.tif", values.astype(np.float32))
    path = tmp_path / "cog.tif"
    rasterio.shutil.copy(plain, path, driver="COG", overview_resampling="AVERAGE")
    grid = grid_over(describe(path).grid.box, 64, 64)
    got = cells_on(path, UTM, grid, classes=False).measured()
    means = values.reshape(64, 64, 64, 64).mean(axis=(1, 3))
    assert np.abs(got - means).max() < 0.01


def test_many_threads_read_the_same(noise):
    path, values = noise
    with ThreadPoolExecutor(12) as pool:
        spans = [Span(i, i, 40, 20) for i in range(20)] * 5
        for span, got in zip(
            spans, pool.map(lambda s: own_cells(path, UTM, s), spans), strict=True
        ):
            there = values[span.top : span.top + 20, span.left : span.left + 40]
            assert np.array_equal(got.values, there)


def test_a_damaged_file_is_the_operators_matter(tmp_path):
    path = tmp_path / "broken.tif"
    path.write_bytes(b"II*\x00 no raster")
    with pytest.raises(StoreError, match="cannot be read"):
        describe(path)
