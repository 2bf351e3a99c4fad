"""What each neighbourhood is: old town, houses, industry, park, cemetery, field."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from data.city.plan import Plan
from data.city.shapes import Floats
from data.city.streets import Cut, Grain, Kind, Network, Piece, area, divide, extent


class Zone(IntEnum):
    """The character of a neighbourhood, later of a single block."""

    OLD_TOWN = 0
    CENTRE = 1
    ROWS = 2
    HOUSES = 3
    INDUSTRY = 4
    ALLOTMENTS = 5
    PARK = 6
    CEMETERY = 7
    FOREST = 8
    FIELD = 9
    SCHOOL = 10
    CHURCH = 11
    SQUARE = 12


PARCELS_PER_HA = {
    Zone.OLD_TOWN: 20.5,
    Zone.CENTRE: 18.5,
    Zone.ROWS: 26.0,
    Zone.HOUSES: 14.8,
    Zone.INDUSTRY: 1.6,
    Zone.ALLOTMENTS: 1.0,
    Zone.PARK: 0.5,
    Zone.CEMETERY: 0.3,
    Zone.FOREST: 0.35,
    Zone.FIELD: 0.9,
}
"""Rough yield of a hectare with its streets; only used to decide how far the city reaches."""

GRAIN = {
    Zone.OLD_TOWN: Grain(150.0, 92.0, Kind.STREET, 5.5),
    Zone.CENTRE: Grain(185.0, 98.0, Kind.STREET, 6.5),
    Zone.ROWS: Grain(200.0, 76.0, Kind.STREET, 5.0),
    Zone.HOUSES: Grain(235.0, 92.0, Kind.STREET, 5.25),
    Zone.INDUSTRY: Grain(380.0, 210.0, Kind.STREET, 7.5),
    Zone.ALLOTMENTS: Grain(330.0, 260.0, Kind.PATH, 2.5),
    Zone.PARK: Grain(600.0, 600.0, Kind.PATH, 2.5),
    Zone.CEMETERY: Grain(900.0, 900.0, Kind.PATH, 2.5),
    Zone.FOREST: Grain(600.0, 420.0, Kind.PATH, 2.5),
    Zone.FIELD: Grain(480.0, 330.0, Kind.PATH, 3.0),
}


@dataclass(frozen=True)
class Neighbourhood:
    """A piece of ground with one character, before it is cut into blocks."""

    piece: Piece
    zone: Zone
    centre: tuple[float, float]
    area_m2: float


def lay_out(net: Network, plan: Plan, pieces: list[Piece], old_town: Piece) -> list[Neighbourhood]:
    """Cut the ground into neighbourhoods and say what each of them is."""
    rng = plan.random(3)
    coarse: list[Piece] = []
    for piece in pieces:
        coarse += divide(net, piece, Grain(1_150.0, 850.0, Kind.MAIN, 9.0), rng)
    fine: list[Piece] = []
    for piece in coarse:
        fine += divide(net, piece, Grain(500.0, 370.0, Kind.COLLECTOR, 7.5), rng)
    fine.append(old_town)
    centre = np.asarray([extent(net, piece)[3] for piece in fine])
    size = np.asarray([area(net, piece) for piece in fine])
    urban = urbanity(plan, centre) + plan.random(5).uniform(-0.09, 0.09, len(centre))
    urban[-1] = np.inf
    zone = _assign(plan, centre, size, urban)
    return [
        Neighbourhood(piece, Zone(int(z)), (float(c[0]), float(c[1])), float(a))
        for piece, z, c, a in zip(fine, zone, centre, size, strict=True)
    ]


def settlements(plan: Plan) -> Floats:
    """Return (k, 3): centre on paper and reach of the town and of the villages around it."""
    rng = plan.random(4)
    reach = plan.radius
    towns = [(0.0, 0.0, 0.82 * reach)]
    wanted = 1 + round(plan.parcels / 9_000)
    while len(towns) < 1 + min(wanted, 60):
        turn, far = rng.uniform(0, 2 * np.pi), rng.uniform(0.72, 0.92)
        towns.append(
            (
                far * plan.half_width * np.cos(turn),
                far * plan.half_height * np.sin(turn),
                rng.uniform(0.10, 0.2) * reach,
            )
        )
    return np.asarray(towns)


def urbanity(plan: Plan, centre: Floats) -> Floats:
    """Return for places on paper (n, 2) how close to a centre they are: 1 there, 0 at its edge."""
    score = np.full(len(centre), -np.inf)
    for x, y, reach in settlements(plan):
        distance = np.hypot(centre[:, 0] - x, centre[:, 1] - y)
        score = np.maximum(score, 1 - distance / reach)
    return score


def railway(plan: Plan) -> Cut:
    """Return the line of the railway: south of the old town, across every ring at a wide angle."""
    return Cut((0.0, -0.52 * plan.rings[0]), (float(np.cos(0.02)), float(np.sin(0.02))), 0.0, 0.0)


def river(plan: Plan) -> Cut:
    """Return the line of the river: in the east, outside the last ring."""
    east = max(0.76 * plan.half_width, 1.16 * plan.rings[-1])
    return Cut((east, 0.0), (float(np.sin(0.02)), float(np.cos(0.02))), 0.0, 0.0)


def _distance(line: Cut, point: Floats) -> Floats:
    (px, py), (hx, hy) = line.point, line.heading
    return np.asarray(np.abs((point[:, 1] - py) * hx - (point[:, 0] - px) * hy))


def _assign(plan: Plan, centre: Floats, size: Floats, urban: Floats) -> NDArray[np.int64]:
    rng = plan.random(6)
    n = len(centre)
    order = np.argsort(-urban, kind="stable")
    zone = np.full(n, Zone.FIELD, dtype=np.int64)
    rank = np.empty(n)
    rank[order] = np.cumsum(size[order]) / size.sum()

    inner = rank < 0.5
    near_rail = _distance(railway(plan), centre) < 330.0
    near_river = _distance(river(plan), centre) < 300.0
    special = np.zeros(n, dtype=bool)
    special[-1] = True

    def take(kind: Zone, wish: NDArray[np.bool_], ground: float) -> None:
        """Give ``kind`` to wished places in random order until it has its ground."""
        for i in rng.permutation(np.flatnonzero(wish & ~special)):
            if ground <= 0:
                return
            zone[i], special[i] = kind, True
            ground -= size[i]

    _bury(plan, size, rank, zone, special)
    total = float(size.sum())
    take(Zone.PARK, (rank > 0.08) & (rank < 0.4) & (size < 1.7e5), 0.025 * total)
    take(Zone.INDUSTRY, near_rail & (rank > 0.12) & (rank < 0.62), 0.07 * total)
    take(Zone.FOREST, near_river & ~inner, 0.05 * total)
    take(Zone.ALLOTMENTS, (rank > 0.3) & (rank < 0.62), 0.018 * total)
    take(Zone.FOREST, rank > 0.7, 0.04 * total)
    zone[-1] = Zone.OLD_TOWN
    _build_up(plan, size, order, rank, (zone, special))
    return zone


def _bury(
    plan: Plan,
    size: Floats,
    rank: Floats,
    zone: NDArray[np.int64],
    special: NDArray[np.bool_],
) -> None:
    """Choose exactly two cemeteries: of fitting size, half way out."""
    wanted = float(np.clip(plan.parcels * 8.0, 2.5e4, 1.6e5))
    misfit = np.abs(np.log(size / wanted)) + 2.5 * np.abs(rank - 0.33)
    misfit[special] = np.inf
    for i in np.argsort(misfit, kind="stable")[:2]:
        zone[i], special[i] = Zone.CEMETERY, True


def _build_up(
    plan: Plan,
    size: Floats,
    order: NDArray[np.intp],
    rank: Floats,
    state: tuple[NDArray[np.int64], NDArray[np.bool_]],
) -> None:
    """Cover the ground with houses from the centre outwards until the parcels are used up."""
    zone, special = state
    rng = plan.random(7)
    yield_ha = np.asarray([PARCELS_PER_HA.get(Zone(z), 0.0) for z in range(len(Zone))])
    have = float(np.sum(yield_ha[zone] * size) / 1e4)
    for i in order:
        if special[i]:
            continue
        outer = Zone.ROWS if rng.uniform() < 0.16 else Zone.HOUSES
        kind = Zone.CENTRE if rank[i] < 0.1 else outer
        gain = (PARCELS_PER_HA[kind] - PARCELS_PER_HA[Zone.FIELD]) * size[i] / 1e4
        if have + gain > plan.built:
            return
        zone[i] = kind
        have += gain
