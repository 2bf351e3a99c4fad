import gzip
import json
import struct

import numpy as np
import pyogrio
import pytest
from typer.testing import CliRunner

from api.cli import app
from gis_core.pmtiles import HEADER_BYTES, About, Entry, head, runs, tile_id
from gis_core.tiling import WEB_MERCATOR_QUAD, tiles_of
from layers.access import CITIZEN
from layers.reader import open_reader
from layers.reader.tiles import TILE_ID, levels, tile_limits
from tests.mvt_reading import read_tile


def run(folder, *arguments):
    return CliRunner().invoke(app, ["--data", str(folder), *map(str, arguments)])


# -- a reader of archives that knows nothing of the writer ---------------------------------


def numbers(data):
    value = shift = 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            yield value
            value = shift = 0


def directory(data):
    found = list(numbers(gzip.decompress(data)))
    n, found = found[0], found[1:]
    ids = np.cumsum(found[:n]).tolist()
    count, length, offset = (found[n * i : n * (i + 1)] for i in (1, 2, 3))
    end = 0
    for i in range(n):
        begin = end if offset[i] == 0 else offset[i] - 1
        end = begin + length[i]
        yield ids[i], count[i], begin, length[i]


def contents(archive):
    """Return the head's numbers, the metadata, and the tiles' bytes by id."""
    assert archive[:8] == b"PMTiles\x03"
    at = struct.unpack_from("<11Q", archive, 8)
    root, metadata, leaves, data = (archive[at[i] : at[i] + at[i + 1]] for i in (0, 2, 4, 6))
    assert at[0] + at[1] <= 16_384
    tiles = {}

    def walk(part):
        for first, count, begin, length in directory(part):
            if count == 0:
                walk(leaves[begin : begin + length])
            for i in range(count):
                tiles[first + i] = data[begin : begin + length]

    walk(root)
    return at, json.loads(gzip.decompress(metadata)), tiles


@pytest.mark.parametrize("count", [0, 1, 1000, 60_000])
def test_a_tile_is_found_in_a_directory_of_any_size(count):
    rng = np.random.default_rng(1)
    ids = np.sort(rng.choice(10 * count + 1, count, replace=False)).tolist()
    kinds = rng.integers(0, max(count // 3, 1), count).tolist()
    content = [f"tile {k}".encode() for k in range(max(count // 3, 1))]
    start = np.cumsum([0, *map(len, content)]).tolist()
    entries = [Entry(i, start[k], len(content[k]), 1) for i, k in zip(ids, kinds, strict=True)]
    data = b"".join(content)
    about = About(first=0, last=16, box=(6.1, 51.1, 6.9, 51.9))
    at, metadata, found = contents(head(runs(entries), b'{"name": "x"}', len(data), about) + data)
    assert found == {i: content[k] for i, k in zip(ids, kinds, strict=True)}
    assert metadata == {"name": "x"}
    assert at[8] == count


def test_neighbours_in_the_order_are_neighbours_on_the_map():
    places = sorted(((x, y) for x in range(16) for y in range(16)), key=lambda p: tile_id(4, *p))
    assert tile_id(4, *places[0]) == (4**4 - 1) // 3
    steps = np.abs(np.diff(places, axis=0)).sum(axis=1)
    assert (steps == 1).all()


# -- the command ---------------------------------------------------------------------------


def test_the_file_holds_the_tiles_that_are_served_and_gdal_reads_it(demo_store, tmp_path):
    path = tmp_path / "city.pmtiles"
    done = run(demo_store, "pmtiles", path, "--to", "15")
    assert done.exit_code == 0, done.output
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    at, metadata, found = contents(path.read_bytes())
    reader = open_reader(demo_store)
    views = reader.tiled_views(CITIZEN)
    assert {k["id"] for k in metadata["vector_layers"]} == {v.id for v in views}
    names = {view.id: set() for view in views}
    for z in levels(WEB_MERCATOR_QUAD):
        for tile in tiles_of(tile_limits(views, WEB_MERCATOR_QUAD, z), WEB_MERCATOR_QUAD):
            if z > 15:
                break
            served = reader.tile(CITIZEN, None, WEB_MERCATOR_QUAD, z, tile.x, tile.y).content
            assert found.pop(tile_id(z, tile.x, tile.y), b"") == served
            if z == 15 and served:
                for name, layer in read_tile(gzip.decompress(served)).items():
                    names[name] |= set(layer.by(TILE_ID))
    reader.close()
    assert found == {}
    assert path.stat().st_size == at[6] + at[7]
    assert at[0] == HEADER_BYTES
    for name, ids in names.items():
        frame = pyogrio.read_dataframe(path, layer=name, read_geometry=False, ZOOM_LEVEL="15")
        assert set(frame[TILE_ID]) == ids


def test_what_cannot_be_written_is_said(demo_store, tmp_path):
    assert run(demo_store, "pmtiles", tmp_path / "no" / "x.pmtiles").exit_code == 2
    hidden = run(demo_store, "pmtiles", tmp_path / "x.pmtiles", "--collection", "grundsteuer")
    assert hidden.exit_code != 0
    assert list(tmp_path.iterdir()) == []
