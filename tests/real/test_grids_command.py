"""``flurbuch grids`` from the operator's side."""

import json

import pytest
from typer.testing import CliRunner

from api.cli import app
from layers.errors import SourceFileError

pytestmark = pytest.mark.real


def test_add_then_list(shared_data, tmp_path):
    run = CliRunner().invoke
    data = ["--data", str(tmp_path)]
    assert json.loads(run(app, [*data, "grids", "list", "--json"]).stdout) == []
    grid = str(shared_data / "datum-grids" / "de_adv_BETA2007.tif")
    added = run(app, [*data, "grids", "add", grid, "--json"])
    assert added.exit_code == 0
    assert json.loads(added.stdout)[0]["operations"] == ["DHDN to ETRS89 (8), 0.9 m"]
    assert "de_adv_BETA2007.tif" in run(app, [*data, "grids", "list"]).stdout
    (tmp_path / "grids" / "de_adv_BETA2007.tif").write_bytes(b"damaged")
    assert run(app, [*data, "grids", "list"]).exit_code == 1
    readme = str(shared_data / "datum-grids" / "de_adv_README.txt")
    refused = run(app, [*data, "grids", "add", readme])
    assert refused.exit_code != 0
    assert isinstance(refused.exception, SourceFileError)
