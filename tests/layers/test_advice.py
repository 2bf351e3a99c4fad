"""Every fault that an import can find has an advice in both languages."""

import ast
import re
from importlib.resources import files

import pytest

import layers
from gis_core.key_messages import PROBLEMS
from layers.ingest.advice import FAMILIES, _advice, advice
from layers.ingest.moments import AMBIGUOUS_DATE, NOT_A_DATE
from layers.ingest.numbers import NumberProblem
from layers.ingest.positions import MISPLACED

CODE = re.compile(r"[a-z]+(-[a-z]+)+")
GIVEN_TO = {"Fault", "blame", "refuse", "mend", "misfit"}
RETURNED_BY = {"_coded", "_number", "read_boolean", "_store"}


def stated_codes():
    """Return the code of every fault that is stated in the source of `layers`."""
    found = set()
    for path in files(layers).rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            called = isinstance(node, ast.Call) and (
                getattr(node.func, "id", "") in GIVEN_TO
                or getattr(node.func, "attr", "") in GIVEN_TO
            )
            if called or (isinstance(node, ast.FunctionDef) and node.name in RETURNED_BY):
                texts = [c.value for c in ast.walk(node) if isinstance(c, ast.Constant)]
                found |= {t for t in texts if isinstance(t, str) and CODE.fullmatch(t)}
    return found


CODES = sorted(
    stated_codes()
    | {NOT_A_DATE, AMBIGUOUS_DATE}
    | {p.value for p in NumberProblem if p}
    | set(MISPLACED.values())
    | {f"key-{problem}" for problem in PROBLEMS}
)


def test_the_search_finds_codes():
    assert {"geometry-missing", "required-missing", "ragged-row", "unknown-code"} <= set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_an_advice(code):
    assert advice(code, "de").endswith(".")
    assert advice(code, "en").endswith(".")


def test_no_advice_is_left_over():
    used = {code for code in CODES if code in _advice()} | set(FAMILIES.values())
    assert set(_advice()) - used == set()
