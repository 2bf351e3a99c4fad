"""``flurbuch check parcels``: what it prints, writes and ends with."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.layers.registers import City, box, geojson

PROGRAM = Path(sys.executable).parent / "flurbuch"


def flurbuch(*arguments, data):
    return subprocess.run(
        [PROGRAM, "--data", str(data), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    """Return a data directory with six parcels in a row, each lying 2 cm on the next."""
    city = City(tmp_path_factory.mktemp("faulty"))
    plots = [
        (
            {"flstkennz": f"0530490120000{i}______", "oid": f"o{i}"},
            box(9.98 * i, 0, 9.98 * i + 10, 9),
        )
        for i in range(1, 7)
    ]
    city.ingest("alkis", city.write("flurstueck.geojson", geojson(*plots)))
    return city.data


def test_a_city_without_errors_ends_with_0_though_there_are_warnings(demo_store):
    run = flurbuch("check", "parcels", data=demo_store)
    assert run.returncode == 0
    assert "area-beyond-bound" in run.stdout
    assert "0 errors" in run.stderr


def test_errors_end_with_1_and_what_is_not_shown_is_counted(faulty):
    run = flurbuch("check", "parcels", "--limit", "2", "--lang", "en", data=faulty)
    assert run.returncode == 1
    assert run.stdout.count("give the common border the same vertices") == 2
    assert "3 more: --limit 5 or --out FILE" in run.stdout
    assert "5 errors" in run.stderr


def test_files_and_json_hold_everything(faulty, tmp_path):
    run = flurbuch(
        *("check", "parcels", "--json", "--limit", "0"),
        *("--out", tmp_path / "f.gpkg", "--picture", tmp_path / "f.svg"),
        data=faulty,
    )
    assert run.returncode == 1
    report = json.loads(run.stdout)
    assert len(report["findings"]) == report["counts"]["overlap"] == 5
    assert (tmp_path / "f.gpkg").stat().st_size > 0
    assert (tmp_path / "f.svg").read_text().startswith("<svg")


def test_only_what_was_asked_for_counts(faulty):
    run = flurbuch("check", "parcels", "--only", "gap", "--only", "sliver", data=faulty)
    assert run.returncode == 0
    assert "looked for and not found: gap, sliver" in run.stderr


def test_the_bound_of_areas_is_an_option(demo_store):
    options = ("--only", "area-beyond-bound", "--json")
    loose = flurbuch("check", "parcels", *options, "--area-a", "9", data=demo_store)
    tight = flurbuch(
        "check", "parcels", *options, "--area-a", "0", "--area-b", "0", data=demo_store
    )
    assert json.loads(loose.stdout)["counts"] == {"area-beyond-bound": 0}
    assert json.loads(tight.stdout)["counts"]["area-beyond-bound"] >= 5


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["--out", "f.xls"], ".gpkg", id="ending-of-the-file"),
        pytest.param(["--picture", "f.bmp"], ".svg", id="ending-of-the-picture"),
        pytest.param(["--out", "no/such/f.csv"], "no directory", id="no-such-directory"),
        pytest.param(["--only", "nonsense"], "overlap", id="unknown-code"),
        pytest.param(["--area-a", "-1"], "equal to 0", id="negative-bound"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_is_allowed(arguments, said, demo_store):
    run = flurbuch("check", "parcels", *arguments, data=demo_store)
    assert run.returncode == 2
    assert said in run.stderr


def test_without_parcels_it_says_what_to_import(tmp_path):
    city = City(tmp_path)
    city.trees()
    run = flurbuch("check", "parcels", data=city.data)
    assert run.returncode == 1
    assert "flurbuch ingest alkis" in run.stderr
