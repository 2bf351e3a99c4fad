"""A town of three plots: a garden, a street, a yard, and what lies on them."""

import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin

from gis_core.store import Store
from layers.merging import merge
from layers.municipality import load_municipality
from layers.registry import find_layers
from layers.schema import table_schemas

X, Y = 324_000, 5_690_000
GARDEN, STREET, YARD = "05304901200001______", "05304901200002______", "053049012000030001__"
GONE = "053049012000030002__"


def _plot(x0, x1, y0=0, y1=20):
    return shapely.box(X + x0, Y + y0, X + x1, Y + y1)


@pytest.fixture
def put():
    """Return a function that writes one generation of a layer."""
    return _write


def _write(store, layer, tables, *, raster=None, order=None):
    """Write one generation of a layer: {collection: (columns, geometry or None)}."""
    spec = find_layers().layer(layer)
    with store.stage(layer) as writer:
        for name, (columns, geometry) in tables.items():
            schema = table_schemas(spec.collection(name), 25832)[0]
            shapes = None if geometry is None else np.array(geometry, object)
            frame = pd.DataFrame(columns)
            if order is not None:
                rows = np.random.default_rng(order).permutation(len(frame))
                frame = frame.iloc[rows].reset_index(drop=True)
                shapes = None if shapes is None else shapes[rows]
            writer.table(schema).append(frame, shapes)
        if raster is not None:
            writer.attach(raster, "terrain.tif")
        return writer.publish({}, None)


def _keyed(texts, keys, sure):
    return {"parcel_key_as_filed": texts, "parcel_key": keys, "parcel_key_confidence": sure}


@pytest.fixture
def town(tmp_path):
    """Return a data directory with a garden, a street, a yard, and what lies on them."""
    return _found(tmp_path)


@pytest.fixture(scope="session")
def merged_town(tmp_path_factory):
    """Return the same, merged; for tests that only read."""
    folder = _found(tmp_path_factory.mktemp("town"))
    with Store.open(folder) as store:
        merge(store, find_layers(), load_municipality("krefeld"))
    return folder


@pytest.fixture
def shuffled_town(tmp_path):
    """Return the same, with every source's rows in another order."""
    return _found(tmp_path / "shuffled", order=7)


def _found(folder, order=None):
    def _put(store, layer, tables, **more):
        _write(store, layer, tables, order=order, **more)

    folder.mkdir(exist_ok=True)
    with Store.open(folder / "data", create=True) as store:
        _put(
            store,
            "alkis",
            {
                "flurstueck": (
                    {
                        "feature_id": ["p3", "p1", "p2"],
                        "flstkennz": [YARD, GARDEN, STREET],
                        "flaeche": [400.0, 421.0, 200.0],
                        "lagebeztxt": ["Ostwall 3, 5", "Ostwall 1; Am Hang 7", "Ostwall"],
                        "tntxt": ["Wohnbaufläche;400", "Garten;421", "Straßenverkehr / Weg;200"],
                    },
                    [_plot(30, 50), _plot(0, 20), _plot(20, 30)],
                ),
                "gebaeude_bauwerk": (
                    {"feature_id": ["g1"], "oid": ["g1"]},
                    [_plot(15, 35, 0, 4)],
                ),
                "nutzung": (
                    {"feature_id": ["u1", "u2"], "nutzart": ["Garten", "Straßenverkehr"]},
                    [_plot(0, 20.1), _plot(20.1, 30)],
                ),
            },
        )
        _put(
            store,
            "trees",
            {
                "baum": (
                    {
                        "feature_id": ["t1", "t2", "t3", "t4"],
                        "tree_number": ["1", "2", "3", "4"],
                        "genus": ["Tilia", "Acer", "Tilia", None],
                        "trunk_circumference_cm": [None, 314.159, 100.0, 50.0],
                    },
                    shapely.points([[X + 5, Y + 5], [X + 20, Y + 9], [X + 51, Y + 9], [0, 0]]),
                )
            },
        )
        _put(
            store,
            "road_damage",
            {
                "strassenschaden": (
                    {
                        "feature_id": ["d1", "d2", "d3"],
                        "damage_id": ["1", "2", "3"],
                        "severity": ["S1", "S4", "S4"],
                    },
                    shapely.points([[X + 25, Y + 5], [X + 17, Y + 5], [X + 45, Y + 5]]),
                )
            },
        )
        _put(
            store,
            "property_tax",
            {
                "grundsteuer": (
                    {
                        "feature_id": ["a", "b", "c", "d"],
                        "tax_file_number": ["1", "2", "3", "4"],
                        "annual_tax_cents": [30_001, 5, 7, 9],
                        **_keyed(
                            [f"{GARDEN};3049-12-3/1", "Verberg, Flur 3, 12", None, f"{GONE}"],
                            [f"{GARDEN} {YARD}", None, None, GONE],
                            ["exact normalised", None, None, "exact"],
                        ),
                    },
                    None,
                )
            },
        )
        _put(
            store,
            "trade_tax",
            {
                "gewerbesteuer": (
                    {
                        "feature_id": ["x", "y", "z"],
                        "tax_number": ["1", "2", "3"],
                        "address": ["Am Hang 07, 47798 Krefeld", "Ostwall 5a", "Westwall 1"],
                    },
                    None,
                )
            },
        )
        height = np.fromfunction(lambda r, c: c // 10 + 0.0 * r, (20, 50), dtype=np.float32)
        path = folder / "height.tif"
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            width=50,
            height=20,
            count=1,
            dtype="float32",
            crs="EPSG:25832",
            transform=from_origin(X, Y + 20, 1, 1),
        ) as raster:
            raster.write(height, 1)
        _put(store, "terrain", {}, raster=path)
    return folder / "data"
