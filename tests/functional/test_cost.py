"""What an event asks of Juju and Pebble, by the charm's own ``dispatch``. `make bench` has the times."""

import pytest

from bench.life import ANSWER, QUIET
from bench.lives import Lives
from bench.report import Report
from functional.needed import needed


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """One life, with database and TLS, on the leader."""
    with needed():
        return Lives(None, tmp_path_factory.mktemp("lives")).live(1, rehearse=False)


def test_a_quiet_event_asks_little_and_changes_nothing(life: Report) -> None:
    quiet = life.event(QUIET)

    assert len(quiet.calls) <= 10
    assert (quiet.writes, quiet.restarts) == (0, 0)


def test_the_answer_takes_few_calls(life: Report) -> None:
    assert len(life.event(ANSWER).calls) <= 16


@pytest.mark.parametrize("event", [ANSWER, "failover", "rotation"])
def test_a_change_restarts_the_server_once(life: Report, event: str) -> None:
    assert life.event(event).restarts == 1
