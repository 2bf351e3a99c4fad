"""Datum grids: which are installed in the data directory, and how PROJ comes to see them.

PROJ looks grids up by file name in its data directories. Those are a setting of the whole
process; each thread caches what it found there, grids that were absent included. So the
folder is announced anew (:func:`use_grids`) by whoever is about to plan operations, in the
thread that plans them.
"""

import hashlib
import os
import re
import shutil
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyproj.datadir
import pyproj.network
from pyproj.exceptions import ProjError
from pyproj.transformer import Transformer, TransformerGroup

from layers.errors import SourceFileError

FOLDER: Final = "grids"

_NAME: Final = re.compile(r"[A-Za-z0-9][\w.-]{0,99}\.(tif|gsb)", re.IGNORECASE)
_ETRS89: Final = "EPSG:4258"
# Geographic systems of German cadastres: DHDN, PD/83, RD/83, Pulkovo 1942(83), S-JTSK.
_OLDER: Final = ("EPSG:4314", "EPSG:4746", "EPSG:4745", "EPSG:4178", "EPSG:4156")


@dataclass(frozen=True, slots=True)
class Grid:
    """An installed datum grid.

    Attributes
    ----------
    name
        File name, by which PROJ looks for it.
    size
        Bytes.
    sha256
        Fingerprint, for the record of an import.
    usable
        PROJ can open it.
    operations
        Transformations between German systems and ETRS89 that it makes possible.
    """

    name: str
    size: int
    sha256: str
    usable: bool
    operations: tuple[str, ...]


def use_grids(data_dir: Path) -> None:
    """Let PROJ find the grids of a data directory, its own, and those in its folder of the user.

    May be called again at any time; needed again after a grid was added, and in every
    thread that plans operations. PROJ's network access is switched off.
    """
    folders = pyproj.datadir.get_data_dir().split(os.pathsep)
    own = [folder for folder in folders if Path(folder, "proj.db").exists()]
    pyproj.datadir.set_data_dir(os.pathsep.join([*own, str(data_dir.resolve() / FOLDER)]))
    pyproj.network.set_network_enabled(active=False)  # type: ignore[attr-defined]


def installed_grids(data_dir: Path) -> tuple[Grid, ...]:
    """Describe the grids in a data directory, by name."""
    use_grids(data_dir)
    folder = data_dir / FOLDER
    if not folder.is_dir():
        return ()
    files = sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    return tuple(_describe(path) for path in files)


def add_grid(data_dir: Path, file: Path) -> Grid:
    """Install a datum grid: an NTv2 file or PROJ's GeoTIFF of it, under the name it has.

    Raises
    ------
    SourceFileError
        The file is absent, PROJ cannot read it as a horizontal grid, or its name is not
        one that PROJ could look for.
    """
    if not file.is_file():
        raise _refusal(file, "there is no such file", "Check the path.")
    if not _NAME.fullmatch(file.name):
        raise _refusal(
            file, "the name is none of a grid", "Give it the name under which it was published."
        )
    if not _opens(file.resolve()):
        raise _refusal(
            file,
            "PROJ cannot read it as a horizontal datum grid",
            "Fetch it again; de_adv_BETA2007.tif from https://cdn.proj.org is 24 KB.",
        )
    folder = data_dir / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    # Written beside its place, then renamed: a grid is there as a whole or not at all.
    part, target = folder / f"{file.name}.part", folder / file.name
    with file.open("rb") as source, part.open("wb") as copy:
        shutil.copyfileobj(source, copy)
        copy.flush()
        os.fsync(copy.fileno())
    part.replace(target)
    use_grids(data_dir)
    return _describe(target)


def fingerprints(names: Iterable[str]) -> dict[str, str]:
    """Return the SHA-256 of each datum grid that PROJ reads under a name, as now announced.

    A grid of the same name may be published anew with other shifts: only its content says
    which one an import used. One that PROJ finds elsewhere is left out.
    """
    folders = pyproj.datadir.get_data_dir().split(os.pathsep)
    folders.append(pyproj.datadir.get_user_data_dir())  # type: ignore[attr-defined]
    files = {name: [Path(folder, name) for folder in folders] for name in names}
    found = {name: next(filter(Path.is_file, paths), None) for name, paths in files.items()}
    return {name: _sha256(path) for name, path in found.items() if path is not None}


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _describe(path: Path) -> Grid:
    return Grid(
        name=path.name,
        size=path.stat().st_size,
        sha256=_sha256(path),
        usable=_opens(path),
        operations=_operations(path.name),
    )


def _opens(path: Path) -> bool:
    """Tell whether PROJ can read a horizontal grid.

    PROJ opens a grid that it has met before only when a position is asked for; any
    position will do, also one outside of the grid.
    """
    quoted = str(path).replace('"', '""')
    try:
        grid = Transformer.from_pipeline(f'+proj=hgridshift +grids="{quoted}"')
        grid.transform(0.0, 0.0, errcheck=True)
    except ProjError as error:
        return "File not found or invalid" not in str(error)
    return True


def _operations(name: str) -> tuple[str, ...]:
    """Name the transformations to ETRS89 that use a grid of that name."""
    found: dict[str, None] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about other grids that are missing
        for system in _OLDER:
            group = TransformerGroup(system, _ETRS89, always_xy=True)
            for transformer in group.transformers:
                for step in transformer.operations or ():
                    if any(grid.short_name == name for grid in step.grids):
                        found[f"{step.name}, {step.accuracy:g} m"] = None
    return tuple(found)


def _refusal(file: Path, what: str, advice: str) -> SourceFileError:
    return SourceFileError(
        f"{file.name}: {what}",
        advice=advice,
        file=file.name,
        found=what,
        expected="an NTv2 grid (.gsb) or a GeoTIFF grid of PROJ (.tif)",
    )
