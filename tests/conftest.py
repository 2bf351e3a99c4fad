"""What every test may lean on."""

from collections.abc import Iterator
from pathlib import Path

import pyproj.datadir
import pytest
from hypothesis import settings

from tests.demo import DemoCity, once, open_city, serving, store_city

# The suite gives the same verdict on the same code; `make proof-search` looks for new cases.
settings.register_profile("suite", derandomize=True)
settings.register_profile("search", print_blob=True)
settings.load_profile("suite")

MARKER = "proves(standard, *classes): shows that conformance classes of a standard are met"


def pytest_configure(config: pytest.Config) -> None:
    """Make known the marker by which tests say which conformance classes they prove."""
    config.addinivalue_line("markers", MARKER)


SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real files, or skip: they are never copied into the project."""
    if not SHARED.is_dir():
        pytest.skip("real data: the folder ../shared/data is absent")
    return SHARED


@pytest.fixture(scope="session")
def _shared_base(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """Return a folder of this test run that all its workers see."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if hasattr(request.config, "workerinput") else base


@pytest.fixture(scope="session")
def demo_city(_shared_base: Path) -> DemoCity:
    """Return the files of a synthetic city of 800 parcels, and the truth about them."""
    return open_city(_shared_base)


@pytest.fixture(scope="session")
def demo_store(_shared_base: Path, demo_city: DemoCity) -> Path:
    """Return a data directory with all registers of the demo city, linked; not to be changed."""
    return once(_shared_base / "demo_store", lambda folder: store_city(demo_city, folder))


@pytest.fixture(scope="session")
def served(demo_store: Path) -> Iterator[str]:
    """Return the base URL of a real server over the demo city's store."""
    with serving(demo_store) as url:
        yield url


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
