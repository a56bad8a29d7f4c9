"""The server keeps its names in PostgreSQL, whatever happens to that."""

import pytest

from environment.free_ports import free_port
from environment.simulated_provider import Provider
from environment.stages import Stage
from environment.steps import integrate, restarts

WAITING = "Waiting for database relation"


@pytest.fixture
def connected(stage: Stage, provider: Provider) -> Stage:
    """A server with a database and one name in it."""
    integrate(stage, provider)
    assert stage.server.add_name("maksim")
    return stage


def names(stage: Stage) -> list[str] | None:
    stage.server.wait_until_up()
    return stage.server.names()


def test_without_a_database_the_server_runs_and_the_operator_is_told(stage: Stage) -> None:
    stage.juju.deploy()

    stage.server.wait_until_up()
    assert stage.juju.status == f"blocked: {WAITING}"


def test_quiet_events_leave_the_process_alone(connected: Stage) -> None:
    juju = connected.juju

    def five_quiet_events() -> None:
        juju.dispatch(juju.on.update_status())
        juju.dispatch(juju.on.config_changed())
        juju.dispatch(juju.on.upgrade_charm())
        juju.relation_changed()
        juju.pebble_ready()

    assert restarts(connected, five_quiet_events) == 0


def test_a_failover_restarts_the_server_once(connected: Stage, provider: Provider) -> None:
    provider.fail_over("127.0.0.2")

    assert restarts(connected, connected.juju.relation_changed) == 1
    assert names(connected) is not None


def test_a_rotation_restarts_the_server_once(connected: Stage, provider: Provider) -> None:
    secret = provider.rotate()
    assert connected.server.names() is None, "the old password should be dead"

    assert restarts(connected, lambda: connected.juju.secret_changed(secret)) == 1
    assert names(connected) is not None


def test_a_rotation_whose_event_was_lost_is_seen_by_the_next_event(
    connected: Stage, provider: Provider
) -> None:
    provider.rotate()

    assert restarts(connected, connected.juju.relation_changed) == 1
    assert names(connected) is not None


def test_another_port_restarts_the_server_once(connected: Stage) -> None:
    port = free_port()

    assert restarts(connected, lambda: connected.juju.configure(server_port=port)) == 1

    connected.server.port = port
    assert names(connected) is not None
    assert {opened.port for opened in connected.juju.state.opened_ports} == {port}


def test_invalid_config_leaves_the_server_alone(connected: Stage) -> None:
    assert restarts(connected, lambda: connected.juju.configure(server_port=22)) == 0

    assert connected.juju.status == "blocked: Invalid port number, 22 is reserved for SSH"
    assert connected.server.names() is not None


def test_a_dead_first_endpoint_costs_nothing_but_a_retry(stage: Stage, provider: Provider) -> None:
    provider.other_endpoints = (f"127.0.0.1:{free_port()}",)

    integrate(stage, provider)

    assert stage.server.add_name("simon")
    assert stage.pebble.environment()["PGTARGETSESSIONATTRS"] == "read-write"


def test_the_database_that_was_really_made_is_used(stage: Stage, provider: Provider) -> None:
    stage.juju.deploy()
    stage.juju.integrate(provider)
    provider.answer(stage.juju.relation, "another_db")
    stage.juju.relation_changed()
    stage.server.wait_until_up()

    assert stage.server.add_name("simon")
    assert stage.server.names() == ["simon"]
    assert stage.pebble.environment()["DEMO_SERVER_DB_NAME"] == "another_db"


def test_a_removed_relation_takes_the_credentials_with_it(
    connected: Stage, provider: Provider
) -> None:
    assert restarts(connected, connected.juju.remove_relation) == 1
    provider.withdraw()

    assert connected.juju.status == f"blocked: {WAITING}"
    assert connected.pebble.environment() == {}
    (process,) = connected.pebble.processes()
    assert "DEMO_SERVER_DB" not in connected.pebble.process_environment(process)

    integrate_again = connected.juju.integrate
    integrate_again(provider)
    provider.answer(connected.juju.relation, connected.juju.requested_database)
    assert restarts(connected, connected.juju.relation_changed) == 1
    assert "maksim" in (names(connected) or [])


@pytest.mark.parametrize(
    "password", ['$HOME `id` "quotes" \'', "%s\\n#:{}[]&*!|>", "pässwörd-☃-😀"]
)
def test_a_password_reaches_the_server_as_it_is(
    connected: Stage, provider: Provider, password: str
) -> None:
    secret = provider.rotate(password)

    assert restarts(connected, lambda: connected.juju.secret_changed(secret)) == 1
    assert names(connected) is not None
    quiet = connected.juju.on.update_status
    assert restarts(connected, lambda: connected.juju.dispatch(quiet())) == 0
