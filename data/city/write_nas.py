"""The cadastre as a NAS extract (GeoInfoDok 7.1): parcels, buildings, uses, addresses."""

from collections.abc import Iterator
from pathlib import Path
from typing import TextIO
from xml.sax.saxutils import escape

import numpy as np
import shapely

from data.city.arcs import Arcs
from data.city.drawing import City
from data.city.keys import load_catalogue
from data.city.lots import Lot
from data.city.names import PLACE_OF_ZONE
from data.city.shapes import Floats, Objects
from data.city.site import Buildings
from data.city.uses import USES, LandUse
from data.city.zones import Zone

GID = "http://www.adv-online.de/namespaces/adv/gid/7.1"
_HEAD = f"""<?xml version="1.0" encoding="UTF-8"?>
<!-- Synthetische Daten einer erfundenen Stadt: nichts davon ist ein amtlicher Nachweis. -->
<AX_Bestandsdatenauszug xmlns="{GID}" xmlns:gml="http://www.opengis.net/gml/3.2" \
xmlns:wfs="http://www.opengis.net/wfs/2.0" xmlns:xlink="http://www.w3.org/1999/xlink" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="{GID} aaa.xsd">
<erlaeuterung>Synthetische Stadt, Auszug zum 01.01.2026</erlaeuterung>
<erfolgreich>true</erfolgreich>
<enthaelt>
<wfs:FeatureCollection>
"""
_SRS = ' srsName="urn:adv:crs:ETRS89_UTM32"'
_TAIL = "</wfs:FeatureCollection>\n</enthaelt>\n</AX_Bestandsdatenauszug>\n"
_TOWN = (
    "<land>05</land><regierungsbezirk>1</regierungsbezirk><kreis>14</kreis><gemeinde>000</gemeinde>"
)


