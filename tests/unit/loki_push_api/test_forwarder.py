"""What Pebble forwards and what Loki reads, over the whole life of a relation."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import ops
import pytest
import scenario.mocking
from hypothesis import given
from hypothesis import strategies as st
from ops import pebble
from ops.testing import Context, Relation, State

from alert_rules import Objection
from loki_push_api.testing import DEFAULT_URL, forwarding_in, relation_for_requirer
from unit.hook_tools import ORDINARY_EVENTS, calls_of_an_ordinary_event, counted
from unit.loki_push_api.forwarding_charm import (
    ENDPOINT,
    LAYER,
    META,
    PLAN,
    SERVICE,
    ForwardingCharm,
    container,
    context,
    unit,
)
from unit.topology import IDENTIFIER, MATCHERS, TEXTS, VALUES

Ctx = Context[ForwardingCharm]
ONE, TWO = "http://loki-0.test:3100/loki/api/v1/push", "https://loki.test/model-loki-1/push"
LIFECYCLE = ["config_changed", "upgrade_charm", "start", "leader_elected"]
LABELS = {
    "product": "Juju",
    "job": f"juju_{IDENTIFIER}",
    "charm": "application",
    "juju_charm": "application",
    "juju_model": "demo",
    "juju_model_uuid": "2f8d4f2e-6a0a-4b3e-9f63-0d7f1c3b5a10",
    "juju_application": "application",
    "juju_unit": "application/0",
}


@pytest.fixture
def ctx() -> Ctx:
    return context()


def plan(state: State) -> pebble.Plan:
    return state.get_container("server").plan


def forwarded(state: State) -> frozenset[str]:
    """Return where the service's log goes."""
    return forwarding_in(plan(state), SERVICE)


def only(state: State) -> Relation:
    (relation,) = (each for each in state.relations if isinstance(each, Relation))
    return relation


def say(state: State, *urls: str | None) -> State:
    """Let the units of Loki write, without an event."""
    relation = only(state)
    written = relation_for_requirer(ENDPOINT, urls=urls).remote_units_data
    return replace(state, relations=frozenset({replace(relation, remote_units_data=written)}))


def changed(ctx: Ctx, state: State) -> State:
    return ctx.run(ctx.on.relation_changed(only(state), remote_unit=0), state)


# Forwarding


def test_the_log_goes_to_loki_with_the_labels_of_the_unit(ctx: Ctx) -> None:
    out = changed(ctx, unit(relation_for_requirer(ENDPOINT)))

    (target,) = plan(out).log_targets.values()
    assert target.to_dict() == {
        "override": "replace",
        "type": "loki",
        "location": DEFAULT_URL,
        "services": [SERVICE],
        "labels": LABELS,
    }
    assert out.get_container("server").layers.keys() == {"service", LAYER}


def test_every_unit_and_every_application_of_loki_gets_the_log(ctx: Ctx) -> None:
    first = relation_for_requirer(ENDPOINT, urls=[ONE, TWO])
    second = relation_for_requirer(ENDPOINT, remote_app_name="agent")

    out = ctx.run(ctx.on.relation_changed(first, remote_unit=0), unit(first, second))

    assert forwarded(out) == {ONE, TWO, DEFAULT_URL}


def test_units_with_one_url_are_one_target(ctx: Ctx) -> None:
    out = changed(ctx, unit(relation_for_requirer(ENDPOINT, urls=[ONE, ONE])))

    assert len(plan(out).log_targets) == 1


def test_a_unit_that_has_not_written_yet_holds_nobody_up(ctx: Ctx) -> None:
    out = changed(ctx, unit(relation_for_requirer(ENDPOINT, urls=[None, TWO])))

    assert forwarded(out) == {TWO}


def test_a_new_address_is_a_new_target_and_the_old_one_is_off(ctx: Ctx) -> None:
    """Pebble ignores a new location under a name that it knows."""
    before = changed(ctx, unit(relation_for_requirer(ENDPOINT, urls=[ONE])))

    after = changed(ctx, say(before, TWO))

    assert forwarded(after) == {TWO}
    old, new = plan(before).log_targets, plan(after).log_targets
    assert len(new) == 2
    for name, target in old.items():
        assert new[name].location == target.location
        assert (new[name].services, new[name].override, new[name].type) == ([], "replace", "loki")

    again = changed(ctx, say(after, ONE))
    assert forwarded(again) == {ONE}
    assert len(plan(again).log_targets) == 2


