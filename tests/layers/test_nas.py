"""NAS: what is read of an object, in both models, and what is refused."""

import io

import pandas as pd
import pytest
import shapely

from gis_core.faults import Outcome
from layers.alkis.codes import read_catalogue
from layers.alkis.source import translate
from layers.errors import SourceFileError
from layers.formats import chunks
from layers.formats.nas import read_nas
from layers.formats.nas.classes import read_classes
from layers.municipality import load_municipality

SPACES = (
    'xmlns="http://www.adv-online.de/namespaces/adv/gid/{version}" '
    'xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:wfs="http://www.opengis.net/wfs/2.0"'
)
STREET = "AX_LagebezeichnungKatalogeintrag"
REGISTRY = "https://registry.gdi-de.org/codelist/de.adv-online.gid"


def extract(*objects, version="6.0", root="AX_Bestandsdatenauszug"):
    members = "".join(f"<gml:featureMember>{o}</gml:featureMember>" for o in objects)
    return (
        f"<{root} {SPACES.format(version=version)}><koordinatenangaben>"
        "<AA_Koordinatenreferenzsystemangaben><crs xlink:href='urn:adv:crs:ETRS89_UTM32'/>"
        "<standard>true</standard></AA_Koordinatenreferenzsystemangaben></koordinatenangaben>"
        f"<enthaelt><wfs:FeatureCollection>{members}</wfs:FeatureCollection></enthaelt></{root}>"
    )


def life(begun="2020-01-31T08:00:00Z", ended=""):
    end = f"<endet>{ended}</endet>" if ended else ""
    return (
        "<lebenszeitintervall><AA_Lebenszeitintervall>"
        f"<beginnt>{begun}</beginnt>{end}</AA_Lebenszeitintervall></lebenszeitintervall>"
    )


def area(x=330_000, y=5_690_000, size=10):
    corners = [(x, y), (x + size, y), (x + size, y + size), (x, y + size), (x, y)]
    text = " ".join(f"{a} {b}" for a, b in corners)
    return (
        "<position><gml:Surface><gml:patches><gml:PolygonPatch><gml:exterior><gml:LinearRing>"
        f"<gml:posList>{text}</gml:posList></gml:LinearRing></gml:exterior></gml:PolygonPatch>"
        "</gml:patches></gml:Surface></position>"
    )


def parcel(oid="DENW00AL00000001", *, key="05304901200123______", place=None, rest="", ended=""):
    return (
        f'<AX_Flurstueck gml:id="{oid}">{life(ended=ended)}{area() if place is None else place}'
        "<gemarkung><AX_Gemarkung_Schluessel><land>05</land>"
        "<gemarkungsnummer>3049</gemarkungsnummer></AX_Gemarkung_Schluessel></gemarkung>"
        "<flurstuecksnummer><AX_Flurstuecksnummer><zaehler>123</zaehler>"
        f"</AX_Flurstuecksnummer></flurstuecksnummer><flurstueckskennzeichen>{key}"
        "</flurstueckskennzeichen><amtlicheFlaeche uom='urn:adv:uom:m2'>100</amtlicheFlaeche>"
        f"<flurnummer>12</flurnummer>{rest}</AX_Flurstueck>"
    )


def thing(kind, oid, body):
    return f'<{kind} gml:id="{oid}">{life()}{body}</{kind}>'


def link(name, *targets):
    return "".join(f'<{name} xlink:href="urn:adv:oid:{t}"/>' for t in targets)


def street(number="", lage="00017"):
    number = f"<hausnummer>{number}</hausnummer>" if number else ""
    return (
        "<lagebezeichnung><AX_Lagebezeichnung><verschluesselt><AX_VerschluesselteLagebezeichnung>"
        "<land>05</land><regierungsbezirk>1</regierungsbezirk><kreis>14</kreis>"
        f"<gemeinde>000</gemeinde><lage>{lage}</lage></AX_VerschluesselteLagebezeichnung>"
        f"</verschluesselt></AX_Lagebezeichnung></lagebezeichnung>{number}"
    )


def named(kind, oid, key, name):
    body = f"<schluesselGesamt>{key}</schluesselGesamt><bezeichnung>{name}</bezeichnung>"
    return thing(kind, oid, body)


