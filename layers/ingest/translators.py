"""A layer's own `source.py`: the only code that a layer may bring."""

import importlib.util
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import cast

from layers.errors import LayerSpecError
from layers.municipality import Municipality
from layers.registry import BUILT_IN, Registry
from layers.source import SourceTable

FILE = "source.py"


# Turns a format's own objects into rows that the layer's fields can be read from; tables
# that need no translation are passed on.
Translate = Callable[[Iterator[SourceTable], Municipality], Iterable[SourceTable]]


def _as_they_are(tables: Iterator[SourceTable], _: Municipality) -> Iterable[SourceTable]:
    return tables


def find_translator(registry: Registry, layer_id: str) -> Translate:
    """Return `translate` of the layer's `source.py`, or one that changes nothing.

    Raises
    ------
    LayerSpecError
        The file cannot be loaded, or has no function of that name.

    Notes
    -----
    The file is a program and runs with the rights of whoever imports.
    """
    path = registry.folders[layer_id] / FILE
    if not path.is_file():
        return _as_they_are
    if path.parent.parent == BUILT_IN:
        module = import_module(f"layers.{path.parent.name}.{path.stem}")
    else:
        spec = importlib.util.spec_from_file_location(f"flurbuch_layer_{layer_id}", path)
        if spec is None or spec.loader is None:
            raise LayerSpecError(f"{path}: cannot be loaded", file=str(path))
        module = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except (OSError, ImportError, SyntaxError, ValueError) as fault:
            raise LayerSpecError(f"{path}: cannot be loaded: {fault}", file=str(path)) from fault
    translate = getattr(module, "translate", None)
    if not callable(translate):
        raise LayerSpecError(
            f"{path}: there is no function translate(tables, municipality)", file=str(path)
        )
    return cast("Translate", translate)
