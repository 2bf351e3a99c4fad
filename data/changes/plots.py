"""The parcels of a city's own NAS file that are simple enough to be changed."""

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import shapely

_OID = re.compile(r'gml:id="(DENWSYNF\d{8})"')
_BEGUN = re.compile(r"<beginnt>([^<]*)</beginnt>")
_KEY = re.compile(r"<flurstueckskennzeichen>([^<]*)<")
_AREA = re.compile(r"<amtlicheFlaeche[^>]*>(\d+)<")
_RING = re.compile(r"<gml:posList>([^<]*)</gml:posList>")
_PLACE = re.compile(r"<position>.*</position>")
_NUMBER = re.compile(r"<zaehler>\d+</zaehler>(<nenner>\d+</nenner>)?")
_POINT = re.compile(r"(<objektkoordinaten>.*<gml:pos>)[^<]*(</gml:pos>)")
_LEAST_M2, _MOST_M2 = 150.0, 20_000.0


@dataclass(frozen=True)
class Plot:
    """One parcel as an object: the element that states it, and what is changed of it.

    Attributes
    ----------
    text
        The whole element ``AX_Flurstueck``.
    shape
        A polygon without holes and arcs; metre, coordinates in whole millimetres.
    area_m2
        Official area.
    """

    text: str
    oid: str
    begun: str
    key: str
    area_m2: int
    shape: shapely.Polygon

    @property
    def section(self) -> str:
        """District and section: the nine characters before the number."""
        return self.key[:9]

    @property
    def number(self) -> tuple[int, int]:
        """Numerator and denominator; 0 for none."""
        return int(self.key[9:14]), int(self.key[14:18].replace("_", "0"))

    @property
    def version(self) -> str:
        """The 32 characters that name this version of the object."""
        return self.oid + re.sub(r"[-:]", "", self.begun)

    def begin(self, when: str) -> "Plot":
        """Return the version that follows at a moment."""
        text = _BEGUN.sub(f"<beginnt>{when}</beginnt>", self.text, count=1)
        return replace(self, text=text, begun=when)

    def reshaped(self, shape: shapely.Polygon, area_m2: int) -> "Plot":
        """Return the parcel with another geometry and official area."""
        spot = shape.point_on_surface()
        text = _PLACE.sub(f"<position>{_surface(self.oid, shape)}</position>", self.text)
        text = _POINT.sub(rf"\g<1>{spot.x:.3f} {spot.y:.3f}\g<2>", text)
        text = _AREA.sub(f'<amtlicheFlaeche uom="urn:adv:uom:m2">{area_m2}<', text)
        return replace(self, text=text, shape=shape, area_m2=area_m2)

    def numbered(self, oid: str, numerator: int, denominator: int) -> "Plot":
        """Return a new object with a number of its own in the same section."""
        below = f"{denominator:04d}" if denominator else "____"
        key = f"{self.section}{numerator:05d}{below}__"
        stated = f"<zaehler>{numerator}</zaehler>"
        stated += f"<nenner>{denominator}</nenner>" if denominator else ""
        text = _KEY.sub(f"<flurstueckskennzeichen>{key}<", self.text)
        text = _NUMBER.sub(stated, text, count=1).replace(self.oid, oid)
        return replace(self, text=text, oid=oid, key=key)


@dataclass
class Numbers:
    """Numbers and object ids that are used up; a number once used is not used again."""

    numerator: dict[str, int]
    denominator: dict[tuple[str, int], int]
    object: int

    def next_numerator(self, section: str) -> int:
        """Return the next free parcel number of a section."""
        self.numerator[section] += 1
        return self.numerator[section]

    def next_denominator(self, section: str, numerator: int) -> int:
        """Return the next free sub-number of a parcel number."""
        self.denominator[section, numerator] = self.denominator.get((section, numerator), 0) + 1
        return self.denominator[section, numerator]

    def next_object(self) -> str:
        """Return the next free object id."""
        self.object += 1
        return f"DENWSYNF{self.object:08d}"


def read_plots(file: Path) -> tuple[list[Plot], Numbers]:
    """Return the simple parcels of a city's NAS file, and the numbers that are taken."""
    plots: list[Plot] = []
    numbers = Numbers(defaultdict(int), {}, 0)
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            if not line.startswith("<AX_Flurstueck "):
                continue
            key, oid = _first(_KEY, line), _first(_OID, line)
            numerator, denominator = int(key[9:14]), int(key[14:18].replace("_", "0"))
            section = key[:9]
            # One number more than is seen: the last one may have been merged away.
            numbers.numerator[section] = max(numbers.numerator[section], numerator + 2)
            taken = numbers.denominator.get((section, numerator), 0)
            numbers.denominator[section, numerator] = max(taken, denominator)
            numbers.object = max(numbers.object, int(oid[8:]))
            shape = _simple_shape(line)
            if shape is not None:
                begun, area = _first(_BEGUN, line), int(_first(_AREA, line))
                plots.append(Plot(line.strip(), oid, begun, key, area, shape))
    return plots, numbers


def _first(pattern: re.Pattern[str], line: str) -> str:
    found = pattern.search(line)
    if found is None:
        raise ValueError(f"no {pattern.pattern} in {line[:200]}: is it a city's own file?")
    return found[1]


def _simple_shape(line: str) -> shapely.Polygon | None:
    rings = _RING.findall(line)
    if len(rings) != 1 or "<gml:Arc>" in line or "<gml:interior>" in line:
        return None
    shape = shapely.Polygon(np.array(rings[0].split(), dtype=float).reshape(-1, 2))
    return shape if shape.is_valid and _LEAST_M2 < shape.area < _MOST_M2 else None


def _surface(oid: str, shape: shapely.Polygon) -> str:
    spots = " ".join(f"{x:.3f} {y:.3f}" for x, y in shape.exterior.coords)
    return (
        f'<gml:Surface gml:id="{oid}_S1" srsName="urn:adv:crs:ETRS89_UTM32"><gml:patches>'
        "<gml:PolygonPatch><gml:exterior><gml:Ring><gml:curveMember><gml:Curve><gml:segments>"
        f"<gml:LineStringSegment><gml:posList>{spots}</gml:posList></gml:LineStringSegment>"
        "</gml:segments></gml:Curve></gml:curveMember></gml:Ring></gml:exterior>"
        "</gml:PolygonPatch></gml:patches></gml:Surface>"
    )
