"""Prometheus, Loki and Grafana: what they get from the charm, and what they report to it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from ops.testing import Container, Relation, State
from pydantic import TypeAdapter

from cos import ScrapeJob
from cos.testing import (
    DEFAULT_PUSH_URL,
    dashboards_in,
    forwarding_in,
    relation_with_grafana,
    relation_with_loki,
    relation_with_prometheus,
    scraping_in,
)
from postgresql_client.testing import Response, relation_for_requirer
from unit.charm_unit import (
    CONTAINER,
    SERVICE,
    Ctx,
    at,
    changed,
    configured,
    created,
    details,
    environment,
    new_lines,
    new_unit,
    plan,
    removed,
    starts_fail,
    status,
    with_container,
    with_relations,
)

METRICS, DASHBOARD, LOGGING = "metrics-endpoint", "grafana-dashboard", "logging"
OBSERVERS = [METRICS, DASHBOARD, LOGGING]
SRC = Path(__file__).parents[2] / "src"
EMPTY = Container(CONTAINER, can_connect=True)


def serving(ctx: Ctx, *relations: Relation, leader: bool = True) -> State:
    """Return a unit that serves with a database, and sees other relations for the first time."""
    state = changed(ctx, new_unit(relation_for_requirer("database"), leader=leader))
    state = with_relations(state, *relations)
    for relation in relations:
        state = created(ctx, state, relation.endpoint)
    return state


def observed(ctx: Ctx, state: State) -> State:
    """Integrate the unit with all three; each reports an error."""
    state = with_relations(
        state,
        relation_with_prometheus(METRICS, errors="a rule is bad"),
        relation_with_grafana(DASHBOARD, errors={"file:x": "no title"}),
        relation_with_loki(LOGGING, errors="bad"),
    )
    for endpoint in OBSERVERS:
        state = changed(ctx, created(ctx, state, endpoint), endpoint)
    return state


def forwarded(state: State) -> frozenset[str]:
    """Return where the server's log goes."""
    return forwarding_in(plan(state), SERVICE)


def rule_groups(relation: Relation) -> int:
    """Return how many groups of alert rules were sent."""
    bag: Mapping[str, str] = relation.local_app_data
    rules = TypeAdapter(dict[str, list[dict[str, object]]]).validate_json(bag["alert_rules"])
    return len(rules["groups"])


def test_prometheus_scrapes_the_port_that_the_server_listens_on(ctx: Ctx) -> None:
    state = serving(ctx, relation_with_prometheus(METRICS))

    of_unit: Mapping[str, str] = at(state, METRICS).local_unit_data
    assert of_unit["prometheus_scrape_unit_address"] == "fastapi-demo-0.test"
    assert rule_groups(at(state, METRICS)) == len([*(SRC / "prometheus_alert_rules").iterdir()])
    for port, served in ((8000, 8000), (9090, 9090), (22, 9090)):
        state = configured(ctx, state, {"server-port": port})
        new = created(ctx, with_container(state, EMPTY), METRICS)
        for each in (state, new):
            assert scraping_in(at(each, METRICS)).scrape_jobs == (ScrapeJob.of_units(served),)


def test_grafana_gets_the_dashboard(ctx: Ctx) -> None:
    state = serving(ctx, relation_with_grafana(DASHBOARD))

    written = dashboards_in(at(state, DASHBOARD))
    assert written.keys() == {"file:fastapi-demo"}
    assert json.loads(written["file:fastapi-demo"])["title"]


def test_loki_gets_the_log_and_rules_as_long_as_it_is_related(ctx: Ctx) -> None:
    loki = relation_with_loki(LOGGING)
    state = created(ctx, with_relations(new_unit(), loki), LOGGING)
    assert rule_groups(at(state, LOGGING)) == len([*(SRC / "loki_alert_rules").iterdir()])
    assert forwarded(state) == frozenset(), "the service is not in the plan yet"

    state = ctx.run(ctx.on.pebble_ready(state.get_container(CONTAINER)), state)
    assert forwarded(state) == {DEFAULT_PUSH_URL}

    state = ctx.run(ctx.on.update_status(), with_container(state, EMPTY))
    assert forwarded(state) == {DEFAULT_PUSH_URL}, "the container restarted unseen"

    with starts_fail("exited quickly"):
        state = ctx.run(ctx.on.update_status(), with_container(state, EMPTY))
    assert forwarded(state) == {DEFAULT_PUSH_URL}, "the log says why the server exits"

    state = configured(ctx, state, {"server-port": 8080})
    assert forwarded(state) == {DEFAULT_PUSH_URL}

    new_lines(ctx)
    state = removed(ctx, state, LOGGING)
    assert forwarded(state) == frozenset()
    assert not any(line.startswith(SERVICE) for line in new_lines(ctx)), "nothing restarts"


