"""The reader as a whole, and how it is opened."""

from collections.abc import Sequence
from pathlib import Path

from gis_core.store import Store, TileCache
from layers.access import load_policy
from layers.audit import AuditLog
from layers.municipality import load_municipality
from layers.reader.batches import Tables
from layers.reader.catalogue import Catalogue
from layers.reader.features import Features
from layers.reader.figures import Figures
from layers.reader.made import Made
from layers.reader.rasters import Rasters
from layers.reader.ready import Ready
from layers.reader.tiles import Tiles
from layers.registry import find_layers


class Reader(Features, Tables, Ready, Catalogue, Rasters, Tiles, Figures, Made):
    """Answers queries of actors. Safe to share between threads, not over a fork."""


def open_reader(
    data_dir: Path,
    municipality: str = "krefeld",
    layer_dirs: Sequence[Path] = (),
    *,
    deadline_s: float | None = None,
    tile_folder: Path | None = None,
    tile_bytes: int = 1 << 30,
) -> Reader:
    """Open a data directory for reading.

    Parameters
    ----------
    layer_dirs
        A city's own folders: layers, municipality profiles (``*.toml`` in a folder
        ``municipalities``) and, in ``roles.toml``, roles.
    deadline_s
        Longest time that one query may take.
    tile_folder, tile_bytes
        Where made tiles are kept, and how many bytes of them at most, about; None: in memory only.

    Raises
    ------
    StoreError
        The directory is absent, damaged or of another version.
    LayerSpecError, MunicipalityError, AccessError
        A layer file, the profile or a file of roles is faulty.
    """
    roles = [d / "roles.toml" for d in layer_dirs]
    return Reader(
        store=Store.open(data_dir),
        registry=find_layers(layer_dirs),
        municipality=load_municipality(municipality, layer_dirs),
        policy=load_policy(p for p in roles if p.is_file()),
        audit=AuditLog(data_dir),
        deadline_s=deadline_s,
        tiles=TileCache(tile_folder, most_bytes=tile_bytes),
    )
