"""Rasters by parcel: what layer.toml asks for, what a file may be, what the dossier says."""

import json
import tomllib
import warnings

import numpy as np
import pandas as pd
import pytest
import rasterio
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import from_origin

from gis_core.errors import CRSMismatchError, QueryError, StoreError, UnknownCRSError
from gis_core.store import Store
from layers.access import CITIZEN
from layers.dossier import build_dossier
from layers.dossier.sections import _raster_facts
from layers.errors import LayerSpecError, SourceFileError
from layers.merging.inputs import read_parcels
from layers.merging.terrain import zonal_table
from layers.reader import open_reader
from layers.registry import find_layers
from layers.spec import LayerSpec, RasterSpec
from tests.layers.conftest import GARDEN, STREET, YARD, X, Y

TITLE = {"de": "Höhe", "en": "Height"}
HEIGHT = RasterSpec(title=TITLE, unit="m", access="public")
SLOPE = RasterSpec(title=TITLE, unit="m", access="public", statistics=["mean", "slope", "aspect"])
COVER = RasterSpec(title=TITLE, access="public", kind="classes", codes={"3": TITLE})

CLASSES = """
kind = "classes"
[raster.codes]
1 = { de = "Wald", en = "wood" }
"""
LAYER = """
id = "cover"
title = { de = "Bodenbedeckung", en = "Land cover" }
steward = "Umweltamt"
licence = "dl-de/zero-2-0"
[raster]
title = { de = "Bodenbedeckung", en = "Land cover" }
access = "public"
"""


def tif(path, values, *, crs="EPSG:25832", transform=None, **more):
    values = np.atleast_3d(np.asarray(values)).transpose(2, 0, 1)
    bands, rows, columns = values.shape
    profile = {"driver": "GTiff", "count": bands, "height": rows, "width": columns, "crs": crs}
    place = transform or from_origin(X, Y + 20, 1, 1)
    with rasterio.open(
        path, "w", **profile | {"transform": place, "dtype": values.dtype} | more
    ) as raster:
        raster.write(values)
    return path


@pytest.fixture
def parcels(town):
    with Store.open(town) as store:
        spec = find_layers().collection("flurstueck")[1]
        return read_parcels(store.open_generation(store.served()["alkis"]), spec)


def ask(path, spec, parcels):
    return zonal_table(path, spec, parcels, 25832, lambda *_: None).set_index("parcel_key")


def test_a_layer_gets_the_statistics_it_asks_for(tmp_path, parcels):
    fall = np.fromfunction(lambda r, c: 50 - c + 0.0 * r, (20, 50), dtype=np.float32)
    path = tif(tmp_path / "dgm.tif", fall)
    table = ask(path, SLOPE, parcels)
    assert list(table) == ["cells", "mean", "slope_mean", "slope_max", "aspect"]
    assert table.loc[STREET, ["slope_mean", "slope_max", "aspect"]].tolist() == [45, 45, 90]
    assert list(ask(path, HEIGHT, parcels)) == ["cells", "mean", "min", "max", "std"]
    exact = ask(path, SLOPE.model_copy(update={"exact": True}), parcels)
    assert exact.loc[STREET, ["cells", "covered"]].tolist() == [200, 200]


def test_cells_are_counted_by_class(tmp_path, parcels):
    cover = np.full((20, 50), 3, np.uint8)
    cover[:, 25:] = 12
    cover[:5, 25:30] = 0
    path = tif(tmp_path / "cover.tif", cover, nodata=0)
    counted = ask(path, COVER, parcels)["classes"].map(json.loads)
    assert counted[GARDEN] == {"3": 400}
    assert counted[STREET] == {"3": 100, "12": 75}
    exact = ask(path, COVER.model_copy(update={"exact": True}), parcels)
    assert exact["classes"].map(json.loads)[STREET] == {"3": 100.0, "12": 75.0}
    coarse = tif(tmp_path / "coarse.tif", cover[:1, :1], transform=from_origin(X, Y + 20, 90, 90))
    assert json.loads(ask(coarse, COVER, parcels).loc[YARD, "classes"]) == {"3": 0}
    with pytest.raises(QueryError, match=r"0\.5"):
        ask(tif(tmp_path / "dgm.tif", np.full((20, 50), 0.5)), COVER, parcels)


def test_scale_offset_and_cells_without_a_value(tmp_path, parcels):
    raw = np.full((20, 50), 3512, np.int16)
    raw[:, :25] = -1
    path = tif(tmp_path / "dgm.tif", raw, nodata=-1)
    with rasterio.open(path, "r+") as raster:
        raster.scales, raster.offsets = (0.01,), (-5.0,)
    table = ask(path, HEIGHT, parcels)
    assert set(table.index) == {STREET, YARD}  # nothing is known of the garden
    assert table.loc[STREET, ["cells", "mean"]].tolist() == [100, 30.12]