def test_a_unit_that_goes_gets_no_more(ctx: Ctx) -> None:
    before = changed(ctx, unit(relation_for_requirer(ENDPOINT, urls=[ONE, TWO])))

    state = say(before, ONE)
    out = ctx.run(ctx.on.relation_departed(only(state), remote_unit=1, departing_unit=1), state)

    assert forwarded(out) == {ONE}


def test_nothing_is_forwarded_after_the_relation_is_gone(ctx: Ctx) -> None:
    before = changed(ctx, unit(relation_for_requirer(ENDPOINT, urls=[ONE, TWO])))

    out = ctx.run(ctx.on.relation_broken(only(before)), before)

    assert forwarded(out) == frozenset()


@pytest.mark.parametrize("event", LIFECYCLE)
def test_a_relation_that_went_unseen_is_caught_up_with(ctx: Ctx, event: str) -> None:
    before = changed(ctx, unit(relation_for_requirer(ENDPOINT)))

    out = ctx.run(getattr(ctx.on, event)(), replace(before, relations=frozenset()))

    assert forwarded(out) == frozenset()


def test_one_of_two_relations_that_goes_takes_its_own_targets_alone(ctx: Ctx) -> None:
    first = relation_for_requirer(ENDPOINT, urls=[ONE])
    second = relation_for_requirer(ENDPOINT, urls=[TWO], remote_app_name="agent")
    before = ctx.run(ctx.on.relation_changed(first, remote_unit=0), unit(first, second))

    out = ctx.run(ctx.on.relation_broken(before.get_relation(first.id)), before)

    assert forwarded(out) == {TWO}


@pytest.mark.parametrize("event", LIFECYCLE)
def test_an_event_that_changes_nothing_writes_nothing(ctx: Ctx, event: str) -> None:
    before = changed(ctx, unit(relation_for_requirer(ENDPOINT, urls=[ONE, None])))

    with counted() as calls:
        ctx.run(getattr(ctx.on, event)(), before)

    assert calls.of("add_layer") == calls.of("relation_set") == calls.of("replan_services") == 0


def test_nothing_is_replanned(ctx: Ctx) -> None:
    with counted() as calls:
        changed(ctx, unit(relation_for_requirer(ENDPOINT)))

    assert (calls.of("add_layer"), calls.of("replan_services")) == (1, 0)


@pytest.mark.parametrize("event", [name for name in ORDINARY_EVENTS if name != "pebble_ready"])
def test_an_ordinary_event_asks_nothing(ctx: Ctx, event: str) -> None:
    idle = Context(ops.CharmBase, meta=META)
    state = unit(relation_for_requirer(ENDPOINT))

    asked = calls_of_an_ordinary_event(ctx, event, state)

    assert asked == calls_of_an_ordinary_event(idle, event, state)


# Pebble


def test_a_restarted_container_forwards_again(ctx: Ctx) -> None:
    state = unit(relation_for_requirer(ENDPOINT))

    out = ctx.run(ctx.on.pebble_ready(state.get_container("server")), state)

    assert forwarded(out) == {DEFAULT_URL}


def test_without_the_service_nothing_is_done(ctx: Ctx) -> None:
    state = unit(relation_for_requirer(ENDPOINT), server=container({}))

    out = ctx.run(ctx.on.pebble_ready(state.get_container("server")), state)

    assert plan(out).to_dict() == {}


def test_the_targets_of_others_are_left_alone(ctx: Ctx) -> None:
    others: dict[str, pebble.LogTargetDict] = {
        name: {"override": "replace", "type": "loki", "location": ONE, "services": ["all"]}
        for name in ("grafana", LAYER, f"{LAYER}-1", f"{LAYER}-0123456789abcdefg", "x" + LAYER)
    }
    state = unit(server=container({"service": PLAN, "rock": {"log-targets": others}}))

    out = ctx.run(ctx.on.config_changed(), state)

    assert plan(out) == plan(state)