def test_observers_are_not_affected_when_the_database_comes_and_goes(ctx: Ctx) -> None:
    state = observed(ctx, new_unit())
    state = ctx.run(ctx.on.pebble_ready(state.get_container(CONTAINER)), state)
    before = {endpoint: at(state, endpoint).local_app_data for endpoint in OBSERVERS}

    database = relation_for_requirer("database")
    state = replace(with_relations(state, database.relation), secrets=database.secrets)
    state = changed(ctx, state)
    assert status(state) == "active"
    assert forwarded(state) == {DEFAULT_PUSH_URL}

    state = removed(ctx, state, "database")
    assert environment(state) == {}
    assert forwarded(state) == {DEFAULT_PUSH_URL}
    assert before == {endpoint: at(state, endpoint).local_app_data for endpoint in OBSERVERS}


def test_a_new_leader_writes_what_the_old_one_had_not_written(ctx: Ctx) -> None:
    state = observed(ctx, serving(ctx, leader=False))
    assert not any(at(state, endpoint).local_app_data for endpoint in OBSERVERS)

    state = ctx.run(ctx.on.leader_elected(), replace(state, leader=True))

    assert {endpoint: set(at(state, endpoint).local_app_data) for endpoint in OBSERVERS} == {
        METRICS: {"scrape_jobs", "scrape_metadata", "alert_rules"},
        DASHBOARD: {"dashboards"},
        LOGGING: {"alert_rules", "metadata"},
    }


@pytest.mark.parametrize("use_secrets", [True, False])
def test_the_password_is_not_in_anything_that_the_charm_writes(
    ctx: Ctx, *, use_secrets: bool
) -> None:
    answer = Response(password="pass-of-the-database", use_secrets=use_secrets)
    state = changed(ctx, new_unit(relation_for_requirer("database", response=answer)))
    state = observed(ctx, state)
    assert answer.password in environment(state).values()

    relations = [at(state, endpoint) for endpoint in OBSERVERS]
    written = [
        *(str(relation.local_app_data) for relation in relations),
        *(str(relation.local_unit_data) for relation in relations),
        *dashboards_in(at(state, DASHBOARD)).values(),
        *(str(target.to_dict()) for target in plan(state).log_targets.values()),
        *(str(row) for row in details(ctx, state, "app")),
        *(line.message for line in ctx.juju_log),
    ]
    assert [text for text in written if answer.password in text] == []


@pytest.mark.parametrize("leader", [True, False])
def test_only_the_details_name_what_related_applications_object_to(
    ctx: Ctx, *, leader: bool
) -> None:
    state = serving(
        ctx,
        relation_with_prometheus(METRICS, errors="a group is bad", scrape_job_errors="a job is"),
        relation_with_grafana(DASHBOARD, errors={"file:fastapi-demo": "no title"}),
        relation_with_loki(LOGGING, errors=f"[/a] rule is bad{'x' * 1000}"),
        leader=leader,
    )

    found = [row for row in details(ctx, state, "app") if row["Status"] != "Active"]

    assert {row["Status"] for row in found} == {"Waiting"}
    assert {(row["Component Name"], row["Message"]) for row in found} == {
        (METRICS, "prometheus-k8s: a group is bad"),
        (METRICS, "prometheus-k8s: a job is"),
        (DASHBOARD, "grafana-k8s: file:fastapi-demo: no title"),
        (LOGGING, f"loki-k8s: [/a] rule is bad{'x' * 90}..."),
    }
    assert "[/a] rule" in ctx.action_logs[0]
    assert all("juju show-unit" in row["Action"] for row in found)
    assert all(row["Status"] == "Active" for row in details(ctx, state, "unit"))
    assert status(ctx.run(ctx.on.update_status(), state)) == "active"