@pytest.mark.parametrize("crs", ["EPSG:25833", "EPSG:4326"])
def test_parcels_are_brought_into_the_raster_s_system(tmp_path, parcels, crs):
    box = rasterio.warp.transform_bounds("EPSG:25832", crs, X - 9, Y - 9, X + 59, Y + 29)
    place = rasterio.transform.from_bounds(*box, 300, 200)
    path = tif(tmp_path / "dgm.tif", np.full((200, 300), 7.5), crs=crs, transform=place)
    table = ask(path, HEIGHT, parcels)
    assert set(table["mean"]) == {7.5}
    assert table.loc[GARDEN, "cells"] == pytest.approx(2 * table.loc[STREET, "cells"], rel=0.05)


def test_a_turned_raster_is_read_as_it_lies(tmp_path, parcels):
    place = rasterio.Affine(0.6, 0.8, X - 40, 0.8, -0.6, Y + 20)
    path = tif(tmp_path / "dgm.tif", np.full((90, 120), 4.0), transform=place)
    table = ask(path, HEIGHT, parcels)
    assert table.loc[GARDEN, "cells"] == pytest.approx(400, abs=10)


@pytest.mark.parametrize(
    ("more", "spec", "error", "says"),
    [
        pytest.param({"crs": None}, HEIGHT, UnknownCRSError, "no reference system", id="no-crs"),
        pytest.param(
            {"values": np.zeros((4, 4, 3), "uint8")}, HEIGHT, SourceFileError, "3 bands", id="rgb"
        ),
        pytest.param(
            {"transform": rasterio.Affine.identity()},
            HEIGHT,
            SourceFileError,
            "no place",
            id="no-place",
        ),
        pytest.param(
            {"crs": "EPSG:4326", "transform": from_origin(6, 52, 0.1, 0.1)},
            SLOPE,
            CRSMismatchError,
            "metres",
            id="slope-in-degrees",
        ),
    ],
)
def test_a_raster_that_cannot_be_counted(tmp_path, parcels, more, spec, error, says):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        path = tif(tmp_path / "dgm.tif", more.pop("values", np.ones((4, 4))), **more)
        with pytest.raises(error, match=says):
            ask(path, spec, parcels)


def test_a_damaged_raster_is_a_fault_of_the_store(tmp_path, parcels):
    path = tif(tmp_path / "dgm.tif", np.ones((20, 50)))
    path.write_bytes(path.read_bytes()[:-4000])
    with pytest.raises(StoreError, match=r"dgm\.tif cannot be read"):
        ask(path, HEIGHT, parcels)


def test_a_raster_elsewhere_gives_no_parcel_a_value(tmp_path, parcels):
    path = tif(tmp_path / "dgm.tif", np.ones((4, 4)), transform=from_origin(X + 9e4, Y, 1, 1))
    assert len(ask(path, HEIGHT, parcels)) == 0


def test_the_dossier_says_how_a_parcel_slopes(merged_town):
    reader = open_reader(merged_town)
    section = next(s for s in build_dossier(reader, CITIZEN, GARDEN).sections if s.id == "terrain")
    facts = {f.name: f for f in section.facts}
    assert (facts["aspect"].value, facts["aspect"].unit) == (270, "°")  # it rises eastwards
    assert 0 < facts["slope_mean"].value < facts["slope_max"].value < 45
    assert facts["slope_mean"].title["de"] == "Mittlere Neigung"
    reader.close()


def test_the_dossier_says_which_part_is_of_which_class():
    layer = LayerSpec.model_validate(tomllib.loads(LAYER + CLASSES))
    facts = list(
        _raster_facts(layer, pd.DataFrame({"cells": [8], "classes": ['{"1": 2, "7": 6}']}))
    )
    assert [(f.name, f.title["en"], f.value, f.unit) for f in facts] == [
        ("classes.7", "7", 75.0, "%"),
        ("classes.1", "wood", 25.0, "%"),
        ("cells", "Raster cells in the parcel", 8, ""),
    ]
    tiny = list(_raster_facts(layer, pd.DataFrame({"cells": [0], "classes": ['{"1": 0}']})))
    assert (tiny[0].title["de"], tiny[0].value) == ("Wald", 100.0)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        pytest.param("", "unit is missing", id="no-unit"),
        pytest.param('unit = "dm"\nstatistics = ["slope"]', "heights in m", id="slope-of-dm"),
        pytest.param('unit = "m"\nstatistics = ["median"]', "'mean'", id="unknown"),
        pytest.param('unit = "m"\n[raster.codes]\n1 = { de = "a", en = "b" }', "codes", id="codes"),
        pytest.param('kind = "classes"\nstatistics = ["mean"]', "counted", id="mean-of-classes"),
        pytest.param(
            'kind = "classes"\n[raster.codes]\nwood = { de = "a", en = "b" }', "whole", id="text"
        ),
    ],
)
def test_a_faulty_raster_layer_says_what_is_wrong(tmp_path, lines, says):
    (tmp_path / "cover").mkdir()
    (tmp_path / "cover" / "layer.toml").write_text(LAYER + lines, encoding="utf-8")
    with pytest.raises(LayerSpecError, match=says):
        find_layers([tmp_path])
