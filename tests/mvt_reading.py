"""A reader of vector tiles that knows nothing of the writer; it refuses what 2.1 forbids."""

import struct
from dataclasses import dataclass, field

import shapely


@dataclass
class Layer:
    name: str
    version: int
    extent: int
    features: list["Feature"] = field(default_factory=list)

    def by(self, key):
        return {f.tags[key]: f for f in self.features}


@dataclass
class Feature:
    id: int
    kind: int
    tags: dict
    strokes: list

    @property
    def shape(self):
        if self.kind == 1:
            return shapely.MultiPoint([p for s in self.strokes for p in s])
        if self.kind == 2:
            return shapely.MultiLineString(self.strokes)
        parts = []
        for ring in self.strokes:
            if doubled_area(ring) > 0:
                parts.append((ring, []))
            else:
                parts[-1][1].append(ring)  # a hole before any shell is an error
        return shapely.MultiPolygon(parts)


def doubled_area(ring):
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:] + ring[:1], strict=True))


def read_tile(data):
    layers = [_layer(body) for number, body in fields_of(data) if number == 3]
    assert len({layer.name for layer in layers}) == len(layers)
    return {layer.name: layer for layer in layers}


def _layer(data):
    fields = list(fields_of(data))
    (name,) = (v for n, v in fields if n == 1)
    (version,) = (v for n, v in fields if n == 15)
    (extent,) = (v for n, v in fields if n == 5)
    keys = [v.decode() for n, v in fields if n == 3]
    values = [_value(v) for n, v in fields if n == 4]
    assert len(set(keys)) == len(keys)
    assert len({(type(v), v) for v in values}) == len(values)
    layer = Layer(name.decode(), version, extent)
    layer.features = [_feature(v, keys, values) for n, v in fields if n == 2]
    assert layer.features
    assert {n for n, _ in fields} <= {1, 2, 3, 4, 5, 15}
    return layer


def _value(data):
    ((number, value),) = fields_of(data)
    if number == 1:
        return value.decode()
    if number == 3:
        return struct.unpack("<d", value)[0]
    if number == 6:
        return (value >> 1) ^ -(value & 1)
    assert number in (5, 7)
    return bool(value) if number == 7 else value


def _feature(data, keys, values):
    found = dict(fields_of(data))
    tags = list(_numbers(found.get(2, b"")))
    pairs = {keys[k]: values[v] for k, v in zip(tags[::2], tags[1::2], strict=True)}
    assert len(pairs) * 2 == len(tags)
    return Feature(found[1], found[3], pairs, _strokes(list(_numbers(found[4])), found[3]))


def _strokes(command, kind):
    strokes, x, y, i, last = [], 0, 0, 0, 7
    while i < len(command):
        action, count = command[i] & 7, command[i] >> 3
        i += 1
        if action == 7:
            assert kind == 3
            assert count == 1
            assert len(strokes[-1]) >= 3
            assert doubled_area(strokes[-1])
            assert last == 2
            last = action
            continue
        assert (last, action) in {1: {(7, 1)}, 2: {(7, 1), (1, 2), (2, 1)}, 3: {(7, 1), (1, 2)}}[
            kind
        ]
        assert count == 1 or action == 2 or kind == 1
        last = action
        for _ in range(count):
            x += (command[i] >> 1) ^ -(command[i] & 1)
            y += (command[i + 1] >> 1) ^ -(command[i + 1] & 1)
            i += 2
            if action == 1:
                strokes.append([(x, y)])
            else:
                assert (x, y) != strokes[-1][-1]
                strokes[-1].append((x, y))
    return strokes


def fields_of(data):
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, at = _varint(data, at)
        else:
            length, at = (8, at) if wire == 1 else _varint(data, at)
            value, at = data[at : at + length], at + length
            assert len(value) == length
        yield number, value


def _numbers(data):
    at = 0
    while at < len(data):
        value, at = _varint(data, at)
        yield value


def _varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return value, at
