"""What is thrown away: remains of killed imports, and generations that nobody needs any more."""

import shutil
import sqlite3
from contextlib import suppress

from gis_core.errors import StoreError
from gis_core.store.catalogue import Catalogue
from gis_core.store.disk import LayerLock
from gis_core.store.schema import GenerationInfo

MERGE = "merge"  # the pseudo-layer that holds links and summaries
HISTORY = "history"  # the pseudo-layer that holds what became of parcels
LOCK_FILE = ".lock"
STAGING_PREFIX = ".staging-"


def clear_leftovers(catalogue: Catalogue, layer: str) -> None:
    """Remove what killed imports left: private directories, and finished but unpublished ones.

    The caller holds the layer's lock, so nobody is at work on them.
    """
    known = {str(g.number) for g in catalogue.generations(layer)}
    for path in (catalogue.root / "layers" / layer).iterdir():
        if path.is_dir() and path.name not in known:
            shutil.rmtree(path, ignore_errors=True)


def clear_abandoned(catalogue: Catalogue) -> None:
    """Remove what killed imports of any layer left, except where an import is running.

    Remains may hold secrets, so they do not wait for the layer's next import. Where the
    directory may not be written, they stay.
    """
    with suppress(OSError, StoreError, sqlite3.Error):
        for folder in (catalogue.root / "layers").iterdir():
            if not any(p.name.startswith(STAGING_PREFIX) for p in folder.iterdir()):
                continue
            lock = LayerLock(folder / LOCK_FILE, folder.name)
            if lock.acquire():
                try:
                    clear_leftovers(catalogue, folder.name)
                finally:
                    lock.release()


def prune(catalogue: Catalogue, newest: GenerationInfo, keep: int) -> None:
    """Drop a layer's generations beyond the last few, but none that others were made from.

    The links that are served, and the history: the next step of it is told from the generation
    that it was last told of. The caller holds the layer's lock. The catalogue forgets them first:
    a directory that it does not know is a leftover.
    """
    made = {**catalogue.served(), newest.layer: newest}
    used = {item for name in (MERGE, HISTORY) if name in made for item in made[name].inputs.items()}
    old = catalogue.generations(newest.layer)[:-keep]
    drop = [g for g in old if (g.layer, g.number) not in used]
    catalogue.forget(newest.layer, [g.number for g in drop])
    for generation in drop:
        shutil.rmtree(generation.path, ignore_errors=True)
