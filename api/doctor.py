"""What could be wrong with an installation: each check says what it found and what to do."""

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib import import_module, metadata
from pathlib import Path
from typing import Literal

from api.processes.running import queue_of
from api.settings import Settings
from api.state.database import FILE, State
from gis_core.crs import plan_operation
from gis_core.errors import DatumGridMissingError, FlurbuchError
from layers.grids import use_grids
from layers.reader import open_reader

OWN_NAMES = ("gis_core", "layers", "cartography", "api")
FLOORS = {"pygeoapi": (0, 24), "rasterio": (1, 5), "shapely": (2, 1), "typst": (0, 15)}
_LEAST_FREE = 2 * 1024**3
_LONGEST_WAIT = 600.0  # seconds


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check."""

    check: str
    verdict: Literal["ok", "warning", "error"]
    found: str
    advice: str = ""


def examine(settings: Settings) -> tuple[Finding, ...]:
    """Run every check; none of them changes data."""
    checks: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
        _python,
        _libraries,
        _names,
        _fonts,
        _grids,
        _disk,
        _store,
        _jobs,
    )
    return tuple(finding for check in checks for finding in check(settings))


def _python(_: Settings) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    good = sys.version_info >= (3, 12)
    yield Finding(
        "Python",
        "ok" if good else "error",
        version,
        "" if good else "Install Python 3.12 or newer.",
    )


def _libraries(_: Settings) -> Iterator[Finding]:
    for name, floor in FLOORS.items():
        version = metadata.version(name)
        good = tuple(int(part) for part in version.split(".")[:2]) >= floor
        need = ".".join(map(str, floor))
        advice = "" if good else f"Install {name} {need} or newer: older ones have known holes."
        yield Finding(name, "ok" if good else "error", version, advice)


def _names(_: Settings) -> Iterator[Finding]:
    """Another distribution may own one of our import names (PyPI has a ``cartography``)."""
    owners = metadata.packages_distributions()
    for name in OWN_NAMES:
        others = sorted(set(owners.get(name, ())) - {"flurbuch"})
        module = import_module(name)
        place = str(Path(module.__file__ or "").parent)
        if others:
            advice = f"Uninstall {', '.join(others)}: it shadows a package of Flurbuch."
            yield Finding(f"package {name}", "error", f"also in {', '.join(others)}", advice)
        else:
            yield Finding(f"package {name}", "ok", place)


def _fonts(_: Settings) -> Iterator[Finding]:
    fonts = sorted(p.name for p in (Path(_file("cartography")) / "fonts").glob("*.ttf"))
    good = len(fonts) >= 3
    advice = "" if good else "Reinstall Flurbuch: its fonts are missing."
    yield Finding("fonts", "ok" if good else "error", f"{len(fonts)} faces", advice)


def _grids(settings: Settings) -> Iterator[Finding]:
    use_grids(settings.data_dir)
    try:
        operation = plan_operation("EPSG:31466", "EPSG:25832")
    except DatumGridMissingError as error:
        yield Finding("datum grid for DHDN", "warning", str(error), error.advice)
    else:
        yield Finding("datum grid for DHDN", "ok", f"{operation.name} ({operation.accuracy_m} m)")


def _disk(settings: Settings) -> Iterator[Finding]:
    place = settings.data_dir.resolve()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    good = free >= _LEAST_FREE
    advice = "" if good else "An import needs room for a second generation: make some."
    yield Finding("free disk", "ok" if good else "warning", f"{free / 1024**3:.1f} GiB", advice)


def _store(settings: Settings) -> Iterator[Finding]:
    try:
        reader = open_reader(settings.data_dir, settings.municipality, settings.layer_dirs)
        state = reader.state()
    except FlurbuchError as error:
        yield Finding("store", "warning", str(error), error.advice)
        return
    if not state:
        yield Finding("store", "warning", "empty", "Import something: flurbuch ingest --help")
    for layer, info in state.items():
        when = f"{info.imported_at:%Y-%m-%d %H:%M}"
        yield Finding(f"layer {layer}", "ok", f"generation {info.number} of {when}")


def _file(package: str) -> str:
    return str(Path(import_module(package).__file__ or "").parent)


def _jobs(settings: Settings) -> Iterator[Finding]:
    if not (settings.data_dir / FILE).exists():
        return
    try:
        with closing(State(settings.data_dir)) as state:
            count, seconds = queue_of(settings, state).waiting()
    except FlurbuchError as error:
        yield Finding("jobs", "warning", str(error), error.advice)
        return
    late = seconds > _LONGEST_WAIT
    advice = "Nobody does them: run flurbuch work, or set job_workers to 1 or more." if late else ""
    found = f"{count} waiting, the first one for {seconds:.0f} s" if count else "none waiting"
    yield Finding("jobs", "warning" if late else "ok", found, advice)
