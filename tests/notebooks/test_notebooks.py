"""Every notebook runs from top to bottom on the demo city, and asks no other host."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda p: p.name)
def run(request, demo_store):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLURBUCH_DATA_DIR", str(demo_store))
        patch.setenv("PYTHONPATH", str(ROOT))
        notebook = nbformat.read(request.param, as_version=4)
        client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(ROOT)}})
        return client.execute()


def outputs(notebook) -> str:
    cells = [c for c in notebook.cells if c.cell_type == "code"]
    return "\n".join(
        str(o.get("text", "")) + str(o.get("data", "")) for c in cells for o in c.outputs
    )


def test_the_questions_are_answered(run):
    said = outputs(run)
    assert re.search(r"\b[1-9]\d* building gaps", said)
    assert re.search(r"\b[1-9]\d* trees within 5 m", said)


def test_the_map_is_drawn_without_outside_hosts(run):
    said = outputs(run)
    assert "leaflet" in said
    assert not re.findall(r"""(?:src|href)=\\?["']https?://""", said)


def test_a_planner_sees_no_tax(run):
    assert "there is no collection 'grundsteuer'" in outputs(run)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.name)
def test_notebooks_are_committed_without_results(path):
    cells = nbformat.read(path, as_version=4).cells
    assert not any(c.get("outputs") for c in cells)
