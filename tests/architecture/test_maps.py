"""A package's first lines are a map of its rooms: all that are there, and no others."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = [
    folder
    for top in ("gis_core", "layers")
    for folder in sorted((ROOT / top).rglob("*"))
    if (folder / "__init__.py").is_file()
] + [ROOT / "gis_core", ROOT / "layers"]


def rooms(package):
    modules = {p.stem for p in package.glob("*.py")}
    packages = {p.parent.name for p in package.glob("*/__init__.py")}
    return (modules | packages) - {"__init__"}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_map_shows_the_rooms(package):
    text = ast.get_docstring(ast.parse((package / "__init__.py").read_text())) or ""
    named = set(re.findall(r"(?<!`)`([a-z_]+)`(?!`)", text))
    families = re.findall(r"``([a-z]+_)\*``", text)  # such as key_*
    assert named <= rooms(package)
    if len(rooms(package)) > 3:
        assert {r for r in rooms(package) - named if not r.startswith(tuple(families))} == set()
