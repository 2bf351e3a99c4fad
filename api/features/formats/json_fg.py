"""JSON-FG (OGC 21-045r1): GeoJSON that also tells the place in another CRS, type and time."""

from collections.abc import Iterator

import orjson
import pyarrow as pa

from api.features.formats.format import About, Format
from api.features.formats.values import columns, ids, shapes
from gis_core.geojson import MISSING, geometry_texts, property_texts
from gis_core.offered_crs import CRS84, decimals, to_crs
from layers.lifetimes import lifetime
from layers.reader.batches import Batches
from layers.spec import FieldType, GeometryKind

CORE = "http://www.opengis.net/spec/json-fg-1/1.0/conf/core"
_DIMENSIONS = {GeometryKind.POINT: 0, GeometryKind.LINE: 1, GeometryKind.POLYGON: 2}


def write(batches: Batches, about: About) -> Iterator[bytes]:
    """Yield the document: a collection, or the feature where nothing was counted.

    ``geometry`` is in CRS84 for every GeoJSON reader, ``place`` in the CRS of the answer; a
    place in CRS84 itself is not told twice.
    """
    head: dict[str, object] = {
        "conformsTo": [CORE],
        "featureType": batches.view.id,
        "featureSchema": f"{about.url}/schema",
        "links": list(about.links),
    }
    if about.crs != CRS84:
        head["coordRefSys"] = about.crs
    dimension = _DIMENSIONS.get(batches.view.spec.geometry)
    if dimension is not None:
        head["geometryDimension"] = dimension
    if about.matched is None:
        for batch in batches:
            for members in _members(batches, batch, about.crs):
                yield b'{"type":"Feature",%s,%s}' % (orjson.dumps(head)[1:-1], members)
        return
    head |= {"numberMatched": about.matched, "numberReturned": batches.count}
    yield b'{"type":"FeatureCollection",%s,"features":[' % orjson.dumps(head)[1:-1]
    before = b""
    for batch in batches:
        features = (b'{"type":"Feature",%s}' % m for m in _members(batches, batch, about.crs))
        yield before + b",".join(features)
        before = b","
    yield b"]}"


def _members(batches: Batches, batch: pa.RecordBatch, crs: str) -> Iterator[bytes]:
    values, count = columns(batch), batch.num_rows
    stored = shapes(batch)
    place = geometry = [MISSING] * count
    if stored is not None:
        geometry = geometry_texts(to_crs(stored, batches.storage, CRS84), decimals(CRS84))
        if crs != CRS84:
            place = geometry_texts(to_crs(stored, batches.storage, crs), decimals(crs))
    rows = zip(
        ids(batch),
        _times(batches, values, count),
        place,
        geometry,
        property_texts(values, count),
        strict=True,
    )
    for own, time, there, here, told in rows:
        facts = (orjson.dumps(own), time, there, here, told)
        yield b'"id":%s,"time":%s,"place":%s,"geometry":%s,"properties":%s' % facts


def _times(batches: Batches, values: dict[str, list[object]], count: int) -> list[bytes]:
    """Return when each feature was, or from when to when, as far as its fields tell."""
    time = lifetime(batches.view)
    if time is None:
        return [MISSING] * count
    nothing: list[object] = [None] * count
    if time.at is not None:
        kind = "date" if batches.view.spec.field(time.at).type is FieldType.DATE else "timestamp"
        at = values.get(time.at, nothing)
        return [orjson.dumps({kind: moment}) if moment else MISSING for moment in at]
    begins, ends = (values.get(side or "", nothing) for side in (time.begin, time.end))
    return [
        orjson.dumps({"interval": [begin or "..", end or ".."]}) if begin or end else MISSING
        for begin, end in zip(begins, ends, strict=True)
    ]


FORMAT = Format(
    "jsonfg",
    "JSON-FG",
    "application/vnd.ogc.fg+json",
    "fg.json",
    write,
    text=True,
    attached=False,
    in_storage=True,
)