def test_a_pebble_that_is_not_up_fails_no_hook(ctx: Ctx) -> None:
    state = unit(relation_for_requirer(ENDPOINT), server=container(can_connect=False))

    out = changed(ctx, state)

    assert only(out) == only(state)


@pytest.mark.parametrize("request_name", ["get_plan", "add_layer"])
@pytest.mark.parametrize(
    "error",
    [
        pebble.APIError({}, 400, "Bad Request", "no such thing"),
        pebble.ConnectionError("gone"),
        pebble.TimeoutError("slow"),
        pebble.ProtocolError("odd"),
        ConnectionResetError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_of_pebble_fails_no_hook_and_is_made_up_for(
    ctx: Ctx, request_name: str, error: Exception
) -> None:
    state = unit(relation_for_requirer(ENDPOINT))
    with patch.object(scenario.mocking._MockPebbleClient, request_name, side_effect=error):
        out = changed(ctx, state)
    assert forwarded(out) == frozenset()

    assert forwarded(ctx.run(ctx.on.config_changed(), out)) == {DEFAULT_URL}


# Labels


@given(st.sampled_from(LIFECYCLE))
def test_no_label_and_no_name_can_expand_a_variable(event: str) -> None:
    ctx, relation = (
        context(),
        relation_for_requirer(ENDPOINT, urls=[ONE, "http://x.test/$PASSWORD"]),
    )

    out = ctx.run(getattr(ctx.on, event)(), unit(relation))

    for target in plan(out).log_targets.values():
        assert "$" not in "".join([target.name, *target.labels, *target.labels.values()])


# The rules


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "errors.rules").write_text(
        "alert: Errors\nexpr: count_over_time({%%juju_topology%%} |= `boom` [5m]) > 0\n"
    )
    return tmp_path


@pytest.mark.parametrize("event", [*LIFECYCLE, "relation_created"])
def test_the_leader_writes_the_rules_bound_to_the_application(rules: Path, event: str) -> None:
    ctx, relation = context(rules), relation_for_requirer(ENDPOINT, urls=[])
    arguments = (relation,) if event == "relation_created" else ()

    out = ctx.run(getattr(ctx.on, event)(*arguments), unit(relation))

    databag: Mapping[str, str] = only(out).local_app_data
    assert databag.keys() == {"alert_rules", "metadata"}
    (group,) = json.loads(databag["alert_rules"])["groups"]
    assert group["name"] == f"{IDENTIFIER}_errors_rules"
    assert group["rules"][0]["expr"] == f"count_over_time({{{MATCHERS}}} |= `boom` [5m]) > 0"
    assert json.loads(databag["metadata"])["charm_name"] == "application"


@pytest.mark.parametrize("event", ["config_changed", "upgrade_charm", "start"])
def test_a_follower_forwards_and_writes_no_rules(rules: Path, event: str) -> None:
    ctx, relation = context(rules), relation_for_requirer(ENDPOINT)

    out = ctx.run(getattr(ctx.on, event)(), unit(relation, leader=False))

    assert only(out).local_app_data == {}
    assert forwarded(out) == {DEFAULT_URL}


def test_without_rules_nothing_is_written(ctx: Ctx) -> None:
    out = changed(ctx, unit(relation_for_requirer(ENDPOINT)))

    assert only(out).local_app_data == {}


def test_no_variable_of_the_service_is_in_what_is_written(rules: Path) -> None:
    out = changed(context(rules), unit(relation_for_requirer(ENDPOINT)))

    layers = out.get_container("server").layers
    written = f"{only(out).local_app_data} {only(out).local_unit_data} {layers[LAYER]}"
    assert "secret-of-the-service" not in written


# What the peer writes


@given(
    text=TEXTS
    | VALUES.map(json.dumps)
    | VALUES.map(lambda value: json.dumps({"url": value}))
    | st.text().map(lambda text: json.dumps({"url": f"http://{text}"}))
)
def test_a_malformed_unit_fails_no_hook_and_holds_nobody_up(text: str) -> None:
    ctx, relation = context(), relation_for_requirer(ENDPOINT, urls=[None, TWO])
    databags = {**relation.remote_units_data, 0: {"endpoint": text}}
    state = unit(replace(relation, remote_units_data=databags))

    out = changed(ctx, state)

    assert TWO in forwarded(out)
    for url in forwarded(out):
        assert url.isascii()
        assert url.isprintable()
        assert "@" not in url.split("/")[2]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "databag holds a value that is not JSON"),
        ("[]", "endpoint is not what was agreed on"),
        ('{"uri": "x"}', "endpoint.url is not what was agreed on"),
        ('{"url": "loki:3100"}', "endpoint.url is not a complete http or https URL"),
        ('{"url": "http://"}', "endpoint.url is not a complete http or https URL"),
        ('{"url": "http://[::1"}', "endpoint.url is not a URL"),
        ('{"url": "http://host:99999/"}', "endpoint.url is not a URL"),
        ('{"url": "http://a b/"}', "endpoint.url is not the text of a URL"),
        (
            '{"url": "http://user:hunter2@host/"}',
            "endpoint.url holds credentials, which Pebble would show in its plan",
        ),
    ],
)
def test_a_malformed_endpoint_is_logged_once_without_its_value(
    ctx: Ctx, text: str, reason: str
) -> None:
    relation = relation_for_requirer(ENDPOINT)
    state = unit(replace(relation, remote_units_data={0: {"endpoint": text}}))

    out = changed(ctx, state)

    assert forwarded(out) == frozenset()
    warnings = [line.message for line in ctx.juju_log if line.level == "WARNING"]
    assert warnings == [f"ignoring what loki-k8s/0 wrote: its {reason}"]
    assert not any("hunter2" in line.message for line in ctx.juju_log)


