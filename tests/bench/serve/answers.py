"""Asking once, and counting what came."""

import gzip
import http.client
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from time import perf_counter

_FEATURE = re.compile(rb'"type"\s*:\s*"Feature"')
_NUMBER = re.compile(rb'"coordinates"[\s:\[]*(-?[\d.]+)')
_LAYER, _FEATURES = 3, 2  # numbers of fields in a vector tile


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, and the seconds until all of it was there."""

    status: int
    body: bytes
    took_s: float

    @property
    def features(self) -> int:
        """How many features a GeoJSON answer holds."""
        return len(_FEATURE.findall(self.body))

    def features_in(self, *, metres: bool) -> int:
        """How many features it holds; none if their coordinates are of the other kind."""
        number = _NUMBER.search(self.body)
        far = number is not None and abs(float(number[1])) > 180
        return self.features if far is metres else 0

    @property
    def matched(self) -> int:
        """What a GeoJSON answer says how many there are."""
        return int(json.loads(self.body)["numberMatched"])

    @property
    def in_tile(self) -> int:
        """How many features a vector tile holds."""
        body = gzip.decompress(self.body) if self.body[:2] == b"\x1f\x8b" else self.body
        layers = (part for field, part in _fields(body) if field == _LAYER)
        return sum(field == _FEATURES for layer in layers for field, _ in _fields(layer))


def get(port: int, path: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Ask for a path."""
    began = perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    try:
        connection.request("GET", path, headers=dict(headers or {}))
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    return Answer(response.status, body, perf_counter() - began)


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and content of each field of a protobuf message; empty for plain numbers."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        field, kind = tag >> 3, tag & 7
        size = {1: 8, 5: 4}.get(kind, 0)
        if kind == 0:
            _, at = _varint(message, at)
        elif kind == 2:
            size, at = _varint(message, at)
        yield field, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
