"""Containers come, go and fail; whatever is in the image, our server is the one that runs."""

import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress

import pytest
from ops import pebble

from environment.free_ports import free_port
from environment.simulated_provider import Provider
from environment.stages import Stage
from environment.steps import integrate, restarts
from environment.waiting import wait_for

NOT_RUNNING = "blocked: Server does not run, see its log. Pebble: "
ROCK = """
summary: what a newer image brings
services:
  fastapi:
    override: replace
    startup: enabled
    command: uvicorn api_demo_server.app:app --host=0.0.0.0 --port={port}
checks:
  up:
    override: replace
    level: ready
    period: 1s
    http: {{url: "http://localhost:{port}/version"}}
"""


@pytest.fixture
def connected(stage: Stage, provider: Provider) -> Stage:
    """A server with a database."""
    integrate(stage, provider)
    return stage


def status_of_an_event(stage: Stage) -> str:
    """Let an event come, and return the status after it."""
    stage.juju.dispatch(stage.juju.on.update_status())
    return stage.juju.status


def is_ready(stage: Stage) -> bool:
    """What Kubernetes asks Pebble before it sends requests to the pod."""
    checks = stage.pebble.client.get_checks(level=pebble.CheckLevel.READY)
    return all(check.status is not pebble.CheckStatus.DOWN for check in checks)


@pytest.mark.parametrize("is_started_first", [False, True])
def test_on_a_rock_one_server_runs_and_it_is_ours(
    stage: Stage, provider: Provider, *, is_started_first: bool
) -> None:
    port = stage.server.port
    stage.pebble.stop()
    stage.pebble.start({"001-rock.yaml": ROCK.format(port=port)})
    if is_started_first:
        stage.pebble.client.replan_services()
    integrate(stage, provider)

    services = stage.pebble.client.get_services()
    running = [service.name for service in services if service.is_running()]
    assert running == ["fastapi-service"]
    assert len(stage.pebble.processes()) == 1
    assert stage.server.add_name("maksim")
    starts = stage.pebble.log.read_text().count('Service "fastapi" starting')
    assert starts == is_started_first, "ours is started without starting the other one again"

    other = free_port()
    stage.juju.configure(server_port=other)
    stage.server.port = other
    stage.server.wait_until_up()
    assert len(stage.pebble.processes()) == 1
    assert is_ready(stage), "the image's own check must not look at the old port"
    with suppress(pebble.ChangeError):  # what is left of the other service ends at once
        stage.pebble.client.replan_services()
    assert len(stage.pebble.processes()) == 1, "nor may a replan bring the other server back"


def test_a_restarted_container_gets_its_server_back(connected: Stage) -> None:
    connected.pebble.kill()
    connected.juju.dispatch(connected.juju.on.update_status())
    assert connected.juju.status == "maintenance: Waiting for Pebble in workload container"

    connected.pebble.start()
    connected.juju.pebble_ready()

    connected.server.wait_until_up()
    assert connected.juju.status == "active"
    assert connected.server.names() is not None


@pytest.mark.parametrize(
    "request_name", ["get_plan", "stop_services", "add_layer", "start_services"]
)
def test_a_pebble_that_dies_in_the_middle_of_a_hook_fails_no_hook(
    connected: Stage, request_name: str
) -> None:
    connected.juju.before(request_name, connected.pebble.kill)
    connected.juju.configure(server_port=free_port())
    assert connected.juju.status == "maintenance: Waiting for Pebble in workload container"

    connected.pebble.start()
    connected.juju.pebble_ready()

    connected.server.port = int(connected.juju.state.config["server-port"])
    connected.server.wait_until_up()
    assert connected.juju.status == "active"


def test_a_port_that_is_taken_is_a_status_and_heals_when_it_is_free(connected: Stage) -> None:
    port = free_port()
    with socket.create_server(("0.0.0.0", port)):
        connected.juju.configure(server_port=port)

        # Between two attempts the server seems to run for a moment.
        wait_for("the status", lambda: status_of_an_event(connected).startswith(NOT_RUNNING))

    connected.server.port = port
    connected.server.wait_until_up()
    assert status_of_an_event(connected) == "active"
    assert {opened.port for opened in connected.juju.state.opened_ports} == {port}


def test_a_server_that_stops_answering_is_not_ready_and_then_restarted(connected: Stage) -> None:
    (process,) = connected.pebble.processes()
    os.kill(process, signal.SIGSTOP)

    wait_for("the check to fail", lambda: not is_ready(connected), seconds=90)
    connected.juju.check_changed("fastapi-ready", is_up=False)
    wait_for("another process", lambda: connected.pebble.processes() - {process}, seconds=60)
    connected.server.wait_until_up()
    wait_for("the check to recover", lambda: is_ready(connected), seconds=60)
    connected.juju.check_changed("fastapi-ready", is_up=True)
    assert connected.juju.status == "active"