def read(text):
    return list(read_nas(io.BytesIO(text.encode()), "auszug.xml"))


def one(text, kind):
    return next(table for table in read(text) if table.kind == kind)


def into_layer(text):
    tables = translate(
        read_nas(io.BytesIO(text.encode()), "auszug.xml"), load_municipality("krefeld")
    )
    return {table.kind: table for table in tables}


def first(table, *columns):
    row = table.attributes.iloc[0]
    values = [None if not isinstance(row[c], list) and pd.isna(row[c]) else row[c] for c in columns]
    return values[0] if len(columns) == 1 else values


def building(version):
    """Return the same house in the two models' spelling."""
    if version == "6.0":
        changed = "<anlass>010704</anlass><objekthoehe uom='m'>9.5</objekthoehe>"
    else:
        changed = (
            f'<anlass xlink:href="{REGISTRY}/AA_Anlassart/010704" xlink:title="Pflege"/>'
            "<objekthoehe><AX_RelativeHoehe><hoehe uom='m'>9.5</hoehe></AX_RelativeHoehe>"
            "</objekthoehe>"
        )
    body = (
        f"{changed}{area()}<gebaeudefunktion>1010</gebaeudefunktion><name>Haus</name>"
        f"{link('zeigtAuf', 'DENW00AL00000009', 'DENW00AL00000010')}"
    )
    return extract(thing("AX_Gebaeude", "DENW00AL00000002", body), version=version)


def test_both_models_give_the_same_house():
    old, new = one(building("6.0"), "AX_Gebaeude"), one(building("7.1"), "AX_Gebaeude")
    for table in (old, new):
        assert first(table, "gebaeudefunktion", "anlass", "name") == ["1010", ["010704"], ["Haus"]]
        assert first(table, "zeigtAuf") == ["DENW00AL00000009", "DENW00AL00000010"]
        assert first(table, "lebenszeitintervall.beginnt") == "2020-01-31T08:00:00Z"
    assert old.geometry[0].equals(new.geometry[0])
    assert first(old, "objekthoehe") == first(new, "objekthoehe.hoehe") == "9.5"
    in_layer = [into_layer(building(v))["gebaeude_bauwerk"].attributes for v in ("6.0", "7.1")]
    pd.testing.assert_frame_equal(*in_layer)


def test_the_reference_system_of_the_header_holds_for_geometries_without_one():
    table = one(extract(parcel()), "AX_Flurstueck")
    assert table.crs.definition == "EPSG:25832"
    assert table.geometry[0].equals(shapely.box(330_000, 5_690_000, 330_010, 5_690_010))


def test_an_object_without_a_wrapper_is_a_file_too():
    text = parcel().replace("<AX_Flurstueck", f"<AX_Flurstueck {SPACES.format(version='7.1')}", 1)
    assert len(one(text, "AX_Flurstueck")) == 1


def test_nothing_is_assumed_to_occur_once():
    rest = "<flurnummer>13</flurnummer>" + link("weistAuf", "DENW00AL0000000a")
    table = one(extract(parcel(rest=rest)), "AX_Flurstueck")
    assert first(table, "flurnummer") == ["12", "13"]
    assert first(table, "weistAuf") == ["DENW00AL0000000a"]
    assert first(table, "zeigtAuf") == []


def test_unknown_elements_stay_with_their_row():
    rest = "<neu><AX_Neu><a>1</a><a>2</a></AX_Neu></neu><fremd uom='km2'>x</fremd>"
    table = one(extract(parcel(rest=rest), parcel("DENW00AL0000000b")), "AX_Flurstueck")
    assert table.more == [{"neu.a": ["1", "2"], "fremd": "x", "fremd@uom": "km2"}, {}]


def test_classes_that_are_not_read_are_counted():
    texts = [thing("AP_PTO", f"DENW00AL0000000{i}", "<art>x</art>") for i in range(3)]
    table = one(extract(parcel(), *texts), "AP_PTO")
    assert table.rows.tolist() == [2, 3, 4]
    assert table.attributes.columns.empty
    (fault,) = table.faults
    assert (fault.code, fault.found, fault.outcome) == ("class-skipped", "3 objects", Outcome.NOTED)


