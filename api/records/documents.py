"""The catalogue and its records, as GeoJSON."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from api.coverages.files import GEOTIFF
from api.coverages.picture import PNG
from api.negotiation import LANGUAGES
from api.records.asking import Asked
from api.settings import Settings
from api.tiles.documents import tile_links
from api.wording import words
from gis_core.offered_crs import box_to_crs84
from layers.municipality import Municipality
from layers.reader.catalogue import DataSet
from layers.spec import CATALOGUE, GeometryKind
from layers.wording import Language

GEOJSON, JSON, HTML = "application/geo+json", "application/json", "text/html"
SCHEMA = "application/schema+json"
PATH = f"/collections/{CATALOGUE}"
_REL = "http://www.opengis.net/def/rel/ogc/1.0"
_CORE = "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/record-core"
Document = dict[str, Any]


def catalogue_link(url: str, language: Language) -> Document:
    """Return the link by which the landing page leads to the catalogue."""
    return _link(f"{_REL}/ogc-catalog", f"{url}{PATH}", JSON, language)


def catalogue(
    settings: Settings, town: Municipality, sets: tuple[DataSet, ...], language: Language
) -> Document:
    """Return the description of the catalogue, which is a collection of records."""
    here = f"{settings.url}{PATH}"
    boxes = [box_to_crs84(d.bounds, town.storage_crs) for d in sets if d.bounds is not None]
    west, south, east, north = zip(*boxes, strict=True) if boxes else ((),) * 4
    extent = {"bbox": [[min(west), min(south), max(east), max(north)]]} if boxes else {}
    renewed = max((d.generation.imported_at for d in sets), default=None)
    return {
        "id": CATALOGUE,
        "type": "Collection",
        "itemType": "record",
        "title": words("record", "catalogue", language, town=town.title[language]),
        "description": words("record", "catalogue-about", language),
        "language": {"code": language},
        "languages": [{"code": code} for code in LANGUAGES],
        **({"updated": _moment(renewed)} if renewed else {}),
        **({"extent": {"spatial": extent}} if extent else {}),
        "contacts": [_service(settings, town, language)],
        "crs": ["http://www.opengis.net/def/crs/OGC/1.3/CRS84"],
        "conformsTo": [_CORE],
        "links": [
            _link("self", f"{here}?f=json", JSON, language),
            _link("alternate", f"{here}?f=html", HTML, language),
            _link("root", f"{settings.url}/", JSON, language),
            _link("items", f"{here}/items?f=json", GEOJSON, language),
            _link("items", f"{here}/items?f=html", HTML, language),
        ],
    }


def record(settings: Settings, town: Municipality, found: DataSet, language: Language) -> Document:
    """Return a data set as a record."""
    layer, dated = found.layer, found.generation.data_date
    box = None if found.bounds is None else box_to_crs84(found.bounds, town.storage_crs)
    properties: Document = {
        "type": "dataset",
        "title": found.title[language],
        "description": _described(found, language),
        "keywords": [word[language] for word in layer.keywords],
        "language": {"code": language},
        "languages": [{"code": code} for code in LANGUAGES],
        "resourceLanguages": [{"code": "de"}],
        "updated": _moment(found.generation.imported_at),
        "license": layer.licence,
        "contacts": [_steward(found, language), _service(settings, town, language)],
        "externalIds": [{"value": f"{settings.url}/collections/{found.id}"}],
        "layer": layer.id,
    }
    if found.first is not None:
        properties["created"] = _moment(found.first.imported_at)
    for name, told in (("updateCycle", layer.update), ("quality", layer.quality)):
        if told:
            properties[name] = told[language]
    if layer.retention:
        properties["retention"] = layer.retention[language]
    if found.count is not None:
        properties["numberOfFeatures"] = found.count
    return {
        "type": "Feature",
        "id": found.id,
        "conformsTo": [_CORE],
        "geometry": None if box is None else _outline(box),
        **({} if box is None else {"bbox": list(box)}),
        "time": None if dated is None else {"date": dated.isoformat()},
        "properties": properties,
        "links": _links(settings.url, found, language),
    }


def _described(found: DataSet, language: Language) -> str:
    """Return what is said of the data set, else of its layer, else their names."""
    told = found.description or found.layer.description
    if told:
        return told[language]
    title = found.layer.title[language]
    return words("record", "of-layer", language, title=found.title[language], layer=title)


def _steward(found: DataSet, language: Language) -> Document:
    contact = found.layer.contact
    document: Document = {"organization": found.layer.steward, "roles": ["custodian"]}
    if contact is not None:
        document["name"] = contact.name[language]
        if contact.email:
            document["emails"] = [{"value": contact.email}]
        if contact.phone:
            document["phones"] = [{"value": contact.phone}]
        if contact.url:
            document["links"] = [{"rel": "about", "href": contact.url, "type": HTML}]
    return document


def _service(settings: Settings, town: Municipality, language: Language) -> Document:
    return {
        "organization": town.title[language],
        "emails": [{"value": settings.contact_email}],
        "roles": ["distributor"],
    }


def _outline(box: tuple[float, float, float, float]) -> Document:
    west, south, east, north = box
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def _links(url: str, found: DataSet, language: Language) -> list[Document]:
    own, data = f"{url}{PATH}/items/{quote(found.id)}", f"{url}/collections/{quote(found.id)}"
    links = [
        _link("self", f"{own}?f=json", GEOJSON, language),
        _link("alternate", f"{own}?f=html", HTML, language),
        _link("collection", f"{url}{PATH}", JSON, language),
    ]
    if found.geometry is None:
        return [
            *links,
            _link("describedby", data, JSON, language),
            _link(f"{_REL}/coverage", f"{data}/coverage", GEOTIFF, language),
            _link(f"{_REL}/map", f"{data}/map", PNG, language),
        ]
    if found.geometry is GeometryKind.NONE:
        return links
    links += [
        _link("describedby", data, JSON, language),
        _link("items", f"{data}/items", GEOJSON, language),
        _link("schema", f"{data}/schema", SCHEMA, language),
        _link("queryables", f"{data}/queryables", SCHEMA, language),
    ]
    if not found.tiled:
        return links
    return links + tile_links(url, f"/collections/{found.id}", language)


def _link(rel: str, href: str, media_type: str, language: Language) -> Document:
    title = words("link", rel.rsplit("/", 1)[-1], language)
    return {"rel": rel, "type": media_type, "title": title, "href": href}


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def items(url: str, asked: Asked, found: list[Document], language: Language) -> Document:
    """Return a page of the records that match."""
    here, shown = f"{url}{PATH}/items", found[asked.offset : asked.offset + asked.limit]

    def address(**changes: str) -> str:
        return f"{here}?{urlencode({**asked.given, **changes}, safe=',:/')}"

    links = [
        _link("self", address(f="json"), GEOJSON, language),
        _link("alternate", address(f="html"), HTML, language),
        _link("collection", f"{url}{PATH}", JSON, language),
    ]
    after = asked.offset + asked.limit
    if after < len(found):
        links.append(_link("next", address(f="json", offset=str(after)), GEOJSON, language))
    if asked.offset:
        before = str(max(0, asked.offset - asked.limit))
        links.append(_link("prev", address(f="json", offset=before), GEOJSON, language))
    return {
        "type": "FeatureCollection",
        "numberMatched": len(found),
        "numberReturned": len(shown),
        "links": links,
        "features": shown,
    }