def write_nas(city: City, buildings: Buildings, shapes: Objects, uses: LandUse, file: Path) -> None:
    """Write the extract.

    Parameters
    ----------
    shapes
        Footprints as filed, which may differ from the buildings' by planted dirt.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", newline="\n") as out:
        out.write(_HEAD)
        _names(city, out)
        _addresses(city, out)
        _parcels(city, out)
        _buildings(city, buildings, shapes, out)
        _uses(uses, out)
        out.write(_TAIL)


def _begin(element: str, oid: str, year: int = 2020) -> str:
    return (
        f'<wfs:member>\n<{element} gml:id="{oid}">'
        f'<gml:identifier codeSpace="http://www.adv-online.de/">urn:adv:oid:{oid}</gml:identifier>'
        f"<lebenszeitintervall><AA_Lebenszeitintervall><beginnt>{year}-03-01T08:00:00Z</beginnt>"
        "</AA_Lebenszeitintervall></lebenszeitintervall><modellart><AA_Modellart>"
        "<advStandardModell>DLKM</advStandardModell></AA_Modellart></modellart>"
    )


def _end(element: str) -> str:
    return f"</{element}>\n</wfs:member>\n"


def object_id(kind: str, number: int) -> str:
    """Return a 16-character object id; SYN marks it as synthetic."""
    return f"DENWSYN{kind}{number:08d}"


def _names(city: City, out: TextIO) -> None:
    out.write(
        f"{_begin('AX_Gemeinde', object_id('M', 1))}<schluesselGesamt>05114000</schluesselGesamt>"
        f"<bezeichnung>Krefeld (synthetisch)</bezeichnung><gemeindekennzeichen>"
        f"<AX_Gemeindekennzeichen>{_TOWN}</AX_Gemeindekennzeichen></gemeindekennzeichen>"
        f"{_end('AX_Gemeinde')}"
    )
    used = sorted(set(city.numbers.district))
    out.writelines(
        f"{_begin('AX_Gemarkung', object_id('K', number + 1))}"
        f"<schluesselGesamt>{district.key}</schluesselGesamt>"
        f"<bezeichnung>{escape(district.name)}</bezeichnung><schluessel>"
        f"<AX_Gemarkung_Schluessel><land>05</land><gemarkungsnummer>{district.key[2:]}"
        f"</gemarkungsnummer></AX_Gemarkung_Schluessel></schluessel>{_end('AX_Gemarkung')}"
        for number, district in enumerate(d for d in load_catalogue().districts if d.key in used)
    )
    for street, name in enumerate(city.names):
        lage = _lage(street)
        out.write(
            f"{_begin('AX_LagebezeichnungKatalogeintrag', object_id('S', street + 1))}"
            f"<schluesselGesamt>05114000{lage}</schluesselGesamt>"
            f"<bezeichnung>{escape(name)}</bezeichnung><schluessel>"
            f"<AX_VerschluesselteLagebezeichnung>{_TOWN}<lage>{lage}</lage>"
            "</AX_VerschluesselteLagebezeichnung></schluessel>"
            f"{_end('AX_LagebezeichnungKatalogeintrag')}"
        )


def _lage(street: int) -> str:
    return f"{street + 1:05d}"


def _location(street: int) -> str:
    return (
        "<lagebezeichnung><AX_Lagebezeichnung><verschluesselt><AX_VerschluesselteLagebezeichnung>"
        f"{_TOWN}<lage>{_lage(street)}</lage></AX_VerschluesselteLagebezeichnung></verschluesselt>"
        "</AX_Lagebezeichnung></lagebezeichnung>"
    )


def _addresses(city: City, out: TextIO) -> None:
    """Write house numbers, and one plain location per street and kind of place."""
    for i in np.flatnonzero(city.addresses.number != "").tolist():
        element = "AX_LagebezeichnungMitHausnummer"
        out.write(
            f"{_begin(element, object_id('H', i + 1))}"
            f"{_location(int(city.addresses.street[i]))}"
            f"<hausnummer>{city.addresses.number[i]}</hausnummer>{_end(element)}"
        )
    element = "AX_LagebezeichnungOhneHausnummer"
    out.writelines(
        f"{_begin(element, object_id('O', street + 1))}{_location(street)}{_end(element)}"
        for street in sorted(set(city.roads.street.tolist()))
    )
    out.writelines(
        f"{_begin(element, object_id('Q', int(zone)))}<lagebezeichnung><AX_Lagebezeichnung>"
        f"<unverschluesselt>{name}</unverschluesselt></AX_Lagebezeichnung></lagebezeichnung>"
        f"{_end(element)}"
        for zone, name in PLACE_OF_ZONE.items()
    )


def _parcels(city: City, out: TextIO) -> None:
    lots = len(city.lots.lot)
    oids = [object_id("F", i + 1) for i in range(len(city.key))]
    places = _positions(city.geometry, oids, city.arcs)
    points = shapely.get_coordinates(shapely.point_on_surface(city.geometry)).tolist()
    for i, (place, (x, y)) in enumerate(zip(places, points, strict=True)):
        numbers = city.numbers
        nenner = int(numbers.denominator[i])
        oid = oids[i]
        relation = _relation(city, i, lots)
        out.write(
            f"{_begin('AX_Flurstueck', oid, 1998 + i % 27)}{place}"
            "<gemarkung><AX_Gemarkung_Schluessel><land>05</land>"
            f"<gemarkungsnummer>{str(numbers.district[i])[2:]}</gemarkungsnummer>"
            "</AX_Gemarkung_Schluessel></gemarkung><flurstuecksnummer><AX_Flurstuecksnummer>"
            f"<zaehler>{numbers.numerator[i]}</zaehler>"
            f"{f'<nenner>{nenner}</nenner>' if nenner else ''}"
            "</AX_Flurstuecksnummer></flurstuecksnummer>"
            f"<flurstueckskennzeichen>{city.key[i]}</flurstueckskennzeichen>"
            f'<amtlicheFlaeche uom="urn:adv:uom:m2">{city.official_area_m2[i]}</amtlicheFlaeche>'
            f"<flurnummer>{numbers.section[i]}</flurnummer>"
            f'<objektkoordinaten><gml:Point gml:id="{oid}_P" srsName="urn:adv:crs:ETRS89_UTM32">'
            f"<gml:pos>{x:.3f} {y:.3f}</gml:pos></gml:Point></objektkoordinaten>"
            f"<abweichenderRechtszustand>false</abweichenderRechtszustand>"
            f"<zeitpunktDerEntstehung>{1960 + i % 60}-05-02</zeitpunktDerEntstehung>"
            f"<gemeindezugehoerigkeit><AX_Gemeindekennzeichen>{_TOWN}</AX_Gemeindekennzeichen>"
            f"</gemeindezugehoerigkeit>{relation}{_end('AX_Flurstueck')}"
        )


def _relation(city: City, i: int, lots: int) -> str:
    if i >= lots:
        target = object_id("O", int(city.roads.street[i - lots]) + 1)
        return f'<zeigtAuf xlink:href="urn:adv:oid:{target}"/>'
    if city.addresses.number[i]:
        return f'<weistAuf xlink:href="urn:adv:oid:{object_id("H", i + 1)}"/>'
    zone = Zone(int(city.zone[i]))
    if zone in PLACE_OF_ZONE:
        return f'<zeigtAuf xlink:href="urn:adv:oid:{object_id("Q", int(zone))}"/>'
    if city.lots.lot[i] == Lot.ACCESS or zone in {Zone.FIELD, Zone.SQUARE}:
        street = city.frame.net.ways[int(city.frame.edges.way[city.lots.edge[i]])].street
        if street in set(city.roads.street.tolist()):
            return f'<zeigtAuf xlink:href="urn:adv:oid:{object_id("O", street + 1)}"/>'
    return ""


def _buildings(city: City, buildings: Buildings, shapes: Objects, out: TextIO) -> None:
    oids = [object_id("G", i + 1) for i in range(len(shapes))]
    for i, place in enumerate(_positions(shapes, oids, city.arcs)):
        parcel = int(buildings.parcel[i])
        name = f"<name>{escape(str(buildings.name[i]))}</name>" if buildings.name[i] else ""
        address = (
            f'<zeigtAuf xlink:href="urn:adv:oid:{object_id("H", parcel + 1)}"/>'
            if buildings.main[i] and city.addresses.number[parcel]
            else ""
        )
        out.write(
            f"{_begin('AX_Gebaeude', oids[i], 1999 + i % 25)}{place}"
            f"<gebaeudefunktion>{buildings.function[i]}</gebaeudefunktion>{name}"
            f"<anzahlDerOberirdischenGeschosse>{buildings.storeys[i]}"
            f"</anzahlDerOberirdischenGeschosse>{address}{_end('AX_Gebaeude')}"
        )


def _uses(uses: LandUse, out: TextIO) -> None:
    oids = [object_id("T", i + 1) for i in range(len(uses.use))]
    for i, place in enumerate(_positions(uses.geometry, oids, Arcs())):
        use = USES[int(uses.use[i])]
        code = f"<{use.attribute}>{use.code}</{use.attribute}>" if use.attribute else ""
        name = escape(str(uses.name[i]))
        title = (
            f"<name><AX_Lagebezeichnung><unverschluesselt>{name}</unverschluesselt>"
            "</AX_Lagebezeichnung></name>"
            if name
            else ""
        )
        out.write(f"{_begin(use.element, oids[i])}{place}{code}{title}{_end(use.element)}")


def _positions(geometry: Objects, oids: list[str], arcs: Arcs) -> Iterator[str]:
    """Yield polygons as surfaces, those of several parts as multi-surfaces."""
    parts, owner = shapely.get_parts(geometry, return_index=True)
    several = np.bincount(owner, minlength=len(geometry)) > 1
    members: list[str] = []
    surfaces = _patches(parts, arcs)
    last = len(owner) - 1
    for k, (i, patch) in enumerate(zip(owner.tolist(), surfaces, strict=True)):
        name = f"{oids[i]}_S{len(members) + 1}"
        members.append(
            f'<gml:Surface gml:id="{name}"{"" if several[i] else _SRS}><gml:patches>'
            f"<gml:PolygonPatch>{patch}</gml:PolygonPatch></gml:patches></gml:Surface>"
        )
        if k < last and owner[k + 1] == i:
            continue
        if several[i]:
            inner = "".join(f"<gml:surfaceMember>{m}</gml:surfaceMember>" for m in members)
            text = f'<gml:MultiSurface gml:id="{oids[i]}_M"{_SRS}>{inner}</gml:MultiSurface>'
        else:
            text = members[0]
        yield f"<position>{text}</position>"
        members = []


def _patches(polygons: Objects, arcs: Arcs) -> Iterator[str]:
    """Yield the rings of single polygons."""
    rings, owner = shapely.get_rings(polygons, return_index=True)
    xy, ring_of = shapely.get_coordinates(rings, return_index=True)
    cuts = np.flatnonzero(np.diff(ring_of)) + 1
    text: list[str] = []
    last = 0
    for line, i in zip(np.split(xy, cuts), owner.tolist(), strict=True):
        if i != last:
            yield "".join(text)
            text, last = [], i
        side = "interior" if text else "exterior"
        text.append(f"<gml:{side}><gml:Ring>{_ring(line, arcs)}</gml:Ring></gml:{side}>")
    yield "".join(text)


def _ring(line: Floats, arcs: Arcs) -> str:
    spots = [(x, y) for x, y in line.tolist()]
    bends = [i for i in range(len(spots) - 1) if (spots[i], spots[i + 1]) in arcs.known]
    if bends:
        spots = spots[bends[0] : -1] + spots[: bends[0] + 1]
    segments: list[str] = []
    run: list[tuple[float, float]] = [spots[0]]
    i = 0
    while i < len(spots) - 1:
        arc = arcs.known.get((spots[i], spots[i + 1])) if bends else None
        if arc is None:
            run.append(spots[i + 1])
            i += 1
            continue
        middle, end, count = arc
        if len(run) > 1:
            segments.append(_straight(run))
        segments.append(
            f"<gml:Arc><gml:posList>{_list([spots[i], middle, end])}</gml:posList></gml:Arc>"
        )
        i += count - 1
        run = [end]
    if len(run) > 1:
        segments.append(_straight(run))
    return (
        f"<gml:curveMember><gml:Curve><gml:segments>{''.join(segments)}</gml:segments>"
        "</gml:Curve></gml:curveMember>"
    )


def _straight(spots: list[tuple[float, float]]) -> str:
    return (
        f"<gml:LineStringSegment><gml:posList>{_list(spots)}</gml:posList></gml:LineStringSegment>"
    )


def _list(spots: list[tuple[float, float]]) -> str:
    return " ".join(f"{x:.3f} {y:.3f}" for x, y in spots)
