"""All vector tiles of some collections as one PMTiles file."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryFile

import orjson

from gis_core.offered_crs import box_to_crs84
from gis_core.pmtiles import About, Entry, head, runs, tile_id
from gis_core.store.disk import disk_faults
from gis_core.tiling import WEB_MERCATOR_QUAD, tiles_of
from layers.access import Actor
from layers.errors import NothingUsableError
from layers.progress import Progress, silent
from layers.reader import Reader
from layers.reader.tiles import levels, tile_extent, tile_limits


@dataclass(frozen=True, slots=True)
class Archived:
    """What an archive holds."""

    tiles: int
    contents: int
    size_bytes: int


def write_archive(
    reader: Reader,
    actor: Actor,
    collections: Sequence[str] | None,
    path: Path,
    *,
    deepest: int,
    metadata: dict[str, object],
    progress: Progress = silent,
) -> Archived:
    """Write the tiles that an actor may have of some collections, None: of all.

    Parameters
    ----------
    deepest
        The last level of WebMercatorQuad; clients enlarge it for those below.
    metadata
        JSON-ready: name, vector_layers and whatever clients shall be told.

    Raises
    ------
    UnknownCollectionError, AccessError
        As in `Reader.view`.
    NothingUsableError
        There is nothing to put into tiles.
    StoreError
        The file cannot be written.

    Notes
    -----
    The file appears when it is whole. Equal tiles are kept once.
    """
    one = WEB_MERCATOR_QUAD
    views = reader.tiled_views(actor, collections)
    extent = tile_extent(views, one)
    if extent is None:
        raise NothingUsableError(
            "there is nothing to put into tiles", advice="Import something first: flurbuch ingest."
        )
    served = [z for z in levels(one) if z <= deepest]
    found = [limits for z in served if (limits := tile_limits(views, one, z))]
    tiles = [tile for limits in found for tile in tiles_of(limits, one)]
    tiles.sort(key=lambda tile: tile_id(tile.z, tile.x, tile.y))
    entries: list[Entry] = []
    places: dict[bytes, tuple[int, int]] = {}
    with disk_faults(f"cannot write {path}"), TemporaryFile(dir=path.parent) as data:
        for done, tile in enumerate(tiles):
            progress("tiles", done, len(tiles))
            content = reader.tile(actor, collections, one, tile.z, tile.x, tile.y).content
            if not content:
                continue
            key = blake2b(content, digest_size=16).digest()
            if key not in places:
                places[key] = data.tell(), len(content)
                data.write(content)
            entries.append(Entry(tile_id(tile.z, tile.x, tile.y), *places[key], 1))
        progress("tiles", len(tiles), len(tiles))
        box = box_to_crs84(extent, one.epsg)
        about = About(first=served[0], last=served[-1], box=box)
        start = head(runs(entries), orjson.dumps(metadata), data.tell(), about)
        data.seek(0)
        part = path.with_name(f".{path.name}.part")
        with part.open("wb") as file:
            file.write(start)
            shutil.copyfileobj(data, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    return Archived(len(entries), len(places), path.stat().st_size)
