"""The object classes that are read, and what of them: data from classes.toml."""

import tomllib
from functools import cache
from pathlib import Path

from layers.formats.chunks import Shape


@cache
def read_classes() -> dict[str, Shape]:
    """Return the table shape of each class that is read, by class name."""
    facts = tomllib.loads(Path(__file__).with_name("classes.toml").read_text(encoding="utf-8"))
    common = facts["common"]
    shapes = {}
    for group in facts["group"]:
        lists = (*common["lists"], *group.get("lists", ()))
        shape = Shape(
            columns=(*common["columns"], *group.get("columns", ()), *lists),
            lists=frozenset(lists),
            place=group.get("place", True),
            bag=group.get("bag", True),
        )
        shapes.update(dict.fromkeys(group["classes"], shape))
    return shapes
