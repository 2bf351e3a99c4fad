"""GML geometry: arcs against the circle they stand for, rings, parts, axis order."""

import math
from itertools import pairwise

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from layers.formats.arcs import arc_through, circle_around, circle_through
from layers.formats.gml_geometry import GmlGeometryError, Reading, read_geometry
from layers.formats.srs_name import read_srs_name

GML = 'xmlns="http://www.opengis.net/gml/3.2" xmlns:xlink="http://www.w3.org/1999/xlink"'

radii = st.floats(0.05, 5_000)
angles = st.floats(-math.pi, math.pi)
sweeps = st.floats(0.01, math.tau - 0.01)
tolerances = st.sampled_from([0.001, 0.01, 0.5])
eastings, northings = st.floats(3e5, 8e5), st.floats(5.2e6, 6.1e6)


def on(centre, radius, angle):
    return centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle)


def read(body, **reading):
    return read_geometry(etree.fromstring(body.replace(">", f" {GML}>", 1)), Reading(**reading))


def ring(*members):
    return "".join(
        f"<curveMember><Curve><segments>{member}</segments></Curve></curveMember>"
        for member in members
    )


def line(text):
    return f"<LineStringSegment><posList>{text}</posList></LineStringSegment>"


def polygon(text, inner=""):
    holes = f"<interior><LinearRing><posList>{inner}</posList></LinearRing></interior>"
    return (
        f"<Polygon><exterior><LinearRing><posList>{text}</posList></LinearRing></exterior>"
        f"{holes if inner else ''}</Polygon>"
    )


SQUARE = "0 0 10 0 10 10 0 10 0 0"


@given(eastings, northings, radii, angles, sweeps, st.booleans(), tolerances)
def test_every_chord_stays_within_the_tolerance(x, y, radius, begin, sweep, left, tolerance):
    turn = 1 if left else -1
    start, middle, end = (
        on((x, y), radius, begin + turn * sweep * part) for part in (0.0, 0.4, 1.0)
    )
    chain = arc_through(start, middle, end, tolerance)
    assert chain[0] == start
    assert chain[-1] == end
    assert middle in chain
    # the analytic truth: vertices on the circle, chord middles no deeper than the sagitta
    noise = 1e-7 + 1e-9 * radius / min(sweep, 1) ** 2
    for vertex in chain:
        assert math.dist(vertex, (x, y)) == pytest.approx(radius, abs=noise)
    for one, other in pairwise(chain):
        half = ((one[0] + other[0]) / 2, (one[1] + other[1]) / 2)
        assert radius - math.dist(half, (x, y)) <= tolerance + noise
    length = sum(math.dist(a, b) for a, b in pairwise(chain))
    assert length <= radius * sweep * (1 + 1e-6) + noise * len(chain)


@given(eastings, northings, radii, angles, sweeps)
def test_an_arc_has_the_same_vertices_from_either_side(x, y, radius, begin, sweep):
    points = [on((x, y), radius, begin + sweep * part) for part in (0.0, 0.5, 1.0)]
    there, back = arc_through(*points, 0.001), arc_through(*points[::-1], 0.001)
    assert there == back[::-1]


@given(radii, tolerances)
def test_a_full_circle_has_the_circle_s_area(radius, tolerance):
    around = shapely.Polygon(circle_around((0, 0), radius, tolerance))
    through = shapely.Polygon(circle_through((radius, 0), (0, radius), (-radius, 0), tolerance))
    closed_arc = shapely.Polygon(arc_through((radius, 0), (-radius, 0), (radius, 0), tolerance))
    for circle in (around, through, closed_arc):
        lost = math.pi * radius**2 - circle.area
        assert -1e-9 * radius**2 <= lost <= math.tau * radius * tolerance + 1e-9
        assert circle.is_valid


def test_three_points_on_a_line_stay_a_line():
    assert arc_through((0, 0), (1, 1), (2, 2), 0.001) == [(0, 0), (1, 1), (2, 2)]


