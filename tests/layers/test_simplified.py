"""The simplified schema and its dialects; any other WFS answer; the packed list of uses."""

import io

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis_core.faults import Outcome
from layers.alkis.simplified import normalise
from layers.alkis.source import translate
from layers.errors import SourceFileError
from layers.formats.gml import read_gml
from layers.formats.xml import sniff_xml
from layers.municipality import load_municipality
from layers.source import SourceTable
from layers.uses import stated_uses

AVE = "http://repository.gdi-de.org/schemas/adv/produkt/alkis-vereinfacht/2.0"
KEY = "05304901200123______"


def answer(*features, wrapper="wfs:member", about=""):
    members = "".join(f"<{wrapper}>{f}</{wrapper}>" for f in features)
    return (
        f'<wfs:FeatureCollection xmlns:wfs="http://www.opengis.net/wfs/2.0" xmlns="{AVE}" '
        f'xmlns:ave="{AVE}" xmlns:gml="http://www.opengis.net/gml/3.2" {about}>{members}'
        "</wfs:FeatureCollection>"
    )


def square(srs, *, northing_first):
    corners = [(6.5, 51.3), (6.6, 51.3), (6.6, 51.4), (6.5, 51.3)]
    text = " ".join(f"{y} {x}" if northing_first else f"{x} {y}" for x, y in corners)
    return (
        f"<geometrie><gml:MultiSurface srsName='{srs}'><gml:surfaceMember><gml:Polygon>"
        f"<gml:exterior><gml:LinearRing><gml:posList>{text}</gml:posList></gml:LinearRing>"
        "</gml:exterior></gml:Polygon></gml:surfaceMember></gml:MultiSurface></geometrie>"
    )


def parcel(geometry="", oid="DENW00AL00000001FL", rest=""):
    return (
        f'<Flurstueck gml:id="{oid}"><oid>{oid}</oid><flstkennz>{KEY}</flstkennz>'
        f"<flur>12</flur>{geometry}{rest}</Flurstueck>"
    )


def read(text):
    return list(read_gml(io.BytesIO(text.encode()), "seite.xml"))


@pytest.mark.parametrize(
    ("srs", "northing_first"),
    [
        pytest.param("urn:ogc:def:crs:EPSG::4258", True, id="NRW"),
        pytest.param("EPSG:4258", False, id="Hamburg"),
        pytest.param("urn:ogc:def:crs:EPSG::4258", False, id="URN-but-longitude-first"),
    ],
)
def test_longitude_comes_out_first(srs, northing_first):
    (found,) = read(answer(parcel(square(srs, northing_first=northing_first))))
    assert found.geometry[0].equals(
        shapely.MultiPolygon([shapely.Polygon([(6.5, 51.3), (6.6, 51.3), (6.6, 51.4)])])
    )
    assert found.crs.definition == "EPSG:4258"
    assert found.crs.stated == srs
    assert found.crs.swapped is northing_first


@pytest.mark.parametrize("wrapper", ["wfs:member", "gml:featureMember", "gml:featureMembers"])
def test_every_wrapper_of_members_is_known(wrapper):
    both = [parcel(), parcel(oid="DENW00AL00000002FL")]
    text = answer(*(["".join(both)] if wrapper.endswith("s") else both), wrapper=wrapper)
    assert sniff_xml(text.encode()) == "simplified"
    (found,) = read(text)
    assert found.kind == "Flurstueck"
    assert found.attributes["gml_id"].tolist() == ["DENW00AL00000001FL", "DENW00AL00000002FL"]
    assert found.attributes["flur"].tolist() == ["12", "12"]


def test_the_envelope_s_reference_system_holds_where_a_geometry_names_none():
    place = square("", northing_first=True).replace(" srsName=''", "")
    box = "<gml:boundedBy><gml:Envelope srsName='urn:ogc:def:crs:EPSG::4258'/></gml:boundedBy>"
    (found,) = read(answer(parcel(place)).replace("<wfs:member>", f"{box}<wfs:member>", 1))
    assert found.crs.definition == "EPSG:4258"
    assert found.crs.swapped


def test_a_page_that_announces_more_says_that_it_is_a_part():
    (found,) = read(answer(parcel(), about='numberMatched="2803" numberReturned="1"'))
    (fault,) = found.faults
    assert (fault.code, fault.expected, fault.outcome) == (
        "part-of-collection", "2803 features", Outcome.NOTED,
    )  # fmt: skip
    assert (
        read(answer(parcel(), about='numberMatched="unknown" numberReturned="0"'))[0].faults == ()
    )


