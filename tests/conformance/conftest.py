"""Which server is asked: the one named by ``--base-url``, else our own."""

import pytest

from tests.conformance.site import Site


def pytest_addoption(parser):
    parser.addoption("--base-url", help="landing page of the OGC API to test; default: our own")


def pytest_configure(config):
    config.addinivalue_line("markers", "proves(standard, *classes): see tests/api/test_conformance")


@pytest.fixture(scope="session")
def site(request):
    """Return the server under test."""
    url = request.config.getoption("base_url", None)
    with Site(url or request.getfixturevalue("served")) as opened:
        yield opened


@pytest.fixture
def absent(request):
    """Return what to do when a server has nothing to test: skip, but for our own, which fails."""
    return pytest.skip if request.config.getoption("base_url", None) else pytest.fail