def test_a_broken_geometry_costs_its_own_row_only():
    torn = area().replace("5690000", "abc", 1)
    tables = read(
        extract(parcel(), parcel("DENW00AL0000000c", place=torn), parcel("DENW00AL0000000d"))
    )
    assert [t.rows.tolist() for t in tables] == [[1, 3]]
    (fault,) = tables[0].faults
    assert (fault.row, fault.code) == (2, "geometry-unreadable")
    assert "abc" in fault.found


def test_tables_are_of_bounded_size(monkeypatch):
    monkeypatch.setattr(chunks, "ROWS_PER_KIND", 4)
    tables = read(extract(*(parcel(f"DENW00AL000000{i:02d}") for i in range(10))))
    assert [len(t) for t in tables] == [4, 4, 2]
    assert [row for t in tables for row in t.rows] == list(range(1, 11))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param(extract(parcel())[:900], "ends too early, in line 1", id="cut-off"),
        pytest.param(
            extract(parcel()).replace("</flurnummer>", "", 1), "malformed in line 1", id="malformed"
        ),
        pytest.param(
            '<!DOCTYPE a [<!ENTITY b "c">]>' + extract(parcel()), "DOCTYPE", id="doctype"
        ),
        pytest.param(
            '<?xml version="1.0"?><!-- a long way to it -->\n<!DOCTYPE a SYSTEM "http://x/y">'
            + extract(parcel()),
            "DOCTYPE",
            id="doctype-later",
        ),
        pytest.param("<!DOCTYPE html><html/>", "is a web page", id="web-page"),
        pytest.param("", "is no XML document", id="empty"),
        pytest.param("Baum;Art\n1;Linde", "is no XML document", id="csv"),
        pytest.param(
            extract(parcel()).replace("adv-online.de/namespaces", "example.org"),
            "AX_Bestandsdatenauszug is in the namespace http://www.example.org",
            id="wrong-namespace",
        ),
        pytest.param(
            '<ows:ExceptionReport xmlns:ows="o"><ows:Exception exceptionCode="NoApplicableCode" '
            'locator="X"><ows:ExceptionText>Too\n many</ows:ExceptionText></ows:Exception>'
            "</ows:ExceptionReport>",
            "a server's refusal, not data: NoApplicableCode X: Too many",
            id="exception-report",
        ),
        pytest.param(
            extract(parcel()).replace(
                "</wfs:FeatureCollection>",
                "<wfs:truncatedResponse><e xmlns='o'><Exception exceptionCode='Timeout'/></e>"
                "</wfs:truncatedResponse></wfs:FeatureCollection>",
            ),
            "refusal, not data: Timeout",
            id="refusal-half-way",
        ),
        pytest.param(
            extract().replace("enthaelt>", "geaenderteObjekte>").replace(
                "<wfs:FeatureCollection>",
                "<wfs:Transaction><wfs:Delete typeName='AX_Flurstueck'><x/></wfs:Delete>"
                "</wfs:Transaction><wfs:FeatureCollection>",
            ),
            "a delivery of changes",
            id="changes-only",
        ),
    ],
)  # fmt: skip
def test_what_is_refused_says_why_and_what_to_do(text, says):
    with pytest.raises(SourceFileError, match=says) as caught:
        read(text)
    assert caught.value.advice
    assert caught.value.fields["file"] == "auszug.xml"


def test_the_first_delivery_of_changes_holds_everything_and_is_read():
    text = extract(root="AX_NutzerbezogeneBestandsdatenaktualisierung_NBA").replace(
        "<enthaelt><wfs:FeatureCollection></wfs:FeatureCollection></enthaelt>",
        "<geaenderteObjekte><wfs:Transaction><wfs:Insert>"
        f"{parcel()}{parcel('DENW00AL0000000e')}</wfs:Insert></wfs:Transaction></geaenderteObjekte>",
    )
    assert len(one(text, "AX_Flurstueck")) == 2


