"""Pebble fails for one event: the server stays where it is, and the status names the cause."""

from unittest.mock import patch

import ops
import pytest
import scenario.mocking
from ops.testing import Container, Relation, State

from unit.charm_unit import CONTAINER, SERVICE, Ctx, changed, databag, environment, provide, status

CANNOT_ASK = "maintenance: Cannot ask Pebble about the server: not now"


@pytest.fixture
def serving(ctx: Ctx) -> State:
    """A unit whose server has a database."""
    answer = {"endpoints": "db:5432", "username": "me", "password": "secret"}
    container = Container(CONTAINER, can_connect=True)
    relation = Relation("database", remote_app_data=answer)
    return changed(ctx, State(leader=True, containers={container}, relations={relation}))


@pytest.mark.parametrize(
    ("question", "code", "expected"),
    [
        ("get_checks", 500, "active"),  # the server is known to run
        ("get_plan", 500, CANNOT_ASK),
        ("get_services", 500, CANNOT_ASK),
        ("add_layer", 400, "blocked: Pebble refused to run the server: not now"),
    ],
)
def test_the_server_runs_on_until_pebble_can_be_asked(
    ctx: Ctx, serving: State, question: str, code: int, expected: str
) -> None:
    state = provide(serving, {**databag(serving), "endpoints": "other:5432"})
    if question == "get_checks":
        state = changed(ctx, state)
    error = ops.pebble.APIError({}, code, "refused", "not now")

    with patch.object(scenario.mocking._MockPebbleClient, question, side_effect=error):
        state = changed(ctx, state)

    assert status(state) == expected
    assert state.get_container(CONTAINER).services[SERVICE].is_running()

    state = changed(ctx, state)
    assert status(state) == "active"
    assert environment(state)["DEMO_SERVER_DB_HOST"] == "other"
