"""Parcels to measure with: made up, the same for every server.

Blocks of 8 × 4 parcels between streets; neighbours share every vertex. A parcel has 5 to 14
vertices and 230 to 920 m² (5th and 95th percentile), and 1,500 m² of land with its share of street
and open ground, so that a window of 500 m holds about 180 of them, however many there are in all.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import pyogrio
import shapely

COLLECTION = "parcels"
EPSG = 25832
SEED = 7

_MIDDLE = (331_700.0, 5_690_600.0)  # of the city that the demo is laid out in
_LAND_M2 = 1_500.0
_ACROSS, _UP = 8, 4
_PITCH = np.array([262.0, 183.2])  # of blocks: 32 parcels' land
_MOST = 6  # vertices between two corners
_AT_A_TIME = 2_048  # blocks

_DISTRICTS = ("Bockum", "Fischeln", "Hüls", "Linn", "Oppum", "Traar", "Uerdingen", "Verberg")
_STREETS = ("Am Stadtpark", "Gladbacher Str.", "Hülser Str.", "Kölner Str.", "Ostwall", "Südwall")
_USES = ("Wohnbaufläche", "Wohnbaufläche", "Industrie- und Gewerbefläche", "Weg", "Wald")


@dataclass(frozen=True)
class Parcels:
    """Shapes in EPSG:25832 and, of each attribute, the values."""

    shapes: np.ndarray
    attributes: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.shapes)

    @cached_property
    def tree(self) -> shapely.STRtree:
        """Finds shapes by place."""
        return shapely.STRtree(self.shapes)


@cache
def make_parcels(count: int) -> Parcels:
    """Make so many parcels; the same ones every time."""
    shapes = np.concatenate(list(_fabric(count)))[:count]
    bad = ~shapely.is_valid(shapes)
    shapes[bad] = shapely.convex_hull(shapes[bad])
    return Parcels(shapes, _attributes(shapes))


def _fabric(count: int) -> Iterator[np.ndarray]:
    """Yield the parcels of some blocks at a time."""
    rng = np.random.default_rng(SEED)
    blocks = -(-count // (_ACROSS * _UP))
    columns = int(np.ceil(np.sqrt(blocks * _PITCH[1] / _PITCH[0])))
    corner = np.array(_MIDDLE) - _PITCH * (columns, blocks / columns) / 2
    for first in range(0, blocks, _AT_A_TIME):
        block = np.arange(first, min(blocks, first + _AT_A_TIME))
        at = corner + _PITCH * np.column_stack([block % columns, block // columns])
        yield _parcels_of(_corners_of(at, rng), rng)


def _corners_of(at: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the corners of the parcels of each block: (block, across, up, 2)."""
    area = np.clip(rng.lognormal(6.1, 0.45, len(at)), 260, 950)
    wide = np.sqrt(area / 1.6)
    cell = np.column_stack([wide, 1.6 * wide])[:, None, None]
    step = np.stack(np.meshgrid(np.arange(_ACROSS + 1), np.arange(_UP + 1), indexing="ij"), -1)
    moved = rng.uniform(-0.22, 0.22, (len(at), *step.shape))
    corner: np.ndarray = at[:, None, None] + (step + moved) * cell
    return corner


def _parcels_of(corner: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the parcels between corners, along borders that neighbours share."""
    along = _border(corner[:, :-1], corner[:, 1:], rng)
    up = _border(corner[:, :, :-1], corner[:, :, 1:], rng)
    ring = np.concatenate(
        [
            *(corner[:, :-1, :-1, None], along[:, :, :-1]),
            *(corner[:, 1:, :-1, None], up[:, 1:]),
            *(corner[:, 1:, 1:, None], along[:, :, 1:, ::-1]),
            *(corner[:, :-1, 1:, None], up[:, :-1, :, ::-1]),
            corner[:, :-1, :-1, None],
        ],
        axis=-2,
    ).reshape(-1, 5 + 4 * _MOST, 2)
    there = ~np.isnan(ring[..., 0])
    starts = np.concatenate([[0], np.cumsum(there.sum(axis=1))])
    xy = np.round(ring[there], 3)
    of_rings = np.arange(len(ring) + 1)
    shapes: np.ndarray = shapely.from_ragged_array(
        shapely.GeometryType.POLYGON, xy, (starts, of_rings)
    )
    return shapes


def _border(a: np.ndarray, b: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return vertices between corners, NaN where there are fewer than most."""
    count = rng.choice([0, 1, 2, 3, _MOST], a.shape[:-1], p=[0.34, 0.3, 0.2, 0.12, 0.04])[..., None]
    place = np.arange(1, _MOST + 1) + rng.uniform(-0.3, 0.3, (*a.shape[:-1], _MOST))
    aside = rng.uniform(-0.04, 0.04, place.shape)
    place = np.where(np.arange(_MOST) < count, place / (count + 1), np.nan)
    way = (b - a)[..., None, :]
    across = np.stack([-way[..., 1], way[..., 0]], axis=-1)
    border: np.ndarray = a[..., None, :] + place[..., None] * way + aside[..., None] * across
    return border


def _attributes(shapes: np.ndarray) -> dict[str, np.ndarray]:
    """Return twelve attributes, those of a cadastre and those of a merge."""
    count = len(shapes)
    rng = np.random.default_rng(SEED + 1)
    row = np.arange(count)
    district, section = row // 16_000, row // 400 % 40 + 1
    number = row % 400 + 1
    below = np.where(rng.random(count) < 0.35, rng.integers(1, 9999, count), 0)
    house = rng.integers(1, 240, count)
    return {
        "flstkennz": _texts(
            "05{:04d}{:03d}{:05d}{:04d}__", 3000 + district, section, number, below
        ),
        "gemarkung": np.array(_DISTRICTS, dtype=object)[district % len(_DISTRICTS)],
        "flur": section.astype(np.int32),
        "zaehler": number.astype(np.int32),
        "nenner": below.astype(np.int32),
        "flaeche": np.round(shapely.area(shapes)).astype(np.int32),
        "lagebeztxt": _texts("{} {}", rng.choice(_STREETS, count), house),
        "tntxt": rng.choice(np.array(_USES, dtype=object), count),
        "tree_count": rng.poisson(0.8, count).astype(np.int32),
        "damage_count": (rng.random(count) < 0.03).astype(np.int32),
        "tax_file": _texts("GrSt-{:07d}", rng.permutation(count)),
        "grave_count": np.where(rng.random(count) < 0.001, 40, 0).astype(np.int32),
    }


def _texts(pattern: str, *values: np.ndarray) -> np.ndarray:
    rows = zip(*(v.tolist() for v in values), strict=True)
    return np.array([pattern.format(*row) for row in rows], dtype=object)


def write_gpkg(parcels: Parcels, path: Path) -> None:
    """Write a GeoPackage with an index by place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pyogrio.raw.write(
        path,
        shapely.to_wkb(parcels.shapes),
        list(parcels.attributes.values()),
        list(parcels.attributes),
        layer=COLLECTION,
        driver="GPKG",
        geometry_type="Polygon",
        crs=f"EPSG:{EPSG}",
        layer_options={"FID": "fid", "GEOMETRY_NAME": "geom"},
    )
