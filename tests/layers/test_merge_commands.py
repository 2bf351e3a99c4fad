"""``flurbuch merge`` and ``flurbuch dossier`` as people and programs call them."""

import json

import pytest
from typer.testing import CliRunner

from api.cli import app
from gis_core.errors import ParcelKeyError
from layers.errors import UnknownParcelError


def call(folder, *arguments):
    return CliRunner().invoke(app, ["--data", str(folder), *arguments], catch_exceptions=True)


def test_merge_reports_to_people_and_to_programs(town):
    said = call(town, "merge")
    assert said.exit_code == 0
    assert "baum without a parcel: 1 outside" in said.stdout
    told = call(town, "merge", "--json")
    report = json.loads(told.stdout)
    assert report["generation"] == 1  # nothing was imported since
    assert {c["collection"] for c in report["collections"]} >= {"baum", "grundsteuer"}
    for c in report["collections"]:
        assert c["features"] == c["linked"] + c["unlinked"]


def test_dossier_writes_the_format_that_the_file_name_asks_for(merged_town, tmp_path):
    file = tmp_path / "garden.json"
    done = call(merged_town, "dossier", "Krefeld 12 1", "--out", str(file), "--lang", "en")
    assert done.exit_code == 0
    document = json.loads(file.read_text(encoding="utf-8"))
    assert document["parcel_key"] == "05304901200001______"
    assert document["lang"] == "en"
    printed = call(merged_town, "dossier", "Krefeld 12 1", "--lang", "en")
    assert json.loads(printed.stdout) == document


@pytest.mark.parametrize("name", ["garden.docx", "nowhere/garden.json"])
def test_a_file_that_cannot_be_written_is_refused_before_anything_is_read(tmp_path, name):
    refused = call(tmp_path, "dossier", "3049-12-1", "--out", str(tmp_path / name))
    assert refused.exit_code == 2
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize(
    ("text", "error"), [("3049-12-999", UnknownParcelError), ("12345/6", ParcelKeyError)]
)
def test_a_key_that_leads_nowhere_writes_nothing(merged_town, tmp_path, text, error):
    file = tmp_path / "none.json"
    failed = call(merged_town, "dossier", text, "--out", str(file))
    assert isinstance(failed.exception, error)
    assert not file.exists()
