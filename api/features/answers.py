"""The documents of an items request: a page of features, or one feature."""

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd

from api.features.geojson import Days, feature_bytes
from api.features.parameters import ItemsRequest
from api.wording import words
from gis_core.geojson import turned
from gis_core.offered_crs import decimals, to_crs
from layers.wording import Language

GEOJSON = "application/geo+json"
Link = dict[str, str]


def items_links(
    url: str, given: Mapping[str, str], asked: ItemsRequest, matched: int, language: Language
) -> list[Link]:
    """Return self, alternate, next and prev links; ``next`` exists exactly when more follow.

    Parameters
    ----------
    url
        Address of the collection, without ``/items``.
    given
        The query parameters of the request.
    matched
        How many features the filter matches in all.
    """

    def page(**changes: str) -> str:
        return _address(f"{url}/items", {**given, **changes})

    links = [
        _link("self", GEOJSON, page(f="json"), language),
        _link("alternate", "text/html", page(f="html"), language),
        _link("collection", "application/json", url, language),
    ]
    after = asked.offset + asked.limit
    if after < matched:
        links.append(_link("next", GEOJSON, page(f="json", offset=str(after)), language))
    if asked.offset > 0:
        before = str(max(0, asked.offset - asked.limit))
        links.append(_link("prev", GEOJSON, page(f="json", offset=before), language))
    return links


def _address(url: str, given: Mapping[str, str]) -> str:
    return f"{url}?{urlencode(given, safe=',:/')}"


def _link(rel: str, media_type: str, href: str, language: Language) -> Link:
    return {"rel": rel, "type": media_type, "title": words("link", rel, language), "href": href}


def encoded(frame: pd.DataFrame, dates: Days, crs: str, storage: int) -> list[bytes]:
    """Return each row of a frame in the storage CRS as a GeoJSON feature in another."""
    geometry = None
    if isinstance(frame, gpd.GeoDataFrame):
        stored = np.asarray(frame.geometry.array, dtype=object)
        geometry = to_crs(turned(stored), storage, crs)
    return feature_bytes(frame, geometry, decimals(crs), dates)


def items_document(
    frame: pd.DataFrame | None,
    dates: Days,
    crs: str,
    storage: int,
    matched: int,
    links: list[Link],
) -> bytes:
    """Return a GeoJSON FeatureCollection; ``frame`` None is an empty page."""
    features = [] if frame is None else encoded(frame, dates, crs, storage)
    head = {
        "timeStamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "numberMatched": matched,
        "numberReturned": len(features),
        "links": links,
    }
    return b'{"type":"FeatureCollection",%s,"features":[%s]}' % (
        orjson.dumps(head)[1:-1],
        b",".join(features),
    )


def item_document(
    frame: pd.DataFrame,
    dates: Days,
    crs: str,
    storage: int,
    url: str,
    given: Mapping[str, str],
    language: Language,
) -> bytes:
    """Return one GeoJSON feature with its links; the arguments are those of `items_links`."""
    own = f"{url}/items/{quote(str(frame.index[0]), safe='')}"
    links = [
        _link("self", GEOJSON, _address(own, {**given, "f": "json"}), language),
        _link("alternate", "text/html", _address(own, {**given, "f": "html"}), language),
        _link("collection", "application/json", url, language),
    ]
    feature = encoded(frame, dates, crs, storage)[0]
    return b'%s,"links":%s}' % (feature[:-1], orjson.dumps(links))
