"""House numbers: odd on the left, even on the right, rising along the street."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from data.city.blocks import Edges
from data.city.lots import Lot
from data.city.parcels import Lots
from data.city.plan import Plan
from data.city.shapes import Ints
from data.city.streets import Network


@dataclass(frozen=True)
class Addresses:
    """Street and house number per lot; street -1 and an empty number where there is none."""

    street: Ints
    number: NDArray[np.object_]


def number_houses(
    net: Network, plan: Plan, edges: Edges, lots: Lots, built: NDArray[np.bool_]
) -> Addresses:
    """Give house numbers to the lots on which something can be built, along their streets."""
    rng = plan.random(13)
    way_street = np.asarray([w.street for w in net.ways])
    street = way_street[edges.way[lots.edge]]
    number = np.full(len(street), "", dtype=object)
    first = np.flatnonzero(built & (lots.lot != Lot.REAR) & (lots.lot != Lot.ACCESS))
    middle = lots.quad[first, :2].mean(axis=1)
    lines = np.asarray(shapely.linestrings(np.concatenate(edges.line), indices=_section(edges)))
    along = shapely.line_locate_point(lines[lots.edge[first]], shapely.points(middle))
    chain = _chainage(net, edges)[lots.edge[first]] + along
    start = np.asarray([line[0] for line in edges.line])[lots.edge[first]]
    end = np.asarray([line[-1] for line in edges.line])[lots.edge[first]]
    heading, off = end - start, middle - start
    right = (heading[:, 0] * off[:, 1] - heading[:, 1] * off[:, 0]) < 0
    order = np.lexsort((chain, right, street[first]))
    count, last = 0, (-1, False)
    skip = rng.uniform(size=len(order)) < 0.07
    for k, i in enumerate(order):
        here = (int(street[first[i]]), bool(right[i]))
        count = 0 if here != last else count + 1 + int(skip[k])
        last = here
        number[first[i]] = str(2 * count + 1 + int(here[1]))
    # A rear lot follows its front lot and its strip, and takes the front lot's number with an a.
    for i in np.flatnonzero(built & (lots.lot == Lot.REAR)):
        number[i] = f"{number[i - 2]} a"
    return Addresses(np.where(number == "", -1, street), number)


def _section(edges: Edges) -> Ints:
    return np.repeat(np.arange(len(edges.line)), [len(line) for line in edges.line])


def _chainage(net: Network, edges: Edges) -> NDArray[np.float64]:
    """Return how far from the beginning of its street every section starts, metre."""
    before = np.zeros(len(net.ways))
    reach: dict[int, float] = {}
    for number, way in enumerate(net.ways):
        before[number] = reach.get(way.street, 0.0)
        reach[way.street] = before[number] + way.length
    out = np.zeros(len(edges.way))
    done: dict[int, float] = {}
    for i, way_number in enumerate(edges.way.tolist()):
        out[i] = before[way_number] + done.get(way_number, 0.0)
        xy = edges.line[i]
        done[way_number] = done.get(way_number, 0.0) + float(np.hypot(*np.diff(xy, axis=0).T).sum())
    return out
