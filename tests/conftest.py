"""What every test may lean on."""

from collections.abc import Iterator
from pathlib import Path

import pyproj.datadir
import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real files, or skip: they are never copied into the project."""
    if not SHARED.is_dir():
        pytest.skip("real data: the folder ../shared/data is absent")
    return SHARED


@pytest.fixture(autouse=True)
def _grids_stay_in_their_test() -> Iterator[None]:
    """PROJ's data directories are a setting of the process: put back what a test changed."""
    before = pyproj.datadir.get_data_dir()
    yield
    if pyproj.datadir.get_data_dir() != before:
        pyproj.datadir.set_data_dir(before)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """End with one line that names each skipped group and its reason."""
    reasons: dict[str, int] = {}
    for report in terminalreporter.getreports("skipped"):
        if isinstance(report.longrepr, tuple):
            reason = str(report.longrepr[2]).removeprefix("Skipped: ")
            reasons[reason] = reasons.get(reason, 0) + 1
    if reasons:
        groups = "; ".join(f"{reason} ({n} tests)" for reason, n in sorted(reasons.items()))
        terminalreporter.write_line(f"Skipped groups: {groups}")
