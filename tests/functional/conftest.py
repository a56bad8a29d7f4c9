"""The real parts as fixtures."""

import signal
from collections.abc import Iterator

import pytest

from environment.images import PLAIN, ROCK_2_0, Image
from environment.real_postgresql import PostgreSQL
from environment.simulated_provider import Provider
from environment.stages import Stage, run_postgresql, run_stage
from environment.steps import integrate
from functional.needed import needed


def pytest_configure() -> None:
    """Treat SIGTERM like Ctrl-C: the fixtures stop what they have started."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def cluster() -> Iterator[PostgreSQL]:
    """A PostgreSQL without TLS, on 127.0.0.1 when a test begins."""
    with needed(), run_postgresql() as server:
        yield server


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A plain image's container, with Pebble, and Juju before it deploys the charm."""
    with needed(), run_stage() as stage:
        yield stage


@pytest.fixture(scope="module", params=[PLAIN, ROCK_2_0], ids=["plain", "rock"])
def image(request: pytest.FixtureRequest) -> Image:
    """Each image that the tests of a module go through."""
    chosen: Image = request.param
    return chosen


@pytest.fixture(scope="module")
def shared(image: Image) -> Iterator[Stage]:
    """A container that the tests of a module share."""
    with needed(), run_stage(image) as stage:
        yield stage


@pytest.fixture(scope="module")
def shared_provider(cluster: PostgreSQL) -> Provider:
    """The provider of the shared container's database."""
    return Provider(cluster)


@pytest.fixture
def connected(shared: Stage, shared_provider: Provider) -> Stage:
    """The shared container, with a database: a new one if the last test left it in disorder."""
    shared_provider.come_home()
    if shared.juju.status == "active":
        shared.juju.relation_changed()
        shared.server.wait_until_up()
    if shared.juju.status != "active" or shared.server.names() is None:
        shared.begin()
        integrate(shared, shared_provider)
    return shared


@pytest.fixture
def provider(cluster: PostgreSQL) -> Provider:
    """A provider whose server is up where it was first."""
    cluster.come_home()
    return Provider(cluster)
