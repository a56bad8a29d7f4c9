"""The real parts as fixtures."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from realparts import stage as parts
from realparts.postgres import PostgreSQL
from realparts.provider import Provider
from realparts.stage import Stage
from realparts.tools import MissingToolError


def pytest_configure() -> None:
    """Take the parts down also when the run is terminated."""
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("terminated", returncode=1))


@contextmanager
def _needed() -> Iterator[None]:
    """Skip what needs a missing tool; where nothing should be missing, fail."""
    try:
        yield
    except MissingToolError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def cluster() -> Iterator[PostgreSQL]:
    """A PostgreSQL without TLS, on 127.0.0.1 when a test begins."""
    with _needed(), parts.postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def tls_cluster() -> Iterator[PostgreSQL]:
    """A PostgreSQL that can offer TLS."""
    with _needed(), parts.postgresql(with_tls=True) as server:
        yield server


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A plain image's container, with Pebble, and Juju before it deploys the charm."""
    with _needed(), parts.stage() as stage:
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
