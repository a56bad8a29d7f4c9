"""A real Pebble forwards the server's log to where the relation says, at once."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from cos.testing import forwarding_in, relation_with_loki
from environment.images import PLAIN, Image
from environment.log_sink import LogSink, log_sink
from environment.stages import Stage
from environment.steps import restarts, status_after_event
from environment.waiting import wait_for

ENDPOINT, SERVICE = "logging", "fastapi-service"


@pytest.fixture(scope="module")
def image() -> Image:
    """One image is enough."""
    return PLAIN


@pytest.fixture
def running(shared: Stage) -> Iterator[Stage]:
    """A server whose log goes nowhere."""
    if shared.juju.status == "unknown":
        shared.juju.deploy()
    shared.server.wait_until_up()
    yield shared
    if shared.juju.state.get_relations(ENDPOINT):
        shared.juju.remove_relation_at(ENDPOINT)


def integrate(stage: Stage, sink: LogSink) -> None:
    stage.juju.relate(relation_with_loki(ENDPOINT, urls=[sink.url]))


def move(stage: Stage, sink: LogSink) -> None:
    """Let the unit of Loki write another address."""
    before = stage.juju.relation_at(ENDPOINT)
    written = relation_with_loki(ENDPOINT, urls=[sink.url]).remote_units_data
    after = replace(before, remote_units_data=written)
    others = stage.juju.state.relations - {before}
    stage.juju.state = replace(stage.juju.state, relations=others | {after})
    stage.juju.dispatch(stage.juju.on.relation_changed(after, remote_unit=0))


def count(text: str, sink: LogSink) -> int:
    return sum(f"/version?{text} " in line for line in sink.lines)


def log(stage: Stage, text: str, sink: LogSink | None = None) -> None:
    """Have the server log a line with a text in it, and wait until it is in a sink."""
    assert stage.server.ask(f"/version?{text}").status == 200
    if sink is not None:
        wait_for(f"{text!r} in the sink", lambda: count(text, sink))


def test_a_line_arrives_once_with_the_labels_of_the_unit_and_no_restart(running: Stage) -> None:
    with log_sink() as sink:
        assert restarts(running, lambda: integrate(running, sink)) == 0

        log(running, "hello", sink)
        running.juju.dispatch(running.juju.on.config_changed())
        log(running, "next", sink)

    assert count("hello", sink) == 1
    model, application = running.juju.state.model, running.juju.context.app_name
    assert sink.labels[-1] == {
        "product": "Juju",
        "job": f"juju_{model.name}_{model.uuid[:8]}_{application}",
        "charm": "fastapi-demo",
        "juju_charm": "fastapi-demo",
        "juju_model": model.name,
        "juju_model_uuid": model.uuid,
        "juju_application": application,
        "juju_unit": f"{application}/0",
        "pebble_service": SERVICE,
    }


def test_the_log_follows_the_address_until_the_relation_is_gone(running: Stage) -> None:
    with log_sink() as first, log_sink() as second:
        integrate(running, first)
        log(running, "before", first)

        move(running, second)
        log(running, "moved", second)
        assert count("moved", first) == 0
        move(running, first)
        log(running, "back", first)

        running.juju.remove_relation_at(ENDPOINT)
        assert forwarding_in(running.pebble.client.get_plan(), SERVICE) == frozenset()
        log(running, "gone")
        integrate(running, second)
        log(running, "after", second)
        assert count("gone", first) == 0


def test_a_restarted_container_forwards_again(running: Stage) -> None:
    with log_sink() as sink:
        integrate(running, sink)
        running.pebble.kill()
        status_after_event(running)
        running.pebble.start()
        running.juju.pebble_ready()
        running.server.wait_until_up()

        log(running, "again", sink)