def test_a_ring_of_lines_and_arcs_is_a_half_disc():
    half = ring(
        line("-2 0 2 0"),
        "<Arc><posList>2 0 0 2 -2 0</posList></Arc>",
    )
    shape = read(
        f"<Surface><patches><PolygonPatch><exterior><Ring>{half}</Ring></exterior>"
        "</PolygonPatch></patches></Surface>"
    )
    assert shape.geom_type == "Polygon"
    assert shape.area == pytest.approx(2 * math.pi, abs=0.006)


def test_an_arc_string_is_its_arcs():
    waves = read("<Curve><segments><ArcString><posList>0 0 1 1 2 0 3 -1 4 0</posList>"
                 "</ArcString></segments></Curve>")  # fmt: skip
    assert waves.length == pytest.approx(2 * math.pi, abs=0.01)


@pytest.mark.parametrize(
    ("segment", "area"),
    [
        pytest.param("<Circle><posList>2 0 0 2 -2 0</posList></Circle>", 4, id="circle"),
        pytest.param(
            "<CircleByCenterPoint numArc='1'><pos>5 5</pos><radius uom='m'>3</radius>"
            "</CircleByCenterPoint>",
            9,
            id="by-centre",
        ),
    ],
)
def test_circles_are_surfaces(segment, area):
    shape = read(
        "<Surface><patches><PolygonPatch><exterior><Ring>"
        f"{ring(segment)}</Ring></exterior></PolygonPatch></patches></Surface>"
    )
    assert shape.area / math.pi == pytest.approx(area, abs=0.01)


def test_pieces_that_run_the_wrong_way_are_turned():
    pieces = ring(line("0 0 10 0"), line("10 10 10 0"), line("10 10 0 10"), line("0 0 0 10"))
    shape = read(f"<Polygon><exterior><Ring>{pieces}</Ring></exterior></Polygon>")
    assert shape.equals(shapely.box(0, 0, 10, 10))


def test_holes_and_parts_are_kept():
    one = polygon(SQUARE, inner="2 2 4 2 4 4 2 2")
    two = polygon("20 0 30 0 30 10 20 0")
    shape = read(
        f"<MultiSurface><surfaceMember>{one}</surfaceMember>"
        f"<surfaceMember>{two}</surfaceMember></MultiSurface>"
    )
    assert [len(part.interiors) for part in shape.geoms] == [1, 0]
    assert shape.area == 100 - 2 + 50


def test_patches_of_one_surface_are_one_area():
    patches = [
        f"<PolygonPatch><exterior><LinearRing><posList>{text}</posList></LinearRing></exterior>"
        "</PolygonPatch>"
        for text in (SQUARE, "10 0 20 0 20 10 10 10 10 0")
    ]
    shape = read(f"<Surface><patches>{''.join(patches)}</patches></Surface>")
    assert shape.equals(shapely.box(0, 0, 20, 10))


