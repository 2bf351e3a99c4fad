"""One feature, checked as an import checks its rows: the same rules, one place for each."""

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd
from shapely.geometry.base import BaseGeometry

from gis_core.crs import plan_operation
from gis_core.faults import Fault, Outcome
from gis_core.window import Window
from layers.errors import InvalidFeatureError
from layers.ingest.advice import advice
from layers.ingest.checking import Check, Checked
from layers.ingest.mapping import Mapping as Columns
from layers.ingest.numbers import Mark
from layers.municipality import Municipality
from layers.source import SourceCRS, SourceTable
from layers.spec import CollectionSpec, FieldSpec, FieldType

_WHERE = "feature"
_SHOWN = 80


def check_feature(
    spec: CollectionSpec,
    municipality: Municipality,
    values: Mapping[str, object],
    geometry: BaseGeometry | None,
    crs: str,
    *,
    stated: Collection[str],
) -> Checked:
    """Check one feature.

    Parameters
    ----------
    values
        By field: text, number, truth, a list of texts, or None.
    geometry
        x east.
    crs
        Reference system of the geometry, as PROJ knows it.
    stated
        The fields, and ``geometry``, that were stated; only what is wrong with them counts.

    Raises
    ------
    InvalidFeatureError
        A value or the place would be repaired or refused by an import.
    DatumGridMissingError
        The reference system needs a grid that is not installed.
    """
    for name in stated:
        if name in values:
            _check_kind(spec.field(name), values[name])
    window = Window(*municipality.window)
    target = municipality.storage_crs
    check = Check(
        spec=spec,
        mapping=Columns({name: name for name in values}, (), ()),
        mark=Mark.POINT,
        scheme=municipality.keys,
        window=window,
        operation=plan_operation(crs, target, area=window.area_of_use(target)),
        today="",
    )
    shapes = np.empty(1, dtype=object)
    shapes[0] = geometry
    table = SourceTable(
        file=_WHERE,
        kind=spec.id,
        rows=np.array([1], dtype=np.int64),
        attributes=pd.DataFrame({n: pd.Series([v], dtype=object) for n, v in values.items()}),
        geometry=shapes,
        crs=SourceCRS(crs),
    )
    checked = check(table)
    wrong = [
        fault
        for _, fault in checked.faults
        if fault.outcome is not Outcome.NOTED and fault.field in stated
    ]
    if wrong:
        raise _invalid(wrong)
    return checked


def invalid(field: str, found: object, expected: str) -> InvalidFeatureError:
    """Return the error for one thing that does not fit."""
    shown = str(found)[:_SHOWN]
    return InvalidFeatureError(
        f"{field}: found {shown!r}, expected {expected}",
        field=field,
        found=shown,
        expected=expected,
    )


def _check_kind(field: FieldSpec, value: object) -> None:
    """Refuse what JSON says in another kind than the field has: texts are not read as numbers."""
    if value is None:
        return
    if field.type.numeric:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise invalid(field.name, value, "a number")
    elif field.type is FieldType.BOOLEAN:
        if not isinstance(value, bool):
            raise invalid(field.name, value, "true or false")
    elif isinstance(value, list):
        if not all(isinstance(part, str) for part in value):
            raise invalid(field.name, value, "texts")
    elif not isinstance(value, str):
        raise invalid(field.name, value, "a text")


def _invalid(wrong: list[Fault]) -> InvalidFeatureError:
    first = wrong[0]
    told = "; ".join(f"{f.field}: found {f.found!r}, expected {f.expected}" for f in wrong)
    return InvalidFeatureError(
        told,
        advice=advice(first.code),
        field=first.field,
        found=first.found,
        expected=first.expected,
        reason=first.code,
    )
