"""The server keeps its names in PostgreSQL, and the status is true, whatever happens to that."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from environment.free_ports import free_port
from environment.images import ROCK_2_0
from environment.real_postgresql import PostgreSQL
from environment.simulated_provider import Provider
from environment.stages import Stage
from environment.steps import (
    CANNOT_USE,
    restarts,
    status_after_database_check,
    status_after_event,
)


def names(stage: Stage) -> list[str] | None:
    stage.server.wait_until_up()
    return stage.server.names()


def test_quiet_events_leave_pebble_and_the_process_alone(connected: Stage) -> None:
    juju = connected.juju
    writes = connected.pebble.writes()

    def five_quiet_events() -> None:
        juju.dispatch(juju.on.update_status())
        juju.dispatch(juju.on.config_changed())
        juju.dispatch(juju.on.upgrade_charm())
        juju.relation_changed()
        juju.pebble_ready()

    assert restarts(connected, five_quiet_events) == 0
    assert connected.pebble.writes() == writes


def test_a_failover_restarts_the_server_once(connected: Stage, shared_provider: Provider) -> None:
    shared_provider.fail_over("127.0.0.2")

    assert restarts(connected, connected.juju.relation_changed) == 1
    assert names(connected) is not None


def test_a_rotation_restarts_the_server_once_also_when_its_event_was_lost(
    connected: Stage, shared_provider: Provider
) -> None:
    secret = shared_provider.rotate()
    assert connected.server.names() is None, "the old password should be dead"
    assert restarts(connected, lambda: connected.juju.secret_changed(secret)) == 1
    assert names(connected) is not None

    shared_provider.rotate()
    assert restarts(connected, connected.juju.relation_changed) == 1
    assert names(connected) is not None


def test_another_port_restarts_the_server_once_and_a_wrong_one_never(connected: Stage) -> None:
    port = free_port()

    assert restarts(connected, lambda: connected.juju.configure(server_port=port)) == 1
    connected.server.port = port
    assert names(connected) is not None

    assert restarts(connected, lambda: connected.juju.configure(server_port=22)) == 0
    assert connected.juju.status == "blocked: Invalid port number, 22 is reserved for SSH"
    assert connected.server.names() is not None
    connected.juju.configure(server_port=port)


@contextmanager
def swallowing_port() -> Iterator[int]:
    """A port of this machine where packets are lost: its queue is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, ExitStack() as waiting:
        port: int = listener.getsockname()[1]
        for _ in range(3):
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
        yield port


@pytest.mark.parametrize("image", [ROCK_2_0], indirect=True, ids=["rock"])
def test_dead_endpoints_cost_seconds_and_their_order_no_restart(
    connected: Stage, shared_provider: Provider
) -> None:
    with swallowing_port() as port:
        dead = (f"127.0.0.1:{free_port()}", f"127.0.0.1:{port}")
        shared_provider.endpoints = (*dead, shared_provider.primary)
        assert restarts(connected, connected.juju.relation_changed) == 1
        assert names(connected) is not None  # the request would end after 20 s

        shared_provider.endpoints = (shared_provider.primary, *dead)
        assert restarts(connected, connected.juju.relation_changed) == 0


def test_an_endpoint_that_leads_to_a_replica_for_a_moment_needs_no_restart(
    connected: Stage, shared_provider: Provider
) -> None:
    shared_provider.serve_as_replica(is_replica=True)
    assert not connected.server.add_name("lost")
    assert status_after_database_check(connected) == CANNOT_USE

    shared_provider.serve_as_replica(is_replica=False)

    def recover() -> None:
        assert connected.server.add_name("kept")
        assert status_after_database_check(connected) == "active"

    assert restarts(connected, recover) == 0


def stop(cluster: PostgreSQL) -> Callable[[], None]:
    cluster.stop()
    return cluster.come_home


def rename(cluster: PostgreSQL) -> Callable[[], None]:
    cluster.rename_database("names_db", "other_db")
    return lambda: cluster.rename_database("other_db", "names_db")


@pytest.mark.parametrize("take_away", [stop, rename])
def test_a_database_that_cannot_be_used_is_a_status_until_it_can(
    connected: Stage,
    cluster: PostgreSQL,
    take_away: Callable[[PostgreSQL], Callable[[], None]],
) -> None:
    bring_back = take_away(cluster)

    def be_unusable_for_a_while() -> None:
        assert status_after_database_check(connected) == CANNOT_USE
        assert status_after_event(connected) == CANNOT_USE
        assert connected.pebble.is_ready, "what is not about the database is served"
        bring_back()
        assert status_after_database_check(connected) == "active"

    assert restarts(connected, be_unusable_for_a_while) == 0
    assert connected.server.names() is not None


def test_a_database_of_another_name_is_refused_by_name(
    connected: Stage, shared_provider: Provider
) -> None:
    shared_provider.database, right = "another_db", shared_provider.database
    assert restarts(connected, connected.juju.relation_changed) == 0

    assert "is 'another_db', not 'names_db'" in connected.juju.status
    shared_provider.database = right
    connected.juju.relation_changed()
    assert connected.juju.status == "active"


def test_a_removed_relation_takes_the_credentials_with_it(
    connected: Stage, shared_provider: Provider
) -> None:
    assert connected.server.add_name("maksim")
    assert restarts(connected, connected.juju.remove_relation) == 1
    shared_provider.withdraw()

    assert connected.juju.status == "blocked: Waiting for database relation"
    connected.server.wait_until_up()
    (process,) = connected.pebble.processes()
    words = [*connected.pebble.environment(), *connected.pebble.words(process)]
    assert [word for word in words if word.startswith(("DEMO_SERVER_DB", "PG"))] == []

    connected.juju.integrate(shared_provider)
    shared_provider.answer(connected.juju.relation, connected.juju.requested_database)
    assert restarts(connected, connected.juju.relation_changed) == 1
    assert "maksim" in (names(connected) or [])