def test_the_encoding_and_the_length_of_the_first_tag_do_not_matter():
    text = answer(
        parcel(rest="<lagebeztxt>Hülser Straße</lagebeztxt>"), about=f"a='>{'x' * 70_000}'"
    )
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "iso-8859-1"):
        said = f"<?xml version='1.0' encoding='{encoding.removesuffix('-sig')}'?>{text}"
        (found,) = read_gml(io.BytesIO(said.encode(encoding)), "seite.xml")
        assert found.attributes["lagebeztxt"].tolist() == ["Hülser Straße"]


def test_an_empty_answer_is_no_error():
    assert read(answer()) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("<kml><Placemark/></kml>", "<kml> is no collection of features", id="root"),
        pytest.param(answer(parcel())[:-40], "ends too early", id="cut-off"),
        pytest.param("<!DOCTYPE a>" + answer(parcel()), "DOCTYPE", id="doctype"),
    ],
)
def test_what_is_no_collection_is_refused(text, says):
    with pytest.raises(SourceFileError, match=says):
        read(text)


def test_another_schema_is_read_with_its_own_names():
    text = (
        '<wfs:FeatureCollection xmlns:wfs="w" xmlns:a="https://example.org/baum" '
        'xmlns:gml="http://www.opengis.net/gml/3.2"><wfs:member><a:Baum gml:id="b.1">'
        "<a:ART>Linde</a:ART><a:MASS><a:Mass><a:umfang>80</a:umfang></a:Mass></a:MASS>"
        "<a:ORT><gml:Point srsName='urn:ogc:def:crs:EPSG::25832'><gml:pos>330000 5690000"
        "</gml:pos></gml:Point></a:ORT></a:Baum></wfs:member></wfs:FeatureCollection>"
    )
    assert sniff_xml(text.encode()) == "gml"
    (found,) = read(text)
    assert found.kind == "Baum"
    row = {"gml_id": "b.1", "ART": "Linde", "MASS.umfang": "80"}
    assert found.attributes.iloc[0].to_dict() == row
    assert found.geometry[0] == shapely.Point(330_000, 5_690_000)


def test_dialects_become_one():
    frame = {
        "FLSTKENNZ": ["DE" + KEY, None],
        "GEMASCHL": ["DE053049", "053049"],
        "FLUR": ["12", "012"],
        "TNTEXT": ["Wald;5", None],
        "OID_": ["a", "b"],
    }
    table = SourceTable("a.shp", "Flurstueck", np.array([1, 2]), pd.DataFrame(frame))
    even = normalise(table)
    assert even.kind == "flurstueck"
    assert even.attributes.columns.tolist() == ["flstkennz", "gemaschl", "flur", "tntxt", "oid"]
    assert even.attributes.iloc[0].tolist() == [KEY, "053049", "12", "Wald;5", "a"]
    assert even.attributes["flstkennz"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("kind", "becomes"),
    [
        ("Flurstueck", "flurstueck"),
        ("GebauedeBauwerk", "gebaeude_bauwerk"),
        ("gebaeudeBauwerk", "gebaeude_bauwerk"),
        ("NutzungFlurstueck", "nutzung_flurstueck"),
        ("FlurstueckEigentuemer", "flurstueck_eigentuemer"),
        ("Hauskoordinaten", "Hauskoordinaten"),
    ],
)
def test_types_have_one_name_each(kind, becomes):
    text = answer(parcel()).replace("Flurstueck", kind)
    (found,) = translate(iter(read(text)), load_municipality("krefeld"))
    assert found.kind == becomes


uses = st.text(st.characters(exclude_characters="|", categories=["L", "Zs", "P"]), min_size=1)
parts = st.lists(st.tuples(uses.filter(str.strip), st.integers(0, 10**7)), min_size=1)


@given(parts)
def test_packed_uses_come_apart_at_the_last_semicolon(packed):
    text = "|".join(f"{use};{area}" for use, area in packed)
    found = stated_uses(text)
    assert [area for _, area in found] == [area for _, area in packed]
    assert [use for use, _ in found] == [use.strip() for use, _ in packed]


def test_packed_uses_cut_off_by_a_shapefile_lose_one_area_only():
    found = stated_uses("Wald;12|Weg;3|Landwirtsch")
    assert found == (("Wald", 12.0), ("Weg", 3.0), ("Landwirtsch", None))
    assert stated_uses("") == ()
