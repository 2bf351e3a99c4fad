"""A report as a file: GeoPackage for QGIS, CSV for a spreadsheet, JSON for programs."""

import csv
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_core.fabric_quality import Unit
from gis_core.fabric_quality.faces import polygons_of
from gis_core.geometry import as_multipolygon
from layers.checking.report import CheckReport, Remark
from layers.checking.words import code_title, severity_title
from layers.wording import Language

POINTS, GROUND, NOWHERE = "findings", "findings_ground", "findings_without_place"
"""Tables of the GeoPackage: a point for each finding that has a place, the ground of those that
have one, and those that have no place."""

_AREA = 2  # dimension of polygons
_RUNS = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would take for a formula


def write_findings(report: CheckReport, path: Path, lang: Language) -> None:
    """Write all findings of a report; the ending of the name says how.

    Parameters
    ----------
    path
        ``.gpkg``, ``.csv`` or ``.json``. A file that is there already is replaced when the new
        one is whole.
    lang
        Language of the titles in a CSV; the sentences stand in both where there is room.

    Raises
    ------
    KeyError
        Another ending.
    """
    aside = path.with_name(f".{path.name}.part{path.suffix}")
    aside.unlink(missing_ok=True)
    try:
        WRITERS[path.suffix.lower()](report, aside, lang)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def _write_json(report: CheckReport, path: Path, _: Language) -> None:
    path.write_bytes(orjson.dumps(report.as_json(), option=orjson.OPT_INDENT_2))


def _write_csv(report: CheckReport, path: Path, lang: Language) -> None:
    """Write what a spreadsheet of that country opens by itself."""
    comma = lang == "de"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file, delimiter=";" if comma else ",")
        rows.writerow(_HEADINGS[lang])
        for remark in report.remarks:
            x, y = remark.place or ("", "")
            measure = f"{remark.measure:.{0 if remark.unit is Unit.COUNT else 4}f}"
            numbers = (measure, remark.unit.value, f"{x}", f"{y}")
            rows.writerow(
                [
                    severity_title(remark.severity)[lang],
                    remark.code.value,
                    code_title(remark.code)[lang],
                    _inert(remark.parcel_key),
                    _inert(" ".join(remark.other_keys)),
                    *(n.replace(".", ",") if comma else n for n in numbers),
                    _inert(remark.message[lang]),
                ]
            )


def _inert(text: str) -> str:
    return f"'{text}" if text.startswith(_RUNS) else text


_HEADINGS: dict[Language, tuple[str, ...]] = {
    "de": (
        "Schwere",
        "Code",
        "Befund",
        "Flurstückskennzeichen",
        "weitere Flurstücke",
        "Maß",
        "Einheit",
        "Ost",
        "Nord",
        "Was zu tun ist",
    ),
    "en": (
        "severity",
        "code",
        "finding",
        "parcel key",
        "further parcels",
        "measure",
        "unit",
        "east",
        "north",
        "what to do",
    ),
}


def _write_gpkg(report: CheckReport, path: Path, _: Language) -> None:
    table = pd.DataFrame([_cells(remark) for remark in report.remarks], columns=list(_COLUMNS))
    placed = np.array([r.place is not None for r in report.remarks], np.bool_)
    points = [shapely.Point(r.place) for r in report.remarks if r.place is not None]
    _write_layer(path, POINTS, table[placed], np.array(points, object), report.crs, "Point")
    shapes = np.full(len(table), None, object)
    shapes[:] = [r.geometry for r in report.remarks]
    ground = shapely.get_dimensions(shapes) == _AREA
    solid = as_multipolygon(polygons_of(shapes[ground]))
    _write_layer(path, GROUND, table[ground], solid, report.crs, "MultiPolygon")
    if not placed.all():
        bare = gpd.GeoDataFrame(table[~placed])
        bare.to_file(path, layer=NOWHERE, driver="GPKG", engine="pyogrio")


def _write_layer(
    path: Path, name: str, table: pd.DataFrame, shapes: NDArray[np.object_], crs: int, kind: str
) -> None:
    frame = gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(shapes, index=table.index), crs=crs)
    frame.to_file(path, layer=name, driver="GPKG", engine="pyogrio", geometry_type=kind)


_COLUMNS = (
    "code",
    "severity",
    "title_de",
    "title_en",
    "parcel_key",
    "other_keys",
    "measure",
    "unit",
    "message_de",
    "message_en",
)


def _cells(remark: Remark) -> tuple[object, ...]:
    title = code_title(remark.code)
    return (
        remark.code.value,
        remark.severity.value,
        title["de"],
        title["en"],
        remark.parcel_key,
        " ".join(remark.other_keys),
        remark.measure,
        remark.unit.value,
        remark.message["de"],
        remark.message["en"],
    )


WRITERS: dict[str, Callable[[CheckReport, Path, Language], None]] = {
    ".gpkg": _write_gpkg,
    ".csv": _write_csv,
    ".json": _write_json,
}