def test_a_crashing_server_is_started_again_and_the_operator_hears_of_it(connected: Stage) -> None:
    def crash() -> bool:
        for process in connected.pebble.processes():
            os.kill(process, signal.SIGKILL)
        return status_of_an_event(connected).startswith(NOT_RUNNING)

    wait_for("the status", crash)

    connected.server.wait_until_up()
    assert status_of_an_event(connected) == "active"


def test_an_upgrade_that_runs_the_server_differently_restarts_it_once(connected: Stage) -> None:
    client = connected.pebble.client
    older = client.get_plan().to_dict()
    service = older["services"]["fastapi-service"]
    service["command"] = service["command"].replace("0.0.0.0", "127.0.0.1")
    client.add_layer(
        "fastapi_demo", pebble.Layer({"services": {"fastapi-service": service}}), combine=True
    )
    client.replan_services()

    def upgrade() -> None:
        connected.juju.dispatch(connected.juju.on.upgrade_charm())

    assert restarts(connected, upgrade) == 1
    assert restarts(connected, upgrade) == 0
    connected.server.wait_until_up()
    assert connected.server.names() is not None


def test_a_server_that_somebody_stopped_is_started_again(connected: Stage) -> None:
    connected.pebble.client.stop_services(["fastapi-service"])

    assert restarts(connected, lambda: connected.juju.dispatch(connected.juju.on.update_status()))
    assert connected.juju.status == "active"


def test_a_command_that_is_not_there_is_a_status(stage: Stage, provider: Provider) -> None:
    stage.pebble.stop()
    stage.pebble.start(env={"PATH": "/nowhere"})
    stage.juju.deploy()
    stage.juju.integrate(provider)
    provider.answer(stage.juju.relation, stage.juju.requested_database)
    stage.juju.relation_changed()

    assert "executable file not found" in stage.juju.status
    assert "executable file not found" in str(stage.juju.run_action("status-detail"))


def test_the_version_is_the_servers_own_also_after_an_upgrade_of_the_image(
    connected: Stage,
) -> None:
    juju = connected.juju
    juju.dispatch(juju.on.update_status())
    assert juju.state.workload_version == "1.0.2"

    connected.pebble.stop()
    connected.pebble.start(env={"DEMO_SERVER_VERSION": "2.0.0"})
    juju.pebble_ready()
    connected.server.wait_until_up()
    juju.dispatch(juju.on.update_status())
    assert juju.state.workload_version == "2.0.0"


def refusing(code: int) -> Callable[[], None]:
    def refuse() -> None:
        raise pebble.APIError({}, code, "refused", "not now")

    return refuse


@pytest.mark.parametrize(
    ("question", "status"),
    [
        ("get_checks", "active"),
        ("get_plan", "maintenance: Cannot ask Pebble about the server: not now"),
        ("get_services", "maintenance: Cannot ask Pebble about the server: not now"),
    ],
)
def test_one_failed_question_is_not_taken_for_a_root_cause(
    connected: Stage, question: str, status: str
) -> None:
    connected.juju.before(question, refusing(500))

    assert status_of_an_event(connected) == status
    assert status_of_an_event(connected) == "active"


def test_a_wrong_port_moves_no_server_when_pebble_fails_to_say_once_where_it_is(
    connected: Stage,
) -> None:
    refusals = [refusing(500)]

    def refuse_once() -> None:
        while refusals:
            refusals.pop()()

    connected.juju.before("get_plan", refuse_once)
    opened = connected.juju.state.opened_ports

    assert restarts(connected, lambda: connected.juju.configure(server_port=22)) == 0
    assert connected.juju.state.opened_ports == opened
    assert connected.server.names() is not None


def test_a_layer_that_pebble_refuses_leaves_the_server_that_there_is(connected: Stage) -> None:
    connected.juju.before("add_layer", refusing(400))

    connected.juju.configure(server_port=free_port())

    assert connected.juju.status == "blocked: Pebble refused to run the server: not now"
    connected.server.wait_until_up()
    assert connected.server.names() is not None


@pytest.mark.parametrize("request_name", ["add_layer", "start_services"])
def test_a_request_that_fails_once_is_made_good_by_the_next_event(
    connected: Stage, request_name: str
) -> None:
    connected.juju.before(request_name, refusing(500))
    port = free_port()
    connected.juju.configure(server_port=port)

    assert status_of_an_event(connected) == "active"
    connected.server.port = port
    connected.server.wait_until_up()
    assert connected.server.names() is not None
