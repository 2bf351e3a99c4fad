"""pygeoapi's view of one collection: a feature provider over the one door to the data."""

from pathlib import Path
from threading import Lock
from typing import Any

import orjson
import pandas as pd
from pygeoapi.crs import CrsTransformSpec
from pygeoapi.provider.base import BaseProvider, ProviderItemNotFoundError, ProviderQueryError

from api.features.answers import encoded
from api.features.geojson import days
from api.features.schema import JSON_TYPES
from gis_core.errors import FlurbuchError
from gis_core.offered_crs import crs_uri
from layers.access import CITIZEN, Actor
from layers.query import Query
from layers.reader import Reader, open_reader
from layers.view import CollectionView
from layers.wording import Language

_Place = tuple[str, str, tuple[str, ...]]
_OPEN: dict[_Place, Reader] = {}  # pygeoapi makes a provider anew for every request
_LOCK = Lock()


def opened_reader(data: dict[str, Any]) -> Reader:
    """Return the reader of a data directory, opened once; ``data`` as in the configuration."""
    place = data["data_dir"], data["municipality"], tuple(data["layer_dirs"])
    with _LOCK:
        if place not in _OPEN:
            data_dir, municipality, layer_dirs = place
            folders = tuple(Path(folder) for folder in layer_dirs)
            _OPEN[place] = open_reader(Path(data_dir), municipality, folders)
        return _OPEN[place]


def close_readers() -> None:
    """Close the files of all providers; the next request opens them again."""
    with _LOCK:
        while _OPEN:
            _OPEN.popitem()[1].close()


class OverReader(BaseProvider):  # type: ignore[misc]
    """What a role may read without a purpose.

    ``data`` is a mapping with ``data_dir``, ``municipality``, ``layer_dirs``; ``options``
    names the ``collection``, the ``role`` and the ``language`` of field titles.
    """

    def __init__(self, provider_def: dict[str, Any]) -> None:
        super().__init__(provider_def)
        self.reader = opened_reader(provider_def["data"])
        self.collection: str = provider_def["options"]["collection"]
        self.actor = Actor(role=provider_def["options"].get("role", CITIZEN.role))
        self.language: Language = provider_def["options"].get("language", "de")
        self.get_fields()


class ReaderProvider(OverReader):
    """One collection of features, of which nothing is a secret."""

    @property
    def view(self) -> CollectionView:
        """The collection with the fields that the role may read."""
        return self.reader.view(self.actor, self.collection)

    def get_fields(self) -> dict[str, dict[str, str]]:
        """Return JSON Schema types by field name."""
        self._fields = {
            field.name: {**JSON_TYPES[field.type], "title": field.title[self.language]}
            for field in self.view.fields
        }
        return self._fields

    def query(
        self,
        offset: int = 0,
        limit: int = 10,
        resulttype: str = "results",
        bbox: list[float] | None = None,
        properties: list[tuple[str, str]] | None = None,
        sortby: list[dict[str, str]] | None = None,
        select_properties: list[str] | None = None,
        skip_geometry: bool = False,
        crs_transform_spec: CrsTransformSpec | None = None,
        **unsupported: object,
    ) -> dict[str, Any]:
        """Return a page as a GeoJSON dictionary, with the exact number matched.

        Raises
        ------
        ProviderQueryError
            A filter or free-text search was asked for, or a field is unknown.
        """
        asked = {name for name in ("q", "filterq", "datetime_") if unsupported.get(name)}
        if asked:
            raise ProviderQueryError(f"not offered here: {', '.join(sorted(asked))}")
        query = Query(
            bbox=(bbox[0], bbox[1], bbox[2], bbox[3]) if bbox else None,
            equals=dict(properties or ()),
            sort=tuple((s["property"], s["order"] == "-") for s in sortby or ()),
            columns=tuple(select_properties) if select_properties else None,
            limit=limit,
            offset=offset,
            geometry=not skip_geometry,
        )
        try:
            matched = self.reader.count(self.actor, self.collection, query)
            frame = None
            if resulttype != "hits":
                frame = self.reader.frame(self.actor, self.collection, query)
        except FlurbuchError as error:
            raise ProviderQueryError(str(error)) from error
        features = [] if frame is None else self._features(frame, crs_transform_spec)
        return {
            "type": "FeatureCollection",
            "features": features,
            "numberMatched": matched,
            "numberReturned": len(features),
        }

    def get(
        self, identifier: str, crs_transform_spec: CrsTransformSpec | None = None, **_: object
    ) -> dict[str, Any]:
        """Return one feature.

        Raises
        ------
        ProviderItemNotFoundError
            There is none of that id.
        """
        frame = self.reader.frame(self.actor, self.collection, Query(ids=(identifier,)))
        if frame.empty:
            raise ProviderItemNotFoundError(f"no item {identifier}")
        return self._features(frame, crs_transform_spec)[0]

    def _features(self, frame: pd.DataFrame, spec: CrsTransformSpec | None) -> list[dict[str, Any]]:
        """Return features in the CRS that pygeoapi was asked for; None is the storage CRS."""
        storage = self.reader.municipality.storage_crs
        crs = crs_uri(storage) if spec is None else spec.target_crs_uri
        return [orjson.loads(text) for text in encoded(frame, days(self.view), crs, storage)]

    def __repr__(self) -> str:
        """Name the collection."""
        return f"<ReaderProvider> {self.collection}"