def test_a_parcel_in_the_layer():
    tables = into_layer(
        extract(
            parcel(
                rest=link("weistAuf", "DENW00AL00000021", "DENW00AL00000022", "DENW00AL00000023")
                + link("zeigtAuf", "DENW00AL00000024")
                + "<gemeindezugehoerigkeit><AX_Gemeindekennzeichen><land>05</land>"
                "<regierungsbezirk>1</regierungsbezirk><kreis>14</kreis><gemeinde>000</gemeinde>"
                "</AX_Gemeindekennzeichen></gemeindezugehoerigkeit>"
                "<abweichenderRechtszustand>false</abweichenderRechtszustand>"
            ),
            thing("AX_LagebezeichnungMitHausnummer", "DENW00AL00000021", street("10 a")),
            thing("AX_LagebezeichnungMitHausnummer", "DENW00AL00000022", street("9")),
            thing("AX_LagebezeichnungMitHausnummer", "DENW00AL00000023", street("1", "00018")),
            thing("AX_LagebezeichnungOhneHausnummer", "DENW00AL00000024",
                  "<lagebezeichnung><AX_Lagebezeichnung><unverschluesselt>Am Bruch"
                  "</unverschluesselt></AX_Lagebezeichnung></lagebezeichnung>"),
            named(STREET, "DENW00AL00000030", "0511400000017", "Ostwall"),
            named(STREET, "DENW00AL00000031", "0511400000018", "Alte Gasse"),
            named("AX_Gemeinde", "DENW00AL00000032", "05114000", "Krefeld"),
        )
    )  # fmt: skip
    row = first(
        tables["flurstueck"], "oid", "idflurst", "flstkennz", "gemarkung", "gemaschl", "flur",
        "flurschl", "flstnrzae", "flstnrnen", "gmdschl", "gemeinde", "land", "aktualit", "endet",
        "flaeche", "abwrecht", "lagebeztxt", "tntxt",
    )  # fmt: skip
    assert row == [
        "DENW00AL00000001FL", "DENW00AL00000001", "05304901200123______", "Krefeld", "053049",
        "012", "053049012", "123", None, "05114000", "Krefeld", "Nordrhein-Westfalen",
        "2020-01-31", None, "100", "Kein abweichender Rechtszustand",
        "Alte Gasse 1; Am Bruch; Ostwall 9, 10 a", None,
    ]  # fmt: skip
    assert not tables["flurstueck"].faults


def test_what_cannot_be_joined_is_said_once():
    rest = link("weistAuf", "DENW00AL00000021", "DENW00AL00000099")
    address = thing("AX_LagebezeichnungMitHausnummer", "DENW00AL00000021", street("9"))
    table = into_layer(extract(parcel(rest=rest), address))["flurstueck"]
    assert first(table, "lagebeztxt") is None
    assert {f.code for f in table.faults} == {"street-unnamed", "relation-unresolved"}


def test_what_has_ended_says_when():
    historic = parcel("DENW00AL00000041").replace("AX_Flurstueck", "AX_HistorischesFlurstueck")
    placeless = parcel("DENW00AL00000042", place="").replace(
        "AX_Flurstueck gml", "AX_HistorischesFlurstueckOhneRaumbezug gml"
    ).replace("</AX_Flurstueck>", "</AX_HistorischesFlurstueckOhneRaumbezug>")  # fmt: skip
    text = extract(
        parcel(), parcel("DENW00AL00000040", ended="2021-05-01T00:00:00Z"), historic, placeless
    )
    tables = translate(read_nas(io.BytesIO(text.encode()), "a"), load_municipality("krefeld"))
    parcels = [t for t in tables if t.kind == "flurstueck"]
    ends = {
        k: e
        for t in parcels
        for k, e in zip(t.attributes["idflurst"], t.attributes["endet"], strict=True)
    }
    assert pd.isna(ends["DENW00AL00000001"])
    assert ends["DENW00AL00000040"] == "2021-05-01T00:00:00Z"
    assert ends["DENW00AL00000041"] == ends["DENW00AL00000042"] == "2020-01-31T08:00:00Z"
    assert all(t.geometry is not None and t.crs.definition == "EPSG:25832" for t in parcels)


