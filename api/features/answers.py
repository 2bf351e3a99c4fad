"""The documents of an items request: a page of features, or one feature."""

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd

from api.features.crs import decimals, to_crs
from api.features.geojson import Days, feature_bytes
from api.features.parameters import ItemsRequest

GEOJSON = "application/geo+json"
Link = dict[str, str]


def items_links(
    url: str, given: Mapping[str, str], asked: ItemsRequest, matched: int, title: str
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
    kept = {name: text for name, text in given.items() if name != "f"}

    def page(**changes: str) -> str:
        return f"{url}/items?{urlencode({**kept, **changes}, safe=',:/')}"

    links = [
        {"rel": "self", "type": GEOJSON, "title": title, "href": page(f="json")},
        {"rel": "alternate", "type": "text/html", "title": title, "href": page(f="html")},
        {"rel": "collection", "type": "application/json", "title": title, "href": url},
    ]
    after = asked.offset + asked.limit
    if after < matched:
        links.append(
            {
                "rel": "next",
                "type": GEOJSON,
                "title": title,
                "href": page(f="json", offset=str(after)),
            }
        )
    if asked.offset > 0:
        before = str(max(0, asked.offset - asked.limit))
        links.append(
            {"rel": "prev", "type": GEOJSON, "title": title, "href": page(f="json", offset=before)}
        )
    return links


def _features(frame: pd.DataFrame, dates: Days, crs: str, storage: int) -> list[bytes]:
    geometry = None
    if isinstance(frame, gpd.GeoDataFrame):
        geometry = to_crs(np.asarray(frame.geometry.array, dtype=object), storage, crs)
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
    features = [] if frame is None else _features(frame, dates, crs, storage)
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
    frame: pd.DataFrame, dates: Days, crs: str, storage: int, url: str, title: str
) -> bytes:
    """Return one GeoJSON feature with its links."""
    own = f"{url}/items/{quote(str(frame.index[0]), safe='')}"
    links = [
        {"rel": "self", "type": GEOJSON, "title": title, "href": f"{own}?f=json"},
        {"rel": "alternate", "type": "text/html", "title": title, "href": f"{own}?f=html"},
        {"rel": "collection", "type": "application/json", "title": title, "href": url},
    ]
    feature = _features(frame, dates, crs, storage)[0]
    return b'%s,"links":%s}' % (feature[:-1], orjson.dumps(links))
