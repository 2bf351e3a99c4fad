"""Profiles: other ways of telling the same features as GeoJSON, chosen by ``profile``.

``rfc7946`` is how features are told anyway; ``inspire`` tells parcels under the names that the data
specification of INSPIRE has for a CadastralParcel. Its objects within objects are members of
objects here, its references addresses.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import shapely

from api.errors import ParameterError
from gis_core.geojson import geometry_texts
from gis_core.offered_crs import decimals, to_crs
from layers.spec import Join
from layers.view import CollectionView

RFC7946, INSPIRE, JSON_FG = "rfc7946", "inspire", "jsonfg"
URIS: Mapping[str, str] = {
    RFC7946: "http://www.opengis.net/def/profile/ogc/0/rfc7946",
    INSPIRE: "http://inspire.ec.europa.eu/featureconcept/CadastralParcel",
    JSON_FG: "http://www.opengis.net/def/profile/ogc/0/jsonfg",
}
_BY_FORM = {"json": (RFC7946, INSPIRE), "jsonfg": (JSON_FG,)}


def offered(view: CollectionView, form: str = "json") -> tuple[str, ...]:
    """Return the profiles in which a collection is told in a format."""
    parcels = view.spec.relation.by is Join.SELF and view.spec.relation.key in view.names
    own = _BY_FORM.get(form, ())
    return tuple(name for name in own if name != INSPIRE or (parcels and _labelled(view)))


def chosen(given: Mapping[str, str], view: CollectionView, form: str) -> str | None:
    """Return the profile that was asked for, None where none was.

    Several, with commas between them, are those that the answer shall fit: the closest one counts.

    Raises
    ------
    ParameterError
        One is unknown, or is not for this collection in this format.
    """
    if "profile" not in given:
        return None
    known = ("json", "jsonfg") if form == "html" else (form,)
    possible = [name for one in known for name in offered(view, one)]
    by_uri = {URIS[name]: name for name in possible}
    asked = [by_uri.get(text, text) for text in given["profile"].split(",")]
    for name in asked:
        if name not in possible:
            expected = ", ".join(possible) or "none in this format"
            raise ParameterError(
                f"profile: found {name[:80]!r}, expected {expected}",
                advice="inspire is for parcels as GeoJSON (f=json).",
                parameter="profile",
                expected=expected,
            )
    if INSPIRE in asked and "properties" in given:
        raise ParameterError(
            "properties cannot be chosen of the profile inspire: it has its own",
            parameter="properties",
        )
    return max(asked, key=possible.index)


def with_profile(headers: dict[str, str], profile: str | None) -> dict[str, str]:
    """Return headers that name the profile of the answer (RFC 6906)."""
    if profile is None:
        return headers
    said = f'<{URIS[profile]}>; rel="profile"'
    return headers | {"Link": ", ".join(filter(None, [headers.get("Link"), said]))}


@dataclass(frozen=True, slots=True)
class Inspire:
    """Tells parcels as INSPIRE's cadastral parcels.

    Attributes
    ----------
    view
        The parcels.
    url
        Address of the service.
    beside
        The collections that the caller may read: nothing else is referred to.
    """

    view: CollectionView
    url: str
    beside: Collection[str]

    def told(self, frame: pd.DataFrame, crs: str, storage: int) -> pd.DataFrame:
        """Return parcels with the properties of a CadastralParcel.

        Parameters
        ----------
        frame
            Parcels with all fields that the caller may read, in the storage CRS.
        crs
            That of the answer, in which the reference points are.
        """
        relation, source = self.view.spec.relation, self.view.spec.source
        base = f"{self.url}/collections/{self.view.id}/items"
        columns: dict[str, list[object]] = {
            "inspireId": [{"localId": str(own), "namespace": base} for own in frame.index],
            "label": _labels(frame),
            "nationalCadastralReference": _values(frame, relation.key),
        }
        if relation.area in frame:
            columns["areaValue"] = _values(frame, relation.area)
            columns["areaValue_uom"] = ["m2"] * len(frame)
        for name, field in (
            ("beginLifespanVersion", source.begins_at),
            ("endLifespanVersion", source.ends_after),
        ):
            if field in frame:
                columns[name] = [_instant(v) for v in _values(frame, field)]
        for name, field, collection in (
            ("administrativeUnit", "gmdschl", "verwaltungseinheit"),
            ("zoning", "flurschl", "katasterbezirk"),
        ):
            if field in frame and collection in self.beside:
                there = f"{self.url}/collections/{collection}/items/DE"
                columns[name] = [v and f"{there}{v}" for v in _values(frame, field)]
        if isinstance(frame, gpd.GeoDataFrame):
            columns["referencePoint"] = _points(frame, crs, storage)
        told = pd.DataFrame(
            {name: pd.Series(v, frame.index, dtype=object) for name, v in columns.items()}
        )
        if isinstance(frame, gpd.GeoDataFrame):
            return gpd.GeoDataFrame(told, geometry=frame.geometry)
        return told


def _labelled(view: CollectionView) -> bool:
    return "flstnrzae" in view.names


def _labels(frame: pd.DataFrame) -> list[object]:
    """Return the numbers of parcels as maps have them: 12 or 12/3."""
    below = _values(frame, "flstnrnen") if "flstnrnen" in frame else [None] * len(frame)
    numbers = zip(_values(frame, "flstnrzae"), below, strict=True)
    return [f"{a}/{b}" if a and b else a for a, b in numbers]


def _values(frame: pd.DataFrame, field: str | None) -> list[object]:
    column = frame[field].astype(object)
    return list(column.where(column.notna(), None))


def _instant(value: object) -> str | None:
    return f"{value:%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, pd.Timestamp) else None


def _points(frame: gpd.GeoDataFrame, crs: str, storage: int) -> list[object]:
    inside = shapely.point_on_surface(np.asarray(frame.geometry.array, dtype=object))
    return [orjson.loads(t) for t in geometry_texts(to_crs(inside, storage, crs), decimals(crs))]
