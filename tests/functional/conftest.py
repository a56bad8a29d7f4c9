"""The real parts as fixtures."""

import signal
from collections.abc import Iterator

import pytest

from environment.real_postgresql import PostgreSQL
from environment.simulated_provider import Provider
from environment.stages import Stage, run_postgresql, run_stage
from functional.needed import needed


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the crash test be complete."""
    parser.addoption(
        "--all-faults", action="store_true", help="try every fault at every place, not a sample"
    )


def pytest_configure() -> None:
    """Take the parts down also when the run is terminated."""
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("terminated", returncode=1))


@pytest.fixture(scope="session")
def cluster() -> Iterator[PostgreSQL]:
    """A PostgreSQL without TLS, on 127.0.0.1 when a test begins."""
    with needed(), run_postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def tls_cluster() -> Iterator[PostgreSQL]:
    """A PostgreSQL that can offer TLS."""
    with needed(), run_postgresql(with_tls=True) as server:
        yield server


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A plain image's container, with Pebble, and Juju before it deploys the charm."""
    with needed(), run_stage() as stage:
        yield stage


@pytest.fixture
def provider(cluster: PostgreSQL) -> Provider:
    """A provider whose server is up where it was first."""
    return _at_home(cluster)


@pytest.fixture
def tls_provider(tls_cluster: PostgreSQL) -> Provider:
    """The same, with a server that can offer TLS but does not yet."""
    tls_cluster.offer_tls(None)
    return _at_home(tls_cluster)


def _at_home(server: PostgreSQL) -> Provider:
    server.stop()
    server.start()
    return Provider(server)