def test_what_the_peer_says_is_wrong_is_told(ctx: Ctx) -> None:
    relation = relation_for_requirer(ENDPOINT, errors="bad\nrule")

    with ctx(ctx.on.update_status(), unit(relation)) as manager:
        assert manager.charm.logs.objections == (Objection("loki-k8s", "bad rule"),)


@pytest.mark.parametrize("text", ["{", '{"errors": 5}', '"x"', '{"errors": null}'])
def test_a_malformed_event_is_logged_once_and_not_shown(ctx: Ctx, text: str) -> None:
    relation = replace(relation_for_requirer(ENDPOINT), remote_app_data={"event": text})

    with ctx(ctx.on.relation_changed(relation), unit(relation)) as manager:
        manager.run()
        assert manager.charm.logs.objections == ()

    warnings = [line.message for line in ctx.juju_log if line.level == "WARNING"]
    assert len(warnings) == 1
    assert warnings[0].startswith("ignoring what loki-k8s wrote: its ")


@given(text=TEXTS | VALUES.map(json.dumps) | VALUES.map(lambda v: json.dumps({"errors": v})))
def test_a_malformed_event_fails_no_hook(text: str) -> None:
    ctx = context()
    relation = replace(relation_for_requirer(ENDPOINT), remote_app_data={"event": text})

    with ctx(ctx.on.relation_changed(relation), unit(relation)) as manager:
        out = manager.run()
        for objection in manager.charm.logs.objections:
            assert objection.reason.isprintable()

    assert forwarded(out) == {DEFAULT_URL}


@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["changed", "departed", *LIFECYCLE]),
            st.lists(st.sampled_from([ONE, TWO, None]), max_size=3),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_whatever_came_before_the_targets_are_those_of_now(
    steps: list[tuple[str, list[str | None]]],
) -> None:
    ctx, state = context(), unit(relation_for_requirer(ENDPOINT))
    for event, urls in steps:
        state = say(state, *urls, None)
        match event:
            case "changed":
                state = changed(ctx, state)
            case "departed":
                relation = only(state)
                state = ctx.run(ctx.on.relation_departed(relation, remote_unit=9), state)
            case _:
                state = ctx.run(getattr(ctx.on, event)(), state)
        assert forwarded(state) == {url for url in urls if url}
