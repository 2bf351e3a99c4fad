"""GML geometry as shapely geometry: surfaces, curves with arcs, points."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import shapely
from lxml.etree import _Element as Element
from shapely.geometry.base import BaseGeometry

from layers.formats.arcs import Point, arc_through, circle_around, circle_through
from layers.formats.xml import local_name

SAGITTA_M: Final = 0.001  # how far a chord may lie from the arc it stands for
GAP_M: Final = 0.001  # pieces of a ring that end this near each other meet
_MM_IN_DEGREES: Final = 1e-8  # one millimetre on the ground, about


class GmlGeometryError(ValueError):
    """A geometry element that cannot be turned into a geometry: what was found, what is needed."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(f"found {found}, expected {expected}")
        self.found = found
        self.expected = expected


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read coordinates.

    Attributes
    ----------
    northing_first
        The document writes northing (latitude) before easting (longitude).
    dimension
        Numbers per position where the element itself does not say; a height is dropped.
    tolerance
        Largest distance between a chord and its arc, in the unit of the coordinates.
    gap
        Pieces of a ring that end no farther apart than this meet; same unit.
    """

    northing_first: bool = False
    dimension: int = 2
    tolerance: float = SAGITTA_M
    gap: float = GAP_M

    @classmethod
    def degrees(cls, *, northing_first: bool, dimension: int = 2) -> "Reading":
        """Return a reading for coordinates in degrees, with tolerances to match."""
        return cls(northing_first, dimension, _MM_IN_DEGREES, _MM_IN_DEGREES)


def is_geometry(element: Element) -> bool:
    """Tell whether an element is a geometry of GML 2, 3.1 or 3.2."""
    tag = str(element.tag)
    return tag.startswith("{http://www.opengis.net/gml") and local_name(element) in _READERS


def read_geometry(element: Element, reading: Reading = Reading()) -> BaseGeometry:
    """Return the geometry that a GML element describes, x (easting, longitude) first.

    Parameters
    ----------
    element
        A geometry element; see :func:`is_geometry`.
    reading
        Axis order, dimension and arc tolerance.

    Returns
    -------
    shapely geometry
        Of the kind stated: a ``MultiSurface`` is a MultiPolygon even with one
        part. Two-dimensional. Validity is not checked here.

    Raises
    ------
    GmlGeometryError
        An interpolation other than straight or circular, geometry by reference,
        numbers missing or not finite, a ring that does not close.
    """
    name = local_name(element)
    reader = _READERS.get(name)
    if reader is None:
        raise GmlGeometryError(name, "a surface, curve or point")
    return reader(element, _with_dimension(element, reading))


def first_position(element: Element) -> tuple[float, float] | None:
    """Return the first two numbers of a geometry in the order in which they stand."""
    for part in element.iter("{*}posList", "{*}pos", "{*}coordinates"):
        numbers = (part.text or "").replace(",", " ").split(maxsplit=2)[:2]
        try:
            first, second = map(float, numbers)
        except ValueError:
            return None
        return first, second
    return None


def _with_dimension(element: Element, reading: Reading) -> Reading:
    stated = element.get("srsDimension") or element.get("dimension")
    if stated is None or not stated.isdigit() or int(stated) == reading.dimension:
        return reading
    return replace(reading, dimension=int(stated))


# -- positions -------------------------------------------------------------------------


def _positions(element: Element, reading: Reading) -> list[Point]:
    """Return the positions that stand directly in a ring, segment, line or point."""
    points: list[Point] = []
    for child in element:
        name = local_name(child)
        if name in {"posList", "pos"}:
            points += _numbers(child, _with_dimension(child, reading))
        elif name == "coordinates":
            points += _gml2_numbers(child, reading)
        elif name in {"pointProperty", "pointRep"}:
            for point in child:
                points += _positions(point, _with_dimension(point, reading))
    if not points:
        raise GmlGeometryError(f"{local_name(element)} without coordinates", "posList or pos")
    return points


def _numbers(element: Element, reading: Reading) -> list[Point]:
    try:
        numbers = list(map(float, (element.text or "").split()))
    except ValueError as error:
        raise GmlGeometryError(str(error), "numbers") from error
    return _pairs(numbers, reading)


def _pairs(numbers: list[float], reading: Reading) -> list[Point]:
    step = reading.dimension
    if len(numbers) % step or step < 2:
        raise GmlGeometryError(f"{len(numbers)} numbers", f"a multiple of {step}")
    if not math.isfinite(math.fsum(numbers)):
        raise GmlGeometryError("a coordinate that is no finite number", "finite coordinates")
    first, second = numbers[::step], numbers[1::step]
    return list(
        zip(second, first, strict=True)
        if reading.northing_first
        else zip(first, second, strict=True)
    )


def _gml2_numbers(element: Element, reading: Reading) -> list[Point]:
    decimal, within, between = (
        element.get(key) or usual for key, usual in (("decimal", "."), ("cs", ","), ("ts", " "))
    )
    tuples = [t for t in (element.text or "").replace("\n", " ").split(between) if t.strip()]
    try:
        rows = [[float(n.replace(decimal, ".")) for n in t.split(within)] for t in tuples]
    except ValueError as error:
        raise GmlGeometryError(str(error), "numbers") from error
    numbers = [n for row in rows for n in row[:2]]
    return _pairs(numbers, replace(reading, dimension=2))


# -- curves ----------------------------------------------------------------------------


def _segment(element: Element, reading: Reading) -> list[Point]:
    """Return a curve segment as vertices."""
    name = local_name(element)
    if name in {"LineStringSegment", "GeodesicString", "Geodesic"}:
        return _positions(element, reading)
    points = _positions(element, reading)
    if name == "CircleByCenterPoint":
        return circle_around(points[0], _radius(element), reading.tolerance)
    if name == "Circle" and len(points) == 3:
        return circle_through(points[0], points[1], points[2], reading.tolerance)
    if name in {"Arc", "ArcString"} and len(points) >= 3 and len(points) % 2:
        vertices = points[:1]
        for i in range(0, len(points) - 2, 2):
            arc = arc_through(points[i], points[i + 1], points[i + 2], reading.tolerance)
            vertices += arc[1:]
        return vertices
    raise GmlGeometryError(f"{name} with {len(points)} positions", "straight or circular segments")


def _radius(element: Element) -> float:
    for child in element:
        if local_name(child) == "radius":
            try:
                radius = float(child.text or "")
            except ValueError as error:
                raise GmlGeometryError(str(error), "a radius") from error
            if math.isfinite(radius) and radius > 0:
                return radius
    raise GmlGeometryError("a circle without a radius", "a positive radius")


def _curve_points(element: Element, reading: Reading) -> list[Point]:
    """Return any single curve as vertices."""
    name = local_name(element)
    reading = _with_dimension(element, reading)
    if name in {"LineString", "LinearRing"}:
        return _positions(element, reading)
    if name == "Curve":
        pieces = [_segment(s, reading) for part in element for s in part]
        return _joined(pieces, reading)
    if name in {"CompositeCurve", "Ring"}:
        return _joined([_curve_points(c, reading) for c in _members(element)], reading)
    if name == "OrientableCurve":
        points = [p for c in _members(element) for p in _curve_points(c, reading)]
        return points[::-1] if element.get("orientation") == "-" else points
    raise GmlGeometryError(name, "a curve")


def _joined(pieces: list[list[Point]], reading: Reading) -> list[Point]:
    """Return the pieces as one chain; one that runs the wrong way is turned round."""
    if not pieces:
        raise GmlGeometryError("a curve without segments", "at least one segment")
    gap = reading.gap
    chain = list(pieces[0])
    if (
        len(pieces) > 1
        and not _meets(chain[-1], pieces[1], gap)
        and _meets(chain[0], pieces[1], gap)
    ):
        chain.reverse()
    for piece in pieces[1:]:
        if chain[-1] == piece[0]:
            chain += piece[1:]
        elif math.dist(chain[-1], piece[0]) <= gap:
            chain += piece
        elif math.dist(chain[-1], piece[-1]) <= gap:
            chain += piece[-2::-1]
        else:
            width = math.dist(chain[-1], piece[0])
            raise GmlGeometryError(f"a gap of {width:.3f} between two pieces", "pieces that meet")
    return chain


def _meets(point: Point, piece: list[Point], gap: float) -> bool:
    return math.dist(point, piece[0]) <= gap or math.dist(point, piece[-1]) <= gap


# -- surfaces --------------------------------------------------------------------------


def _ring(holder: Element, reading: Reading) -> list[Point]:
    """Return the closed ring in an exterior or interior element."""
    rings = list(holder)
    if len(rings) != 1:
        raise GmlGeometryError(f"{local_name(holder)} with {len(rings)} rings", "one ring")
    points = _curve_points(rings[0], reading)
    gap = math.dist(points[0], points[-1])
    if gap > 0:
        if gap > reading.gap:
            raise GmlGeometryError(f"a ring that stays open by {gap:.3f}", "a closed ring")
        points.append(points[0])
    if len(points) < 4:
        raise GmlGeometryError(f"a ring of {len(points)} positions", "four or more")
    return points


def _polygon(element: Element, reading: Reading) -> shapely.Polygon:
    shell: list[Point] | None = None
    holes = []
    for child in element:
        name = local_name(child)
        if name in {"exterior", "outerBoundaryIs"}:
            shell = _ring(child, reading)
        elif name in {"interior", "innerBoundaryIs"}:
            holes.append(_ring(child, reading))
    if shell is None:
        raise GmlGeometryError("a surface without outer boundary", "an exterior")
    return shapely.Polygon(shell, holes)


def _parts(element: Element, reading: Reading) -> Iterator[shapely.Polygon]:
    """Yield the polygons of any surface, however nested."""
    name = local_name(element)
    reading = _with_dimension(element, reading)
    if name in {"Polygon", "PolygonPatch", "Triangle", "Rectangle"}:
        yield _polygon(element, reading)
    elif name in _SURFACES:
        for child in _members(element):
            yield from _parts(child, reading)
    else:
        raise GmlGeometryError(name, "a surface")


def _surface(element: Element, reading: Reading) -> BaseGeometry:
    """Return one surface; patches that share borders are one area, not many."""
    parts = list(_parts(element, reading))
    if not parts:
        raise GmlGeometryError(f"{local_name(element)} without patches", "at least one patch")
    if len(parts) == 1:
        return parts[0]
    if all(part.is_valid for part in parts):
        return shapely.union_all(parts)
    return shapely.MultiPolygon(parts)


def _multi_surface(element: Element, reading: Reading) -> BaseGeometry:
    polygons: list[shapely.Polygon] = []
    for child in _members(element):
        surface = read_geometry(child, reading)
        polygons += getattr(surface, "geoms", [surface])
    if not polygons:
        raise GmlGeometryError(f"{local_name(element)} without members", "at least one surface")
    return shapely.MultiPolygon(polygons)


# -- the rest --------------------------------------------------------------------------


def _members(element: Element) -> list[Element]:
    """Return the geometries inside surfaceMember, curveMember, patches and the like."""
    members = []
    for holder in element:
        if len(holder) == 0 and any(str(key).endswith("}href") for key in holder.attrib):
            raise GmlGeometryError(f"{local_name(holder)} by reference", "the geometry itself")
        members += list(holder)
    return members


def _line(element: Element, reading: Reading) -> BaseGeometry:
    return shapely.LineString(_curve_points(element, reading))


def _multi_line(element: Element, reading: Reading) -> BaseGeometry:
    return shapely.MultiLineString([_curve_points(c, reading) for c in _members(element)])


def _point(element: Element, reading: Reading) -> BaseGeometry:
    points = _positions(element, reading)
    if len(points) != 1:
        raise GmlGeometryError(f"a point with {len(points)} positions", "one position")
    return shapely.Point(points[0])


def _multi_point(element: Element, reading: Reading) -> BaseGeometry:
    return shapely.MultiPoint([_positions(p, reading)[0] for p in _members(element)])


def _collection(element: Element, reading: Reading) -> BaseGeometry:
    return shapely.GeometryCollection([read_geometry(c, reading) for c in _members(element)])


_SURFACES: Final = frozenset(
    {
        "Surface",
        "PolyhedralSurface",
        "TriangulatedSurface",
        "Tin",
        "CompositeSurface",
        "OrientableSurface",
        "MultiSurface",
        "MultiPolygon",
    }
)
_READERS: Final[dict[str, Callable[[Element, Reading], BaseGeometry]]] = {
    "Point": _point,
    "MultiPoint": _multi_point,
    "LineString": _line,
    "Curve": _line,
    "CompositeCurve": _line,
    "OrientableCurve": _line,
    "MultiCurve": _multi_line,
    "MultiLineString": _multi_line,
    "Polygon": _polygon,
    "Surface": _surface,
    "PolyhedralSurface": _surface,
    "TriangulatedSurface": _surface,
    "Tin": _surface,
    "CompositeSurface": _surface,
    "OrientableSurface": _surface,
    "MultiSurface": _multi_surface,
    "MultiPolygon": _multi_surface,
    "MultiGeometry": _collection,
}
