"""What an event asks of Juju and Pebble, by the charm's own ``dispatch``. `make bench` has the times."""

from collections.abc import Iterator

import pytest

from bench.life import ANSWER, QUIET
from bench.lives import Lives
from bench.report import Cost
from functional.needed import needed


@pytest.fixture(scope="module")
def costs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Cost]]:
    """The events of one life, with database and TLS, on the leader."""
    with needed():
        events, _ = Lives(None, tmp_path_factory.mktemp("lives")).live(1, rehearse=False)
        yield {cost.event: cost for cost in events}


def test_a_quiet_event_asks_little_and_changes_nothing(costs: dict[str, Cost]) -> None:
    quiet = costs[QUIET]

    assert len(quiet.calls) <= 10
    assert (quiet.writes, quiet.restarts) == (0, 0)


def test_the_answer_takes_few_calls(costs: dict[str, Cost]) -> None:
    assert len(costs[ANSWER].calls) <= 16


@pytest.mark.parametrize("event", [ANSWER, "failover", "rotation"])
def test_a_change_restarts_the_server_once(costs: dict[str, Cost], event: str) -> None:
    assert costs[event].restarts == 1
