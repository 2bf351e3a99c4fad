"""Deliveries of changes for tests: elements put together as offices deliver them."""

SPACES = (
    'xmlns="http://www.adv-online.de/namespaces/adv/gid/{gid}" '
    'xmlns:adv="http://www.adv-online.de/namespaces/adv/gid/{gid}" '
    'xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:wfs="http://www.opengis.net/wfs/2.0" xmlns:fes="http://www.opengis.net/fes/2.0" '
    'xmlns:ogc="http://www.adv-online.de/namespaces/adv/gid/ogc" '
    'xmlns:wfsext="http://www.adv-online.de/namespaces/adv/gid/wfsext"'
)
CRS = (
    "<koordinatenangaben><AA_Koordinatenreferenzsystemangaben>"
    "<crs xlink:href='urn:adv:crs:ETRS89_UTM32'/><standard>true</standard>"
    "</AA_Koordinatenreferenzsystemangaben></koordinatenangaben>"
)


def extract(*objects, gid="7.1"):
    """Return a first delivery: an extract of everything."""
    members = "".join(f"<wfs:member>{o}</wfs:member>" for o in objects)
    return (
        f"<AX_Bestandsdatenauszug {SPACES.format(gid=gid)}>{CRS}<enthaelt>"
        f"<wfs:FeatureCollection>{members}</wfs:FeatureCollection></enthaelt>"
        "</AX_Bestandsdatenauszug>"
    )


def nba(*operations, when="2026-02-01T00:00:00Z", number="7", portion=1, gid="7.1"):
    """Return an incremental delivery."""
    head = (
        f"<antragsnummer>{number}</antragsnummer><portionskennung><AX_Portionskennung>"
        f"<profilkennung>TEST</profilkennung><datum>{when}</datum>"
        f"<laufendeNummer>{portion}</laufendeNummer></AX_Portionskennung></portionskennung>"
    )
    root = "AX_NutzerbezogeneBestandsdatenaktualisierung_NBA"
    return (
        f"<{root} {SPACES.format(gid=gid)}>{head}{CRS}<geaenderteObjekte><wfs:Transaction>"
        f"{''.join(operations)}</wfs:Transaction></geaenderteObjekte></{root}>"
    )


def insert(*objects):
    return f"<wfs:Insert>{''.join(objects)}</wfs:Insert>"


def replace(target, new, *, safe="false", gid=7):
    if gid == 6:
        return (
            f'<wfsext:Replace vendorId="AdV" safeToIgnore="{safe}">{new}<ogc:Filter>'
            f'<ogc:FeatureId fid="{target}"/></ogc:Filter></wfsext:Replace>'
        )
    return (
        f'<wfs:Replace safeToIgnore="{safe}">{new}<fes:Filter>'
        f'<fes:ResourceId rid="{target}"/></fes:Filter></wfs:Replace>'
    )


def delete(*targets, kind="AX_Flurstueck"):
    ids = "".join(f'<fes:ResourceId rid="{t}"/>' for t in targets)
    return f'<wfs:Delete typeNames="{kind}"><fes:Filter>{ids}</fes:Filter></wfs:Delete>'


def update(target, ends="", reasons=(), kind="adv:AX_Flurstueck", extra=""):
    facts = [("adv:lebenszeitintervall/adv:AA_Lebenszeitintervall/adv:endet", ends)] if ends else []
    facts += [("adv:anlass", reason) for reason in reasons]
    facts += [(extra, "1")] if extra else []
    text = "".join(
        f"<wfs:Property><wfs:ValueReference>{n}</wfs:ValueReference><wfs:Value>{v}</wfs:Value>"
        "</wfs:Property>"
        for n, v in facts
    )
    return (
        f'<wfs:Update typeName="{kind}">{text}<ogc:Filter><ogc:FeatureId fid="{target}"/>'
        "</ogc:Filter></wfs:Update>"
    )


def thing(kind, oid, body="", *, begun="2020-01-31T08:00:00Z", ended=""):
    end = f"<endet>{ended}</endet>" if ended else ""
    return (
        f'<{kind} gml:id="{oid}"><lebenszeitintervall><AA_Lebenszeitintervall>'
        f"<beginnt>{begun}</beginnt>{end}</AA_Lebenszeitintervall></lebenszeitintervall>"
        f"{body}</{kind}>"
    )


def area(x=0, y=0, width=10, height=10):
    """Return a rectangle near the middle of Krefeld."""
    x, y = x + 330_000, y + 5_690_000
    corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)]
    text = " ".join(f"{a} {b}" for a, b in corners)
    return (
        '<position><gml:Surface srsName="urn:adv:crs:ETRS89_UTM32"><gml:patches>'
        "<gml:PolygonPatch><gml:exterior><gml:LinearRing>"
        f"<gml:posList>{text}</gml:posList></gml:LinearRing></gml:exterior></gml:PolygonPatch>"
        "</gml:patches></gml:Surface></position>"
    )


def parcel(oid, number, *, place=None, rest="", below="____", **life):
    """Return a parcel of section 12 of Krefeld."""
    key = f"053049012{number:05d}{below}__"
    body = (
        f"{area(number * 20) if place is None else place}<flurstueckskennzeichen>{key}"
        "</flurstueckskennzeichen><amtlicheFlaeche uom='m2'>100</amtlicheFlaeche>"
        f"<flurnummer>12</flurnummer>{rest}"
    )
    return thing("AX_Flurstueck", oid, body, **life)


def link(name, *targets):
    return "".join(f'<{name} xlink:href="urn:adv:oid:{t}"/>' for t in targets)


def located(street="00017"):
    return (
        "<lagebezeichnung><AX_Lagebezeichnung><verschluesselt><AX_VerschluesselteLagebezeichnung>"
        "<land>05</land><regierungsbezirk>1</regierungsbezirk><kreis>14</kreis>"
        f"<gemeinde>000</gemeinde><lage>{street}</lage></AX_VerschluesselteLagebezeichnung>"
        "</verschluesselt></AX_Lagebezeichnung></lagebezeichnung>"
    )


def house(oid, number, street="00017", **life):
    body = f"{located(street)}<hausnummer>{number}</hausnummer>"
    return thing("AX_LagebezeichnungMitHausnummer", oid, body, **life)


def named(kind, oid, key, name, **life):
    body = f"<schluesselGesamt>{key}</schluesselGesamt><bezeichnung>{name}</bezeichnung>"
    return thing(kind, oid, body, **life)


def street(oid, name, key="00017", **life):
    return named("AX_LagebezeichnungKatalogeintrag", oid, f"05114000{key}", name, **life)


def booked(number, name, begun="2020-01-31T08:00:00Z"):
    """Return booking, sheet, entry and person of an owner; ids end in the number."""
    booking, sheet, entry, person = (f"DENW00AL{kind}{number:07d}" for kind in "BSEP")
    return (
        thing("AX_Buchungsstelle", booking,
              f"<buchungsart>1101</buchungsart>{link('istBestandteilVon', sheet)}", begun=begun),
        thing("AX_Buchungsblatt", sheet, "", begun=begun),
        thing("AX_Namensnummer", entry,
              f"{link('istBestandteilVon', sheet)}{link('benennt', person)}", begun=begun),
        thing("AX_Person", person, f"<nachnameOderFirma>{name}</nachnameOderFirma>"
              "<geburtsdatum>1900-01-01</geburtsdatum>", begun=begun),
    )  # fmt: skip
