"""Merges in tiles as people and programs call them."""

import json
import shutil

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from api.cli import app
from layers.errors import RunnerError


def call(folder, *arguments):
    return CliRunner().invoke(app, ["--data", str(folder), *arguments])


@pytest.fixture
def store(tmp_path, demo_store):
    """Return a store that a test may merge anew."""
    return shutil.copytree(demo_store, tmp_path / "data")


def test_what_is_laid_out_is_merged_without_the_store(demo_store, tmp_path):
    place = tmp_path / "tiles"
    assert call(demo_store, "tiles", "export", str(place)).exit_code == 0
    done = call(tmp_path, "tiles", "merge", str(place), "--json")
    assert done.exit_code == 0
    report = json.loads(done.stdout)
    named = json.loads((place / "links.json").read_text())
    for collection, counts in report["collections"].items():
        rows = sum(pq.read_metadata(place / f).num_rows for f in named["links"][collection])
        assert rows == counts["links"] > 0
    told = call(tmp_path, "tiles", "merge", str(place))
    assert "800 parcels, tiles: 1" in told.stderr


def test_a_store_merged_by_processes_says_the_same(store, tmp_path):
    alone = json.loads(call(store, "merge", "--whole", "--json").stdout)
    spread = call(store, "merge", "--whole", "--json", "--workers", "2", "--storage", str(tmp_path))
    assert spread.exit_code == 0
    report = json.loads(spread.stdout)
    assert report["generation"] == alone["generation"] + 1
    for mine, theirs in zip(report["collections"], alone["collections"], strict=True):
        assert {**mine, "seconds": 0} == {**theirs, "seconds": 0}
    assert (tmp_path / "layout.json").is_file()


@pytest.mark.parametrize("command", [["merge"], ["tiles", "merge", "nowhere"]])
def test_workers_and_a_scheduler_are_too_much(demo_store, command):
    asked = call(demo_store, *command, "--workers", "2", "--scheduler", "tcp://127.0.0.1:9")
    assert asked.exit_code == 2


def test_a_cluster_out_of_reach_leaves_the_served_links(store, tmp_path):
    gone = call(
        store, "merge", "--whole", "--scheduler", "tcp://127.0.0.1:9", "--storage", str(tmp_path)
    )
    assert isinstance(gone.exception, RunnerError)
    assert gone.exception.advice
