"""Rules of the house that hold for everything there is, and for what the next author adds."""

import hashlib
import json
import re
import subprocess
import tomllib
from importlib import import_module, metadata
from pathlib import Path
from pkgutil import walk_packages

import pytest

from api.doctor import OWN_NAMES
from api.settings import Settings
from api.status import STATUS
from gis_core.errors import FlurbuchError

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(p for name in OWN_NAMES for p in (ROOT / name).rglob("*.py"))
VENDORED = ROOT / "api/static/map/maplibre"
OUTSIDE = re.compile(r"""(?:src|href|url|import)\s*[=(:]?\s*["'(]?https?://""")


def leaves(root: type[FlurbuchError]) -> list[type[FlurbuchError]]:
    for name in OWN_NAMES:
        for found in walk_packages(import_module(name).__path__, f"{name}."):
            import_module(found.name)
    found = list(root.__subclasses__())
    for error in found:
        found.extend(error.__subclasses__())
    return found


ERRORS = leaves(FlurbuchError)


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: e.__name__)
def test_every_error_has_a_status(error):
    assert error in STATUS


def test_error_codes_are_unique():
    codes = [error.code for error in ERRORS]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("name", OWN_NAMES)
def test_nobody_else_owns_our_names(name):
    assert set(metadata.packages_distributions().get(name, ["flurbuch"])) == {"flurbuch"}
    assert Path(import_module(name).__file__ or "").is_relative_to(ROOT)


@pytest.mark.parametrize("module", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_modules_are_short(module):
    assert len(module.read_text(encoding="utf-8").splitlines()) <= 400


def test_pygeoapi_is_wrapped_by_three_files_at_most():
    imports = re.compile(r"^\s*(from|import) pygeoapi", re.MULTILINE)
    wrapped = {p for p in MODULES if imports.search(p.read_text(encoding="utf-8"))}
    assert {str(p.relative_to(ROOT)) for p in wrapped} <= {
        "api/ogc/provider.py",
        "api/ogc/raster_provider.py",
        "api/ogc/shell.py",
    }


def test_sentences_exist_in_both_languages():
    de, en = (
        tomllib.loads((ROOT / f"api/messages/{language}.toml").read_text(encoding="utf-8"))
        for language in ("de", "en")
    )
    assert de.keys() == en.keys()
    assert all(de.values())
    assert all(en.values())
    for key in de:
        assert set(re.findall(r"{(\w+)}", de[key])) == set(re.findall(r"{(\w+)}", en[key])), key


def test_every_sentence_is_used_and_every_used_one_exists():
    sentences = tomllib.loads((ROOT / "api/messages/de.toml").read_text(encoding="utf-8"))
    templates = "\n".join(p.read_text() for p in (ROOT / "api/templates").glob("*.html"))
    used = set(re.findall(r"""\bt\(["'](\w+)["']""", templates))
    assert used == sentences.keys()


@pytest.mark.parametrize("folder", ["api/templates", "api/static"])
def test_pages_name_no_other_host(folder):
    """What others wrote names its home; that it asks nobody is test_maps_on_pages' to show."""
    for path in (ROOT / folder).rglob("*"):
        if path.suffix in {".html", ".css", ".js", ".mjs"} and VENDORED not in path.parents:
            assert not OUTSIDE.search(path.read_text(encoding="utf-8")), path


def test_what_others_wrote_is_as_they_released_it():
    notice = (VENDORED / "NOTICE.txt").read_text()
    told = dict(re.findall(r"^([0-9a-f]{64})  (\S+)$", notice, flags=re.MULTILINE))
    files = {hashlib.sha256(p.read_bytes()).hexdigest(): p.name for p in VENDORED.iterdir()}
    assert told == {k: v for k, v in files.items() if v not in {"NOTICE.txt", "BUNDLED.txt"}}
    packages = json.loads((ROOT / "tests/js/package-lock.json").read_text())["packages"]
    version = packages["node_modules/maplibre-gl"]["version"]
    assert f"MapLibre GL JS {version}," in notice
    released = ROOT / "tests/js/node_modules/maplibre-gl"
    if released.is_dir():
        for name in told.values():
            original = released / name if name == "LICENSE.txt" else released / "dist" / name
            assert original.read_bytes() == (VENDORED / name).read_bytes(), name


def test_the_lock_file_of_npm_names_no_address():
    packages = json.loads((ROOT / "tests/js/package-lock.json").read_text())["packages"]
    assert all("integrity" in p and "resolved" not in p for name, p in packages.items() if name)


@pytest.mark.parametrize("path", sorted((ROOT / "api/static").glob("map/*.mjs")), ids=str)
def test_scripts_of_pages_are_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("setting", Settings.model_fields)
def test_every_setting_is_documented(setting):
    assert f"`{setting}`" in (ROOT / "docs/settings.md").read_text(encoding="utf-8")


def test_lock_files_name_no_index():
    for lock in ROOT.glob("*.lock"):
        text = lock.read_text()
        assert "--hash=" in text
        assert "http" not in re.sub(r"^http\w*==.*$", "", text, flags=re.MULTILINE)


def test_without_a_python_the_first_command_says_what_to_install(tmp_path):
    (tmp_path / "cat").symlink_to("/bin/cat")
    run = subprocess.run(
        ["/bin/sh", ROOT / "scripts/find-python.sh"],
        env={"PATH": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert "Python 3.12 or newer" in run.stderr
    assert "apt install python3" in run.stderr
