"""The demo city after two deliveries of changes, with all its registers."""

from data.changes.events import Kind
from data.make_changes import make_changes
from layers.ingest.directory import import_files
from layers.merging import merge_directory
from layers.municipality import load_municipality
from layers.registry import find_layers


def store_changed(city, folder):
    """Import the city's registers and two deliveries of changes; return what the latter did."""
    registry, profile = find_layers(), load_municipality("krefeld")
    told = make_changes(city.path, folder / "nba", dict.fromkeys(Kind, 3), deliveries=2, seed=4)
    for files in (city.files("alkis"), *([folder / "nba" / d.file] for d in told)):
        import_files(folder / "data", registry, profile, "alkis", files)
    for layer in ("trees", "road_damage", "cemetery"):
        import_files(folder / "data", registry, profile, layer, city.files(layer))
    merge_directory(folder / "data", registry, profile)
    return told
