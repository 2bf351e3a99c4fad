"""Inputs that are given as a link: data in the link itself, or a feature of this service.

No other address is ever asked: a service that fetches what strangers name can be made to ask for
what only it can reach.
"""

import base64
import binascii
from urllib.parse import unquote, unquote_to_bytes, urlsplit

import numpy as np
import orjson

from api.errors import InputError, UnknownFeatureError
from api.settings import Settings
from gis_core.geojson import geometry_texts
from gis_core.offered_crs import CRS84, decimals, to_crs
from layers.access import Actor
from layers.query import Query
from layers.reader import Reader
from layers.spec import GeometryKind
from layers.view import no_collection

_ADVICE = "Give the value itself, a data: link, or the link to a feature of this service."


def resolved(settings: Settings, reader: Reader, actor: Actor, href: str) -> object:
    """Return the value that a link leads to.

    Raises
    ------
    InputError
        It leads to neither data nor a feature of this service.
    UnknownCollectionError, UnknownFeatureError
        There is no such feature, or none that the actor may know of.
    """
    if href.startswith("data:"):
        return _data(href)
    feature = _feature(settings.url, href)
    if feature is None:
        raise InputError(f"the link {href[:80]!r} is not followed", advice=_ADVICE)
    return _shape(reader, actor, *feature)


def _data(href: str) -> object:
    head, comma, body = href.removeprefix("data:").partition(",")
    media_type, *parameters = head.split(";")
    content = unquote_to_bytes(body)
    try:
        if "base64" in parameters:
            content = base64.b64decode(content, validate=True)
        text = content.decode()
        structured = media_type.endswith("json")
        value = orjson.loads(text) if structured else text
    except (binascii.Error, ValueError):
        value = None
    if not comma or value is None:
        raise InputError(f"the link {href[:80]!r} holds no readable data", advice=_ADVICE)
    return value


def _feature(url: str, href: str) -> tuple[str, str] | None:
    """Return the collection and the id of one of our features, None for any other address."""
    own, asked = urlsplit(url), urlsplit(href)
    if (asked.scheme, asked.netloc) != (own.scheme, own.netloc):
        return None
    parts = asked.path.removeprefix(own.path).split("/")
    if len(parts) != 5 or parts[:2] != ["", "collections"] or parts[3] != "items":
        return None
    return unquote(parts[2]), unquote(parts[4])


def _shape(reader: Reader, actor: Actor, collection: str, feature: str) -> object:
    view = reader.view(actor, collection)
    if view.spec.geometry is GeometryKind.NONE:
        raise no_collection(collection)
    frame = reader.frame(actor, collection, Query(ids=(feature,), columns=()))
    if frame.empty:
        raise UnknownFeatureError(
            f"{collection} has no feature {feature[:80]!r}", collection=collection
        )
    shapes = np.asarray(frame["geometry"].array, dtype=object)
    moved = to_crs(shapes, reader.municipality.storage_crs, CRS84)
    return orjson.loads(geometry_texts(moved, decimals(CRS84))[0])
