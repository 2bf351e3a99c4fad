"""pygeoapi's configuration, generated from the layers; nobody writes it by hand."""

from typing import Any

from api.coverages.files import GEOTIFF
from api.coverages.picture import PNG
from api.features.formats.registry import FORMATS
from api.negotiation import LANGUAGES
from api.settings import Settings
from gis_core.offered_crs import CRS84, box_to_crs84, crs_uri, supported_crs
from layers.access import Actor
from layers.reader import Reader
from layers.reader.rasters import RasterView
from layers.spec import GeometryKind
from layers.view import CollectionView


def pygeoapi_config(settings: Settings, reader: Reader, actor: Actor) -> dict[str, Any]:
    """Describe the service and every collection that an actor may read in pygeoapi's terms.

    Collections that it may not read are absent: what pygeoapi does not
    know, it cannot leak.
    """
    return {
        "server": {
            "bind": {"host": settings.host, "port": settings.port},
            "url": settings.url,
            "mimetype": "application/json",
            "encoding": "utf-8",
            "languages": list(LANGUAGES),
            "gzip": False,
            "pretty_print": False,
            "limits": {"default_items": 10, "max_items": 10_000},
            "map": {"url": "", "attribution": ""},
        },
        "logging": {"level": "ERROR"},
        "metadata": _metadata(settings, reader),
        "resources": {
            view.spec.id: _collection(settings, reader, actor, view)
            for view in reader.collections(actor)
            if view.spec.geometry is not GeometryKind.NONE
        }
        | {view.id: _raster(settings, reader, actor, view) for view in reader.rasters(actor)},
    }


def _metadata(settings: Settings, reader: Reader) -> dict[str, Any]:
    title = reader.municipality.title
    return {
        "identification": {
            "title": {
                "de": f"{title['de']}: Flurstücksdienst",
                "en": f"{title['en']}: parcel service",
            },
            "description": {
                "de": "Flurstücke und was andere Register über sie wissen.",
                "en": "Parcels, and what other registers know about them.",
            },
            "keywords": {"de": ["Flurstück", "Kataster"], "en": ["parcel", "cadastre"]},
            "keywords_type": "theme",
            "terms_of_service": "https://www.govdata.de/dl-de/zero-2-0",
            "url": f"{settings.url}/?f=html",
        },
        "license": {
            "name": "Datenlizenz Deutschland – Zero – Version 2.0",
            "url": "https://www.govdata.de/dl-de/zero-2-0",
        },
        "provider": {"name": title["de"], "url": settings.url},
        "contact": {"name": title["de"], "email": settings.contact_email},
    }


def _collection(
    settings: Settings, reader: Reader, actor: Actor, view: CollectionView
) -> dict[str, Any]:
    storage = reader.municipality.storage_crs
    return {
        "type": "collection",
        "title": dict(view.spec.title),
        "description": dict(view.spec.description or view.layer.description or view.spec.title),
        "keywords": {language: [view.layer.title[language]] for language in LANGUAGES},
        "links": [
            {
                "rel": "items",
                "type": form.media_type,
                "title": form.title,
                "href": f"{settings.url}/collections/{view.spec.id}/items?f={form.name}",
            }
            for form in FORMATS.values()
        ],
        "extents": {"spatial": {"bbox": _extent(reader, actor, view), "crs": CRS84}},
        "providers": [
            {
                "type": "feature",
                "name": "api.ogc.provider.ReaderProvider",
                "data": _data(settings),
                "id_field": "feature_id",
                "options": {"collection": view.spec.id, "role": actor.role},
                "crs": list(supported_crs(storage)),
                "storage_crs": crs_uri(storage),
            }
        ],
    }


def _raster(settings: Settings, reader: Reader, actor: Actor, view: RasterView) -> dict[str, Any]:
    storage = reader.municipality.storage_crs
    box = box_to_crs84(reader.raster_grid(view, view.crs).box, storage)
    shared = {
        "data": _data(settings),
        "options": {"collection": view.id, "role": actor.role},
        "storage_crs": view.crs,
    }
    return {
        "type": "collection",
        "title": dict(view.spec.title),
        "description": dict(view.layer.description or view.spec.title),
        "keywords": {language: [view.layer.title[language]] for language in LANGUAGES},
        "links": [],
        "extents": {"spatial": {"bbox": list(box), "crs": CRS84}},
        "providers": [
            {
                "type": "coverage",
                "name": "api.ogc.raster_provider.CoverageProvider",
                "format": {"name": "tif", "mimetype": GEOTIFF},
                **shared,
            },
            {
                "type": "map",
                "name": "api.ogc.raster_provider.MapProvider",
                "format": {"name": "png", "mimetype": PNG},
                **shared,
            },
        ],
    }


def _data(settings: Settings) -> dict[str, Any]:
    return {
        "data_dir": str(settings.data_dir),
        "municipality": settings.municipality,
        "layer_dirs": [str(folder) for folder in settings.layer_dirs],
    }


def _extent(reader: Reader, actor: Actor, view: CollectionView) -> list[float]:
    """Return the collection's box in CRS84; an empty collection has the municipality's."""
    bounds = reader.bounds(actor, view.spec.id) or reader.municipality.window
    return list(box_to_crs84(bounds, reader.municipality.storage_crs))