def share(above, below):
    return (
        f"<anteil><AX_Anteil><zaehler>{above}</zaehler><nenner>{below}</nenner>"
        "</AX_Anteil></anteil>"
    )


def test_owners_are_followed_through_flats_but_not_into_building_rights():
    """A plot divided into two flats, one of them owned by two; and a heritable building right."""
    whole, flat_a, flat_b, right = (f"DENW00AL0000005{i}" for i in range(4))
    sheets = {oid: oid.replace("L0000005", "L0000006") for oid in (whole, flat_a, flat_b, right)}

    def booking(oid, kind, rest=""):
        body = f"<buchungsart>{kind}</buchungsart>{link('istBestandteilVon', sheets[oid])}{rest}"
        return thing("AX_Buchungsstelle", oid, body)

    def owner(oid, sheet, person, owner_class, rest=""):
        body = f"<eigentuemerart>{owner_class}</eigentuemerart>{rest}"
        body += link("istBestandteilVon", sheets[sheet]) + link("benennt", person)
        return thing("AX_Namensnummer", oid, body)

    def person(oid, name, rest=""):
        return thing("AX_Person", oid, f"<nachnameOderFirma>{name}</nachnameOderFirma>{rest}")

    text = extract(
        parcel(rest=link("istGebucht", whole)),
        booking(whole, "1101"),
        booking(flat_a, "1301", share(6, 10) + link("an", whole)),
        booking(flat_b, "1301", share(4, 10) + link("an", whole)),
        booking(right, "2101", link("an", whole)),
        owner("DENW00AL00000071", flat_a, "DENW00AL00000081", "1100"),
        owner("DENW00AL00000072", flat_b, "DENW00AL00000082", "5500", share(1, 2)),
        owner("DENW00AL00000073", flat_b, "DENW00AL00000081", "1100", share(1, 2)),
        owner("DENW00AL00000074", right, "DENW00AL00000083", "2900"),
        person("DENW00AL00000081", "Platzhalter", "<vorname>Petra</vorname>"
               "<geburtsdatum>1900-01-01</geburtsdatum>"),
        person("DENW00AL00000082", "Stadt Beispielstadt"),
        person("DENW00AL00000083", "Rechtsinhaber"),
        thing("AX_Anschrift", "DENW00AL00000084", "<strasse>Geheim</strasse>"),
    )  # fmt: skip
    owners = into_layer(text)["flurstueck_eigentuemer"]
    private = "Natürliche Person - Alleineigentum oder Ehepartner"
    assert owners.attributes.to_numpy().tolist() == [
        ["05304901200123______", "Platzhalter, Petra", private, "3/5"],
        ["05304901200123______", "Stadt Beispielstadt", "Gemeinde", "1/5"],
        ["05304901200123______", "Platzhalter, Petra", private, "1/5"],
    ]
    assert owners.geometry is None
    # what nobody here needs of a person is not even read
    kept = "".join(str(t.attributes.to_dict()) + str(t.more) for t in read(text))
    assert "1900-01-01" not in kept
    assert "Geheim" not in kept


def test_structures_that_are_points_are_left_out_with_a_note():
    pole = "<position><gml:Point><gml:pos>330000 5690000</gml:pos></gml:Point></position>"
    tower = f"{area()}<bauwerksfunktion>1012</bauwerksfunktion>"
    text = extract(
        thing("AX_Turm", "DENW00AL00000091", tower), thing("AX_Turm", "DENW00AL00000092", pole)
    )
    table = into_layer(text)["gebaeude_bauwerk"]
    assert first(table, "gebnutzbez", "funktion", "gfkzshh") == [
        "Turm",
        "Schloss-, Burgturm",
        "51001_1012",
    ]
    assert len(table) == len(table.geometry) == len(table.attributes) == 1
    assert [f.code for f in table.faults] == ["structure-without-area"]


@pytest.mark.parametrize("name", sorted(read_catalogue().classes))
def test_every_class_of_the_catalogue_is_read_with_the_attributes_it_explains(name):
    entry = read_catalogue().classes[name]
    assert set(entry.codes) <= set(read_classes()[name].columns)
    assert len(entry.number) == 5
    assert all(text for texts in entry.codes.values() for text in texts.values())
