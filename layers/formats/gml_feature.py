"""One GML feature as flat values and a geometry, whatever its schema."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lxml.etree import _Element as Element
from shapely.geometry.base import BaseGeometry

from layers.formats.gml_geometry import (
    GmlGeometryError,
    Reading,
    first_position,
    is_geometry,
    read_geometry,
)
from layers.formats.srs_name import SrsName, read_srs_name
from layers.formats.xml import local_name
from layers.source import SourceCRS

Values = dict[str, list[str]]

_USUAL_UNITS = {"m", "m2"}  # any other is kept beside the value, as ``path@uom``


@dataclass(slots=True)
class Feature:
    """A feature as its document has it.

    Attributes
    ----------
    kind
        Local name of its element.
    values
        Text by dotted path (``gemarkung.land``), in document order; several when
        the element occurs several times. The identifier attribute is ``gml_id``.
    geometry
        The main geometry, x (easting, longitude) first; None when there is none.
    crs
        Its reference system; None without geometry.
    problem
        Why the main geometry could not be read.
    """

    kind: str
    values: Values = field(default_factory=dict)
    geometry: BaseGeometry | None = None
    crs: SourceCRS | None = None
    problem: GmlGeometryError | None = None


class FeatureReader:
    """Reads features; remembers what the document said about its reference system.

    Parameters
    ----------
    main
        Local names of the properties that may hold the main geometry, best first;
        empty: the first geometry in the feature.
    """

    def __init__(self, main: tuple[str, ...] = ()) -> None:
        self._main = main
        self._default = read_srs_name("")
        self._systems: dict[str, tuple[Reading, SourceCRS]] = {}

    def note_crs(self, srs_name: str) -> None:
        """Take a reference system as the one of all geometries that name none."""
        self._default = read_srs_name(srs_name)

    def note_envelope(self, element: Element) -> None:
        """Take the reference system from a ``boundedBy`` element, where it names one."""
        for envelope in element.iter("{*}Envelope", "{*}Box"):
            if name := envelope.get("srsName"):
                self.note_crs(name)
                return

    def read(self, element: Element) -> Feature:
        """Return the feature that the element describes."""
        feature = Feature(local_name(element))
        for key, value in element.attrib.items():
            if str(key).rpartition("}")[2] in {"id", "fid"}:
                feature.values["gml_id"] = [str(value)]
        places: dict[str, Element] = {}
        for child in element:
            name = local_name(child)
            if name == "boundedBy" or (name == "identifier" and _repeats(child, feature)):
                continue
            if len(child) and is_geometry(child[0]):
                places.setdefault(name, child[0])
            else:
                _flatten(child, name, feature.values)
        self._place(feature, places)
        return feature

    def _place(self, feature: Feature, places: Mapping[str, Element]) -> None:
        """Read the main geometry; keep the others as well-known text."""
        wanted = self._main or tuple(places)[:1]
        main = next((name for name in wanted if name in places), None)
        for name, element in places.items():
            try:
                geometry, crs = self._geometry(element)
            except GmlGeometryError as error:
                if name == main:
                    feature.problem = error
                continue
            if name == main:
                feature.geometry, feature.crs = geometry, crs
            else:
                feature.values.setdefault(name, []).append(geometry.wkt)

    def _geometry(self, element: Element) -> tuple[BaseGeometry, SourceCRS]:
        name = element.get("srsName") or _inner_srs_name(element)
        srs = read_srs_name(name) if name else self._default
        if srs.stated not in self._systems:
            self._systems[srs.stated] = _judge(srs, element)
        reading, crs = self._systems[srs.stated]
        return read_geometry(element, reading), crs


def _repeats(identifier: Element, feature: Feature) -> bool:
    """Tell whether a ``gml:identifier`` says no more than the feature's own id."""
    known = feature.values.get("gml_id", [""])[0]
    return bool(known) and (identifier.text or "").endswith(known)


def _inner_srs_name(element: Element) -> str:
    """Return the reference system that only the parts of a geometry name."""
    for part in element:
        for inner in part:
            if name := inner.get("srsName"):
                return str(name)
    return ""


def _judge(srs: SrsName, element: Element) -> tuple[Reading, SourceCRS]:
    """Decide the axis order of a reference system from its name and its first position."""
    first = first_position(element)
    north = srs.comes_northing_first(*first) if first else srs.northing_first
    if srs.geographic:
        reading = Reading.degrees(northing_first=north, dimension=srs.dimension)
    else:
        reading = Reading(north, srs.dimension)
    return reading, SourceCRS(srs.definition, srs.stated, swapped=north)


def _flatten(element: Element, path: str, values: Values) -> None:
    """Add the element's text under its path.

    Below a property stands its data type (``gemarkung/AX_Gemarkung_Schluessel/land``);
    the path leaves the type out.
    """
    if len(element) == 0:
        text = (element.text or "").strip() or _reference(element)
        if text:
            values.setdefault(path, []).append(text)
            unit = element.get("uom")
            if unit and unit.rpartition(":")[2] not in _USUAL_UNITS:
                values.setdefault(f"{path}@uom", []).append(unit)
        return
    for data_type in element:
        if len(data_type) == 0:
            _flatten(data_type, path, values)
        else:
            for inner in data_type:
                _flatten(inner, f"{path}.{local_name(inner)}", values)


def _reference(element: Element) -> str:
    """Return the object id or the code that an ``xlink:href`` points to."""
    for key, target in element.attrib.items():
        if str(key).endswith("}href"):
            name = str(target).rstrip("/").rpartition("/")[2].rpartition("#")[2]
            return name.removeprefix("urn:adv:oid:")
    return ""
