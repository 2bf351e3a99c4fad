"""The report of a check: every finding in words, in an order that depends on nothing else."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_core.fabric_quality import Code, Finding, Severity, Unit
from layers.checking.reading import CheckedRows
from layers.checking.words import LANGUAGES, sentence
from layers.spec import Title

SCHEMA = "flurbuch-check/1"
NAMED = 4
"""How many parcels a sentence names; the record holds them all."""

_SEVERITIES, _CODES = list(Severity), list(Code)
_MORE = {"de": "{keys} und {n} weiteren", "en": "{keys} and {n} more"}
_AND = {"de": "{keys} und {last}", "en": "{keys} and {last}"}
_NO_KEY = {"de": "Objekt {id}", "en": "object {id}"}


@dataclass(frozen=True, slots=True)
class Remark:
    """One finding as people and files get it.

    Attributes
    ----------
    parcel_key
        The parcel that it is about; "" where it is about none or its key is unknown.
    other_keys
        Further parcels, ascending.
    place
        A point on it in the municipality's CRS; None where it has no place.
    geometry
        The ground or point; None where it has no place.
    message
        What was found and what to do.
    """

    code: Code
    severity: Severity
    parcel_key: str
    other_keys: tuple[str, ...]
    measure: float
    unit: Unit
    place: tuple[float, float] | None
    geometry: shapely.Geometry | None
    message: Title

    def as_json(self) -> dict[str, object]:
        """Return the remark as plain JSON values, without its geometry."""
        return {
            "code": self.code.value,
            "severity": self.severity.value,
            "parcel_key": self.parcel_key,
            "other_keys": list(self.other_keys),
            "measure": self.measure,
            "unit": self.unit.value,
            "place": list(self.place) if self.place else None,
            "message": dict(self.message),
        }


@dataclass(frozen=True)
class CheckReport:
    """What a check of a city's parcels found.

    Attributes
    ----------
    municipality
        Its title.
    crs
        EPSG code of all places.
    generation, data_date
        The import that was checked, and the day that it describes.
    rows
        Rows of the source; ``parcels`` of them with a key of their own.
    codes
        What was looked for, in the order of the codes.
    remarks
        By severity, code, parcel, place.
    notes
        What was not checked, and why.
    lines
        Borders to draw under a picture, by what they separate (``parcel``, ``section``,
        ``district``, ``around``); empty where none were asked for.
    districts
        Names of districts, each with a point amid its parcels; like ``lines``.
    """

    municipality: Title
    crs: int
    generation: int
    data_date: date | None
    rows: int
    parcels: int
    codes: tuple[Code, ...]
    remarks: tuple[Remark, ...]
    notes: tuple[Title, ...]
    lines: dict[str, NDArray[np.object_]]
    districts: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def counts(self) -> dict[Code, int]:
        """How many remarks there are of each code that was looked for, 0 included."""
        found = Counter(r.code for r in self.remarks)
        return {code: found[code] for code in self.codes}

    @property
    def severities(self) -> dict[Severity, int]:
        """How many remarks there are of each severity, 0 included."""
        found = Counter(r.severity for r in self.remarks)
        return {severity: found[severity] for severity in Severity}

    def as_json(self) -> dict[str, object]:
        """Return the report as plain JSON values."""
        return {
            "schema": SCHEMA,
            "municipality": dict(self.municipality),
            "crs": self.crs,
            "generation": self.generation,
            "data_date": self.data_date.isoformat() if self.data_date else None,
            "rows": self.rows,
            "parcels": self.parcels,
            "counts": {code.value: n for code, n in self.counts.items()},
            "severities": {severity.value: n for severity, n in self.severities.items()},
            "notes": [dict(note) for note in self.notes],
            "findings": [remark.as_json() for remark in self.remarks],
        }


def remarks(findings: Iterable[Finding], parcels: CheckedRows) -> tuple[Remark, ...]:
    """Put findings into words and order."""
    return tuple(sorted((_remark(f, parcels) for f in findings), key=_rank))


def _rank(remark: Remark) -> tuple[object, ...]:
    return (
        _SEVERITIES.index(remark.severity),
        _CODES.index(remark.code),
        remark.parcel_key,
        remark.other_keys,
        remark.place or (0.0, 0.0),
        remark.measure,
        remark.message["de"],
    )


def _remark(finding: Finding, parcels: CheckedRows) -> Remark:
    key = parcels.rows.key
    rows = (finding.row, *finding.others) if finding.row >= 0 else finding.others
    message = {}
    for lang in LANGUAGES:
        names = [str(key[r]) if key[r] else _NO_KEY[lang].format(id=parcels.ids[r]) for r in rows]
        facts: dict[str, float | str] = {
            **finding.facts,
            "id": str(parcels.ids[finding.row]) if finding.row >= 0 else "",
            "other": finding.facts.get("other", names[1] if len(names) > 1 else ""),
            "others": _listed(list(dict.fromkeys(names)), lang),
        }
        message[lang] = sentence(finding.code, finding.case, facts)[lang]
    place = _place(finding.geometry)
    return Remark(
        code=finding.code,
        severity=finding.severity,
        parcel_key=str(key[finding.row] or "") if finding.row >= 0 else "",
        other_keys=tuple(dict.fromkeys(str(key[r]) for r in finding.others if key[r])),
        measure=round(finding.measure, 4),
        unit=finding.unit,
        place=place,
        geometry=None if place is None else finding.geometry,
        message=message,
    )


def _listed(names: list[str], lang: str) -> str:
    if len(names) > NAMED + 1:
        return _MORE[lang].format(keys=", ".join(names[:NAMED]), n=len(names) - NAMED)
    if len(names) < 2:
        return "".join(names)
    return _AND[lang].format(keys=", ".join(names[:-1]), last=names[-1])


def _place(geometry: shapely.Geometry | None) -> tuple[float, float] | None:
    if geometry is None or shapely.is_empty(geometry):
        return None
    point = shapely.point_on_surface(geometry)
    return round(float(shapely.get_x(point)), 3), round(float(shapely.get_y(point)), 3)
