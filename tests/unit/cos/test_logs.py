"""What Pebble forwards and what Loki reads, over the whole life of a relation."""

import json
from collections.abc import Mapping
from dataclasses import replace
from http.client import HTTPException
from pathlib import Path
from unittest.mock import patch

import pytest
import scenario.mocking
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ops import pebble
from ops.testing import Container, Relation, State
from scenario.state import _Event

from cos import AlertRules, LogForwarder
from cos._logs import LokiUnit
from cos.testing import DEFAULT_PUSH_URL, forwarding_in, relation_with_loki
from databag.fuzzing import check, hostile
from unit.cos.topology import LABELS, METADATA, MODEL, TOPOLOGY
from unit.databag.one_endpoint import OneEndpoint, only

ENDPOINT, SERVICE, LAYER = "logging", "service", "my_charm_logging"
REQUIRES = {ENDPOINT: {"interface": "loki_push_api"}}
META: dict[str, object] = {"name": "my-charm", "requires": REQUIRES, "containers": {"server": {}}}
SECRET = "secret-of-the-service"
RUN: pebble.ServiceDict = {"command": "run", "environment": {"PASSWORD": SECRET}}
PLAN: pebble.LayerDict = {"services": {SERVICE: {"override": "replace", **RUN}}}
ONE, TWO = "http://loki-0.test:3100/loki/api/v1/push", "https://loki.test/model-loki-1/push"
LIFECYCLE = ["config_changed", "upgrade_charm", "start", "leader_elected"]
ERRORS = [pebble.ConnectionError(), pebble.TimeoutError(), pebble.ProtocolError(), OSError()]
ERRORS += [HTTPException(), yaml.YAMLError(SECRET), ValueError(SECRET)]
PEBBLE = scenario.mocking._MockPebbleClient


class Unit(OneEndpoint[LogForwarder]):
    """A unit that forwards the log of its service."""

    def __init__(self, rules: Path | None = None) -> None:
        super().__init__(
            lambda charm: LogForwarder(
                charm, ENDPOINT, container="server", service=SERVICE, alert_rules=rules
            ),
            META,
            "my.app",
        )

    def run(self, event: _Event, state: State) -> State:
        self.dispatch(event, state)
        return self.state

    def changed(self, state: State) -> State:
        return self.run(self.on.relation_changed(only(state), remote_unit=0), state)


@pytest.fixture
def unit() -> Unit:
    return Unit()


def now(
    *relations: Relation,
    leader: bool = True,
    layers: Mapping[str, pebble.LayerDict] = {"service": PLAN},
) -> State:
    """Return the unit as it is, by default with the service in Pebble's plan."""
    made = {label: pebble.Layer(layer) for label, layer in layers.items()}
    server = Container("server", can_connect=True, layers=made)
    return State(leader=leader, relations=frozenset(relations), model=MODEL, containers={server})


def plan(state: State) -> pebble.Plan:
    return state.get_container("server").plan


def forwarded(state: State) -> frozenset[str]:
    return forwarding_in(plan(state), SERVICE)


def say(state: State, *urls: str | None) -> State:
    """Let the units of Loki write, without an event."""
    written = relation_with_loki(ENDPOINT, urls=urls).remote_units_data
    return replace(state, relations=frozenset({replace(only(state), remote_units_data=written)}))


def test_the_log_goes_to_loki_with_the_labels_of_the_unit(unit: Unit) -> None:
    out = unit.changed(now(relation_with_loki(ENDPOINT), leader=False))

    (target,) = plan(out).log_targets.values()
    assert target.to_dict() == {
        "override": "replace",
        "type": "loki",
        "location": DEFAULT_PUSH_URL,
        "services": [SERVICE],
        "labels": {
            **LABELS,
            "product": "Juju",
            "job": "juju_my-demo_2f8d4f2e_my.app",
            "charm": "my-charm",
            "juju_unit": "my.app/0",
        },
    }
    assert "forwarding the log of service to 1 Loki" in unit.logged("INFO")
    layers = out.get_container("server").layers
    assert layers.keys() == {"service", LAYER}
    assert SECRET not in str(layers[LAYER])


def test_every_unit_of_every_loki_gets_the_log_once(unit: Unit) -> None:
    """A unit that has not written yet holds nobody up."""
    first = relation_with_loki(ENDPOINT, urls=[ONE, None, TWO, ONE])
    second = relation_with_loki(ENDPOINT, remote_app_name="agent")

    out = unit.run(unit.on.config_changed(), now(first, second))

    assert forwarded(out) == {ONE, TWO, DEFAULT_PUSH_URL}
    assert len(plan(out).log_targets) == 3


def test_a_new_address_is_a_new_target_and_the_old_one_is_off(unit: Unit) -> None:
    """Pebble ignores a new location under a name that it knows."""
    before = unit.changed(now(relation_with_loki(ENDPOINT, urls=[ONE])))

    after = unit.changed(say(before, TWO))

    ((name, old),) = plan(before).log_targets.items()
    off = {"override": "replace", "type": "loki", "location": old.location}
    assert plan(after).log_targets[name].to_dict() == off
    assert (forwarded(after), len(plan(after).log_targets)) == (frozenset({TWO}), 2)

    again = unit.changed(say(after, ONE))
    assert (forwarded(again), len(plan(again).log_targets)) == (frozenset({ONE}), 2)


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([*LIFECYCLE, "relation_changed", "relation_departed"]),
            st.none() | st.lists(st.sampled_from([ONE, TWO, None]), max_size=3),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_whatever_came_before_the_targets_are_those_of_now(
    steps: list[tuple[str, list[str | None] | None]],
) -> None:
    """Without URLs, the relation is being removed, or gone before anybody told the charm."""
    unit, relation = Unit(), relation_with_loki(ENDPOINT)
    state = now(relation)
    for name, urls in steps:
        state = say(replace(state, relations=frozenset({relation})), *(urls or ()), None)
        event: _Event
        if name.startswith("relation"):
            event = getattr(unit.on, name if urls is not None else "relation_broken")(only(state))
        else:
            event = getattr(unit.on, name)()
            state = state if urls is not None else replace(state, relations=frozenset())
        state = unit.run(event, state)
        assert forwarded(state) == {url for url in urls or () if url}


