"""Compile the kernels before a merge waits for them; later processes load what was compiled."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any, cast

import numpy as np
import pyarrow as pa
import shapely
from affine import Affine
from numba.core.caching import NullCache
from numba.core.dispatcher import Dispatcher

import gis_core.merge.kernels as package
from gis_core.districts import District, DistrictCatalogue
from gis_core.key_columns import COMPILED_FROM, key_positions
from gis_core.keys import read_key_bytes
from gis_core.merge.engine_kernels import KernelEngine
from gis_core.merge.flat import FlatShapes
from gis_core.merge.shapes import Shapes
from gis_core.merge.zonal import zonal_statistics

MESSAGE = "Compiling the merge kernels (once)"


def is_warm() -> bool:
    """Return whether every kernel of the package lies compiled on this machine.

    Reads the index of each kernel, some milliseconds in all. A kernel whose source has changed
    since, or that another version of numba compiled, does not count.
    """
    return all(_lies_compiled(function) for function in _kernels())


def compile_kernels(progress: Callable[[str], object] | None = None) -> bool:
    """Run every kernel once on next to nothing, so that each is compiled or loaded.

    Parameters
    ----------
    progress
        Is told :data:`MESSAGE` once, and only if something has to be compiled.

    Returns
    -------
    bool
        Whether something had to be compiled.

    Notes
    -----
    About a minute of CPU when nothing is compiled yet, about half a second when all is.
    """
    cold = not is_warm()
    if cold and progress is not None:
        progress(MESSAGE)
    _decode()
    _measure()
    _read_keys()
    _count_cells()
    return cold


def _decode() -> None:
    blob = shapely.box(0, 0, 1, 1).wkb
    FlatShapes.from_blobs([blob, None])


def _measure() -> None:
    plots = Shapes.of(FlatShapes.from_shapely(shapely.box([0, 1], [0, 0], [1, 2], [1, 1])))
    engine = KernelEngine(plots)
    place = np.array([[0.5, 0.5], [1.0, 0.5]])
    point, plot, _, _ = engine.near(place, np.array([0.6, 0.1]))
    engine.disc_areas(place[point], np.full(len(point), 0.1), plot)
    house = Shapes.of(FlatShapes.from_shapely(shapely.box([0.5], [0.5], [1.5], [1.5])))
    guest, under, _ = engine.pieces(house)
    engine.perimeters(house, guest, under)
    pipe = shapely.LineString([(0.5, 0.5), (1.5, 0.5)])
    engine.pieces(Shapes.of(FlatShapes.from_shapely(np.array([pipe], object))))


def _read_keys() -> None:
    # As many as are given to kernels at all.
    texts = pa.array(["05122300100012______"] * COMPILED_FROM, pa.large_string())
    read_key_bytes(texts, DistrictCatalogue("05", (District("051223", "Musterhausen"),)))
    keys = np.arange(COMPILED_FROM).astype("S20")
    key_positions(keys[:1], keys)


def _count_cells() -> None:
    plots = FlatShapes.from_shapely(shapely.box([0, 1.5], [0, 0], [1.5, 3], [3, 3]))
    place = Affine(1, 0, 0, 0, -1, 3)
    cells = np.zeros((3, 3))
    for exact in (False, True):
        zonal_statistics(plots, cells, place, exact=exact, slope=True, engine="kernels")
        zonal_statistics(plots, cells, place, exact=exact, classes=True, engine="kernels")


def _kernels() -> Iterator[Dispatcher]:
    """Yield every compiled function of the package."""
    for module in pkgutil.iter_modules(package.__path__):
        if module.name != "warm":
            loaded = importlib.import_module(f"{package.__name__}.{module.name}")
            for value in vars(loaded).values():
                if isinstance(value, Dispatcher) and value.py_func.__module__ == loaded.__name__:
                    yield value


def _lies_compiled(function: Dispatcher) -> bool:
    # numba has no public way to ask without loading, which takes a hundred times as long.
    cache = cast("Any", function)._cache  # noqa: SLF001
    # What is only ever put into other kernels is compiled with them.
    return isinstance(cache, NullCache) or bool(cache._cache_file._load_index())  # noqa: SLF001
