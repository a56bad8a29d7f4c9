"""What an event asks of Juju and Pebble, by the charm's own ``dispatch``. ``make bench`` has its CPU."""

import pytest

from environment.charm_directory import from_sources
from environment.dispatched_unit import Dispatch, Unit, run_container
from environment.free_ports import free_port
from environment.juju_model import JujuModel
from environment.unit_life import live
from functional.needed import needed


@pytest.fixture(scope="module")
def dispatches(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Dispatch]:
    """The events of one life, with database and TLS, on the leader."""
    directory = tmp_path_factory.mktemp("unit")
    with needed(), run_container(directory) as container:
        from_sources(directory / "charm")
        unit = Unit(directory / "charm", directory / "juju", container)
        return live(unit, container, JujuModel(free_port()))


def test_a_quiet_event_asks_little_and_changes_nothing(dispatches: dict[str, Dispatch]) -> None:
    quiet = dispatches["update-status"]

    assert len(quiet.calls) <= 15  # one of them asks whether there is an ingress
    assert (quiet.writes, quiet.starts) == (0, 0)


def test_the_answer_takes_few_calls(dispatches: dict[str, Dispatch]) -> None:
    assert len(dispatches["answer"].calls) <= 20


@pytest.mark.parametrize("event", ["answer", "failover", "rotation"])
def test_a_change_restarts_the_server_once(dispatches: dict[str, Dispatch], event: str) -> None:
    assert dispatches[event].starts == 1
