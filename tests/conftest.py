"""What every test may lean on."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real files, or skip: they are never copied into the project."""
    if not SHARED.is_dir():
        pytest.skip("real data: the folder ../shared/data is absent")
    return SHARED
