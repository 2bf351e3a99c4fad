"""Events as an incremental delivery (NBA) in NAS: inserts, replacements, deletions, updates."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from data.changes.events import Event, Kind
from data.city.write_nas import GID

PROFILE = "SYNTHETISCH"

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!-- Synthetische Daten einer erfundenen Stadt: nichts davon ist ein amtlicher Nachweis. -->
<AX_NutzerbezogeneBestandsdatenaktualisierung_NBA xmlns="{gid}" xmlns:adv="{gid}" \
xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:wfs="http://www.opengis.net/wfs/2.0" \
xmlns:fes="http://www.opengis.net/fes/2.0" xmlns:xlink="http://www.w3.org/1999/xlink">
<erlaeuterung>Synthetische Stadt, Fortführung</erlaeuterung>
<erfolgreich>true</erfolgreich>
<antragsnummer>{number}</antragsnummer>
<auftragsnummer>{number}</auftragsnummer>
<portionskennung><AX_Portionskennung><profilkennung>{profile}</profilkennung>\
<datum>{when}</datum><laufendeNummer>1</laufendeNummer></AX_Portionskennung></portionskennung>
<geaenderteObjekte>
<wfs:Transaction version="2.0.0" service="WFS">
"""
_TAIL = """</wfs:Transaction>
</geaenderteObjekte>
</AX_NutzerbezogeneBestandsdatenaktualisierung_NBA>
"""
_REASONS = {
    Kind.SPLIT: "010101",
    Kind.MERGE: "010102",
    Kind.REARRANGEMENT: "010103",
    Kind.RENUMBER: "010199",
    Kind.RESURVEY: "010403",
    Kind.AREA: "010402",
}
_MODEL = re.compile(r"</modellart>")


def write_nba(events: Iterable[Event], number: str, when: str, file: Path) -> None:
    """Write one delivery.

    Parameters
    ----------
    number
        Of the order (Antragsnummer).
    when
        Moment of the delivery: what it deletes ends then, what it inserts begins then.

    Notes
    -----
    Parcels that are split or renumbered are deleted; those that are merged or rearranged are
    updated with their end and its reason: offices do both.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    events = list(events)
    with file.open("w", encoding="utf-8", newline="\n") as out:
        out.write(_HEAD.format(gid=GID, number=number, profile=PROFILE, when=when))
        began = [(e.kind, plot.text) for e in events for plot in e.began]
        if began:
            objects = "\n".join(_with_reason(text, kind) for kind, text in began)
            out.write(f"<wfs:Insert>\n{objects}\n</wfs:Insert>\n")
        for event in events:
            out.writelines(_operations(event, when))
        out.write(_TAIL)


def _operations(event: Event, when: str) -> Iterator[str]:
    for old, new in event.kept:
        yield (
            f"<wfs:Replace>\n{_with_reason(new.text, event.kind)}\n{_filter(old.version)}"
            "</wfs:Replace>\n"
        )
    for old in event.ended:
        if event.kind in {Kind.MERGE, Kind.REARRANGEMENT}:
            yield (
                '<wfs:Update typeName="adv:AX_Flurstueck">'
                f"{_property('adv:lebenszeitintervall/adv:AA_Lebenszeitintervall/adv:endet', when)}"
                f"{_property('adv:anlass', _REASONS[event.kind])}{_filter(old.oid)}</wfs:Update>\n"
            )
        else:
            yield f'<wfs:Delete typeName="AX_Flurstueck">{_filter(old.version)}</wfs:Delete>\n'


def _property(name: str, value: str) -> str:
    return (
        f"<wfs:Property><wfs:ValueReference>{name}</wfs:ValueReference>"
        f"<wfs:Value>{value}</wfs:Value></wfs:Property>"
    )


def _filter(version: str) -> str:
    return f'<fes:Filter><fes:ResourceId rid="{version}"/></fes:Filter>'


def _with_reason(text: str, kind: Kind) -> str:
    return _MODEL.sub(f"</modellart><anlass>{_REASONS[kind]}</anlass>", text, count=1)
