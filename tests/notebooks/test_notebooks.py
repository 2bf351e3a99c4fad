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
        return request.param.name, outputs(client.execute())


def outputs(notebook) -> str:
    cells = [c for c in notebook.cells if c.cell_type == "code"]
    return "\n".join(
        str(o.get("text", "")) + str(o.get("data", "")) for c in cells for o in c.outputs
    )


ANSWERS = {
    "01_parcels.ipynb": (
        r"\b[1-9]\d* building gaps",
        r"\b[1-9]\d* trees within 5 m",
        "there is no collection 'grundsteuer'",  # a planner sees no tax
        "leaflet",
    ),
    "02_merge.ipynb": (
        r"\b[1-9]\d* boundary trees, 0 on no parcel",
        r"([\d,]+) m² in parts, \1 m² official; [1-9]\d* m² were slivers",
        r"where people live: [\d,]+\.0 on parcels \+ [\d,]+\.0 elsewhere = [1-9][\d,]*",
        r"[1-9]\d* people on the [1-9]\d* lowest parcels",
        r"kernels: the same [1-9]\d* pairs, areas differ by \de-\d\d m²",
        "image/png",
    ),
}


def test_the_questions_are_answered(run):
    name, said = run
    for answer in ANSWERS[name]:
        assert re.search(answer, said), answer


def test_no_outside_host_is_asked(run):
    assert not re.findall(r"""(?:src|href)=\\?["']https?://""", run[1])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.name)
def test_notebooks_are_committed_without_results(path):
    cells = nbformat.read(path, as_version=4).cells
    assert not any(c.get("outputs") for c in cells)