@pytest.mark.parametrize("event", LIFECYCLE)
def test_an_event_that_changes_nothing_writes_nothing_and_nothing_is_replanned(
    unit: Unit, event: str
) -> None:
    with patch.object(PEBBLE, "replan_services", side_effect=AssertionError):
        before = unit.changed(now(relation_with_loki(ENDPOINT, urls=[ONE, None])))
        with patch.object(PEBBLE, "add_layer", side_effect=AssertionError):
            unit.run(getattr(unit.on, event)(), before)


@pytest.mark.parametrize("has_service", [True, False])
def test_a_restarted_container_forwards_as_soon_as_the_service_is_there(
    unit: Unit, has_service: bool
) -> None:
    state = now(relation_with_loki(ENDPOINT), layers={"service": PLAN} if has_service else {})

    out = unit.run(unit.on.pebble_ready(state.get_container("server")), state)

    assert forwarded(out) == ({DEFAULT_PUSH_URL} if has_service else set())
    assert has_service or plan(out).to_dict() == {}


def test_the_targets_of_others_are_left_alone(unit: Unit) -> None:
    others: dict[str, pebble.LogTargetDict] = {
        name: {"override": "replace", "type": "loki", "location": ONE, "services": ["all"]}
        for name in ("grafana", f"{LAYER}-1", f"{LAYER}-0123456789abcdefg", LAYER + "0" * 16)
    }
    state = now(layers={"service": PLAN, "rock": {"log-targets": others}})

    assert plan(unit.run(unit.on.config_changed(), state)) == plan(state)


@pytest.mark.parametrize("urls", [[ONE], []])
def test_a_pebble_that_is_not_up_is_told_only_where_it_matters(unit: Unit, urls: list[str]) -> None:
    with patch.object(PEBBLE, "get_plan", side_effect=pebble.ConnectionError()):
        unit.run(unit.on.config_changed(), now(relation_with_loki(ENDPOINT, urls=urls)))

    message = "cannot reach Pebble: the log targets stay as they are"
    assert unit.logged("INFO").count(message) == len(urls)


@pytest.mark.parametrize("request_name", ["get_plan", "add_layer"])
@pytest.mark.parametrize("error", [*ERRORS, pebble.APIError({}, 400, "Bad Request", "no such")])
def test_an_error_of_pebble_fails_no_hook_and_is_caught_up_with(
    unit: Unit, request_name: str, error: Exception
) -> None:
    state = now(relation_with_loki(ENDPOINT))
    with patch.object(PEBBLE, request_name, side_effect=error):
        out = unit.changed(state)
    assert forwarded(out) == frozenset()
    assert not any(SECRET in line.message for line in unit.ctx.juju_log)

    assert forwarded(unit.run(unit.on.config_changed(), out)) == {DEFAULT_PUSH_URL}


def test_the_leader_writes_the_rules_bound_to_the_application(unit: Unit, tmp_path: Path) -> None:
    expr = "count_over_time({%%juju_topology%%} |= `boom` [5m]) > 0"
    (tmp_path / "errors.rules").write_text(f"alert: Errors\nexpr: {expr}\n")
    with_rules, relation = Unit(tmp_path), relation_with_loki(ENDPOINT, urls=[])
    created = unit.on.relation_created(relation)

    assert only(unit.run(created, now(relation))).local_app_data == {}
    assert only(with_rules.run(created, now(relation, leader=False))).local_app_data == {}
    databag: Mapping[str, str] = only(with_rules.run(created, now(relation))).local_app_data

    rules = AlertRules.load(tmp_path).bound_to(TOPOLOGY)
    assert {key: json.loads(text) for key, text in databag.items()} == {
        "alert_rules": rules.model_dump(mode="json", by_alias=True),
        "metadata": METADATA,
    }


@settings(max_examples=50)
@given(hostile(LokiUnit, {"endpoint": json.dumps({"url": ONE})}))
def test_any_unit_is_read_and_holds_nobody_up(databag: dict[str, str]) -> None:
    check(LokiUnit, databag)
    unit, relation = Unit(), relation_with_loki(ENDPOINT, urls=[None, TWO])
    written = {key: text for key, text in databag.items() if text}

    out = unit.changed(
        now(replace(relation, remote_units_data={**relation.remote_units_data, 0: written}))
    )

    assert TWO in forwarded(out)
    for url in forwarded(out):
        assert url.isascii()
        assert url.isprintable()
        assert "@" not in url.split("/")[2]


def test_a_malformed_endpoint_is_logged_without_its_value(unit: Unit) -> None:
    endpoint = {"endpoint": '{"url": "http://user:hunter2@host/"}'}
    relation = replace(relation_with_loki(ENDPOINT), remote_units_data={0: endpoint})

    assert forwarded(unit.changed(now(relation))) == frozenset()
    assert unit.logged("WARNING") == ["cannot use `endpoint.url` from loki-k8s/0: it names a user"]
