"""A city's own layer: benches, to which a test adds the fields that it is about."""

from pathlib import Path

BENCHES = """
id = "benches"
title = { de = "Bänke", en = "Benches" }
steward = "Grünflächenamt"
licence = "dl-de/zero-2-0"
[[collection]]
id = "bank"
title = { de = "Bänke", en = "Benches" }
geometry = "point"
access = "public"
identity = ["number"]
relation = { by = "within" }
"""
PLACED = """source = { x = ["x"], y = ["y"], crs = "EPSG:25832" }
"""


def layer_folder(parent: Path, text: str, name: str = "benches") -> Path:
    """Write a layer's file; return the folder of layers."""
    (parent / name).mkdir(parents=True, exist_ok=True)
    (parent / name / "layer.toml").write_text(text, encoding="utf-8")
    return parent
