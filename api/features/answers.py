"""The documents of an items request: a page of features, or one feature."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, quote_plus

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd

from api.features.formats.registry import EVERY
from api.features.geojson import Days, feature_bytes
from api.wording import words
from gis_core.geojson import turned
from gis_core.offered_crs import decimals, to_crs
from layers.wording import Language

ITEMS_TAIL = b"]}"
_OWN_FORM = {"f", "profile", "resulttype"}  # what is asked of one format, not of another
Link = dict[str, str]


class Page(NamedTuple):
    """What an answer shows of what it found: ``limit`` features from ``first`` on, or none."""

    first: int
    limit: int
    matched: int
    hits: bool = False


def items_links(
    url: str,
    given: Mapping[str, str],
    page: Page,
    cursor: Callable[[int], str],
    language: Language,
    form: str = "json",
) -> list[Link]:
    """Return self, alternate, next and prev links; ``next`` exists exactly when more follow.

    Parameters
    ----------
    url
        Address of the collection, without ``/items``.
    given
        The query parameters of the request.
    page
        What is shown of how many features.
    cursor
        Returns the cursor of the page that begins at a feature.
    form
        The format of the document, as ``f`` calls it.
    """
    items = f"{url}/items"
    kept = {name: text for name, text in given.items() if name not in {"offset", "cursor", "f"}}

    def turn(first: int) -> str:
        return _address(items, {**kept, "f": form, "cursor": cursor(first)})

    links = _forms(items, given, _for_people(given, page), language, form)
    links.append(_link("collection", "application/json", url, language))
    if page.hits:
        return links
    if page.first + page.limit < page.matched:
        links.append(_link("next", EVERY[form], turn(page.first + page.limit), language))
    if page.first > 0:
        links.append(_link("prev", EVERY[form], turn(max(0, page.first - page.limit)), language))
    return links


def item_links(
    url: str, feature_id: str, given: Mapping[str, str], language: Language, form: str = "json"
) -> list[Link]:
    """Return self, alternate and collection links of one feature, as `items_links` does."""
    own = f"{url}/items/{quote(feature_id, safe='')}"
    links = _forms(own, given, given, language, form)
    return [*links, _link("collection", "application/json", url, language)]


def _forms(
    url: str,
    given: Mapping[str, str],
    people: Mapping[str, str],
    language: Language,
    form: str,
) -> list[Link]:
    """Return the links to a document in the format it has, and in the others."""
    rest = {name: text for name, text in given.items() if name not in _OWN_FORM}
    people = {name: text for name, text in people.items() if name != "profile"}
    other = _address(url, rest) + ("&" if rest else "")
    links = [
        _link("self", EVERY[form], _address(url, {**given, "f": form}), language),
        _link("alternate", "text/html", _address(url, {**people, "f": "html"}), language),
    ]
    links += [
        _link("alternate", media_type, f"{other}f={name}", language)
        for name, media_type in EVERY.items()
        if name not in {form, "html"}
    ]
    return links


def _for_people(given: Mapping[str, str], page: Page) -> dict[str, str]:
    """Return the parameters of the same page as HTML, which counts and needs no cursor."""
    kept = {name: text for name, text in given.items() if name not in {"cursor", "resulttype"}}
    return kept | ({"offset": str(page.first)} if "cursor" in given else {})


def _address(url: str, given: Mapping[str, str]) -> str:
    return f"{url}?{'&'.join(f'{_quoted(k)}={_quoted(v)}' for k, v in given.items())}"


@lru_cache(maxsize=4096)
def _quoted(text: str) -> str:
    return quote_plus(text, safe=",:/")


def _link(rel: str, media_type: str, href: str, language: Language) -> Link:
    return {"rel": rel, "type": media_type, "title": words("link", rel, language), "href": href}


def encoded(frame: pd.DataFrame, dates: Days, crs: str, storage: int) -> list[bytes]:
    """Return each row of a frame in the storage CRS as a GeoJSON feature in another."""
    geometry = None
    if isinstance(frame, gpd.GeoDataFrame):
        stored = np.asarray(frame.geometry.array, dtype=object)
        geometry = to_crs(turned(stored), storage, crs)
    return feature_bytes(frame, geometry, decimals(crs), dates)


def items_head(matched: int, returned: int, links: list[Link]) -> bytes:
    """Return a GeoJSON FeatureCollection up to its first feature; `ITEMS_TAIL` ends it.

    It does not say when it was written, so that the same data are the same bytes.
    """
    head = {"numberMatched": matched, "numberReturned": returned, "links": links}
    return b'{"type":"FeatureCollection",%s,"features":[' % orjson.dumps(head)[1:-1]


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
    return items_head(matched, len(features), links) + b",".join(features) + ITEMS_TAIL


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
    feature = encoded(frame, dates, crs, storage)[0]
    return with_links(feature, str(frame.index[0]), url, given, language)


def with_links(
    feature: bytes, feature_id: str, url: str, given: Mapping[str, str], language: Language
) -> bytes:
    """Return the text of a feature as a document of its own."""
    links = item_links(url, feature_id, given, language)
    return b'%s,"links":%s}' % (feature[:-1], orjson.dumps(links))


def items_headers(
    crs: str, language: Language, links: Sequence[Mapping[str, str]]
) -> dict[str, str]:
    """Return the headers of an answer with features; paging is told there, too."""
    headers = {
        "Content-Crs": f"<{crs}>",
        "Content-Language": language,
        "Vary": "Accept, Accept-Language",
    }
    paging = [link for link in links if link["rel"] in {"next", "prev"}]
    if paging:
        headers["Link"] = ", ".join(f'<{k["href"]}>; rel="{k["rel"]}"' for k in paging)
    return headers
