"""How big the city is, where it lies, and the smooth bend that takes it off the drawing board."""

from dataclasses import dataclass, field

import numpy as np

from data.city.shapes import Floats

CENTRE = (331_000.0, 5_690_000.0)
"""Easting and northing of the market place, EPSG:25832."""

WINDOW = (320_000.0, 5_680_000.0, 342_000.0, 5_700_000.0)
"""Krefeld's window of plausible coordinates; a city of a million parcels leaves it."""

GROUND_PER_PARCEL_M2 = 1_480.0


@dataclass(frozen=True)
class Plan:
    """The frame of one city.

    Coordinates on paper are metres east and north of the market place, before bending.
    Everything is drawn on paper with straight lines and then bent, so that roads curve
    gently and nothing is drawn twice.
    """

    parcels: int
    seed: int
    built: float  # yield of parcels at which the houses stop
    half_width: float
    half_height: float
    bend: Floats = field(repr=False)  # (k, 5): amplitude x, amplitude y, wave x, wave y, phase

    @property
    def radius(self) -> float:
        """Half of the mean diameter, metre."""
        return float(np.sqrt(self.half_width * self.half_height))

    @property
    def rings(self) -> tuple[float, ...]:
        """Radii of the ring roads, metre."""
        radii = [min(0.56 * self.radius, 900.0)]
        while 2.1 * radii[-1] < 0.82 * self.radius:
            radii.append(2.1 * radii[-1])
        return tuple(radii)

    @property
    def fits_window(self) -> bool:
        """Whether the whole city lies inside the window of plausible coordinates."""
        reach_x, reach_y = self.half_width + 250.0, self.half_height + 250.0
        return (
            CENTRE[0] - reach_x > WINDOW[0]
            and CENTRE[0] + reach_x < WINDOW[2]
            and CENTRE[1] - reach_y > WINDOW[1]
            and CENTRE[1] + reach_y < WINDOW[3]
        )

    def random(self, *subject: int) -> np.random.Generator:
        """Return a generator of its own for one subject, so that subjects do not disturb others."""
        return np.random.default_rng([self.seed, *subject])

    def on_ground(self, paper: Floats) -> Floats:
        """Bend points (n, 2) from paper to EPSG:25832, rounded to a millimetre."""
        ground = paper + np.asarray(CENTRE)
        for ax, ay, wx, wy, phase in self.bend:
            angle = paper[:, 0] * wx + paper[:, 1] * wy + phase
            ground[:, 0] += ax * np.sin(angle)
            ground[:, 1] += ay * np.cos(angle)
        return np.asarray(np.round(ground, 3))


def make_plan(parcels: int, seed: int, built: float = 1.0) -> Plan:
    """Choose the size of the city from the number of parcels it has to hold.

    ``built`` moves the edge of the houses; the caller tries again with another one
    where too few or too many parcels are left for the fields.
    """
    rng = np.random.default_rng([seed, 1])
    ground = parcels * GROUND_PER_PARCEL_M2
    # 3.66 is the area of the superellipse of exponent 3.2 over its half axes.
    base = float(np.sqrt(ground / 3.66))
    waves = []
    for length, amplitude in ((3_600.0, 95.0), (2_100.0, 46.0), (1_250.0, 21.0), (640.0, 7.0)):
        for turn in (0.0, np.pi / 2):
            heading = rng.uniform(0, np.pi / 2) + turn
            wave = 2 * np.pi / (length * rng.uniform(0.85, 1.15))
            lean = rng.uniform(0.6, 1.4)
            waves.append(
                (
                    amplitude * lean,
                    amplitude * (2 - lean),
                    wave * np.cos(heading),
                    wave * np.sin(heading),
                    rng.uniform(0, 2 * np.pi),
                )
            )
    return Plan(parcels, seed, parcels * built, base * 1.06, base / 1.06, np.asarray(waves))
