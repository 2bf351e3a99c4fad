"""The files of a table's segment: their names, their types, and the head that describes them."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from gis_core.offered_crs import CRS84, crs_uri
from gis_core.store.schema import TableSchema

FOLDER = "fragments"
HEAD = "head.json"
SHAPES = "shapes.wkb"
VERSION = 1

FIDS = "fid"
BOXES = "box"
TAGS = "tag"
KEYS = "key"  # of ids, sorted
KEY_ROWS = "key_row"
TYPES: Mapping[str, np.dtype[Any]] = {
    FIDS: np.dtype("<i8"),
    BOXES: np.dtype(("<f8", 4)),
    TAGS: np.dtype("<u8"),
    KEYS: np.dtype("<u8"),
    KEY_ROWS: np.dtype("<i8"),
}
END = np.dtype("<i8")


@dataclass(frozen=True, slots=True)
class Head:
    """What a segment says of itself; written last, so that what has a head is whole.

    Attributes
    ----------
    columns
        The published columns, in the order in which they are written.
    variants
        The URIs of the systems in which the features are ready.
    """

    columns: tuple[str, ...]
    variants: tuple[str, ...]
    count: int

    def text(self) -> str:
        """Write it as JSON."""
        record = {"version": VERSION, "columns": self.columns, "variants": self.variants}
        return json.dumps(record | {"count": self.count}, ensure_ascii=False)


def read_head(folder: Path) -> Head | None:
    """Return the head of a segment, None where there is none that this program reads."""
    try:
        record = json.loads((folder / HEAD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if record.get("version") != VERSION:
        return None
    return Head(tuple(record["columns"]), tuple(record["variants"]), record["count"])


def segment_folder(generation: Path, table: str) -> Path:
    """Return where the segment of a table lies."""
    return generation / FOLDER / table


def variants(schema: TableSchema) -> tuple[str, ...]:
    """Return the URIs of the systems in which features of a table are made ready."""
    return (CRS84,) if schema.crs is None else (CRS84, crs_uri(schema.crs))


def texts(variant: int) -> str:
    """Return the name of the file with the features in one of the systems."""
    return f"{variant}.json"


def ends(name: str) -> str:
    """Return the name of the file that says where each item of a file ends."""
    return f"{name}.end"


def create(path: Path) -> BinaryIO:
    """Open a new file that only its owner may read."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    return os.fdopen(handle, "wb")
