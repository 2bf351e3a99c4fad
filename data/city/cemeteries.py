"""Two cemeteries with fields, rows and graves, and graves that nobody shall find."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from data.city.drawing import City
from data.city.shapes import Floats, Ints, Objects
from data.city.zones import Zone

KINDS = ("Reihengrab", "Wahlgrab", "Urnengrab", "Baumgrab", "Kriegsgrab", "Ehrengrab")
STATES = ("frei", "belegt", "reserviert", "abgeräumt", "gesperrt")
FIELD_M, PATH_M = (27.0, 21.0), 3.5
PITCH_M = (1.65, 4.1)
GRAVE_M = (1.25, 2.6)


@dataclass(frozen=True)
class Graves:
    """All graves with a place, as columns.

    ``number`` is cemetery, field, row and place, as written on the grave card.
    """

    geometry: Objects
    cemetery: NDArray[np.object_]
    field: NDArray[np.object_]
    row: Ints
    number: NDArray[np.object_]
    kind: Ints
    places: Ints
    state: Ints


def lay_graves(city: City, buildings: Objects) -> Graves:
    """Fill the cemeteries with graves, a little away from their borders and chapels."""
    rng = city.frame.plan.random(50)
    parts = []
    blocks = [i for i, block in enumerate(city.frame.blocks) if block.zone is Zone.CEMETERY]
    for order, block in enumerate(blocks):
        ring = city.frame.blocks[block].ring
        quad = city.frame.patches[block]
        inside = shapely.buffer(shapely.Polygon(ring), -4.0)
        near = shapely.STRtree(buildings).query(inside, predicate="intersects")
        chapels = shapely.buffer(shapely.union_all(buildings[near]), 4.0)
        parts.append(_graves(f"Friedhof {order + 1}", quad.bottom.xy, (ring, inside, chapels), rng))
    return Graves(
        *(
            np.concatenate([np.asarray(getattr(part, name)) for part in parts])
            for name in (
                "geometry",
                "cemetery",
                "field",
                "row",
                "number",
                "kind",
                "places",
                "state",
            )
        )
    )


def _graves(
    name: str,
    base: Floats,
    ground: tuple[Floats, shapely.Geometry, shapely.Geometry],
    rng: np.random.Generator,
) -> Graves:
    ring, inside, chapels = ground
    along = base[-1] - base[0]
    along /= np.hypot(*along)
    up = np.array([-along[1], along[0]])
    u, v = (ring - base[0]) @ along, (ring - base[0]) @ up
    spot, field = _grid((float(u.min()), float(np.ptp(u))), (float(v.min()), float(np.ptp(v))), rng)
    # Every fifth grave is a wide one of two or three places; it swallows its neighbours' ground.
    wide = np.where(rng.uniform(size=len(spot)) < 0.2, 2, 1)
    order = np.arange(len(spot))
    wide[order % 3 == 2] = 1
    swallowed = np.zeros(len(spot), dtype=bool)
    swallowed[1:] = (wide[:-1] == 2) & (field[1:, 2] == field[:-1, 2] + 1)
    wide[swallowed] = 1
    size = np.column_stack((GRAVE_M[0] + PITCH_M[0] * (wide - 1), np.full(len(spot), GRAVE_M[1])))
    corner = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    local = spot[:, None] + corner[None] * size[:, None]
    xy = base[0] + local[..., :1] * along + local[..., 1:] * up
    geometry = np.asarray(shapely.polygons(np.round(xy, 3)))
    shapely.prepare(inside)
    good = shapely.contains(inside, geometry) & ~swallowed
    good &= ~shapely.intersects(chapels, geometry)
    rows = np.flatnonzero(good)
    kind = rng.choice(len(KINDS), len(rows), p=[0.42, 0.33, 0.19, 0.03, 0.02, 0.01])
    kind[wide[rows] == 2] = 1
    state = rng.choice(len(STATES), len(rows), p=[0.13, 0.74, 0.03, 0.08, 0.02])
    label = [chr(65 + int(f) // 40) + str(int(f) % 40 + 1) for f in field[rows, 0]]
    number = [
        f"{name[-1]}-{a}-{int(r) + 1:02d}-{int(g) + 1:03d}"
        for a, (_, r, g) in zip(label, field[rows], strict=True)
    ]
    return Graves(
        geometry[rows],
        np.full(len(rows), name, dtype=object),
        np.asarray(label, dtype=object),
        field[rows, 1].astype(np.int64) + 1,
        np.asarray(number, dtype=object),
        np.asarray(kind, dtype=np.int64),
        np.asarray(wide[rows], dtype=np.int64),
        np.asarray(state, dtype=np.int64),
    )


def _grid(
    u: tuple[float, float], v: tuple[float, float], rng: np.random.Generator
) -> tuple[Floats, Ints]:
    """Return lower left corners of graves, and field, row and place of each."""
    nu, nv = int(u[1] / (FIELD_M[0] + PATH_M)) + 1, int(v[1] / (FIELD_M[1] + PATH_M)) + 1
    per_row, rows = int(FIELD_M[0] / PITCH_M[0]), int(FIELD_M[1] / PITCH_M[1])
    i, j, r, g = (
        a.ravel()
        for a in np.meshgrid(
            np.arange(nu), np.arange(nv), np.arange(rows), np.arange(per_row), indexing="ij"
        )
    )
    spot = np.column_stack(
        (
            u[0] + i * (FIELD_M[0] + PATH_M) + g * PITCH_M[0],
            v[0] + j * (FIELD_M[1] + PATH_M) + r * PITCH_M[1],
        )
    )
    # A tenth of the fields is kept for later.
    used = rng.uniform(size=nu * nv) < 0.9
    field = i * nv + j
    keep = used[field]
    return spot[keep], np.column_stack((field, r, g))[keep]