@pytest.mark.parametrize(
    ("body", "wkt"),
    [
        pytest.param("<Point><pos>1 2</pos></Point>", "POINT (1 2)", id="point"),
        pytest.param(
            "<Point srsDimension='3'><pos>1 2 3</pos></Point>", "POINT (1 2)", id="height-dropped"
        ),
        pytest.param(
            "<MultiPoint><pointMember><Point><pos>1 2</pos></Point></pointMember></MultiPoint>",
            "MULTIPOINT (1 2)",
            id="points",
        ),
        pytest.param(
            "<LineString><coordinates>1,2 3,4</coordinates></LineString>",
            "LINESTRING (1 2, 3 4)",
            id="gml2",
        ),
        pytest.param(
            "<LineString><pos>1 2</pos><pos>3 4</pos></LineString>",
            "LINESTRING (1 2, 3 4)",
            id="single-positions",
        ),
        pytest.param(
            f"<CompositeCurve>{ring(line('0 0 1 1'), line('1 1 2 0'))}</CompositeCurve>",
            "LINESTRING (0 0, 1 1, 2 0)",
            id="composite",
        ),
        pytest.param(
            "<MultiCurve><curveMember><OrientableCurve orientation='-'><baseCurve><LineString>"
            "<posList>1 2 3 4</posList></LineString></baseCurve></OrientableCurve></curveMember>"
            "</MultiCurve>",
            "MULTILINESTRING ((3 4, 1 2))",
            id="orientable",
        ),
        pytest.param(
            "<Polygon><outerBoundaryIs><LinearRing><coordinates>0,0 1,0 1,1 0,0</coordinates>"
            "</LinearRing></outerBoundaryIs></Polygon>",
            "POLYGON ((0 0, 1 0, 1 1, 0 0))",
            id="gml2-polygon",
        ),
    ],
)
def test_other_geometries(body, wkt):
    assert read(body) == shapely.from_wkt(wkt)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param(polygon("0 0 1 0 1 1 0 1"), "open by 1", id="open-ring"),
        pytest.param(polygon("0 0 1 0 0 0"), "3 positions", id="short-ring"),
        pytest.param(polygon("0 0 1 0 1"), "5 numbers", id="odd-numbers"),
        pytest.param(polygon("0 0 1 0 NaN 1 0 0"), "no finite number", id="nan"),
        pytest.param(polygon("0 0 1 0 x 1 0 0"), "'x'", id="letters"),
        pytest.param("<Polygon></Polygon>", "without outer boundary", id="no-shell"),
        pytest.param(
            "<Curve><segments><CubicSpline><posList>0 0 1 1</posList></CubicSpline></segments>"
            "</Curve>",
            "CubicSpline",
            id="spline",
        ),
        pytest.param(
            "<MultiSurface><surfaceMember xlink:href='#x'/></MultiSurface>",
            "by reference",
            id="reference",
        ),
        pytest.param(
            "<Polygon><exterior><Ring>"
            f"{ring(line('0 0 1 0'), line('5 5 9 9'))}</Ring></exterior></Polygon>",
            "a gap of",
            id="gap",
        ),
    ],
)
def test_what_is_no_geometry_says_what_was_found(body, says):
    with pytest.raises(GmlGeometryError, match=says):
        read(body)


@pytest.mark.parametrize(
    ("name", "position", "definition", "northing_first"),
    [
        ("urn:adv:crs:ETRS89_UTM32", (330000.0, 5690000.0), "EPSG:25832", False),
        ("urn:adv:crs:DE_DHDN_3GK2", (2533000.0, 5688000.0), "EPSG:31466", False),
        ("urn:ogc:def:crs:EPSG::25832", (330000.0, 5690000.0), "EPSG:25832", False),
        ("urn:ogc:def:crs:EPSG::4258", (51.3, 6.5), "EPSG:4258", True),
        ("EPSG:4258", (6.5, 51.3), "EPSG:4258", False),
        ("http://www.opengis.net/def/crs/EPSG/0/31466", (5688000.0, 2533000.0), "EPSG:31466", True),
        # the name promises one order, the numbers allow only the other
        ("urn:ogc:def:crs:EPSG::31466", (2533000.0, 5688000.0), "EPSG:31466", False),
        ("urn:ogc:def:crs:EPSG::4258", (6.5, 51.3), "EPSG:4258", False),
        ("urn:ogc:def:crs:EPSG::102329", (5704932.7, 32363000.3), "ESRI:102329", True),
        ("urn:ogc:def:crs:EPSG::9999999", (1.0, 2.0), None, False),
    ],
)
def test_axis_order_by_name_unless_impossible(name, position, definition, northing_first):
    srs = read_srs_name(name)
    assert srs.definition == definition
    assert srs.comes_northing_first(*position) is northing_first
