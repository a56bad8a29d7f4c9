"""A real Pebble forwards the service's log, as the relations say and at once."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import ops
import pytest
import scenario.mocking
from ops.testing import Relation
from scenario.state import _Event

from environment import tools
from environment.log_sink import LogSink, log_sink
from environment.real_pebble import Pebble
from environment.waiting import wait_for
from functional.needed import needed
from loki_push_api.testing import forwarding_in, relation_for_requirer
from unit.loki_push_api.forwarding_charm import ENDPOINT, SERVICE, context, unit
from unit.topology import IDENTIFIER, MODEL

LABELS = {
    "product": "Juju",
    "job": f"juju_{IDENTIFIER}",
    "charm": "application",
    "juju_charm": "application",
    "juju_model": "demo",
    "juju_model_uuid": MODEL.uuid,
    "juju_application": "application",
    "juju_unit": "application/0",
    "pebble_service": SERVICE,
}


class Unit:
    """A unit whose service writes to its log what is appended to a file."""

    def __init__(self, pebble: Pebble, directory: Path) -> None:
        self.pebble = pebble
        self.ctx = context()
        self.state = unit()
        self._file = directory / "written"
        self._file.touch()

    def start(self) -> None:
        """Start the service, without the charm."""
        service: ops.pebble.ServiceDict = {
            "override": "replace",
            "startup": "enabled",
            "command": f"tail -n 0 -f {self._file}",
            "environment": {"PASSWORD": "hunter2"},
        }
        layer = ops.pebble.Layer({"services": {SERVICE: service}})
        self.pebble.client.add_layer("service", layer)
        self.pebble.client.replan_services()
        wait_for("the service", lambda: self.pebble.processes("tail"))

    def write(self, line: str) -> None:
        """Have the service log a line."""
        with self._file.open("a") as file:
            file.write(f"{line}\n")

    def dispatch(self, event: _Event) -> None:
        """Run the charm for one event, on the real Pebble."""
        backend = scenario.mocking._MockModelBackend
        with patch.object(backend, "get_pebble", lambda *_: self.pebble.client):
            self.state = self.ctx.run(event, self.state)

    def integrate(self, *urls: str, app: str = "loki-k8s") -> Relation:
        """Relate the unit to Loki, whose units have written."""
        relation = relation_for_requirer(ENDPOINT, urls=urls, remote_app_name=app)
        self._relate({*self.state.relations, relation})
        self.dispatch(self.ctx.on.relation_changed(relation, remote_unit=0))
        return relation

    def move(self, relation: Relation, url: str) -> None:
        """Let the unit of Loki write another address."""
        moved = relation_for_requirer(ENDPOINT, urls=[url]).remote_units_data
        new = replace(relation, remote_units_data=moved)
        self._relate({new})
        self.dispatch(self.ctx.on.relation_changed(new, remote_unit=0))

    def remove(self, relation: Relation) -> None:
        """``juju remove-relation``."""
        current = self.state.get_relation(relation.id)
        self.dispatch(self.ctx.on.relation_broken(current))
        self._relate({each for each in self.state.relations if each.id != relation.id})

    def _relate(self, relations: set[ops.testing.RelationBase]) -> None:
        self.state = replace(self.state, relations=frozenset(relations))

    @property
    def forwarded(self) -> frozenset[str]:
        """Where Pebble's plan forwards the log to."""
        return forwarding_in(self.pebble.client.get_plan(), SERVICE)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Unit]:
    """A unit whose service runs."""
    with needed():
        executable = tools.pebble()
    pebble = Pebble(executable, tmp_path / "pebble", {})
    pebble.start()
    try:
        found = Unit(pebble, tmp_path)
        found.start()
        yield found
    finally:
        pebble.kill()


@pytest.fixture
def first() -> Iterator[LogSink]:
    with log_sink() as sink:
        yield sink


@pytest.fixture
def second() -> Iterator[LogSink]:
    with log_sink() as sink:
        yield sink


def arrives(line: str, sink: LogSink) -> None:
    wait_for(f"{line!r} in the sink", lambda: line in sink.lines)


def write_until_it_would_have_arrived(running: Unit, line: str, sink: LogSink) -> None:
    """Write a line, and return when another sink that was pushed to later has the next one."""
    running.write(line)
    arrives(line, sink)
    running.write(f"after {line}")
    arrives(f"after {line}", sink)


def test_a_line_arrives_with_the_labels_of_the_unit_and_no_restart(
    running: Unit, first: LogSink
) -> None:
    processes = running.pebble.processes("tail")

    running.integrate(first.url)
    running.write("hello")

    arrives("hello", first)
    assert all(labels == LABELS for labels in first.labels)
    assert running.pebble.processes("tail") == processes


def test_an_address_that_changes_takes_effect_at_once(
    running: Unit, first: LogSink, second: LogSink
) -> None:
    relation = running.integrate(first.url)
    running.write("before")
    arrives("before", first)

    running.move(relation, second.url)
    write_until_it_would_have_arrived(running, "moved", second)

    assert "moved" not in first.lines
    running.move(relation, first.url)
    running.write("back")
    arrives("back", first)


def test_nothing_is_forwarded_after_the_relation_is_gone(
    running: Unit, first: LogSink, second: LogSink
) -> None:
    relation = running.integrate(first.url)
    other = running.integrate(second.url, app="agent")
    running.write("before")
    arrives("before", first)

    running.remove(relation)
    write_until_it_would_have_arrived(running, "gone", second)

    assert "gone" not in first.lines
    running.remove(other)
    assert running.forwarded == frozenset()


def test_a_restarted_container_forwards_again(running: Unit, first: LogSink) -> None:
    running.integrate(first.url)
    running.pebble.kill()
    running.dispatch(running.ctx.on.config_changed())

    running.pebble.start()
    running.start()
    assert running.forwarded == frozenset()
    running.dispatch(running.ctx.on.pebble_ready(running.state.get_container("server")))

    running.write("again")
    arrives("again", first)


def test_an_event_that_changes_nothing_sends_nothing_again(running: Unit, first: LogSink) -> None:
    running.integrate(first.url)
    running.write("once")
    arrives("once", first)

    running.dispatch(running.ctx.on.config_changed())
    write_until_it_would_have_arrived(running, "next", first)

    assert first.lines.count("once") == 1
